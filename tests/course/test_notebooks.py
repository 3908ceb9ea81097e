"""What every committed notebook must be, that each runs where there is no browser, and parameters from papermill."""

import re
from pathlib import Path

import nbformat
import pytest
from build_notebooks import LARGEST, LONGEST, WIDGET, fingerprint
from jupyterlab_page import find_chromium
from nbclient import NotebookClient
from quick_lessons import add_reader, quicken, require_exercises_unsolved_until_solved, solution_code, tagged

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


@each_notebook
def test_a_committed_notebook_is_valid_executed_in_order_and_without_errors(path):
    notebook = read(path)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]


@each_notebook
def test_the_outputs_of_a_committed_notebook_are_not_older_than_its_cells(path):
    notebook = read(path)
    assert notebook.metadata["trm_nav"]["cells"] == fingerprint(notebook), "run make notebooks"


@each_notebook
def test_a_committed_notebook_is_light_and_carries_neither_widgets_nor_timings_nor_paths(path):
    assert path.stat().st_size <= LARGEST
    text = path.read_text()
    notebook = read(path)
    assert "widgets" not in notebook.metadata and WIDGET not in text
    assert not [cell for cell in notebook.cells if "execution" in cell.metadata]
    assert str(ROOT) not in text and "/home/" not in text and "ipykernel_" not in text


@each_notebook
def test_a_notebook_has_one_cell_of_flat_commented_parameters(path):
    notebook = read(path)
    [index] = tagged(notebook, "parameters")
    for line in filter(str.strip, notebook.cells[index].source.splitlines()):
        assert " = " in line and "  # " in line, f"a parameter is 'name = value  # what it is': {line}"


@each_notebook
def test_the_opening_states_three_times_and_the_minutes_of_the_exercises_add_up(path):
    notebook = read(path)
    opening = notebook.cells[0].source
    times = dict(re.findall(rf"<!-- m:lessons\.{path.stem}\.(\w+) -->([^<]+)<!-- /m -->", opening))
    assert times.keys() == {"reading", "exercises", "running"}
    headings = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    minutes = (int(found) for source in headings for found in re.findall(r"\*\(\w+, (\d+) minutes\)\*", source))
    assert times["exercises"] == f"{sum(minutes)} min"


@each_notebook
def test_every_exercise_has_a_stub_a_check_and_a_folded_solution_in_this_order(path):
    notebook = read(path)
    stubs = tagged(notebook, "exercise")
    assert 2 <= len(stubs) <= 4
    assert tagged(notebook, "check") == [stub + 1 for stub in stubs]
    assert tagged(notebook, "solution") == [stub + 2 for stub in stubs]
    for stub in stubs:
        assert notebook.cells[stub - 1].cell_type == "markdown" and "minutes" in notebook.cells[stub - 1].source
        assert "..." in notebook.cells[stub].source


@each_notebook
def test_a_solution_is_folded_text_that_nothing_runs(path):
    notebook = read(path)
    for index in tagged(notebook, "solution"):
        cell = notebook.cells[index]
        assert cell.cell_type == "markdown"
        assert cell.source.startswith("<details>\n<summary>Solution (try first)</summary>\n\n")
        assert cell.source.endswith("\n\n</details>")
        assert solution_code(cell)


@pytest.mark.slow
@pytest.mark.skipif(find_chromium() is not None, reason="test_browser.py runs the lessons, in JupyterLab")
@each_notebook
def test_a_lesson_runs_to_its_end_and_its_exercises_stay_unsolved_until_a_reader_solves_them(path, tmp_path):
    notebook = read(path)
    quicken(notebook, path.stem)
    add_reader(notebook)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=LONGEST, store_widget_state=False, resources=resources).execute()
    require_exercises_unsolved_until_solved(notebook.cells)


def papermill(path: Path, folder: Path, **parameters) -> str:
    """Run a notebook as papermill does; the error that ends it, or nothing."""
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import execute_notebook

    try:
        execute_notebook(path, folder / "out.ipynb", parameters, cwd=folder, progress_bar=False)
    except PapermillExecutionError as error:
        return str(error)
    return ""


TRAIN = ROOT / "notebooks" / "04_train.ipynb"
WRONG = {
    "`augment` must be True or False, not 'true' (papermill reads True and False with a capital letter)": {
        "augment": "true"
    },
    "`dim` must be a whole number from 1 to 4096, not -3": {"dim": -3},
    "there is no recipe 'tinny'; did you mean 'tiny'?": {"recipe": "tinny"},
    "`evaluation_mazes` must be a whole number from 1 to 100000, not 0": {"evaluation_mazes": 0},
    "this notebook has no parameter 'dims'; did you mean 'dim'?": {"dims": 128},
}


@pytest.mark.slow
def test_papermill_ends_at_a_wrong_parameter_with_one_clear_line(tmp_path):
    [*_, (sentence, given)] = WRONG.items()
    error = papermill(TRAIN, tmp_path, **given)
    assert f"UserError: {sentence}" in error
    assert "Traceback" not in error and ".py" not in error.split("UserError", 1)[1]
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_every_wrong_parameter_is_one_clear_line(tmp_path):
    """In one kernel, what papermill makes of the notebook up to the cell that looks at the parameters."""
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    together = read(TRAIN)
    together.cells = []
    for given in WRONG.values():
        notebook = parameterize_notebook(load_notebook_node(str(TRAIN)), given)
        [injected] = tagged(notebook, "injected-parameters")
        together.cells += [cell for cell in notebook.cells[: injected + 2] if cell.cell_type == "code"]
    NotebookClient(together, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}).execute()
    errors = [output for cell in together.cells for output in cell.outputs if output.output_type == "error"]
    assert [(error.ename, error.evalue) for error in errors] == [("UserError", sentence) for sentence in WRONG]
    shown = "".join(line for error in errors for line in error.traceback)
    assert "Traceback" not in shown and ".py" not in shown
    assert not (tmp_path / "runs").exists()
