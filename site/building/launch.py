"""Buttons under the title of a lesson, for the services that run it; only where the project's address is known."""

from bs4 import BeautifulSoup

# What `building.lessons` writes into the folded block "Run this lesson", and the words of the button.
SERVICES = {"https://mybinder.org/": "Run on Binder", "https://colab.research.google.com/": "Run on Colab"}


def add_buttons(page: BeautifulSoup) -> None:
    """Repeat the links of the block on running the lesson as buttons under the title."""
    block = page.select_one("details.run")
    title = block and block.find_previous("h1")  # the nearest: the page has another, for printing
    if block is None or title is None:
        return
    buttons = page.new_tag("p", attrs={"class": "launch"})
    for service, words in SERVICES.items():
        if link := block.select_one(f'a[href^="{service}"]'):
            button = page.new_tag("a", attrs={"class": "btn btn-outline-primary", "href": link["href"]})
            button.string = words
            buttons.append(button)
    if buttons.contents:
        title.insert_after(buttons)
