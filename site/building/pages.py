"""What every page says about itself, and what is changed in the pages that Sphinx has written."""

import base64
import hashlib
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bs4 import BeautifulSoup, Tag
from docutils import nodes
from sphinx.application import Sphinx

from . import companions, icons, launch, offline, slides
from .address import published

LONGEST = 160  # characters of a description
OF_THE_SEARCH = re.compile(r"(searchtools|language_data|searchindex|stemmer)\.js")
DOTTED = re.compile(r"^(\w+\.){2,}\w*$")
SEARCH = "_static/searchtools.js"
MAIN, ARTICLE = '[role="main"]', ".bd-article"  # what the search quotes from: the theme's buttons are no text of a page
WASM = "wasm"  # the name in a page's front matter that lets it run WebAssembly
# Nothing from another host, and of inline scripts only the page's own, by their hashes. Styles in elements are those of
# the theme, of highlighted code and of what the companion pages draw; `data:` pictures are inside the theme's styles.
POLICY = (
    "default-src 'self'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'"
)


def describe_page(
    app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give the template what a search engine or a link elsewhere shows of a page: title, description, addresses."""
    paragraphs = doctree.findall(nodes.paragraph) if doctree else ()
    text = next(
        (words for node in paragraphs if len(words := " ".join(node.astext().split())) > 40), app.config.project
    )
    context["description"] = text if len(text) <= LONGEST else text[: LONGEST - 1].rsplit(" ", 1)[0] + "…"
    context["plain_title"] = unescape(re.sub(r"<[^>]*>", "", context.get("title") or app.config.project))
    context["published"] = published()
    if WASM in (context.get("meta") or {}):
        context["metatags"] = context.get("metatags", "") + f'<meta name="{WASM}" content="yes"/>'


def finish(book: Path) -> None:
    """Add the slides, change all pages as `finished` does, and write what the book as a whole needs.

    That is the worker that keeps it for readers without a network and, if its address is known, a sitemap.
    """
    slides.write_slides(book)
    pages = sorted(book.rglob("*.html"))
    for path in pages:
        path.write_text(finished(path.read_text(encoding="utf-8")), encoding="utf-8")
    icons.remove(book)
    tools = book / SEARCH
    tools.write_text(tools.read_text(encoding="utf-8").replace(MAIN, ARTICLE), encoding="utf-8")
    if address := published():
        urls = (f"<url><loc>{address}{quote(path.relative_to(book).as_posix())}</loc></url>\n" for path in pages)
        head = '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        (book / "sitemap.xml").write_text(head + "".join(urls) + "</urlset>\n", encoding="utf-8")
    offline.write_worker(book)


def finished(html: str) -> str:
    """A page that can be read with a keyboard and a screen reader, and with a policy on what it may load."""
    page = BeautifulSoup(html, "html.parser")
    for container in page.select(".pst-scrollable-table-container"):
        container.unwrap()
    for table in page.select("main table"):
        table.wrap(_scrolling(page, table))
        for header in table.find_all("th"):
            if not header.get_text(strip=True):
                header.name = "td"  # a header that says nothing is none
    for sidebar in page.select("#pst-primary-sidebar"):
        sidebar["role"], sidebar["aria-label"] = "navigation", "Book"
    for summary in page.select(".toctree-l1 > details > summary"):
        link = summary.find_previous("a")
        summary["aria-label"] = f"Pages under {link.get_text(strip=True)}" if link else "Pages"
    if not page.select_one("#search-results"):  # the theme gives every page what only the search needs
        for script in page.find_all("script", src=OF_THE_SEARCH):
            script.decompose()
    for name in page.select(".sig-prename .pre, h2, h3"):
        _break_at_dots(page, name)
    companions.say_what_to_do(page)
    launch.add_buttons(page)
    icons.draw(page)
    _set_policy(page)
    return str(page)


def _break_at_dots(page: BeautifulSoup, element: Tag) -> None:
    """Let a long name, such as trm_nav.learning.checkpoint, break after its dots."""
    name = element.find(string=DOTTED, recursive=False)
    if name is None:
        return
    parts = re.split(r"(?<=\.)", str(name))
    for part in parts[:-1]:
        name.insert_before(part, page.new_tag("wbr"))
    name.replace_with(parts[-1])


def _set_policy(page: BeautifulSoup) -> None:
    """Say in the page what it may load; its inline scripts are known by their hashes."""
    scripts = [script.string or "" for script in page.find_all("script") if not script.get("src")]
    allowed = "".join(f" 'sha256-{digest}'" for digest in dict.fromkeys(map(_digest, scripts)))
    wasm = " 'wasm-unsafe-eval'" if page.find("meta", attrs={"name": WASM}) else ""
    policy = {"http-equiv": "Content-Security-Policy", "content": POLICY.format(scripts=allowed + wasm)}
    charset = page.find("meta", charset=True)
    assert isinstance(charset, Tag)
    charset.insert_after(page.new_tag("meta", attrs=policy))


def _scrolling(page: BeautifulSoup, table: Tag) -> Tag:
    """What a table that is wider than the page scrolls in, named after the heading above it."""
    heading = table.find_previous(["h1", "h2", "h3", "h4"])
    title = heading.get_text(" ", strip=True).removesuffix("#").strip() if heading else "this page"
    number = len(page.select(".scrolls")) + 1
    name = f"Table {number}, under “{title}”"  # the number, because two regions must not have one name
    return page.new_tag("div", attrs={"class": "scrolls", "role": "region", "tabindex": "0", "aria-label": name})


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
