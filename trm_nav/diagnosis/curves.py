"""The curves of a training run, and what a rule may ask of one: its noise, its falls, since when something holds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .history import CURVES, History
from .thresholds import THRESHOLDS
from .wording import EVIDENCE

Floats = NDArray[np.float64]

WORST_GUESS = {"loss": math.log(5)}  # where chance is not known: guessing one of 5 actions never costs more
SECOND_DIFFERENCE = 0.6745 * math.sqrt(6)  # median of |x[i-1] - 2 x[i] + x[i+1]| for independent standard normal x


def noise(loss: Floats) -> float:
    """The standard deviation of a loss around its course, as a share of the loss.

    It is estimated from the second differences of the logarithm: a smooth course has nearly none, and their median
    does not change when a few epochs stand out. 0 for fewer than three epochs.
    """
    seconds = np.abs(np.diff(np.log(loss.clip(THRESHOLDS.smallest_loss)), 2))
    return float(np.median(seconds)) / SECOND_DIFFERENCE if len(seconds) else 0.0


@dataclass(frozen=True)
class Curves:
    """A history as float arrays, one number an epoch."""

    train_loss: Floats  # (epochs,)
    train_acc: Floats  # (epochs,)
    val_loss: Floats  # (epochs,)
    val_acc: Floats  # (epochs,)
    known_chance: Mapping[str, Mapping[str, float]] | None
    diverged: bool
    lr: float | None

    @classmethod
    def of(cls, history: History) -> Self:
        curves = {name: np.array(getattr(history, name), float) for name in CURVES}
        return cls(**curves, known_chance=history.chance, diverged=history.diverged, lr=history.settings.get("lr"))

    def __len__(self) -> int:
        return len(self.val_loss)

    def part(self, parts: int) -> int:
        """The number of epochs in one of so many equal parts of the run."""
        return max(THRESHOLDS.smallest_part, len(self) // parts)

    @property
    def chance(self) -> Mapping[str, float]:
        """What guessing reaches on the training mazes."""
        return self.known_chance["train"] if self.known_chance else WORST_GUESS

    @property
    def guessing(self) -> str:
        """For evidence: the loss of guessing, in words."""
        return EVIDENCE["guessing" if self.known_chance else "guessing at worst"].format(guess=self.chance["loss"])

    @property
    def accuracies(self) -> str:
        """For evidence: both accuracies of the last epoch, in words."""
        return EVIDENCE["accuracies"].format(train_acc=self.train_acc[-1], val_acc=self.val_acc[-1])

    @property
    def gap(self) -> float:
        """Training accuracy minus held-out accuracy, at the end of the run."""
        return float((self.train_acc - self.val_acc)[-THRESHOLDS.last_epochs :].mean())

    @property
    def ratio(self) -> float:
        """Validation loss divided by training loss, in the last epoch."""
        return float(self.val_loss[-1] / max(self.train_loss[-1], THRESHOLDS.smallest_loss))


def fall(loss: Floats, epochs: int) -> float:
    """By what share of itself a loss fell in the last so many epochs."""
    return float((loss[-1 - epochs] - loss[-1]) / max(loss[-1 - epochs], THRESHOLDS.smallest_loss))


def since(condition: NDArray[np.bool_]) -> int:
    """The epoch from which on a condition has held to the end; the last one if it does not hold there."""
    not_so = np.flatnonzero(~condition)
    return min(int(not_so[-1]) + 2, len(condition)) if len(not_so) else 1
