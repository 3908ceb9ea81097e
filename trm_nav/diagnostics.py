"""What a history of losses and accuracies says, and what to try next.

A room without torch: a diagnosis needs four lists of numbers, from whatever program they come. What is looked for is
the training guide's list; the thresholds are judged on training runs with faults put into them on purpose, by
`benchmarks/faults.py`.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .errors import UserError
from .remedies import Remedy, remedies

CURVES = "train_loss", "train_acc", "val_loss", "val_acc"
WORST_GUESS = {"loss": math.log(5), "acc": 0.0}  # where chance is not known: no policy that guesses has a higher loss

SHORTEST = 5  # epochs; fewer have no shape
LEARNED_BY_HEART = 0.995  # training accuracy
GOOD, VERY_GOOD = 0.92, 0.95  # accuracies from which a run without a fault is healthy, and need not fall any further
GAP = 0.06  # accuracy lost on the way from training to held-out mazes that is more than chance
RISE = 0.05  # share by which the validation loss rises when it has turned


@dataclass(frozen=True)
class Finding:
    """One thing that a history shows: its name, the epoch where it began (from 1; None if it has no beginning), the
    evidence in words, and what to try, the first remedy first."""

    name: str
    epoch: int | None
    evidence: str
    remedies: list[Remedy] = field(default_factory=list)

    def __str__(self) -> str:
        since = f" since epoch {self.epoch}" if self.epoch else ""
        first = f"; first remedy: {self.remedies[0]}" if self.remedies else ""
        return f"{self.name}{since}: {self.evidence}{first}"


def diagnose(history: Mapping[str, Any] | str | Path, finished: bool = True) -> list[Finding]:
    """What the history shows, the most important first; there is always at least one finding.

    history: the lists train_loss, train_acc, val_loss and val_acc, one number an epoch, losses in nats and accuracies
    as shares, or the path of a JSON file with them. A history from `python -m trm_nav.train` also knows what guessing
    would reach (`chance`), the number of `mazes`, whether the run has `diverged`, and its settings (`config`), from
    which the remedies start; without chance, nothing is said to be stuck there.
    finished: whether the run has ended. While it has not, only what is already certain is found.

    Raises UserError where the lists are missing, empty, of different lengths or hold something else than numbers.
    """
    history = read(history)
    settings = {**history.get("config", {}), "num_train": history.get("mazes")}
    run = _Curves(*(np.array(history[name], float) for name in CURVES), history.get("chance"),
                  history.get("diverged", False))
    seen = list(_faults(run, finished))
    if not seen:
        seen = [_verdict(run)] if finished else [("too short to say", None, "nothing is wrong so far")]
    return [Finding(name, epoch, evidence, remedies(name, settings)) for name, epoch, evidence in seen]


def read(history: Mapping[str, Any] | str | Path) -> Mapping[str, Any]:
    """The history, from its file if need be, with its four lists checked. Raises UserError."""
    where = "the history"
    if not isinstance(history, Mapping):
        where = str(history)
        try:
            history = json.loads(Path(history).read_text())
        except OSError as error:
            raise UserError(f"cannot read {where}: {error.strerror or error}") from None
        except ValueError:
            raise UserError(f"{where} is not JSON, or a truncated file") from None
        if not isinstance(history, dict):
            raise UserError(f"{where} is not a history: it must be an object with the lists {', '.join(CURVES)}")
    if missing := [name for name in CURVES if name not in history]:
        raise UserError(f"{where} has no {missing[0]}: a history has the lists {', '.join(CURVES)}")
    for name in CURVES:
        try:
            epochs = np.array([math.nan if value is None else value for value in history[name]], float)
        except (TypeError, ValueError):
            raise UserError(f"{name} of {where} must be a list of numbers, one an epoch") from None
        if epochs.ndim != 1 or len(epochs) != len(history[CURVES[0]]):
            raise UserError(f"{where} has {len(history[CURVES[0]])} epochs of {CURVES[0]} and {len(epochs)} of {name}; "
                            "they must be as many")
    if len(epochs) == 0 and not history.get("diverged"):
        raise UserError(f"{where} has no epochs")
    return history


@dataclass(frozen=True)
class _Curves:
    """A history as float arrays (epochs,)."""

    train_loss: np.ndarray
    train_acc: np.ndarray
    val_loss: np.ndarray
    val_acc: np.ndarray
    known_chance: Mapping[str, Mapping[str, float]] | None
    diverged: bool

    def __len__(self) -> int:
        return len(self.val_loss)

    @property
    def chance(self) -> Mapping[str, float]:
        return self.known_chance["train"] if self.known_chance else WORST_GUESS

    def guessing(self) -> str:
        """For evidence: what a loss would be without looking."""
        return f"guessing costs {self.chance['loss']:.2f}" if self.known_chance else "guessing costs at most 1.61"

    @property
    def lowest(self) -> int:
        """Place of the lowest validation loss."""
        return int(self.val_loss.argmin())

    @property
    def gap(self) -> float:
        """Accuracy that is lost from training to held-out mazes, over the last two epochs."""
        return float((self.train_acc - self.val_acc)[-2:].mean())

    @property
    def fell(self) -> float:
        """By what share the validation loss fell in the last quarter of the epochs."""
        return float(1 - self.val_loss[-1] / self.val_loss[-1 - max(2, len(self) // 4)])

    @property
    def zigzag(self) -> float:
        """How far both losses went up only to come down again, in all, as a share of what guessing costs."""
        total = 0.0
        for loss in (self.train_loss, self.val_loss):
            up, down = np.diff(loss)[:-1], -np.diff(loss)[1:]
            total += np.minimum(up, down).clip(0).sum()
        return float(total / self.chance["loss"])


Seen = tuple[str, int | None, str]  # a finding before its remedies: name, epoch, evidence


def _faults(run: _Curves, finished: bool) -> Iterator[Seen]:
    """What is wrong, the gravest first; while a run goes on, what later epochs may still put right is left out."""
    if seen := _diverging(run):
        yield seen
        return
    if len(run) < SHORTEST:
        return
    overfitting = list(_overfitting(run))
    yield from overfitting
    if overfitting:
        return
    if seen := _oscillating(run):
        yield seen
    if finished and (seen := _different_mazes(run) or _at_chance(run) or _crawling(run)):
        yield seen


def _diverging(run: _Curves) -> Seen | None:
    broken = np.flatnonzero(~np.isfinite([run.train_loss, run.val_loss]).all(axis=0))
    if len(broken) or run.diverged:
        epoch = int(broken[0]) + 1 if len(broken) else len(run) + 1
        return "diverging", epoch, "the loss is no longer a number"
    above = np.flatnonzero(run.train_loss > 1.5 * run.chance["loss"])
    if len(above):
        return ("diverging", int(above[0]) + 1, f"the training loss rose to {run.train_loss.max():.1f} nats, "
                f"where {run.guessing()}, and is {run.train_loss[-1]:.2f} in the last epoch")


def _overfitting(run: _Curves) -> Iterator[Seen]:
    best = run.lowest
    rise = run.val_loss[-2:].min() - run.val_loss[best]
    falls = run.train_loss[-1] < 0.95 * run.train_loss[best]
    turned = falls and rise > max(RISE * run.val_loss[best], 0.03 * run.chance["loss"])
    gap = run.gap > GAP and run.val_loss[-1] > 1.25 * run.train_loss[-1]
    if turned:
        percent = run.val_loss[-1] / run.val_loss[best] - 1
        yield ("overfitting", best + 2, f"training loss still falls, validation loss has risen {percent:.0%}; accuracy "
               f"{run.train_acc[-1]:.0%} in training, {run.val_acc[-1]:.0%} on held-out mazes")
    elif gap:
        wide = run.train_acc - run.val_acc > run.gap / 2
        start = len(run) - int(np.argmin(wide[::-1])) if not wide.all() else 0  # after the last epoch without a gap
        yield ("overfitting", start + 1, f"accuracy {run.train_acc[-1]:.0%} in training, {run.val_acc[-1]:.0%} on "
               f"held-out mazes; validation loss {run.val_loss[-1] / run.train_loss[-1]:.1f} times the training loss")
    by_heart = run.train_acc >= LEARNED_BY_HEART
    if (turned or gap) and by_heart[-1] and run.gap > GAP:
        start = len(run) - int(np.argmin(by_heart[::-1])) if not by_heart.all() else 0
        yield ("memorised", start + 1, f"nearly every training maze is right, {1 - run.val_acc[-1]:.0%} of the "
               "held-out mazes are wrong: it keeps answers and has no rule")


def _oscillating(run: _Curves) -> Seen | None:
    if run.zigzag > 0.06:
        jumps = np.diff(run.val_loss)
        return ("oscillating", int(jumps.argmax()) + 2, "the losses go up and down, the validation loss by up to "
                f"{jumps.max():.2f} nats from one epoch to the next")


def _different_mazes(run: _Curves) -> Seen | None:
    if run.known_chance:
        train, val = (run.known_chance[name]["loss"] for name in ("train", "val"))
        if abs(val / train - 1) > 0.1:
            return ("different mazes", None, f"guessing costs {train:.2f} nats on the training mazes and {val:.2f} on "
                    "the held-out ones: they are not drawn alike")


def _at_chance(run: _Curves) -> Seen | None:
    accuracy = max(run.train_acc[-3:].mean(), run.val_acc[-3:].mean())
    if run.known_chance and accuracy < max(guess["acc"] for guess in run.known_chance.values()) + 0.05:
        return ("stuck at chance", None, f"accuracy {run.train_acc[-1]:.0%} in training and {run.val_acc[-1]:.0%} on "
                f"held-out mazes, where one and the same action everywhere has {run.chance['acc']:.0%}")


def _crawling(run: _Curves) -> Seen | None:
    loss, fifth = run.train_loss, max(1, len(run) // 5)  # by then the learning rate has risen to its peak
    slow = loss[fifth] > 0.85 * run.chance["loss"] and loss[-1] > 0.5 * run.chance["loss"]
    if slow and loss[fifth] - loss[-1] > 0.4 * (loss[0] - loss[-1]) > 0:
        return ("crawling", None, f"after {fifth + 1} of {len(run)} epochs the training loss is {loss[fifth]:.2f} "
                f"nats, where {run.guessing()}, and in the end {loss[-1]:.2f}: it falls all the time, and slowly")


def _verdict(run: _Curves) -> Seen:
    """What can be said of a run without a fault in its course."""
    train, val = run.train_acc[-1], run.val_acc[-1]
    if len(run) < SHORTEST:
        return "too short to say", None, f"{len(run)} epochs have no shape; {SHORTEST} or more have"
    wobble = np.median(np.abs(np.diff(run.val_loss, 2)) / run.val_loss[1:-1]) / 2
    if wobble > 0.15 and abs(run.fell) < 2 * wobble:
        return ("too noisy to say", None, f"from epoch to epoch the validation loss wanders by {wobble:.0%}, "
                f"in the last quarter of the epochs it changed by {abs(run.fell):.0%}")
    accuracies = f"accuracy {train:.0%} in training, {val:.0%} on held-out mazes"
    if val < VERY_GOOD and run.fell > 0.12:
        return ("still improving", None, f"the validation loss fell by {run.fell:.0%} in the last quarter of the "
                f"epochs; {accuracies}")
    if min(train, val) < GOOD:
        drop = run.train_loss.max() - run.train_loss[-1]
        flat = np.abs(run.train_loss - run.train_loss[-1]) < 0.1 * drop
        start = len(run) - int(np.argmin(flat[::-1])) if not flat.all() else 0
        return ("underfitting", start + 1, f"both losses stay high and flat, {run.train_loss[-1]:.2f} and "
                f"{run.val_loss[-1]:.2f} nats, where {run.guessing()}; {accuracies}")
    return ("healthy", None, f"both losses fell together, to {run.train_loss[-1]:.3f} and {run.val_loss[-1]:.3f} nats; "
            f"{accuracies}")
