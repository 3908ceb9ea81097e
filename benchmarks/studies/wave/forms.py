"""Other forms of the wave's network, for the ablations: what waiting cells remember, and what of them is seen."""

from typing import Any

import torch
from torch import Tensor, nn

from trm_nav.learning.model import Latent, TinyRecursiveModel


class WithMemory(TinyRecursiveModel):
    """A waiting cell remembers its state, and its neighbours see it."""

    def recur(self, inputs: Tensor, latent: Latent, decided: Tensor | None = None) -> Latent:
        """One recursion."""
        assert self.halt is not None
        asked = latent.asked & ~latent.decided
        z = self.apply_blocks(inputs, latent.z)
        return self.decide(latent, asked, z, z, decided)

    def decide(self, latent: Latent, asked: Tensor, features: Tensor, z: Tensor, decided: Tensor | None) -> Latent:
        """Freeze the cells that have decided, and let the features of the others tell which of them do."""
        assert self.halt is not None
        knows = self.halt(self.head_norm(features))
        if decided is None:
            decided = latent.decided | asked & (knows > 0)
        return Latent(torch.where(latent.decided, latent.z, self._settled(z)), decided, asked, knows)


class Gated(WithMemory):
    """A gate tells how much of a cell's state a recursion replaces; decided cells keep all of it."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.gate = nn.Linear(self.dim, self.dim)

    def recur(self, inputs: Tensor, latent: Latent, decided: Tensor | None = None) -> Latent:
        """One recursion."""
        asked = latent.asked & ~latent.decided
        features = self.head_norm(self.apply_blocks(inputs, latent.z))
        z = latent.z + self.gate(features).sigmoid() * (features.tanh() - latent.z)
        return self.decide(latent, asked, features, z, decided)


FORMS: dict[str, type[TinyRecursiveModel]] = {"with memory": WithMemory, "gated": Gated}
