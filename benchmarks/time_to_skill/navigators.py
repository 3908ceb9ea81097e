"""Rivals: other networks that learn to navigate, each written from its paper.

All take tokens (B, n*n) in {FREE 0, WALL 1, GOAL 2} and return logits float (B, n*n, 5), as our model does. They have
the three attributes from which `navigation.plan` computes the size of a batch: mixing, dim and grid_size.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trm_nav.mazes.encoding import ACTIONS, FREE, GOAL, WALL

PLANES = len((FREE, WALL, GOAL))


def as_planes(tokens: Tensor) -> Tensor:
    """Tokens (B, n*n) as float (B, 3, n, n): a plane for each kind of token."""
    side = math.isqrt(tokens.shape[1])
    return F.one_hot(tokens.long(), PLANES).float().view(-1, side, side, PLANES).permute(0, 3, 1, 2)


class Convolutional(nn.Module):
    """What the three convolutional rivals share: planes as input, and logits from a 1 x 1 convolution of the features.

    Outside the grid all planes are 0, which distinguishes a cell there from a free cell.
    """

    mixing, grid_size = "conv", None

    def __init__(self, channels: int, features: int):
        super().__init__()
        self.dim = channels
        self.head = nn.Conv2d(features, len(ACTIONS), kernel_size=1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits float (B, n*n, 5), for tokens of any integer dtype (B, n*n)."""
        return self.logits(self.features(as_planes(tokens)))

    def logits(self, features: Tensor) -> Tensor:  # (B, features, n, n) -> (B, n*n, 5)
        answers: Tensor = self.head(features)
        return answers.flatten(2).transpose(1, 2)

    def features(self, planes: Tensor) -> Tensor:  # (B, 3, n, n) -> (B, features, n, n)
        raise NotImplementedError


def three_by_three(inputs: int, outputs: int, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=bias)


class ValueIterationNetwork(Convolutional):
    """Tamar, Wu, Thomas, Levine and Abbeel, "Value Iteration Networks", NeurIPS 2016 (arXiv 1602.02867).

    From the paper: a reward map r from a 3 x 3 convolution to 150 channels and a 1 x 1 convolution to one channel; K
    iterations of Q = conv([r, V]), all with the same kernel and without bias, and V = max over the channels of Q; a
    linear map from Q to the actions. Different here: a ReLU follows the 150 channels, which speeds up learning; and the
    attention, which in the paper selects Q at the agent's cell, reads every cell, because every cell has a label.
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

    From the paper: a residual block of 3 x 3 convolutions that is applied again and again with the same parameters, and
    "recall": every step reads the input beside the state. Left out: the progressive loss, which trains from a random
    step on so that a network can run for more steps than in training; here it runs for the same number. Smaller than in
    the paper: one block of two convolutions, and a linear head instead of three convolutions.
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
            state = self.step(state, planes)
        return state

    def step(self, state: Tensor, planes: Tensor) -> Tensor:  # (B, channels, n, n) -> the same
        hidden = self.recall(torch.cat([state, planes], dim=1)).relu()
        return (state + self.block(hidden)).relu()


class PlainCNN(Convolutional):
    """A policy of untied 3 x 3 convolutions without recursion; `depth` of them after the first, each added to its input
    (He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385).

    Information travels depth + 1 cells. The convolutions start at 1 / sqrt(depth) of PyTorch's scale, which keeps the
    signal of a deep stack from growing.
    """

    def __init__(self, channels: int, depth: int):
        super().__init__(channels, features=channels)
        self.first = three_by_three(PLANES, channels)
        layers = [three_by_three(channels, channels) for _ in range(depth)]
        for layer in layers:
            layer.weight.data /= math.sqrt(depth)
        self.layers = nn.ModuleList(layers)

    def features(self, planes: Tensor) -> Tensor:
        image = self.first(planes).relu()
        for layer in self.layers:
            image = image + layer(image).relu()
        return image
