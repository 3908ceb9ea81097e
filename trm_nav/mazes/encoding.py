"""How a maze and its labels are encoded: actions, sets of actions as bit masks, and the tokens that a model reads.

Most modules depend on this one. Cells are (row, col); UP is row - 1, LEFT is col - 1.
"""

from typing import Any

import numpy as np

from trm_nav.errors import UserError

ACTIONS = ("UP", "DOWN", "LEFT", "RIGHT", "STAY")
UP, DOWN, LEFT, RIGHT, STAY = range(len(ACTIONS))
MOVES = np.array([(-1, 0), (1, 0), (0, -1), (0, 1), (0, 0)])  # (5, 2): what an action adds to (row, col)
FREE, WALL, GOAL = range(3)  # tokens


def check_mazes(walls: np.ndarray, goals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Validate mazes. Returns walls as bool (N, n, n) and goals as int64 (N, 2).

    Raises UserError for another shape or dtype, and for a goal outside its maze or on a wall.
    """
    walls, goals = np.asarray(walls), np.asarray(goals)
    if walls.dtype != bool or walls.ndim != 3 or walls.shape[1] != walls.shape[2] or walls.shape[1] == 0:
        raise UserError(f"walls must be bool of shape (N, n, n), not {walls.dtype} of shape {walls.shape}")
    if goals.dtype.kind not in "iu" or goals.shape != (len(walls), 2):
        raise UserError(
            f"goals must be integers (row, col) of shape ({len(walls)}, 2), one for each maze in walls, "
            f"not {goals.dtype} of shape {goals.shape}"
        )
    goals = goals.astype(np.int64)
    outside = ((goals < 0) | (goals >= walls.shape[1])).any(axis=1)
    if outside.any():
        maze = int(outside.argmax())
        raise UserError(
            f"the goal of maze {maze} is {tuple(goals[maze].tolist())}, "
            f"outside its {walls.shape[1]} x {walls.shape[1]} cells"
        )
    blocked = walls[np.arange(len(walls)), *goals.T]
    if blocked.any():
        maze = int(blocked.argmax())
        raise UserError(f"the goal of maze {maze}, {tuple(goals[maze].tolist())}, is a wall; it must be a free cell")
    return walls, goals


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
    tokens = np.asarray(tokens)
    side = round(tokens.shape[-1] ** 0.5)
    if tokens.ndim != 2 or side * side != tokens.shape[1]:
        raise UserError(f"tokens must have shape (N, n*n), not {tokens.shape}")
    if not np.isin(tokens, (FREE, WALL, GOAL)).all() or not ((tokens == GOAL).sum(axis=1) == 1).all():
        raise UserError("tokens must be FREE 0, WALL 1 and, once in every maze, GOAL 2")
    goals = np.stack(divmod((tokens == GOAL).argmax(axis=1), side), axis=1)  # (N, 2)
    return (tokens == WALL).reshape(-1, side, side), goals


def contains(masks: Any, actions: Any) -> Any:
    """Whether each set contains the action given with it: bool, in the shape that the two arguments broadcast to.

    masks: bit masks, bit a standing for action a. actions: integers. Both are NumPy arrays, torch tensors or ints.
    """
    return (masks >> actions) & 1 == 1
