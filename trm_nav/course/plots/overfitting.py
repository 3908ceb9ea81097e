"""The pictures of lesson 05: the gap between training and validation, a memorised policy, and the laboratory.

No other lesson draws them; `curves` and `mazes` draw what they are made of.
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

from .curves import curves_in_words, draw_curves
from .mazes import draw_maze, draw_policy, maze_axes
from .style import BLUE, INK, ORANGE, SKY, TRAIN, VALIDATION, describe

if TYPE_CHECKING:
    from trm_nav.course.laboratory.experiment import Experiment

THIN: dict[str, Any] = {"linewidth": 0.9, "alpha": 0.75, "zorder": 1.5}
LOSSES = "train_loss", "val_loss"
History: TypeAlias = Mapping[str, Sequence[float]]
Actions: TypeAlias = NDArray[np.uint8]  # (n, n)


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
    runs = " ".join(f"{name}: {curves_in_words(history)}." for name, history in histories.items())
    return describe(figure, f"Loss above and accuracy below, by epoch, of {len(histories)} runs. {runs}")


def draw_two_policies(
    train_set: Dataset, val_set: Dataset, maze: int, train_plan: Actions, val_plan: Actions, title: str = ""
) -> Figure:
    """One policy on a training maze and on a held-out maze, with a ring around each agent.

    maze: the index of the maze in either set. train_plan, val_plan: the policy's actions there, uint8 (n, n).
    """
    figure, axes = maze_axes(2, cell=3.6)
    said = (
        draw_learned(axes[0], "Training maze", train_set, maze, train_plan),
        draw_learned(axes[1], "Held-out maze", val_set, maze, val_plan),
    )
    figure.suptitle(title, x=0.02, ha="left", fontsize=12)
    return describe(figure, f"{title or 'A policy'}: an arrow in each cell of two mazes. {' '.join(said)}")


def draw_learned(ax: Axes, name: str, data: Dataset, maze: int, actions: Actions) -> str:
    """A policy, uint8 (n, n), in one maze of a data set, and the number of labelled cells in which it is right.

    Returns the same in words.
    """
    labels, start = data.optimal[maze], data.starts[maze]
    draw_maze(data.walls[maze], data.goals[maze], ax=ax)
    ax.add_patch(Circle((start[1], start[0]), 0.44, facecolor=(SKY, 0.4), edgecolor=BLUE, linewidth=2, zorder=3))
    draw_policy(actions, labels, ax)
    right = contains(labels, actions)
    ax.set_title(title := f"{name}: {right.sum()} of {(labels != 0).sum()} right")
    return f"{title}; at the agent's cell it is {'right' if right[*start] else 'wrong'}."


def draw_laboratory(experiment: "Experiment", maze: int = 1) -> Figure:
    """An experiment so far: its curves with the gap between them, and its policy in two mazes.

    The curves of its repetitions with other seeds are thin lines around its own.

    maze: the index of the maze in either set, among those whose policies the experiment keeps.

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
    for finding in experiment.findings[:1]:
        if finding.epoch:
            loss.axvline(finding.epoch, color=INK, linewidth=1, linestyle=":")
            accuracy.axvline(finding.epoch, color=INK, linewidth=1, linestyle=":")
    handles, labels = accuracy.get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower left", bbox_to_anchor=(0.02, -0.025), ncols=5, fontsize=10)
    said = ""
    sides = ("Training maze", experiment.train_set), ("Held-out maze", experiment.val_set)
    for side, (ax, (name, data)) in enumerate(zip((seen, held_out), sides, strict=True)):
        if experiment.plans:
            said += " " + draw_learned(ax, name, data, maze, experiment.plans[-1][side, maze])
        else:
            draw_maze(data.walls[maze], data.goals[maze], data.starts[maze], ax, name)
        ax.set_title(ax.get_title(loc="left"), fontsize=10.5)
    said = f"A run of the laboratory: {curves_in_words(history)}." + (said and f" Its policy in two mazes.{said}")
    for finding in experiment.findings[:1]:
        said += f" Diagnosis: {finding.heading}."
    if experiment.fan:
        said += f" Thin lines show the same with other seeds: {len(experiment.fan)}."
    return describe(figure, said)


def _draw_repetition(curves: History, axes: Sequence[Axes]) -> None:
    """The curves of another seed, thin, in the colours of the run. The legend names the first line alone."""
    for ax, name in zip(axes, ("loss", "acc"), strict=True):
        x = range(1, len(curves[f"val_{name}"]) + 1)
        named = "other seeds" in ax.get_legend_handles_labels()[1]
        ax.plot(x, curves[f"train_{name}"], **{**TRAIN, **THIN})
        ax.plot(x, curves[f"val_{name}"], **{**VALIDATION, **THIN}, label=None if named else "other seeds")
