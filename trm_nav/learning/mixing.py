"""The layers of the model: how the cells of a maze exchange information, and how each processes what it received.

Token and channel mixing after Tolstikhin et al., "MLP-Mixer" (arXiv 2105.01601); the 3 x 3 token mixing after Trockman
and Kolter, "Patches Are All You Need?" (arXiv 2201.09792).

A latent state has the shape (tokens, B, dim), with tokens = n*n cells. In this order a dense map over the tokens is
one matrix product from the left, a dense map over the channels is one from the right, and neither needs a transpose.
Linear maps have no bias: the norm before each one has its own. The last map of every mixing starts at zero, so that a
new block passes its input through unchanged, and many recursions are as easy to train at the start as one.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trm_nav.mazes.encoding import ACTIONS, MOVES


def zero_linear(inputs: int, outputs: int) -> nn.Linear:
    """A linear map without bias, initialised to zero."""
    linear = nn.Linear(inputs, outputs, bias=False)
    nn.init.zeros_(linear.weight)
    return linear


class TokenMixing(nn.Module):
    """An MLP over the n*n cells, the same for every channel: every cell receives information from all others."""

    def __init__(self, tokens: int, hidden: int):
        super().__init__()
        self.tokens_in = nn.Linear(tokens, hidden, bias=False)
        self.tokens_out = zero_linear(hidden, tokens)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:  # x, z: (tokens, B, dim) -> z + mixed x
        hidden = torch.mm(self.tokens_in.weight, x.flatten(1)).relu_()  # (hidden, B*dim)
        return torch.addmm(z.flatten(1), self.tokens_out.weight, hidden).view_as(z)


class NeighbourMixing(nn.Module):
    """A depthwise 3 x 3 convolution in place of the dense matrix: a cell receives information from its neighbours only.

    It has no parameter that depends on the grid size.
    """

    def __init__(self, dim: int):
        super().__init__()
        self.neighbours = nn.Conv2d(dim, dim, kernel_size=3, padding=1, groups=dim)
        nn.init.zeros_(self.neighbours.weight)
        nn.init.zeros_(self.neighbours.bias)  # type: ignore[arg-type]  # it has one: bias=True is the default

    def forward(self, x: Tensor, z: Tensor) -> Tensor:  # x, z: (tokens, B, dim) -> z + mixed x
        tokens, batch, dim = x.shape
        side = math.isqrt(tokens)
        image = x.view(side, side, batch, dim).permute(2, 3, 0, 1)  # (B, dim, n, n)
        image = self.neighbours(image.contiguous(memory_format=torch.channels_last))
        return z + image.permute(2, 3, 0, 1).reshape(tokens, batch, dim)


class CrossMixing(nn.Module):
    """A weighted sum, channel by channel, over the cell and its four neighbours, the cells that an action leads to.

    As `NeighbourMixing`, without the diagonals. Cells outside the grid add nothing.
    """

    def __init__(self, dim: int):
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(len(ACTIONS), dim))  # weights[a]: of the cell to which action a leads
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x: Tensor, z: Tensor) -> Tensor:  # x, z: (tokens, B, dim) -> z + mixed x
        tokens, batch, dim = x.shape
        side = math.isqrt(tokens)
        image = F.pad(x.view(side, side, batch, dim), (0, 0, 0, 0, 1, 1, 1, 1))  # (n + 2, n + 2, B, dim)
        mixed = self.bias
        for weights, (down, right) in zip(self.weights, MOVES.tolist(), strict=True):
            mixed = mixed + weights * image[1 + down : 1 + down + side, 1 + right : 1 + right + side]
        return z + mixed.view(tokens, batch, dim)


class ChannelMixing(nn.Module):
    """An MLP over the channels, the same for every cell: each cell processes what it has received."""

    def __init__(self, dim: int, hidden: int, dropout: float):
        super().__init__()
        self.channels_in = nn.Linear(dim, hidden, bias=False)
        self.channels_out = zero_linear(hidden, dim)
        self.dropout = dropout

    def forward(self, x: Tensor, z: Tensor) -> Tensor:  # x, z: (tokens, B, dim) -> z + mixed x
        hidden = self.channels_in(x.flatten(0, 1)).relu_()  # (tokens*B, hidden)
        hidden = F.dropout(hidden, self.dropout, self.training)
        return torch.addmm(z.flatten(0, 1), hidden, self.channels_out.weight.t()).view_as(z)


class MixerBlock(nn.Module):
    """Token mixing, then channel mixing. Each reads the normalised state, and its result is added to the state."""

    def __init__(self, tokens: int, dim: int, dropout: float, mixing: str):
        super().__init__()
        self.norm_tokens = nn.LayerNorm(dim)
        self.mix_tokens = _token_mixing(mixing, tokens, dim)
        self.norm_channels = nn.LayerNorm(dim)
        self.mix_channels = ChannelMixing(dim, hidden=2 * dim, dropout=dropout)

    def forward(self, z: Tensor) -> Tensor:  # (tokens, B, dim) -> the same
        z = self.mix_tokens(self.norm_tokens(z), z)
        return self.mix_channels(self.norm_channels(z), z)


def _token_mixing(mixing: str, tokens: int, dim: int) -> nn.Module:
    if mixing == "mlp":
        return TokenMixing(tokens, hidden=tokens)
    return NeighbourMixing(dim) if mixing == "conv" else CrossMixing(dim)
