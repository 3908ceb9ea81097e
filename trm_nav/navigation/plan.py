"""A plan: the action that a model chooses for every cell of a maze."""

import math
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from trm_nav.errors import UserError
from trm_nav.mazes.encoding import check_mazes, encode
from trm_nav.mazes.symmetry import ACTION_PERMUTATIONS, INVERSE, cell_permutations

# Numbers in the latent state of one batch, cells times dim times mazes: 1 MiB, which a core's cache can hold. That
# measured fastest on a CPU and bounds the memory whatever the grid and the model.
LATENT_NUMBERS = 2**18


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
        raise UserError(
            f"the mazes are {n} x {n}, but this model mixes the cells by a matrix made for "
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
