"""Training on counter-examples: a model that is not certified learns the situations of its own certificate.

A maze of 8 x 8 shows a network the situations that are common. What a rule does in rare ones decides somewhere in a
large maze, but in training hardly ever. The certificate knows all of them, because there are finitely many. Training on
them changes the states, and with them the situations; so the model is examined anew after every round, until the
certificate holds. Formal verification calls this counter-example-guided synthesis (Solar-Lezama, 2008).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

from trm_nav.learning.loss import policy_loss
from trm_nav.learning.optimizer import AdamW

from .certificate import Certificate, Situations, certify

ROUNDS = 60
STEPS = 40  # gradient steps in a round
BATCH = 512  # situations in a step
LEARNING_RATE = 2e-3


def repair(model: Any, seed: int = 0, on_round: Callable[[Certificate], Any] = lambda certificate: None) -> Certificate:
    """Train a model on the situations in which a cell can be until its certificate holds. Changes the model.

    on_round: called with the certificate before every round, and with the last one. Returns the last one, which does
    not hold if 60 rounds were not enough. Raises UserError as `certify` does.
    """
    draw = torch.Generator().manual_seed(seed)
    was_training = model.training
    optimizer = AdamW(model.parameters(), lr=LEARNING_RATE)
    certificate = certify(model)
    on_round(certificate)
    for _ in range(ROUNDS):
        if certificate.holds:
            break
        assert certificate.examined is not None  # `certify` has filled it in
        model.train()
        with torch.random.fork_rng():  # the noise on the states does not depend on what was computed before
            torch.manual_seed(int(torch.randint(2**31, (), generator=draw)))
            for _ in range(STEPS):
                chosen = torch.randint(len(certificate.examined), (BATCH,), generator=draw)
                loss = situation_loss(model, certificate.examined[chosen])
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
        certificate = certify(model)
        on_round(certificate)
    model.train(was_training)
    return certificate


def situation_loss(model: Any, situations: Situations) -> torch.Tensor:
    """The loss of training, policy and flag, of the cells in these situations alone: a scalar, in nats."""
    _, knows, z = situations.answers(model)
    optimal = situations.optimal
    logits = model.head(model.head_norm(z))
    flags = F.binary_cross_entropy_with_logits(knows, (optimal != 0).to(knows.dtype))
    return policy_loss(logits[None], optimal[None]) + flags
