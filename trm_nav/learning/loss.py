"""What training minimises, and the measures beside it: the loss, how often the policy is right, and chance.

All three read optimal sets: uint8 (B, n*n) bit masks, bit a standing for action a, 0 where a cell has no label.
"""

import math

import torch
from torch import Tensor

from trm_nav.mazes.encoding import ACTIONS, contains

ALL_ACTIONS = 2 ** len(ACTIONS) - 1


def policy_loss(logits: Tensor, optimal: Tensor) -> Tensor:
    """Mean over the labelled cells of -log(probability that the action drawn is optimal).

    logits: float (B, n*n, 5). optimal: uint8 (B, n*n), sets of actions as bit masks; a cell with the empty set, 0, has
    no label. One optimal action in five, and this is the usual cross-entropy; several, and any of them will do.
    """
    labelled = optimal != 0
    optimal = torch.where(labelled, optimal, ALL_ACTIONS)  # without a label nothing is wrong, and the loss is exactly 0
    allowed = contains(optimal[..., None], torch.arange(len(ACTIONS), device=logits.device))  # (B, n*n, 5)
    log_right = torch.logsumexp(logits.masked_fill(~allowed, -math.inf), dim=-1)  # (B, n*n)
    return (torch.logsumexp(logits, dim=-1) - log_right).sum() / labelled.sum()


def count_right(logits: Tensor, optimal: Tensor, agents: Tensor) -> Tensor:
    """In how many mazes the likeliest action at the agent's cell is optimal. agents: int64 (B,), cell numbers."""
    rows = torch.arange(len(agents), device=agents.device)
    return contains(optimal[rows, agents], logits[rows, agents].argmax(dim=-1)).sum()


def chance(optimal: Tensor, agents: Tensor) -> dict[str, float]:
    """The `loss`, in nats, and the accuracy, `acc`, that a policy reaches which never looks at a maze.

    For the loss, the best such policy draws from one distribution over the actions at every cell; expectation
    maximisation finds it. For the accuracy, it always takes the one action that is right most often where the agents
    stand. agents: int64 (B,), cell numbers.
    """
    actions = torch.arange(len(ACTIONS), device=optimal.device)
    sets, counts = optimal[optimal != 0].unique(return_counts=True)  # at most 31 different ones
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
