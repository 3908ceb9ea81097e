"""The pictures of lesson 05: the gap between training and validation, a policy learned by heart, data, and cures.

A room of its own because no other lesson draws them; curves, mazes and arrows look as in `plots`.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from .dataset import Dataset
from .encoding import contains
from .plots import BLUE, GREEN, GRID, INK, ORANGE, SKY, draw_curves, draw_maze, draw_policy, maze_axes

History = Mapping[str, Sequence[float]]

GUIDE = {1_000: (0.50, 0.65), 5_000: (0.65, 0.80)}
"Validation accuracy that the training guide expects of so many mazes, from and to."
GUIDE_AUGMENTED = {5_000: 0.85}
"The same with the 8 symmetries."


def draw_gap(history: History, axes: Sequence[Axes]) -> None:
    """Loss and accuracy by epoch as in `draw_curves`, loss from zero, with what lies between the curves shaded."""
    draw_curves(history, axes)
    epochs = np.arange(1, len(history["val_loss"]) + 1)
    for ax, name in zip(axes, ("loss", "acc"), strict=True):
        ax.fill_between(epochs, history[f"train_{name}"], history[f"val_{name}"], color=ORANGE, alpha=0.13, linewidth=0,
                        label="gap")
    axes[0].set(yscale="linear", ylim=(0, None))
    if legend := axes[1].get_legend():
        legend.remove()


def draw_patterns(histories: Mapping[str, History]) -> Figure:
    """One column for each named history: loss above, accuracy below, on common scales so that they can be compared."""
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


def draw_two_policies(train_set: Dataset, val_set: Dataset, maze: int, train_plan: np.ndarray, val_plan: np.ndarray,
                      title: str = "") -> Figure:
    """One policy on a training maze and on a held-out maze, a ring around each agent: plans are uint8 (n, n)."""
    figure, axes = maze_axes(2, cell=3.6)
    sides = ("Training", train_set, train_plan), ("Held-out", val_set, val_plan)
    for ax, (name, data, actions) in zip(axes, sides, strict=True):
        labels, start = data.optimal[maze], data.starts[maze]
        draw_maze(data.walls[maze], data.goals[maze], ax=ax)
        ax.add_patch(Circle((start[1], start[0]), 0.44, facecolor=(SKY, 0.4), edgecolor=BLUE, linewidth=2, zorder=3))
        draw_policy(actions, labels, ax)
        right, cells = contains(labels, actions).sum(), (labels != 0).sum()
        ax.set_title(f"{name} maze: {right} of {cells} right")
    figure.suptitle(title, x=0.02, ha="left", fontsize=12)
    return figure


def draw_quantity(accuracies: Mapping[int, tuple[float, float]], mazes: int) -> Figure:
    """Accuracy on held-out mazes by number of training mazes, with the guide's expectations behind.

    accuracies: number of training mazes -> (as they are, with the 8 symmetries). mazes: held-out mazes, for the bars,
    which reach as far as sampling alone would take 95% of such measurements.
    """
    figure, ax = plt.subplots(figsize=(9.5, 3.6))
    for index, (count, (low, high)) in enumerate(GUIDE.items()):
        ax.plot([count, count], [low, high], color=GRID, linewidth=16, solid_capstyle="butt", zorder=1,
                label=None if index else "the guide expects of 1,000 and of 5,000")
    ax.plot(list(GUIDE_AUGMENTED), list(GUIDE_AUGMENTED.values()), "*", color=GREEN, markersize=13, linestyle="none",
            markerfacecolor="white", label="the guide expects of 5,000 with the 8 symmetries")
    styles = (
        dict(color=BLUE, marker="o", label="measured here"),
        dict(color=GREEN, marker="s", linestyle="--", label="measured here, with the 8 symmetries"),
    )
    for measured, style in zip(zip(*accuracies.values(), strict=True), styles, strict=True):
        measured = np.array(measured)
        ax.errorbar(list(accuracies), measured, 1.96 * np.sqrt(measured * (1 - measured) / mazes), capsize=3, **style)
    ax.set(xscale="log", xlabel="training mazes", ylabel="accuracy on held-out mazes", ylim=(0.3, 1))
    ax.set_xticks(list(accuracies), [f"{count:,}" for count in accuracies])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_cures(histories: Mapping[str, History]) -> Figure:
    """One row for each named history: the accuracies of the last epoch with the gap between them, and what became of
    the validation loss from its lowest point to the end."""
    figure, (accuracy, loss) = plt.subplots(1, 2, figsize=(9.5, 1.3 + 0.38 * len(histories)), sharey=True,
                                            width_ratios=(3, 2))
    for row, history in enumerate(histories.values()):
        train, val = history["train_acc"][-1], history["val_acc"][-1]
        lowest, last = min(history["val_loss"]), history["val_loss"][-1]
        first = row == 0
        accuracy.plot([train, val], [row, row], color=ORANGE, alpha=0.2, linewidth=10, solid_capstyle="butt")
        accuracy.plot(train, row, "o", color=BLUE, markersize=8, label="training" if first else None)
        accuracy.plot(val, row, "s", color=ORANGE, markersize=8, label="validation" if first else None)
        accuracy.annotate(f"{val:.0%}", (min(train, val), row), (-10, 0), textcoords="offset points", va="center",
                          ha="right", fontsize=10, color=INK)
        loss.plot([lowest, last], [row, row], color=ORANGE, linewidth=2)
        loss.plot(lowest, row, "o", color=ORANGE, markerfacecolor="white", markersize=8, markeredgewidth=2,
                  label="lowest" if first else None)
        loss.plot(last, row, "s", color=ORANGE, markersize=8, label="last epoch" if first else None)
    accuracy.set(yticks=range(len(histories)), yticklabels=list(histories), xlim=(0.2, 1.03),
                 xlabel="accuracy, last epoch", title="Accuracy, and the gap")
    accuracy.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    loss.set(xlim=(0, None), xlabel="nats", title="Validation loss")
    accuracy.set_ylim(len(histories) - 0.5, -0.5)  # the first row on top
    for ax in (accuracy, loss):
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.32 * 5 / (2 + len(histories))), ncols=2)
    return figure
