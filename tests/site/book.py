"""The built book, and a reader who opens each of its pages in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.base import AXE_FILE_PATH
from installed import missing
from playwright.sync_api import BrowserContext, Page, Request

from benchmarks.serving import served

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "build" / "site"
LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
SCREENS = [LAPTOP, {"width": 1024, "height": 768}, PHONE]
# axe's findings, best practices included, in the elements that a context names.
AXE = """async ([context, options]) => {
    const { violations } = await axe.run(context, { resultTypes: ["violations"], preload: false, ...options });
    const where = ({ nodes }) => nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ");
    return violations.map((one) => `${one.id}: ${one.help}: ${where(one)}`);
}"""
# Highlighted code has thousands of elements of one structure: one page will do.
CODE, WITH_CODE = [".highlight pre"], "docs/search.html"
COLOURS = ["color-contrast", "link-in-text-block"]  # all that a theme can break
STRUCTURE = {"rules": {rule: {"enabled": False} for rule in COLOURS}}
NEW_COLOURS = Path(__file__).with_name("new_colours.js").read_text(encoding="utf-8")
DARK = "document.documentElement.dataset.theme = document.documentElement.dataset.mode = 'dark'"
# What is wider than the page, apart from what scrolls or is cut off inside an element of its own.
WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("main *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scrolls, pre, .formula"))
    .slice(0, 5).map((element) => element.outerHTML.slice(0, 120)).concat("the page scrolls sideways")"""


@dataclass
class Visit:
    """What a reader's browser has met on a page; each a list of sentences."""

    remote: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    light: list[str] = field(default_factory=list)
    dark: list[str] = field(default_factory=list)
    wide: list[str] = field(default_factory=list)


def pages() -> list[Path]:
    """The pages of the book. Where it is not built, the test is skipped; in continuous integration, it fails."""
    if not (BOOK / "index.html").exists():
        missing("the book is not built; run: make site")
    return sorted(BOOK.rglob("*.html"))


@contextmanager
def served_book() -> Iterator[str]:
    """The address of the book on a server of our own; in a folder of it, as GitHub Pages has it."""
    pages()
    with served(BOOK.parent) as address:
        yield f"{address}/{BOOK.name}/"


@contextmanager
def opened(context: BrowserContext, address: str, screen: dict[str, int] = LAPTOP) -> Iterator[tuple[Page, Visit]]:
    """A new page, open in a browser that notes what the page says and asks for."""
    page = context.new_page()
    try:
        with visited(page, address, screen) as visit:
            yield page, visit
    finally:
        page.close()


@contextmanager
def visited(page: Page, address: str, screen: dict[str, int] = LAPTOP) -> Iterator[Visit]:
    """Go to an address and note, until the end of the block, what the page says and asks for."""
    visit = Visit()
    listeners = {
        "pageerror": lambda error: visit.errors.append(str(error)),
        "console": lambda said: visit.errors.append(said.text) if said.type in ("error", "warning") else None,
        "request": lambda request: visit.remote.append(request.url) if is_remote(request) else None,
        "response": lambda answer: visit.missing.append(answer.url) if answer.status >= 400 else None,
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    try:
        page.set_viewport_size(screen)
        page.goto(address, wait_until="load")
        yield visit
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)


def is_remote(request: Request) -> bool:
    return not request.url.startswith(("http://127.0.0.1:", "data:", "blob:"))


def tour(context: BrowserContext, book: str, paths: list[Path]) -> dict[str, Visit]:
    """Open one page after the other, examine it in the light and in the dark theme, and then on a phone.

    Colours are examined at the first element of the book that has them: most pages share most of theirs.
    """
    page, colours, visits = context.new_page(), set(), {}
    page.emulate_media(reduced_motion="reduce")  # a colour that is still changing is none of the theme's
    for path in paths:
        name = path.relative_to(BOOK).as_posix()
        with visited(page, book + name) as visit:
            page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
            there = {"include": [["html"]], **({} if name == WITH_CODE else {"exclude": [CODE]})}
            visit.light += page.evaluate(AXE, [there, STRUCTURE]) + faint(page, colours)
            page.evaluate(DARK)
            visit.dark += faint(page, colours)
            page.set_viewport_size(PHONE)
            visit.wide += page.evaluate(WIDE)
        visits[name] = visit
    page.close()
    return visits


def faint(page: Page, known: set[str]) -> list[str]:
    """What axe has to say of the colours of a page that are not among the known ones, which they then join."""
    new = page.evaluate(NEW_COLOURS, list(known))
    known.update(new)
    return page.evaluate(AXE, [{"include": [["[data-new-colours]"]]}, {"runOnly": COLOURS}]) if new else []
