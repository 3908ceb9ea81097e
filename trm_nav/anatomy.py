"""A model taken apart, for lesson 03: which cells it listens to, what a size of it costs, and how to draw both.

Influence is measured by automatic differentiation, memory by asking autograd what it keeps, time by a stopwatch.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import EngFormatter
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from .encoding import ACTIONS, FREE, GOAL, WALL, encode
from .expert import optimal_actions
from .grids import generate_mazes
from .loss import policy_loss
from .model import count_parameters, create_model
from .plots import BLUE, FLOOR, GRID, INK, ORANGE, draw_maze

TOKENS = (FREE, WALL, GOAL)
FAINTEST = 1e-3  # of the strongest influence: the dark end of the colour scale
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
            once, deeper, longer, both = (create_model(grid_size, dim, depth, dropout, recursions)
                                          for depth, recursions in ((1, 1), (2, 1), (1, 2), (2, 2)))
            activations[row, column] = [activation_bytes(model, tokens, optimal) for model in (once, deeper, longer)]
            measured = [step_seconds(model, tokens, optimal) for model in (once, both)]
            seconds[row, column] = np.minimum(seconds[row, column], measured)
    return Costs(grid_size, batch_size, tuple(dims), activations, seconds)


def draw_mixing(touched: Mapping[str, np.ndarray], cell: int, channel: int) -> Figure:
    """Tables of cells x channels, bool, side by side: what each kind of mixing reads to write the number ringed."""
    figure, axes = plt.subplots(1, len(touched), figsize=(1.75 * len(touched), 3.3), sharey=True)
    for ax, (title, reads) in zip(axes, touched.items(), strict=True):
        ax.imshow(reads, cmap=ListedColormap([FLOOR, BLUE]), vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        ax.plot(channel, cell, "o", color=ORANGE, markersize=10, markerfacecolor="none", markeredgewidth=2.5)
        ax.grid(False)
        ax.set(title=f"{title}\n{reads.sum():,} of {reads.size:,}", xlabel="channel")
    axes[0].set_ylabel("cell")
    return figure


def draw_influences(models: Mapping[str, nn.Module], walls: np.ndarray, goal: Sequence[int], cell: tuple[int, int],
                    recursions: Sequence[int]) -> Figure:
    """Influence on the policy at one cell of one maze: a row for each model, a column for each number of recursions.

    Each map is relative to its own strongest cell. The models keep the recursions that they had.
    """
    tokens = torch.from_numpy(encode(walls[None], np.array([goal])))[0]
    figure, axes = plt.subplots(len(models), len(recursions), squeeze=False,
                                figsize=(1.75 * len(recursions) + 0.8, 2.0 * len(models)))
    for row, (name, model) in zip(axes, models.items(), strict=True):
        before = model.recursions
        for ax, model.recursions in zip(row, recursions, strict=True):
            image = draw_influence(influence(model, tokens, cell), walls, goal, cell, ax)
            ax.set_title(f"{model.recursions} recursion" + "s" * (model.recursions > 1), fontsize=11)
        model.recursions = before
        row[0].set_ylabel(name)
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of the strongest")
    return figure


def draw_influence(strength: np.ndarray, walls: np.ndarray, goal: Sequence[int], cell: tuple[int, int], ax: Axes):
    """An influence map over its maze: bright is strong, a pale cell has none at all; a small square marks a wall.

    Returns the image, for a colour bar.
    """
    draw_maze(np.zeros_like(walls), goal, cell, ax)
    heard = np.ma.masked_equal(strength / strength.max(), 0)
    for row, col in np.argwhere(walls):
        ax.add_patch(Rectangle((col - 0.2, row - 0.2), 0.4, 0.4, facecolor=INK, edgecolor="white", linewidth=0.5))
    return ax.imshow(heard.clip(FAINTEST), norm=LogNorm(FAINTEST, 1))


def draw_size(costs: Costs, dim: int, depth: int, recursions: int, dropout: float) -> Figure:
    """Every weight of an MLP-Mixer of this size, and where it stands in parameters, memory and time.

    dim: within `costs.dims`. The scales hold up to 8 blocks and 16 recursions.
    """
    figure = plt.figure(figsize=(9, 5), layout="none")
    figure.add_artist(Rectangle((0, 0), 1, 1, transform=figure.transFigure, color="white", zorder=-1))  # of one size
    _draw_weights(figure.add_axes((0.01, 0.46, 0.98, 0.52)), costs.grid_size**2, dim, depth, recursions, dropout)
    panels = {
        "parameters": lambda dim, depth, *_: costs.parameters(dim, depth),
        "MB for a step": lambda *size: costs.bytes(*size) / 1e6,
        "ms for a step": lambda *size: costs.step(*size) * 1e3,
    }
    for place, (unit, amount) in enumerate(panels.items()):
        ax = figure.add_axes((0.07 + 0.33 * place, 0.1, 0.25, 0.24))
        now = amount(dim, depth, recursions, dropout)
        ax.loglog(costs.dims, [amount(width, depth, recursions, dropout) for width in costs.dims], color=BLUE)
        ax.plot(dim, now, "o", color=ORANGE, markersize=9)
        lowest, highest = amount(costs.dims[0], 1, 1, 0.0), amount(costs.dims[-1], 8, 16, 0.1)
        exact = f"{now:,.1f}".removesuffix(".0")
        ax.set(title=f"{exact} {unit}", xlabel="dim", ylim=(lowest / 2, 2 * highest))
        ax.set_xticks(costs.dims, costs.dims)
        ax.yaxis.set_major_formatter(EngFormatter(sep=""))
        ax.minorticks_off()
    return figure


def _draw_weights(ax: Axes, tokens: int, dim: int, depth: int, recursions: int, dropout: float) -> None:
    """The weight matrices in the order of the forward pass, to one scale: a weight has the same area everywhere."""
    tallest = max(tokens, 2 * dim)
    gap, x, names = 0.1 * tallest, 0.0, []

    def matrix(rows: int, columns: int, color: str, name: str = "") -> None:
        nonlocal x
        ax.add_patch(Rectangle((x, -rows / 2), columns, rows, color=color, linewidth=0))
        names.append((x + columns / 2, columns, name))
        x += columns + gap

    matrix(tokens, dim, INK)  # position of each cell
    matrix(len(TOKENS), dim, INK)  # embedding of each token
    asleep = np.random.default_rng(0).random((2 * dim, 1)) < dropout
    first = x
    for _ in range(depth):
        x += gap
        matrix(tokens, tokens, BLUE, "W₁")
        matrix(tokens, tokens, BLUE, "W₂")
        matrix(2 * dim, dim, ORANGE, "W₃")
        ax.imshow(asleep, cmap=ListedColormap([ORANGE, GRID]), vmin=0, vmax=1, interpolation="nearest",
                  extent=(x - 0.7 * gap, x - 0.3 * gap, -dim, dim))  # the hidden channels, those dropped pale
        matrix(dim, 2 * dim, ORANGE, "W₄")
    last = x - gap
    x += gap
    matrix(len(ACTIONS), dim, INK)  # head
    for middle, columns, name in names:
        if columns > 0.04 * x:  # there is room
            ax.text(middle, 0, name, color="white", ha="center", va="center")

    top = 0.6 * tallest
    ax.annotate("", (first, top), (last, top), arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 1.5})
    blocks, times = f"{depth} block{'s' * (depth > 1)}", f"{recursions} recursion{'s' * (recursions > 1)}"
    ax.text((first + last) / 2, 1.1 * top, f"{blocks}, {times}", ha="center", va="bottom")
    parts = {"token mixing": (BLUE, 2 * depth * tokens**2), "channel mixing": (ORANGE, 4 * depth * dim**2),
             "positions, embedding, head": (INK, dim * (tokens + len(TOKENS) + len(ACTIONS)))}
    ax.legend([Rectangle((0, 0), 1, 1, color=color) for color, _ in parts.values()],
              [f"{name}: {count:,}" for name, (_, count) in parts.items()],
              ncols=3, loc="upper center", bbox_to_anchor=(0.5, 0.06), columnspacing=1.2)
    ax.set(xlim=(-gap, x), ylim=(-0.62 * tallest, 0.8 * tallest), aspect="equal")
    ax.axis("off")
