"""Samples random mazes in batches, every one of them solvable; `expert` labels them.

A maze consists of walls, a goal and the cell where the agent starts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trm_nav.errors import UserError
from trm_nav.settings import LARGEST_GRID

from .encoding import MOVES
from .expert import optimal_actions

# Cells sampled at once: a batch needs a few MB at any grid size, and asking for a few mazes stays cheap.
BATCH_CELLS = 2**18


@dataclass(frozen=True, eq=False)
class Mazes:
    """A batch of mazes: walls bool (N, n, n); starts and goals int64 (N, 2) as (row, col)."""

    walls: np.ndarray
    starts: np.ndarray
    goals: np.ndarray

    def __len__(self) -> int:
        return len(self.walls)

    def __getitem__(self, index: slice | np.ndarray | list[int]) -> "Mazes":
        """The mazes selected by a slice, a list of indices, or an array of indices or booleans."""
        return Mazes(self.walls[index], self.starts[index], self.goals[index])

    @property
    def grid_size(self) -> int:
        return self.walls.shape[1]

    @classmethod
    def join(cls, batches: list["Mazes"]) -> "Mazes":
        """Concatenate several batches, in order."""
        fields = zip(*((batch.walls, batch.starts, batch.goals) for batch in batches), strict=True)
        return cls(*(np.concatenate(field) for field in fields))


def generate_mazes(num: int, grid_size: int = 8, obstacle_density: float = 0.2, seed: int = 0) -> Mazes:
    """Sample random mazes. In each, a path leads from the start to the goal, which is a different cell.

    The same arguments give the same mazes, and a smaller `num` gives the first of them. `stream_mazes` describes the
    distribution. Raises UserError for a negative `num` and as `stream_mazes` does.
    """
    if num < 0:
        raise UserError(f"the number of mazes must be 0 or more, not {num}")
    batches: list[Mazes] = []
    stream = stream_mazes(grid_size, obstacle_density, seed)
    while not batches or sum(map(len, batches)) < num:
        batches.append(next(stream))
    return Mazes.join(batches)[:num]


def stream_mazes(grid_size: int, obstacle_density: float, seed: int) -> Iterator[Mazes]:
    """An endless stream of batches of solvable mazes, each of at least one maze and about BATCH_CELLS cells at most.

    The goal is uniform over the cells. Every other cell is a wall with probability `obstacle_density`, independently
    (to within 2**-24, the resolution of a float32). The start is uniform over the cells that can reach the goal; if
    there is none, the goal and the walls are sampled again.
    Raises UserError for a grid size outside 3 to 64, and for a density at which fewer than one sample in 10,000 would
    be a maze.
    """
    if not 3 <= grid_size <= LARGEST_GRID:
        raise UserError(f"`grid_size` must be from 3 to {LARGEST_GRID}, not {grid_size}")
    if not 0 <= obstacle_density <= 1:
        raise UserError(f"`obstacle_density` must be a share of walls from 0 to less than 1, not {obstacle_density}")
    if 1 - obstacle_density**4 < 1e-4:  # all four cells beside the goal are walls
        raise UserError(
            f"an `obstacle_density` of {obstacle_density} leaves hardly any mazes: fewer than one goal in 10,000 has a "
            "free cell beside it; choose a lower density"
        )
    return _draw_batches(grid_size, obstacle_density, np.random.default_rng(seed))


def _draw_batches(n: int, density: float, rng: np.random.Generator) -> Iterator[Mazes]:
    size = max(1, BATCH_CELLS // n**2)
    while True:
        # A goal can be reached if and only if a cell beside it is free. Sampling those four cells first keeps high
        # densities fast: a rejected sample costs five numbers, not a grid.
        goals = rng.integers(0, n, (size, 2))
        beside = goals[:, None] + MOVES[:4]  # (size, 4, 2)
        free = (rng.random((size, 4), np.float32) >= density) & ((beside >= 0) & (beside < n)).all(axis=2)
        kept = free.any(axis=1)
        goals, beside, free = goals[kept], beside[kept], free[kept]
        if not len(goals):
            continue
        maze = np.arange(len(goals))
        walls = np.ones((len(goals), n + 2, n + 2), bool)  # the rim holds the cells beside a goal at the edge
        walls[:, 1:-1, 1:-1] = rng.random((len(goals), n, n), np.float32) < density
        walls[maze[:, None], beside[..., 0] + 1, beside[..., 1] + 1] = ~free
        walls = walls[:, 1:-1, 1:-1].copy()
        walls[maze, *goals.T] = False

        reaches = optimal_actions(walls, goals).reshape(len(goals), -1) > 0  # (batch, n*n)
        reaches[maze, goals @ (n, 1)] = False
        nth = (rng.random(len(goals)) * reaches.sum(axis=1)).astype(np.int64)
        starts = (reaches.cumsum(axis=1, dtype=np.int16) > nth[:, None]).argmax(axis=1)
        yield Mazes(walls, np.stack(divmod(starts, n), axis=1), goals)
