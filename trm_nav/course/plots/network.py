"""The pictures of lesson 03: what a mixing reads, what a cell hears, and what a size costs."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import EngFormatter
from torch import nn

from trm_nav.course.anatomy import Costs, influence
from trm_nav.mazes.encoding import ACTIONS, FREE, GOAL, WALL, encode

from .mazes import draw_maze
from .style import BLUE, FLOOR, GRID, INK, ORANGE

TOKENS = (FREE, WALL, GOAL)
FAINTEST = 1e-3  # of the strongest influence: the dark end of the colour scale


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


def draw_influences(
    models: Mapping[str, nn.Module],
    walls: np.ndarray,
    goal: Sequence[int],
    cell: tuple[int, int],
    recursions: Sequence[int],
) -> Figure:
    """Influence on the policy at one cell of one maze: a row for each model, a column for each number of recursions.

    Each map is relative to its own strongest cell. The models keep the recursions that they had.
    """
    tokens = torch.from_numpy(encode(walls[None], np.array([goal])))[0]
    figure, axes = plt.subplots(
        len(models), len(recursions), squeeze=False, figsize=(1.75 * len(recursions) + 0.8, 2.0 * len(models))
    )
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
        ax.imshow(
            asleep,
            cmap=ListedColormap([ORANGE, GRID]),
            vmin=0,
            vmax=1,
            interpolation="nearest",
            extent=(x - 0.7 * gap, x - 0.3 * gap, -dim, dim),
        )  # the hidden channels, those dropped pale
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
    parts = {
        "token mixing": (BLUE, 2 * depth * tokens**2),
        "channel mixing": (ORANGE, 4 * depth * dim**2),
        "positions, embedding, head": (INK, dim * (tokens + len(TOKENS) + len(ACTIONS))),
    }
    ax.legend(
        [Rectangle((0, 0), 1, 1, color=color) for color, _ in parts.values()],
        [f"{name}: {count:,}" for name, (_, count) in parts.items()],
        ncols=3,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.06),
        columnspacing=1.2,
    )
    ax.set(xlim=(-gap, x), ylim=(-0.62 * tallest, 0.8 * tallest), aspect="equal")
    ax.axis("off")
