"""Whether every link of the built book leads somewhere: to a page or file of it and, there, to an anchor."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

ATTRIBUTES = {"a": "href", "link": "href", "img": "src", "script": "src", "source": "src", "iframe": "src"}


class Read(NamedTuple):
    """What a page links to or loads, and the anchors that it has."""

    links: set[str]
    anchors: set[str]


def broken(book: Path) -> list[str]:
    """A sentence for each link inside the book that leads nowhere."""
    book = book.resolve()
    pages = {path: read(path.read_text(encoding="utf-8")) for path in sorted(book.rglob("*.html"))}
    faults = ((path, link, _fault(path, link, book, pages)) for path, page in pages.items() for link in page.links)
    return sorted(f"{path.relative_to(book)} links to {link}, {fault}" for path, link, fault in faults if fault)


def read(html: str) -> Read:
    """The links and anchors of a page."""
    soup = BeautifulSoup(html, "html.parser")
    links = {element.get(ATTRIBUTES[element.name]) for element in soup.find_all(list(ATTRIBUTES))}
    anchors = {str(element[key]) for key in ("id", "name") for element in soup.find_all(attrs={key: True})}
    return Read({str(link) for link in links if link and link != "#"}, anchors)


def _fault(page: Path, link: str, book: Path, pages: dict[Path, Read]) -> str:
    """What is wrong with a link, or "" for a good one and for one to another site."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return ""
    target = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
    target = target / "index.html" if target.is_dir() else target
    if not target.is_relative_to(book):
        return "which is outside the book"
    if not target.is_file():
        return "which does not exist"
    settings = "=" in parts.fragment  # what a page that computes reads in its address; no anchor has this sign
    if parts.fragment and not settings and target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return "but the page has no such anchor"
    return ""
