"""What a history of losses and accuracies says, and what to try next.

A room without torch: a diagnosis needs four lists of numbers, from whatever program they come. What is looked for is
the training guide's list; the thresholds are judged on training runs with faults put into them on purpose, by
`benchmarks/faults.py`.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .history import CURVES, read
from .remedies import LEARNING_RATE, Remedy, known_settings, remedies

WORST_GUESS = {"loss": math.log(5)}  # where chance is not known: no policy that guesses has a higher loss

SHORTEST = 5  # epochs; fewer have no shape
LEARNED_BY_HEART = 0.995  # training accuracy
GOOD, VERY_GOOD = 0.92, 0.95  # accuracies from which a run without a fault is healthy, and need not fall any further
GAP = 0.06  # accuracy lost on the way from training to held-out mazes that is more than chance
RISE = 0.05  # share by which the validation loss rises when it has turned
NO_LOSS = 1e-4  # nats; a loss counts as this at least where something is divided by it


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
    as shares, or the path of a JSON file with them or of its folder. A history from `python -m trm_nav.train` also
    knows what guessing would reach (`chance`), the number of `mazes`, whether the run has `diverged`, and its settings
    (`config`), from which the remedies start; without chance, nothing is said to be stuck there.
    finished: whether the run has ended. While it has not, only what is already certain is found.

    Raises UserError where the lists are missing, empty, of different lengths or hold something else than numbers.
    A loss that is NaN or null is no mistake: the run has diverged.
    """
    history = read(history)
    settings = settings_of(history)
    run = _Curves(
        *(np.array(history[name], float) for name in CURVES),
        history["chance"],
        bool(history.get("diverged")),
        settings.get("lr"),
    )
    with np.errstate(all="ignore"):  # numbers too large to be added up are large enough to be judged
        seen = list(_faults(run, finished))
        if not seen:
            seen = [_verdict(run)] if finished else [("too short to say", None, "nothing is wrong so far")]
    return [Finding(name, epoch, evidence, remedies(name, settings)) for name, epoch, evidence in seen]


def settings_of(history: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the run, as far as the history knows them; `mazes` is `num_train` among them."""
    config = history.get("config")
    return known_settings({**(config if isinstance(config, Mapping) else {}), "num_train": history.get("mazes")})


@dataclass(frozen=True)
class _Curves:
    """A history as float arrays (epochs,)."""

    train_loss: np.ndarray
    train_acc: np.ndarray
    val_loss: np.ndarray
    val_acc: np.ndarray
    known_chance: Mapping[str, Mapping[str, float]] | None
    diverged: bool
    lr: float | None

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
        return float(_fall(self.val_loss, max(2, len(self) // 4)))


Seen = tuple[str, int | None, str]  # a finding before its remedies: name, epoch, evidence


def _fall(loss: np.ndarray, epochs: int) -> float:
    """By what share a loss fell in so many of the last epochs."""
    return (loss[-1 - epochs] - loss[-1]) / max(loss[-1 - epochs], NO_LOSS)


def _since(so: np.ndarray) -> int:
    """The epoch from which on something is so; the last one, where it has just ended."""
    not_so = np.flatnonzero(~so)
    return min(int(not_so[-1]) + 2, len(so)) if len(not_so) else 1


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
    if len(above) and min(run.train_acc[-1], run.val_acc[-1]) < GOOD:  # a bad start can be made good
        return (
            "diverging",
            int(above[0]) + 1,
            f"the training loss rose to {run.train_loss.max():.1f} nats, "
            f"where {run.guessing()}, and is {run.train_loss[-1]:.2f} in the last epoch",
        )


def _overfitting(run: _Curves) -> Iterator[Seen]:
    best = run.lowest
    rise = run.val_loss[-2:].min() - run.val_loss[best]
    falls = run.train_loss[-1] < 0.95 * run.train_loss[min(best + 1, len(run) - 1)]  # the first epochs fall anyhow
    turned = falls and rise > max(RISE * run.val_loss[best], 0.03 * run.chance["loss"])
    gap = run.gap > GAP and run.val_loss[-1] > 1.25 * run.train_loss[-1]
    third = max(2, len(run) // 3)
    train_fell, val_fell = (_fall(loss, third) for loss in (run.train_loss, run.val_loss))
    parted = (
        train_fell > 0.1
        and val_fell < train_fell / 4
        and run.val_loss[-1] > 1.15 * run.train_loss[-1]
        and run.val_acc[-1] < VERY_GOOD
    )
    if turned:
        percent = (run.val_loss[-1] - run.val_loss[best]) / max(run.val_loss[best], NO_LOSS)
        yield (
            "overfitting",
            best + 2,
            f"training loss still falls, validation loss has risen {percent:.0%}; accuracy "
            f"{run.train_acc[-1]:.0%} in training, {run.val_acc[-1]:.0%} on held-out mazes",
        )
    elif gap or parted:
        times = run.val_loss[-1] / max(run.train_loss[-1], NO_LOSS)
        start = _since(run.train_acc - run.val_acc > run.gap / 2) if gap else len(run) - third + 1
        yield (
            "overfitting",
            start,
            f"accuracy {run.train_acc[-1]:.0%} in training, {run.val_acc[-1]:.0%} on held-out mazes; "
            f"validation loss {times:.1f} times the training loss",
        )
    by_heart = run.train_acc >= LEARNED_BY_HEART
    if (turned or gap) and by_heart[-1] and run.gap > GAP:
        yield (
            "memorised",
            _since(by_heart),
            f"nearly every training maze is right, {1 - run.val_acc[-1]:.0%} of the "
            "held-out mazes are wrong: it keeps answers and has no rule",
        )


def _oscillating(run: _Curves) -> Seen | None:
    guess = run.chance["loss"]
    steps = np.diff(run.train_loss)
    rises = np.where(run.train_loss[1:] > 0.5 * guess, steps, 0).clip(0)  # near zero, small numbers wander anyhow
    first = int(rises.argmax())
    recovers = run.train_loss[-1] < run.train_loss[first]
    if rises.sum() > 0.04 * guess and recovers:
        return (
            "oscillating",
            first + 2,
            f"the training loss rose, to {run.train_loss[first + 1]:.2f} nats, before it fell again",
        )
    up, down = np.diff(run.val_loss)[:-1], -np.diff(run.val_loss)[1:]
    jumps = np.minimum(up, down).clip(0)
    if jumps.sum() > 0.3 * guess:
        return (
            "oscillating",
            int(jumps.argmax()) + 2,
            f"the validation loss goes up and down, by up to {jumps.max():.2f} nats from one epoch to the next",
        )


def _different_mazes(run: _Curves) -> Seen | None:
    if run.known_chance:
        train, val = (run.known_chance[name]["loss"] for name in ("train", "val"))
        if abs(val / train - 1) > 0.1:
            return (
                "different mazes",
                None,
                f"guessing costs {train:.2f} nats on the training mazes and {val:.2f} on "
                "the held-out ones: they are not drawn alike",
            )


def _at_chance(run: _Curves) -> Seen | None:
    accuracy = max(run.train_acc[-3:].mean(), run.val_acc[-3:].mean())
    if run.known_chance and accuracy < max(guess["acc"] for guess in run.known_chance.values()) + 0.05:
        return (
            "stuck at chance",
            None,
            f"accuracy {run.train_acc[-1]:.0%} in training and {run.val_acc[-1]:.0%} on "
            f"held-out mazes, where one and the same action everywhere has {run.chance['acc']:.0%}",
        )


def _crawling(run: _Curves) -> Seen | None:
    if run.lr is not None and run.lr >= LEARNING_RATE[-1]:
        return None  # it is as high as the guide ever has it
    loss, fifth = run.train_loss, max(1, len(run) // 5)  # by then the learning rate has risen to its peak
    slow = loss[fifth] > 0.75 * run.chance["loss"] and loss[-1] > 0.5 * run.chance["loss"]
    smooth = np.diff(loss).clip(0).sum() < 0.02 * run.chance["loss"]
    if slow and smooth and loss[fifth] - loss[-1] > 0.35 * max(0, loss[0] - loss[-1]):
        return (
            "crawling",
            None,
            f"after {fifth + 1} of {len(run)} epochs the training loss is {loss[fifth]:.2f} "
            f"nats, where {run.guessing()}, and in the end {loss[-1]:.2f}: it falls all the time, and slowly",
        )


def _verdict(run: _Curves) -> Seen:
    """What can be said of a run without a fault in its course."""
    train, val = run.train_acc[-1], run.val_acc[-1]
    if len(run) < SHORTEST:
        return "too short to say", None, f"{len(run)} epochs have no shape; {SHORTEST} or more have"
    wobble = np.median(np.abs(np.diff(run.val_loss, 2)) / run.val_loss[1:-1].clip(NO_LOSS)) / 2
    if val < VERY_GOOD and wobble > 0.15 and abs(run.fell) < 2 * wobble:
        return (
            "too noisy to say",
            None,
            f"from epoch to epoch the validation loss wanders by {wobble:.0%}, "
            f"in the last quarter of the epochs it changed by {abs(run.fell):.0%}",
        )
    accuracies = f"accuracy {train:.0%} in training, {val:.0%} on held-out mazes"
    if val < VERY_GOOD and run.fell > 0.12:
        return (
            "still improving",
            None,
            f"the validation loss fell by {run.fell:.0%} in the last quarter of the epochs; {accuracies}",
        )
    if min(train, val) < GOOD:
        drop = run.train_loss.max() - run.train_loss[-1]
        flat = np.abs(run.train_loss - run.train_loss[-1]) <= 0.1 * drop
        return (
            "underfitting",
            _since(flat),
            f"both losses stay high and flat, {run.train_loss[-1]:.2f} and "
            f"{run.val_loss[-1]:.2f} nats, where {run.guessing()}; {accuracies}",
        )
    return (
        "healthy",
        None,
        f"both losses fell together, to {run.train_loss[-1]:.3f} and {run.val_loss[-1]:.3f} nats; {accuracies}",
    )
