"""The 8 symmetries form a group, and everything in a maze transforms together."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trm_nav.mazes.encoding import ACTIONS, MOVES, contains, encode
from trm_nav.mazes.expert import distances, optimal_actions
from trm_nav.mazes.grids import generate_mazes
from trm_nav.mazes.symmetry import (
    ACTION_PERMUTATIONS,
    INVERSE,
    MASK_PERMUTATIONS,
    cell_permutations,
    transform_actions,
    transform_batch,
    transform_cells,
    transform_masks,
    transform_mazes,
    transform_positions,
)

symmetries = pytest.mark.parametrize("g", range(8))
mazes_of_any_size = st.builds(
    generate_mazes,
    num=st.integers(1, 70),
    grid_size=st.integers(3, 16),
    obstacle_density=st.floats(0, 0.7),
    seed=st.integers(0, 2**32 - 1),
)


@pytest.mark.slow
@given(mazes_of_any_size)
@settings(max_examples=40)
def test_optimal_sets_of_a_turned_maze_are_the_turned_optimal_sets(mazes):
    optimal, steps = optimal_actions(mazes.walls, mazes.goals), distances(mazes.walls, mazes.goals)
    for g in range(8):
        transformed = transform_mazes(mazes, g)
        assert (optimal_actions(transformed.walls, transformed.goals) == transform_masks(optimal, g)).all()
        assert (distances(transformed.walls, transformed.goals) == transform_cells(steps, g)).all()


@pytest.mark.slow
@given(mazes_of_any_size, st.integers(0, 7))
@settings(max_examples=40)
def test_the_inverse_undoes_every_turn(mazes, g):
    optimal = optimal_actions(mazes.walls, mazes.goals)
    back = transform_mazes(transform_mazes(mazes, g), INVERSE[g])
    assert (back.walls == mazes.walls).all()
    assert (back.starts == mazes.starts).all() and (back.goals == mazes.goals).all()
    assert (transform_masks(transform_masks(optimal, g), INVERSE[g]) == optimal).all()
    actions = optimal % 5
    assert (transform_actions(transform_actions(actions, g), INVERSE[g]) == actions).all()


@pytest.mark.parametrize("n", [2, 3, 8])
def test_the_eight_symmetries_are_different_and_closed_under_composition(n):
    table = cell_permutations(n)
    assert (table[0] == np.arange(n * n)).all()
    assert len({tuple(row) for row in table.tolist()}) == 8
    for first in table:
        for second in table:
            assert (table == first[second]).all(axis=1).any()


def test_the_tables_of_actions_compose_as_those_of_cells_do():
    cells = cell_permutations(3)
    for a in range(8):
        for b in range(8):  # a, then b
            both = (cells == cells[a][cells[b]]).all(axis=1).argmax()
            assert (ACTION_PERMUTATIONS[both] == ACTION_PERMUTATIONS[b][ACTION_PERMUTATIONS[a]]).all()
            assert (MASK_PERMUTATIONS[both] == MASK_PERMUTATIONS[b][MASK_PERMUTATIONS[a]]).all()


@symmetries
def test_a_set_of_actions_turns_action_by_action(g):
    for mask in range(32):
        members = {ACTION_PERMUTATIONS[g, a] for a in range(5) if contains(np.array(mask), a)}
        assert MASK_PERMUTATIONS[g, mask] == sum(1 << a for a in members)


@symmetries
def test_an_action_leads_to_the_same_place_before_and_after_the_turn(g):
    n, position = 5, np.array([[1, 3]])
    for action in range(len(ACTIONS)):
        moved_then_turned = transform_positions(position + MOVES[action], n, g)
        turned_then_moved = transform_positions(position, n, g) + MOVES[ACTION_PERMUTATIONS[g, action]]
        assert (moved_then_turned == turned_then_moved).all()


def test_symmetry_1_is_a_quarter_turn_to_the_left_and_4_a_mirror():
    cells = np.arange(9).reshape(1, 3, 3)
    assert (transform_cells(cells, 1)[0] == np.rot90(cells[0])).all()
    assert (transform_cells(cells, 4)[0] == np.fliplr(cells[0])).all()
    assert [ACTIONS[a] for a in ACTION_PERMUTATIONS[1]] == ["LEFT", "RIGHT", "DOWN", "UP", "STAY"]
    assert [ACTIONS[a] for a in ACTION_PERMUTATIONS[4]] == ["UP", "DOWN", "RIGHT", "LEFT", "STAY"]


@pytest.mark.parametrize("n", [3, 8])
def test_a_torch_batch_turns_sample_by_sample_as_numpy_does(n):
    mazes = generate_mazes(64, n, seed=n)
    optimal = optimal_actions(mazes.walls, mazes.goals)
    tokens, masks = torch.tensor(encode(mazes.walls, mazes.goals)), torch.tensor(optimal.reshape(64, -1))
    each = torch.arange(64) % 8
    agents = torch.tensor(mazes.starts @ (mazes.grid_size, 1))
    transformed_tokens, turned_masks, transformed_agents = transform_batch(tokens, masks, agents, each)
    assert transformed_tokens.dtype == turned_masks.dtype == torch.uint8
    for g in range(8):
        mine = slice(g, None, 8)
        transformed = transform_mazes(mazes[mine], g)
        assert (transformed_tokens[mine].numpy() == encode(transformed.walls, transformed.goals)).all()
        assert (transformed_agents[mine].numpy() == transformed.starts @ (mazes.grid_size, 1)).all()
        assert (turned_masks[mine].numpy() == transform_masks(optimal[mine], g).reshape(8, -1)).all()
