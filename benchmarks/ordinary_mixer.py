"""Rivals of the training step: our Mixer as it is ordinarily written, its training loop, and a package's Mixer.

`OrdinaryMixer` computes the same function of the same weights as `trm_nav.learning.model.TinyRecursiveModel`, with
tokens (B, n*n, dim), `nn.Linear` between two transposes for the token mixing, `nn.Sequential` MLPs, and nothing in
place. Its data come from a `DataLoader`, which takes one sample after the other and stacks them; the loss and the
accuracy are read out in every step.
"""

import math
import random
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from trm_nav.learning.device import processor_set
from trm_nav.learning.loss import count_right, policy_loss
from trm_nav.learning.model import TinyRecursiveModel
from trm_nav.learning.training import GRADIENT_NORM, Samples, Training
from trm_nav.mazes.dataset import load
from trm_nav.mazes.symmetry import MASK_PERMUTATIONS, transform_batch

NAMES = {  # of the weights: ours, theirs
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
    """Logits (B, n*n, 5) for tokens (B, n*n), with the weights of one of our models, which it copies."""

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


class TurnedSamples(Dataset):
    """Samples one by one, each turned by a symmetry drawn when it is asked for, as image tutorials turn images."""

    def __init__(self, samples: Samples):
        self.samples, self.side = samples, round(samples.tokens.shape[1] ** 0.5)
        self.sets = torch.from_numpy(MASK_PERMUTATIONS)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, int]:
        """Tokens (n*n,), optimal sets (n*n,) and the agent's cell."""
        turns, mirrored = random.randrange(4), random.random() < 0.5
        tokens = self.samples.tokens[index].view(self.side, self.side)
        optimal = self.samples.optimal[index].view(self.side, self.side)
        row, column = divmod(self.samples.agents[index].item(), self.side)
        if mirrored:
            tokens, optimal, column = tokens.flip(1), optimal.flip(1), self.side - 1 - column
        for _ in range(turns):
            row, column = self.side - 1 - column, row
        optimal = self.sets[turns + 4 * mirrored][torch.rot90(optimal, turns).long()]
        return torch.rot90(tokens, turns).flatten(), optimal.flatten(), row * self.side + column


class OrdinaryTraining:
    """`epoch()` trains on all samples once. `turned_in_batches`: with our symmetries of a whole batch instead."""

    def __init__(self, ours: TinyRecursiveModel, samples: Samples, batch_size: int, turned_in_batches: bool):
        self.model = OrdinaryMixer(ours)
        self.turned_in_batches = turned_in_batches
        dataset = (
            TensorDataset(samples.tokens, samples.optimal, samples.agents)
            if turned_in_batches
            else TurnedSamples(samples)
        )
        self.loader = DataLoader(dataset, batch_size=batch_size, shuffle=True, num_workers=0)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: 1.0)

    def epoch(self) -> tuple[float, float]:
        """Mean loss and accuracy."""
        self.model.train()
        total_loss = total_right = 0.0
        for tokens, optimal, agents in self.loader:
            if self.turned_in_batches:
                tokens, optimal, agents = transform_batch(tokens, optimal, agents, torch.randint(8, (len(tokens),)))
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


class PackageMixer(nn.Module):
    """The Mixer of `tiny-recursive-model` with its own defaults, applied to its state plus the embedded tokens.

    Embedding and head as in that package. Raises ImportError where the package is not installed.
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


# --- Our own step without what surrounds it, and what surrounds it ----------------------------------------------------


def bare_steps(model: nn.Module, optimizer: torch.optim.Optimizer, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Forward, backward, step, and nothing else, for each pair of tokens (B, n*n) and optimal sets (B, n*n)."""
    for tokens, optimal in batches:
        policy_loss(model(tokens), optimal).backward()
        optimizer.step()
        optimizer.zero_grad()


def bare_loop(model: TinyRecursiveModel, folder: Path, epochs: int, batch_size: int, threads: int) -> float:
    """Seconds of bare steps over the batches of so many epochs, in the order of the training set's file."""
    samples = Samples.of(load(folder / "train.pt"), "policy", torch.device("cpu"))
    batches = math.ceil(len(samples) / batch_size)
    batches = list(zip(samples.tokens.tensor_split(batches), samples.optimal.tensor_split(batches), strict=True))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    with processor_set(threads):
        started = time.perf_counter()
        bare_steps(model, optimizer, epochs * batches)
        return time.perf_counter() - started


def step_parts(run: Training, steps: int) -> dict[str, Callable[[], object]]:
    """Calls that do one part of our training step each, so many times; the validation once."""
    batch = run.train_samples[torch.arange(run.settings.batch_size)]
    logits = run.model(batch[0])
    policy_loss(logits, batch[1]).backward()
    run.optimizer.step()  # the schedule warns where it goes first
    logits = logits.detach()
    index, turns = torch.randperm(len(run.train_samples))[: len(batch[0])], torch.randint(8, (len(batch[0]),))

    def repeated(call: Callable[[], object]) -> Callable[[], object]:
        return lambda: [call() for _ in range(steps)]

    return {
        "choosing and turning the mazes": repeated(lambda: transform_batch(*run.train_samples[index], turns)),
        "shortening the gradient": repeated(
            lambda: torch.nn.utils.clip_grad_norm_(run.model.parameters(), GRADIENT_NORM)
        ),
        "the schedule": repeated(run.schedule.step),
        "counting what is right": repeated(lambda: count_right(logits, *batch[1:])),
        "validation": run.validate,
    }
