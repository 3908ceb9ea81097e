"""The files of the built book: its links, pictures and size, and what it shows of the lessons."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from book import BOOK, ROOT, pages

LARGEST = 25_000_000  # bytes


class Elements(HTMLParser):
    """All elements of a page, as names and attributes."""

    def __init__(self, path: Path):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def book() -> dict[str, Elements]:
    return {path.relative_to(BOOK).as_posix(): Elements(path) for path in pages()}


def targets(name: str, page: Elements) -> set[str]:
    """The pages that a page links to, by their names."""
    links = (urlsplit(link["href"] or "") for link in page.all("a") if "href" in link)
    paths = ((BOOK / name).parent / unquote(link.path) for link in links if link.path and not link.scheme)
    return {path.resolve().relative_to(BOOK).as_posix() for path in paths}


def test_every_page_can_be_reached_from_the_front_page(book):
    reached, queue = {"search.html"}, ["index.html"]
    while queue:
        name = queue.pop()
        if name not in reached and name in book:
            reached.add(name)
            queue += targets(name, book[name])
    assert reached == set(book)


def test_the_book_has_every_lesson_and_document_and_every_companion_page(book):
    lessons = {f"notebooks/{path.stem}.html" for path in (ROOT / "notebooks").glob("*.ipynb")}
    companions = {f"{path.parent.name}/index.html" for path in (ROOT / "site").glob("*/index.md")}
    documents = {f"docs/{path.stem}.html" for path in (ROOT / "docs").glob("*.md")}
    others = {"INSTRUCTORS.html", "CONTRIBUTING.html", "CHANGELOG.html", "benchmarks/RESULTS.html"}
    assert lessons | companions | documents | others | {"docs/reference/index.html"} <= set(book)
    assert "playground/index.html" in companions


def test_every_picture_has_a_text_alternative(book):
    for name, page in book.items():
        without = [image["src"] for image in page.all("img") if not (image.get("alt") or "").strip()]
        assert not without, f"{name} has pictures without one"


def test_a_lesson_shows_every_picture_that_the_notebook_has(book):
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
        pictures = sum("image/png" in output.get("data", {}) for cell in cells for output in cell["outputs"])
        shown = [image for image in book[f"notebooks/{path.stem}.html"].all("img") if "_images" in image["src"]]
        assert len(shown) == pictures > 0, path.name


def test_no_page_names_a_script_style_or_picture_of_another_host(book):
    for name, page in book.items():
        for tag, key in (("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src")):
            loaded = [one[key] for one in page.all(tag) if key in one and one.get("rel") != "canonical"]
            assert not [source for source in loaded if urlsplit(source).netloc], name


def test_every_page_says_what_it_may_load_and_runs_no_script_from_an_attribute(book):
    for name, page in book.items():
        policies = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
        assert len(policies) == 1 and policies[0].startswith("default-src 'self'; "), name
        scripts = re.search(r"script-src ([^;]*);", policies[0])[1]
        assert "unsafe-inline" not in scripts and "'unsafe-eval'" not in scripts, name
        assert not [tag for tag, attributes in page.found if any(key.startswith("on") for key in attributes)], name


def test_where_a_panel_was_a_sentence_says_where_it_runs(book):
    for lesson in ("01_astar", "05_diagnostics", "07_wave"):
        page = book[f"notebooks/{lesson}.html"]
        assert [one for one in page.all("p") if one.get("class") == "panel"], lesson
        assert [one for one in page.all("details") if one.get("id") == "run"], lesson


def test_a_lesson_is_downloaded_as_it_is_in_the_repository(book):
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert (BOOK / "notebooks" / path.name).read_bytes() == path.read_bytes(), "the lesson is newer: make site"


def test_the_book_is_small_enough_for_a_phone():
    pages()
    assert sum(path.stat().st_size for path in BOOK.rglob("*") if path.is_file()) < LARGEST
