"""The Tiny Recursive Model: one small MLP-Mixer applied again and again to its own latent state.

Recursion after Jolicoeur-Martineau, "Less is More: Recursive Reasoning with Tiny Networks" (arXiv 2510.04871);
token and channel mixing after Tolstikhin et al., "MLP-Mixer" (arXiv 2105.01601); the 3 x 3 token mixing after
Trockman and Kolter, "Patches Are All You Need?" (arXiv 2201.09792).

The latent state z has the shape (tokens, B, dim), with tokens = n*n cells. In this order a dense map over the tokens is
one matrix product from the left, a dense map over the channels is one from the right, and neither needs a transpose.
Linear maps have no bias: the norm before each one has its own. The last map of every mixing starts at zero, so that a
new block passes its input through unchanged, and many recursions are as easy to train at the start as one.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trm_nav.errors import UserError
from trm_nav.mazes.encoding import ACTIONS, FREE, GOAL, WALL
from trm_nav.settings import ModelSettings


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


ONLY_IN = {"mlp": "position", "conv": "blocks.0.mix_tokens.neighbours.weight"}  # a key that only this mixing has


class MixerBlock(nn.Module):
    """Token mixing, then channel mixing. Each reads the normalised state, and its result is added to the state."""

    def __init__(self, tokens: int, dim: int, dropout: float, mixing: str):
        super().__init__()
        self.norm_tokens = nn.LayerNorm(dim)
        self.mix_tokens = TokenMixing(tokens, hidden=tokens) if mixing == "mlp" else NeighbourMixing(dim)
        self.norm_channels = nn.LayerNorm(dim)
        self.mix_channels = ChannelMixing(dim, hidden=2 * dim, dropout=dropout)

    def forward(self, z: Tensor) -> Tensor:  # (tokens, B, dim) -> the same
        z = self.mix_tokens(self.norm_tokens(z), z)
        return self.mix_channels(self.norm_channels(z), z)


class TinyRecursiveModel(nn.Module):
    """Computes a policy, logits over the actions, for every cell of a maze in one forward pass.

    `recursions` may be changed at any time. It is part of the state dict, so a model that loads weights also takes over
    the number of recursions they were trained with. With `mixing="conv"`, no parameter depends on the grid size.
    """

    def __init__(self, grid_size: int, dim: int, depth: int, dropout: float, recursions: int, mixing: str):
        super().__init__()
        self.grid_size, self.dim, self.depth, self.dropout = grid_size, dim, depth, dropout
        self.embedding = nn.Embedding(len((FREE, WALL, GOAL)), dim)
        self.norm = nn.LayerNorm(dim)
        self.head_norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, len(ACTIONS))
        self.recursions = recursions
        self._parameters_in_use = False
        self._build_mixing(mixing)

    def _build_mixing(self, mixing: str) -> None:
        """Create the blocks and, for mixing that cannot tell where a cell is, the positions."""
        tokens = self.grid_size**2
        self.mixing = mixing
        self.position = nn.Parameter(0.02 * torch.randn(tokens, 1, self.dim)) if mixing == "mlp" else None
        self.blocks = nn.ModuleList(MixerBlock(tokens, self.dim, self.dropout, mixing) for _ in range(self.depth))

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, n*n), of any integer dtype, to logits over the actions, float (B, n*n, 5)."""
        inputs = self.embedding(tokens.t().int())  # (tokens, B, dim)
        if self.position is not None:
            inputs = inputs + self.position
        z = torch.zeros_like(inputs)
        for _ in range(self.recursions):
            z = self.norm(z) + inputs
            for block in self.blocks:
                z = block(z)
        return self.head(self.head_norm(z)).transpose(0, 1)

    def get_extra_state(self) -> Tensor:
        return torch.tensor(self.recursions)

    def set_extra_state(self, recursions: Tensor) -> None:
        self.recursions = int(recursions)

    def named_parameters(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, nn.Parameter]]:
        """As `nn.Module.named_parameters`. From now on somebody, an optimizer for example, may hold the parameters."""
        self._parameters_in_use = True
        return super().named_parameters(*args, **kwargs)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As `nn.Module.load_state_dict`. Recursions and mixing are taken over from the state.

        Another mixing means other parameters. Raises UserError if this model's parameters have been handed out before:
        an optimizer that holds them would go on training parameters that the model no longer has.
        """
        for mixing, key in ONLY_IN.items():
            if key in state_dict and mixing != self.mixing:
                if self._parameters_in_use:
                    raise UserError(
                        f"these weights have mixing '{mixing}', but this model was created with '{self.mixing}', and "
                        "its parameters are in use, perhaps by an optimizer, which would no longer train the model; "
                        f"create the model with mixing='{mixing}', or load the weights before creating the optimizer"
                    )
                self._build_mixing(mixing)
                self.to(self.head.weight).train(self.training)  # device, dtype and mode of the remaining parts
        return super().load_state_dict(state_dict, strict, assign)


def create_model(
    grid_size: int = 8, dim: int = 64, depth: int = 2, dropout: float = 0.1, recursions: int = 4, mixing: str = "mlp"
) -> TinyRecursiveModel:
    """Create a model with random weights, in training mode.

    Args:
        grid_size: cells along one side of a maze, 3 to 64.
        dim: channels of every cell.
        depth: Mixer blocks in one recursion.
        dropout: probability of zeroing a hidden activation of the channel mixing while training.
        recursions: how many times the blocks are applied.
        mixing: "mlp" for a dense matrix over the cells, "conv" for a 3 x 3 neighbourhood.

    Raises UserError, which is a ValueError, for a value outside its bounds.
    """
    return TinyRecursiveModel(**ModelSettings.of(locals()).model_dump())


def count_parameters(model: nn.Module) -> int:
    """The number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
