"""Other ways to label mazes, each as its best advocate would write it with the library in question.

A search for whole mazes takes walls bool (N, n, n) and goals int64 (N, 2) and returns what `expert.optimal_actions`
does: uint8 (N, n, n), bit a set where action a lies on a shortest path. A search per start takes starts int64 (N, 2)
too and returns the steps of one path for each maze, int64 (N,), and the path's first action, uint8 (N,): the label of
one cell.
"""

import networkx as nx
import numba
import numpy as np
from numba import njit, prange
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from trm_nav.mazes.astar import manhattan
from trm_nav.mazes.encoding import MOVES

# --- SciPy ------------------------------------------------------------------------------------------------------------

GRAPH_CELLS = 4096  # of all mazes in one graph; more makes the heap slower, fewer the calls more


def scipy_per_maze(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """One graph and one search from the goal for each maze, as one would write it first."""
    return _scipy(walls, goals, mazes=1)


def scipy_many(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """Many mazes as one graph without edges between them, and one search from all their goals."""
    return _scipy(walls, goals, mazes=max(1, GRAPH_CELLS // walls.shape[1] ** 2))


def _scipy(walls: np.ndarray, goals: np.ndarray, mazes: int) -> np.ndarray:
    n, width = walls.shape[1], walls.shape[1] + 2
    steps = np.empty((len(walls), width, width))
    for first in range(0, len(walls), mazes):
        part = slice(first, first + mazes)
        # With min_only a cell's distance is that to the nearest of the goals, and only its own can be reached.
        sources = np.arange(len(goals[part])) * width**2 + (goals[part] + 1) @ (width, 1)
        found = dijkstra(_graph(walls[part]), unweighted=True, indices=sources, min_only=True)
        steps[part] = found.reshape(-1, width, width)  # infinite on walls and where no way leads
    here = steps[:, 1:-1, 1:-1]
    optimal = np.zeros(walls.shape, np.uint8)
    for action, (row, column) in enumerate(MOVES[:4].tolist()):
        beside = steps[:, 1 + row : 1 + row + n, 1 + column : 1 + column + n]
        optimal |= (beside < here).view(np.uint8) << action & (255 * np.isfinite(here)).astype(np.uint8)
    optimal[np.arange(len(walls)), *goals.T] = 16
    return optimal


def _graph(walls: np.ndarray) -> csr_array:
    """The graph of the free cells of walls bool (N, n, n), each maze with a rim: (N * (n+2)**2) nodes."""
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


# --- Numba, queue -----------------------------------------------------------------------------------------------------


def numba_queue(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """A breadth-first search of each maze with a queue."""
    optimal = np.empty(walls.shape, np.uint8)
    _queue(walls, goals, optimal, 0, len(walls))
    return optimal


def numba_queue_threads(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """The same with two threads."""
    optimal = np.empty(walls.shape, np.uint8)
    numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
    _queue_parallel(walls, goals, optimal, 2)
    return optimal


UNSEEN = np.int16(32767)


@njit(nogil=True, cache=True)
def _queue(walls, goals, optimal, first, last):
    """Label the mazes first .. last - 1.

    Steps and sets of one maze lie in flat arrays with a rim of walls, so that no bound is checked. A neighbour is dealt
    with without a branch: it is always written to the end of the queue, which only grows if the neighbour was unseen.
    With branches, which a processor cannot foresee here, the search takes 1.7 times as long.
    """
    n = walls.shape[1]
    width = n + 2
    steps = np.full(width * width, -2, np.int16)  # -2 on walls
    sets = np.zeros(width * width, np.uint8)
    queue = np.empty(n * n + 1, np.int16)
    moves = (-width, width, -1, 1)  # from a cell to its neighbour above, below, left, right
    for maze in range(first, last):
        for row in range(n):
            for column in range(n):
                cell = (row + 1) * width + column + 1
                steps[cell] = np.int16(-2) if walls[maze, row, column] else UNSEEN
                sets[cell] = 0
        goal = (goals[maze, 0] + 1) * width + goals[maze, 1] + 1
        steps[goal] = 0
        sets[goal] = 16
        queue[0] = goal
        head, tail = 0, 1
        while head < tail:
            cell = queue[head]
            head += 1
            step = np.int16(steps[cell] + 1)
            for action in range(4):
                neighbour = cell - moves[action]  # from which this action leads here
                known = steps[neighbour]
                queue[tail] = neighbour
                tail += known == UNSEEN
                sets[neighbour] |= np.uint8(known >= step) << action
                steps[neighbour] = min(known, step)
        for row in range(n):
            for column in range(n):
                optimal[maze, row, column] = sets[(row + 1) * width + column + 1]


@njit(parallel=True, cache=True)
def _queue_parallel(walls, goals, optimal, threads):
    for part in prange(threads):  # each with buffers of its own
        _queue(walls, goals, optimal, len(walls) * part // threads, len(walls) * (part + 1) // threads)


# --- Numba, bitboard --------------------------------------------------------------------------------------------------


def numba_bitboard(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """A wave in the bits of words: a word for an 8 x 8 maze, a word for each row of a larger one. n is 8, 16, ..., 64."""
    optimal, words, sets = _as_words(walls)
    (_bitboard if walls.shape[1] == 8 else _bit_rows)(words, goals, sets, 0, len(walls))
    return optimal


def numba_bitboard_threads(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """The same with two threads."""
    optimal, words, sets = _as_words(walls)
    numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
    (_bitboard_parallel if walls.shape[1] == 8 else _bit_rows_parallel)(words, goals, sets, 2)
    return optimal


def _as_words(walls: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """New labels uint8 (N, n, n), and walls and labels with eight cells to a word: uint64 (N, n, n/8)."""
    optimal = np.empty(walls.shape, np.uint8)
    return optimal, np.ascontiguousarray(walls).view(np.uint64), optimal.view(np.uint64)


U64 = np.uint64
GATHER = U64(0x0102040810204080)  # times eight bytes that are 0 or 1: the top byte has these as its bits
NOT_LEFT, NOT_RIGHT = U64(0xFEFEFEFEFEFEFEFE), U64(0x7F7F7F7F7F7F7F7F)  # cells of 8 x 8 outside the first, last column
# SPREAD[byte]: eight bytes that are the bits of this one.
SPREAD = np.unpackbits(np.arange(256, dtype=np.uint8), bitorder="little").view(np.uint64)
LANES = 32  # mazes in step; 8 to 64 were tried


@njit(nogil=True, cache=True, inline="always")
def _spread(up, down, left, right, shift):
    """The sets of eight cells, a byte each, of four words with a bit for each cell."""
    byte = U64(255)
    return (
        SPREAD[up >> shift & byte]
        | SPREAD[down >> shift & byte] << U64(1)
        | SPREAD[left >> shift & byte] << U64(2)
        | SPREAD[right >> shift & byte] << U64(3)
    )


@njit(nogil=True, cache=True)
def _bitboard(walls, goals, sets, first, last):
    """Label the 8 x 8 mazes first .. last - 1; bit 8 * row + column of a word is a cell.

    LANES mazes go in step, which the compiler turns into vector instructions.
    """
    wave, unseen = np.empty(LANES, np.uint64), np.empty(LANES, np.uint64)
    up, down = np.empty(LANES, np.uint64), np.empty(LANES, np.uint64)
    left, right = np.empty(LANES, np.uint64), np.empty(LANES, np.uint64)
    for start in range(first, last, LANES):
        mazes = min(LANES, last - start)
        wave[:] = unseen[:] = up[:] = down[:] = left[:] = right[:] = U64(0)
        for i in range(mazes):
            maze = start + i
            wall = U64(0)
            for row in range(8):
                wall |= (walls[maze, row, 0] * GATHER >> U64(56)) << U64(8 * row)
            wave[i] = U64(1) << U64(8 * goals[maze, 0] + goals[maze, 1])
            unseen[i] = ~(wall | wave[i])
        moving = U64(1)
        while moving:
            moving = U64(0)
            for i in range(LANES):
                below, above = wave[i] << U64(8), wave[i] >> U64(8)
                right_of, left_of = wave[i] << U64(1) & NOT_LEFT, wave[i] >> U64(1) & NOT_RIGHT
                new = (below | above | right_of | left_of) & unseen[i]
                unseen[i] ^= new
                wave[i] = new
                moving |= new
                up[i] |= new & below
                down[i] |= new & above
                left[i] |= new & right_of
                right[i] |= new & left_of
        for i in range(mazes):
            maze = start + i
            for row in range(8):
                sets[maze, row, 0] = _spread(up[i], down[i], left[i], right[i], U64(8 * row))
            sets[maze, goals[maze, 0], 0] |= U64(16) << U64(8 * goals[maze, 1])


@njit(nogil=True, cache=True)
def _bit_rows(walls, goals, sets, first, last):
    """Label the mazes first .. last - 1; bit `column` of word `row` is a cell."""
    n = walls.shape[1]
    inside = ~U64(0) >> U64(64 - n)
    wave, new, unseen = np.zeros(n + 2, np.uint64), np.zeros(n, np.uint64), np.zeros(n, np.uint64)  # wave has a rim
    up, down = np.empty(n, np.uint64), np.empty(n, np.uint64)
    left, right = np.empty(n, np.uint64), np.empty(n, np.uint64)
    for maze in range(first, last):
        wave[:] = up[:] = down[:] = left[:] = right[:] = U64(0)
        for row in range(n):
            wall = U64(0)
            for byte in range(n // 8):
                wall |= (walls[maze, row, byte] * GATHER >> U64(56)) << U64(8 * byte)
            unseen[row] = ~wall & inside
        goal_row, goal_column = goals[maze]
        wave[goal_row + 1] = U64(1) << U64(goal_column)
        unseen[goal_row] ^= wave[goal_row + 1]
        moving = U64(1)
        while moving:
            moving = U64(0)
            for row in range(n):
                below, above = wave[row], wave[row + 2]
                right_of, left_of = wave[row + 1] << U64(1), wave[row + 1] >> U64(1)
                found = (below | above | right_of | left_of) & unseen[row]
                unseen[row] ^= found
                new[row] = found
                moving |= found
                up[row] |= found & below
                down[row] |= found & above
                left[row] |= found & right_of
                right[row] |= found & left_of
            wave[1:-1] = new
        for row in range(n):
            for byte in range(n // 8):
                sets[maze, row, byte] = _spread(up[row], down[row], left[row], right[row], U64(8 * byte))
        sets[maze, goal_row, goal_column // 8] |= U64(16) << U64(8 * (goal_column % 8))


@njit(parallel=True, cache=True)
def _bitboard_parallel(walls, goals, sets, threads):
    for part in prange(threads):
        _bitboard(walls, goals, sets, len(walls) * part // threads, len(walls) * (part + 1) // threads)


@njit(parallel=True, cache=True)
def _bit_rows_parallel(walls, goals, sets, threads):
    for part in prange(threads):
        _bit_rows(walls, goals, sets, len(walls) * part // threads, len(walls) * (part + 1) // threads)


# --- A* per start -----------------------------------------------------------------------------------------------------


def networkx_astar(walls: np.ndarray, starts: np.ndarray, goals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A grid graph for each maze, its walls taken out, and A* with the Manhattan distance, as in many courses."""
    n = walls.shape[1]
    paths = []
    for maze, start, goal in zip(walls, starts.tolist(), goals.tolist(), strict=True):
        graph = nx.grid_2d_graph(n, n)
        graph.remove_nodes_from(map(tuple, np.argwhere(maze).tolist()))
        paths.append(nx.astar_path(graph, tuple(start), tuple(goal), heuristic=manhattan))
    return _steps_and_first_actions(paths)


def pyastar2d_astar(walls: np.ndarray, starts: np.ndarray, goals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A* in C++; a wall costs infinitely much. Raises ImportError where the package is not installed."""
    import pyastar2d

    costs = np.where(walls, np.float32(np.inf), np.float32(1))
    return _steps_and_first_actions(
        [
            pyastar2d.astar_path(cost, start, goal, allow_diagonal=False)
            for cost, start, goal in zip(costs, starts.tolist(), goals.tolist(), strict=True)
        ]
    )


def _steps_and_first_actions(paths: list) -> tuple[np.ndarray, np.ndarray]:
    steps = np.array([len(path) - 1 for path in paths])
    first = np.array([(path[1][0] - path[0][0], path[1][1] - path[0][1]) for path in paths])  # (N, 2)
    return steps, (first[:, None] == MOVES[:4]).all(axis=2).argmax(axis=1).astype(np.uint8)
