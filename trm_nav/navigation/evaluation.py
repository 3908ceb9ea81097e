"""How well a navigator does: a model's walks, and A*'s on the same mazes, measured in the same words."""

import math
import time
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from torch import nn

from trm_nav.mazes.astar import astar
from trm_nav.mazes.encoding import contains
from trm_nav.mazes.expert import distances, optimal_actions
from trm_nav.mazes.grids import Mazes

from .plan import plan
from .walk import walk

NORMAL_95 = NormalDist().inv_cdf(0.975)  # standard deviations around the mean that hold 95% of a normal distribution


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How a navigator did on N mazes, maze by maze, and in the numbers that sum it up.

    right: bool (N,), whether its action at the agent's cell is optimal. arrived: bool (N,). steps, shortest: int (N,),
    steps it walked, and steps of a shortest path. work: int (N,), the model's forward passes, or the cells that A*
    expanded. seconds: mean time for a maze on this machine; the model plans in batches.
    """

    right: np.ndarray
    arrived: np.ndarray
    steps: np.ndarray
    shortest: np.ndarray
    work: np.ndarray
    seconds: float

    @property
    def mazes(self) -> int:
        return len(self.right)

    @property
    def accuracy(self) -> float:
        """Share of mazes with an optimal action at the agent's cell."""
        return float(self.right.mean())

    @property
    def success(self) -> float:
        """Share of mazes in which the goal was reached."""
        return float(self.arrived.mean())

    @property
    def success_interval(self) -> tuple[float, float]:
        """95% confidence interval for the success on all mazes of this kind (Wilson, 1927); right near 100% as well."""
        z, n = NORMAL_95, self.mazes
        middle = (self.success + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(self.success * (1 - self.success) / n + (z / (2 * n)) ** 2)
        return max(0.0, middle - half), min(1.0, middle + half)

    @property
    def path_ratio(self) -> float:
        """Mean of walked length / shortest length, over the mazes in which the goal was reached; nan without any."""
        ratios = self.steps[self.arrived] / self.shortest[self.arrived]
        return float(ratios.mean()) if len(ratios) else math.nan

    @property
    def optimal(self) -> float:
        """Share of all mazes that were walked by a path as short as the shortest."""
        return float((self.steps == self.shortest).mean())  # nobody fails in so few steps

    def where(self, chosen: np.ndarray) -> "Evaluation":
        """The same for the mazes chosen, bool (N,); the seconds remain those of all."""
        return Evaluation(
            self.right[chosen],
            self.arrived[chosen],
            self.steps[chosen],
            self.shortest[chosen],
            self.work[chosen],
            self.seconds,
        )

    @property
    def by_length(self) -> dict[int, "Evaluation"]:
        """The mazes told apart by the length of their shortest path."""
        return {length: self.where(self.shortest == length) for length in np.unique(self.shortest).tolist()}

    def summary(self) -> dict[str, Any]:
        """The numbers as plain values, for a JSON file: None stands for a path ratio where nobody arrived."""
        return {
            "mazes": self.mazes,
            "accuracy": self.accuracy,
            "success": self.success,
            "success_interval": self.success_interval,
            "path_ratio": self.path_ratio if self.arrived.any() else None,
            "optimal": self.optimal,
            "work": float(self.work.mean()),
        }


def evaluate(model: nn.Module, mazes: Mazes, average_symmetries: bool = False) -> Evaluation:
    """Let a model plan and walk every maze. Raises as `plan` does, and ValueError as `evaluate_astar` does."""
    shortest = _shortest(mazes)
    plan(model, mazes.walls[:1], mazes.goals[:1])  # the first pass of a process is slow, and not the model's doing
    started = time.perf_counter()
    actions = plan(model, mazes.walls, mazes.goals, average_symmetries)
    seconds = (time.perf_counter() - started) / len(mazes)
    walks = walk(actions, mazes.walls, mazes.starts, mazes.goals)
    agents = np.arange(len(mazes)), *mazes.starts.T
    right = contains(optimal_actions(mazes.walls, mazes.goals)[agents], actions[agents])
    passes = np.full(len(mazes), 8 if average_symmetries else 1)
    return Evaluation(right, walks.success, walks.steps, shortest, passes, seconds)


def evaluate_astar(mazes: Mazes) -> Evaluation:
    """Let A* search every maze. Raises ValueError unless there is a maze and each has a way to a goal elsewhere."""
    shortest = _shortest(mazes)
    found = []
    started = time.perf_counter()
    for maze in zip(mazes.walls, mazes.starts, mazes.goals, strict=True):
        search = astar(*maze)
        found.append((-1 if search.path is None else search.length, len(search.expanded)))
    seconds = (time.perf_counter() - started) / len(mazes)
    steps, expanded = np.array(found).T
    shortest_found = steps == shortest  # such a path begins with an optimal action
    return Evaluation(shortest_found, steps >= 0, steps, shortest, expanded, seconds)


def _shortest(mazes: Mazes) -> np.ndarray:
    """Steps of a shortest path, int16 (N,)."""
    shortest = distances(mazes.walls, mazes.goals)[np.arange(len(mazes)), *mazes.starts.T]
    if not len(mazes) or (shortest < 1).any():
        raise ValueError(
            "only mazes with a way from the start to a goal elsewhere can be evaluated, and at least one; "
            "generate_mazes makes such"
        )
    return shortest
