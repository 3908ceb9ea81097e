"""The expert: distances to the goal and sets of optimal actions, for every cell of every maze of a batch at once.

A breadth-first wave starts at the goal and reaches the cells at distance 1, 2, 3, ... in turn. Up to 64 x 64 cells, a
row of a maze is stored in one machine word, column c in bit c, and the rows of thousands of mazes are stacked, with an
empty row after each maze. A step up or down is then the previous or the next word, a step left or right is a shift, and
one bitwise operation advances the waves of all these mazes. In larger mazes, where a step reaches few of the cells, a
step looks only at the cells that the last one reached. `astar`, which searches one maze, is the independent check.
"""

from collections.abc import Iterator
from itertools import count

import numpy as np

from trm_nav import memory

from .encoding import MOVES, STAY, UNCHECKED_SIZE, check_mazes

# Bytes of the words in one block of mazes. The working set of a block then fits into a core's second-level cache, which
# was the fastest choice measured, for n from 8 to 64.
BLOCK_BYTES = 2**16
LARGEST_WORD = 64  # bits, and therefore the largest mazes whose rows are words
BLOCK_CELLS = 2**20  # cells in one block of larger mazes
BLOCK_CELL_BYTES = 16  # for each cell of such a block while it is labelled, most of them for distances in int32


def optimal_actions(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """The optimal set of every cell, that is, all actions on some shortest path to the goal.

    Args:
        walls: bool (N, n, n).
        goals: int (N, 2) as (row, col).

    Returns uint8 (N, n, n), bit a standing for action a. At the goal the set is {STAY}; it is empty, 0, on walls and on
    cells that cannot reach the goal. Raises UserError for other shapes and dtypes, for a goal outside its maze or on a
    wall, and for more mazes than fit into memory.
    """
    walls, goals = check_mazes(walls, goals)
    optimal = _results(walls, np.uint8)
    label = _optimal_of_words if walls.shape[1] <= LARGEST_WORD else _optimal_of_cells
    for block in _blocks(walls):
        optimal[block] = label(walls[block], goals[block])
    optimal[np.arange(len(walls)), *goals.T] = 1 << STAY
    return optimal


def distances(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """Steps from every cell to the goal: (N, n, n), -1 on walls and on cells that cannot reach the goal.

    int16 up to n = 181, which can count their cells; int32 from there on. The arguments and the errors are those of
    `optimal_actions`.
    """
    walls, goals = check_mazes(walls, goals)
    steps = _results(walls, count_dtype(walls.shape[1] ** 2))
    measure = _distances_of_words if walls.shape[1] <= LARGEST_WORD else _distances_of_cells
    for block in _blocks(walls):
        steps[block] = measure(walls[block], goals[block])
    steps[steps == 0] = -1  # the wave never reached these cells; the goal is among them
    steps[np.arange(len(walls)), *goals.T] = 0
    return steps


def _results(walls: np.ndarray, dtype: type[np.generic]) -> np.ndarray:
    """An array for the results, (N, n, n), not filled yet. Raises UserError unless there is memory for the work."""
    mazes, n, _ = walls.shape
    if walls.size > UNCHECKED_SIZE:
        needed = walls.size * np.dtype(dtype).itemsize + BLOCK_CELL_BYTES * max(BLOCK_CELLS, n * n)
        memory.require(needed, f"labelling {mazes:,} mazes of {n} x {n}", "label fewer at once")
    return np.empty(walls.shape, dtype)


def count_dtype(cells: int) -> type[np.signedinteger]:
    """The smaller of int16 and int32 that can count so many cells."""
    return np.int16 if cells < 2**15 else np.int32


def _optimal_of_words(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    # The distances of two neighbours differ by at most one: the distance modulo 3 tells which of the two is nearer.
    packed = _pack(walls)
    thirds = np.zeros((3, len(packed) + 2), packed.dtype)  # with a rim; thirds[k]: the distance is k modulo 3
    for step, new in _wave(walls, goals):
        thirds[step % 3, 1:-1] |= new
    sets = np.zeros(1, np.uint64)
    for action, beside in enumerate(zip(*map(_beside, thirds), strict=True)):  # beside[k]: action leads into thirds[k]
        chosen = thirds[0, 1:-1] & beside[2] | thirds[1, 1:-1] & beside[0] | thirds[2, 1:-1] & beside[1]
        sets = sets | _unpack(chosen).view(np.uint64) << np.uint64(action)  # 0 or 1 in each byte, eight cells in a word
    return _cells(sets.view(np.uint8), walls)


def _distances_of_words(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    planes: list[np.ndarray] = []  # planes[b]: where bit b of the distance is set
    for step, new in _wave(walls, goals):
        if step.bit_length() > len(planes):
            planes.append(np.zeros_like(new))
        for bit, plane in enumerate(planes):
            if step >> bit & 1:
                plane |= new
    steps: np.ndarray = np.zeros(1, np.int16)
    for bit, plane in enumerate(planes):
        steps = steps + _unpack(plane) * np.int16(1 << bit)
    return _cells(steps, walls)


def _wave(walls: np.ndarray, goals: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Advance one wave from each goal, all in step. Yields (step, new) for step 0, 1, 2, ... until nothing is new.

    new: words (N * (n + 1),), the cells at that distance; the array is reused two steps later.
    """
    unseen = _pack(~walls)
    wave, new = np.zeros((2, len(unseen) + 2), unseen.dtype)  # the rim keeps steps up and down inside the array
    rows = np.arange(len(walls)) * (walls.shape[1] + 1) + goals[:, 0]
    new[1:-1][rows] = np.left_shift(1, goals[:, 1].astype(unseen.dtype), dtype=unseen.dtype)
    for step in count():
        if step % 4 == 0 and not new.any():  # this check takes nearly as long as a step
            return
        yield step, new[1:-1]
        unseen ^= new[1:-1]
        wave, new = new, wave
        up, down, left, right = _beside(wave)
        np.bitwise_or(up, down, out=new[1:-1])
        new[1:-1] |= left
        new[1:-1] |= right
        new[1:-1] &= unseen


def _beside(words: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """For UP, DOWN, LEFT and RIGHT: the cells from which that action leads into the given cells, words with a rim."""
    inside = words[1:-1]
    return (
        words[:-2],
        words[2:],
        inside + inside,
        inside >> words.dtype.type(1),
    )  # doubling a word shifts it, and is faster


def _blocks(walls: np.ndarray) -> Iterator[slice]:
    """Slices of as many mazes as fit into `BLOCK_BYTES`, or have `BLOCK_CELLS` cells where rows are no words."""
    n = walls.shape[1]
    mazes = 8 * BLOCK_BYTES // ((n + 1) * _bits(walls)) if n <= LARGEST_WORD else max(1, BLOCK_CELLS // n**2)
    return (slice(start, start + mazes) for start in range(0, len(walls), mazes))


def _bits(walls: np.ndarray) -> int:
    """Bits in a word, 8, 16, 32 or 64: at least one for each column."""
    return max(8, 1 << (walls.shape[1] - 1).bit_length())


def _pack(cells: np.ndarray) -> np.ndarray:
    """Pack bool (N, n, n) into words (N * (n + 1),); the row after each maze and the bits past column n are 0."""
    mazes, n, _ = cells.shape
    padded = np.zeros((mazes, n + 1, _bits(cells)), bool)
    padded[:, :n, :n] = cells
    return np.packbits(padded.reshape(-1), bitorder="little").view(f"uint{_bits(cells)}")


def _unpack(words: np.ndarray) -> np.ndarray:
    """The bits of words (W,) as uint8 (W * bits,)."""
    return np.unpackbits(words.view(np.uint8), bitorder="little")


def _cells(values: np.ndarray, walls: np.ndarray) -> np.ndarray:
    """Remove the padding of `_pack` from unpacked values. Returns (N, n, n)."""
    mazes, n, _ = walls.shape
    return values.reshape(mazes, n + 1, _bits(walls))[:, :n, :n]


def _optimal_of_cells(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    steps = np.pad(_distances_of_cells(walls, goals), ((0, 0), (1, 1), (1, 1)), constant_values=-1)
    n = walls.shape[1]
    sets = np.zeros(walls.shape, np.uint8)
    for action, (row, column) in enumerate(MOVES[:4].tolist()):
        beside = steps[:, 1 + row : 1 + row + n, 1 + column : 1 + column + n]
        sets |= (beside == steps[:, 1:-1, 1:-1] - 1).view(np.uint8) << action
    return sets


def _distances_of_cells(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    mazes, n, _ = walls.shape
    width = n + 2  # with a rim of walls, so that no step leads out of a maze
    unseen = np.pad(~walls, ((0, 0), (1, 1), (1, 1))).reshape(-1)
    steps = np.full(len(unseen), -1, np.int32)
    new = (np.arange(mazes) * width + goals[:, 0] + 1) * width + goals[:, 1] + 1
    unseen[new] = False
    step = 0
    while len(new):
        steps[new] = step
        step += 1
        reached = []
        for offset in (-width, width, -1, 1):
            beside = new + offset
            beside = beside[unseen[beside]]
            unseen[beside] = False  # so that two cells that lead to the same one reach it once
            reached.append(beside)
        new = np.concatenate(reached)
    return steps.reshape(mazes, width, width)[:, 1:-1, 1:-1]
