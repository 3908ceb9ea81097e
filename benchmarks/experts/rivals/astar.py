"""A* from the start of each maze: networkx in Python, pyastar2d in C++."""

import networkx as nx
import numpy as np

from trm_nav.mazes.astar import manhattan
from trm_nav.mazes.encoding import MOVES


def networkx_astar(walls: np.ndarray, starts: np.ndarray, goals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A grid graph for each maze, with the walls removed, and A* with the Manhattan distance, as in many courses."""
    n = walls.shape[1]
    paths = []
    for maze, start, goal in zip(walls, starts.tolist(), goals.tolist(), strict=True):
        graph = nx.grid_2d_graph(n, n)
        graph.remove_nodes_from(map(tuple, np.argwhere(maze).tolist()))
        paths.append(nx.astar_path(graph, tuple(start), tuple(goal), heuristic=manhattan))
    return _steps_and_first_actions(paths)


def pyastar2d_astar(walls: np.ndarray, starts: np.ndarray, goals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A* in C++; walls have an infinite cost. Raises ImportError where the package is not installed."""
    import pyastar2d

    costs = np.where(walls, np.float32(np.inf), np.float32(1))
    return _steps_and_first_actions(
        [
            pyastar2d.astar_path(cost, start, goal, allow_diagonal=False)
            for cost, start, goal in zip(costs, starts.tolist(), goals.tolist(), strict=True)
        ]
    )


def _steps_and_first_actions(paths: list[list[tuple[int, int]]]) -> tuple[np.ndarray, np.ndarray]:
    steps = np.array([len(path) - 1 for path in paths])
    first = np.array([(path[1][0] - path[0][0], path[1][1] - path[0][1]) for path in paths])  # (N, 2)
    return steps, (first[:, None] == MOVES[:4]).all(axis=2).argmax(axis=1).astype(np.uint8)
