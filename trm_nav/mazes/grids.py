"""Samples random mazes in batches, every one of them solvable; `expert` labels them.

A maze consists of walls, a goal and the cell where the agent starts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from tqdm import tqdm

from trm_nav import memory
from trm_nav.errors import UserError
from trm_nav.settings import MazeSettings, Seed, share_bounds

from .encoding import MOVES
from .expert import count_dtype, optimal_actions
from .lattice import SPANNING_TREES, carve, lattice, open_holes, place

# Cells sampled at once: a batch needs a few MB at any grid size, and asking for a few mazes stays cheap.
BATCH_CELLS = 2**18
PERFECT_BATCH_CELLS = 2**14  # perfect mazes are drawn one by one: a larger batch would not be faster
# Bytes at the peak, measured for n from 3 to 1024. Each maze keeps n*n of walls and twice 16 of positions. While a
# batch is sampled, each of its cells needs 24 where the walls are independent, and 90 in a large perfect maze, whose
# tree is made of Python's numbers.
WALL_BYTES, POSITION_BYTES = 1, 32
BATCH_CELL_BYTES = 96


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
    def empty(cls, num: int, n: int) -> "Mazes":
        """Arrays for `num` mazes of n x n, to be filled with `put`."""
        return cls(np.empty((num, n, n), bool), np.empty((num, 2), np.int64), np.empty((num, 2), np.int64))

    def put(self, first: int, batch: "Mazes") -> None:
        """Store a batch, beginning with maze `first`."""
        place = slice(first, first + len(batch))
        self.walls[place], self.starts[place], self.goals[place] = batch.walls, batch.starts, batch.goals

    @classmethod
    def join(cls, batches: list["Mazes"]) -> "Mazes":
        """Concatenate several batches, in order."""
        fields = zip(*((batch.walls, batch.starts, batch.goals) for batch in batches), strict=True)
        return cls(*(np.concatenate(field) for field in fields))


class Sample(MazeSettings):
    """The arguments of `generate_mazes`."""

    num: Annotated[int, Field(ge=0, le=10**12)]
    "how many mazes"
    seed: Seed = 0
    "seed of the mazes"


def generate_mazes(
    num: int,
    grid_size: int = 8,
    obstacle_density: float | str | tuple[float, float] = 0.2,
    seed: int = 0,
    kind: str = "random",
    holes: float | str | tuple[float, float] = 0.0,
) -> Mazes:
    """Sample random mazes. In each, a path leads from the start to the goal, which is a different cell.

    Args:
        num: how many.
        grid_size: cells along one side of a maze.
        obstacle_density: share of walls in the mazes of kind "random". A range, "0.02..0.5" or (0.02, 0.5): each maze
            draws its own density, uniformly.
        seed: the same arguments give the same mazes, and a smaller `num` gives the first of them.
        kind: "random" (every cell is a wall or free, independently), "depth-first" or "wilson" (perfect mazes), or
            several of these joined by commas: each maze is of one of them, all equally likely.
        holes: share of the removable walls of a perfect maze that are opened: a number, or a range as above.

    `stream_mazes` describes the distribution. Shows a progress bar on a terminal when it takes more than two seconds.
    Raises UserError for a value that `Sample` does not accept, for more mazes than fit into memory, and as
    `stream_mazes` does.
    """
    sample = Sample.of({name: _plain(value) for name, value in locals().items()})
    num, n = sample.num, sample.grid_size
    require_memory(num, n, WALL_BYTES, POSITION_BYTES)
    stream = stream_mazes(sample, sample.seed)
    mazes, found = Mazes.empty(num, n), 0
    with tqdm(total=num, unit=" mazes", delay=2, disable=None, leave=False) as bar:
        while found < num:
            batch = next(stream)[: num - found]
            mazes.put(found, batch)
            found += len(batch)
            bar.update(len(batch))
    return mazes


def require_memory(num: int, n: int, cell_bytes: int, maze_bytes: int) -> None:
    """Raise UserError unless there is memory for `num` mazes of n x n, with so many bytes for each cell and maze."""
    needed = num * (cell_bytes * n * n + maze_bytes) + BATCH_CELL_BYTES * max(BATCH_CELLS, n * n)
    memory.require(needed, f"{num:,} mazes of {n} x {n}", "ask for fewer or smaller ones")


def _plain(value: Any) -> Any:
    """NumPy's numbers, and arrays of the two ends of a range, as Python's, which settings accept."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) and value.size <= 2 else value


def stream_mazes(settings: MazeSettings, seed: int) -> Iterator[Mazes]:
    """An endless stream of batches of solvable mazes, each of at least one maze and about BATCH_CELLS cells at most.

    Kind "random": the goal is uniform over the cells. Every other cell is a wall with probability `obstacle_density`,
    independently (to within 2**-24, the resolution of a float32). The start is uniform over the cells that can reach
    the goal; if there is none, the goal and the walls are sampled again.

    Kinds "depth-first" and "wilson": perfect mazes, which `lattice` describes. Each removable wall, that is, each wall
    between two neighbouring cells of the lattice, is opened with probability `holes`. Where n is even, a row and a
    column are left over; they are walls, and the maze lies in a random one of the four corners. The goal is uniform
    over the free cells, and the start uniform over the others.

    Raises UserError for a density at which fewer than one sample in 10,000 would be a maze.
    """
    kinds, density = settings.kind.split(","), settings.obstacle_density
    if "random" in kinds and 1 - share_bounds(density)[1] ** 4 < 1e-4:  # all four cells beside the goal are walls
        raise UserError(
            f"an `obstacle_density` of {density} leaves hardly any mazes: fewer than one goal in 10,000 has a free "
            "cell beside it; choose a lower density"
        )
    rng = np.random.default_rng(seed)
    return _random_batches(settings, rng) if kinds == ["random"] else _mixed_batches(settings, rng)


def _random_batches(settings: MazeSettings, rng: np.random.Generator) -> Iterator[Mazes]:
    size = max(1, BATCH_CELLS // settings.grid_size**2)
    # A rejected sample is dropped where all mazes have one density. In a range it is drawn again with the same density:
    # low densities, which are rejected less often, would otherwise be more frequent.
    redraw = isinstance(settings.obstacle_density, str)
    while True:
        densities = _uniform(settings.obstacle_density, size, rng)
        if len(mazes := _random(settings.grid_size, densities, redraw, rng)):
            yield mazes


def _mixed_batches(settings: MazeSettings, rng: np.random.Generator) -> Iterator[Mazes]:
    n, kinds = settings.grid_size, settings.kind.split(",")
    size = max(1, PERFECT_BATCH_CELLS // n**2)
    graph, random = lattice((n + 1) // 2), Random(int(rng.integers(2**63))).random
    while True:
        chosen = rng.integers(0, len(kinds), size)
        parts = []
        for kind, num in zip(kinds, np.bincount(chosen, minlength=len(kinds)).tolist(), strict=True):
            if kind == "random":
                densities = _uniform(settings.obstacle_density, num, rng)
                parts.append(_random(n, densities, redraw=True, rng=rng))
            else:
                trees = [SPANNING_TREES[kind](graph, random) for _ in range(num)]
                walls = carve(np.array(trees, np.int64).reshape(num, len(graph)))
                open_holes(walls, _uniform(settings.holes, num, rng), rng)
                parts.append(_with_ends(place(walls, n, rng), rng))
        yield Mazes.join(parts)[np.argsort(np.argsort(chosen, kind="stable"))]


def _uniform(share: float | str, num: int, rng: np.random.Generator) -> np.ndarray:
    """A share for each of `num` mazes: float32 (num,), uniform where it is a range."""
    low, high = share_bounds(share)
    return np.full(num, low, np.float32) if low == high else rng.uniform(low, high, num).astype(np.float32)


def _random(n: int, densities: np.ndarray, redraw: bool, rng: np.random.Generator) -> Mazes:
    """One maze of independent walls for each density, or fewer: without `redraw`, those whose goal is walled in."""
    # A goal can be reached if and only if a cell beside it is free. Sampling those four cells first keeps high
    # densities fast: a rejected sample costs five numbers, not a grid.
    goals, free = _goals(n, densities, rng)
    while redraw and not (reachable := free.any(axis=1)).all():
        goals[~reachable], free[~reachable] = _goals(n, densities[~reachable], rng)
    reachable = free.any(axis=1)
    goals, free, densities = goals[reachable], free[reachable], densities[reachable]

    maze = np.arange(len(goals))
    beside = goals[:, None] + MOVES[:4]  # (N, 4, 2)
    walls = np.ones((len(goals), n + 2, n + 2), bool)  # the rim holds the cells beside a goal at the edge
    walls[:, 1:-1, 1:-1] = rng.random((len(goals), n, n), np.float32) < densities[:, None, None]
    walls[maze[:, None], beside[..., 0] + 1, beside[..., 1] + 1] = ~free
    walls = walls[:, 1:-1, 1:-1].copy()
    walls[maze, *goals.T] = False

    reaches = optimal_actions(walls, goals).reshape(len(goals), n * n) > 0  # (N, n*n)
    reaches[maze, goals @ (n, 1)] = False
    starts = _nth(reaches, (rng.random(len(goals)) * reaches.sum(axis=1)).astype(np.int64))
    return Mazes(walls, np.stack(divmod(starts, n), axis=1), goals)


def _goals(n: int, densities: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Goals, int64 (N, 2), and whether the cells above, below, left and right of each are free, bool (N, 4)."""
    goals = rng.integers(0, n, (len(densities), 2))
    beside = goals[:, None] + MOVES[:4]  # (N, 4, 2)
    inside = ((beside >= 0) & (beside < n)).all(axis=2)
    return goals, (rng.random((len(densities), 4), np.float32) >= densities[:, None]) & inside


def _with_ends(walls: np.ndarray, rng: np.random.Generator) -> Mazes:
    """Add a goal and a start to mazes whose free cells are all connected."""
    mazes, n, _ = walls.shape
    free = ~walls.reshape(mazes, n * n)
    count = free.sum(axis=1)
    goals, starts = (rng.random((2, mazes)) * (count, count - 1)).astype(np.int64)
    starts += starts >= goals  # the start is another cell
    ends = [np.stack(divmod(_nth(free, nth), n), axis=1) for nth in (starts, goals)]
    return Mazes(walls, *ends)


def _nth(cells: np.ndarray, nth: np.ndarray) -> np.ndarray:
    """The nth of the cells that are true, counted from 0, in each row of bool (N, n*n). Returns int64 (N,)."""
    return (cells.cumsum(axis=1, dtype=count_dtype(cells.shape[1])) > nth[:, None]).argmax(axis=1)
