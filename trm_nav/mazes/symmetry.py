"""The 8 symmetries of the square (the group D4), applied to cells, positions, actions, sets of actions and mazes.

Symmetry g rotates the maze by g % 4 quarter turns to the left; from 4 on, it first mirrors it left to right. Symmetry 0
is the identity. Mazes and optimal sets transform together, exactly: the optimal sets of a transformed maze are the
transformed optimal sets. The tables work with NumPy and torch.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .encoding import MOVES
from .grids import BATCH_CELLS, Mazes

if TYPE_CHECKING:
    from torch import Tensor


@cache
def cell_permutations(n: int) -> np.ndarray:
    """Where each cell of a transformed maze comes from: int64 (8, n*n), read-only.

    transformed.flat = original.flat[table[g]]. Cell c of the original ends up at table[INVERSE[g]][c].
    """
    cells = np.arange(n * n).reshape(n, n)
    table = np.stack([np.rot90(side, turns).ravel() for side in (cells, cells[:, ::-1]) for turns in range(4)])
    table.flags.writeable = False
    return table


def _inverse() -> np.ndarray:
    table = cell_permutations(3)
    undone = np.argsort(table, axis=1)
    return (undone[:, None] == table).all(axis=2).argmax(axis=1)


def _action_permutations() -> np.ndarray:
    """Computed on 3 x 3 cells: an action from the centre to a cell becomes the action to that cell's image."""
    reached = (MOVES + 1) @ (3, 1)  # (5,): the cell that each action leads to
    landed = cell_permutations(3)[INVERSE][:, reached]  # (8, 5)
    return (landed[..., None] == reached).argmax(axis=2)


INVERSE = _inverse()  # int64 (8,): the inverse of symmetry g
ACTION_PERMUTATIONS = _action_permutations()  # int64 (8, 5): what action a becomes in the transformed maze
MASK_PERMUTATIONS = sum(  # uint8 (8, 32): what a set of actions becomes
    (np.arange(32) >> action & 1) << ACTION_PERMUTATIONS[:, action, None] for action in range(5)
).astype(np.uint8)


def transform_cells(cells: np.ndarray, g: int) -> np.ndarray:
    """Move the contents of cells, (N, n, n) of any dtype; the values themselves do not change."""
    n = cells.shape[-1]
    return cells.reshape(-1, n * n)[:, cell_permutations(n)[g]].reshape(cells.shape)


def transform_actions(actions: np.ndarray, g: int) -> np.ndarray:
    """Transform one action per cell, (N, n, n): each moves to its new cell and changes its direction."""
    return ACTION_PERMUTATIONS[g].astype(actions.dtype)[transform_cells(actions, g)]


def transform_masks(masks: np.ndarray, g: int) -> np.ndarray:
    """Transform one set of actions per cell, uint8 (N, n, n)."""
    return MASK_PERMUTATIONS[g][transform_cells(masks, g)]


def transform_positions(positions: np.ndarray, n: int, g: int) -> np.ndarray:
    """Transform positions (row, col), int64 (N, 2), in mazes of n x n."""
    cells = cell_permutations(n)[INVERSE[g]][positions @ (n, 1)]
    return np.stack(divmod(cells, n), axis=1)


def transform_mazes(mazes: Mazes, g: int) -> Mazes:
    """Transform walls, starts and goals together."""
    n = mazes.grid_size
    return Mazes(
        transform_cells(mazes.walls, g), transform_positions(mazes.starts, n, g), transform_positions(mazes.goals, n, g)
    )


def maze_keys(mazes: Mazes) -> np.ndarray:
    """A key for each maze, the same for its 8 orientations and different for other mazes: whole numbers, float64 (N,).

    Every pair of a cell and its content has a random weight below 2**40, or less on large grids. A maze's sum in each
    orientation is exact, because it stays below 2**53, and the smallest of the eight is the key. The probability that
    two different mazes share a key is about 10**-12, and 10**-9 at n = 1024; the only consequence is that a maze is
    sampled again without need.
    """
    n = mazes.grid_size
    most = n * n + 2  # weights in a sum
    bits = min(40, 53 - most.bit_length())
    weights = np.random.default_rng(0).integers(0, 2**bits, (3, n * n)).astype(np.float64)
    # Transforming the weights instead of the mazes turns the eight sums of all mazes into one matrix product.
    cells = cell_permutations(n)  # (8, n*n)
    wall, start, goal = weights[:, cells]  # (8, n*n) each
    keys = np.empty(len(mazes))
    size = max(1, BATCH_CELLS // n**2)  # the walls of all mazes as floats might not fit into memory
    for first in range(0, len(mazes), size):
        part = mazes[first : first + size]
        walls = part.walls.reshape(-1, n * n).astype(np.float64)
        sums = walls @ wall.T + start[:, part.starts @ (n, 1)].T + goal[:, part.goals @ (n, 1)].T  # (N, 8)
        keys[first : first + size] = sums.min(axis=1)
    return keys


def count_distinct(mazes: Mazes) -> int:
    """The number of mazes that differ, up to rotation and reflection."""
    return len(np.unique(maze_keys(mazes)))


def transform_batch(
    tokens: "Tensor", masks: "Tensor", agents: "Tensor", g: "Tensor", *contents: "Tensor"
) -> tuple["Tensor", ...]:
    """Transform a batch of torch tensors, every sample by its own symmetry.

    tokens: (B, n*n). masks: sets of actions, uint8 (B, n*n). agents: the agents' cells, int64 (B,). g: int64 (B,), the
    symmetry of each sample, on the same device. contents: other values of the cells, (B, n*n), that move with them.
    Returns the transformed tokens, masks, agents and contents.
    """
    cells, inverse, sets = _tables(round(tokens.shape[1] ** 0.5), tokens.device)
    source = cells[g]  # (B, n*n)
    transformed = sets[g[:, None], masks.gather(1, source).long()]
    moved = (content.gather(1, source) for content in contents)
    return tokens.gather(1, source), transformed, cells[inverse[g], agents], *moved


@cache
def _tables(n: int, device: Any) -> tuple["Tensor", ...]:
    import torch  # here, so that importing this module does not load torch

    return tuple(torch.tensor(table, device=device) for table in (cell_permutations(n), INVERSE, MASK_PERMUTATIONS))
