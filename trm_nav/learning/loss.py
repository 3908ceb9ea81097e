"""The loss that training minimises, the accuracy reported beside it, and what guessing reaches in both.

All functions read optimal sets: uint8 (B, n*n) bit masks, bit a standing for action a, 0 where a cell has no label.
"""

import math

import torch
from torch import Tensor

from trm_nav.mazes.encoding import ACTIONS, contains

ALL_ACTIONS = 2 ** len(ACTIONS) - 1


def policy_loss(logits: Tensor, optimal: Tensor) -> Tensor:
    """Mean over the labelled cells of -log(probability of an optimal action), in nats: a scalar.

    logits: float (B, n*n, 5). optimal: uint8 (B, n*n); a cell with the empty set, 0, has no label. With one optimal
    action this is the usual cross-entropy; with several, their probabilities are added up, and any split is right.
    """
    labelled = optimal != 0
    optimal = torch.where(labelled, optimal, ALL_ACTIONS)  # a cell without a label adds exactly 0
    allowed = contains(optimal[..., None], torch.arange(len(ACTIONS), device=logits.device))  # (B, n*n, 5)
    log_right = torch.logsumexp(logits.masked_fill(~allowed, -math.inf), dim=-1)  # (B, n*n)
    return (torch.logsumexp(logits, dim=-1) - log_right).sum() / labelled.sum().clamp(min=1)


def count_right(logits: Tensor, optimal: Tensor, agents: Tensor) -> Tensor:
    """The number of mazes whose most likely action at the agent's cell is optimal: a scalar.

    logits: float (B, n*n, 5). optimal: uint8 (B, n*n). agents: int64 (B,), indices of cells.
    """
    rows = torch.arange(len(agents), device=agents.device)
    return contains(optimal[rows, agents], logits[rows, agents].argmax(dim=-1)).sum()


def chance(optimal: Tensor, agents: Tensor) -> dict[str, float]:
    """What a policy reaches that never looks at a maze: its `loss`, in nats, and its accuracy, `acc`.

    For the loss, the best such policy samples from the same distribution over the actions in every cell; expectation
    maximisation finds that distribution. For the accuracy, it always takes the one action that is optimal most often
    where the agents stand. agents: int64 (B,), indices of cells.
    """
    actions = torch.arange(len(ACTIONS), device=optimal.device)
    sets, counts = optimal[optimal != 0].unique(return_counts=True)  # at most 31 different sets
    weights, allowed = counts / counts.sum(), contains(sets[:, None], actions).float()  # (sets,), (sets, 5)
    p = torch.full((len(ACTIONS),), 1 / len(ACTIONS), device=optimal.device)
    for _ in range(20):
        share = allowed * p
        p = weights @ (share / share.sum(dim=1, keepdim=True))
    at_agents = optimal.gather(1, agents[:, None])  # (B, 1)
    return {
        "loss": -(weights @ (allowed @ p).log()).item(),
        "acc": contains(at_agents, actions).float().mean(dim=0).max().item(),
    }
