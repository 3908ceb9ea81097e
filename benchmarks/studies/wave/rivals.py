"""Other networks that could extrapolate, trained on the wave's mazes and for as many samples.

The recurrent convolution and the Value Iteration Network are those of `time_to_skill`, where their papers are named.
Both can go on longer on larger mazes than in training, as the wave does.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.time_to_skill.navigators import RecurrentConvolution, ValueIterationNetwork, as_planes
from trm_nav.learning.loss import policy_loss
from trm_nav.learning.recursion import within_reach
from trm_nav.learning.reproducibility import set_seed
from trm_nav.learning.samples import Samples
from trm_nav.learning.training import GRADIENT_NORM, learning_rate_factor
from trm_nav.mazes.dataset import build
from trm_nav.mazes.encoding import WALL
from trm_nav.settings import DataSettings, recipe

STEPS = 12  # in training, as the wave's
CELLS_A_STEP = 2  # how far one step of the recurrent convolution carries information: it has two convolutions
LIMIT = 4096  # of the steps of a network that ends by itself


class HaltingConvolution(RecurrentConvolution):
    """The recurrent convolution with a flag for each cell: a cell whose flag is up keeps its features.

    Cells that wait have a memory and are seen, unlike those of the wave.
    """

    def __init__(self, channels: int, steps: int):
        super().__init__(channels, steps)
        self.halt = nn.Conv2d(channels, 1, kernel_size=1)

    def unroll(self, tokens: Tensor, steps: int, reached: Callable[[int], Tensor] | None) -> tuple[Tensor, Tensor]:
        """The logits (B, n*n, 5) after so many steps, and those of the flags (B, n*n) of the last.

        reached: the cells, bool (B, n*n), that are decided after a step; left out, the flags tell.
        """
        planes = as_planes(tokens)
        state = self.project(planes).relu()
        decided = torch.zeros_like(state[:, :1], dtype=torch.bool)
        free = (tokens != WALL).view_as(decided)
        for step in range(1, steps + 1):
            state = torch.where(decided, state, self.step(state, planes))
            knows = self.halt(state)
            before = decided
            decided = decided | free & (knows > 0) if reached is None else reached(step).view_as(decided)
            if not self.training and step > STEPS and torch.equal(decided, before):
                break
        return self.logits(state), knows.flatten(1)

    def forward(self, tokens: Tensor) -> Tensor:
        """The logits (B, n*n, 5) when no cell decides any more, or after `steps`."""
        return self.unroll(tokens, self.steps, None)[0]


def all_cells(model: Any, batch: Samples, draw: torch.Generator) -> Tensor:
    """The loss of all cells after a fixed number of steps."""
    return policy_loss(model(batch.tokens), batch.optimal)


def cells_within_reach(model: Any, batch: Samples, draw: torch.Generator) -> Tensor:
    """The loss of the cells that can know, after a random number of steps."""
    model.steps = int(torch.randint(1, STEPS + 1, (), generator=draw))
    reached = within_reach(batch.distances, model.steps, CELLS_A_STEP)
    return policy_loss(model(batch.tokens), torch.where(reached, batch.optimal, 0))


def cells_within_reach_and_flags(model: Any, batch: Samples, draw: torch.Generator) -> Tensor:
    """The same, and that of the flags; in half of the batches the expert's distances tell which cells have decided."""
    steps = int(torch.randint(1, STEPS + 1, (), generator=draw))
    expert = torch.rand((), generator=draw) < 0.5

    def reached(step: int) -> Tensor:
        return within_reach(batch.distances, step, CELLS_A_STEP)

    logits, knows = model.unroll(batch.tokens, steps, reached if expert else None)
    answers = policy_loss(logits, torch.where(reached(steps), batch.optimal, 0))
    asked = batch.tokens != WALL
    return answers + F.binary_cross_entropy_with_logits(knows[asked], reached(steps)[asked].float())


def progressive(model: Any, batch: Samples, draw: torch.Generator, share: float = 0.5) -> Tensor:
    """The progressive loss of Bansal et al. (2022): the mean of the loss after all steps and of that after a random
    number of steps, of which a random number of first ones carries no gradient."""
    model.steps = model.most
    full = policy_loss(model(batch.tokens), batch.optimal)
    first = int(torch.randint(0, model.most, (), generator=draw))
    model.steps = int(torch.randint(1, model.most - first + 1, (), generator=draw))
    return (1 - share) * full + share * policy_loss(model.from_step(batch.tokens, first), batch.optimal)


class DeepThinking(RecurrentConvolution):
    """The recurrent convolution as published, with the progressive loss. Narrower than in the paper."""

    def __init__(self, channels: int, steps: int):
        super().__init__(channels, steps)
        self.most, self.first = steps, 0

    def from_step(self, tokens: Tensor, first: int) -> Tensor:
        """The logits after `first` steps without a gradient and `steps` with one."""
        self.first = first
        try:
            return self(tokens)
        finally:
            self.first = 0

    def features(self, planes: Tensor) -> Tensor:
        """The features after `first` and `steps` more steps."""
        with torch.no_grad():
            state = self.project(planes).relu()
            for _ in range(self.first):
                state = self.step(state, planes)
        state = state if self.first else self.project(planes).relu()
        for _ in range(self.steps):
            state = self.step(state, planes)
        return state


@dataclass(frozen=True)
class Rival:
    """A network, how to build it, its loss, and the name of the attribute that counts its steps."""

    build: Callable[[], nn.Module]
    loss: Callable[[Any, Samples, torch.Generator], Tensor]
    lr: float
    steps: str = "steps"


RIVALS = {
    "recurrent convolution": Rival(lambda: RecurrentConvolution(16, STEPS), all_cells, 2e-2),
    "recurrent convolution, reach rule": Rival(lambda: RecurrentConvolution(16, STEPS), cells_within_reach, 1e-2),
    "recurrent convolution, reach rule and flag": Rival(
        lambda: HaltingConvolution(16, STEPS), cells_within_reach_and_flags, 1e-2
    ),
    "deep thinking": Rival(lambda: DeepThinking(24, 20), progressive, 1e-2),
    "Value Iteration Network": Rival(lambda: ValueIterationNetwork(30, 16), all_cells, 6e-2, "iterations"),
}


def trained_rival(name: str, seed: int, factor: float = 1.0) -> tuple[Any, float]:
    """A rival after as many samples as the wave sees, and the CPU seconds of its training, on one thread.

    factor: multiplies its learning rate.
    """
    rival, given = RIVALS[name], recipe("wave")
    lr = factor * rival.lr
    train_set, _ = build(DataSettings.of(DataSettings.part_of(given)))
    samples = Samples.of(train_set, "policy", torch.device("cpu"))
    set_seed(seed)
    model, draw = rival.build(), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    batches = len(samples) // given["batch_size"]
    steps = given["epochs"] * batches
    started = time.process_time()
    for step in range(steps):
        if step % batches == 0:
            parts = torch.randperm(len(samples), generator=draw).tensor_split(batches)
        index = parts[step % batches]
        batch = samples[index].transformed(torch.randint(8, (len(index),), generator=draw))
        for group in optimizer.param_groups:
            group["lr"] = lr * learning_rate_factor(step, steps)
        loss = rival.loss(model, batch, draw)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
        optimizer.step()
    return model.eval(), time.process_time() - started


def with_steps(name: str, model: Any, steps: int) -> None:
    """Set a rival to so many steps. One that ends by itself gets as many as it wants."""
    setattr(model, RIVALS[name].steps, LIMIT if isinstance(model, HaltingConvolution) else steps)
