"""Perfect mazes: one path between any two cells, because the free cells form a spanning tree of a lattice.

The lattice has k x k cells, which lie two apart in the maze, in rows 0, 2, 4, ... and columns 0, 2, 4, ...; the cell
between two neighbours is free if the tree joins them, and a wall if not. The algorithms work on any connected graph.
"""

from collections.abc import Callable, Sequence

import numpy as np

Graph = Sequence[Sequence[int]]  # for each vertex, its neighbours
Random = Callable[[], float]  # a number from 0 to less than 1, as `random.random` returns


def lattice(k: int) -> list[list[int]]:
    """The graph of k x k cells, numbered row by row, each joined to those above, below, left and right of it."""
    cells = np.pad(np.arange(k * k).reshape(k, k), 1, constant_values=-1)
    beside = np.stack([cells[:-2, 1:-1], cells[2:, 1:-1], cells[1:-1, :-2], cells[1:-1, 2:]], axis=2)
    return [[cell for cell in four if cell >= 0] for four in beside.reshape(-1, 4).tolist()]


def depth_first(graph: Graph, random: Random) -> list[int]:
    """A spanning tree by randomised depth-first search: long corridors with few branches.

    The search starts at a random vertex. It goes on to a random neighbour that it has not visited yet, and steps back
    where there is none. Returns each vertex's parent; the root is its own.
    """
    vertex = int(random() * len(graph))
    parents = [-1] * len(graph)
    parents[vertex] = vertex
    left = len(graph) - 1
    while left:
        unvisited = [neighbour for neighbour in graph[vertex] if parents[neighbour] < 0]
        if unvisited:
            child = unvisited[int(random() * len(unvisited))]
            parents[child] = vertex
            vertex = child
            left -= 1
        else:
            vertex = parents[vertex]
    return parents


def wilson(graph: Graph, random: Random) -> list[int]:
    """A spanning tree, each equally likely, by loop-erased random walks (Wilson, 1996): short, bushy dead ends.

    From every vertex outside the tree, a random walk goes on until it meets the tree. Each vertex remembers by which
    neighbour the walk left it last, so that loops are forgotten, and the path that remains joins the tree.
    Returns each vertex's parent; the root is its own.
    """
    root = int(random() * len(graph))
    parents = [root] * len(graph)
    in_tree = bytearray(len(graph))
    in_tree[root] = True
    for start in range(len(graph)):
        vertex = start
        while not in_tree[vertex]:
            neighbours = graph[vertex]
            parents[vertex] = neighbours[int(random() * len(neighbours))]
            vertex = parents[vertex]
        vertex = start
        while not in_tree[vertex]:
            in_tree[vertex] = True
            vertex = parents[vertex]
    return parents


SPANNING_TREES: dict[str, Callable[[Graph, Random], list[int]]] = {"depth-first": depth_first, "wilson": wilson}


def carve(parents: np.ndarray) -> np.ndarray:
    """Walls of the mazes that belong to spanning trees of a lattice.

    parents: int (N, k*k). Returns bool (N, 2k-1, 2k-1), with lattice cell (row, col) at (2 row, 2 col).
    """
    mazes, cells = parents.shape
    k = round(cells**0.5)
    walls = np.ones((mazes, 2 * k - 1, 2 * k - 1), bool)
    walls[:, ::2, ::2] = False
    rows, columns = np.divmod(np.arange(cells), k)
    parent_rows, parent_columns = np.divmod(parents, k)  # (N, k*k)
    # The cell halfway between (2a, 2b) and (2c, 2d) is (a + c, b + d).
    walls[np.arange(mazes)[:, None], rows + parent_rows, columns + parent_columns] = False
    return walls


def open_holes(walls: np.ndarray, shares: np.ndarray, rng: np.random.Generator) -> None:
    """Open removable walls at random, in place: those between two neighbouring cells of the lattice.

    walls: as `carve` returns them. shares: float (N,), the probability with which each removable wall of a maze opens.
    """
    between = np.indices(walls.shape[1:]).sum(axis=0) % 2 == 1  # the cells between two neighbours
    drawn = rng.random((len(walls), np.count_nonzero(between)), np.float32)
    walls[:, between] &= drawn >= shares[:, None]


def place(walls: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Put mazes (N, s, s), s being n or n - 1, into n x n cells. Returns walls bool (N, n, n).

    Where a row and a column are left over, they are walls, and the maze lies in a random one of the four corners.
    """
    mazes, side, _ = walls.shape
    placed = np.ones((mazes, n, n), bool)
    rows, columns = rng.integers(0, n - side + 1, (2, mazes, 1)) + np.arange(side)  # (N, s) each
    placed[np.arange(mazes)[:, None, None], rows[:, :, None], columns[:, None, :]] = walls
    return placed
