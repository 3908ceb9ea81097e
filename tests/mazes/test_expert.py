"""The expert against SciPy's and networkx's searches, which know nothing of bits."""

import networkx as nx
import numpy as np
import pytest
from scipy.sparse.csgraph import dijkstra

from trm_nav.mazes.encoding import ACTIONS, MOVES
from trm_nav.mazes.expert import distances, optimal_actions

DENSITIES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.8)
SIZES = [(n, 24) for n in range(1, 21)] + [(64, 2)]


def random_mazes(n, count, seed=0):
    """Walls of every density, unsolvable mazes included, and free goals."""
    rng = np.random.default_rng((n, seed))
    walls = rng.random((count, n, n)) < rng.choice(DENSITIES, (count, 1, 1))
    goals = rng.integers(0, n, (count, 2))
    walls[np.arange(count), *goals.T] = False
    return walls, goals


def graph_of(walls):
    graph = nx.grid_2d_graph(*walls.shape)
    graph.remove_nodes_from(map(tuple, np.argwhere(walls).tolist()))
    return graph


@pytest.mark.parametrize(("n", "count"), SIZES)
def test_distances_are_those_of_scipy(n, count):
    walls, goals = random_mazes(n, count)
    for maze_walls, goal, found in zip(walls, goals, distances(walls, goals), strict=True):
        cells = sorted(graph_of(maze_walls))
        adjacency = nx.to_scipy_sparse_array(graph_of(maze_walls), nodelist=cells)
        steps = dijkstra(adjacency, unweighted=True, indices=cells.index(tuple(goal)))
        expected = np.full((n, n), -1)
        expected[tuple(np.transpose(cells))] = np.where(np.isinf(steps), -1, steps)
        assert (found == expected).all()


@pytest.mark.parametrize(("n", "count"), SIZES)
def test_optimal_sets_are_the_first_steps_of_all_shortest_paths_of_networkx(n, count):
    walls, goals = random_mazes(n, count, seed=1)
    for maze_walls, goal, found in zip(walls, goals, optimal_actions(walls, goals), strict=True):
        expected = np.zeros((n, n), np.uint8)
        for cell, nearer in nx.predecessor(graph_of(maze_walls), tuple(goal.tolist())).items():
            for neighbour in nearer or [cell]:  # the goal alone has nothing nearer, and stays
                move = np.subtract(neighbour, cell).tolist()
                expected[cell] |= 1 << MOVES.tolist().index(move)
        assert (found == expected).all()


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 128, 200])
def test_a_maze_has_the_same_labels_alone_and_in_a_batch_of_any_size(count):
    walls, goals = random_mazes(64 if count == 200 else 5, count)  # 200 mazes of 64 x 64 are more than one block
    for label, dtype in ((optimal_actions, np.uint8), (distances, np.int16)):
        found = label(walls, goals)
        assert found.shape == walls.shape and found.dtype == dtype
        for maze in range(0, count, 7):
            one = slice(maze, maze + 1)
            assert (found[one] == label(walls[one], goals[one])).all()


def test_the_longest_way_through_the_largest_maze_is_counted_to_its_end():
    n = 64
    walls = np.zeros((1, n, n), bool)
    walls[0, 1::4, :-1] = walls[0, 3::4, 1:] = True  # leaves one corridor, to and fro and down
    way = []
    for row in range(0, n, 2):
        way += [(row, column) for column in (range(n) if row % 4 == 0 else reversed(range(n)))]
        way.append((row + 1, way[-1][1]))
    found = distances(walls, np.array([[0, 0]]))[0]
    assert [found[cell] for cell in way] == list(range(2080))
    assert (found >= 0).sum() == 2080


def test_an_open_field_lets_the_agent_choose_between_two_directions():
    sets = optimal_actions(np.zeros((1, 3, 3), bool), np.array([[1, 1]]))[0]
    named = [[{ACTIONS[a] for a in range(5) if mask >> a & 1} for mask in row] for row in sets.tolist()]
    assert named == [
        [{"DOWN", "RIGHT"}, {"DOWN"}, {"DOWN", "LEFT"}],
        [{"RIGHT"}, {"STAY"}, {"LEFT"}],
        [{"UP", "RIGHT"}, {"UP"}, {"UP", "LEFT"}],
    ]


def test_the_arguments_are_left_as_they_were():
    walls, goals = random_mazes(8, 70)
    before = walls.copy(), goals.copy()
    optimal_actions(walls, goals), distances(walls, goals)
    assert (walls == before[0]).all() and (goals == before[1]).all()


@pytest.mark.parametrize("label", [optimal_actions, distances])
def test_a_goal_on_a_wall_is_refused(label):
    with pytest.raises(ValueError, match="is a wall; it must be a free cell"):
        label(np.ones((1, 4, 4), bool), np.array([[0, 0]]))
