"""The mazes on which the wave is examined, none of them of a kind and size that it was trained on but the first two."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from trm_nav.mazes.encoding import contains
from trm_nav.mazes.expert import optimal_actions
from trm_nav.mazes.grids import Mazes, generate_mazes
from trm_nav.navigation.plan import plan

SEED = 7
MANY = "0.02..0.45"  # a range of densities
LOOPS = (0.0, 0.01, 0.05, 0.1, 0.5, 0.99)  # share of the removable walls that are opened
SIDES = (9, 17, 33, 65, 99)


@dataclass(frozen=True)
class Suite:
    """Held-out mazes of one kind: how to draw them, how many, and how many at once."""

    name: str
    count: int
    settings: dict[str, Any]
    part: int = 2000

    def batches(self) -> Iterator[Mazes]:
        """The mazes, in parts that fit into memory."""
        for first in range(0, self.count, self.part):
            yield generate_mazes(min(self.part, self.count - first), **self.settings, seed=SEED + first)


perfect: Callable[..., dict[str, Any]] = partial(dict, kind="depth-first")
SUITES = [
    Suite("8 x 8, 20% walls", 100_000, dict(grid_size=8), 20_000),
    Suite("16 x 16, 2 to 45% walls", 2000, dict(grid_size=16, obstacle_density=MANY)),
    Suite("64 x 64, 2 to 45% walls", 1000, dict(grid_size=64, obstacle_density=MANY), 250),
    Suite("128 x 128, 2 to 45% walls", 100, dict(grid_size=128, obstacle_density=MANY), 50),
    Suite("perfect 29 x 29, depth-first", 1000, perfect(grid_size=29)),
    Suite("perfect 29 x 29, Wilson", 1000, dict(grid_size=29, kind="wilson")),
    Suite("perfect 63 x 63, depth-first", 100, perfect(grid_size=63)),
    Suite("perfect 201 x 201, depth-first", 20, perfect(grid_size=201), 10),
    Suite("201 x 201, 10% of the walls opened", 20, perfect(grid_size=201, holes=0.1), 10),
]
LARGE = [  # for some of the seeds
    Suite("64 x 64, 2 to 45% walls", 10_000, dict(grid_size=64, obstacle_density=MANY), 250),
    Suite("perfect 201 x 201, depth-first", 100, perfect(grid_size=201), 10),
    Suite("201 x 201, 10% of the walls opened", 100, perfect(grid_size=201, holes=0.1), 10),
]
HUGE = perfect(grid_size=1001)
MAP = [
    Suite(f"{side} x {side}, {share:.0%} opened", 20, perfect(grid_size=side, holes=share))
    for side in SIDES
    for share in LOOPS
]


def every_maze(side: int = 4) -> Iterator[Mazes]:
    """Every maze of this size there is: all walls, with the goal on every free cell; the start is the goal."""
    cells = side * side
    codes = np.arange(2 ** (cells - 1))
    for goal in range(cells):
        walls = codes[:, None] >> np.arange(cells - 1) & 1 == 1  # of all cells but the goal's
        walls = np.insert(walls, goal, False, axis=1).reshape(-1, side, side)
        goals = np.broadcast_to(np.array(divmod(goal, side)), (len(walls), 2))
        yield Mazes(walls, goals, goals)


def examine(model: Any, batches: Iterator[Mazes]) -> dict[str, int]:
    """How many mazes and labelled cells there are, and how many of each have an action that is not optimal."""
    counts = dict.fromkeys(("mazes", "cells", "wrong_mazes", "wrong_cells"), 0)
    for mazes in batches:
        labels = optimal_actions(mazes.walls, mazes.goals)
        wrong = (labels != 0) & ~contains(labels, plan(model, mazes.walls, mazes.goals))
        counts["mazes"] += len(mazes)
        counts["cells"] += int((labels != 0).sum())
        counts["wrong_mazes"] += int(wrong.any(axis=(1, 2)).sum())
        counts["wrong_cells"] += int(wrong.sum())
    return counts
