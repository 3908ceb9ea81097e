"""A rival: our Mixer as it is ordinarily written, with an ordinary training loop.

`OrdinaryMixer` computes the same function of the same parameters as `trm_nav.learning.model.TinyRecursiveModel`. It
uses tokens (B, n*n, dim), `nn.Linear` between two transposes for token mixing, `nn.Sequential` MLPs, and no operation
in place. A `DataLoader` fetches its samples one by one and stacks them. The loss and the accuracy are read in every
step.
"""

import random

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from trm_nav.learning.loss import count_right, policy_loss
from trm_nav.learning.model import TinyRecursiveModel
from trm_nav.learning.samples import Samples
from trm_nav.learning.training import GRADIENT_NORM
from trm_nav.mazes.symmetry import MASK_PERMUTATIONS, transform_batch

NAMES = {  # of the parameters: ours, theirs
    "mix_tokens.tokens_in": "token_mlp.0",
    "mix_tokens.tokens_out": "token_mlp.2",
    "mix_channels.channels_in": "channel_mlp.0",
    "mix_channels.channels_out": "channel_mlp.3",
}


class OrdinaryBlock(nn.Module):
    """Token mixing, then channel mixing, each on the normalised state and added to it."""

    def __init__(self, tokens: int, dim: int, dropout: float):
        super().__init__()
        self.norm_tokens = nn.LayerNorm(dim)
        self.token_mlp = nn.Sequential(
            nn.Linear(tokens, tokens, bias=False), nn.ReLU(), nn.Linear(tokens, tokens, bias=False)
        )
        self.norm_channels = nn.LayerNorm(dim)
        self.channel_mlp = nn.Sequential(
            nn.Linear(dim, 2 * dim, bias=False), nn.ReLU(), nn.Dropout(dropout), nn.Linear(2 * dim, dim, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:  # (B, tokens, dim) -> the same
        x = x + self.token_mlp(self.norm_tokens(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channel_mlp(self.norm_channels(x))


class OrdinaryMixer(nn.Module):
    """Logits (B, n*n, 5) for tokens (B, n*n), with parameters copied from one of our models."""

    def __init__(self, ours: TinyRecursiveModel):
        super().__init__()
        tokens, dim = ours.grid_size**2, ours.dim
        self.recursions = ours.recursions
        self.embedding = nn.Embedding(ours.embedding.num_embeddings, dim)
        self.position = nn.Parameter(torch.zeros(1, tokens, dim))
        self.norm = nn.LayerNorm(dim)
        self.blocks = nn.Sequential(*(OrdinaryBlock(tokens, dim, ours.dropout) for _ in ours.blocks))
        self.head_norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, ours.head.out_features)

        state = {name: value for name, value in ours.state_dict().items() if isinstance(value, Tensor)}
        state.pop("_extra_state")  # the recursions
        state["position"] = state["position"].transpose(0, 1)
        for our_name, name in NAMES.items():
            state = {key.replace(our_name, name): value for key, value in state.items()}
        self.load_state_dict(state)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens.long()) + self.position
        z = torch.zeros_like(x)
        for _ in range(self.recursions):
            z = self.blocks(self.norm(z) + x)
        return self.head(self.head_norm(z))


class TransformedSamples(Dataset[tuple[Tensor, Tensor, int]]):
    """Single samples, each transformed by a random symmetry when it is fetched, as image tutorials do."""

    def __init__(self, samples: Samples):
        self.samples, self.side = samples, round(samples.tokens.shape[1] ** 0.5)
        self.sets = torch.from_numpy(MASK_PERMUTATIONS)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, int]:
        """Tokens (n*n,), optimal sets (n*n,) and the agent's cell."""
        quarter_turns, reflected = random.randrange(4), random.random() < 0.5
        tokens = self.samples.tokens[index].view(self.side, self.side)
        optimal = self.samples.optimal[index].view(self.side, self.side)
        row, column = divmod(self.samples.agents[index].item(), self.side)
        if reflected:
            tokens, optimal, column = tokens.flip(1), optimal.flip(1), self.side - 1 - column
        for _ in range(quarter_turns):
            row, column = self.side - 1 - column, row
        optimal = self.sets[quarter_turns + 4 * reflected][torch.rot90(optimal, quarter_turns).long()]
        return torch.rot90(tokens, quarter_turns).flatten(), optimal.flatten(), row * self.side + column


class OrdinaryTraining:
    """`epoch()` trains on all samples once. batched: symmetries transform whole batches, by our code."""

    def __init__(self, ours: TinyRecursiveModel, samples: Samples, batch_size: int, batched: bool):
        self.model = OrdinaryMixer(ours)
        self.batched = batched
        dataset: TensorDataset | TransformedSamples = (
            TensorDataset(samples.tokens, samples.optimal, samples.agents) if batched else TransformedSamples(samples)
        )
        self.loader = DataLoader(dataset, batch_size=batch_size, shuffle=True, num_workers=0)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: 1.0)

    def epoch(self) -> tuple[float, float]:
        """Mean loss and accuracy."""
        self.model.train()
        total_loss = total_right = 0.0
        for tokens, optimal, agents in self.loader:
            if self.batched:
                symmetries = torch.randint(8, (len(tokens),))
                tokens, optimal, agents = transform_batch(tokens, optimal, agents, symmetries)
            self.optimizer.zero_grad()
            logits = self.model(tokens)
            loss = policy_loss(logits, optimal)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), GRADIENT_NORM)
            self.optimizer.step()
            self.schedule.step()
            total_loss += loss.item() * len(tokens)
            total_right += count_right(logits, optimal, agents).item()
        return total_loss / len(self.loader.dataset), total_right / len(self.loader.dataset)
