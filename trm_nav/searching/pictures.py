"""Pictures of a study, from the values in its results.json."""

import warnings
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from optuna.exceptions import ExperimentalWarning
from optuna.visualization import matplotlib as optunas

from .report import complete, in_memory, interval, pareto

POINT, FRONT = "#0072b2", "#d55e00"


def draw_history(found: Mapping[str, Any]) -> Figure:
    """The validation accuracy of each trial in its turn, and the best so far."""
    return _of_optuna(optunas.plot_optimization_history, found)


def draw_parallel(found: Mapping[str, Any]) -> Figure:
    """One line a trial through its settings, coloured by its validation accuracy."""
    return _of_optuna(optunas.plot_parallel_coordinate, found)


def draw_costs(found: Mapping[str, Any], cost: str, label: str) -> Figure:
    """Validation accuracy, with its 95% interval, against a cost; the trials that no other beats in both are joined."""
    figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
    rows = [row for row in complete(found) if cost in row]
    for row in rows:
        low, high = interval(row["val_acc"], found["validation_mazes"])
        ax.plot([row[cost]] * 2, [100 * low, 100 * high], color=POINT, linewidth=1, alpha=0.35)
    ax.plot([row[cost] for row in rows], [100 * row["val_acc"] for row in rows], "o", color=POINT, label="a trial")
    front = pareto(rows, cost)
    ax.plot(
        [row[cost] for row in front], [100 * row["val_acc"] for row in front],
        "s-", color=FRONT, label="no other is better and cheaper",
    )  # fmt: skip
    ax.set(xscale="log", xlabel=label, ylabel="validation accuracy (%)")
    ax.legend()
    return figure


def _of_optuna(draw: Any, found: Mapping[str, Any]) -> Figure:
    with warnings.catch_warnings(), plt.rc_context():  # Optuna sets a style for the whole process
        warnings.simplefilter("ignore", ExperimentalWarning)
        ax = draw(in_memory(found), target_name="validation accuracy")
        ax.set(title="")
        figure: Figure = ax.figure
        figure.set_size_inches(8, 4.2)
    return figure


PICTURES = {
    "history": (draw_history, "The validation accuracy of each trial in its turn, and the best so far."),
    "parallel": (draw_parallel, "One line a trial through its settings, coloured by its validation accuracy."),
    "parameters": (
        lambda found: draw_costs(found, "parameters", "parameters"),
        "Validation accuracy against the number of parameters, with 95% intervals.",
    ),
    "seconds": (
        lambda found: draw_costs(found, "seconds", "seconds of training"),
        "Validation accuracy against the seconds of training, with 95% intervals.",
    ),
}
"Of each picture: what draws it from the results, and what it shows, in words."
