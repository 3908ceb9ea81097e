"""The pictures of lesson 08: which settings matter, the luck of the seed, and what the best of many is worth."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from .style import BLUE, GREEN, INK, ORANGE, PALE, SKY, describe

Floats = NDArray[np.float64]
LINES = ((ORANGE, (0, (4, 1.5)), "s"), (GREEN, (0, (1, 1.2)), "^"), (BLUE, "-", "o"))  # colour, line, marker
NAMES = {"lr": "learning rate"}
FAINT = "#77777f"


def draw_settings(runs: Sequence[Mapping[str, Any]], score: str = "test") -> Figure:
    """One panel for each setting that varies: all runs above its values, and a line through the mean at each value.

    runs: mappings with `settings` and an accuracy named by score; every combination of the values, as in a grid.
    """
    values = {name: sorted({run["settings"][name] for run in runs}) for name in runs[0]["settings"]}
    varied = [name for name, each in values.items() if len(each) > 1]
    figure, axes = plt.subplots(1, len(varied), figsize=(2.5 * len(varied), 3.2), sharey=True)
    for ax, name in zip(axes, varied, strict=True):
        groups = [[run[score] for run in runs if run["settings"][name] == value] for value in values[name]]
        for place, group in enumerate(groups):
            ax.plot(place + np.linspace(-0.2, 0.2, len(group)), np.sort(group), "o", color=SKY, markersize=4, alpha=0.7)
        ax.plot(range(len(groups)), [np.mean(group) for group in groups], color=INK, marker="D", linewidth=2)
        ax.set_xticks(range(len(groups)), [f"{value:g}" for value in values[name]])
        ax.set(title=NAMES.get(name, name), xlim=(-0.5, len(groups) - 0.5))
    axes[0].set_ylabel(f"{score} accuracy")
    _in_percent(axes[0])
    means = [
        f"{NAMES.get(name, name)}: "
        + ", ".join(
            f"{value:g} {np.mean([run[score] for run in runs if run['settings'][name] == value]):.1%}"
            for value in values[name]
        )
        for name in varied
    ]
    return describe(
        figure, f"Mean {score} accuracy of {len(runs)} runs by the value of each setting. {'; '.join(means)}."
    )


def draw_grid_and_random(lr: Floats, dropout: Floats, limits: tuple[float, float]) -> Figure:
    """A grid and as many random points in the plane of two settings, and the learning rates that each of them tries.

    lr, dropout: (K,), the random points; K is a square number. limits: the ends of the learning rates.
    """
    side = round(np.sqrt(len(lr)))
    low, high = np.log10(limits)
    edges = 10 ** (low + (high - low) * (np.arange(side) + 0.5) / side)
    levels = dropout.min() + np.ptp(dropout) * (np.arange(side) + 0.5) / side
    grid = [axis.ravel() for axis in np.meshgrid(edges, levels)]
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.3), sharey=True)
    bottom = dropout.min() - 0.3 * np.ptp(dropout)
    for ax, name, (x, y) in zip(axes, ("Grid", "Random"), (grid, (lr, dropout)), strict=True):
        ax.vlines(x, bottom, y, color=PALE, linewidth=1.5, zorder=1)
        ax.plot(x, y, "o", color=BLUE, markersize=8)
        ax.vlines(x, bottom, bottom + 0.12 * np.ptp(dropout), color=ORANGE, linewidth=3, zorder=2)
        ax.set(xscale="log", xlim=limits, ylim=(bottom, dropout.max() + 0.1 * np.ptp(dropout)), xlabel="learning rate")
        ax.set_title(f"{name}: {len(x)} runs, {len(np.unique(x))} learning rates")
        ax.grid(False)
    axes[0].set_ylabel("dropout")
    return describe(
        figure,
        f"{len(lr)} runs with a learning rate and a dropout each. On a grid they have {side} different learning rates, "
        f"drawn at random {len(np.unique(lr))}.",
    )


def draw_places(chosen: Floats, again: Floats, interval: float) -> Figure:
    """The first places of a search, a row each: the score that won the place, and those of new seeds.

    chosen: (P,). again: (P, S), the same configurations on the same mazes with S other seeds. interval: half the length
    of the interval that is drawn around the mean of the S.
    """
    figure, ax = plt.subplots(figsize=(7.2, 1.4 + 0.3 * len(chosen)))
    rows = np.arange(1, len(chosen) + 1)
    means = again.mean(axis=1)
    ax.errorbar(means, rows, xerr=interval, fmt="none", color=BLUE, linewidth=6, alpha=0.25, label="95% interval")
    ax.plot(means, rows, "D", color=BLUE, markersize=7, label="mean of the new seeds")
    ax.plot(again.ravel(), np.repeat(rows, again.shape[1]), ".", color=BLUE, markersize=5, label="a new seed")
    ax.plot(chosen, rows, "*", color=ORANGE, markersize=13, label="the score that won the place")
    ax.set(yticks=rows, ylabel="place", xlabel="validation accuracy")
    ax.invert_yaxis()
    _in_percent(ax, which="x")
    figure.legend(loc="outside lower center", ncols=2, fontsize=10)
    rows_in_words = "; ".join(
        f"place {row}: {score:.1%}, then {mean:.1%}" for row, score, mean in zip(rows, chosen, means, strict=True)
    )
    return describe(
        figure,
        f"Validation accuracy that won each place, then the mean of new seeds, with an interval of {interval:.1%} to "
        f"each side: {rows_in_words}.",
    )


def draw_choice(scores: Floats, test: Floats, mazes: int) -> Figure:
    """What some configurations score on the validation mazes against their test accuracy; both (n,), the winner marked.

    The axes are the same in all pictures, so that they can be compared.
    """
    best = int(np.argmax(scores))
    figure, ax = plt.subplots(figsize=(6.2, 5.2))
    ax.axline((0, 0), slope=1, color=FAINT, linewidth=1, label="validation = test")
    ax.plot(test, scores, "o", color=SKY, markersize=5, alpha=0.7, label="configurations", markeredgewidth=0)
    ax.vlines(test[best], test[best], scores[best], color=ORANGE, linewidth=3, label="too much")
    ax.plot(test[best], scores[best], "*", color=ORANGE, markersize=18, label="the winner", markeredgecolor=INK)
    ax.set(xlim=(0.35, 0.65), ylim=(0.2, 0.85), xlabel="test accuracy")
    ax.set_ylabel(f"accuracy on {mazes:,} validation mazes")
    ax.set_title(f"Best of {len(scores)}: promised {scores[best]:.1%}, true {test[best]:.1%}")
    _in_percent(ax, which="both")
    ax.legend(loc="upper left", fontsize=10)
    return describe(
        figure,
        f"{len(scores)} configurations, their accuracy on {mazes:,} validation mazes against their test accuracy. The "
        f"winner has {scores[best]:.1%} and {test[best]:.1%}; the highest test accuracy is {test.max():.1%}.",
    )


def draw_optimism(
    optimism: Mapping[int, Floats], true: Mapping[int, Floats], theory: Mapping[int, Mapping[int, float]]
) -> Figure:
    """By how much the winner's score is too good, and what the winner is worth, against how many were compared.

    optimism, true: for each number of validation mazes an array (C,), whose entry n - 1 is that of the best of n.
    theory: for each number of validation mazes, n -> optimism. Measured curves are lines, theory is drawn as rings.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.1))
    for (mazes, measured), (color, style, marker) in zip(optimism.items(), LINES, strict=False):
        counts = np.arange(1, len(measured) + 1)
        line: dict[str, Any] = {"color": color, "linestyle": style, "linewidth": 2, "label": f"{mazes:,} mazes"}
        left.plot(counts, 100 * measured, **line)
        expected = theory[mazes]
        ring: dict[str, Any] = {"linestyle": "none", "markerfacecolor": "white", "markeredgewidth": 1.8}
        left.plot(list(expected), 100 * np.array(list(expected.values())), color=color, marker=marker, **ring)
        right.plot(counts, true[mazes], **line)
    left.plot([], [], "o", color=INK, markerfacecolor="white", label="theory")
    left.set(title="Optimism: promised minus true", ylabel="points", ylim=(-0.6, None))
    right.set(title="What the winner is worth", ylabel="test accuracy")
    _in_percent(right)
    for ax in (left, right):
        ax.set(xscale="log", xlabel="configurations compared")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
    left.legend(loc="upper left", fontsize=10)
    last = "; ".join(
        f"on {mazes:,} validation mazes {100 * measured[-1]:.1f} points, by the theory "
        f"{100 * theory[mazes][max(theory[mazes])]:.1f}, and a test accuracy of {true[mazes][-1]:.1%}"
        for mazes, measured in optimism.items()
    )
    return describe(
        figure,
        "Optimism of the winner, and its test accuracy, against the number of configurations compared. At the right "
        f"end, the best of {len(measured)} has {last}.",
    )


def draw_epochs(validation: Floats, test: Floats, mazes: int) -> Figure:
    """Accuracy after each epoch on few validation mazes and on the test mazes; both (E,). The best epoch is marked."""
    best = int(np.argmax(validation))
    epochs = np.arange(1, len(test) + 1)
    figure, ax = plt.subplots(figsize=(7.2, 3.3))
    ax.plot(epochs, validation, color=ORANGE, linestyle=(0, (4, 1.5)), linewidth=2, label=f"{mazes} validation mazes")
    ax.plot(epochs, test, color=GREEN, linewidth=2, label="test mazes")
    ax.vlines(epochs[best], test[best], validation[best], color=ORANGE, linewidth=3)
    ax.plot(epochs[best], validation[best], "*", color=ORANGE, markersize=18, markeredgecolor=INK, label="best epoch")
    ax.set(xlabel="epoch", ylabel="accuracy", xlim=(0.5, len(test) + 0.5))
    ax.margins(y=0.12)
    _in_percent(ax)
    figure.legend(loc="outside lower center", ncols=3, fontsize=10)
    return describe(
        figure,
        f"Accuracy after each of {len(test)} epochs on {mazes} validation mazes and on the test mazes. The "
        f"best epoch is {epochs[best]}: {validation[best]:.1%}, on the test mazes {test[best]:.1%}.",
    )


def _in_percent(ax: Axes, which: str = "y") -> None:
    for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
        if which in (name, "both"):
            axis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.0%}"))
