"""Our training step as a run makes it, the floating-point operations in it, and each part of it alone."""

from collections.abc import Callable

import torch

from trm_nav.learning.device import processor_set
from trm_nav.learning.loss import count_right, policy_loss
from trm_nav.learning.training import GRADIENT_NORM, Training
from trm_nav.mazes.dataset import build
from trm_nav.mazes.encoding import ACTIONS
from trm_nav.settings import DataSettings, TrainSettings

SIZE, DEPTH, BATCH = 8, 2, 64


def training(dim: int, recursions: int, steps: int, threads: int, device: str = "cpu") -> Training:
    """A run with augmentation whose epochs have `steps` full batches."""
    settings = TrainSettings(
        dim=dim,
        depth=DEPTH,
        recursions=recursions,
        batch_size=BATCH,
        dropout=0.0,
        lr=1e-4,
        threads=threads,
        augment=True,
        device=device,
    )
    return Training(settings, *build(DataSettings(num_train=steps * BATCH, num_test=BATCH, grid_size=SIZE)))


def epoch(run: Training) -> None:
    """One pass over the training set, as in a run but without validation."""
    with processor_set(run.threads):
        run._train(None)


def flops(tokens: int, dim: int, depth: int, recursions: int) -> int:
    """Floating-point operations of all matrix products in a step: the forward ones, and twice as many backward.

    Every product needs its backward half, even the first one, because the embedded maze needs a gradient. The embedding
    is a lookup in a table and counts nothing.
    """
    block = 2 * (2 * tokens * tokens * dim) + 2 * (2 * tokens * dim * 2 * dim)  # two maps of cells, two of channels
    return 3 * BATCH * (recursions * depth * block + 2 * tokens * dim * len(ACTIONS))


def products(tokens: int, dim: int, depth: int, recursions: int) -> Callable[[], None]:
    """A call that makes only the matrix products of a step's blocks, forward and backward.

    No way to write this Mixer in float32 can be faster than these products as PyTorch makes them.
    """
    mix, mixed = torch.randn(tokens, tokens), torch.randn(tokens, BATCH * dim)
    widen, cells = torch.randn(2 * dim, dim), tokens * BATCH
    state, hidden = torch.randn(cells, dim), torch.randn(cells, 2 * dim)

    def call() -> None:
        for _ in range(recursions * depth):
            for _ in range(2):
                mix @ mixed, mix.t() @ mixed, mixed @ mixed.t()
            state @ widen.t(), hidden @ widen, hidden.t() @ state
            hidden @ widen, state @ widen.t(), state.t() @ hidden

    return call


def step_parts(run: Training, steps: int) -> dict[str, Callable[[], object]]:
    """Calls that each do one part of a training step, `steps` times; the call for validation does it once."""
    batch = run.train_samples[torch.arange(run.settings.batch_size)]
    logits = run.model(batch.tokens)
    policy_loss(logits, batch.optimal).backward()
    run.optimizer.step()  # the schedule warns if it steps first
    logits = logits.detach()
    index, symmetries = torch.randperm(len(run.train_samples))[: len(batch)], torch.randint(8, (len(batch),))

    def repeated(call: Callable[[], object]) -> Callable[[], object]:
        return lambda: [call() for _ in range(steps)]

    return {
        "selecting and transforming the mazes": repeated(lambda: run.train_samples[index].transformed(symmetries)),
        "clipping the gradient": repeated(
            lambda: torch.nn.utils.clip_grad_norm_(run.model.parameters(), GRADIENT_NORM)
        ),
        "the learning-rate schedule": repeated(run.schedule.step),
        "counting correct answers": repeated(lambda: count_right(logits, batch.optimal, batch.agents)),
        "validation": run.validate,
    }
