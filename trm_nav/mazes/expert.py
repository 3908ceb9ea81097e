"""The expert: distances to the goal and sets of optimal actions, for every cell of every maze of a batch at once.

A breadth-first wave leaves the goal and reaches the cells of distance 1, 2, 3, ... in turn. Here a row of a maze is one
word, bit c its column c, and the rows of thousands of mazes lie one below the other, an empty row after each maze. A
step up or down is then the word before or after, a step to the left or right a shift, and one bitwise operation moves
the waves of all these mazes. `astar` searches a single maze; it is the check on this room.
"""

from collections.abc import Iterator
from itertools import count

import numpy as np

from .encoding import STAY, check_mazes

# Bytes of the words of one block of mazes. A block's work stays in a core's second-level cache then, which measured
# fastest for n from 8 to 64.
BLOCK_BYTES = 2**16


def optimal_actions(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """The set of actions that lie on some shortest path to the goal, for every cell: uint8 (N, n, n), bit a = action a.

    walls: bool (N, n, n); goals: int (N, 2) as (row, col). At the goal the set is {STAY}; it is empty, 0, on walls and
    on cells that cannot reach the goal. Raises ValueError for other shapes and dtypes, and for a goal outside its maze
    or on a wall.
    """
    walls, goals = check_mazes(walls, goals)
    optimal = np.empty(walls.shape, np.uint8)
    for block in _blocks(walls):
        optimal[block] = _optimal_of_block(walls[block], goals[block])
    optimal[np.arange(len(walls)), *goals.T] = 1 << STAY
    return optimal


def distances(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """Steps from every cell to the goal: int16 (N, n, n), -1 on walls and on cells that cannot reach the goal.

    Takes and refuses what `optimal_actions` does.
    """
    walls, goals = check_mazes(walls, goals)
    steps = np.empty(walls.shape, np.int16)
    for block in _blocks(walls):
        steps[block] = _distances_of_block(walls[block], goals[block])
    steps[steps == 0] = -1  # cells that no wave has reached, the goal among them
    steps[np.arange(len(walls)), *goals.T] = 0
    return steps


def _optimal_of_block(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    # Neighbours are one step apart in their distances: modulo 3 is enough to tell which of the two is nearer.
    for step, new in _wave(walls, goals):
        if step == 0:
            thirds = np.zeros((3, len(new) + 2), new.dtype)  # with a rim; thirds[k]: the distance is k modulo 3
        thirds[step % 3, 1:-1] |= new
    sets = 0
    for action, beside in enumerate(zip(*map(_beside, thirds), strict=True)):  # beside[k]: action leads into thirds[k]
        chosen = thirds[0, 1:-1] & beside[2] | thirds[1, 1:-1] & beside[0] | thirds[2, 1:-1] & beside[1]
        sets = sets | _unpack(chosen).view(np.uint64) << np.uint64(action)  # 0 or 1 in each byte: eight cells to a word
    return _cells(sets.view(np.uint8), walls)


def _distances_of_block(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    planes = []  # planes[b]: where bit b of the distance is set
    for step, new in _wave(walls, goals):
        if step.bit_length() > len(planes):
            planes.append(np.zeros_like(new))
        for bit, plane in enumerate(planes):
            if step >> bit & 1:
                plane |= new
    steps = np.int16(0)
    for bit, plane in enumerate(planes):
        steps = steps + _unpack(plane) * np.int16(1 << bit)
    return _cells(steps, walls)


def _wave(walls: np.ndarray, goals: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """One wave from each goal, all of them in step: (step, new) for step 0, 1, 2, ... until nothing is new.

    new, words (N * (n + 1),): the cells at that distance. It is written over in the second step after.
    """
    unseen = _pack(~walls)
    wave, new = np.zeros((2, len(unseen) + 2), unseen.dtype)  # a rim keeps the steps up and down inside
    rows = np.arange(len(walls)) * (walls.shape[1] + 1) + goals[:, 0]
    new[1:-1][rows] = np.left_shift(1, goals[:, 1].astype(unseen.dtype), dtype=unseen.dtype)
    for step in count():
        if step % 4 == 0 and not new.any():  # to look takes nearly as long as a step
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
    """For UP, DOWN, LEFT and RIGHT the cells from which that action leads into the cells of words with a rim."""
    inside = words[1:-1]
    return words[:-2], words[2:], inside + inside, inside >> words.dtype.type(1)  # twice a word is a shift, and faster


def _blocks(walls: np.ndarray) -> Iterator[slice]:
    mazes = max(1, 8 * BLOCK_BYTES // ((walls.shape[1] + 1) * _bits(walls)))
    return (slice(start, start + mazes) for start in range(0, len(walls), mazes))


def _bits(walls: np.ndarray) -> int:
    """The bits of a word, 8, 16, 32 or 64: at least one for each column."""
    return max(8, 1 << (walls.shape[1] - 1).bit_length())


def _pack(cells: np.ndarray) -> np.ndarray:
    """Bool (N, n, n) to words (N * (n + 1),), 0 in the row after each maze and in the bits past its last column."""
    mazes, n, _ = cells.shape
    padded = np.zeros((mazes, n + 1, _bits(cells)), bool)
    padded[:, :n, :n] = cells
    return np.packbits(padded.reshape(-1), bitorder="little").view(f"uint{_bits(cells)}")


def _unpack(words: np.ndarray) -> np.ndarray:
    """The bits of words (W,), uint8 (W * bits,)."""
    return np.unpackbits(words.view(np.uint8), bitorder="little")


def _cells(values: np.ndarray, walls: np.ndarray) -> np.ndarray:
    """What `_unpack` made, without the padding of `_pack`: (N, n, n)."""
    mazes, n, _ = walls.shape
    return values.reshape(mazes, n + 1, _bits(walls))[:, :n, :n]
