"""The book without a network, after one visit, and as files on a disk, without a server."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from book import BOOK, ROOT, opened, pages, served_book
from building.offline import FIRST, LIST, hash_of, write_worker
from playwright.sync_api import BrowserContext, Page

from benchmarks.serving import served

KEPT = "html[data-kept]"  # on a page once the whole book is in the browser
SENTENCE = "#not-started"
HANG = 600  # looks, a tenth of a second apart, after which nothing more is expected


@pytest.fixture
def small_book(tmp_path: Path) -> Path:
    """A page, a script and a picture, finished by the build."""
    book = tmp_path / "book"
    (book / "_static").mkdir(parents=True)
    shutil.copy(ROOT / "site" / "static" / "site.js", book / "_static")
    (book / "_static" / "picture.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (book / "index.html").write_text(
        '<html data-content_root="./"><body><p id="said">first</p><img src="_static/picture.svg" alt="none"/>'
        '<script src="_static/site.js" defer></script></body></html>'
    )
    write_worker(book)
    return book


def test_the_list_has_every_file_of_the_book_but_itself_and_the_worker_and_pages_and_scripts_come_first():
    pages()
    listed = json.loads((BOOK / LIST).read_text())
    there = {path.relative_to(BOOK).as_posix() for path in BOOK.rglob("*") if path.is_file()}
    assert set(listed) == there - {LIST, "offline.js"}
    assert all(hash_of(BOOK / name) == digest for name, digest in listed.items()), "the book has changed: make site"
    first = [name.endswith(FIRST) for name in listed]
    assert first == sorted(first, reverse=True) and True in first and False in first


def test_a_change_of_one_file_makes_another_version_and_no_change_makes_none(small_book):
    versions = []
    for said in ("<p>first</p>", "<p>first</p>", "<p>second</p>"):
        (small_book / "index.html").write_text(said)
        write_worker(small_book)
        versions.append((small_book / "offline.js").read_text())
    assert versions[0] == versions[1] != versions[2]
    assert "@" not in versions[0].partition("const VERSION")[2].splitlines()[0]


@pytest.fixture
def network(browser: BrowserContext) -> Iterator[BrowserContext]:
    """The browser; with its network again at the end."""
    yield browser
    browser.set_offline(False)


def visit(page: Page, address: str) -> None:
    """Open a page, and wait until the book is kept."""
    page.goto(address)
    page.locator(KEPT).wait_for()


@pytest.mark.browser
@pytest.mark.slow
def test_a_new_book_takes_the_place_of_the_old_one_and_keeps_what_has_not_changed(small_book, network):
    with served(small_book.parent) as address:
        page = network.new_page()
        visit(page, f"{address}/book/index.html")
        before = kept_names(page)
        html = small_book / "index.html"
        html.write_text(html.read_text().replace("first", "second"))
        write_worker(small_book)
        for path in small_book.iterdir():
            os.utime(path, (time.time() + 10,) * 2)  # the server tells times apart by seconds only
        page.reload()
        assert page.locator("#said").inner_text() == "second"  # with a network, the newest at once
        after = wait_for_change(page, before)
        network.set_offline(True)
        page.reload()
        assert page.locator("#said").inner_text() == "second"
        page.close()
    changed = {name.split("?")[0].rpartition("/")[2] for name in set(after) - set(before)}
    assert changed == {"index.html", "offline.json"}


NAMES = """const names = [];
    for (const name of await caches.keys()) {
        for (const { url } of await (await caches.open(name)).keys()) names.push(url);
    }"""


def wait_for_change(page: Page, before: list[str]) -> list[str]:
    """The names that are kept once a new book has taken the place of one with as many files."""
    for _ in range(HANG):
        after = kept_names(page)
        if len(after) == len(before) and set(after) != set(before):
            return after
        page.wait_for_timeout(100)
    raise AssertionError("the new book was not kept")


def kept_names(page: Page) -> list[str]:
    return page.evaluate(f"async () => {{ {NAMES} return names }}")


@pytest.mark.browser
@pytest.mark.slow
def test_after_one_visit_every_page_opens_without_a_network_and_the_laboratory_trains(network):
    with served_book() as book:
        with opened(network, f"{book}index.html") as (page, _):
            page.locator(KEPT).wait_for()
            kept = kept_names(page)
            assert all(name.startswith(book) for name in kept)
        network.set_offline(True)
        for name in ("notebooks/05_diagnostics.html", "docs/guide.html", "playground/", "slides.html"):
            with opened(network, book + name) as (page, visit):
                assert page.get_by_role("heading", level=1).is_visible(), name
                assert page.evaluate("[...document.images].every((one) => one.loading === 'lazy' || one.naturalWidth)")
            assert not (visit.errors or visit.remote), name
        with opened(network, f"{book}laboratory/index.html#preset=Overfitting&epochs=2&train") as (page, visit):
            page.get_by_text("Run 1 has ended.").first.wait_for(state="attached")
            assert page.locator(SENTENCE).count() == 0
        assert not (visit.errors or visit.remote)


@pytest.mark.browser
@pytest.mark.slow
def test_from_a_disk_lessons_read_well_and_pages_that_compute_say_what_to_do(browser):
    pages()
    for name in ("index.html", "notebooks/05_diagnostics.html", "slides.html"):
        page, errors = browser.new_page(), []
        page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
        page.on("console", lambda said, errors=errors: errors.append(said.text) if said.type == "error" else None)
        page.goto((BOOK / name).as_uri())
        assert page.get_by_role("heading", level=1).is_visible() and not errors, name
        assert page.evaluate("[...document.images].every((one) => one.loading === 'lazy' || one.naturalWidth)"), name
        page.close()
    computing = [path for path in pages() if 'id="not-started"' in path.read_text(encoding="utf-8")]
    assert {"laboratory", "clinic", "playground"} <= {path.parent.name for path in computing}
    for path in computing:
        page = browser.new_page()
        page.goto(path.as_uri())
        page.locator(SENTENCE).wait_for(state="visible")
        assert "python3 -m http.server" in page.locator(SENTENCE).inner_text()
        page.close()
