"""How training applies the model: how many recursions, which of them carry a gradient, and which cells it may ask."""

import torch
from torch import Tensor
from torch.nn import functional as F

from .model import Latent, TinyRecursiveModel


def within_reach(distances: Tensor, recursions: int, depth: int = 1) -> Tensor:
    """The cells that can have heard of the goal after so many recursions of `depth` blocks with local mixing: bool.

    distances: steps to the goal, of any shape; -1 where no path leads there. One block carries information one cell
    far. News of the goal that travel along a shortest path cannot have come to a cell farther away, and a loss that
    asks it for its answer all the same teaches it to guess. With mixing "cross", `halting` and one block, nothing
    passes through a wall, and what such a cell computes does not depend on where the goal is at all. Otherwise it may
    hear of the goal across a wall, and with "conv" diagonally, but not of the path.
    """
    return (distances >= 0) & (distances <= recursions * depth)


def unroll(
    model: TinyRecursiveModel,
    tokens: Tensor,
    recursions: int,
    gradient_recursions: int | None = None,
    expert: Tensor | None = None,
) -> Latent:
    """Apply the model to tokens (B, n*n). Returns the latent state after the last recursion.

    gradient_recursions: how many recursions, the last ones, carry a gradient; left out, all. expert: distances to the
    goal (B, n*n); if given, they and not the model's flags decide when a cell is decided (teacher forcing, Williams and
    Zipser, 1989).
    """
    inputs, latent = model.start(tokens)
    first = 1 if gradient_recursions is None else recursions - gradient_recursions + 1
    for recursion in range(1, recursions + 1):
        decided = None if expert is None else _by_cell(within_reach(expert, recursion, model.depth))
        with torch.set_grad_enabled(recursion >= first):
            latent = model.recur(inputs, latent, decided)
    return latent


def halting_loss(latent: Latent, reached: Tensor) -> Tensor:
    """Mean binary cross-entropy, in nats, of the halting flags of all cells that had not decided before: a scalar.

    reached: bool (B, n*n), the cells that can know their answer, from `within_reach`.
    """
    loss = F.binary_cross_entropy_with_logits(latent.knows, _by_cell(reached).to(latent.knows.dtype), reduction="none")
    return (loss * latent.asked).sum() / latent.asked.sum().clamp(min=1)


def _by_cell(values: Tensor) -> Tensor:
    """Values (B, n*n) in the layout of a latent state: (n*n, B, 1)."""
    return values.t().unsqueeze(-1)
