"""Walks: a plan followed step by step, from the agent's cell to the goal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trm_nav.errors import UserError
from trm_nav.mazes.astar import Cell
from trm_nav.mazes.encoding import ACTIONS, MOVES, array, check_cells, check_mazes, check_walls

STEP_LIMIT = 4  # times n*n: a walk of so many steps has failed


@dataclass(frozen=True, eq=False)
class Walks:
    """The outcome of N walks.

    success: bool (N,), whether the goal was reached. steps: int64 (N,), the steps taken, including those into a wall;
    4*n*n if the goal was not reached.
    """

    success: np.ndarray
    steps: np.ndarray


def walk(actions: np.ndarray, walls: np.ndarray, starts: np.ndarray, goals: np.ndarray) -> Walks:
    """Follow a plan in every maze, from the start until the agent reaches the goal or has taken 4*n*n steps.

    actions: uint8 (N, n, n), from `plan`. walls: bool (N, n, n). starts, goals: int (N, 2) as (row, col). A step into a
    wall or off the grid leaves the agent where it is. Raises UserError if actions and walls differ in shape, for what
    is no action, and as `plan` does for walls and goals, and for starts in the same way.
    """
    walls, goals = check_mazes(walls, goals)
    starts, actions = check_cells(starts, walls, "start"), _check_actions(actions, walls)
    n = walls.shape[1]
    steps = np.full(len(walls), STEP_LIMIT * n * n)
    walking, at, blocked = np.arange(len(walls)), np.array(starts), _with_rim(walls)
    # After n*n steps the agent has been in some cell twice. As the plan does not change, it walks in a circle forever.
    for step in range(n * n):
        arrived = (at == goals[walking]).all(axis=1)
        steps[walking[arrived]] = step
        walking, at = walking[~arrived], at[~arrived]
        if not len(walking):
            break
        at = _step(actions, blocked, walking, at)
    return Walks(success=steps < STEP_LIMIT * n * n, steps=steps)


def path(actions: np.ndarray, walls: np.ndarray, start: Cell, goal: Cell) -> list[Cell]:
    """The cells of one walk in order, from the start to the goal, or to the first cell that is visited twice.

    actions: uint8 (n, n). walls: bool (n, n). start, goal: (row, col). The walk succeeds if and only if the last cell
    is the goal; it then has one step fewer than cells. Raises UserError as `walk` does, but lets a wall be the goal.
    """
    walls = check_walls(array(walls, "walls")[None])
    actions = _check_actions(array(actions, "actions")[None], walls)[0]
    start = _cell(check_cells(array(start, "start")[None], walls, "start")[0])
    goal = _cell(check_cells(array(goal, "goal")[None], np.zeros_like(walls), "goal")[0])  # it may be a wall
    blocked = _with_rim(walls)
    cells: list[Cell] = [start]
    seen: set[Cell] = set()
    while cells[-1] != goal and cells[-1] not in seen:
        seen.add(cells[-1])
        at = _step(actions[None], blocked, np.zeros(1, int), np.array(cells[-1:]))
        cells.append(_cell(at[0]))
    return cells


def _check_actions(actions: np.ndarray, walls: np.ndarray) -> np.ndarray:
    """Raise UserError unless there is an action for every cell of the walls, bool (N, n, n). Returns the actions."""
    actions = array(actions, "actions")
    if actions.shape != walls.shape:
        raise UserError(f"actions must have the shape of walls, {walls.shape}, not {actions.shape}")
    if actions.dtype.kind not in "iu" or ((actions < 0) | (actions >= len(ACTIONS))).any():
        raise UserError(
            f"actions must be whole numbers from 0 to {len(ACTIONS) - 1}, one for every cell, as from `plan`"
        )
    return actions


def _cell(position: Sequence[int] | np.ndarray) -> Cell:
    row, column = map(int, position)
    return row, column


def _with_rim(walls: np.ndarray) -> np.ndarray:
    """The walls surrounded by a rim of walls: bool (N, n+2, n+2)."""
    return np.pad(walls, ((0, 0), (1, 1), (1, 1)), constant_values=True)


def _step(actions: np.ndarray, blocked: np.ndarray, mazes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Positions int (K, 2) one step after `at`, int (K, 2), in the mazes with these indices, int (K,)."""
    ahead = at + MOVES[actions[mazes, *at.T]]
    return np.where(blocked[mazes, *(ahead + 1).T][:, None], at, ahead)
