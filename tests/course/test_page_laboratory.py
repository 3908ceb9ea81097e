"""The laboratory in a page from a plain web server, without Python: it trains, tells, repeats, and takes any address.

The option --screenshots keeps what a reader sees in runs/browser/.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from jupyterlab_page import PATIENCE
from playwright.sync_api import Page
from static_server import WEB, served_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
SMALL = "num_train=60&num_test=40&epochs=3&dim=8&depth=1"
LONG = "num_train=2000&epochs=60"
TOO_WIDE = "all => all.filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML)"
SCREENS = [(390, 844), (1024, 768), (1366, 900)]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    with served_page(folder, "laboratory", "The laboratory", allowed="'self' 'wasm-unsafe-eval'") as address:
        yield address


@pytest.fixture
def page(browser) -> Iterator[Page]:
    page, errors = browser.new_page(), []
    page.set_default_timeout(PATIENCE * 1000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert not errors


def visit(page: Page, site: str, words: str) -> None:
    page.goto(f"{site}#{words}")
    page.get_by_role("button", name="Train", exact=True).wait_for()


def end(page: Page, number: int) -> None:
    """Wait until a run stands in the list."""
    page.get_by_role("button", name=f"Run {number} ·").wait_for()


def curves(page: Page) -> list[str]:
    """What the two pictures of curves say to whoever cannot see them."""
    return page.locator(".lab-curves > div > svg").evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")


def test_a_link_trains_at_once_and_whoever_opens_it_sees_the_same_run(page, site, browser):
    visit(page, site, f"{SMALL}&seed=5&train")
    end(page, 1)
    found = curves(page)
    assert "over 3 epochs" in found[0]
    assert page.locator(".lab-words strong").first.inner_text()
    again = browser.new_page()
    again.goto(page.url)
    end(again, 1)
    assert curves(again) == found
    again.close()


def test_a_remedy_trains_with_its_change_and_runs_keep_their_numbers(page, site):
    visit(page, site, f"{SMALL}&train")
    end(page, 1)
    cure = page.locator(".lab-cures button").first
    cure.click()
    end(page, 2)
    page.get_by_role("button", name="Run 1 ·").click()
    pressed = page.locator(".lab-runs button").evaluate_all("all => all.map(one => one.getAttribute('aria-pressed'))")
    assert pressed == ["true", "false"]
    assert page.locator(".lab-status").inner_text().startswith("Run 1 ·")


def test_remedies_are_offered_when_a_run_has_ended_and_stop_ends_it(page, site):
    visit(page, site, f"{LONG}&train")
    page.get_by_text("epoch 1 of").wait_for()
    assert page.locator(".lab-cures button").count() == 0
    page.get_by_label("dropout").press("ArrowRight")
    assert "dropout is 0.1 from now on" in page.locator(".lab-note").inner_text()
    page.get_by_label("dim").press("ArrowLeft")
    assert "dim counts from the next run on" in page.locator(".lab-note").inner_text()
    page.get_by_role("button", name="Stop").click()
    end(page, 1)
    assert "stopped" in page.locator(".lab-runs").inner_text()
    assert page.locator("progress").evaluate("bar => bar.value") == 1


def test_three_seeds_are_three_runs_and_a_sentence_about_chance(page, site):
    visit(page, site, f"{SMALL}&seeds=3&train")
    end(page, 1)
    assert "Three seeds. Held-out accuracies" in page.locator(".lab-words").inner_text()
    assert page.locator(".lab-curves .fainter").count() == 8  # two more of both curves, in both pictures


def test_the_frame_of_a_wrong_arrow_hides_neither_goal_nor_agent(page, site):
    visit(page, site, f"{SMALL}&supervision=action&train")
    end(page, 1)
    drawn = "all => all.map(one => [...one.children].map(part => part.getAttribute('class')))"
    for kinds in page.locator(".lab-mazes svg").evaluate_all(drawn):
        assert "goal" in kinds and "agent" in kinds
        before = [kinds[place - 1] for place, kind in enumerate(kinds) if kind == "frame"]
        assert "goal" not in before and "agent" not in before


def test_a_press_of_step_is_one_gradient_step(page, site):
    visit(page, site, "num_train=640&batch_size=64")
    for share in ("10%", "20%"):
        page.get_by_role("button", name="Step").click()
        page.get_by_text(f"{share} of the epoch done").wait_for()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("dims=3", "There is no setting `dims` in this page."),
        ("dim=many", '`dim` must be a whole number from 1 to 4096, not "many".'),
        ("preset=Sick", 'There is no preset "Sick".'),
        ("maze=21", "`maze` goes from 1 to 20."),
        ("toString=1&%E0%A4%A", "There is no setting `toString` in this page."),
    ],
)
def test_an_address_that_was_edited_by_hand_gets_a_sentence_and_the_defaults(page, site, words, sentence):
    visit(page, site, f"{words}&num_train=60&epochs=3&train")
    end(page, 1)
    assert sentence in page.get_by_role("alert").inner_text()
    assert page.get_by_label("dim").get_attribute("aria-valuetext") == "32"


def test_the_command_for_pytorch_gives_lesson_04_parameters_that_it_knows(page, site):
    visit(page, site, SMALL)
    words = page.locator("details code").text_content().split(" -p ")[1:]
    notebook = nbformat.read(ROOT / "notebooks" / "04_train.ipynb", as_version=4)
    [cell] = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())]
    known = {line.split(" = ")[0] for line in cell.source.splitlines() if " = " in line}
    assert {word.split()[0] for word in words} <= known
    assert "num_train 60" in words and "augment False" in words


def test_every_control_is_reached_by_keyboard_and_nothing_is_wider_than_the_screen(page, site, keep):
    visit(page, site, f"{SMALL}&train")
    end(page, 1)
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        assert not page.locator(".trm-lab :not(code)").evaluate_all(TOO_WIDE), f"at {width} pixels"
        keep(page, f"laboratory-{width}", full_page=True)
    page.locator("summary").click()  # what is folded needs no key
    wanted = page.locator(".trm-lab :is(button, input, select):enabled").count()
    page.evaluate("window.reached = new Set(); document.activeElement.blur()")
    for _ in range(wanted + 10):
        page.keyboard.press("Tab")
        page.evaluate("window.reached.add(document.activeElement)")
    missed = page.evaluate("""[...document.querySelectorAll(".trm-lab :is(button, input, select):enabled")]
        .filter(one => !window.reached.has(one)).map(one => one.outerHTML)""")
    assert not missed


def test_the_values_of_the_sliders_are_those_of_the_panel_in_jupyterlab():
    table = json.loads((WEB / "trainer" / "settings.json").read_text())
    from trm_nav.course.laboratory.controls import CHOICES

    assert table["sliders"] == json.loads(json.dumps(CHOICES))
