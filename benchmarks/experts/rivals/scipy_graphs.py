"""Dijkstra's algorithm of SciPy's sparse graphs, on one maze at a time or on many mazes in one graph."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from trm_nav.mazes.encoding import MOVES

GRAPH_CELLS = 4096  # cells in one graph: with more the heap is slower, with fewer there are more calls


def scipy_per_maze(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """One graph and one search from the goal for each maze: the simplest way to use SciPy."""
    return _scipy(walls, goals, mazes=1)


def scipy_many(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """One graph for many mazes, without edges between them, and one search from all their goals."""
    return _scipy(walls, goals, mazes=max(1, GRAPH_CELLS // walls.shape[1] ** 2))


def _scipy(walls: np.ndarray, goals: np.ndarray, mazes: int) -> np.ndarray:
    n, width = walls.shape[1], walls.shape[1] + 2
    steps = np.empty((len(walls), width, width))
    for first in range(0, len(walls), mazes):
        part = slice(first, first + mazes)
        # min_only gives the distance to the nearest goal; a cell can reach no goal but that of its own maze.
        sources = np.arange(len(goals[part])) * width**2 + (goals[part] + 1) @ (width, 1)
        found = dijkstra(_graph(walls[part]), unweighted=True, indices=sources, min_only=True)
        steps[part] = found.reshape(-1, width, width)  # infinite on walls and on cells that cannot reach the goal
    here = steps[:, 1:-1, 1:-1]
    optimal = np.zeros(walls.shape, np.uint8)
    for action, (row, column) in enumerate(MOVES[:4].tolist()):
        beside = steps[:, 1 + row : 1 + row + n, 1 + column : 1 + column + n]
        optimal |= (beside < here).view(np.uint8) << action & (255 * np.isfinite(here)).astype(np.uint8)
    optimal[np.arange(len(walls)), *goals.T] = 16
    return optimal


def _graph(walls: np.ndarray) -> csr_array:
    """The graph of the free cells of walls bool (N, n, n), each maze with a border: N * (n+2)**2 nodes."""
    width = walls.shape[1] + 2
    free = np.zeros((len(walls), width, width), bool)
    free[:, 1:-1, 1:-1] = ~walls
    free = free.ravel()
    cells = np.flatnonzero(free).astype(np.int32)
    beside = cells[:, None] + np.array([-width, width, -1, 1], np.int32)  # (cells, 4)
    is_edge = free[beside]
    ends = np.zeros(len(free) + 1, np.int32)
    ends[cells + 1] = is_edge.sum(axis=1)
    np.cumsum(ends, out=ends)
    nodes = beside[is_edge]
    return csr_array((np.ones(len(nodes)), nodes, ends), shape=(len(free), len(free)))
