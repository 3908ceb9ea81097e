"""How a maze and its labels are encoded: actions, sets of actions as bit masks, and the tokens that a model reads.

Most modules depend on this one. Cells are (row, col); UP is row - 1, LEFT is col - 1.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from trm_nav import memory
from trm_nav.errors import UserError
from trm_nav.tensor_files import require_dense

ACTIONS = ("UP", "DOWN", "LEFT", "RIGHT", "STAY")
UP, DOWN, LEFT, RIGHT, STAY = range(len(ACTIONS))
MOVES = np.array([(-1, 0), (1, 0), (0, -1), (0, 1), (0, 0)])  # (5, 2): what an action adds to (row, col)
FREE, WALL, GOAL = range(3)  # tokens
UNCHECKED_SIZE = 2**24  # arrays of so many elements fit into any memory; asking how much there is would take as long
CELL_BYTES = 24  # for each maze, to check where its goal or its start is


def check_mazes(walls: np.ndarray, goals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Validate mazes. Returns walls as bool (N, n, n) and goals as int64 (N, 2).

    Raises UserError for another shape or dtype, and for a goal outside its maze or on a wall.
    """
    walls = check_walls(walls)
    return walls, check_cells(goals, walls, "goal")


def check_walls(walls: np.ndarray) -> np.ndarray:
    """Validate walls. Returns bool (N, n, n). Raises UserError for another shape or dtype."""
    walls = array(walls, "walls")
    if walls.dtype != bool or walls.ndim != 3 or walls.shape[1] != walls.shape[2] or walls.shape[1] == 0:
        raise UserError(f"walls must be bool of shape (N, n, n), not {walls.dtype} of shape {walls.shape}")
    return walls


def check_cells(cells: np.ndarray, walls: np.ndarray, name: str) -> np.ndarray:
    """Validate one free cell for each maze, its "goal" or "start". Returns int64 (N, 2).

    walls: bool (N, n, n). Raises UserError for another shape or dtype, and for a cell outside its maze or on a wall.
    """
    cells, n = array(cells, f"{name}s"), walls.shape[1]
    if cells.dtype.kind not in "iu" or cells.shape != (len(walls), 2):
        raise UserError(
            f"{name}s must be integers (row, col) of shape ({len(walls)}, 2), one for each maze in walls, "
            f"not {cells.dtype} of shape {cells.shape}"
        )
    if len(cells) > UNCHECKED_SIZE:
        memory.require(CELL_BYTES * len(cells), f"checking the {name}s of {len(cells):,} mazes", "take fewer at once")
    outside = ((cells < 0) | (cells >= n)).any(axis=1)
    if outside.any():
        maze = int(outside.argmax())
        raise UserError(f"the {name} of maze {maze} is {tuple(cells[maze].tolist())}, outside its {n} x {n} cells")
    cells = cells.astype(np.int64)  # not earlier: it would wrap numbers of uint64 around
    blocked = walls[np.arange(len(walls)), *cells.T]
    if blocked.any():
        maze = int(blocked.argmax())
        raise UserError(f"the {name} of maze {maze}, {tuple(cells[maze].tolist())}, is a wall; it must be a free cell")
    return cells


def array(value: Any, name: str) -> np.ndarray:
    """The value as an array. Raises UserError for what is none: a tensor on a GPU, rows of different length."""
    if not isinstance(value, np.ndarray | Sequence) and not hasattr(value, "__array__"):
        raise UserError(f"{name} must be a NumPy array, not of type {type(value).__name__}")
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise UserError(f"{name} must be a NumPy array without masked values; fill them first")
    try:
        return np.asarray(value)
    except Exception:  # NumPy, PyTorch and whatever else can be turned into an array raise errors of their own
        raise UserError(
            f"{name} must be a NumPy array, or something that NumPy can turn into one, not of type "
            f"{type(value).__name__}; a tensor needs `.detach().cpu().numpy()`, and rows need the same length"
        ) from None


def stored_array(content: dict[str, Any], name: str, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """One tensor of a file as an array. Raises ValueError unless it has this dtype and the shape (N, *shape)."""
    import torch

    tensor, expected = content[name], f"{dtype} of shape (N, {', '.join(map(str, shape))})"
    require_dense(tensor, f"its {name}")
    if tensor.dtype != getattr(torch, dtype) or tensor.shape[1:] != shape or tensor.ndim == 0:
        found = f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"
        raise ValueError(f"its {name} should be {expected}, not {found}")
    array: np.ndarray = tensor.detach().numpy()
    return array


def encode(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """Encode walls bool (N, n, n) and goals int (N, 2) as tokens uint8 (N, n*n), cells in row-major order.

    The agent has no token: a policy covers every cell, and the agent only decides which cell is read.
    Raises UserError as `check_mazes` does.
    """
    walls, goals = check_mazes(walls, goals)
    tokens = np.where(walls, np.uint8(WALL), np.uint8(FREE))  # (N, n, n)
    tokens[np.arange(len(walls)), *goals.T] = GOAL
    return tokens.reshape(len(walls), walls.shape[1] ** 2)


def decode(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Decode tokens (N, n*n) to walls bool (N, n, n) and goals int64 (N, 2).

    Raises UserError for another shape, for values other than 0, 1 and 2, and for a maze without exactly one goal.
    """
    tokens = array(tokens, "tokens")
    side = math.isqrt(tokens.shape[-1]) if tokens.ndim == 2 else 0
    if tokens.dtype.kind not in "iu" or side == 0 or side * side != tokens.shape[1]:
        raise UserError(f"tokens must be integers of shape (N, n*n), not {tokens.dtype} of shape {tokens.shape}")
    if not np.isin(tokens, (FREE, WALL, GOAL)).all() or not ((tokens == GOAL).sum(axis=1) == 1).all():
        raise UserError("tokens must be FREE 0, WALL 1 and, once in every maze, GOAL 2")
    goals = np.stack(divmod((tokens == GOAL).argmax(axis=1), side), axis=1)  # (N, 2)
    return (tokens == WALL).reshape(-1, side, side), goals


def contains(masks: Any, actions: Any) -> Any:
    """Whether each set contains the action given with it: bool, in the shape that the two arguments broadcast to.

    masks: bit masks, bit a standing for action a. actions: integers. Both are NumPy arrays, torch tensors or ints.
    """
    return (masks >> actions) & 1 == 1
