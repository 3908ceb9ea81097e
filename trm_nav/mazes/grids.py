"""Mazes in batches, solvable by construction.

A maze is its walls, a goal and the cell in which the agent starts. The room draws them; it labels nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trm_nav.errors import UserError
from trm_nav.settings import LARGEST_GRID

from .encoding import MOVES
from .expert import optimal_actions

# Cells drawn at once: a batch needs a few MB whatever the grid size, and a few mazes cost no more than they must.
BATCH_CELLS = 2**18


@dataclass(frozen=True, eq=False)
class Mazes:
    """A batch of mazes: walls bool (N, n, n); starts and goals int64 (N, 2) as (row, col)."""

    walls: np.ndarray
    starts: np.ndarray
    goals: np.ndarray

    def __len__(self) -> int:
        return len(self.walls)

    def __getitem__(self, index) -> "Mazes":
        """The mazes that a slice or an array of indices or truth values picks."""
        return Mazes(self.walls[index], self.starts[index], self.goals[index])

    @property
    def grid_size(self) -> int:
        return self.walls.shape[1]

    @classmethod
    def join(cls, batches: list["Mazes"]) -> "Mazes":
        """One batch of several, in their order."""
        fields = zip(*((batch.walls, batch.starts, batch.goals) for batch in batches), strict=True)
        return cls(*(np.concatenate(field) for field in fields))


def generate_mazes(num: int, grid_size: int = 8, obstacle_density: float = 0.2, seed: int = 0) -> Mazes:
    """`num` random mazes, each with a way from the start to the goal, and the two never the same cell.

    The same arguments give the same mazes, and a smaller `num` gives the first of them. How they are distributed is
    said at `stream_mazes`, which also says what is refused; so is a negative `num`, with UserError.
    """
    if num < 0:
        raise UserError(f"the number of mazes must be 0 or more, not {num}")
    batches, missing = [], num
    for batch in stream_mazes(grid_size, obstacle_density, seed):
        batches.append(batch[:missing])
        missing -= len(batches[-1])
        if missing == 0:
            return Mazes.join(batches)


def stream_mazes(grid_size: int, obstacle_density: float, seed: int) -> Iterator[Mazes]:
    """Batches of solvable mazes without end, at most BATCH_CELLS cells each, at least one maze.

    The goal is uniform over the cells; each other cell is a wall with probability `obstacle_density`, independently
    (to within 2**-24, the grain of a float32); the start is uniform over the cells from which the goal can be reached.
    Where there is no such cell, the goal and the walls are drawn again.
    Raises UserError for a grid size outside 3 to 64 and for a density at which fewer than one draw in 10,000 is a maze.
    """
    if not 3 <= grid_size <= LARGEST_GRID:
        raise UserError(f"the grid size must be from 3 to {LARGEST_GRID}, not {grid_size}")
    if not 0 <= obstacle_density <= 1:
        raise UserError(f"the obstacle density is the share of walls, from 0 to less than 1, not {obstacle_density}")
    if 1 - obstacle_density**4 < 1e-4:  # all four cells beside the goal are walls
        raise UserError(
            f"at an obstacle density of {obstacle_density} there are hardly any mazes: fewer than one goal "
            "in 10,000 has a free cell beside it; choose a lower density"
        )
    return _draw_batches(grid_size, obstacle_density, np.random.default_rng(seed))


def _draw_batches(n: int, density: float, rng: np.random.Generator) -> Iterator[Mazes]:
    size = max(1, BATCH_CELLS // n**2)
    while True:
        # A goal can be reached from somewhere exactly if a cell beside it is free. Drawing those four cells first
        # keeps high densities fast: what is drawn in vain is five numbers, not a grid.
        goals = rng.integers(0, n, (size, 2))
        beside = goals[:, None] + MOVES[:4]  # (size, 4, 2)
        free = (rng.random((size, 4), np.float32) >= density) & ((beside >= 0) & (beside < n)).all(axis=2)
        kept = free.any(axis=1)
        goals, beside, free = goals[kept], beside[kept], free[kept]
        if not len(goals):
            continue
        maze = np.arange(len(goals))
        walls = np.ones((len(goals), n + 2, n + 2), bool)  # with a rim, for the cells beside a goal at the edge
        walls[:, 1:-1, 1:-1] = rng.random((len(goals), n, n), np.float32) < density
        walls[maze[:, None], beside[..., 0] + 1, beside[..., 1] + 1] = ~free
        walls = walls[:, 1:-1, 1:-1].copy()
        walls[maze, *goals.T] = False

        reaches = optimal_actions(walls, goals).reshape(len(goals), -1) > 0  # (batch, n*n)
        reaches[maze, goals @ (n, 1)] = False
        nth = (rng.random(len(goals)) * reaches.sum(axis=1)).astype(np.int64)
        starts = (reaches.cumsum(axis=1, dtype=np.int16) > nth[:, None]).argmax(axis=1)
        yield Mazes(walls, np.stack(divmod(starts, n), axis=1), goals)
