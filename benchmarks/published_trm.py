"""The package tiny-recursive-model as published, put to our task: what was kept, and what had to be adapted.

It keeps its own model, its own mixer and its own training loop; the loss, the mazes and the optimizer are those of all.
"""

import contextlib
import io
import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trm_nav.learning.loss import policy_loss
from trm_nav.learning.training import GRADIENT_NORM, Samples, learning_rate_factor
from trm_nav.mazes.encoding import ACTIONS, contains
from trm_nav.mazes.symmetry import transform_batch

UNTRAINED = ("output_init_embed", "latent_init_embed")  # parameters to which no gradient comes, as published


class PublishedTRM(nn.Module):
    """`tiny-recursive-model` 0.0.15 (github.com/lucidrains/tiny-recursive-model) after Jolicoeur-Martineau, "Less is
    More: Recursive Reasoning with Tiny Networks" (arXiv 2510.04871): its TinyRecursiveModel with its MLPMixer1D,
    trained by its own Trainer.

    As published: 3 blocks of 6 latent refinements, of which the last gets the gradient; up to 12 supervised steps for a
    batch, each with its own optimizer step; mazes leave the batch once the halting head says so with probability 0.5;
    an exponential average of the weights; `predict` with the same halting for the answers.

    Adapted: (1) the loss is `policy_loss` of the optimal sets, and the halting head learns whether all labelled cells
    of a maze are right, both as means over the batch where the package sums over it; (2) one vocabulary of 5 serves the
    3 tokens and the 5 actions, as the package has but one; (3) optimizer, gradient clipping, shape of the schedule and
    batch size are those of all systems (the package's own rate, 1e-4 / (16 * 12), would learn nothing in minutes, and
    its weight decay is 1), and the schedule follows the clock, as nobody knows before how many steps a batch will
    have; (4) its Trainer is told of each optimizer step from outside by a hook, and what it prints is thrown away.
    """

    mixing = "mlp"

    def __init__(self, dim: int, depth: int = 2, grid_size: int = 8):
        from tiny_recursive_model import MLPMixer1D

        super().__init__()
        self.dim, self.grid_size = dim, grid_size
        self.network = optimal_sets_model()(
            dim=dim, num_tokens=len(ACTIONS), network=MLPMixer1D(dim=dim, depth=depth, seq_len=grid_size**2)
        )
        self.average = []  # the Trainer's average of the network, in a list so that it does not count as parameters

    def forward(self, tokens: Tensor) -> Tensor:
        """1 for the action that `predict` answers and 0 for the others: (B, n*n, 5). It does not give its logits."""
        return F.one_hot(self.network.predict(tokens.long())[0], len(ACTIONS)).float()

    def loss(self, tokens: Tensor, optimal: Tensor) -> Tensor:
        """That of the first supervised step, for optimal sets uint8 (B, n*n)."""
        return self.network(tokens.long(), *self.network.get_initial(), labels=optimal)[0]

    @contextlib.contextmanager
    def averaged(self) -> Iterator["PublishedTRM"]:
        """In here the model answers with the average of its weights."""
        network, self.network = self.network, self.average[0]
        try:
            yield self
        finally:
            self.network = network

    def fit(
        self,
        samples: Samples,
        batch_size: int,
        epochs: int,
        optimizer: torch.optim.Optimizer,
        sampler: torch.Generator,
        share: Callable[[], float] | None,
        on_step: Callable[[float], None],
    ) -> None:
        """Train with the published Trainer. As `rival_navigators.fit`; batches are counted as they are drawn."""
        from tiny_recursive_model import Trainer

        mazes = TurnedMazes(samples, sampler)
        batches = epochs * math.ceil(len(samples) / batch_size)
        share = share or (lambda: mazes.drawn / batches)
        trainer = Trainer(self.network, mazes, optim=optimizer, batch_size=batch_size, epochs=epochs, cpu=True)
        self.average = [trainer.ema_model.ema_model]
        trainer.scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda _: learning_rate_factor(round(share() * batches), batches)
        )

        def clip(*_) -> None:
            nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM)

        optimizer.register_step_pre_hook(clip)
        optimizer.register_step_post_hook(lambda *_: on_step(mazes.drawn / batches * epochs))
        with contextlib.redirect_stdout(io.StringIO()):
            trainer()


def optimal_sets_model() -> type[nn.Module]:
    """The package's model with a loss for optimal sets in place of its own; imported only where it is wanted."""
    from tiny_recursive_model import TinyRecursiveModel

    class OptimalSetsModel(TinyRecursiveModel):
        def forward(self, seq: Tensor, outputs: Tensor, latents: Tensor, labels: Tensor | None = None):
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


class TurnedMazes(torch.utils.data.Dataset):
    """The training mazes for the published Trainer: pairs of tokens and optimal sets, each batch turned as ours are."""

    def __init__(self, samples: Samples, sampler: torch.Generator):
        self.samples, self.sampler, self.drawn = samples, sampler, 0

    def __len__(self) -> int:
        return len(self.samples)

    def __getitems__(self, index: list[int]) -> list[tuple[Tensor, Tensor]]:
        self.drawn += 1
        turns = torch.randint(8, (len(index),), generator=self.sampler)
        tokens, optimal, _ = transform_batch(*self.samples[torch.tensor(index)], turns)
        return list(zip(tokens.long(), optimal, strict=True))
