"""Generated mazes: solvable, reproducible, and distributed as documented."""

import hashlib
from itertools import product

import networkx as nx
import numpy as np
import pytest
from scipy.stats import chisquare, kstest

from trm_nav import UserError
from trm_nav.mazes.expert import distances
from trm_nav.mazes.grids import Mazes, generate_mazes

ARRAYS = ("walls", "starts", "goals")
PERFECT = ("depth-first", "wilson")
KINDS = ("random", *PERFECT, "random,depth-first,wilson")


def free_graph(walls):
    graph = nx.grid_2d_graph(*walls.shape)
    graph.remove_nodes_from(map(tuple, np.argwhere(walls).tolist()))
    return graph


def reachable_from(walls, cell):
    return nx.node_connected_component(free_graph(walls), tuple(cell))


@pytest.mark.parametrize("n", [3, 4, 8, 16, 33, pytest.param(64, marks=pytest.mark.slow)])
@pytest.mark.parametrize("density", [0.0, 0.2, 0.5, 0.9])
def test_every_maze_can_be_solved_and_starts_away_from_its_goal(n, density):
    check_ends(generate_mazes(20, n, density, seed=7), n)


@pytest.mark.parametrize("n", [3, 4, 8, 21, pytest.param(65, marks=pytest.mark.slow)])
@pytest.mark.parametrize("holes", [0.0, (0.0, 1.0)])
@pytest.mark.parametrize("kind", KINDS[1:])
def test_every_maze_of_every_kind_can_be_solved_and_starts_away_from_its_goal(kind, holes, n):
    check_ends(generate_mazes(20, n, (0.1, 0.9), seed=7, kind=kind, holes=holes), n)


def check_ends(mazes, n):
    assert mazes.walls.dtype == bool and mazes.walls.shape == (20, n, n) and mazes.grid_size == n
    assert mazes.starts.dtype == mazes.goals.dtype == np.int64
    for walls, start, goal in zip(mazes.walls, mazes.starts.tolist(), mazes.goals.tolist(), strict=True):
        assert start != goal
        assert tuple(start) in reachable_from(walls, goal)


@pytest.mark.parametrize("n", [3, 4, 5, 8, 29])
@pytest.mark.parametrize("kind", PERFECT)
def test_the_free_cells_of_a_perfect_maze_form_a_tree(kind, n):
    for walls in generate_mazes(20, n, seed=1, kind=kind).walls:
        assert nx.is_tree(free_graph(walls))


@pytest.mark.parametrize("n", [3, 4])
@pytest.mark.parametrize("kind", PERFECT)
def test_goal_and_start_are_uniform_over_the_free_cells_of_a_perfect_maze(kind, n):
    """A 2 x 2 lattice has 4 spanning trees, equally likely for both kinds, and room in 1 or, for n = 4, 4 corners."""
    mazes = generate_mazes(40_000, n, seed=2, kind=kind)
    every = np.concatenate([mazes.walls.reshape(len(mazes), -1), mazes.starts, mazes.goals], axis=1)
    different, drawn = np.unique(every, axis=0, return_counts=True)
    assert len(different) == 4 * (1 if n == 3 else 4) * 7 * 6
    assert chisquare(drawn).pvalue > 1e-6


def test_the_densities_of_a_range_are_uniform_although_high_ones_are_rejected_more_often():
    mazes = generate_mazes(3000, 32, "0.3..0.95", seed=5)
    far = np.abs(np.indices((32, 32))[:, None] - mazes.goals.T[..., None, None]).sum(axis=0) > 1  # (N, 32, 32)
    shares = (mazes.walls & far).sum(axis=(1, 2)) / far.sum(axis=(1, 2))
    # The standard deviation of a share around its density, 0.016 at most, is too small for the test to notice.
    assert kstest(shares, "uniform", (0.3, 0.65)).pvalue > 1e-6


def test_the_share_of_holes_in_a_range_is_uniform():
    mazes = generate_mazes(400, 41, seed=5, kind="depth-first", holes=(0.1, 0.9))
    opened = 2 * 20**2 - mazes.walls.sum(axis=(1, 2))  # of a perfect maze's walls: 20**2 pillars and 20**2 removable
    assert kstest(opened / 20**2, "uniform", (0.1, 0.8)).pvalue > 1e-6


def test_in_a_mixture_each_maze_is_of_either_kind_whatever_the_one_before_it_was():
    mazes = generate_mazes(8001, 5, obstacle_density=0.0, seed=3, kind="random,depth-first")
    is_open = ~mazes.walls.any(axis=(1, 2))
    pairs = np.bincount(2 * is_open[:-1:2] + is_open[1::2])  # free of walls, or perfect: four pairs
    assert chisquare(pairs).pvalue > 1e-6
    assert all(nx.is_tree(free_graph(walls)) for walls in mazes.walls[:300][~is_open[:300]])


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


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_arguments_give_the_same_mazes_and_other_arguments_others(kind):
    asked = {"num": 50, "kind": kind, "seed": 5, "obstacle_density": 0.2, "holes": 0.1}
    one, same = generate_mazes(**asked), generate_mazes(**asked)
    assert all((getattr(one, name) == getattr(same, name)).all() for name in ARRAYS)
    for changed in ({"seed": 6}, {"obstacle_density": 0.3}, {"holes": 0.3}, {"kind": "wilson,random"}):
        other = generate_mazes(**{**asked, **changed})
        matters = not (kind == "random" and "holes" in changed) and not (kind in PERFECT and "obstacle" in str(changed))
        assert (one.walls != other.walls).any() == matters


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("density", [0.2, "0.1..0.9"])
def test_fewer_mazes_are_the_first_of_more(kind, density):
    few, many = (generate_mazes(num, 8, density, seed=5, kind=kind) for num in (10, 9000))  # more than one batch
    assert all((getattr(few, name) == getattr(many[:10], name)).all() for name in ARRAYS)
    assert len(many) == 9000


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((5000, 8, 0.2, 0), "0b2e1f771dbe35ac"),
        ((300, 64, 0.35, 3), "c8086c6160f85e07"),
        ((400, 16, 0.97, 1), "e1e4683b7ed7d3ae"),
    ],
)
def test_mazes_with_independent_walls_are_those_of_the_first_version(arguments, expected):
    """Whoever has published a result with a seed can have its mazes again."""
    mazes = generate_mazes(*arguments)
    digest = hashlib.sha256(b"".join(getattr(mazes, name).tobytes() for name in ARRAYS))
    assert digest.hexdigest()[:16] == expected


def test_numbers_ranges_and_text_say_the_same():
    for one, other in [((0.1, 0.4), "0.1..0.4"), (0.3, "0.3"), (0.3, (0.3, 0.3)), (np.float64(0.3), 0.3)]:
        first, second = (generate_mazes(20, np.int64(9), density, seed=1) for density in (one, other))
        assert (first.walls == second.walls).all()
    first, second = (generate_mazes(20, kind=kind) for kind in ("random,wilson", "random, wilson"))
    assert (first.walls == second.walls).all()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_one_maze_of_1001_cells_a_side_is_drawn_and_solved(kind):
    mazes = generate_mazes(1, 1001, kind=kind, holes=0.001)
    assert mazes.walls.shape == (1, 1001, 1001)
    assert distances(mazes.walls, mazes.goals)[0, *mazes.starts[0]] > 0


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
        ({"obstacle_density": "0.1..1"}, "`obstacle_density` must be .*, not '0.1..1'"),
        ({"obstacle_density": (0.1, 0.99999)}, "an `obstacle_density` of 0.1..0.99999 leaves hardly any mazes"),
        ({"obstacle_density": (0.1, 0.99999), "kind": "wilson,random"}, "hardly any mazes"),
        ({"obstacle_density": [0.1, 0.2, 0.3]}, "or a range such as 0.02..0.5, not \\[0.1, 0.2, 0.3\\]"),
        ({"obstacle_density": None}, "or a range such as 0.02..0.5, not None"),
        ({"holes": 1.01}, "`holes` must be a number from 0 to 1, or a range such as 0..0.1, not 1.01"),
        ({"holes": "0.2..0.1"}, "`holes` must be .*, not '0.2..0.1'"),
        ({"kind": "prim"}, "`kind` must be random, depth-first or wilson, or several of these .*, not 'prim'"),
        ({"kind": "wilson,"}, "not 'wilson,'"),
        ({"kind": None}, "`kind` must be .*, not None"),
        ({"grid_size": 8.5}, "`grid_size` must be a whole number .* not 8.5"),
        ({"num": -1}, "`num` must be a whole number from 0 to 1000000000000, not -1"),
    ],
)
def test_what_cannot_be_generated_is_refused_with_a_sentence(arguments, sentence):
    with pytest.raises(UserError, match=sentence):
        generate_mazes(**{"num": 1, **arguments})
