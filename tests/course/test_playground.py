"""The playground in Python: the weights that a page gets, and the maze that page and notebook share."""

import json
import re

import numpy as np
import pytest
import torch

from trm_nav import UserError, create_model, generate_mazes
from trm_nav.course.playground import widget
from trm_nav.course.playground.weights import FORMAT, VERSION, weights
from trm_nav.course.playground.widget import Playground
from trm_nav.course.plots import style

WAVE = {"dim": 4, "depth": 1, "mixing": "cross", "halting": True, "binary": True}


def source(name: str) -> str:
    return (widget.FOLDER / name).read_text(encoding="utf-8")


@pytest.fixture
def model():
    return create_model(**WAVE)


def test_weights_survive_json_without_loss(model):
    read = json.loads(json.dumps(weights(model)))
    assert (read["dim"], read["binary"]) == (4, True)
    assert read["parameters"].keys() == dict(model.named_parameters()).keys()
    for name, parameter in model.named_parameters():
        assert torch.equal(torch.tensor(read["parameters"][name]), parameter), name


@pytest.mark.parametrize(
    "other", [{"mixing": "conv"}, {"depth": 2}, {"mixing": "mlp", "halting": False, "binary": False}]
)
def test_a_model_that_the_page_cannot_compute_is_refused(other):
    with pytest.raises(UserError, match="the playground needs a model with `halting`"):
        weights(create_model(**WAVE | other))


def test_a_model_whose_training_has_diverged_is_refused(model):
    with torch.no_grad():
        model.halt.bias.fill_(torch.nan)
    with pytest.raises(UserError, match=r"`halt\.bias` is not finite"):
        Playground(model)


def test_the_first_maze_is_one_of_generate_mazes(model):
    playground, mazes = Playground(model, grid_size=11, seed=3), generate_mazes(1, 11, widget.DENSITY, seed=3)
    np.testing.assert_array_equal(playground.walls, mazes.walls[0])
    np.testing.assert_array_equal(playground.goal, mazes.goals[0])
    np.testing.assert_array_equal(playground.start, mazes.starts[0])
    assert playground.walls.dtype == bool and playground.goal.dtype == playground.start.dtype == np.int64


@pytest.mark.parametrize("size", [4, 102, 2000, 0, "16", None])
def test_a_size_that_the_page_does_not_show_is_refused(model, size):
    with pytest.raises(UserError, match="grid_size"):
        Playground(model, grid_size=size)


def test_a_maze_that_is_shown_is_the_maze_on_the_page_and_observers_are_told_once(model):
    playground, told = Playground(model), []
    playground.observe(told.append, "maze")
    walls = np.zeros((6, 6), bool)
    walls[2, 1:] = True
    playground.show(walls, goal=(0, 5), start=np.array([5, 5]))
    np.testing.assert_array_equal(playground.walls, walls)
    assert (playground.goal.tolist(), playground.start.tolist(), len(told)) == ([0, 5], [5, 5], 1)
    playground.show(walls, goal=(4, 2))
    assert playground.start.tolist() == [4, 2]


def test_a_maze_from_the_page_can_be_planned_in_python(model):
    playground = Playground(model)
    page = {"rows": ["....#", "...#.", ".....", ".#...", "....."], "goal": [1, 2], "start": [4, 0]}
    playground.set_state({"maze": json.loads(json.dumps(page))})  # as a message from the page does
    assert np.argwhere(playground.walls).tolist() == [[0, 4], [1, 3], [3, 1]]
    playground.show(playground.walls, playground.goal, playground.start)
    assert playground.maze == page


@pytest.mark.parametrize(
    ("walls", "goal", "start", "said"),
    [
        (np.zeros((6, 5), bool), (0, 0), None, "walls must be bool of shape"),
        (np.zeros((6, 6)), (0, 0), None, "walls must be bool of shape"),
        (np.zeros((6, 6), bool), (6, 0), None, r"the goal .* is \(6, 0\), outside"),
        (np.zeros((6, 6), bool), (0.5, 0), None, "goals must be integers"),
        (np.eye(6, dtype=bool), (1, 1), None, "is a wall"),
        (
            np.eye(6, dtype=bool),
            (0, 1),
            (2, 2),
            r"the start must be a free cell of the maze, \(row, col\), not \(2, 2\)",
        ),
        (np.eye(6, dtype=bool), (0, 1), (-1, 2), "the start must be a free cell"),
        (np.zeros((3, 3), bool), (0, 0), None, "`grid_size=3`"),
    ],
)
def test_a_maze_that_cannot_be_shown_is_refused_and_the_old_one_stays(model, walls, goal, start, said):
    playground = Playground(model)
    before = playground.maze
    with pytest.raises(UserError, match=said):
        playground.show(walls, goal, start)
    assert playground.maze == before


def test_the_page_reads_the_format_and_the_sizes_that_python_writes():
    assert f'FORMAT = "{FORMAT}", VERSION = {VERSION};' in source("network.js")
    assert f"SMALLEST = {widget.SMALLEST}, LARGEST = {widget.LARGEST};" in source("mazes.js")


def test_the_picture_has_the_colours_of_the_figures():
    colours = dict(re.findall(r'\b([A-Z]+) = "(#\w{6})"', source("picture.js")))
    same = {"INK": "INK", "WALLS": "WALL", "FLOOR": "FLOOR", "GREEN": "GREEN", "RED": "RED", "BLUE": "BLUE",
            "ORANGE": "ORANGE", "PALE": "PALE", "EARLY": "SKY"}  # fmt: skip
    assert {name: colours[name] for name in same} == {name: getattr(style, figure) for name, figure in same.items()}
    in_the_legend = {"WALLS", "FLOOR", "NEW", "EARLY", "LATE", "RED", "GREEN", "BLUE", "PALE", "ORANGE", "DOT"}
    assert not [name for name in in_the_legend if colours[name] not in source("playground.css")]


def test_the_modules_are_joined_in_an_order_in_which_each_finds_what_it_imports():
    for index, name in enumerate(widget.MODULES):
        assert set(re.findall(r'from "\./(.*)"', source(name))) <= set(widget.MODULES[:index])
    assert {path.name for path in widget.FOLDER.glob("*.js")} == set(widget.MODULES)
    assert not re.findall(r"^import ", widget.one_module(), re.MULTILINE)
