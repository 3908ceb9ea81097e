"""Sphinx's settings for the book; `make site` runs it on what `building.gather` puts together."""

import sys
import tomllib
from pathlib import Path

SITE = Path(__file__).parent
SOURCE = SITE.parent / "build" / "site-source"
sys.path.insert(0, str(SITE))
from building.address import repository  # noqa: E402
from building.pages import describe_page  # noqa: E402

PROJECT = tomllib.loads((SITE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = PROJECT["name"]
author = PROJECT["authors"][0]["name"]
copyright = author
extensions = ["myst_nb", "sphinx_copybutton", "building.maths"]
templates_path = [str(SITE / "templates")]
exclude_patterns = ["extra", "static"]
suppress_warnings = ["mystnb.unknown_mime_type", "ref.python"]  # the second: one name in several modules

# Lessons come with their outputs, and are never run by the build.
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # would be asked of another host; panels are not kept in the lessons anyway
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
html_math_renderer = "mathml"
copybutton_selector = "div:not(.cell_output) > div.highlight pre"

# Only with --linkcheck. A site that is slow, or wants to be asked less often, must not hold the build up.
linkcheck_timeout = 10
linkcheck_rate_limit_timeout = 30

html_theme = "sphinx_book_theme"
html_title = project
html_baseurl = ""  # the address of the published book is not known here; `building.pages` writes it where it is
html_static_path = [str(SOURCE / "static")]
html_favicon = str(SITE / "static" / "icon.svg")
html_context = {"default_mode": "auto"}
html_extra_path = [str(SOURCE / "extra")]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": ""})]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_domain_indices = False
html_theme_options = {
    "repository_url": repository(),
    "use_repository_button": bool(repository()),
    "use_download_button": False,  # each lesson says how to get and run it; the theme's own needs inline scripts
    "use_fullscreen_button": False,
    "navbar_persistent": [],  # the theme has a search field in the sidebar already
    "home_page_in_toc": False,
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "toc_title": "On this page",
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "article_header_start": ["toggle-primary-sidebar.html"],
    "footer_content_items": ["author.html"],
}


def setup(app):  # type: ignore[no-untyped-def]
    app.connect("html-page-context", describe_page)
