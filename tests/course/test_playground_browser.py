"""The playground in a real browser, in a page without Python, where its engine is compared with the library."""

import mimetypes
from collections.abc import Iterator
from urllib.parse import urlsplit

import networkx
import numpy as np
import pytest
from jupyterlab_page import SCREEN
from playground_models import random_model, spreading_models
from playwright.sync_api import Page, Route

from trm_nav import generate_mazes, optimal_actions
from trm_nav.course.playground import widget
from trm_nav.course.playground.weights import weights
from trm_nav.mazes.encoding import contains
from trm_nav.mazes.expert import distances
from trm_nav.mazes.grids import Mazes
from trm_nav.navigation.walk import path
from trm_nav.navigation.wavefront import advance

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STATIC = "http://127.0.0.1/playground/"  # answered from the package's folder, by no server
PHONE = {"width": 390, "height": 844}

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
    for model in spreading_models(binary, 2):
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
def test_nothing_is_wider_than_the_screen_and_the_maze_fits_on_it(page, keep, screen):
    page.set_viewport_size(screen)
    maze = generate_mazes(1, 16, 0.3, seed=2)
    page.evaluate(
        "(options) => start(options)", {"weights": weights(random_model(17, False)), "maze": as_json(maze)[0]}
    )
    page.locator("canvas").focus()
    keep(page, f"playground-{screen['width']}")
    assert page.evaluate("document.documentElement.scrollWidth") <= screen["width"]
    box = page.locator("canvas").bounding_box()
    assert box["width"] == box["height"] <= screen["height"]
    page.set_viewport_size(SCREEN)
