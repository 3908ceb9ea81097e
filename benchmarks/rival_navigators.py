"""Other networks that learn to navigate the same mazes, each written from its paper, and their training loop.

    python benchmarks/rival_navigators.py      # checks shapes, gradients and that a few steps lower the loss

All take tokens (B, n*n) in {FREE 0, WALL 1, GOAL 2} and return logits float (B, n*n, 5), as our model does, and have
the three attributes by which `rollout.plan` cuts its batches: mixing, dim and grid_size.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from published_trm import UNTRAINED, PublishedTRM
from torch import Tensor, nn
from torch.nn import functional as F

from trm_nav.learning.loss import policy_loss
from trm_nav.learning.model import count_parameters
from trm_nav.learning.training import GRADIENT_NORM, Samples, learning_rate_factor
from trm_nav.mazes.encoding import ACTIONS, FREE, GOAL, WALL, encode
from trm_nav.mazes.expert import optimal_actions
from trm_nav.mazes.grids import generate_mazes
from trm_nav.mazes.symmetry import transform_batch
from trm_nav.settings import TrainSettings, recipe

PLANES = len((FREE, WALL, GOAL))


class Convolutional(nn.Module):
    """What the three convolutional rivals share: the maze as planes, and logits from a 1 x 1 map of the last image.

    Beyond the edge of the grid all planes are 0, which is how a cell there differs from a free one.
    """

    mixing, grid_size = "conv", None

    def __init__(self, channels: int, features: int):
        super().__init__()
        self.dim = channels
        self.head = nn.Conv2d(features, len(ACTIONS), kernel_size=1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits float (B, n*n, 5), for tokens of any integer dtype (B, n*n)."""
        side = math.isqrt(tokens.shape[1])
        planes = F.one_hot(tokens.long(), PLANES).float().view(-1, side, side, PLANES).permute(0, 3, 1, 2)
        return self.head(self.features(planes)).flatten(2).transpose(1, 2)

    def features(self, planes: Tensor) -> Tensor:  # (B, 3, n, n) -> (B, features, n, n)
        raise NotImplementedError


def three_by_three(inputs: int, outputs: int, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=bias)


class ValueIterationNetwork(Convolutional):
    """Tamar, Wu, Thomas, Levine and Abbeel, "Value Iteration Networks", NeurIPS 2016 (arXiv 1602.02867).

    From the paper: a reward map r from a 3 x 3 convolution to 150 channels and a 1 x 1 one to a single; K iterations of
    Q = conv([r, V]) with one kernel for all of them, without bias, and V = max over the channels of Q; a linear map
    from Q to the actions. Different here: the ReLU behind the 150 channels, which speeds it up; and the attention,
    which in the paper picks the Q of the agent's cell, reads every cell, since every cell has a label.
    """

    REWARD_CHANNELS = 150

    def __init__(self, channels: int, iterations: int):
        super().__init__(channels, features=channels)
        self.iterations = iterations
        self.reward = nn.Sequential(
            three_by_three(PLANES, self.REWARD_CHANNELS),
            nn.ReLU(),
            nn.Conv2d(self.REWARD_CHANNELS, 1, kernel_size=1, bias=False),
        )
        self.backup = three_by_three(2, channels, bias=False)

    def features(self, planes: Tensor) -> Tensor:
        reward = self.reward(planes)
        value = torch.zeros_like(reward)
        for _ in range(self.iterations):
            value = self.backup(torch.cat([reward, value], dim=1)).amax(dim=1, keepdim=True)
        return self.backup(torch.cat([reward, value], dim=1))


class RecurrentConvolution(Convolutional):
    """Bansal, Schwarzschild, Borgnia, Emam, Huang, Goldblum and Goldstein, "End-to-end Algorithm Synthesis with
    Recurrent Networks: Logical Extrapolation Without Overthinking", NeurIPS 2022 (arXiv 2202.05826).

    From the paper: a residual block of 3 x 3 convolutions applied again and again with the same weights, and "recall":
    each step sees the input beside the state. Left out: the progressive loss, which trains from a random step on so
    that a network can go on for longer than it was trained; here it runs for as many steps as in training. Smaller than
    the paper's: one block of two convolutions, and a linear head instead of three convolutions.
    """

    def __init__(self, channels: int, steps: int):
        super().__init__(channels, features=channels)
        self.steps = steps
        self.project = three_by_three(PLANES, channels)
        self.recall = three_by_three(channels + PLANES, channels)
        self.block = three_by_three(channels, channels)

    def features(self, planes: Tensor) -> Tensor:
        state = self.project(planes).relu()
        for _ in range(self.steps):
            hidden = self.recall(torch.cat([state, planes], dim=1)).relu()
            state = (state + self.block(hidden)).relu()
        return state


class PlainCNN(Convolutional):
    """A policy of untied 3 x 3 convolutions without recursion; `depth` of them after the first, each added to its input
    (He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385).

    A cell sees depth + 1 cells far. As a last map that starts small makes a deep stack easy to start, the convolutions
    begin at 1 / sqrt(depth) of PyTorch's scale.
    """

    def __init__(self, channels: int, depth: int):
        super().__init__(channels, features=channels)
        self.first = three_by_three(PLANES, channels)
        self.layers = nn.ModuleList(three_by_three(channels, channels) for _ in range(depth))
        for layer in self.layers:
            layer.weight.data /= math.sqrt(depth)

    def features(self, planes: Tensor) -> Tensor:
        image = self.first(planes).relu()
        for layer in self.layers:
            image = image + layer(image).relu()
        return image


@dataclass(frozen=True)
class System:
    """One line of the table. Without `build` it is ours, and `settings` are those of Training; with it, the rival's
    arguments. batch: mazes in a step. epochs: the length of the schedule; where it is 0, it ends with the budget.
    every: only marks are looked at that so many seconds divide.
    """

    title: str
    settings: dict[str, Any]
    build: Callable[..., torch.nn.Module] | None = None
    lr: float = 0.0
    epochs: int = 0
    batch: int = 64
    every: float = 2.5


SYSTEMS = {
    "local": System("`local`", recipe("local", TrainSettings)),
    "tiny": System("`tiny`", recipe("tiny", TrainSettings)),
    "local-before": System(
        "`local` before",
        {**recipe("local", TrainSettings), "dim": 32, "lr": 1e-2, "epochs": 20, "patience": 20, "batch_size": 64},
    ),
    "tiny-before": System("`tiny` before", {**recipe("tiny", TrainSettings), "lr": 1e-2, "epochs": 60, "patience": 60}),
    "tiny-once": System(
        "`tiny` without recursion", {**recipe("tiny", TrainSettings), "recursions": 1, "epochs": 240, "patience": 240}
    ),
    "recurrent": System("recurrent convolution", dict(channels=12, steps=10), RecurrentConvolution, 2e-2, 7, 32),
    "vin": System("Value Iteration Network", dict(channels=30, iterations=16), ValueIterationNetwork, 2e-2, 33),
    "cnn": System("plain CNN", dict(channels=16, depth=11), PlainCNN, 1e-2, 18),
    "published": System(
        "tiny-recursive-model", dict(dim=32), PublishedTRM, 1e-2, every=60
    ),  # until it has learned to halt, an answer takes 252 passes of its network
}
BEFORE = {"local-before": "local", "tiny-before": "tiny"}  # the recipes as they were until November 22, 2026
GRIDS = {  # what --tune tries; the best of each, with several budgets, stand above
    "recurrent": dict(channels=[12, 16, 24], steps=[8, 10, 14], lr=[1e-2, 2e-2, 3e-2]),
    "vin": dict(channels=[10, 30, 50], iterations=[16, 24], lr=[5e-3, 1e-2, 2e-2]),
    "cnn": dict(shape=[dict(channels=19, depth=8), dict(channels=16, depth=11)], lr=[5e-3, 1e-2, 2e-2]),
    "published": dict(dim=[32, 64], lr=[1e-3, 3e-3, 1e-2]),
}


def fit(
    model: nn.Module,
    samples: Samples,
    batch_size: int,
    epochs: int,
    optimizer: torch.optim.Optimizer,
    sampler: torch.Generator,
    share: Callable[[], float] | None,
    on_step: Callable[[float], None],
) -> None:
    """The loop of Training for a rival: the same batches, turns, loss, clipping and schedule, without validation.

    share: which share of the schedule is over, where it is not to follow the steps.
    """
    batches = math.ceil(len(samples) / batch_size)
    steps = epochs * batches
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: learning_rate_factor(round(share() * steps) if share else step, steps)
    )
    for epoch in range(epochs):
        order = torch.randperm(len(samples), generator=sampler)
        for step, index in enumerate(order.tensor_split(batches), start=1):
            turns = torch.randint(8, (len(index),), generator=sampler)
            tokens, optimal, _ = transform_batch(*samples[index], turns)
            policy_loss(model(tokens), optimal).backward()
            nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            on_step(epoch + step / batches)


def main() -> None:
    """Raise AssertionError unless each rival answers in the right shape, trains all its parameters, and learns."""
    mazes = generate_mazes(64, seed=1)
    tokens = torch.from_numpy(encode(mazes.walls, mazes.goals))
    optimal = torch.from_numpy(optimal_actions(mazes.walls, mazes.goals)).flatten(1)
    for name, system in SYSTEMS.items():
        if system.build is None:
            continue
        torch.manual_seed(0)
        model = system.build(**system.settings)
        assert model(tokens).shape == (64, 64, len(ACTIONS)), name
        if model.mixing == "conv":
            assert model(torch.zeros(2, 144, dtype=torch.uint8)).shape == (2, 144, len(ACTIONS)), name
        optimizer, losses = torch.optim.AdamW(model.parameters(), lr=3e-3), []
        for _ in range(30):
            loss = model.loss(tokens, optimal) if name == "published" else policy_loss(model(tokens), optimal)
            loss.backward()
            losses.append(loss.item())
            still = [
                key
                for key, parameter in model.named_parameters()
                if parameter.numel()
                and not key.endswith(UNTRAINED)
                and (parameter.grad is None or not parameter.grad.any())
            ]
            optimizer.step()
            optimizer.zero_grad()
        assert not still, f"{name}: no gradient comes to {still}"
        assert losses[-1] < 0.9 * losses[0], f"{name}: the loss went from {losses[0]:.3f} to {losses[-1]:.3f}"
        print(f"{name}: {count_parameters(model):,} parameters, loss {losses[0]:.3f} to {losses[-1]:.3f} in 30 steps")


if __name__ == "__main__":
    main()
