"""A model taken apart, for lesson 03: which cells influence its policy, and what its size costs.

Automatic differentiation measures influence, the tensors that autograd keeps give the memory, and a clock the time.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from trm_nav.learning.device import processor_set
from trm_nav.learning.loss import policy_loss
from trm_nav.learning.model import TinyRecursiveModel, count_parameters, create_model
from trm_nav.learning.optimizer import AdamW
from trm_nav.mazes.encoding import encode
from trm_nav.mazes.expert import optimal_actions
from trm_nav.mazes.grids import generate_mazes

TIMED_SECONDS = 0.06  # a step is repeated for this long
FEWEST_STEPS = 2  # and at least this often
ROUNDS = 2  # times that the whole table of steps is measured
THREADS = 1  # CPU threads of a step or gradient: the library's own choice for models of this size
BYTES = 4  # of a float32 number
COPIES = 4  # of every parameter while AdamW trains it: its value, its gradient, and two running means


def influence(model: TinyRecursiveModel, tokens: Tensor, cell: tuple[int, int]) -> np.ndarray:
    """How strongly the content of each cell changes the logits at one cell (row, col): float (n, n).

    tokens: integers (n*n,), one maze. The influence of an input cell is the Euclidean norm of the 5 x dim derivatives
    of the five logits with respect to that cell's embedding. It is exactly 0 for a cell that the logits cannot depend
    on. Dropout is off while it is measured.
    """
    n = model.grid_size
    embedded: list[Tensor] = []
    hook = model.embedding.register_forward_hook(lambda module, args, output: embedded.append(output))
    was_training = model.training
    with processor_set(THREADS):  # with more, threads of so small a model mostly wait for each other
        try:
            logits = model.eval()(tokens[None])[0, cell[0] * n + cell[1]]  # (5,)
        finally:
            hook.remove()
            model.train(was_training)
        slopes = [torch.autograd.grad(logit, embedded, retain_graph=True)[0] for logit in logits]  # 5 of (n*n, 1, dim)
    strength: np.ndarray = torch.linalg.vector_norm(torch.stack(slopes), dim=(0, 2, 3)).view(n, n).numpy()
    return strength


def activation_bytes(model: TinyRecursiveModel, tokens: Tensor, optimal: Tensor) -> int:
    """Bytes that autograd keeps between the forward and the backward pass of the loss, parameters not counted.

    tokens: integers (B, n*n). optimal: uint8 (B, n*n), sets of actions as bit masks.
    """
    parameters = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, int] = {}  # address -> bytes

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()  # a tensor saved twice takes its memory once
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        loss = policy_loss(model(tokens), optimal)  # keeps alive what was saved, so that no address is used twice
    del loss
    return sum(kept.values())


def step_seconds(model: TinyRecursiveModel, tokens: Tensor, optimal: Tensor) -> float:
    """Seconds of one training step on one CPU thread: forward pass, backward pass and AdamW.

    The step is repeated, and the fastest time counts, because other programs can only slow a step down. The model's
    weights change. tokens: integers (B, n*n). optimal: uint8 (B, n*n), sets of actions as bit masks.
    """
    optimizer = AdamW(model.parameters(), fused=True)
    with processor_set(THREADS):
        times = [time.perf_counter()]
        while len(times) <= FEWEST_STEPS or times[-1] - times[0] < TIMED_SECONDS:
            torch.autograd.backward(policy_loss(model(tokens), optimal))
            optimizer.step()
            optimizer.zero_grad()
            times.append(time.perf_counter())
    return float(np.diff(times).min())


@dataclass(frozen=True, eq=False)
class Costs:
    """What a training step of an MLP-Mixer costs on one thread of this machine: measured at a few sizes, estimated
    between them.

    activations: bytes, float (2, dims, 3): without and with dropout; at depth x recursions of 1 x 1, 2 x 1 and 1 x 2.
    seconds: float (2, dims, 2): without and with dropout; at 1 x 1 and at 2 x 2, where a block is applied once and
    four times.
    """

    grid_size: int
    batch_size: int
    dims: tuple[int, ...]
    activations: np.ndarray
    seconds: np.ndarray

    def parameters(self, dim: int, depth: int) -> int:
        """Parameters of the model; they do not depend on the recursions."""
        return _parameters(self.grid_size, dim, depth)

    def bytes(self, dim: int, depth: int, recursions: int, dropout: float) -> float:
        """Bytes for the parameters, their gradients, AdamW's two running means, and the activations of a batch.

        Activations are linear in dim, in the number of blocks applied, and in the recursions, so linear interpolation
        between the measured sizes is exact. `dim` must lie within `dims`.
        """
        once, deeper, longer = self.activations[int(dropout > 0)].T  # (dims,) each
        block, recursion = deeper - once, longer - deeper
        kept = once + (depth * recursions - 1) * block + (recursions - 1) * recursion
        return BYTES * COPIES * self.parameters(dim, depth) + float(np.interp(dim, self.dims, kept))

    def step(self, dim: int, depth: int, recursions: int, dropout: float) -> float:
        """Seconds of a step, an estimate: linear in the number of blocks applied, and linear between the logarithms of
        the measured dims and times. `dim` must lie within `dims`."""
        one, four = self.seconds[int(dropout > 0)].T  # (dims,) each
        seconds = one + (depth * recursions - 1) / 3 * np.maximum(four - one, 0)
        return float(np.exp(np.interp(np.log(dim), np.log(self.dims), np.log(seconds))))


@cache
def _parameters(grid_size: int, dim: int, depth: int) -> int:
    with torch.device("meta"):  # shapes without memory
        return count_parameters(create_model(grid_size, dim, depth))


def measure_costs(grid_size: int, batch_size: int = 64, dims: Sequence[int] = (16, 32, 64, 128, 256)) -> Costs:
    """Measure the table behind `Costs`, on one CPU thread; it takes a few seconds. Batches hold `batch_size` mazes."""
    mazes = generate_mazes(batch_size, grid_size)
    tokens = torch.from_numpy(encode(mazes.walls, mazes.goals))  # (batch_size, n*n)
    optimal = torch.from_numpy(optimal_actions(mazes.walls, mazes.goals)).flatten(1)  # (batch_size, n*n)
    activations = np.empty((2, len(dims), 3))
    seconds = np.full((2, len(dims), 2), np.inf)
    for measuring in range(ROUNDS):  # apart in time: what slows one round down may be gone in the next
        for row, column in np.ndindex(2, len(dims)):
            dim, dropout = dims[column], (0.0, 0.1)[row]
            once, deeper, longer, both = (
                create_model(grid_size, dim, depth, dropout, recursions)
                for depth, recursions in ((1, 1), (2, 1), (1, 2), (2, 2))
            )
            if measuring == 0:  # bytes are the same in every round
                activations[row, column] = [
                    activation_bytes(model, tokens, optimal) for model in (once, deeper, longer)
                ]
            measured = [step_seconds(model, tokens, optimal) for model in (once, both)]
            seconds[row, column] = np.minimum(seconds[row, column], measured)
    return Costs(grid_size, batch_size, tuple(dims), activations, seconds)
