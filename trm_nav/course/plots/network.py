"""The pictures of lesson 03: what each mixing reads, which cells influence a policy, and what a size costs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import EngFormatter

from trm_nav.course.anatomy import Costs, influence
from trm_nav.learning.model import TinyRecursiveModel
from trm_nav.mazes.encoding import ACTIONS, FREE, GOAL, WALL, encode

from .mazes import draw_maze
from .style import BLUE, FLOOR, GREEN, GRID, INK, ORANGE, PALE, describe

TOKENS = (FREE, WALL, GOAL)
NOTABLE = 0.1  # influence, relative to the strongest cell, from which the text alternative counts a cell
FAINTEST = 1e-3  # influence, relative to the strongest cell, at the dark end of the colour scale
SYMBOLS: dict[str, dict[str, Any]] = {
    "agent": {
        "marker": "o",
        "markersize": 10,
        "markerfacecolor": PALE,
        "markeredgecolor": BLUE,
        "markeredgewidth": 2.5,
    },
    "goal": {"marker": "*", "markersize": 14, "color": GREEN, "markeredgecolor": "white"},
    "wall": {"marker": "s", "markersize": 7, "color": INK},
    "no influence": {"marker": "s", "markersize": 12, "markerfacecolor": FLOOR, "markeredgecolor": GRID},
}
DEEPEST, LONGEST, MOST_DROPOUT = 8, 16, 0.1  # depth, recursions and dropout at the top of the scales of `draw_size`
NARROWEST_LABELLED = 0.04  # share of the picture's width that a matrix needs for its name


def draw_mixing(touched: Mapping[str, np.ndarray], cell: int, channel: int) -> Figure:
    """What each kind of mixing reads in order to write one number of the table.

    touched: title -> bool (cells, channels), True where the old number is read. cell, channel: the new number, ringed.
    """
    figure, axes = plt.subplots(1, len(touched), squeeze=False, figsize=(1.75 * len(touched), 3.6), sharey=True)
    ring: dict[str, Any] = {"color": ORANGE, "markersize": 10, "markerfacecolor": "none", "markeredgewidth": 2.5}
    for ax, (title, reads) in zip(axes[0], touched.items(), strict=True):
        ax.imshow(reads, cmap=ListedColormap([FLOOR, BLUE]), vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        ax.plot(channel, cell, "o", **ring)
        ax.grid(False)
        ax.set(title=f"{title}\n{reads.sum():,} of {reads.size:,}", xlabel="channel")
    axes[0, 0].set_ylabel("cell")
    figure.legend(
        [Patch(color=BLUE), Line2D([], [], marker="o", linestyle="none", **ring)],
        ["old numbers that are read", "new number"],
        loc="outside lower center",
        ncols=2,
    )
    counts = "; ".join(f"{title}: {reads.sum():,} of {reads.size:,}" for title, reads in touched.items())
    return describe(figure, f"The old numbers that one new number of the table depends on. {counts}.")


def draw_influences(
    models: Mapping[str, TinyRecursiveModel],
    walls: np.ndarray,
    goal: Sequence[int],
    cell: tuple[int, int],
    recursions: Sequence[int],
) -> Figure:
    """Influence on the policy at one cell of one maze: a row for each model, a column for each number of recursions.

    walls: bool (n, n). goal, cell: (row, col). Each map is relative to its own strongest cell. The models' own
    recursions are left as they were.
    """
    tokens = torch.from_numpy(encode(walls[None], np.array([goal])))[0]
    said = []
    figure, axes = plt.subplots(
        len(models), len(recursions), squeeze=False, figsize=(1.75 * len(recursions) + 0.8, 2.0 * len(models) + 0.3)
    )
    for row, (name, model) in zip(axes, models.items(), strict=True):
        before, heard = model.recursions, []
        for ax, count in zip(row, recursions, strict=True):
            model.recursions = count
            strength = influence(model, tokens, cell)
            image = draw_influence(strength, walls, goal, cell, ax)
            heard.append(f"{(strength > 0).sum()} and {(strength > NOTABLE * strength.max()).sum()}")
            ax.set_title(f"{count} recursion" + "s" * (count > 1), fontsize=11)
        model.recursions = before
        row[0].set_ylabel(name)
        said.append(f"{name}: {', '.join(heard)}.")
    figure.colorbar(image, ax=axes, shrink=0.8, label="influence / that of the strongest cell")
    figure.legend(
        [Line2D([], [], linestyle="none", **symbol) for symbol in SYMBOLS.values()],
        list(SYMBOLS),
        loc="outside lower center",
        ncols=len(SYMBOLS),
    )
    return describe(
        figure,
        f"Influence maps after {', '.join(map(str, recursions))} recursions: how many cells have an influence on the "
        f"agent's cell, and how many have more than {NOTABLE:.0%} of the strongest. {' '.join(said)}",
    )


def draw_influence(
    strength: np.ndarray, walls: np.ndarray, goal: Sequence[int], cell: Sequence[int], ax: Axes
) -> AxesImage:
    """An influence map over its maze: bright is strong, a pale cell has no influence, a small square marks a wall.

    strength: float (n, n). walls: bool (n, n). goal, cell: (row, col). Returns the image, for a colour bar.
    """
    draw_maze(np.zeros_like(walls), goal, cell, ax)
    heard = np.ma.masked_equal(strength / strength.max(), 0)
    for row, col in np.argwhere(walls):
        ax.add_patch(Rectangle((col - 0.2, row - 0.2), 0.4, 0.4, facecolor=INK, edgecolor="white", linewidth=0.5))
    return ax.imshow(heard.clip(FAINTEST), norm=LogNorm(FAINTEST, 1))


def draw_size(costs: Costs, dim: int, depth: int, recursions: int, dropout: float) -> Figure:
    """Every weight matrix of an MLP-Mixer of this size, and what the size costs in parameters, memory and time.

    dim: within `costs.dims`. The scales of the lower panels are the same for all sizes up to 8 blocks and 16
    recursions.
    """
    figure = plt.figure(figsize=(9, 5), layout="none")
    # An opaque background, so that a saved picture is as large as the figure whatever is drawn on it.
    figure.add_artist(Rectangle((0, 0), 1, 1, transform=figure.transFigure, color="white", zorder=-1))
    _draw_weights(figure.add_axes((0.01, 0.46, 0.98, 0.52)), costs.grid_size**2, dim, depth, recursions, dropout)
    panels: dict[str, tuple[str, Callable[[int, int, int, float], float]]] = {
        "parameters": ("parameters", lambda dim, depth, recursions, dropout: costs.parameters(dim, depth)),
        "MB for a step": ("memory (MB)", lambda *size: costs.bytes(*size) / 1e6),
        "ms for a step": ("time (ms)", lambda *size: costs.step(*size) * 1e3),
    }
    for panel, (unit, (label, amount)) in enumerate(panels.items()):
        ax = figure.add_axes((0.08 + 0.33 * panel, 0.11, 0.235, 0.24))
        now = amount(dim, depth, recursions, dropout)
        ax.loglog(costs.dims, [amount(width, depth, recursions, dropout) for width in costs.dims], color=BLUE)
        ax.plot(dim, now, "o", color=ORANGE, markersize=9)
        lowest, highest = amount(costs.dims[0], 1, 1, 0.0), amount(costs.dims[-1], DEEPEST, LONGEST, MOST_DROPOUT)
        exact = f"{now:,.1f}".removesuffix(".0")
        ax.set(title=f"{exact} {unit}", xlabel="dim (numbers per cell)", ylabel=label, ylim=(lowest / 2, 2 * highest))
        ax.set_xticks(costs.dims, [str(width) for width in costs.dims])
        ax.yaxis.set_major_formatter(EngFormatter(sep=""))
        ax.minorticks_off()
    cost = ", ".join(ax.get_title(loc="left") for ax in figure.axes[1:])
    return describe(
        figure,
        f"The weight matrices of a network with dim {dim}, depth {depth}, {recursions} recursions and dropout "
        f"{dropout:g}, to one scale, and below them what every dim costs; this one: {cost}.",
    )


def _draw_weights(ax: Axes, tokens: int, dim: int, depth: int, recursions: int, dropout: float) -> None:
    """The weight matrices in the order of the forward pass, to one scale: a weight has the same area everywhere."""
    tallest = max(tokens, 2 * dim)
    gap, x = 0.1 * tallest, 0.0
    names: list[tuple[float, int, str]] = []  # middle, width and name of each matrix

    def matrix(rows: int, columns: int, color: str, name: str = "") -> None:
        nonlocal x
        ax.add_patch(Rectangle((x, -rows / 2), columns, rows, color=color, linewidth=0))
        names.append((x + columns / 2, columns, name))
        x += columns + gap

    matrix(tokens, dim, INK)  # position of each cell
    matrix(len(TOKENS), dim, INK)  # embedding of each token
    dropped = np.random.default_rng(0).random((2 * dim, 1)) < dropout
    first = x
    for _ in range(depth):
        x += gap
        matrix(tokens, tokens, BLUE, "W₁")
        matrix(tokens, tokens, BLUE, "W₂")
        matrix(2 * dim, dim, ORANGE, "W₃")
        ax.imshow(
            dropped,
            cmap=ListedColormap([ORANGE, GRID]),
            vmin=0,
            vmax=1,
            interpolation="nearest",
            extent=(x - 0.7 * gap, x - 0.3 * gap, -dim, dim),
        )  # the hidden activations, those that dropout has zeroed in pale
        matrix(dim, 2 * dim, ORANGE, "W₄")
    last = x - gap
    x += gap
    matrix(len(ACTIONS), dim, INK)  # head
    for middle, columns, name in names:
        if columns > NARROWEST_LABELLED * x:
            ax.text(middle, 0, name, color="white", ha="center", va="center")

    top = 0.6 * tallest
    ax.annotate("", (first, top), (last, top), arrowprops={"arrowstyle": "->", "color": INK, "linewidth": 1.5})
    blocks, times = f"{depth} block{'s' * (depth > 1)}", f"{recursions} recursion{'s' * (recursions > 1)}"
    ax.text((first + last) / 2, 1.1 * top, f"{blocks}, {times}", ha="center", va="bottom")
    parts = {
        "weights in token mixing": (BLUE, 2 * depth * tokens**2),
        "in channel mixing": (ORANGE, 4 * depth * dim**2),
        "in positions, embedding, head": (INK, dim * (tokens + len(TOKENS) + len(ACTIONS))),
    }
    ax.legend(
        [Patch(color=color) for color, _ in parts.values()],
        [f"{name}: {count:,}" for name, (_, count) in parts.items()],
        ncols=3,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.06),
        columnspacing=1.2,
        handlelength=1.2,
        fontsize=10,
    )
    ax.set(xlim=(-gap, x), ylim=(-0.62 * tallest, 0.8 * tallest), aspect="equal")
    ax.axis("off")
