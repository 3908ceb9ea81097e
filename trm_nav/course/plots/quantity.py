"""The picture of data quantity in lesson 05: accuracy on held-out mazes by number of training mazes."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .style import BLUE, GREEN, GRID, describe

FAINT = "#77777f"

GUIDE = {1_000: (0.50, 0.65), 5_000: (0.65, 0.80), 10_000: (0.75, 0.85), 50_000: (0.85, 0.92), 100_000: (0.90, 0.95)}
"Training mazes -> the validation accuracy that the training guide expects: (lowest, highest)."
GUIDE_AUGMENTED = {5_000: 0.85, 10_000: 0.90, 50_000: 0.95}
"The same for training with the 8 symmetries."
SUPERVISIONS = {"action": "One label a maze", "policy": "A label for every cell"}
AUGMENTATIONS: dict[bool, dict[str, Any]] = {
    False: dict(color=BLUE, marker="o", label="as they are"),
    True: dict(color=GREEN, marker="s", linestyle="--", label="with the 8 symmetries"),
}
SYMBOLS = {False: "●", True: "■"}


def draw_quantity(points: Sequence[Mapping[str, Any]]) -> Figure:
    """Accuracy on held-out mazes by number of training mazes, over what the training guide expects.

    One label a maze on the left, a label for every cell on the right. points: as in `measured_quantity`, one for each
    run. The means over the seeds are drawn, with bars from the lowest seed to the highest, and written below the axis.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.6), sharey=True)
    sizes = sorted({point["mazes"] for point in points})
    for ax, (supervision, title) in zip(axes, SUPERVISIONS.items(), strict=True):
        _draw_guide(ax)
        for augment, style in AUGMENTATIONS.items():
            seeds = [accuracies(points, size, augment, supervision) for size in sizes]
            means = np.array([np.mean(values) for values in seeds])
            ends = np.abs([[min(values), max(values)] for values in seeds] - means[:, None]).T
            ax.errorbar(sizes, means, ends, capsize=3, zorder=3, **style)
            _write_row(ax, sizes, means, SYMBOLS[augment], style["color"], below=22 if augment else 38)
        ax.set(xscale="log", ylim=(0.45, 1.04), title=title)
        ax.set_xlabel("training mazes, and the means", labelpad=36)
        ax.set_xticks(sizes, [f"{size // 1000}k" for size in sizes])
        ax.minorticks_off()
    axes[0].set_ylabel("accuracy on held-out mazes")
    axes[0].yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=10)
    return describe(figure, _quantity_in_words(points, sizes))


def _quantity_in_words(points: Sequence[Mapping[str, Any]], sizes: Sequence[int]) -> str:
    """Where each line of `draw_quantity` begins and ends, and what the guide expects there."""
    said = f"Mean accuracy on held-out mazes, from {sizes[0]:,} to {sizes[-1]:,} training mazes."
    for supervision, title in SUPERVISIONS.items():
        for augment, style in AUGMENTATIONS.items():
            ends = [np.mean(accuracies(points, size, augment, supervision)) for size in (sizes[0], sizes[-1])]
            said += f" {title}, {style['label']}: from {ends[0]:.0%} to {ends[1]:.0%}."
    low, high = (f"{a:.0%} to {b:.0%}" for a, b in (GUIDE[min(GUIDE)], GUIDE[max(GUIDE)]))
    return f"{said} The training guide expects {low} with {min(GUIDE):,} and {high} with {max(GUIDE):,} mazes."


def accuracies(
    points: Sequence[Mapping[str, Any]], mazes: int, augment: bool, supervision: str, name: str = "val_acc"
) -> list[float]:
    """The held-out accuracies of the runs with these settings, one for each seed; points as in `draw_quantity`.

    name: `train_acc` for the accuracies on the training mazes.
    """
    return [
        point[name]
        for point in points
        if (point["mazes"], point["augment"], point["supervision"]) == (mazes, augment, supervision)
    ]


def _draw_guide(ax: Axes) -> None:
    """What the training guide expects: a bar from the lowest to the highest accuracy, a star with the symmetries."""
    for index, (count, expected) in enumerate(GUIDE.items()):
        ax.plot(
            [count, count],
            expected,
            color=GRID,
            linewidth=15,
            solid_capstyle="butt",
            zorder=1,
            label=None if index else "the guide expects",
        )
    ax.plot(
        list(GUIDE_AUGMENTED),
        list(GUIDE_AUGMENTED.values()),
        "*",
        color=FAINT,
        markersize=13,
        zorder=2,
        markerfacecolor="white",
        label="the guide expects with the 8 symmetries",
    )


def _write_row(
    ax: Axes, sizes: Sequence[int], means: NDArray[np.float64], symbol: str, color: str, below: float
) -> None:
    """The means under their sizes, in a row that begins with a symbol, so many points below the axis."""
    text: dict[str, Any] = dict(textcoords="offset points", ha="center", va="top", fontsize=10, color=color)
    ax.annotate(symbol, (0, 0), (-14, -below), xycoords="axes fraction", **text)
    for size, mean in zip(sizes, means, strict=True):
        ax.annotate(f"{mean:.0%}", (size, 0), (0, -below), xycoords=("data", "axes fraction"), **text)
