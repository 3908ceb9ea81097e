"""Mazes with their labels as tensors: what training takes its batches from."""

from dataclasses import dataclass

import torch
from torch import Tensor

from trm_nav.mazes.dataset import Dataset
from trm_nav.mazes.expert import distances
from trm_nav.mazes.symmetry import transform_batch


@dataclass
class Samples:
    """A data set, or a batch of it, as tensors on one device."""

    tokens: Tensor  # uint8 (N, n*n)
    optimal: Tensor  # uint8 (N, n*n)
    distances: Tensor  # int16 (N, n*n), steps to the goal; -1 on walls and on cells that cannot reach it
    agents: Tensor  # int64 (N,), indices of the agents' cells

    @classmethod
    def of(cls, dataset: Dataset, supervision: str, device: torch.device) -> "Samples":
        """The samples of a data set. With supervision "action", only the label of the agent's cell is kept."""
        n = dataset.grid_size
        optimal = torch.from_numpy(dataset.optimal).reshape(-1, n * n)
        agents = torch.from_numpy(dataset.starts @ (n, 1))
        if supervision == "action":
            at_agent = agents[:, None]
            optimal = torch.zeros_like(optimal).scatter_(1, at_agent, optimal.gather(1, at_agent))
        steps = torch.from_numpy(distances(dataset.walls, dataset.goals)).reshape(-1, n * n)
        return cls(*(part.to(device) for part in (torch.from_numpy(dataset.tokens), optimal, steps, agents)))

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: Tensor) -> "Samples":
        return Samples(self.tokens[index], self.optimal[index], self.distances[index], self.agents[index])

    def transformed(self, g: Tensor) -> "Samples":
        """Every sample transformed by its own symmetry, int64 (N,)."""
        tokens, optimal, agents, steps = transform_batch(self.tokens, self.optimal, self.agents, g, self.distances)
        return Samples(tokens, optimal, steps, agents)
