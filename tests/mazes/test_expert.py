"""The expert against SciPy's and networkx's searches, which know nothing of bits."""

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from trm_nav.mazes.encoding import ACTIONS, MOVES
from trm_nav.mazes.expert import distances, optimal_actions
from trm_nav.mazes.grids import generate_mazes

DENSITIES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.8)
LARGE = [pytest.param(100, 6, marks=pytest.mark.slow), pytest.param(201, 2, marks=pytest.mark.slow)]
SIZES = [(n, 24) for n in range(1, 21)] + [(63, 2), (64, 2), (65, 2), *LARGE]


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


def distances_of_scipy(walls, goal):
    """Distances in one maze, by Dijkstra's algorithm on a sparse matrix of neighbouring free cells."""
    n, cells = len(walls), np.arange(walls.size).reshape(walls.shape)
    sideways, down = ~walls[:, 1:] & ~walls[:, :-1], ~walls[1:] & ~walls[:-1]
    one = np.concatenate([cells[:, 1:][sideways], cells[1:][down]])
    other = np.concatenate([cells[:, :-1][sideways], cells[:-1][down]])
    adjacency = coo_array((np.ones(len(one)), (one, other)), shape=(walls.size, walls.size)).tocsr()
    steps = dijkstra(adjacency, directed=False, unweighted=True, indices=np.ravel_multi_index(tuple(goal), walls.shape))
    return np.where(np.isinf(steps), -1, steps).reshape(n, n)


@pytest.mark.parametrize(("n", "count"), SIZES)
def test_distances_are_those_of_scipy(n, count):
    walls, goals = random_mazes(n, count)
    for maze_walls, goal, found in zip(walls, goals, distances(walls, goals), strict=True):
        assert (found == distances_of_scipy(maze_walls, goal)).all()


@pytest.mark.parametrize("n", [5, 16, 63, 64, 65, 100, 129, pytest.param(201, marks=pytest.mark.slow)])
@pytest.mark.parametrize("holes", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["depth-first", "wilson"])
def test_distances_in_perfect_mazes_with_and_without_holes_are_those_of_scipy(kind, holes, n):
    mazes = generate_mazes(2, n, seed=n, kind=kind, holes=holes)
    for walls, goal, found in zip(mazes.walls, mazes.goals, distances(mazes.walls, mazes.goals), strict=True):
        assert (found == distances_of_scipy(walls, goal)).all()


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


@pytest.mark.parametrize(("n", "count"), [(5, 0), (5, 1), (5, 65), (64, 200), (65, 0), (65, 300), (182, 3)])
def test_a_maze_has_the_same_labels_alone_and_in_a_batch_of_any_size(n, count):
    walls, goals = random_mazes(n, count)  # 200 mazes of 64 x 64 and 300 of 65 x 65 are more than one block
    for label, dtype in ((optimal_actions, np.uint8), (distances, np.int16 if n < 182 else np.int32)):
        found = label(walls, goals)
        assert found.shape == walls.shape and found.dtype == dtype
        for maze in range(0, count, 7):
            one = slice(maze, maze + 1)
            assert (found[one] == label(walls[one], goals[one])).all()


@pytest.mark.parametrize("n", [64, 65, pytest.param(400, marks=pytest.mark.slow)])
def test_the_longest_way_through_a_large_maze_is_counted_to_its_end(n):
    walls = np.zeros((1, n, n), bool)
    walls[0, 1::4, :-1] = walls[0, 3::4, 1:] = True  # leaves one corridor, to and fro and down
    way = []
    for row in range(0, n, 2):
        way += [(row, column) for column in (range(n) if row % 4 == 0 else reversed(range(n)))]
        way.append((row + 1, way[-1][1]))
    way = [cell for cell in way if cell[0] < n]
    found = distances(walls, np.array([[0, 0]]))[0]
    assert [found[cell] for cell in way] == list(range(len(way)))
    assert (found >= 0).sum() == len(way) > n * n // 2  # 80,200 steps at n = 400, more than int16 can count


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
