"""The playground in JupyterLab, where it is drawn in with pointer and keys and shares its maze with the kernel."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest
from jupyterlab_page import PATIENCE, NotebookPage, open_notebook
from nbformat.v4 import new_code_cell, new_notebook

from trm_nav import generate_mazes
from trm_nav.course.playground import widget

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CELLS = [
    "seed = 0",
    "import sys; sys.path[:0] = {paths!r}\n"
    "from playground_models import spreading_models\n"
    "from trm_nav.course.playground.widget import Playground\n"
    "playground = Playground(spreading_models(True, 1)[0].float(), grid_size=10, seed=seed)\nplayground",
    "print(playground.walls.astype(int).tolist(), playground.goal.tolist(), playground.start.tolist(), sep='\\n')",
    "import numpy\nplayground.show(numpy.zeros((7, 7), bool), (6, 0), (0, 6))",
]


@pytest.fixture
def notebook(lab) -> Iterator[NotebookPage]:
    browser, address, folder = lab
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    cells = [new_code_cell(source.replace("{paths!r}", repr(paths))) for source in CELLS]
    cells[0].metadata["tags"] = ["parameters"]
    python = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=python), folder / "playground.ipynb")
    with open_notebook(browser, address, "playground.ipynb") as notebook:
        notebook.run_through(0, 1)
        errors = [output["evalue"] for output in notebook.cells[1]["outputs"] if output["output_type"] == "error"]
        assert not errors
        notebook.page.locator(".trm-playground canvas").wait_for()
        yield notebook


def in_python(notebook: NotebookPage) -> tuple[np.ndarray, list[int], list[int]]:
    """Walls, goal and start, as the kernel has them."""
    notebook.run_through(2, 2)
    [output] = notebook.cells[2]["outputs"]
    walls, goal, start = map(json.loads, output["text"].splitlines())
    return np.array(walls, bool), goal, start


def require_in_python(notebook: NotebookPage, walls: np.ndarray, goal: list[int], start: list[int]) -> None:
    """The kernel has this maze, or gets it soon: while it is busy, the page holds its news back."""
    since = time.monotonic()
    while time.monotonic() - since < PATIENCE:
        found = in_python(notebook)
        if np.array_equal(found[0], walls) and found[1:] == (goal, start):
            return
    raise AssertionError(
        f"the kernel still has goal {found[1]}, start {found[2]}, and the walls\n{found[0].astype(int)}"
    )


def test_in_jupyterlab_pointer_and_keys_draw_and_the_kernel_has_what_is_drawn(notebook, keep):
    page, canvas = notebook.page, notebook.page.locator(".trm-playground canvas")
    count = len(notebook.cells)
    maze = generate_mazes(1, 10, widget.DENSITY, seed=0)
    goal, start = maze.goals[0].tolist(), maze.starts[0].tolist()
    require_in_python(notebook, maze.walls[0], goal, start)
    page.get_by_role("button", name="Clear").click()
    require_in_python(notebook, np.zeros((10, 10), bool), goal, start)

    def at(row: int, column: int) -> tuple[float, float]:
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        return box["x"] + (column + 0.5) * box["width"] / 10, box["y"] + (row + 0.5) * box["height"] / 10

    def drag(*cells: tuple[int, int]) -> None:
        page.mouse.move(*at(*cells[0]))
        page.mouse.down()
        for cell in cells[1:]:
            page.mouse.move(*at(*cell))
        page.mouse.up()

    # The goal and the start out of the way, then a wall, of which the pointer's events leave cells out.
    drag(tuple(goal), (9, 9))
    drag(tuple(start), (0, 9))
    drag((5, 0), (5, 7))
    drag((5, 3), (5, 4))
    expected = np.zeros((10, 10), bool)
    expected[5, [0, 1, 2, 5, 6, 7]] = True
    require_in_python(notebook, expected, [9, 9], [0, 9])

    # The cursor is where the pointer was last, at (5, 4).
    canvas.focus()
    for key in ("ArrowUp", "Space", "ArrowRight", "g", "ArrowDown", "s", "ArrowDown", "Space", "Space", "b"):
        page.keyboard.press(key)
    assert "Cell (6, 5): free" in page.locator(".trm-spoken").text_content()
    expected[4, 4], expected[5, 5] = True, False
    require_in_python(notebook, expected, [4, 5], [5, 5])
    slider, active = page.locator(".trm-playground input[type=range]").first, "window.notebook.content.activeCellIndex"
    slider.focus()
    before = page.evaluate(active)
    for key in ("ArrowUp", "ArrowDown", "a"):
        slider.press(key)
    assert len(notebook.cells) == count, "a key went to JupyterLab, which has added a cell"
    assert page.evaluate(active) == before, "an arrow went to JupyterLab, which has chosen another cell"
    keep(notebook.outside, "playground-jupyterlab")

    notebook.run_through(3, 3)
    page.wait_for_function("document.querySelector('.trm-here').innerText.startsWith('Cell (6, 0): goal')")
    require_in_python(notebook, np.zeros((7, 7), bool), [6, 0], [0, 6])
    assert not notebook.too_wide(".jp-OutputArea-output")
