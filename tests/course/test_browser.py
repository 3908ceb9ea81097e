"""Every lesson in a real JupyterLab in a real browser: it runs, its pictures follow its sliders, it says what is wrong.

How long it took is kept in a .json file in runs/browser/, and with the option --screenshots what a reader sees, screen
by screen. Times are for looking at: on a busy machine they say little, so no test fails because of one.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from installed import missing
from jupyterlab_page import NotebookPage, chromium, find_chromium, jupyterlab, open_notebook
from laboratory_page import ASK, LaboratoryPanel
from playwright.sync_api import TimeoutError

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "runs" / "browser"
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# For the laboratory: a preset that overfits in a moment, and one that lasts until Stop is pressed, on any machine.
QUICK_PRESETS = """
from trm_nav.course.laboratory.presets import PRESETS
PRESETS["Overfitting"]["num_train"] = 100
PRESETS["Healthy"]["epochs"] = 100_000
"""
NUMBER = re.compile(r"(?P<name>\w+) = -?[\d._]+(e-?\d+)?\b")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """An open browser, and the address of JupyterLab."""
    path = find_chromium()
    if path is None:
        missing("no Chromium is installed to try the lessons in; on Debian and Ubuntu, run: apt install chromium")
    with jupyterlab(ROOT / "notebooks", tmp_path_factory.mktemp("jupyterlab")) as address, chromium(path) as browser:
        yield browser, address


# One test for all that a reader does in a lesson: whichever process gets it, the lesson runs only once.
@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_answers_its_sliders_and_says_what_is_wrong_with_a_parameter(path, lab, pytestconfig):
    for old in KEPT.glob(f"{path.stem}*"):
        old.unlink()
    report = {}
    try:
        with open_notebook(*lab, path.name) as lesson:
            if path.stem == "05_diagnostics":
                lesson.execute(QUICK_PRESETS)
            report["seconds"] = round(lesson.run_all(), 1)
            if pytestconfig.getoption("screenshots"):
                lesson.screenshots(KEPT, path.stem)
            require_a_run_to_the_end(lesson.cells)
            report["cells with long lines"] = lesson.too_wide(".cm-scroller")
            assert not lesson.too_wide(".jp-OutputArea-output"), "these cells have outputs wider than the page"
            report["sliders"] = require_pictures_that_follow_their_sliders(lesson)
            if path.stem == "05_diagnostics":
                report["laboratory"] = require_a_laboratory_that_answers(lesson, KEPT / f"{path.stem}-laboratory.png")
            report["wrong"] = require_a_sentence_about_a_wrong_parameter(lesson, KEPT / f"{path.stem}-wrong.png")
    finally:
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / f"{path.stem}.json").write_text(json.dumps(report, indent=1))


def require_a_run_to_the_end(cells: list[dict]) -> None:
    """Every code cell has been run, in order, and none with an error."""
    code = [cell for cell in cells if cell["cell_type"] == "code" and cell["source"]]
    outputs = [output for cell in code for output in cell["outputs"]]
    assert not [output["evalue"] for output in outputs if output["output_type"] == "error"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))


def require_pictures_that_follow_their_sliders(lesson: NotebookPage) -> list[dict]:
    """Every slider that stands above a picture changes it, and nothing jumps; returns what each of them did."""
    outputs = lesson.with_sliders()
    assert len(outputs) >= sum("explore(" in cell["source"] for cell in lesson.cells if cell["cell_type"] == "code")
    answers = [lesson.move(output, slider) for output in outputs for slider in range(lesson.sliders(output))]
    for answer in answers:
        assert answer["changed"], f"the picture is the same after moving {answer['slider']}"
        assert max(answer["heights"]) - min(answer["heights"]) <= 2, f"the page jumps: {answer}"
    return answers


def require_a_laboratory_that_answers(lesson: NotebookPage, picture: Path) -> dict[str, float]:
    """Train, a preset, Stop, three seeds, a remedy, Restore and Copy, one after the other; the seconds that some took.

    What comes of an experiment is tested without a browser; here only what is on the page is waited for.
    """
    panel, seconds = LaboratoryPanel(lesson), {}

    def wait(condition: str) -> None:
        lesson.wait(f"() => {{ {ASK} return {condition}; }}", lambda: panel.text)

    def commands() -> str:
        return panel.panel.locator("textarea").input_value()

    with what_the_panel_says(panel):
        assert len(panel.experiments()) == 1 and panel.says("Overfitting since epoch")
        ended = panel.another_experiment()
        seconds["first point"] = panel.press("Train", until=panel.another_picture(), clicks=2)
        wait(ended)
        assert len(panel.experiments()) == 2, "two clicks on Train must start one run"

        stopped = panel.another_experiment()
        seconds["first point of a preset"] = panel.press("Healthy", until=panel.another_picture())
        seconds["a slider while it trains"] = panel.move("dropout")
        seconds["stop"] = panel.press("Stop", until=stopped)
        assert panel.experiments()[-1].endswith("stopped")

        panel.toggle("three seeds")
        ended = panel.another_experiment()
        panel.press("Overfitting", until=panel.another_picture())
        wait(f"{ended} && said('Three seeds.')")
        panel.toggle("three seeds")

        panel.choose("experiments", 0)
        panel.press("Restore", until="said('Overfitting since epoch') && !commands().includes('--augment')")
        ended = panel.another_experiment()
        panel.press("augmentation (augment=True)", until="button('Train').disabled || experiments() > 4")
        wait(ended)
        assert panel.checked("augmentation") and "--augment" in commands()
        lesson.screenshot(picture)

        panel.choose("experiments", 0)
        panel.press("Restore", until="said('Overfitting since epoch') && !commands().includes('--augment')")
        assert not panel.checked("augmentation")
        assert panel.copied() == commands()
    return seconds


@contextmanager
def what_the_panel_says(panel: LaboratoryPanel) -> Iterator[None]:
    """Tell what stood in the laboratory when something that was waited for did not come."""
    try:
        yield
    except TimeoutError as late:
        raise AssertionError(f"{late.message}\nThe laboratory says:\n{panel.text}") from None


def require_a_sentence_about_a_wrong_parameter(lesson: NotebookPage, picture: Path) -> str:
    """Text in place of the first number among the parameters is answered with one sentence; returns the sentence."""
    cells = lesson.cells
    [index] = [index for index, cell in enumerate(cells) if "parameters" in cell["metadata"].get("tags", ())]
    following = next(i for i in range(index + 1, len(cells)) if cells[i]["cell_type"] == "code")
    numbers = map(NUMBER.match, cells[index]["source"].splitlines())
    line, name = next((line, found["name"]) for line, found in enumerate(numbers) if found)
    lesson.retype(index, line, f"{name} = 'oops'")
    lesson.run_through(index, following)
    lesson.screenshot(picture)
    [sentence] = lesson.cell(following).locator(".jp-OutputArea-output").all_inner_texts()
    assert re.fullmatch(rf"UserError: `?{name}`? must be .*, not 'oops'", sentence.strip())
    return sentence.strip()
