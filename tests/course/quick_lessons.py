"""Lessons as tests run them: with smaller parameters, and with a reader who tries and then solves the exercises.

`make nbmake` and `make notebooks` run every lesson as it is.
"""

import re
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

# Small where most of a lesson's time is training, and large enough for its exercises to have something to measure.
PARAMETERS: dict[str, dict[str, Any]] = {
    "00_grids": dict(num_mazes=2000),
    "01_astar": dict(num_mazes=200),
    "02_encoding": dict(num_mazes=500, num_train=100, epochs=3),
    "03_mixer": dict(dim=16, recursions=4, num_train=64, epochs=2, batch_size=8),
    "04_train": dict(num_train=500, epochs=3, evaluation_mazes=200),
    "05_diagnostics": dict(grid_size=5, num_train=300, num_test=100, num_final=200),
    "06_resume": dict(num_train=100),
    "07_wave": dict(num_train=3000, local_train=300, local_epochs=2, short_epochs=1, large=24, huge=51),
    "08_search": dict(epochs=1, long_epochs=2, draws=60),
}


def tagged(notebook: NotebookNode, tag: str) -> list[int]:
    """The numbers of the cells with a tag."""
    return [index for index, cell in enumerate(notebook.cells) if tag in tags(cell)]


def tags(cell: dict[str, Any]) -> list[str]:
    return cell["metadata"].get("tags", [])


def quicken(notebook: NotebookNode, lesson: str) -> None:
    """Put a lesson's smaller parameters into its parameter cell."""
    [index] = tagged(notebook, "parameters")
    cell = notebook.cells[index]
    for name, value in PARAMETERS.get(lesson, {}).items():
        cell.source, found = re.subn(rf"^{name} = [^#]*", f"{name} = {value}  ", cell.source, flags=re.MULTILINE)
        assert found == 1, f"{lesson} has no parameter {name}"


def add_reader(notebook: NotebookNode) -> None:
    """Append what a reader does after Run All: the checks again, in reverse; then each solution, and its check.

    So a later cell must not have overwritten what a check needs.
    """
    stubs = tagged(notebook, "exercise")
    checks = [notebook.cells[stub + 1].source for stub in stubs]
    notebook.cells += [tagged_cell(check, "check") for check in reversed(checks)]
    for stub, check in zip(stubs, checks, strict=True):
        solution = solution_code(notebook.cells[stub + 2])
        notebook.cells += [tagged_cell(solution, "solved by the reader"), tagged_cell(check, "check of a solution")]


def tagged_cell(source: str, tag: str) -> NotebookNode:
    return new_code_cell(source, metadata={"tags": [tag]})


def solution_code(cell: NotebookNode) -> str:
    """The code of the one Python block of a solution."""
    [code] = re.findall(r"\n\n```python\n(.+?)\n```\n", cell.source, flags=re.DOTALL)
    return code


def require_exercises_unsolved_until_solved(cells: list[dict[str, Any]]) -> None:
    """Of a lesson that ran with its reader: no check passes before its exercise is solved, and each does after."""
    unsolved = [printed(cell) for cell in cells if "check" in tags(cell)]
    solved = [printed(cell) for cell in cells if "check of a solution" in tags(cell)]
    assert len(unsolved) == 2 * len(solved) > 0
    for text in unsolved:
        assert ": not yet. " in text and "solved." not in text, text
    for text in solved:
        assert "solved." in text, text


def printed(cell: dict[str, Any]) -> str:
    """What a code cell has printed."""
    texts = (output.get("text", "") for output in cell["outputs"] if output.get("name") == "stdout")
    return "".join("".join(text) for text in texts)
