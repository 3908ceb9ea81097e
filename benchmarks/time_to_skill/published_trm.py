"""A rival: the package tiny-recursive-model as published, adapted to this task.

It keeps its own model, its own Mixer and its own training loop. The loss, the mazes and the optimizer are those of all
systems.
"""

import contextlib
import io
from collections.abc import Iterator
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.time_to_skill.fitting import Fit
from trm_nav.learning.loss import policy_loss
from trm_nav.learning.samples import Samples
from trm_nav.learning.training import GRADIENT_NORM
from trm_nav.mazes.encoding import ACTIONS, contains

UNTRAINED = ("output_init_embed", "latent_init_embed")  # parameters that receive no gradient, as published


class PublishedTRM(nn.Module):
    """`tiny-recursive-model` 0.0.15 (github.com/lucidrains/tiny-recursive-model) after Jolicoeur-Martineau, "Less is
    More: Recursive Reasoning with Tiny Networks" (arXiv 2510.04871): its TinyRecursiveModel with its MLPMixer1D,
    trained by its own Trainer.

    As published: 3 blocks of 6 latent refinements, of which the last block receives the gradient; up to 12 supervised
    steps for a batch, each with its own optimizer step; mazes leave the batch when the halting head gives a probability
    above 0.5; an exponential average of the parameters; `predict` with the same halting for the answers.

    Adapted:
    1. The loss is `policy_loss` of the optimal sets. The halting head learns whether all labelled cells of a maze are
       right. Both are means over the batch, where the package computes sums.
    2. One vocabulary of 5 serves the 3 tokens and the 5 actions, because the package has only one vocabulary.
    3. Optimizer, gradient clipping, batch size and the shape of the schedule are those of all systems. The package's
       own learning rate, 1e-4 / (16 * 12), would learn nothing in minutes, and its weight decay is 1. The schedule
       follows the clock, because the number of steps for a batch is not known in advance.
    4. Hooks of the optimizer report each step, and what the Trainer prints is discarded.
    """

    mixing = "mlp"

    def __init__(self, dim: int, depth: int = 2, grid_size: int = 8):
        from tiny_recursive_model import MLPMixer1D

        super().__init__()
        self.dim, self.grid_size = dim, grid_size
        self.network = optimal_sets_model()(
            dim=dim, num_tokens=len(ACTIONS), network=MLPMixer1D(dim=dim, depth=depth, seq_len=grid_size**2)
        )
        self.average: list[nn.Module] = []  # a list, so that the averaged network does not count as parameters

    def forward(self, tokens: Tensor) -> Tensor:
        """1 for the action that `predict` chooses and 0 for the others, (B, n*n, 5); `predict` returns no logits."""
        actions = self.network.predict(tokens.long())[0]
        return F.one_hot(actions, len(ACTIONS)).float()

    def loss(self, tokens: Tensor, optimal: Tensor) -> Tensor:
        """The loss of the first supervised step, for optimal sets uint8 (B, n*n)."""
        return self.network(tokens.long(), *self.network.get_initial(), labels=optimal)[0]

    @contextlib.contextmanager
    def averaged(self) -> Iterator[Self]:
        """A context in which the model answers with its averaged parameters."""
        network, self.network = self.network, self.average[0]
        try:
            yield self
        finally:
            self.network = network

    def fit(self, run: Fit) -> None:
        """Train with the published Trainer, as `fitting.fit` does. Batches are counted as they are drawn."""
        from tiny_recursive_model import Trainer

        mazes = TransformedMazes(run.samples, run.sampler)
        trainer = Trainer(
            self.network, mazes, optim=run.optimizer, batch_size=run.batch_size, epochs=run.epochs, cpu=True
        )
        self.average = [trainer.ema_model.ema_model]
        trainer.scheduler = run.schedule(lambda _: mazes.drawn)

        def clip(*_: Any) -> None:
            nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM)

        run.optimizer.register_step_pre_hook(clip)
        run.optimizer.register_step_post_hook(lambda *_: run.on_step(mazes.drawn / run.batches))
        with contextlib.redirect_stdout(io.StringIO()):
            trainer()


def optimal_sets_model() -> type[nn.Module]:
    """The package's model with a loss for optimal sets instead of its own. Imports the package only when called."""
    from tiny_recursive_model import TinyRecursiveModel

    class OptimalSetsModel(TinyRecursiveModel):
        def forward(self, seq: Tensor, outputs: Tensor, latents: Tensor, labels: Tensor | None = None) -> Any:
            """labels: uint8 (B, n*n), sets of actions as bit masks. Returns what the package's forward returns."""
            package = super().forward(seq, outputs, latents)
            if labels is None:
                return package
            logits, halt = package[2:]  # (B, n*n, 5), (B,)
            loss = policy_loss(logits, labels)
            all_right = (contains(labels, logits.argmax(dim=-1)) | (labels == 0)).all(dim=1)
            halt_loss = F.binary_cross_entropy(halt, all_right.float())
            return loss + self.halt_loss_weight * halt_loss, (loss, halt_loss), *package

    return OptimalSetsModel


class TransformedMazes(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
    """The training mazes for the published Trainer: tokens and optimal sets, each maze under a random symmetry."""

    def __init__(self, samples: Samples, sampler: torch.Generator):
        self.samples, self.sampler, self.drawn = samples, sampler, 0

    def __len__(self) -> int:
        return len(self.samples)

    def __getitems__(self, index: list[int]) -> list[tuple[Tensor, Tensor]]:
        self.drawn += 1
        symmetries = torch.randint(8, (len(index),), generator=self.sampler)
        batch = self.samples[torch.tensor(index)].transformed(symmetries)
        return list(zip(batch.tokens.long(), batch.optimal, strict=True))
