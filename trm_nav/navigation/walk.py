"""Walks: following a plan step by step, from the agent's cell to the goal."""

from dataclasses import dataclass

import numpy as np

from trm_nav.mazes.astar import Cell
from trm_nav.mazes.encoding import MOVES, check_mazes

STEP_LIMIT = 4  # times n*n: the steps after which a walk has failed


@dataclass(frozen=True, eq=False)
class Walks:
    """Where following a plan led. success: bool (N,), whether the goal was reached. steps: int64 (N,), how many steps
    were taken, those into a wall included; 4*n*n where the goal was not reached."""

    success: np.ndarray
    steps: np.ndarray


def walk(actions: np.ndarray, walls: np.ndarray, starts: np.ndarray, goals: np.ndarray) -> Walks:
    """Walk every maze from its start as its plan says, until the agent stands on the goal or 4*n*n steps are taken.

    actions: uint8 (N, n, n); walls: bool (N, n, n); starts and goals: int (N, 2) as (row, col). A step into a wall or
    off the grid leaves the agent where it is. Raises ValueError for actions of another shape than the walls, and as
    `plan` does for walls and goals.
    """
    walls, goals = check_mazes(walls, goals)
    if actions.shape != walls.shape:
        raise ValueError(f"actions must be one for each cell of the walls {walls.shape}, not of shape {actions.shape}")
    n = walls.shape[1]
    steps = np.full(len(walls), STEP_LIMIT * n * n)
    walking, at, blocked = np.arange(len(walls)), np.array(starts), _with_rim(walls)
    # Whoever has taken n*n steps has been somewhere twice, and as the plan never changes, walks in circles for good.
    for step in range(n * n):
        arrived = (at == goals[walking]).all(axis=1)
        steps[walking[arrived]] = step
        walking, at = walking[~arrived], at[~arrived]
        if not len(walking):
            break
        at = _step(actions, blocked, walking, at)
    return Walks(success=steps < STEP_LIMIT * n * n, steps=steps)


def path(actions: np.ndarray, walls: np.ndarray, start: Cell, goal: Cell) -> list[Cell]:
    """The cells of one walk, in order, from the start to the goal, or to where the agent is for the second time.

    actions: uint8 (n, n); walls: bool (n, n); start and goal as (row, col). The walk succeeds exactly if the last cell
    is the goal; the steps are then one fewer than the cells.
    """
    blocked, goal = _with_rim(walls[None]), tuple(map(int, goal))
    cells, seen = [tuple(map(int, start))], set()
    while cells[-1] != goal and cells[-1] not in seen:
        seen.add(cells[-1])
        at = _step(actions[None], blocked, np.zeros(1, int), np.array(cells[-1:]))
        cells.append(tuple(at[0].tolist()))
    return cells


def _with_rim(walls: np.ndarray) -> np.ndarray:
    """Bool (N, n+2, n+2): the walls and, around them, the edge of the grid as more wall."""
    return np.pad(walls, ((0, 0), (1, 1), (1, 1)), constant_values=True)


def _step(actions: np.ndarray, blocked: np.ndarray, mazes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Positions int (K, 2) one step after `at`, int (K, 2), in the mazes numbered int (K,)."""
    ahead = at + MOVES[actions[mazes, *at.T]]
    return np.where(blocked[mazes, *(ahead + 1).T][:, None], at, ahead)
