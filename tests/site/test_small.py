"""The book is small: icons are drawn in its pages, and a page asks only for what it needs."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from book import BOOK, ROOT, pages
from bs4 import BeautifulSoup
from building.companions import say_what_to_do
from building.icons import OF_ICONS, draw

SCRIPTS_AND_STYLES = 700_000  # bytes that a page asks for at most, apart from its pictures and modules
SEARCH = "search.html"  # reads the index of all pages


def soup(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def test_an_icon_becomes_a_drawing_that_a_screen_reader_passes_over_and_the_script_of_icons_goes():
    page = soup(
        '<script src="_static/scripts/fontawesome.js?digest=1"></script><button><i class="fa-solid fa-moon fa-lg '
        'theme-switch" data-mode="dark" title="Dark"></i></button><i class="fab fa-github"></i>'
    )
    draw(page)
    assert not page("script") and not page("i")
    moon, sign = page("svg")
    assert moon["aria-hidden"] == "true" and moon["data-mode"] == "dark" and moon("path")
    assert {"drawn", "theme-switch", "fa-moon"} <= set(moon["class"])
    assert sign("path")


def test_an_icon_that_nobody_has_drawn_stops_the_build():
    with pytest.raises(KeyError, match="dragon"):
        draw(soup('<i class="fa-solid fa-dragon"></i>'))


def test_only_styles_that_name_an_icon_or_load_a_font_of_icons_are_removed():
    styles = (
        '@font-face{font-family:X;src:url(../vendor/fontawesome/webfonts/fa-solid-900.woff2)}.fa-lg{font-size:1.25em}'
        '.fa-a,.fa-b-2{--fa:"\\f058"}p .fa-chevron-down{color:red}'
    )  # fmt: skip
    assert OF_ICONS.sub("", styles) == ".fa-lg{font-size:1.25em}p .fa-chevron-down{color:red}"


def test_a_page_that_computes_says_what_to_do_where_its_scripts_do_not_start_and_other_pages_say_nothing():
    page = soup(
        '<html data-content_root="../"><main><div id="x"></div><script type="module" src="x.js"></script></main>'
    )
    say_what_to_do(page)
    sentence, script, last = page.select("main > :not(#x)")
    assert sentence["id"] == "not-started" and (script["src"], last["src"]) == ("x.js", "../_static/started.js")
    plain = soup("<html><main><p>Text.</p></main></html>")
    say_what_to_do(plain)
    assert plain == soup("<html><main><p>Text.</p></main></html>")


def test_no_page_asks_for_more_scripts_and_styles_than_it_needs():
    for path in pages():
        html = path.read_text(encoding="utf-8")
        names = re.findall(r'<script[^>]* src="([^"]+)"', html)
        names += re.findall(r'<link[^>]* href="([^"]+\.css[^"]*)"[^>]* rel="stylesheet"', html)
        assert len(names) > 2, path
        asked = {(path.parent / unquote(urlsplit(name).path)).resolve() for name in names}
        assert not [one for one in asked if "fontawesome" in one.name], path
        if path.name != SEARCH:
            assert not [one for one in asked if "search" in one.name], path
            assert sum(one.stat().st_size for one in asked) < SCRIPTS_AND_STYLES, path
        assert not re.search(r'<i class="[^"]*\bfa-', html), path


def test_what_a_style_names_is_in_the_book():
    pages()
    for styles in BOOK.rglob("*.css"):
        for name in re.findall(r"url\(\s*[\"']?(?!data:|#)([^\"')]+)", styles.read_text(encoding="utf-8")):
            assert (styles.parent / urlsplit(name).path).exists(), f"{styles.relative_to(BOOK)}: {name}"


def test_every_drawing_is_used():
    pages()
    drawn = set(re.findall(r'symbol id="([a-z-]+)"', Path(ROOT / "site/templates/icons.svg").read_text()))
    used = {name for path in pages() for name in re.findall(r"\bfa-([a-z-]+)", path.read_text(encoding="utf-8"))}
    assert drawn - used <= {"code", "lightbulb"}  # of the links to the repository, where that is known


def test_the_search_quotes_the_text_of_a_page_and_not_the_buttons_around_it():
    pages()
    tools = (BOOK / "_static" / "searchtools.js").read_text(encoding="utf-8")
    assert ".bd-article" in tools and "[role=" not in re.sub(r"console\.warn\([^;]*;", "", tools)
    assert all("bd-article" in path.read_text(encoding="utf-8") for path in pages() if path.name != "slides.html")


def test_a_long_name_in_a_heading_of_the_reference_breaks_after_its_dots():
    pages()
    html = (BOOK / "docs" / "reference" / "trm_nav.learning.html").read_text(encoding="utf-8")
    assert "<h2>trm_nav.<wbr/>learning.<wbr/>checkpoint" in html
