"""Slides for a class, made from the plan of 45 minutes and the cards in INSTRUCTORS.md: one slide for each card."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt

from .address import published
from .gather import MARK, ROOT

NAME = "slides.html"
TEMPLATES = ROOT / "site" / "templates"
SETTINGS = ROOT / "trm_nav" / "course" / "web" / "trainer" / "settings.json"  # of the laboratory, presets among them
PLAN, CARDS = "45 minutes", "The cards"
LINK = (  # stands in the document under the heading of the plan
    '<p><a href="slides.html">The slides of this plan</a>, one for each card, with links into the laboratory; for the '
    "projector, a phone, or to print.</p>"
)
TITLED = re.compile(r"\*\*(?P<title>.+?)\*\*\s*(?:\((?P<where>.*)\))?$")
EXIT = re.compile(r"^Exit question, on paper: \"(?P<question>.+?)\"", re.MULTILINE | re.DOTALL)
LESSON = re.compile(r"lesson (?P<number>\d\d)")
QUESTION, CLICK, NO_CLICK = "Ask", "Click", "nothing: "
FOR_THE_TEACHER = re.compile(r"Wrong|If not|Note|Cure")  # rows that the class does not see

Row = tuple[str, ...]
MARKDOWN = MarkdownIt("commonmark", {"typographer": True}).enable(["replacements", "smartquotes"])


class Slide(NamedTuple):
    """What one slide shows. Texts are HTML; `steps` and `notes` are pairs of a label and a text."""

    name: str
    title: str
    minutes: str = ""
    question: str = ""
    steps: tuple[Row, ...] = ()
    notes: tuple[Row, ...] = ()
    link: str = ""
    link_text: str = ""


def announce(instructors: Path) -> None:
    """Put a link to the slides under the heading of their plan, in the copy of INSTRUCTORS.md that the book has."""
    text = instructors.read_text(encoding="utf-8")
    linked = re.sub(rf"^## {PLAN}$", lambda heading: f"{heading[0]}\n\n{LINK}", text, flags=re.MULTILINE)
    instructors.write_text(linked, encoding="utf-8")


def write_slides(book: Path) -> None:
    """Write the page of the slides into a book."""
    slides = slides_of((ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8"), lessons_in(book))
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    about = {
        "plain_title": f"Slides: overfitting in {PLAN}",
        "description": "One slide for each card of the plan: what the class predicts, a link into the laboratory, and "
        "what it will see.",
        "published": published(),
        "project": "trm_nav",
        "pagename": Path(NAME).stem,
    }
    (book / NAME).write_text(environment.get_template(NAME).render(slides=slides, **about), encoding="utf-8")


def lessons_in(book: Path) -> dict[str, str]:
    """The page of each lesson, by its number."""
    return {path.name[:2]: f"notebooks/{path.name}" for path in book.glob("notebooks/[0-9]*.html")}


def slides_of(text: str, lessons: dict[str, str]) -> list[Slide]:
    """The slides of INSTRUCTORS.md: the plan in its order, its exit question, then the cards that are left."""
    text = MARK.sub("", text)
    plan, cards = _section(text, PLAN), _cards(_section(text, CARDS))
    presets = json.loads(SETTINGS.read_text(encoding="utf-8"))["presets"]
    slides, preset = [], ""
    for minutes, name, click, learned in _table(plan):
        preset = next((one for one in presets if f"*{one}*" in click), preset)
        if name in cards:
            slides.append(_slide(name, cards.pop(name), _to_laboratory(preset), minutes, click))
        else:
            said = click.removeprefix(NO_CLICK)
            to = _link("playground/index.html", "playground")
            slides.append(Slide("begin", _sentence(learned), minutes, steps=(("", _sentence(said)),), **to))
    if asked := EXIT.search(plan):
        slides.append(Slide("exit", "Exit question, on paper", question=_html(asked["question"])))
    for name, rows in cards.items():
        lesson = LESSON.search(rows[0][1])
        to = _link(lessons[lesson["number"]], f"lesson {lesson['number']}") if lesson else _to_laboratory("")
        slides.append(_slide(name, rows, to))
    return slides


def _slide(name: str, rows: list[Row], to: dict[str, str], minutes: str = "", click: str = "") -> Slide:
    """A card as a slide. `click` is what the plan says to click, for a card that does not say it itself."""
    titled = TITLED.match(rows[0][1])
    assert titled, f"card {name} of INSTRUCTORS.md has no title in bold letters"
    question, steps, notes, into = "", [], [], []
    if click and not any(label == CLICK for label, _ in rows):
        steps.append((CLICK, _html(click)))
    for label, said in rows[1:]:
        if label == QUESTION:
            question = _html(said)
            continue
        if label:
            into = notes if FOR_THE_TEACHER.match(label) else steps
        into.append((_html(label), _html(said)))
    return Slide(f"card-{name}", f"{name} · {_html(titled['title'])}", minutes, question, (*steps,), (*notes,), **to)


def _to_laboratory(preset: str) -> dict[str, str]:
    """The laboratory, where it begins to train a preset at once."""
    return _link("laboratory/index.html" + (f"#preset={preset}&train" if preset else ""), "laboratory")


def _link(address: str, words: str) -> dict[str, str]:
    return {"link": address, "link_text": f"Open the {words}" if not words.startswith("lesson") else f"Open {words}"}


def _section(text: str, title: str) -> str:
    """What stands under a heading of the second level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"INSTRUCTORS.md has no section “{title}”"
    return found[1]


def _table(text: str) -> list[Row]:
    """The rows of the first table of a text, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [tuple(cell.strip() for cell in line.strip().strip("|").split("|")) for line in lines[2:]]


def _cards(text: str) -> dict[str, list[Row]]:
    """The rows of each card, by its letter; the first has the title."""
    cards: dict[str, list[Row]] = {}
    for label, said in _table(text):
        if letter := re.fullmatch(r"\*\*([A-Z])\*\*", label):
            rows = cards[letter[1]] = []
        rows.append((label, said))
    return cards


def _sentence(markdown: str) -> str:
    return _html(markdown[:1].upper() + markdown[1:])


def _html(markdown: str) -> str:
    """A cell of a table as HTML, its links leading into the book."""
    html: Any = MARKDOWN.renderInline(markdown)
    return re.sub(r'href="(?:site/)?([^":]+)\.(?:md|ipynb)', r'href="\1.html', html)
