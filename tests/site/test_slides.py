"""The slides say what INSTRUCTORS.md says, and can be shown with keys, by touch, on a phone and on paper."""

import re

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from book import AXE, BOOK, LAPTOP, PHONE, ROOT, opened, pages, served_book
from bs4 import BeautifulSoup
from building.slides import NAME, announce, slides_of

PROJECTOR = {"width": 1024, "height": 768}
LESSONS = {path.name[:2]: f"notebooks/{path.stem}.html" for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
DOCUMENT = """# For instructors

## 45 minutes

| minute | card | click | what students learn |
|---|---|---|---|
| 0-5 | - | nothing: show a maze | what is learned |
| 5-12 | A | *Overfitting* | two curves |
| 12-17 | B | *maze shown* | memory |

Exit question, on paper: "Sketch *two*
curves."

## The cards

| card | |
|---|---|
| **A** | **Too much** |
| Ask | "When?" |
| Wrong: "never" | It will. |
| | It always does. |
| They see | <!-- m:x -->48%<!-- /m -->. |
| | And more. |
| **B** | **Memory** |
| Ask | "Where?" |
| Click | *maze shown*, 5 times |
| **L** | **Nobody knows** (lesson 07, from the first section) |
| Ask | "Will it?" |
| They see | [Why](docs/wave.md), and [how](site/playground/index.md). |

## Exercises
"""


def test_there_is_a_slide_for_each_card_in_the_order_of_the_plan_and_the_other_cards_follow():
    slides = slides_of(DOCUMENT, LESSONS)
    assert [slide.name for slide in slides] == ["begin", "card-A", "card-B", "exit", "card-L"]
    assert [slide.minutes for slide in slides] == ["0-5", "5-12", "12-17", "", ""]
    assert slides[0].steps == (("", "Show a maze"),) and slides[0].title == "What is learned"
    assert slides[3].question == "Sketch <em>two</em>\ncurves."


def test_what_a_class_predicts_comes_first_and_what_the_teacher_knows_goes_into_the_notes():
    card = slides_of(DOCUMENT, LESSONS)[1]
    assert (card.title, card.question) == ("A · Too much", "“When?”")
    assert card.steps == (("Click", "<em>Overfitting</em>"), ("They see", "48%."), ("", "And more."))
    assert card.notes == (("Wrong: “never”", "It will."), ("", "It always does."))


def test_a_card_that_says_what_to_click_is_believed():
    assert slides_of(DOCUMENT, LESSONS)[2].steps == (("Click", "<em>maze shown</em>, 5 times"),)


def test_a_card_leads_to_the_laboratory_with_the_preset_that_is_on_the_screen_or_to_its_lesson():
    links = {slide.name: slide.link for slide in slides_of(DOCUMENT, LESSONS)}
    assert links["card-A"] == links["card-B"] == "laboratory/index.html#preset=Overfitting&train"
    assert links["card-L"] == "notebooks/07_wave.html" and not links["exit"]


def test_links_of_the_document_lead_into_the_book():
    (_, said), *_ = slides_of(DOCUMENT, LESSONS)[4].steps
    assert re.findall('href="(.*?)"', said) == ["docs/wave.html", "playground/index.html"]


def test_a_change_in_the_document_changes_the_slides():
    changed = slides_of(DOCUMENT.replace("48%", "49%").replace("5-12", "5-15"), LESSONS)
    assert ("They see", "49%.") in changed[1].steps and changed[1].minutes == "5-15"
    assert changed[2:] == slides_of(DOCUMENT, LESSONS)[2:]


def test_every_card_and_every_row_of_the_plan_that_instructors_read_is_on_the_slides_of_the_book():
    pages()
    text, shown = (ROOT / "INSTRUCTORS.md").read_text(), (BOOK / NAME).read_text()
    letters = re.findall(r"^\| \*\*([A-Z])\*\* \|", text, re.MULTILINE)
    assert len(letters) > 15 and re.findall(r'id="card-([A-Z])"', shown) == letters
    shown = words(shown)
    for slide in slides_of(text, LESSONS):
        for said in (slide.title, slide.question, *(part for row in (*slide.steps, *slide.notes) for part in row)):
            assert words(said) in shown, "the book is older than INSTRUCTORS.md: make site"


def words(html: str) -> str:
    """The text of a piece of HTML, its words one space apart."""
    return " ".join(BeautifulSoup(html, "html.parser").get_text().split())


def test_the_plan_of_the_book_leads_to_the_slides(tmp_path):
    path = tmp_path / "INSTRUCTORS.md"
    path.write_text(DOCUMENT)
    announce(path)
    heading, link = path.read_text().split("\n## ")[1].split("\n\n")[:2]
    assert heading == "45 minutes" and f'href="{NAME}"' in link
    pages()
    assert f'href="{NAME}"' in (BOOK / "INSTRUCTORS.html").read_text()


@pytest.fixture(scope="module")
def book():
    with served_book() as address:
        yield address


def position(page) -> tuple[str, int]:
    """The slide that is seen, and how many of its steps are."""
    (slide,) = page.locator(".slide:visible").all()
    return slide.get_attribute("id"), slide.locator(".step:visible").count()


@pytest.mark.browser
@pytest.mark.slow
def test_arrows_buttons_and_swipes_go_through_questions_and_answers_and_back(book, browser):
    with opened(browser, f"{book}{NAME}") as (page, visit):
        assert position(page) == ("title", 0)
        for key, there in (("ArrowRight", ("begin", 0)), ("ArrowRight", ("begin", 1)), ("PageDown", ("card-A", 0))):
            page.keyboard.press(key)
            assert position(page) == there
        assert page.evaluate("location.hash") == "#card-A"
        assert page.locator("#card-A h2").evaluate("(title) => title === document.activeElement")
        page.get_by_role("button", name="Next").click()
        assert position(page) == ("card-A", 1)
        swipe(page, 300, 100)
        assert position(page) == ("card-A", 2)
        swipe(page, 100, 300)
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        assert position(page) == ("begin", 1)  # as it was left
        page.keyboard.press("End")
        assert page.locator("#number").inner_text() == "{0} / {0}".format(page.locator(".slide").count())
        page.keyboard.press("f")
        page.wait_for_function("document.fullscreenElement")
        page.keyboard.press("f")
        page.wait_for_function("!document.fullscreenElement")
    assert not (visit.errors or visit.remote or visit.missing)


def swipe(page, start: int, end: int) -> None:
    page.evaluate(
        """([start, end]) => {
            const at = (clientX) => new Touch({ identifier: 1, target: document.body, clientX, clientY: 200 });
            const send = (type, touches, changedTouches) => dispatchEvent(
                new TouchEvent(type, { touches, changedTouches }));
            send("touchstart", [at(start)], [at(start)]);
            send("touchend", [], [at(end)]);
        }""",
        [start, end],
    )


@pytest.mark.browser
@pytest.mark.slow
def test_every_slide_fits_is_readable_for_all_and_prints_on_a_page(book, browser):
    with opened(browser, f"{book}{NAME}#card-A") as (page, visit):
        page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
        page.keyboard.press("n")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(AXE, ["main", {}]) == []
        page.emulate_media(color_scheme="light")
        page.keyboard.press("n")
        count = page.locator(".slide").count()
        for screen in (LAPTOP, PROJECTOR, PHONE):
            page.set_viewport_size(screen)
            page.keyboard.press("Home")
            while page.locator("#next").is_enabled():
                page.keyboard.press("PageDown")
                beyond = page.evaluate("[document.documentElement.scrollWidth - innerWidth,"
                                       " document.documentElement.scrollHeight - innerHeight]")  # fmt: skip
                assert beyond[0] == 0 and (beyond[1] == 0 or screen == PHONE), (position(page), screen)
        printed = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == count
    assert not visit.errors
