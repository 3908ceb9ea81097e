"""How a rival is trained: with the same batches, symmetries, loss, clipping and schedule as our model."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from trm_nav.learning.loss import policy_loss
from trm_nav.learning.samples import Samples
from trm_nav.learning.training import GRADIENT_NORM, learning_rate_factor


@dataclass(frozen=True)
class Fit:
    """Everything that a rival's training loop needs besides its model.

    share: returns the share of the schedule that is over; without it the schedule follows the steps. on_step: is called
    after every optimizer step with the number of epochs done.
    """

    samples: Samples
    batch_size: int
    epochs: int
    optimizer: torch.optim.Optimizer
    sampler: torch.Generator
    share: Callable[[], float] | None
    on_step: Callable[[float], None]

    @property
    def batches(self) -> int:
        """Batches in an epoch."""
        return math.ceil(len(self.samples) / self.batch_size)

    def schedule(self, steps_done: Callable[[int], float]) -> torch.optim.lr_scheduler.LambdaLR:
        """The learning rate of our training. steps_done turns optimizer steps into steps of the schedule."""
        steps = self.epochs * self.batches

        def factor(step: int) -> float:
            done = self.share() * steps if self.share else steps_done(step)
            return learning_rate_factor(round(done), steps)

        return torch.optim.lr_scheduler.LambdaLR(self.optimizer, factor)


def fit(model: nn.Module, run: Fit) -> None:
    """Our training loop for a rival, without validation."""
    schedule = run.schedule(lambda step: step)
    for epoch in range(run.epochs):
        order = torch.randperm(len(run.samples), generator=run.sampler)
        for step, index in enumerate(order.tensor_split(run.batches), start=1):
            symmetries = torch.randint(8, (len(index),), generator=run.sampler)
            batch = run.samples[index].transformed(symmetries)
            policy_loss(model(batch.tokens), batch.optimal).backward()
            nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
            run.optimizer.step()
            run.optimizer.zero_grad()
            schedule.step()
            run.on_step(epoch + step / run.batches)
