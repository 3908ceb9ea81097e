"""The pictures of lesson 05: the gap between training and validation, a policy learned by heart, data, and cures.

A room of its own because no other lesson draws them; curves, mazes and arrows look as in `plots`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from trm_nav.mazes.dataset import Dataset
from trm_nav.mazes.encoding import contains

from .curves import draw_curves
from .mazes import draw_maze, draw_policy, maze_axes
from .style import BLUE, GREEN, GRID, INK, ORANGE, SKY

if TYPE_CHECKING:
    from trm_nav.course.laboratory.experiment import Experiment

FAINT = "#77777f"
History = Mapping[str, Sequence[float]]

GUIDE = {1_000: (0.50, 0.65), 5_000: (0.65, 0.80), 10_000: (0.75, 0.85), 50_000: (0.85, 0.92), 100_000: (0.90, 0.95)}
"Validation accuracy that the training guide expects of so many mazes, from and to."
GUIDE_AUGMENTED = {5_000: 0.85, 10_000: 0.90, 50_000: 0.95}
"The same with the 8 symmetries."


def draw_gap(history: History, axes: Sequence[Axes], epochs: int | None = None) -> None:
    """Loss and accuracy by epoch as in `draw_curves`, loss from zero, with what lies between the curves shaded."""
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


def draw_two_policies(
    train_set: Dataset, val_set: Dataset, maze: int, train_plan: np.ndarray, val_plan: np.ndarray, title: str = ""
) -> Figure:
    """One policy on a training maze and on a held-out maze, a ring around each agent: plans are uint8 (n, n)."""
    figure, axes = maze_axes(2, cell=3.6)
    draw_learned(axes[0], "Training maze", train_set, maze, train_plan)
    draw_learned(axes[1], "Held-out maze", val_set, maze, val_plan)
    figure.suptitle(title, x=0.02, ha="left", fontsize=12)
    return figure


def draw_learned(ax: Axes, name: str, data: Dataset, maze: int, actions: np.ndarray) -> None:
    """What a policy, uint8 (n, n), does in a maze of a data set, and in how many of the labelled cells it is right."""
    labels, start = data.optimal[maze], data.starts[maze]
    draw_maze(data.walls[maze], data.goals[maze], ax=ax)
    ax.add_patch(Circle((start[1], start[0]), 0.44, facecolor=(SKY, 0.4), edgecolor=BLUE, linewidth=2, zorder=3))
    draw_policy(actions, labels, ax)
    ax.set_title(f"{name}: {contains(labels, actions).sum()} of {(labels != 0).sum()} right")


def draw_laboratory(experiment: "Experiment", maze: int = 1, earlier: Mapping[str, History] | None = None) -> Figure:
    """An experiment as far as it has come: its curves with the gap between them, and its policy in two mazes.

    maze: which of the mazes whose policies are kept. earlier: the histories of other experiments, whose validation
    curves are drawn faintly, each with its name at the end. The figure is none of pyplot's, so any thread may draw it.
    """
    figure = Figure(figsize=(11.5, 3.4), layout="none")  # a layout worked out anew would take longer than the drawing
    grid = figure.add_gridspec(
        1, 4, width_ratios=(3.2, 3.2, 2.5, 2.5), left=0.03, right=0.995, bottom=0.24, top=0.9, wspace=0.18
    )
    loss, accuracy, seen, held_out = (figure.add_subplot(grid[0, place]) for place in range(4))
    history, epochs = experiment.history, experiment.settings.epochs
    draw_gap(history, (loss, accuracy), epochs)
    if history["val_loss"]:
        loss.set_ylim(0, 1.08 * max(*history["train_loss"], *history["val_loss"]))
    for name, other in (earlier or {}).items():
        count = len(other["val_loss"])
        for ax, curve in ((loss, other["val_loss"]), (accuracy, other["val_acc"])):
            ax.plot(range(1, count + 1), curve, color=FAINT, linewidth=1.5, linestyle=(0, (4, 1.5)), zorder=1)
            place = min(count, epochs)
            ax.annotate(
                name,
                (place, curve[place - 1]),
                (3, 0),
                textcoords="offset points",
                fontsize=9,
                color=FAINT,
                va="center",
                annotation_clip=True,
            )
    for finding in experiment.findings[:1]:
        if finding.epoch:
            loss.axvline(finding.epoch, color=INK, linewidth=1, linestyle=":")
            accuracy.axvline(finding.epoch, color=INK, linewidth=1, linestyle=":")
    handles, labels = accuracy.get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower left", bbox_to_anchor=(0.02, -0.025), ncols=4, fontsize=10)
    sides = ("Training maze", experiment.train_set), ("Held-out maze", experiment.val_set)
    for side, (ax, (name, data)) in enumerate(zip((seen, held_out), sides, strict=True)):
        if experiment.plans:
            draw_learned(ax, name, data, maze, experiment.plans[-1][side, maze])
        else:
            draw_maze(data.walls[maze], data.goals[maze], data.starts[maze], ax, name)
        ax.set_title(ax.get_title(loc="left"), fontsize=10.5)
    return figure


def draw_quantity(points: Sequence[Mapping[str, Any]]) -> Figure:
    """Accuracy on held-out mazes by number of training mazes, one label a maze on the left and a label for every cell
    on the right, with the guide's expectations behind.

    points: as in `laboratory.measured_quantity`, one for each run. Drawn are the means over the seeds, with bars from
    the lowest to the highest.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 4.2), sharey=True)
    sizes = sorted({point["mazes"] for point in points})
    styles = {
        False: dict(color=BLUE, marker="o", label="as they are"),
        True: dict(color=GREEN, marker="s", linestyle="--", label="with the 8 symmetries"),
    }
    titles = {"action": "One label a maze", "policy": "A label for every cell"}
    for ax, (supervision, title) in zip(axes, titles.items(), strict=True):
        for index, (count, (low, high)) in enumerate(GUIDE.items()):
            ax.plot(
                [count, count],
                [low, high],
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
        for augment, style in styles.items():
            seeds = [
                [
                    point["val_acc"]
                    for point in points
                    if (point["mazes"], point["augment"], point["supervision"]) == (size, augment, supervision)
                ]
                for size in sizes
            ]
            means = np.array([np.mean(values) for values in seeds])
            ends = np.abs([[min(values), max(values)] for values in seeds] - means[:, None]).T
            ax.errorbar(sizes, means, ends, capsize=3, zorder=3, **style)
            for size, mean in zip(sizes, means, strict=True):
                ax.annotate(
                    f"{mean:.0%}",
                    (size, mean),
                    (0, 9 if augment else -16),
                    textcoords="offset points",
                    ha="center",
                    fontsize=9,
                    color=style["color"],
                )
        ax.set(xscale="log", xlabel="training mazes", ylim=(0.45, 1.04), title=title)
        ax.set_xticks(sizes, [f"{size // 1000}k" for size in sizes])
        ax.minorticks_off()
    axes[0].set_ylabel("accuracy on held-out mazes")
    axes[0].yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=10)
    return figure


def draw_cures(histories: Mapping[str, History]) -> Figure:
    """One row for each named history: the accuracies of the last epoch with the gap between them, and what became of
    the validation loss from its lowest point to the end."""
    figure, (accuracy, loss) = plt.subplots(
        1, 2, figsize=(9.5, 1.3 + 0.38 * len(histories)), sharey=True, width_ratios=(3, 2)
    )
    for row, history in enumerate(histories.values()):
        train, val = history["train_acc"][-1], history["val_acc"][-1]
        lowest, last = min(history["val_loss"]), history["val_loss"][-1]
        first = row == 0
        accuracy.plot([train, val], [row, row], color=ORANGE, alpha=0.2, linewidth=10, solid_capstyle="butt")
        accuracy.plot(train, row, "o", color=BLUE, markersize=8, label="training" if first else None)
        accuracy.plot(val, row, "s", color=ORANGE, markersize=8, label="validation" if first else None)
        accuracy.annotate(
            f"{val:.0%}",
            (min(train, val), row),
            (-10, 0),
            textcoords="offset points",
            va="center",
            ha="right",
            fontsize=10,
            color=INK,
        )
        loss.plot([lowest, last], [row, row], color=ORANGE, linewidth=2)
        loss.plot(
            lowest,
            row,
            "o",
            color=ORANGE,
            markerfacecolor="white",
            markersize=8,
            markeredgewidth=2,
            label="lowest" if first else None,
        )
        loss.plot(last, row, "s", color=ORANGE, markersize=8, label="last epoch" if first else None)
    accuracy.set(
        yticks=range(len(histories)),
        yticklabels=list(histories),
        xlim=(0.2, 1.03),
        xlabel="accuracy, last epoch",
        title="Accuracy, and the gap",
    )
    accuracy.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    loss.set(xlim=(0, None), xlabel="nats", title="Validation loss")
    accuracy.set_ylim(len(histories) - 0.5, -0.5)  # the first row on top
    for ax in (accuracy, loss):
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.32 * 5 / (2 + len(histories))), ncols=2)
    return figure
