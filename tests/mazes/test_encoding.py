"""Actions, tokens and sets of actions."""

import numpy as np
import pytest
import torch

from trm_nav.mazes.encoding import (
    ACTIONS,
    DOWN,
    FREE,
    GOAL,
    LEFT,
    MOVES,
    RIGHT,
    STAY,
    UP,
    WALL,
    contains,
    decode,
    encode,
)
from trm_nav.mazes.grids import generate_mazes


def test_actions_are_numbered_and_named_as_the_design_says():
    assert ACTIONS == ("UP", "DOWN", "LEFT", "RIGHT", "STAY")
    assert (UP, DOWN, LEFT, RIGHT, STAY) == (0, 1, 2, 3, 4)
    assert (FREE, WALL, GOAL) == (0, 1, 2)


def test_moves_go_where_their_names_say():
    picture = np.array([list(".U."), list("LSR"), list(".D.")])
    for name, (row, column) in zip(ACTIONS, MOVES, strict=True):
        assert picture[1 + row, 1 + column] == name[0]


def test_tokens_stand_cell_by_cell_in_row_major_order():
    walls = np.zeros((1, 3, 3), bool)
    walls[0, 0, 1] = walls[0, 2, 0] = True
    assert encode(walls, np.array([[1, 2]])).tolist() == [[FREE, WALL, FREE, FREE, FREE, GOAL, WALL, FREE, FREE]]


@pytest.mark.parametrize("n", [3, 8, 17])
def test_decoding_undoes_encoding(n):
    mazes = generate_mazes(100, n, 0.3, seed=n)
    tokens = encode(mazes.walls, mazes.goals)
    assert tokens.dtype == np.uint8 and tokens.shape == (100, n * n)
    walls, goals = decode(tokens)
    assert (walls == mazes.walls).all() and (goals == mazes.goals).all()


@pytest.mark.parametrize("tokens", [[[0, 1, 2]], [[0, 1, 1, 0]], [[2, 0, 0, 2]], [[0, 3, 2, 0]]])
def test_tokens_that_are_no_maze_are_refused(tokens):
    with pytest.raises(ValueError, match="tokens must"):
        decode(np.array(tokens))


@pytest.mark.parametrize("make", [np.array, torch.tensor], ids=["numpy", "torch"])
def test_a_set_contains_exactly_the_actions_whose_bits_it_has(make):
    masks = make([[mask] * 5 for mask in range(32)])
    found = contains(masks, make([[0, 1, 2, 3, 4]]))
    expected = [[f"{mask:05b}"[4 - action] == "1" for action in range(5)] for mask in range(32)]
    assert found.tolist() == expected


def test_membership_takes_the_dtypes_that_labels_and_predictions_have():
    masks, actions = torch.tensor([0b10001], dtype=torch.uint8), torch.tensor([4])
    assert contains(masks, actions).tolist() == [True] == contains(masks.numpy(), actions.numpy()).tolist()


@pytest.mark.parametrize(
    ("walls", "goals", "sentence"),
    [
        (np.zeros((2, 3, 4), bool), np.zeros((2, 2), int), "walls must be bool of shape"),
        (np.zeros((3, 3), bool), np.zeros((1, 2), int), "walls must be bool of shape"),
        (np.zeros((1, 3, 3)), np.zeros((1, 2), int), "walls must be bool"),
        (np.zeros((1, 3, 3), bool), np.zeros((2, 2), int), r"goals must be integers .* of shape \(1, 2\)"),
        (np.zeros((1, 3, 3), bool), np.zeros((1, 2)), "goals must be integers"),
        (np.zeros((2, 3, 3), bool), np.array([[0, 0], [0, 3]]), r"the goal of maze 1 is \(0, 3\), outside its 3 x 3"),
        (np.zeros((1, 3, 3), bool), np.array([[-1, 0]]), "outside"),
        (np.ones((1, 3, 3), bool), np.array([[1, 2]]), r"the goal of maze 0, \(1, 2\), is a wall"),
    ],
)
def test_walls_and_goals_that_do_not_fit_are_refused_with_a_sentence(walls, goals, sentence):
    with pytest.raises(ValueError, match=sentence):
        encode(walls, goals)
