"""What a page says of itself to others: title, description and picture, and buttons for the services that run it."""

import struct

import pytest
from book import ROOT, pages
from bs4 import BeautifulSoup
from building.address import published, repository
from building.launch import add_buttons
from building.lessons import prepared
from jinja2 import Environment, FileSystemLoader

ADDRESS, REPOSITORY = "https://someone.example/course/", "https://github.com/someone/trm_nav"
CARD, LARGEST = ROOT / "site" / "static" / "card.png", 60_000  # bytes
UNKNOWN = ("SITE_URL", "GITHUB_REPOSITORY", "GITHUB_SERVER_URL")


def head(address: str) -> dict[str, str]:
    """The names in the head of a page, and what they say."""
    template = Environment(loader=FileSystemLoader(ROOT / "site" / "templates")).get_template("social.html")
    html = template.render(
        plain_title='Is "x < y"?', description="A & B", project="trm_nav", pagename="docs/wave", published=address
    )
    said = {
        str(meta.get("property") or meta["name"]): str(meta["content"])
        for meta in BeautifulSoup(html, "html.parser")("meta")
    }
    links = BeautifulSoup(html, "html.parser")("link")
    return said | {str(link["rel"][0]): str(link["href"]) for link in links}


def test_a_page_names_itself_and_shows_a_picture_where_the_address_of_the_book_is_known():
    said = head(ADDRESS)
    assert said["og:title"] == said["twitter:title"] == 'Is "x < y"?'
    assert said["description"] == said["og:description"] == said["twitter:description"] == "A & B"
    assert said["og:url"] == said["canonical"] == f"{ADDRESS}docs/wave.html"
    assert said["og:image"] == said["twitter:image"] == f"{ADDRESS}_static/{CARD.name}" and said["og:image:alt"]
    assert said["twitter:card"] == "summary_large_image"


def test_where_the_address_is_not_known_a_page_names_itself_and_no_address():
    said = head("")
    assert said["og:title"] and said["og:description"] and said["twitter:card"] == "summary"
    assert not [value for value in said.values() if "://" in value or value.endswith(".png")]


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, ""),
        ({"SITE_URL": "https://someone.example/course"}, ADDRESS),
        ({"SITE_URL": ADDRESS, "GITHUB_REPOSITORY": "a/b"}, ADDRESS),
        ({"GITHUB_REPOSITORY": "Someone/Course"}, "https://someone.github.io/Course/"),
    ],
)
def test_the_address_of_the_book_is_what_somebody_has_said_or_that_of_github_pages(monkeypatch, given, address):
    for name in UNKNOWN:
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert published() == address
    if "GITHUB_REPOSITORY" in given:
        assert repository() == f"https://github.com/{given['GITHUB_REPOSITORY']}"


def test_the_picture_has_the_size_that_the_pages_say_and_is_small():
    content = CARD.read_bytes()
    assert struct.unpack(">II", content[16:24]) == (1200, 630) and len(content) < LARGEST
    said = head(ADDRESS)
    assert (said["og:image:width"], said["og:image:height"]) == ("1200", "630")


def test_every_page_of_the_book_has_a_title_and_a_description():
    for path in pages():
        page = BeautifulSoup(path.read_text(encoding="utf-8").partition("</head>")[0], "html.parser")
        said = {str(meta.get("property") or meta.get("name")): meta.get("content") for meta in page("meta")}
        assert said["og:title"] and said["og:title"] == said["twitter:title"], path
        assert said["description"] and said["og:description"] == said["twitter:description"], path
        assert ("og:image" in said) == bool(page.select("link[rel=canonical]")), path


def lesson_page(repository: str) -> BeautifulSoup:
    """A page with the title of a lesson and its block on how to run it, as the build gets them."""
    notebook = {"cells": [{"cell_type": "markdown", "source": "# A lesson", "metadata": {}}]}
    made = prepared(notebook, "notebooks/05_diagnostics.ipynb", repository, lambda text: text)
    title, block = made["cells"][0]["source"].split("\n\n", 1)
    return BeautifulSoup(f"<main><h1>To print</h1><article><h1>{title}</h1>{block}</article></main>", "html.parser")


def test_a_lesson_has_buttons_for_binder_and_colab_where_the_repository_is_known():
    page = lesson_page(REPOSITORY)
    add_buttons(page)
    assert page.select_one("article h1 + p.launch")
    buttons = {button.get_text(): button["href"] for button in page.select("p.launch a")}
    assert buttons == {
        "Run on Binder": "https://mybinder.org/v2/gh/someone/trm_nav/main?urlpath=lab/tree/"
        "notebooks/05_diagnostics.ipynb",
        "Run on Colab": "https://colab.research.google.com/github/someone/trm_nav/blob/main/"
        "notebooks/05_diagnostics.ipynb",
    }


def test_a_lesson_has_no_buttons_where_nobody_has_said_where_the_repository_is():
    page = lesson_page("")
    before = str(page)
    add_buttons(page)
    assert str(page) == before
