"""Pages that compute in the browser: what they say where their scripts do not start."""

from pathlib import Path

from bs4 import BeautifulSoup

SENTENCE = Path(__file__).resolve().parents[1] / "templates" / "not-started.html"
STARTED = "_static/started.js"


def say_what_to_do(page: BeautifulSoup) -> None:
    """Put a sentence before the first script of a page that computes; a script after the last one takes it away."""
    scripts = page.select("main script[type=module][src]")
    if not scripts:
        return
    root = page.html.get("data-content_root", "./") if page.html else "./"
    scripts[0].insert_before(BeautifulSoup(SENTENCE.read_text(encoding="utf-8"), "html.parser"))
    scripts[-1].insert_after(page.new_tag("script", attrs={"type": "module", "src": f"{root}{STARTED}"}))
