"""The pictures of the cures of lesson 05: each over several seeds, beside what chance alone would give."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory
from numpy.typing import NDArray

from .style import BLUE, GRID, INK, ORANGE, describe

Accuracies: TypeAlias = Mapping[str, NDArray[np.float64]]  # train, validation, final: (seeds,) each
CHANCE = "#c9c4b8"


def draw_cures(rows: Mapping[str, Accuracies], chance: float) -> Figure:
    """One row for each named cure; the first row is the run that they change.

    On the left the mean accuracies over the seeds, with the gap between training and final mazes. On the right, how far
    a cure moves the accuracy on the final mazes: a thin line for each seed, the mean, and in grey what chance alone
    would give. rows: name -> the accuracies of its seeds. chance: half the width of the grey band, in points.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 1.5 + 0.4 * len(rows)), sharey=True)
    first = next(iter(rows.values()))["final"]
    for row, accuracies in enumerate(rows.values()):
        _draw_means(row, accuracies, left)
        if row:
            _draw_change(row, 100 * (accuracies["final"] - first), right)
    left.set(yticks=range(len(rows)), yticklabels=list(rows), xlabel="accuracy, mean over the seeds")
    left.set(xlim=(0.4, 1.03), title="Accuracy, and the gap")
    left.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    right.axvspan(-chance, chance, color=CHANCE, alpha=0.55, linewidth=0, zorder=0, label="chance alone")
    right.axvline(0, color=INK, linewidth=1)
    right.set(xlabel="points, on the final mazes", title="Change, seed by seed")
    low, high = right.get_xlim()
    right.set_xlim(min(low, -1.5), high + 0.16 * (high - low))  # room for the numbers
    left.set_ylim(len(rows) - 0.5, -0.5)  # the first row on top
    for ax in (left, right):
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -1.0 / (0.5 + 0.4 * len(rows))), ncols=3, fontsize=10)
    return describe(figure, _in_words(rows, chance))


def _in_words(rows: Mapping[str, Accuracies], chance: float) -> str:
    """The mean accuracies of each row on the mazes of training and on the final ones, and its change in points."""
    (name, first), *changed = rows.items()
    said = f"Mean accuracy in training and on final mazes. {name}: {_pair(first)}."
    for name, accuracies in changed:
        said += f" {name}: {_pair(accuracies)}, {100 * np.mean(accuracies['final'] - first['final']):+.1f} points."
    return f"{said} Chance alone would give changes within {chance:.1f} points."


def _pair(accuracies: Accuracies) -> str:
    return f"{np.mean(accuracies['train']):.0%} and {np.mean(accuracies['final']):.1%}"


def _draw_means(row: int, accuracies: Accuracies, ax: Axes) -> None:
    train, val, final = (float(np.mean(accuracies[name])) for name in ("train", "validation", "final"))
    marks: tuple[tuple[str, float, dict[str, Any]], ...] = (
        ("training", train, dict(marker="o", color=BLUE)),
        ("validation", val, dict(marker="s", color=ORANGE, markerfacecolor="white", markeredgewidth=2)),
        ("final", final, dict(marker="D", color=INK)),
    )
    ax.plot([train, final], [row, row], color=ORANGE, alpha=0.2, linewidth=10, solid_capstyle="butt")
    for name, mean, style in marks:
        ax.plot(mean, row, linestyle="none", markersize=7, label=None if row else name, **style)


def _draw_change(row: int, points: NDArray[np.float64], ax: Axes) -> None:
    """The changes of one cure: a thin line for each seed, a diamond and a number for their mean."""
    first = not ax.get_legend_handles_labels()[1]
    ax.vlines(points, row - 0.3, row + 0.3, color=INK, linewidth=1.3, label="seeds" if first else "_")
    ax.plot([points.min(), points.max()], [row, row], color=GRID, linewidth=4, zorder=1, solid_capstyle="butt")
    ax.plot(points.mean(), row, "D", color=INK, markersize=7, label="their mean" if first else "_")
    at_the_edge = blended_transform_factory(ax.transAxes, ax.transData)
    ax.text(0.99, row, f"{points.mean():+.1f}", transform=at_the_edge, ha="right", va="center", fontsize=10)
