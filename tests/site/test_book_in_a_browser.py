"""Every page of the built book in a reader's browser: by itself, on a phone, in the dark, for a screen reader."""

from collections.abc import Iterator

import pytest
from book import BOOK, Visit, look, pages, served_book
from installed import missing
from jupyterlab_page import chromium, find_chromium
from playwright.sync_api import BrowserContext

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    path = find_chromium()
    if path is None:
        missing("no Chromium is installed to open the book in; on Debian and Ubuntu, run: apt install chromium")
    with chromium(path) as context:
        yield context


@pytest.fixture(scope="module")
def book() -> Iterator[str]:
    with served_book() as address:
        yield address


@pytest.fixture(scope="module")
def visits(book: str, browser: BrowserContext) -> dict[str, Visit]:
    return {path.relative_to(BOOK).as_posix(): look(browser, book, path) for path in pages()}


FAULTS = {
    "remote": "asks another host for something",
    "missing": "asks for a file that is not there",
    "errors": "has errors or warnings in its console",
    "light": "has obstacles for some readers",
    "dark": "has obstacles for some readers of the dark theme",
    "wide": "is wider than a phone",
}


@pytest.mark.parametrize("what", FAULTS, ids=lambda what: FAULTS[what].replace(" ", "-"))
def test_no_page(visits: dict[str, Visit], what: str):
    faults = [f"{name}: {fault}" for name, visit in visits.items() for fault in getattr(visit, what)]
    assert not faults, f"a page {FAULTS[what]}"
