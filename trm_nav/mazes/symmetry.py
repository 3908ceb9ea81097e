"""The 8 symmetries of the square (the group D4), on cells, positions, actions, sets of actions, and whole mazes.

Symmetry g turns the maze by g % 4 quarter turns to the left; from 4 on, it first mirrors it left to right. Symmetry 0
changes nothing. A maze and its optimal sets turn together, exactly: the optimal sets of the turned maze are the turned
optimal sets. The tables serve NumPy and torch alike.
"""

from functools import cache

import numpy as np

from .encoding import MOVES
from .grids import Mazes


@cache
def cell_permutations(n: int) -> np.ndarray:
    """Where the cells of a turned maze come from: int64 (8, n*n), turned.flat = original.flat[table[g]]. Read-only.

    Cell c of the original lies in the turned maze at table[INVERSE[g]][c].
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
    """Read off a 3 x 3 maze: an action that leads from its centre to a cell becomes the one to where that cell goes."""
    reached = (MOVES + 1) @ (3, 1)  # (5,): the cell to which each action leads
    landed = cell_permutations(3)[INVERSE][:, reached]  # (8, 5)
    return (landed[..., None] == reached).argmax(axis=2)


INVERSE = _inverse()  # int64 (8,): the symmetry that undoes g
ACTION_PERMUTATIONS = _action_permutations()  # int64 (8, 5): what action a is called in the turned maze
MASK_PERMUTATIONS = sum(  # uint8 (8, 32): the same for a set of actions
    (np.arange(32) >> action & 1) << ACTION_PERMUTATIONS[:, action, None] for action in range(5)
).astype(np.uint8)


def transform_cells(cells: np.ndarray, g: int) -> np.ndarray:
    """What stands in the cells, (N, n, n) of any dtype, turned; the values themselves stay as they are."""
    n = cells.shape[-1]
    return cells.reshape(-1, n * n)[:, cell_permutations(n)[g]].reshape(cells.shape)


def transform_actions(actions: np.ndarray, g: int) -> np.ndarray:
    """One action a cell, (N, n, n), turned: each moves to its new cell and takes its new name."""
    return ACTION_PERMUTATIONS[g].astype(actions.dtype)[transform_cells(actions, g)]


def transform_masks(masks: np.ndarray, g: int) -> np.ndarray:
    """One set of actions a cell, uint8 (N, n, n), turned."""
    return MASK_PERMUTATIONS[g][transform_cells(masks, g)]


def transform_positions(positions: np.ndarray, n: int, g: int) -> np.ndarray:
    """Positions (row, col), int64 (N, 2), in mazes of n x n, turned."""
    cells = cell_permutations(n)[INVERSE[g]][positions @ (n, 1)]
    return np.stack(divmod(cells, n), axis=1)


def transform_mazes(mazes: Mazes, g: int) -> Mazes:
    """The mazes turned: walls, starts and goals together."""
    n = mazes.grid_size
    return Mazes(
        transform_cells(mazes.walls, g), transform_positions(mazes.starts, n, g), transform_positions(mazes.goals, n, g)
    )


def transform_batch(tokens, masks, agents, g):
    """Tokens (B, n*n), sets of actions uint8 (B, n*n) and agents' cells int64 (B,), torch tensors, turned together.

    g: int64 (B,) on the same device, the symmetry of each sample.
    """
    cells, inverse, sets = _tables(round(tokens.shape[1] ** 0.5), tokens.device)
    source = cells[g]  # (B, n*n)
    return tokens.gather(1, source), sets[g[:, None], masks.gather(1, source).long()], cells[inverse[g], agents]


@cache
def _tables(n: int, device):
    import torch  # here, so that importing the room stays cheap

    return tuple(torch.tensor(table, device=device) for table in (cell_permutations(n), INVERSE, MASK_PERMUTATIONS))
