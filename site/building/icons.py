"""The icons of the theme's buttons, as a few lines of SVG in each page.

The theme brings thousands of icons in a script of 1.5 MB and in fonts, of which the book needs a dozen.
"""

import re
from copy import copy
from functools import cache
from pathlib import Path

from bs4 import BeautifulSoup, Tag

DRAWN = Path(__file__).resolve().parents[1] / "templates" / "icons.svg"
NAMED = re.compile(r"^fa-(?!(?:solid|regular|brands|lg|fw)$)(?P<name>[a-z-]+)$")
PLACES = frozenset({"github", "gitlab", "bitbucket"})  # whose own signs are not ours to draw
# What the theme gives a reader for them: the script, the fonts, and the styles that name an icon or load a font.
FILES = ("_static/scripts/fontawesome.js", "_static/vendor/fontawesome/webfonts/*")
STYLES = "_static/styles/pydata-sphinx-theme.css"
OF_ICONS = re.compile(r"@font-face\{[^{}]*fontawesome[^{}]*\}|(?:\.fa-[a-z0-9-]+,?)+\{--fa:[^{}]*\}")


def draw(page: BeautifulSoup) -> None:
    """Put a drawing in the place of each icon of a page. Raises KeyError for an icon that nobody has drawn."""
    for script in page.find_all(["script", "link"]):
        if "fontawesome" in str(script.get("src", "")):
            script.decompose()
    for place in page.select("i[class*=fa-], span[class*=fa-]"):
        words = place.get_attribute_list("class")
        name = next(named["name"] for word in words if (named := NAMED.match(str(word))))
        place.name = "svg"
        place["class"] = ["drawn", *map(str, words)]
        place["viewBox"] = "0 0 16 16"
        place["aria-hidden"] = "true"
        for part in _drawings()["code" if name in PLACES else name]:
            place.append(copy(part))


def remove(book: Path) -> None:
    """Remove the theme's own icons from a book."""
    for pattern in FILES:
        for path in book.glob(pattern):
            path.unlink()
    styles = book / STYLES
    styles.write_text(OF_ICONS.sub("", styles.read_text(encoding="utf-8")), encoding="utf-8")


@cache
def _drawings() -> dict[str, list[Tag]]:
    """The shapes of each icon, by its name in the theme."""
    soup = BeautifulSoup(DRAWN.read_text(encoding="utf-8"), "html.parser")
    return {str(symbol["id"]): symbol.find_all(True) for symbol in soup.find_all("symbol")}
