"""Every lesson in a real JupyterLab in a real browser: it runs, its exercises are unsolved until they are solved, its
pictures follow its sliders, and it says what is wrong.

How long it took is kept in a .json file in runs/browser/, and with the option --screenshots what a reader sees, screen
by screen. Times are for looking at: on a busy machine they say little, so no test fails because of one.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jupyterlab_page import SCREEN, NotebookPage, open_notebook
from laboratory_page import ASK, LaboratoryPanel
from playwright.sync_api import TimeoutError
from quick_lessons import require_exercises_unsolved_until_solved

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "runs" / "browser"
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# For the laboratory: a preset that overfits in a moment, and one that lasts until Stop is pressed, on any machine.
QUICK_PRESETS = """
from trm_nav.course.laboratory.presets import PRESETS
PRESETS["Overfitting"]["num_train"] = 100
PRESETS["Healthy"]["epochs"] = 100_000
"""
SMALL_SCREEN = {"width": 1024, "height": 768}
NUMBER = re.compile(r"(?P<name>\w+) = -?[\d._]+(e-?\d+)?\b")


# One test for all that a reader does in a lesson: whichever process gets it, the lesson runs only once.
@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_has_exercises_to_solve_answers_its_sliders_and_says_what_is_wrong_with_a_parameter(
    path, lab, keep, pytestconfig
):
    for old in KEPT.glob(f"{path.stem}*"):
        old.unlink()
    report = {}
    try:
        with open_notebook(*lab[:2], path.name) as lesson:
            if path.stem == "05_diagnostics":
                lesson.execute(QUICK_PRESETS)
            report["seconds"] = round(lesson.run_all(), 1)
            if pytestconfig.getoption("screenshots"):
                lesson.screenshots(keep, path.stem)
            require_a_run_to_the_end(lesson.cells)
            require_exercises_unsolved_until_solved(lesson.cells)
            report["cells with long lines"] = lesson.too_wide(".cm-scroller")
            assert not lesson.too_wide(".jp-OutputArea-output"), "these cells have outputs wider than the page"
            assert not lesson.pictures_without_words(), "these cells have pictures without a text alternative"
            report["sliders"] = require_pictures_that_follow_their_sliders(lesson)
            if path.stem == "05_diagnostics":
                report["laboratory"] = require_a_laboratory_that_answers(lesson, keep)
            report["wrong"] = require_a_sentence_about_a_wrong_parameter(lesson)
            keep(lesson.outside, f"{path.stem}-wrong")
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


def require_a_laboratory_that_answers(lesson: NotebookPage, keep: Callable[..., None]) -> dict[str, float]:
    """Train, a preset, Stop, three seeds, a remedy, an earlier run and Copy, one after the other; the seconds of some.

    What comes of an experiment is tested without a browser; here only what is on the page is waited for.
    """
    panel, seconds = LaboratoryPanel(lesson), {}

    def wait(condition: str) -> None:
        lesson.wait(f"() => {{ {ASK} return {condition}; }}", lambda: panel.text)

    with what_the_panel_says(panel):
        assert len(panel.experiments()) == 1 and panel.says("Overfitting since epoch")
        ended = panel.another_experiment()
        seconds["start"] = panel.press("Train", until="said('Run 2 · ')", clicks=2)
        wait(ended)
        assert len(panel.experiments()) == 2, "two clicks on Train must start one run"

        stopped = panel.another_experiment()
        seconds["first point of a preset"] = panel.press("Healthy", until="said('Run 3 · ') && epoch() > 1")
        assert panel.ask("remedies()") == 0, "remedies are offered once a run has ended"
        seconds["a slider while it trains"] = panel.move("dropout")
        assert panel.says("dropout is 0.1 from now on.") and panel.value("dropout") == "0.1"
        seconds["stop"] = panel.press("Stop", until=stopped)
        assert panel.experiments()[-1].endswith("stopped")

        panel.toggle("three seeds")
        ended = panel.another_experiment()
        panel.press("Overfitting", until="said('Run 4 · ')")
        wait(f"{ended} && said('Three seeds.')")
        panel.toggle("three seeds")

        panel.press(panel.experiments()[0], until="said('Run 1 · epoch') && !commands().includes('--augment')")
        ended = panel.another_experiment()
        panel.press("augmentation (augment=True)", until="said('Run 5 · ')")
        wait(ended)
        assert panel.checked("augmentation") and "--augment" in panel.ask("commands()")
        keep(lesson.outside, "05_diagnostics-laboratory")

        panel.press(panel.experiments()[0], until="said('Run 1 · epoch') && !commands().includes('--augment')")
        assert not panel.checked("augmentation")
        assert [label.split(" · ")[0] for label in panel.experiments()] == [f"Run {number}" for number in range(1, 6)]
        assert panel.copied() == panel.ask("commands()")
        require_a_panel_that_keeps_its_keys_and_fits(lesson, panel, keep)
        require_a_sentence_after_a_restart(lesson, panel)
    return seconds


def require_a_panel_that_keeps_its_keys_and_fits(
    lesson: NotebookPage, panel: LaboratoryPanel, keep: Callable[..., None]
) -> None:
    """JupyterLab takes no key from the panel, which shows all of itself on a small screen, in both of its themes."""
    cells, page = len(lesson.cells), lesson.page
    active = page.evaluate("window.notebook.content.activeCellIndex")
    panel.panel.get_by_label("the loss reads").focus()
    for key in ("ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    panel.panel.get_by_role("button", name="Overfitting", exact=True).focus()
    for key in ("b", "a", "ArrowDown", "d", "d"):
        page.keyboard.press(key)
    assert len(lesson.cells) == cells, "a key went to JupyterLab, which has added or deleted cells"
    assert page.evaluate("window.notebook.content.activeCellIndex") == active
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        light = theme.endswith("Light")
        page.wait_for_function(f"document.body.dataset.jpThemeLight === '{str(light).lower()}'")
        colour = panel.panel.evaluate("panel => getComputedStyle(panel).color")
        assert (max(map(int, re.findall(r"\d+", colour))) < 128) == light, f"letters are {colour} in {theme}"
        page.set_viewport_size(SMALL_SCREEN)
        assert not panel.cut_off(), f"at {SMALL_SCREEN['width']} pixels"
        panel.panel.scroll_into_view_if_needed()
        keep(lesson.outside, f"05_diagnostics-laboratory-{'light' if light else 'dark'}")
        page.set_viewport_size(SCREEN)


def require_a_sentence_after_a_restart(lesson: NotebookPage, panel: LaboratoryPanel) -> None:
    """When the kernel has been restarted, the panel says what to do, and no button looks as if it would answer."""
    lesson.page.evaluate("window.notebook.sessionContext.restartKernel().then(() => null)")
    panel.wait("said('Python was restarted or has ended: run this cell again.')")
    assert panel.panel.locator("button").evaluate_all(
        "all => all.every(one => one.closest('[inert], details') !== null)"
    )


@contextmanager
def what_the_panel_says(panel: LaboratoryPanel) -> Iterator[None]:
    """Tell what stood in the laboratory when something that was waited for did not come."""
    try:
        yield
    except TimeoutError as late:
        raise AssertionError(f"{late.message}\nThe laboratory says:\n{panel.text}") from None


def require_a_sentence_about_a_wrong_parameter(lesson: NotebookPage) -> str:
    """Text in place of the first number among the parameters is answered with one sentence; returns the sentence."""
    cells = lesson.cells
    [index] = [index for index, cell in enumerate(cells) if "parameters" in cell["metadata"].get("tags", ())]
    following = next(i for i in range(index + 1, len(cells)) if cells[i]["cell_type"] == "code")
    numbers = map(NUMBER.match, cells[index]["source"].splitlines())
    line, name = next((line, found["name"]) for line, found in enumerate(numbers) if found)
    lesson.retype(index, line, f"{name} = 'oops'")
    lesson.run_through(index, following)
    [sentence] = lesson.cell(following).locator(".jp-OutputArea-output").all_inner_texts()
    assert re.fullmatch(rf"UserError: `?{name}`? must be .*, not 'oops'", sentence.strip())
    return sentence.strip()
