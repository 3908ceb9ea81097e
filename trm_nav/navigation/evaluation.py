"""How well a navigator does: a model's walks, and A* on the same mazes with the same measures."""

import math
import time
from dataclasses import dataclass, fields, replace
from statistics import NormalDist
from typing import Any

import numpy as np
from torch import nn

from trm_nav.errors import UserError
from trm_nav.mazes.astar import astar
from trm_nav.mazes.encoding import check_cells, check_mazes, contains
from trm_nav.mazes.expert import distances, optimal_actions
from trm_nav.mazes.grids import Mazes

from .plan import check_model, make_plans
from .walk import walk

NORMAL_95 = NormalDist().inv_cdf(0.975)  # standard deviations from the mean that include 95% of a normal distribution


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The results of a navigator on N mazes: one by one, and summed up by its properties.

    right: bool (N,), whether the action at the agent's cell is optimal. arrived: bool (N,), whether the goal was
    reached. steps, shortest: int (N,), the steps walked, and those of a shortest path. work: int (N,), forward passes
    of the model, or cells expanded by A*. seconds: mean time per maze on this machine; the model plans in batches.

    Of a model alone: exact: bool (N,), whether the action of every cell that can reach the goal is optimal. Of a model
    with `halting`: recursions: int (N,), until its last cell decided; undecided, missed: int (N,), the free cells that
    never decided, and those among them that can reach the goal.
    """

    right: np.ndarray
    arrived: np.ndarray
    steps: np.ndarray
    shortest: np.ndarray
    work: np.ndarray
    seconds: float
    exact: np.ndarray | None = None
    recursions: np.ndarray | None = None
    undecided: np.ndarray | None = None
    missed: np.ndarray | None = None

    @property
    def mazes(self) -> int:
        return len(self.right)

    @property
    def accuracy(self) -> float:
        """Share of mazes with an optimal action at the agent's cell."""
        return float(self.right.mean())

    @property
    def success(self) -> float:
        """Share of mazes in which the walk reached the goal."""
        return float(self.arrived.mean())

    @property
    def success_interval(self) -> tuple[float, float]:
        """95% confidence interval of the success on all mazes of this kind (Wilson, 1927), also valid near 100%."""
        z, n = NORMAL_95, self.mazes
        middle = (self.success + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(self.success * (1 - self.success) / n + (z / (2 * n)) ** 2)
        return max(0.0, middle - half), min(1.0, middle + half)

    @property
    def path_ratio(self) -> float:
        """Mean of walked length / shortest length where the goal was reached; nan if it never was."""
        ratios = self.steps[self.arrived] / self.shortest[self.arrived]
        return float(ratios.mean()) if len(ratios) else math.nan

    @property
    def optimal(self) -> float:
        """Share of all mazes in which the walk was a shortest path."""
        return float((self.steps == self.shortest).mean())  # a failed walk has more steps

    def where(self, chosen: np.ndarray) -> "Evaluation":
        """The results on a selection of mazes, bool (N,); `seconds` stays that of all mazes."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays = {name: value[chosen] for name, value in values.items() if isinstance(value, np.ndarray)}
        return replace(self, **arrays)

    @property
    def by_length(self) -> dict[int, "Evaluation"]:
        """The results by the length of the shortest path."""
        return {length: self.where(self.shortest == length) for length in np.unique(self.shortest).tolist()}

    def summary(self) -> dict[str, Any]:
        """The measures as plain values, for a JSON file; a path ratio without any arrival is None."""
        return {
            "mazes": self.mazes,
            "accuracy": self.accuracy,
            "success": self.success,
            "success_interval": self.success_interval,
            "path_ratio": self.path_ratio if self.arrived.any() else None,
            "optimal": self.optimal,
            "work": float(self.work.mean()),
            **({} if self.exact is None else {"exact": float(self.exact.mean())}),
            **self._decisions(),
        }

    def _decisions(self) -> dict[str, Any]:
        """How the cells of a model with `halting` decided, as plain values; nothing for others."""
        if self.recursions is None or self.undecided is None or self.missed is None:
            return {}
        return {
            "recursions": float(self.recursions.mean()),
            "most_recursions": int(self.recursions.max()),
            "undecided": int(self.undecided.sum()),
            "missed": int(self.missed.sum()),
        }


def evaluate(model: nn.Module, mazes: Mazes, average_symmetries: bool = False) -> Evaluation:
    """Let a model plan and walk every maze. Raises UserError as `plan` and `evaluate_astar` do."""
    check_model(model)
    mazes, shortest = _usable(mazes)
    make_plans(model, mazes.walls[:1], mazes.goals[:1])  # the first pass in a process is slower
    started = time.perf_counter()
    plans = make_plans(model, mazes.walls, mazes.goals, average_symmetries)
    seconds = (time.perf_counter() - started) / len(mazes)
    walks = walk(plans.actions, mazes.walls, mazes.starts, mazes.goals)
    labels = optimal_actions(mazes.walls, mazes.goals)
    right = contains(labels, plans.actions)
    passes = np.full(len(mazes), 8 if average_symmetries else 1)
    result = Evaluation(
        right[np.arange(len(mazes)), *mazes.starts.T], walks.success, walks.steps, shortest, passes, seconds,
        exact=(right | (labels == 0)).all(axis=(1, 2)),
    )  # fmt: skip
    if plans.decided_in is None:
        return result
    undecided = (plans.decided_in == 0) & ~mazes.walls
    return replace(
        result,
        recursions=plans.decided_in.max(axis=(1, 2)),
        undecided=undecided.sum(axis=(1, 2)),
        missed=(undecided & (labels != 0)).sum(axis=(1, 2)),
    )


def evaluate_astar(mazes: Mazes) -> Evaluation:
    """Let A* search every maze. Raises UserError unless every maze has a path to a goal in another cell."""
    mazes, shortest = _usable(mazes)
    found = []
    started = time.perf_counter()
    for maze in zip(mazes.walls, mazes.starts, mazes.goals, strict=True):
        search = astar(*maze)
        found.append((-1 if search.path is None else search.length, len(search.expanded)))
    seconds = (time.perf_counter() - started) / len(mazes)
    steps, expanded = np.array(found).T
    shortest_found = steps == shortest  # a shortest path begins with an optimal action
    return Evaluation(shortest_found, steps >= 0, steps, shortest, expanded, seconds)


def _usable(mazes: Any) -> tuple[Mazes, np.ndarray]:
    """The mazes, validated, and the steps of the shortest path in each, int (N,)."""
    if not isinstance(mazes, Mazes):
        raise UserError(f"the mazes must be of the type that `generate_mazes` returns, not {type(mazes).__name__}")
    walls, goals = check_mazes(mazes.walls, mazes.goals)
    starts = check_cells(mazes.starts, walls, "start")
    shortest: np.ndarray = distances(walls, goals)[np.arange(len(walls)), *starts.T]
    if not len(walls) or (shortest < 1).any():
        raise UserError(
            "there must be at least one maze, and a path from each start to a goal in another cell; use "
            "`generate_mazes`, which guarantees this"
        )
    return Mazes(walls, starts, goals), shortest
