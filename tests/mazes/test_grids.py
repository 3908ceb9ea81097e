"""Generated mazes: solvable, reproducible, and distributed as documented."""

from itertools import product

import networkx as nx
import numpy as np
import pytest
from scipy.stats import chisquare

from trm_nav import UserError
from trm_nav.mazes.grids import Mazes, generate_mazes


def reachable_from(walls, cell):
    graph = nx.grid_2d_graph(*walls.shape)
    graph.remove_nodes_from(map(tuple, np.argwhere(walls).tolist()))
    return nx.node_connected_component(graph, tuple(cell))


@pytest.mark.parametrize("n", [3, 4, 8, 16, 33, pytest.param(64, marks=pytest.mark.slow)])
@pytest.mark.parametrize("density", [0.0, 0.2, 0.5, 0.9])
def test_every_maze_can_be_solved_and_starts_away_from_its_goal(n, density):
    mazes = generate_mazes(20, n, density, seed=7)
    assert mazes.walls.dtype == bool and mazes.walls.shape == (20, n, n) and mazes.grid_size == n
    assert mazes.starts.dtype == mazes.goals.dtype == np.int64
    for walls, start, goal in zip(mazes.walls, mazes.starts.tolist(), mazes.goals.tolist(), strict=True):
        assert start != goal
        assert tuple(start) in reachable_from(walls, goal)


@pytest.mark.slow
def test_mazes_are_distributed_as_drawing_again_until_one_can_be_solved():
    """Every 3 x 3 maze there is, with its exact probability, against 200,000 generated ones."""
    density, exact = 0.4, {}
    for cell, bits in product(range(9), product((False, True), repeat=8)):
        walls = np.insert(np.array(bits), cell, False).reshape(3, 3)
        starts = reachable_from(walls, divmod(cell, 3)) - {divmod(cell, 3)}
        for start in starts:
            probability = density ** sum(bits) * (1 - density) ** (8 - sum(bits)) / len(starts)
            exact[walls.tobytes(), divmod(cell, 3), start] = probability
    mazes = generate_mazes(200_000, 3, density, seed=1)
    drawn = dict.fromkeys(exact, 0)
    for walls, start, goal in zip(mazes.walls, mazes.starts.tolist(), mazes.goals.tolist(), strict=True):
        drawn[walls.tobytes(), tuple(goal), tuple(start)] += 1  # a maze that is not among the exact ones is a KeyError
    expected = np.array(list(exact.values())) / sum(exact.values()) * len(mazes)
    # One seed in a million would fail, should NumPy ever draw other numbers from it.
    assert chisquare(list(drawn.values()), expected).pvalue > 1e-6


@pytest.mark.parametrize("density", [0.0, 0.003, 0.2, 0.77])
def test_the_share_of_walls_is_the_density_away_from_the_goal(density):
    mazes = generate_mazes(4000, 16, density, seed=3)
    far = np.abs(np.indices((16, 16))[:, None] - mazes.goals.T[..., None, None]).sum(axis=0) > 1  # (N, 16, 16)
    share, cells = mazes.walls[far].mean(), far.sum()
    assert abs(share - density) <= 5 * np.sqrt(density * (1 - density) / cells)  # standard deviations


def test_the_same_seed_gives_the_same_mazes_and_another_seed_others():
    one, same, other = (generate_mazes(50, seed=seed) for seed in (5, 5, 6))
    assert all((getattr(one, name) == getattr(same, name)).all() for name in ("walls", "starts", "goals"))
    assert not (one.walls == other.walls).all()


def test_fewer_mazes_are_the_first_of_more():
    few, many = generate_mazes(10, seed=5), generate_mazes(9000, seed=5)  # 9000 are more than one batch
    assert all((getattr(few, name) == getattr(many[:10], name)).all() for name in ("walls", "starts", "goals"))
    assert len(many) == 9000


def test_no_mazes_are_a_batch_of_none():
    assert len(generate_mazes(0)) == 0 and generate_mazes(0, 5).walls.shape == (0, 5, 5)


def test_a_slice_and_an_index_array_pick_mazes():
    mazes = generate_mazes(20)
    for index in (slice(3, 9), np.array([4, 1]), np.arange(20) % 2 == 0):
        picked = mazes[index]
        assert isinstance(picked, Mazes) and len(picked) == len(np.arange(20)[index])
        assert (picked.starts == mazes.starts[index]).all()


@pytest.mark.parametrize("n", [3, 64])
def test_the_highest_density_that_is_accepted_ends_soon(n):
    mazes = generate_mazes(3, n, 0.99997)
    assert len(mazes) == 3 and mazes.walls.mean() > 0.6


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"obstacle_density": 1.0}, "less than 1, .*, not 1.0"),
        ({"obstacle_density": 0.99999}, "hardly any mazes"),
        ({"obstacle_density": 1.5}, "`obstacle_density` must be a number from 0 to less than 1, or .*, not 1.5"),
        ({"obstacle_density": -0.1}, "a number from 0 to less than 1, .* not -0.1"),
        ({"obstacle_density": float("nan")}, "less than 1, .*, not nan"),
        ({"grid_size": 2}, "`grid_size` must be a whole number from 3 to 1024, not 2"),
        ({"grid_size": 1025}, "`grid_size` must be a whole number from 3 to 1024, not 1025"),
        ({"num": -1}, "number of mazes must be 0 or more, not -1"),
    ],
)
def test_what_cannot_be_generated_is_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        generate_mazes(**{"num": 1, **arguments})
