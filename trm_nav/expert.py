"""The expert: distances to the goal and sets of optimal actions, for every cell of every maze of a batch at once.

A breadth-first wave leaves the goal and reaches the cells of distance 1, 2, 3, ... in turn. Here 64 mazes share each
step of it: bit i of a word is maze i of its group, an array (n, n, words) of words is the same cell of all mazes side
by side, and one bitwise operation moves all their waves. `astar` searches a single maze; it is the check on this room.
"""

from collections.abc import Iterator
from itertools import count

import numpy as np

from .encoding import MOVES, STAY, check_mazes

# Words in an array (n, n, words) of one block of mazes. At 64 KiB an array, a block's work stays in a core's
# second-level cache, which measured fastest for n from 8 to 64.
BLOCK_WORDS = 2**13


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
    chosen = np.zeros((4, *_packed_shape(walls)), np.uint64)  # chosen[a]: where action a comes one step nearer
    for _, new, beside in _wave(walls, goals):
        for action in range(4):
            chosen[action] |= new & beside[action]
    up, down, left, right = _unpack(chosen).view(np.uint64)  # 0 or 1 in each byte: eight mazes to a word once more
    sets = up | down << np.uint64(1) | left << np.uint64(2) | right << np.uint64(3)
    return np.moveaxis(sets.view(np.uint8), -1, 0)[: len(walls)]


def _distances_of_block(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    planes = []  # planes[b]: where bit b of the distance is set
    for step, new, _ in _wave(walls, goals):
        if step.bit_length() > len(planes):
            planes.append(np.zeros_like(new))
        for bit, plane in enumerate(planes):
            if step >> bit & 1:
                plane |= new
    steps = np.zeros((*walls.shape[1:], 64 * _packed_shape(walls)[-1]), np.int16)
    for bit, plane in enumerate(planes):
        steps += _unpack(plane) * np.int16(1 << bit)
    return np.moveaxis(steps, -1, 0)[: len(walls)]


def _wave(walls: np.ndarray, goals: np.ndarray) -> Iterator[tuple[int, np.ndarray, list[np.ndarray]]]:
    """One wave from each goal, all of them in step: (step, new, beside) for step 1, 2, ... until nothing is new.

    new, uint64 (n, n, words): the cells at that distance. beside[a], the same shape: the cells from which action a
    leads into the wave of the step before.
    """
    n, maze = walls.shape[1], np.arange(len(walls))
    unseen = _pack(~walls)  # (n, n, words)
    wave = np.zeros((n + 2, n + 2, unseen.shape[-1]), np.uint64)  # a rim keeps the shifts inside
    rows, columns = goals.T + 1
    np.bitwise_or.at(wave.view(np.uint8), (rows, columns, maze // 8), (1 << maze % 8).astype(np.uint8))
    beside = [wave[1 + row : 1 + row + n, 1 + column : 1 + column + n] for row, column in MOVES[:4]]
    inside = wave[1:-1, 1:-1]
    unseen &= ~inside
    for step in count(1):
        new = beside[0] | beside[1]
        new |= beside[2]
        new |= beside[3]
        new &= unseen
        if not new.any():
            return
        yield step, new, beside
        unseen ^= new
        inside[...] = new


def _blocks(walls: np.ndarray) -> Iterator[slice]:
    mazes = 64 * max(1, BLOCK_WORDS // walls[0].size) if len(walls) else 1
    return (slice(start, start + mazes) for start in range(0, len(walls), mazes))


def _packed_shape(walls: np.ndarray) -> tuple[int, int, int]:
    return *walls.shape[1:], -(-len(walls) // 64)


def _pack(cells: np.ndarray) -> np.ndarray:
    """Bool (N, n, n) to uint64 (n, n, words): the batch axis goes last and into the bits; bits past N are 0."""
    packed = np.zeros(_packed_shape(cells), np.uint64)
    bits = np.packbits(np.ascontiguousarray(np.moveaxis(cells, 0, -1)), axis=-1, bitorder="little")
    packed.view(np.uint8)[..., : bits.shape[-1]] = bits
    return packed


def _unpack(packed: np.ndarray) -> np.ndarray:
    """The bits of uint64 (..., words) as uint8 (..., 64 * words)."""
    return np.unpackbits(packed.view(np.uint8), axis=-1, bitorder="little")
