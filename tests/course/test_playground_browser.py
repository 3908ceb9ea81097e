"""The playground in a real browser: in a page without Python, where its engine is compared with the library, and in
JupyterLab, where it is drawn in with pointer and keys and shares its maze with the kernel.

What a reader sees is kept in runs/browser/.
"""

import itertools
import json
import mimetypes
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import networkx
import numpy as np
import pytest
import torch
from jupyterlab_page import PATIENCE, SCREEN, NotebookPage, jupyterlab, open_notebook
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, Route

from trm_nav import create_model, generate_mazes, optimal_actions
from trm_nav.course.playground import widget
from trm_nav.course.playground.weights import weights
from trm_nav.learning.model import TinyRecursiveModel
from trm_nav.mazes.encoding import contains
from trm_nav.mazes.expert import distances
from trm_nav.mazes.grids import Mazes
from trm_nav.navigation.walk import path
from trm_nav.navigation.wavefront import advance

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KEPT = Path(__file__).parents[2] / "runs" / "browser"
STATIC = "http://127.0.0.1/playground/"  # answered from the package's folder, by no server
PHONE = {"width": 390, "height": 844}
SPREADING = 8  # recursions that a network must take somewhere before the last cell decides

PAGE = """<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="playground.css"><div id="here"></div>
<script type="module">
    import * as mazes from "./mazes.js";
    import * as network from "./network.js";
    import { mount } from "./playground.js";
    window.engine = { ...mazes, ...network };
    window.start = (options) => {
        const here = document.getElementById("here");
        window.playground = mount(here, { ...options, onChange: (maze) => { window.drawn = maze; } });
    };
</script>"""
# What the engine makes of every maze, as plain lists.
ANSWERS = """([weights, mazes]) => {
    const network = engine.readWeights(weights);
    return mazes.map((json) => {
        const maze = engine.readMaze(json), plan = engine.solve(network, maze), distance = engine.distances(maze);
        return {
            actions: [...plan.actions], decidedIn: [...plan.decidedIn], recursions: plan.recursions,
            distance: [...distance], shortest: engine.shortestPath(maze, distance), walk: engine.walk(plan, maze),
            mistakes: engine.mistakes(plan, maze, distance), again: engine.writeMaze(maze),
        };
    });
}"""


@pytest.fixture
def page(browser) -> Iterator[Page]:
    """A page without Python that has the modules as a web server would give them out."""
    page, errors = browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(error))
    page.route(f"{STATIC}**", answer)
    try:
        page.goto(STATIC)
        page.wait_for_function("'start' in window")
        yield page
    finally:
        page.close()
    assert not errors


def answer(route: Route) -> None:
    name = urlsplit(route.request.url).path.rpartition("/")[2]
    if not name:
        route.fulfill(body=PAGE, content_type="text/html")
    else:
        route.fulfill(path=widget.FOLDER / name, content_type=mimetypes.guess_type(name)[0])


def random_model(seed: int, binary: bool) -> TinyRecursiveModel:
    """A network with random weights in double precision, as JavaScript has it: both sides then round alike."""
    torch.manual_seed(seed)
    model = create_model(dim=4, depth=1, mixing="cross", halting=True, binary=binary).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_()
        model.head.bias.zero_()  # otherwise one action would be the answer nearly everywhere
    return model


def spreading_models(binary: bool, count: int) -> list[TinyRecursiveModel]:
    """Random networks in which cells decide one after the other. In most, all decide at once, or none."""
    mazes = generate_mazes(10, 12, "0.1..0.4", seed=1, kind="random,depth-first")
    models = (random_model(seed, binary) for seed in itertools.count())
    spreading = (one for one in models if advance(one, mazes.walls, mazes.goals)[1].max() >= SPREADING)
    return list(itertools.islice(spreading, count))


def as_json(mazes: Mazes) -> list[dict]:
    return [
        {"rows": ["".join(".#"[wall] for wall in row) for row in walls.tolist()], "goal": goal, "start": start}
        for walls, goal, start in zip(mazes.walls, mazes.goals.tolist(), mazes.starts.tolist(), strict=True)
    ]


@pytest.fixture(scope="module")
def mazes() -> list[Mazes]:
    return [generate_mazes(20, size, "0..0.5", seed=size, kind="random,depth-first,wilson") for size in (5, 8, 13, 24)]


@pytest.mark.parametrize("binary", [True, False])
def test_the_page_decides_and_acts_in_every_cell_as_the_library_does(page, mazes, binary):
    for model in spreading_models(binary, 4):
        for batch in mazes:
            answers = page.evaluate(ANSWERS, [weights(model), as_json(batch)])
            actions, decided_in = advance(model, batch.walls, batch.goals)
            np.testing.assert_array_equal([one["decidedIn"] for one in answers], decided_in.reshape(len(batch), -1))
            np.testing.assert_array_equal([one["actions"] for one in answers], actions.reshape(len(batch), -1))
            assert [one["recursions"] for one in answers] == decided_in.max(axis=(1, 2)).tolist()


def test_the_search_in_the_page_agrees_with_the_expert_and_its_walk_with_the_library(page, mazes):
    model, walks = spreading_models(True, 3)[-1], 0
    for batch in mazes:
        actions, decided_in = advance(model, batch.walls, batch.goals)
        steps, optimal = distances(batch.walls, batch.goals), optimal_actions(batch.walls, batch.goals)
        answers = page.evaluate(ANSWERS, [weights(model), as_json(batch)])
        assert [one["again"] for one in answers] == as_json(batch)
        for index, one in enumerate(answers):
            n, start, goal = batch.grid_size, tuple(batch.starts[index]), tuple(batch.goals[index])
            reachable = optimal[index] != 0
            np.testing.assert_array_equal(np.reshape(one["distance"], (n, n))[reachable], steps[index][reachable])
            assert set(np.reshape(one["distance"], (n, n))[~reachable].tolist()) <= {-1}
            assert len(one["shortest"]) == steps[index][start] + 1
            lengths = np.abs(np.diff(np.stack(np.divmod(one["shortest"], n)), axis=1)).sum(axis=0)
            assert (lengths == 1).all() and not batch.walls[index].ravel()[one["shortest"]].any()
            decided = decided_in[index] > 0
            wrong = np.where(reachable, ~decided | ~contains(optimal[index], actions[index]), decided)
            assert one["mistakes"] == np.flatnonzero(wrong & ~batch.walls[index]).tolist()
            cells = path(actions[index], batch.walls[index], start, goal)
            taken = [divmod(cell, n) for cell in one["walk"]["cells"]]
            assert taken == cells[: len(taken)]
            assert one["walk"]["arrives"] == (taken[-1] == goal)
            assert one["walk"]["waits"] == (not decided[taken[-1]] and taken[-1] != goal)
            assert one["walk"]["waits"] or taken == cells
            walks += len(taken) > 2
    assert walks, "no walk took more than a step"


@pytest.mark.parametrize("size", [5, 16, 31, 64])
def test_a_perfect_maze_is_a_tree(page, size):
    maze = page.evaluate("(size) => engine.writeMaze(engine.perfectMaze(size))", size)
    free = {(row, column) for row, line in enumerate(maze["rows"]) for column, cell in enumerate(line) if cell == "."}
    graph = networkx.grid_2d_graph(size, size).subgraph(free)
    assert networkx.is_tree(graph)
    assert {(row, column) for row in range(0, size, 2) for column in range(0, size, 2)} <= free
    assert {tuple(maze["goal"]), tuple(maze["start"])} <= free


def test_a_random_maze_has_about_its_share_of_walls_and_ends_that_reach_each_other(page):
    made = page.evaluate("""() => [0, 0.1, 0.3, 0.6, 1].map((density) => {
        const maze = engine.randomMaze(40, density);
        return {walls: maze.walls.reduce((sum, wall) => sum + wall), away: engine.distances(maze)[maze.start]};
    })""")
    for density, maze in zip((0, 0.1, 0.3, 0.6, 1), made, strict=True):
        # Six standard deviations of 1,600 independent walls, and the cells that become free for eight tries of a goal.
        assert abs(maze["walls"] - 1600 * density) <= 6 * (1600 * density * (1 - density)) ** 0.5 + 8
        assert maze["away"] >= (1 if density < 1 else 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("weights.format = 'other'", 'must have the `format` "trm_nav playground weights"'),
        ("weights.version = 2", "version 2, not 1"),
        ("weights.dim = 'x'", "need `dim`"),
        ("weights.parameters['halt.bias'] = [[0]]", "`halt.bias` must be numbers in lists of the shape 1."),
        ("weights.parameters['head.bias'] = [0, 0, 0, 0, null]", "`head.bias` must be numbers"),
        ("delete weights.parameters['norm.weight']", "`norm.weight` must be numbers"),
        ("maze.rows.pop()", "A maze needs `rows`, 5 to 101 strings"),
        ("maze.rows[0] = 'xxxxx'", 'consist of "#", a wall, and ".", a free cell'),
        ("maze.goal = [0, 5]", "must be free cells"),
        ("maze.start = undefined", "must be free cells"),
        ("weights = undefined", "must have the `format`"),
    ],
)
def test_data_that_cannot_be_used_are_answered_by_one_sentence_in_the_page(page, change, said):
    given = [weights(random_model(0, True)), {"rows": ["....."] * 5, "goal": [0, 0], "start": [4, 4]}]
    page.evaluate(f"([weights, maze]) => {{ {change}; start({{weights, maze}}); }}", given)
    assert said in page.get_by_role("alert").inner_text()
    assert not page.locator("canvas").is_visible()
    page.evaluate("([weights, maze]) => { playground.setWeights(weights); playground.setMaze(maze); }", given)
    assert page.locator("canvas").is_visible() and not page.get_by_role("alert").is_visible()


def slide(page: Page, name: str, value: int) -> None:
    """Move a slider as a pointer does."""
    page.get_by_role("slider", name=name).fill(str(value))


def verdict(page: Page) -> str:
    return page.locator(".trm-verdict").inner_text()


def test_the_buttons_and_sliders_make_mazes_and_move_through_the_recursions(page):
    model = spreading_models(True, 1)[0]
    maze = generate_mazes(1, 12, 0.3, seed=1)
    _, decided_in = advance(model, maze.walls, maze.goals)
    last, free = int(decided_in.max()), int((~maze.walls).sum())
    page.evaluate("(options) => start(options)", {"weights": weights(model), "maze": as_json(maze)[0]})
    assert verdict(page).startswith(f"Finished after {last} recursions: {(decided_in > 0).sum()} cells decided, ")
    for recursion in range(last + 1):
        if recursion == 0:
            page.get_by_role("button", name="Start over").click()
        else:
            page.get_by_role("button", name="Step").click()
        now = int(((decided_in > 0) & (decided_in <= recursion)).sum())
        if recursion < last:
            cells = f"{now} cell{'' if now == 1 else 's'} decided"
            assert verdict(page).startswith(f"After {recursion} of {last} recursions: {cells}, {free - now} waiting.")
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Play").wait_for()  # while it plays, it is called Pause
    assert verdict(page).startswith("Finished")
    assert page.locator(".trm-spoken").text_content() == page.locator(".trm-verdict").text_content()

    page.get_by_role("button", name="Clear").click()
    assert page.evaluate("drawn.rows") == ["." * 12] * 12
    slide(page, "Size", 20)
    assert page.evaluate("drawn.rows") == ["." * 20] * 20
    page.get_by_role("button", name="Perfect").click()
    assert sum(row.count(".") for row in page.evaluate("drawn.rows")) == 2 * 10 * 10 - 1
    slide(page, "Size", 9)
    assert sum(row.count(".") for row in page.evaluate("drawn.rows")) == 2 * 5 * 5 - 1
    slide(page, "Walls", 0)
    assert page.evaluate("drawn.rows") == ["." * 9] * 9


@pytest.mark.parametrize("screen", [PHONE, {"width": 1024, "height": 768}, SCREEN], ids=lambda one: str(one["width"]))
def test_nothing_is_wider_than_the_screen_and_the_maze_fits_on_it(page, screen):
    page.set_viewport_size(screen)
    maze = generate_mazes(1, 16, 0.3, seed=2)
    page.evaluate(
        "(options) => start(options)", {"weights": weights(random_model(17, False)), "maze": as_json(maze)[0]}
    )
    page.locator("canvas").focus()
    page.screenshot(path=KEPT / f"playground-{screen['width']}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= screen["width"]
    box = page.locator("canvas").bounding_box()
    assert box["width"] == box["height"] <= screen["height"]
    page.set_viewport_size(SCREEN)


# ------------------------------------------------------------------------------------------------------- in JupyterLab

CELLS = [
    "seed = 0",
    "import sys; sys.path[:0] = {paths!r}\n"
    "from test_playground_browser import spreading_models\n"
    "from trm_nav.course.playground.widget import Playground\n"
    "playground = Playground(spreading_models(True, 1)[0].float(), grid_size=10, seed=seed)\nplayground",
    "print(playground.walls.astype(int).tolist(), playground.goal.tolist(), playground.start.tolist(), sep='\\n')",
    "import numpy\nplayground.show(numpy.zeros((7, 7), bool), (6, 0), (0, 6))",
]


@pytest.fixture
def notebook(browser, tmp_path_factory) -> Iterator[NotebookPage]:
    folder = tmp_path_factory.mktemp("notebooks")
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    cells = [new_code_cell(source.replace("{paths!r}", repr(paths))) for source in CELLS]
    cells[0].metadata["tags"] = ["parameters"]
    python = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=python), folder / "playground.ipynb")
    with (
        jupyterlab(folder, tmp_path_factory.mktemp("jupyterlab")) as address,
        open_notebook(browser, address, "playground.ipynb") as notebook,
    ):
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


def test_in_jupyterlab_pointer_and_keys_draw_and_the_kernel_has_what_is_drawn(notebook):
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
    notebook.screenshot(KEPT / "playground-jupyterlab.png")

    notebook.run_through(3, 3)
    page.wait_for_function("document.querySelector('.trm-here').innerText.startsWith('Cell (6, 0): goal')")
    require_in_python(notebook, np.zeros((7, 7), bool), [6, 0], [0, 6])
    assert not notebook.too_wide(".jp-OutputArea-output")
