"""Every lesson in a real JupyterLab in a real browser: it runs, its pictures follow its sliders, it says what is wrong.

What a reader sees is kept in runs/browser/, screen by screen, and how long it took in a .json file beside it. Times are
for looking at: on a busy machine they say little, so no test fails because of one.
"""

import json
import os
import re
from pathlib import Path

import pytest
from jupyterlab_page import NotebookPage, chromium, find_chromium, jupyterlab

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one server and one browser for all

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "runs" / "browser"
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NUMBER = re.compile(r"(?P<name>\w+) = -?[\d._]+(e-?\d+)?\b")


class Lesson(NotebookPage):
    """A lesson's page, and what there is to report of it."""

    def __init__(self, name, page, address):
        self.name, self.report = name, {}
        super().__init__(page, address)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """An open browser, and the address of a lesson in JupyterLab."""
    path = find_chromium()
    if path is None:
        sentence = "no Chromium is installed to try the lessons in; on Debian and Ubuntu, run: apt install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence, pytrace=False)
        pytest.skip(sentence)
    with jupyterlab(ROOT / "notebooks", tmp_path_factory.mktemp("jupyterlab")) as address, chromium(path) as browser:
        yield browser, address


@pytest.fixture(scope="module", params=LESSONS, ids=lambda path: path.stem)
def lesson(lab, request):
    """A lesson in which all cells have been run; its kernel ends with it."""
    browser, address = lab
    name = request.param.stem
    for old in KEPT.glob(f"{name}*"):
        old.unlink()
    with browser.new_page() as page:
        lesson = Lesson(name, page, address.format(name=request.param.name))
        try:
            lesson.report["seconds"] = round(lesson.run_all(), 1)
            lesson.screenshots(KEPT, name)
            yield lesson
        finally:
            lesson.end()
            KEPT.mkdir(parents=True, exist_ok=True)
            (KEPT / f"{name}.json").write_text(json.dumps(lesson.report, indent=1))


def tagged(cells: list[dict], tag: str) -> list[int]:
    return [index for index, cell in enumerate(cells) if tag in cell["metadata"].get("tags", ())]


def errors(cells: list[dict]) -> list[str]:
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return [f"{output['ename']}: {output['evalue']}" for output in outputs if output["output_type"] == "error"]


def test_a_lesson_runs_to_its_end_without_an_error(lesson):
    cells = lesson.cells
    assert not errors(cells)
    code = [cell for cell in cells if cell["cell_type"] == "code" and cell["source"]]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))


def test_no_output_is_wider_than_its_place(lesson):
    lesson.report["cells_with_long_lines"] = lesson.too_wide(".cm-scroller")
    assert not lesson.too_wide(".jp-OutputArea-output")


def test_every_slider_changes_its_picture_and_the_page_does_not_jump(lesson):
    outputs = lesson.with_sliders()
    wanted = sum("explore(" in cell["source"] for cell in lesson.cells if cell["cell_type"] == "code")
    assert len(outputs) >= wanted
    answers = [lesson.move(output, slider) for output in outputs for slider in range(lesson.sliders(output))]
    lesson.report["sliders"] = answers
    for answer in answers:
        assert answer["changed"], f"the picture is the same after moving {answer['slider']}"
        assert max(answer["heights"]) - min(answer["heights"]) <= 2, f"the page jumps: {answer}"


def test_a_wrong_parameter_is_answered_with_one_sentence(lesson):
    cells = lesson.cells
    [index] = tagged(cells, "parameters")
    lines = cells[index]["source"].splitlines()
    line, name = next((line, found["name"]) for line, text in enumerate(lines) if (found := NUMBER.match(text)))
    lesson.retype(index, line, f"{name} = 'oops'")
    following = next(i for i in range(index + 1, len(cells)) if cells[i]["cell_type"] == "code")
    lesson.run_through(index, following)
    lesson.screenshot(KEPT / f"{lesson.name}-wrong.png")
    shown = lesson.cell(following).locator(".jp-OutputArea-output").all_inner_texts()
    lesson.report["wrong"] = shown
    [sentence] = shown
    assert re.fullmatch(rf"UserError: {name} must be .*, not 'oops'", sentence.strip())
