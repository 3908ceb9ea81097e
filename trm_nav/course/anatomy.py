"""A model taken apart, for lesson 03: which cells it listens to, and what a size of it costs.

Influence is measured by automatic differentiation, memory by asking autograd what it keeps, time by a stopwatch.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from trm_nav.learning.loss import policy_loss
from trm_nav.learning.model import count_parameters, create_model
from trm_nav.mazes.encoding import encode
from trm_nav.mazes.expert import optimal_actions
from trm_nav.mazes.grids import generate_mazes

STOPWATCH = 0.06  # seconds to repeat a step for
COPIES = 4  # of every parameter while AdamW trains it: itself, its gradient, and two running means


def influence(model: nn.Module, tokens: Tensor, cell: tuple[int, int]) -> np.ndarray:
    """How strongly what stands in each cell changes the logits at one cell (row, col): float (n, n).

    tokens: integers (n*n,), one maze. For each input cell it is the norm of the 5 x dim derivatives of the five logits
    by that cell's embedding; exactly 0 where nothing can be heard. Dropout is off.
    """
    n, embedded = model.grid_size, []
    hook = model.embedding.register_forward_hook(lambda *call: embedded.append(call[-1]))
    was_training = model.training
    try:
        logits = model.eval()(tokens[None])[0, cell[0] * n + cell[1]]  # (5,)
    finally:
        hook.remove()
        model.train(was_training)
    slopes = [torch.autograd.grad(logit, embedded, retain_graph=True)[0] for logit in logits]  # 5 of (n*n, 1, dim)
    return torch.linalg.vector_norm(torch.stack(slopes), dim=(0, 2, 3)).view(n, n).numpy()


def activation_bytes(model: nn.Module, tokens: Tensor, optimal: Tensor) -> int:
    """Bytes that autograd keeps between the forward and the backward pass of the loss, parameters not counted."""
    parameters = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()  # a number saved twice is kept once
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        loss = policy_loss(model(tokens), optimal)  # while it lives, so does all that was kept, each at its own address
    del loss
    return sum(kept.values())


def step_seconds(model: nn.Module, tokens: Tensor, optimal: Tensor) -> float:
    """Seconds of one training step, forward, backward and AdamW: the fastest of several, as others slow it down."""
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    times = [time.perf_counter()]
    while len(times) < 3 or times[-1] - times[0] < STOPWATCH:
        policy_loss(model(tokens), optimal).backward()
        optimizer.step()
        optimizer.zero_grad()
        times.append(time.perf_counter())
    return float(np.diff(times).min())


@dataclass(frozen=True, eq=False)
class Costs:
    """What a training step of an MLP-Mixer costs on this machine, measured at a few sizes, estimated between them.

    activations: bytes, (2, dims, 3): dropout off and on; at depth x recursions 1 x 1, 2 x 1 and 1 x 2.
    seconds: (2, dims, 2), at 1 x 1 and at 2 x 2, that is at one and at four applications of a block.
    """

    grid_size: int
    batch_size: int
    dims: tuple[int, ...]
    activations: np.ndarray
    seconds: np.ndarray

    def parameters(self, dim: int, depth: int) -> int:
        return _parameters(self.grid_size, dim, depth)

    def bytes(self, dim: int, depth: int, recursions: int, dropout: float) -> float:
        """Parameters, their gradients, AdamW's two means, and the activations of a batch.

        Activations grow in straight lines with dim, with the blocks applied, and with the recursions, so that a line
        between measured points is no approximation.
        """
        once, deeper, longer = self.activations[int(dropout > 0)].T  # (dims,) each
        block, recursion = deeper - once, longer - deeper
        kept = once + (depth * recursions - 1) * block + (recursions - 1) * recursion
        return 4 * COPIES * self.parameters(dim, depth) + np.interp(dim, self.dims, kept)

    def step(self, dim: int, depth: int, recursions: int, dropout: float) -> float:
        """Seconds: a straight line in the number of blocks applied, a straight line in the logarithms between dims."""
        one, four = self.seconds[int(dropout > 0)].T  # (dims,) each
        seconds = one + (depth * recursions - 1) / 3 * np.maximum(four - one, 0)
        return float(np.exp(np.interp(np.log(dim), np.log(self.dims), np.log(seconds))))


@cache
def _parameters(grid_size: int, dim: int, depth: int) -> int:
    with torch.device("meta"):  # shapes without numbers
        return count_parameters(create_model(grid_size, dim, depth))


def measure_costs(grid_size: int, batch_size: int = 64, dims: Sequence[int] = (16, 32, 64, 128, 256)) -> Costs:
    """The table behind `Costs`, in a few seconds."""
    mazes = generate_mazes(batch_size, grid_size)
    tokens = torch.from_numpy(encode(mazes.walls, mazes.goals))  # (batch_size, n*n)
    optimal = torch.from_numpy(optimal_actions(mazes.walls, mazes.goals)).flatten(1)
    torch.set_flush_denormal(True)  # as training does
    activations = np.empty((2, len(dims), 3))
    seconds = np.full((2, len(dims), 2), np.inf)
    for _ in range(2):  # what slows a step down is others, and they come and go
        for row, column in np.ndindex(2, len(dims)):
            dim, dropout = dims[column], (0.0, 0.1)[row]
            once, deeper, longer, both = (
                create_model(grid_size, dim, depth, dropout, recursions)
                for depth, recursions in ((1, 1), (2, 1), (1, 2), (2, 2))
            )
            activations[row, column] = [activation_bytes(model, tokens, optimal) for model in (once, deeper, longer)]
            measured = [step_seconds(model, tokens, optimal) for model in (once, both)]
            seconds[row, column] = np.minimum(seconds[row, column], measured)
    return Costs(grid_size, batch_size, tuple(dims), activations, seconds)
