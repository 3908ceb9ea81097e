"""Every page of the built book in a reader's browser: by itself, on a phone, in the dark, for a screen reader."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from book import SCREENS, WIDE, faint, opened, pages, served_book, tour, visited
from playwright.sync_api import BrowserContext

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def book() -> Iterator[str]:
    with served_book() as address:
        yield address


FAULTS = {
    "remote": "asks another host for something",
    "missing": "asks for a file that is not there",
    "errors": "has errors or warnings in its console",
    "light": "has obstacles for some readers",
    "dark": "has obstacles for some readers of the dark theme",
    "wide": "is wider than a phone",
}


# One test for all that can be wrong with a page: whichever process gets it, each page is opened only once.
def test_no_page_has_a_fault(book: str, browser: BrowserContext):
    faults = [
        f"{name} {words}: {fault}"
        for name, visit in tour(browser, book, pages()).items()
        for what, words in FAULTS.items()
        for fault in getattr(visit, what)
    ]
    assert not faults, "\n".join(faults)


def test_colours_are_examined_once_and_each_pale_one_is_found(browser: BrowserContext):
    page, known = browser.new_page(), set()
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    for style, faults in (("color: #bbb", 1), ("color: #bbb", 0), ("color: black", 0), ("opacity: 0.3", 1)):
        page.locator("body").evaluate("(body, style) => body.innerHTML = `<p style='${style}'>words</p>`", style)
        assert len(faint(page, known)) == faults, style
    page.locator("body").evaluate(
        "body => body.innerHTML = `<div style='background: #ccc'><b>one</b> <i>two</i></div>`"
    )
    page.locator("body").evaluate("body => body.querySelector('i').style.color = '#eee'")
    [fault] = faint(page, known)
    assert fault.startswith("color-contrast") and fault.endswith(": i")
    page.close()


def test_the_playground_answers_a_click(book: str, browser: BrowserContext):
    with opened(browser, f"{book}playground/index.html") as (page, visit):
        canvas, verdict = page.locator("#maze-to-draw canvas"), page.locator(".trm-verdict")
        page.get_by_role("button", name="Clear").click()
        assert "Right on all cells, as breadth-first search confirms." in verdict.inner_text()
        before = verdict.inner_text()
        canvas.click(position={"x": 8, "y": 8})
        canvas.click(position={"x": 100, "y": 100})
        assert verdict.inner_text() != before  # a wall is a cell less to decide; the ends of the walk stay free
        assert "Right on all cells" in verdict.inner_text()
    assert not (visit.remote or visit.missing or visit.errors)


def test_the_laboratory_trains_in_the_book(book: str, browser: BrowserContext):
    small = "num_train=60&num_test=40&epochs=3&dim=8&depth=1&train"
    with opened(browser, f"{book}laboratory/index.html#{small}") as (page, visit):
        page.get_by_role("button", name="Run 1 ·").wait_for()
        assert page.locator(".lab-words strong").first.is_visible()
    assert not (visit.remote or visit.missing or visit.errors)


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: str(screen["width"]))
def test_the_front_page_and_the_playground_fit_on_the_screen(
    book: str, browser: BrowserContext, screen: dict[str, int]
):
    for name in ("index.html", "playground/index.html"):
        with opened(browser, book + name, screen) as (page, _):
            assert not page.evaluate(WIDE), name


STRANGE = [
    "#%",
    "#%zz",
    "#'\"><img src=x>",
    "#:~:text=",
    "?highlight=%E0%A4%A",
    '?q="><script>1</script>',
    "#a b[c]=(d",
]


# All pages have the same theme, which reads the address; the first opens fastest.
OPENED_WITH = {
    "index.html": STRANGE,
    "search.html": STRANGE[:1] + STRANGE[-3:],
    "playground/index.html": STRANGE[:1] + STRANGE[-3:],
    "notebooks/05_diagnostics.html": STRANGE[-3:],
}


@pytest.mark.parametrize("name", OPENED_WITH)
def test_a_page_opened_with_a_strange_address_is_not_broken(book: str, browser: BrowserContext, name: str):
    page = browser.new_page()
    for strange in OPENED_WITH[name]:
        with visited(page, book + name + strange) as visit:
            assert page.get_by_role("heading", level=1).is_visible()
        assert not (visit.remote or visit.errors), f"{name}{strange}"
        page.goto("about:blank")  # else another fragment of the same page would not load it again
    page.close()


def test_a_link_from_a_panel_opens_the_way_to_run_the_lesson(book: str, browser: BrowserContext):
    with opened(browser, f"{book}notebooks/05_diagnostics.html") as (page, _):
        page.locator("p.panel a", has_text="How to run").first.click()
        page.locator("#run[open]").wait_for()
        assert page.get_by_role("link", name="Download the notebook").is_visible()
