"""The built book, and a reader who opens each of its pages in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.base import AXE_FILE_PATH
from installed import missing
from playwright.sync_api import BrowserContext, Page, Request
from static_server import served

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "build" / "site"
LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
SCREENS = [LAPTOP, {"width": 1024, "height": 768}, PHONE]
# axe's findings, best practices included. Highlighted code has thousands of elements of few colours: one page will do.
AXE = """async ([rules, exclude]) => {
    const options = { resultTypes: ["violations"], preload: false, ...(rules && { runOnly: rules }) };
    const { violations } = await axe.run(exclude ? { exclude } : document, options);
    const where = ({ nodes }) => nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ");
    return violations.map((one) => `${one.id}: ${one.help}: ${where(one)}`);
}"""
CODE, WITH_CODE = [[".highlight pre"]], "notebooks/05_diagnostics.html"
COLOURS = ["color-contrast", "link-in-text-block"]  # all that a theme can break
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
    """A page, open in a browser that notes what the page says and asks for."""
    page, visit = context.new_page(), Visit()
    page.set_viewport_size(screen)
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on("console", lambda said: visit.errors.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda request: visit.remote.append(request.url) if is_remote(request) else None)
    page.on("response", lambda answer: visit.missing.append(answer.url) if answer.status >= 400 else None)
    try:
        page.goto(address, wait_until="load")
        yield page, visit
    finally:
        page.close()


def is_remote(request: Request) -> bool:
    return not request.url.startswith(("http://127.0.0.1:", "data:", "blob:"))


def look(context: BrowserContext, book: str, path: Path) -> Visit:
    """Open a page, examine it in the light and in the dark theme, and then on a phone."""
    name = path.relative_to(BOOK).as_posix()
    with opened(context, book + name) as (page, visit):
        page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
        exclude = CODE if name != WITH_CODE and page.locator(CODE[0][0]).count() else None
        visit.light += page.evaluate(AXE, [None, exclude])
        page.evaluate(DARK)
        visit.dark += page.evaluate(AXE, [COLOURS, exclude])
        page.set_viewport_size(PHONE)
        visit.wide += page.evaluate(WIDE)
    return visit
