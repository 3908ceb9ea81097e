"""Training curves: training solid, validation dashed."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from .style import ORANGE, TRAIN, VALIDATION, describe

LABELLED = (2.0, 5.0)  # what an axis of losses labels between the powers of ten
FEW = 100  # as long as the highest loss is at most so many times the lowest
BEST: dict[str, Any] = {
    "color": ORANGE,
    "marker": "o",
    "linestyle": "none",
    "markersize": 8,
    "markerfacecolor": "white",
    "markeredgewidth": 2,
    "label": "best validation loss",
}


def new_curves(width: float = 9.5) -> tuple[Figure, np.ndarray]:
    """A figure `width` inches wide with two axes for `draw_curves`, (2,): loss on the left, accuracy on the right."""
    figure, axes = plt.subplots(1, 2, figsize=(width, width * 0.36))
    return figure, axes


def draw_curves(
    history: Mapping[str, Sequence[float]], axes: Sequence[Axes] | np.ndarray, epochs: int | None = None
) -> None:
    """Loss and accuracy by epoch, training solid, validation dashed; a circle marks the best validation loss.

    history: lists train_loss, train_acc, val_loss, val_acc, with one entry an epoch. epochs: where the axis of epochs
    ends; None ends it with the last entry. The figure says in its text alternative what the curves show.
    """
    count = len(history["val_loss"])
    x = np.arange(1, count + 1)
    train: dict[str, Any] = {**TRAIN, "label": "training", "marker": "o" if count == 1 else None}
    validation: dict[str, Any] = {**VALIDATION, "label": "validation", "marker": "s" if count == 1 else None}
    for ax, name, title in zip(axes, ("loss", "acc"), ("Loss (nats)", "Accuracy"), strict=True):
        ax.clear()
        ax.plot(x, history[f"train_{name}"], **train)
        ax.plot(x, history[f"val_{name}"], **validation)
        if count:
            best = int(np.argmin(history["val_loss"]))
            ax.plot(best + 1, history[f"val_{name}"][best], **BEST)
        ax.set(title=title, xlabel="epoch", xlim=(0.5, max(epochs or count, count, 2) + 0.5))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0].set_yscale("log")
    _label_losses(axes[0])
    axes[1].set_ylim(0, 1.02)
    axes[1].yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes[1].legend(loc="lower right")
    if isinstance(figure := axes[0].figure, Figure):
        describe(figure, f"Loss and accuracy by epoch: {curves_in_words(history)}.")


def _label_losses(ax: Axes) -> None:
    """Write the losses on a logarithmic axis as plain numbers, and so many of them that one can read off others."""
    low, high = ax.get_ylim()
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("{x:g}" if high <= FEW * low else NullFormatter())
    if high <= FEW * low:
        ax.yaxis.set_minor_locator(LogLocator(subs=LABELLED))


def curves_in_words(history: Mapping[str, Sequence[float]]) -> str:
    """What the curves of a history show, in figures: where both losses begin and end, and the last accuracies."""
    train_loss, val_loss = history["train_loss"], history["val_loss"]
    if not val_loss:
        return "no epoch has ended yet"
    lowest = int(np.argmin(val_loss))
    return (
        f"in {len(val_loss)} epochs, the training loss goes from {train_loss[0]:.2f} to {train_loss[-1]:.2f} nats and "
        f"the validation loss from {val_loss[0]:.2f} to {val_loss[-1]:.2f}, with {val_loss[lowest]:.2f} at its lowest, "
        f"in epoch {lowest + 1}; the last accuracies are {history['train_acc'][-1]:.0%} in training and "
        f"{history['val_acc'][-1]:.0%} in validation"
    )
