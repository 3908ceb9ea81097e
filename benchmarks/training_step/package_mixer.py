"""A rival: the Mixer of the package `tiny-recursive-model`."""

import torch
from torch import Tensor, nn


class PackageMixer(nn.Module):
    """That Mixer with its own defaults, applied again and again to its state plus the embedded tokens.

    The embedding and the head are as in the package. Raises ImportError where the package is not installed.
    """

    def __init__(self, tokens: int, dim: int, depth: int, recursions: int, actions: int):
        from tiny_recursive_model import MLPMixer1D

        super().__init__()
        self.recursions = recursions
        self.embedding = nn.Embedding(3, dim)
        self.network = MLPMixer1D(dim=dim, depth=depth, seq_len=tokens)
        self.head = nn.Linear(dim, actions, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens.int())
        z = torch.zeros_like(x)
        for _ in range(self.recursions):
            z = self.network(z + x)
        return self.head(z)
