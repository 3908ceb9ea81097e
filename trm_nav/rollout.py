"""A policy put to use: the plan for whole mazes, the walks that follow it, and how well many walks went.

One forward pass gives an action for every cell of a maze, so the walk only looks up; it asks the model nothing more.
A* runs on the same mazes and is measured in the same words.
"""

import math
import time
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .astar import Cell, astar
from .encoding import MOVES, check_mazes, contains, encode
from .errors import UserError
from .expert import distances, optimal_actions
from .grids import Mazes
from .symmetry import ACTION_PERMUTATIONS, INVERSE, cell_permutations

# Numbers in the latent state of one batch, cells times dim times mazes: 1 MiB, which a core's cache can hold. That
# measured fastest on a CPU and bounds the memory whatever the grid and the model.
LATENT_NUMBERS = 2**18
STEP_LIMIT = 4  # times n*n: the steps after which a walk has failed
NORMAL_95 = NormalDist().inv_cdf(0.975)  # standard deviations around the mean that hold 95% of a normal distribution


def plan(model: nn.Module, walls: np.ndarray, goals: np.ndarray, average_symmetries: bool = False) -> np.ndarray:
    """The likeliest action for every cell: uint8 (N, n, n), from one forward pass a maze.

    Args:
        model: a model of `create_model`, on any device and in either mode, which it keeps.
        walls: bool (N, n, n).
        goals: int (N, 2) as (row, col).
        average_symmetries: ask for all 8 turns of each maze, turn the policies back, and choose by their mean.

    Raises UserError, which is a ValueError, if the model cannot plan on this grid size, and ValueError for arrays of
    other shapes and dtypes and for a goal outside its maze or on a wall.
    """
    walls, goals = check_mazes(walls, goals)
    n = walls.shape[1]
    if model.mixing == "mlp" and n != model.grid_size:
        raise UserError(f"the mazes are {n} x {n}, but this model mixes the cells by a matrix made for "
                        f"{model.grid_size} x {model.grid_size}; a model with mixing 'conv' plans on any grid size")
    policy = partial(_mean_policy, model) if average_symmetries else model
    device = next(model.parameters()).device
    tokens = torch.from_numpy(encode(walls, goals))  # (N, n*n)
    batches = tokens.split(max(1, LATENT_NUMBERS // (n * n * model.dim)))
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            actions = [policy(batch.to(device)).argmax(dim=-1).byte().cpu() for batch in batches]
    finally:
        model.train(was_training)
    return torch.cat(actions).view(walls.shape).numpy()


def _mean_policy(model: nn.Module, tokens: Tensor) -> Tensor:
    """Probabilities (B, n*n, 5) of the actions: the mean over the 8 turns of each maze, tokens (B, n*n).

    Probabilities, not their logarithms: training asks that the optimal actions together be likely, and leaves it open
    which of them. Turned another way, the model may well pick another one, and a mean of logarithms would let the turn
    in which an action was passed over veto it.
    """
    cells = torch.tensor(cell_permutations(math.isqrt(tokens.shape[1])), device=tokens.device)
    actions = torch.tensor(ACTION_PERMUTATIONS, device=tokens.device)
    total = 0
    for g in range(8):
        turned = model(tokens[:, cells[g]]).softmax(dim=-1)
        total = total + turned[:, cells[INVERSE[g]]][..., actions[g]]
    return total / 8


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
        return Evaluation(self.right[chosen], self.arrived[chosen], self.steps[chosen], self.shortest[chosen],
                          self.work[chosen], self.seconds)

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
        raise ValueError("only mazes with a way from the start to a goal elsewhere can be evaluated, and at least one; "
                         "generate_mazes makes such")
    return shortest
