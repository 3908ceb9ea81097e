"""Plans: the action that a model chooses for every cell of a maze."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from trm_nav import memory
from trm_nav.errors import UserError
from trm_nav.mazes.encoding import UNCHECKED_SIZE, check_mazes, encode
from trm_nav.mazes.symmetry import ACTION_PERMUTATIONS, INVERSE, cell_permutations

from .wavefront import advance, follows_the_front

# Values in the latent state of one batch, cells x dim x mazes: 1 MiB, which fits into a core's cache. This was the
# fastest size measured on a CPU, and it bounds the memory for any grid and model.
LATENT_NUMBERS = 2**18
PLAN_BYTES = 5  # for each cell: its action, and the recursion in which it decided
LATENT_BYTES = 8  # for each number of a latent state, at least: itself, and what a recursion makes of it, in float32


@dataclass(frozen=True, eq=False)
class Plans:
    """The plans for N mazes, and how they came about.

    actions: uint8 (N, n, n), the most likely action in every cell. decided_in: int32 (N, n, n), the recursion in which
    each cell decided, 0 for never; None for a model without `halting`, and for plans averaged over symmetries.
    """

    actions: np.ndarray
    decided_in: np.ndarray | None


def plan(model: nn.Module, walls: np.ndarray, goals: np.ndarray, average_symmetries: bool = False) -> np.ndarray:
    """The most likely action in every cell: uint8 (N, n, n), from one forward pass per maze.

    Args:
        model: from `create_model` or `load_model`, on any device. Its mode, training or evaluation, does not change.
        walls: bool (N, n, n).
        goals: int (N, 2) as (row, col).
        average_symmetries: average the policies over the 8 symmetries of each maze: eight forward passes.

    Shows a progress bar on a terminal when it takes more than two seconds. Raises UserError, which is a ValueError, if
    the model is none or its weights are no numbers, if it cannot plan on this grid size, for arrays of another shape or
    dtype, for a goal outside its maze or on a wall, and for plans that do not fit into memory.
    """
    return make_plans(model, walls, goals, average_symmetries).actions


def make_plans(model: Any, walls: np.ndarray, goals: np.ndarray, average_symmetries: bool = False) -> Plans:
    """As `plan`, and when each cell of a model with `halting` decided."""
    walls, goals = check_mazes(walls, goals)
    check_model(model)
    if not isinstance(average_symmetries, bool | np.bool_):
        raise UserError(f"`average_symmetries` must be True or False, not of type {type(average_symmetries).__name__}")
    n, dim = walls.shape[1], model.dim
    if model.mixing == "mlp" and n != model.grid_size:
        raise UserError(
            f"the mazes are {n} x {n}, but this model mixes the cells with a matrix for "
            f"{model.grid_size} x {model.grid_size}; a model with mixing 'conv' or 'cross' plans on any grid size"
        )
    device = next((weights.device for weights in model.parameters()), torch.device("cpu"))
    size = max(1, LATENT_NUMBERS // (n * n * dim))
    numbers = size * n * n * dim if device.type == "cpu" else 0
    if walls.size + numbers > UNCHECKED_SIZE:
        needed = PLAN_BYTES * walls.size + LATENT_BYTES * numbers
        memory.require(needed, f"planning for {len(walls):,} mazes of {n} x {n}", "plan for fewer or smaller ones")
    actions, decided_in = np.zeros(walls.shape, np.uint8), np.zeros(walls.shape, np.int32)
    halting = getattr(model, "halting", False) and not average_symmetries
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad(), tqdm(total=walls.size, unit=" cells", delay=2, disable=None, leave=False) as bar:
            for first in range(0, len(walls), size):
                batch = slice(first, first + size)
                if halting and follows_the_front(model):
                    actions[batch], decided_in[batch] = advance(model, walls[batch], goals[batch], bar.update)
                    continue
                tokens = torch.from_numpy(encode(walls[batch], goals[batch])).to(device)
                if halting:
                    logits, recursions = _decide(model, tokens)
                    decided_in[batch] = recursions.view(-1, n, n).cpu().numpy()
                else:
                    logits = _mean_policy(model, tokens) if average_symmetries else model(tokens)
                actions[batch] = logits.argmax(dim=-1).view(-1, n, n).byte().cpu().numpy()
                bar.update(walls[batch].size)
    finally:
        model.train(was_training)
    return Plans(actions, decided_in if halting else None)


def check_model(model: Any) -> None:
    """Raise UserError unless this is a model that can plan, with weights that are numbers."""
    if not isinstance(model, nn.Module) or not all(hasattr(model, name) for name in ("mixing", "dim")):
        hint = ": load a checkpoint with `load_model` first" if isinstance(model, str | Path) else ""
        raise UserError(
            f"a plan needs a model from `create_model` or `load_model`, not of type {type(model).__name__}{hint}"
        )
    for name, weights in model.named_parameters():
        if weights.is_meta:
            raise UserError("this model is on PyTorch's meta device, which holds no weights; load it from a checkpoint")
        if not bool(weights.isfinite().all()):
            raise UserError(
                f"this model cannot plan: its weights {name} hold NaN or infinity, as after a training that diverged; "
                "use an earlier checkpoint, or train with a lower `lr`"
            )


def _decide(model: Any, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """The policy of a model with `halting` for tokens (B, n*n), and the recursion in which each cell decided."""
    decided_in = torch.zeros(tokens.shape, dtype=torch.int32, device=tokens.device)
    for recursion, latent in enumerate(model.unfold(tokens), start=1):
        new = latent.decided.squeeze(-1).t() & (decided_in == 0)
        decided_in[new] = recursion
    return model.policy(latent), decided_in


def _mean_policy(model: nn.Module, tokens: Tensor) -> Tensor:
    """Action probabilities (B, n*n, 5), averaged over the 8 symmetries of each maze; tokens (B, n*n).

    Probabilities are averaged, not logits or their logarithms. The loss only asks that the optimal actions together are
    likely, so the model may prefer another optimal action in another orientation. In a mean of logarithms, a single
    orientation in which an action is unlikely would rule it out.
    """
    cells = torch.tensor(cell_permutations(math.isqrt(tokens.shape[1])), device=tokens.device)
    actions = torch.tensor(ACTION_PERMUTATIONS, device=tokens.device)
    policies = []
    for g in range(8):
        transformed = model(tokens[:, cells[g]]).softmax(dim=-1)
        policies.append(transformed[:, cells[INVERSE[g]]][..., actions[g]])
    return torch.stack(policies).mean(dim=0)
