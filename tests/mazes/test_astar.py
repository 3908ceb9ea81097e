"""A* against networkx, and its trace against what the textbooks promise."""

import networkx as nx
import numpy as np
import pytest

from trm_nav.mazes.astar import astar, manhattan

SIZES = [(n, 15) for n in range(3, 21)] + [(64, 2)]


def random_mazes(n, count):
    """(walls, start, goal), start and goal free, a way not guaranteed."""
    rng = np.random.default_rng(n)
    for _ in range(count):
        walls = rng.random((n, n)) < rng.choice([0.1, 0.2, 0.3, 0.5])
        start, goal = (tuple(cell) for cell in rng.integers(0, n, (2, 2)).tolist())
        walls[start] = walls[goal] = False
        yield walls, start, goal


def free_graph(walls):
    graph = nx.grid_2d_graph(*walls.shape)
    graph.remove_nodes_from(map(tuple, np.argwhere(walls).tolist()))
    return graph


def shortest(walls, start, goal):
    graph = free_graph(walls)
    return nx.shortest_path_length(graph, start, goal) if nx.has_path(graph, start, goal) else None


@pytest.mark.parametrize("heuristic", ["manhattan", "zero"])
@pytest.mark.parametrize(("n", "count"), SIZES)
def test_a_star_finds_a_shortest_path_wherever_there_is_one(n, count, heuristic):
    for walls, start, goal in random_mazes(n, count):
        search = astar(walls, start, goal, heuristic)
        assert search.length == shortest(walls, start, goal)
        if search.path is not None:
            assert search.path[0] == start and search.path[-1] == goal
            assert all(manhattan(a, b) == 1 for a, b in zip(search.path, search.path[1:], strict=False))
            assert not any(walls[cell] for cell in search.path)


def test_a_weighted_search_is_at_most_that_much_longer():
    longer = 0
    for walls, start, goal in random_mazes(16, 200):
        best, found = shortest(walls, start, goal), astar(walls, start, goal, weight=3.0).length
        assert (best is None) == (found is None)
        if best is not None:
            assert best <= found <= 3 * best
            longer += found > best
    assert longer > 0  # hurrying has its price


def test_a_heuristic_that_is_never_too_high_keeps_the_path_shortest_even_if_it_jumps_about():
    rng = np.random.default_rng(0)
    trust = rng.random((12, 12))  # inconsistent: neighbouring cells are estimated with very different confidence
    reopened = 0
    for walls, start, goal in random_mazes(12, 300):
        search = astar(walls, start, goal, lambda cell, goal: trust[cell] * manhattan(cell, goal))
        assert search.length == shortest(walls, start, goal)
        reopened += len(search.expanded) > len({cell for cell, *_ in search.expanded})
    assert reopened > 0


def test_the_heuristic_spares_expansions_and_adds_none():
    spared = 0
    for walls, start, goal in random_mazes(16, 50):
        informed, blind = (
            {cell for cell, *_ in astar(walls, start, goal, heuristic).expanded} for heuristic in ("manhattan", "zero")
        )
        assert informed <= blind
        spared += len(blind) - len(informed)
    assert spared > 0


def test_the_trace_tells_f_g_and_h_of_every_step_in_order():
    for walls, start, goal in random_mazes(10, 50):
        search = astar(walls, start, goal)
        for cell, f, g, h in search.expanded:
            assert h == manhattan(cell, goal) and f == g + h
            assert g == shortest(walls, start, cell)
        fs = [expansion.f for expansion in search.expanded]
        assert fs == sorted(fs)  # as for every consistent heuristic


def test_the_open_set_replays_the_search():
    for walls, start, goal in random_mazes(10, 50):
        search, steps = astar(walls, start, goal), nx.single_source_shortest_path_length(free_graph(walls), start)
        assert search.open_set(0) == {start}
        for step, (cell, f, *_) in enumerate(search.expanded):
            waiting = search.open_set(step)
            assert cell in waiting
            assert all(f <= steps[other] + manhattan(other, goal) for other in waiting)
        assert (search.path is None) == (search.open_set(len(search.expanded)) == set() and goal != cell)


def test_ties_are_broken_the_same_way_every_time():
    walls = np.zeros((4, 4), bool)
    expected = [(0, 0), (1, 0), (2, 0), (3, 0), (3, 1), (3, 2), (3, 3)]  # DOWN is opened before RIGHT
    assert astar(walls, (0, 0), (3, 3)).path == expected


def test_where_the_goal_is_the_start_the_path_is_one_cell():
    search = astar(np.zeros((3, 3), bool), (1, 1), (1, 1))
    assert search.path == [(1, 1)] and search.length == 0 and len(search.expanded) == 1


@pytest.mark.parametrize(
    ("start", "goal", "sentence"),
    [
        ((0, 3), (0, 0), r"the start \(0, 3\) is outside the 3 x 3 maze"),
        ((0, 0), (-1, 0), r"the goal \(-1, 0\) is outside"),
        ((1, 1), (0, 0), r"the start \(1, 1\) is a wall"),
        ((0, 0), (1, 1), r"the goal \(1, 1\) is a wall"),
    ],
)
def test_a_start_or_goal_that_is_no_free_cell_is_refused(start, goal, sentence):
    walls = np.zeros((3, 3), bool)
    walls[1, 1] = True
    with pytest.raises(ValueError, match=sentence):
        astar(walls, start, goal)


def test_an_unknown_heuristic_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="no heuristic 'euclid'; there are manhattan, zero"):
        astar(np.zeros((3, 3), bool), (0, 0), (2, 2), "euclid")
