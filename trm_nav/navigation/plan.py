"""Plans: the action that a model chooses for every cell of a maze, from one forward pass."""

import math
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from trm_nav.errors import UserError
from trm_nav.mazes.encoding import check_mazes, encode
from trm_nav.mazes.symmetry import ACTION_PERMUTATIONS, INVERSE, cell_permutations

# Values in the latent state of one batch, cells x dim x mazes: 1 MiB, which fits into a core's cache. This was the
# fastest size measured on a CPU, and it bounds the memory for any grid and model.
LATENT_NUMBERS = 2**18


def plan(model: nn.Module, walls: np.ndarray, goals: np.ndarray, average_symmetries: bool = False) -> np.ndarray:
    """The most likely action in every cell: uint8 (N, n, n), from one forward pass per maze.

    Args:
        model: from `create_model` or `load_model`, on any device. Its mode, training or evaluation, does not change.
        walls: bool (N, n, n).
        goals: int (N, 2) as (row, col).
        average_symmetries: average the policies over the 8 symmetries of each maze: eight forward passes.

    Raises UserError, which is a ValueError, if the model cannot plan on this grid size, for arrays of another shape or
    dtype, and for a goal outside its maze or on a wall.
    """
    walls, goals = check_mazes(walls, goals)
    n = walls.shape[1]
    if model.mixing == "mlp" and n != model.grid_size:
        raise UserError(
            f"the mazes are {n} x {n}, but this model mixes the cells with a matrix for "
            f"{model.grid_size} x {model.grid_size}; a model with mixing 'conv' plans on any grid size"
        )
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
