"""The pictures of lesson 05: the gap between training and validation, a memorised policy, and data quantity.

No other lesson draws them; `curves` and `mazes` draw what they are made of, and `cures` compares the cures.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from trm_nav.mazes.dataset import Dataset
from trm_nav.mazes.encoding import contains

from .curves import draw_curves
from .mazes import draw_maze, draw_policy, maze_axes
from .style import BLUE, GREEN, GRID, INK, ORANGE, SKY, TRAIN, VALIDATION

if TYPE_CHECKING:
    from trm_nav.course.laboratory.experiment import Experiment

FAINT = "#77777f"
THIN: dict[str, Any] = {"linewidth": 0.9, "alpha": 0.75, "zorder": 1.5}
LOSSES = "train_loss", "val_loss"
History: TypeAlias = Mapping[str, Sequence[float]]
Actions: TypeAlias = NDArray[np.uint8]  # (n, n)

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


def draw_gap(history: History, axes: Sequence[Axes], epochs: int | None = None) -> None:
    """Loss and accuracy by epoch as in `draw_curves`, but with the loss from zero and the gap shaded."""
    draw_curves(history, axes, epochs)
    x = np.arange(1, len(history["val_loss"]) + 1)
    for ax, name in zip(axes, ("loss", "acc"), strict=True):
        ax.fill_between(
            x, history[f"train_{name}"], history[f"val_{name}"], color=ORANGE, alpha=0.13, linewidth=0, label="gap"
        )
    axes[0].set(yscale="linear", ylim=(0, None))
    if legend := axes[1].get_legend():
        legend.remove()


def draw_patterns(histories: Mapping[str, History]) -> Figure:
    """One column for each named history: loss above, accuracy below, all on the same scales."""
    figure, axes = plt.subplots(2, len(histories), figsize=(3.3 * len(histories), 5.4), sharey="row", squeeze=False)
    for (name, history), (loss, accuracy) in zip(histories.items(), axes.T, strict=True):
        draw_gap(history, (loss, accuracy))
        loss.set(title=name, xlabel="")
        accuracy.set_title("")
    highest = max(max(*history["train_loss"], *history["val_loss"]) for history in histories.values())
    axes[0, 0].set(ylabel="loss (nats)", ylim=(0, 1.05 * highest))
    axes[1, 0].set(ylabel="accuracy")
    figure.legend(*axes[1, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def draw_two_policies(
    train_set: Dataset, val_set: Dataset, maze: int, train_plan: Actions, val_plan: Actions, title: str = ""
) -> Figure:
    """One policy on a training maze and on a held-out maze, with a ring around each agent.

    maze: the index of the maze in either set. train_plan, val_plan: the policy's actions there, uint8 (n, n).
    """
    figure, axes = maze_axes(2, cell=3.6)
    draw_learned(axes[0], "Training maze", train_set, maze, train_plan)
    draw_learned(axes[1], "Held-out maze", val_set, maze, val_plan)
    figure.suptitle(title, x=0.02, ha="left", fontsize=12)
    return figure


def draw_learned(ax: Axes, name: str, data: Dataset, maze: int, actions: Actions) -> None:
    """A policy, uint8 (n, n), in one maze of a data set, and the number of labelled cells in which it is right."""
    labels, start = data.optimal[maze], data.starts[maze]
    draw_maze(data.walls[maze], data.goals[maze], ax=ax)
    ax.add_patch(Circle((start[1], start[0]), 0.44, facecolor=(SKY, 0.4), edgecolor=BLUE, linewidth=2, zorder=3))
    draw_policy(actions, labels, ax)
    ax.set_title(f"{name}: {contains(labels, actions).sum()} of {(labels != 0).sum()} right")


def draw_laboratory(experiment: "Experiment", maze: int = 1, earlier: Mapping[str, History] | None = None) -> Figure:
    """An experiment so far: its curves with the gap between them, and its policy in two mazes.

    The curves of its repetitions with other seeds are thin lines around its own.

    maze: the index of the maze in either set, among those whose policies the experiment keeps. earlier: name ->
    history of other experiments, whose validation curves are drawn faintly, each with its name at the end.

    pyplot does not know the figure, so any thread may draw it.
    """
    figure = Figure(figsize=(11.5, 3.4))
    figure.set_layout_engine("none")  # to compute a layout would take longer than to draw
    grid = figure.add_gridspec(
        1, 4, width_ratios=(3.2, 3.2, 2.5, 2.5), left=0.03, right=0.995, bottom=0.24, top=0.9, wspace=0.18
    )
    loss, accuracy, seen, held_out = (figure.add_subplot(grid[0, column]) for column in range(4))
    history, epochs = experiment.history, experiment.settings.epochs
    draw_gap(history, (loss, accuracy), epochs)
    for curves in experiment.fan:
        _draw_repetition(curves, (loss, accuracy))
    if history["val_loss"]:
        all_curves = (history, *experiment.fan)
        loss.set_ylim(0, 1.08 * max(max(curves[name], default=0) for curves in all_curves for name in LOSSES))
    for name, other in (earlier or {}).items():
        _draw_earlier(name, other["val_loss"], epochs, loss)
        _draw_earlier(name, other["val_acc"], epochs, accuracy)
    for finding in experiment.findings[:1]:
        if finding.epoch:
            loss.axvline(finding.epoch, color=INK, linewidth=1, linestyle=":")
            accuracy.axvline(finding.epoch, color=INK, linewidth=1, linestyle=":")
    handles, labels = accuracy.get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower left", bbox_to_anchor=(0.02, -0.025), ncols=5, fontsize=10)
    sides = ("Training maze", experiment.train_set), ("Held-out maze", experiment.val_set)
    for side, (ax, (name, data)) in enumerate(zip((seen, held_out), sides, strict=True)):
        if experiment.plans:
            draw_learned(ax, name, data, maze, experiment.plans[-1][side, maze])
        else:
            draw_maze(data.walls[maze], data.goals[maze], data.starts[maze], ax, name)
        ax.set_title(ax.get_title(loc="left"), fontsize=10.5)
    return figure


def _draw_repetition(curves: History, axes: Sequence[Axes]) -> None:
    """The curves of another seed, thin, in the colours of the run. The legend names the first line alone."""
    for ax, name in zip(axes, ("loss", "acc"), strict=True):
        x = range(1, len(curves[f"val_{name}"]) + 1)
        named = "other seeds" in ax.get_legend_handles_labels()[1]
        ax.plot(x, curves[f"train_{name}"], **{**TRAIN, **THIN})
        ax.plot(x, curves[f"val_{name}"], **{**VALIDATION, **THIN}, label=None if named else "other seeds")


def _draw_earlier(name: str, curve: Sequence[float], epochs: int, ax: Axes) -> None:
    """A faint curve with its name at its end, or where the axis ends if that comes first."""
    ax.plot(range(1, len(curve) + 1), curve, color=FAINT, linewidth=1.5, linestyle=(0, (4, 1.5)), zorder=1)
    last = min(len(curve), epochs)
    ax.annotate(
        name,
        (last, curve[last - 1]),
        (3, 0),
        textcoords="offset points",
        fontsize=9,
        color=FAINT,
        va="center",
        annotation_clip=True,
    )


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
    return figure


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
