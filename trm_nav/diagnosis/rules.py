"""The rules of the diagnosis: each looks at the curves of a run for one finding.

A rule must not depend on the number of epochs: a run of 300 epochs with a little noise is the same run as one of 20.
So no rule adds up what single epochs do, and whatever a single epoch does is compared with the noise of the run.
"""

from collections.abc import Iterator

import numpy as np

from .curves import Curves, Floats, fall, noise, since
from .remedies import LEARNING_RATE
from .thresholds import THRESHOLDS
from .wording import EVIDENCE

Seen = tuple[str, int | None, str]  # a finding without its remedies: name, epoch where it began, evidence


def seen_in(run: Curves, finished: bool) -> list[Seen]:
    """What a run shows, the gravest first; at least one finding.

    While the run has not finished, what later epochs may still change is left out.
    """
    with np.errstate(all="ignore"):  # losses that overflow when they are added are large enough to be judged
        faults = list(_faults(run, finished))
        if faults:
            return faults
        return [verdict(run)] if finished else [("too short to say", None, EVIDENCE["so far"])]


def _faults(run: Curves, finished: bool) -> Iterator[Seen]:
    if seen := diverging(run):
        yield seen
        return
    if len(run) < THRESHOLDS.shortest:
        return
    overfitted = list(overfitting(run))
    yield from overfitted
    if overfitted:
        return
    if seen := oscillating(run):
        yield seen
    if finished and (seen := different_mazes(run) or at_chance(run) or crawling(run)):
        yield seen


def diverging(run: Curves) -> Seen | None:
    """A loss that is not a number, or a training loss far above guessing that did not recover."""
    broken = np.flatnonzero(~np.isfinite([run.train_loss, run.val_loss]).all(axis=0))
    if len(broken) or run.diverged:
        epoch = int(broken[0]) + 1 if len(broken) else len(run) + 1
        return "diverging", epoch, EVIDENCE["no number"]
    above = np.flatnonzero(run.train_loss > THRESHOLDS.diverging_loss * run.chance["loss"])
    accuracy = min(curve[-THRESHOLDS.last_epochs :].mean() for curve in (run.train_acc, run.val_acc))
    if not len(above) or accuracy >= THRESHOLDS.good:
        return None
    evidence = EVIDENCE["diverging"].format(
        highest=run.train_loss.max(), guessing=run.guessing, last=run.train_loss[-1]
    )
    return "diverging", int(above[0]) + 1, evidence


def overfitting(run: Curves) -> Iterator[Seen]:
    """Overfitting in any of three forms, and after it `memorised`, where the training mazes are known by heart.

    The validation loss rises while the training loss falls; or accuracy is lost from training to held-out mazes; or
    the training loss goes on falling and the validation loss does not.
    """
    rises, gap = _validation_loss_rises(run), _accuracy_gap(run)
    if rises:
        best = int(run.val_loss.argmin())
        risen = run.val_loss[-1] / max(run.val_loss[best], THRESHOLDS.smallest_loss) - 1
        evidence = EVIDENCE["validation loss rises"].format(risen=risen, accuracies=run.accuracies)
        yield "overfitting", best + 2, evidence
    elif gap or _parted(run):
        start = (
            since(run.train_acc - run.val_acc > THRESHOLDS.begins_at * run.gap)
            if gap
            else len(run) - run.part(THRESHOLDS.parted_parts) + 1
        )
        yield "overfitting", start, EVIDENCE["gap"].format(accuracies=run.accuracies, ratio=run.ratio)
    memorised = run.train_acc >= THRESHOLDS.memorised
    if (rises or gap) and memorised[-1] and run.gap > THRESHOLDS.overfitting_gap:
        yield "memorised", since(memorised), EVIDENCE["memorised"].format(wrong=1 - run.val_acc[-1])


def _validation_loss_rises(run: Curves) -> bool:
    best = int(run.val_loss.argmin())
    lowest = run.val_loss[best]
    rise = run.val_loss[-THRESHOLDS.last_epochs :].min() - lowest
    after = min(best + 1, len(run) - 1)  # from here on, because in the first epochs the training loss falls anyway
    falls = run.train_loss[-1] < (1 - THRESHOLDS.overfitting_train_fall) * run.train_loss[after]
    return bool(falls) and rise > max(
        THRESHOLDS.overfitting_rise * lowest,
        THRESHOLDS.overfitting_rise_of_guessing * run.chance["loss"],
        THRESHOLDS.overfitting_rise_noise * noise(run.val_loss) * lowest,
    )


def _accuracy_gap(run: Curves) -> bool:
    differ = run.val_loss[-1] > THRESHOLDS.overfitting_gap_ratio * run.train_loss[-1]
    return bool(differ) and run.gap > THRESHOLDS.overfitting_gap


def _parted(run: Curves) -> bool:
    epochs = run.part(THRESHOLDS.parted_parts)
    train_fell, val_fell = (fall(loss, epochs) for loss in (run.train_loss, run.val_loss))
    return bool(
        train_fell > THRESHOLDS.parted_train_fall
        and val_fell < THRESHOLDS.parted_val_fall * train_fell
        and run.val_loss[-1] > THRESHOLDS.parted_ratio * run.train_loss[-1]
        and run.val_acc[-1] < THRESHOLDS.very_good
    )


def oscillating(run: Curves) -> Seen | None:
    """A loss that goes up and down: in one epoch by far more than the noise of the run, or throughout the run.

    A loss may rise a little in any epoch, and in more epochs it does so more often. So single rises are compared with
    the noise, and swings are averaged over the epochs, not added up.
    """
    guess = run.chance["loss"]
    if seen := _rise_of_the_training_loss(run):
        return seen
    jumps = _swings(run.val_loss)
    top = int(jumps.argmax())
    allowed = THRESHOLDS.oscillating_noise * noise(run.val_loss) * run.val_loss[top + 1]
    if jumps[top] > max(THRESHOLDS.oscillating_jump * guess, allowed):
        return _up_and_down("validation", jumps)
    for name, loss in (("training", run.train_loss), ("validation", run.val_loss)):
        swings = _swings(loss)
        if swings.mean() > THRESHOLDS.oscillating_swing * guess:
            return _up_and_down(name, swings)
    return None


def _rise_of_the_training_loss(run: Curves) -> Seen | None:
    guess, loss = run.chance["loss"], run.train_loss
    rises = np.where(loss[1:] > THRESHOLDS.oscillating_above * guess, np.diff(loss), 0)
    before = int(rises.argmax())
    allowed = THRESHOLDS.oscillating_noise * noise(loss) * loss[before]
    recovers = loss[-1] < loss[: before + 1].min()
    if recovers and rises[before] > max(THRESHOLDS.oscillating_rise * guess, allowed):
        return "oscillating", before + 2, EVIDENCE["rise"].format(loss=loss[before + 1])
    return None


def _swings(loss: Floats) -> Floats:
    """For every epoch but the first and the last: by how much the loss went up to it and down again after it."""
    steps = np.diff(loss)
    return np.minimum(steps[:-1], -steps[1:]).clip(0)


def _up_and_down(name: str, swings: Floats) -> Seen:
    first = int((swings > THRESHOLDS.begins_at * swings.max()).argmax())
    return "oscillating", first + 2, EVIDENCE["up and down"].format(name=name, most=swings.max())


def different_mazes(run: Curves) -> Seen | None:
    """Training and held-out mazes that are not drawn alike, told by what guessing costs on them."""
    if not run.known_chance:
        return None
    train, val = (run.known_chance[name]["loss"] for name in ("train", "val"))
    if abs(val / train - 1) <= THRESHOLDS.different_mazes:
        return None
    return "different mazes", None, EVIDENCE["different mazes"].format(train=train, val=val)


def at_chance(run: Curves) -> Seen | None:
    """Accuracies no better than those of one and the same action everywhere."""
    accuracy = max(curve[-THRESHOLDS.chance_epochs :].mean() for curve in (run.train_acc, run.val_acc))
    if not run.known_chance:
        return None
    if accuracy >= max(guess["acc"] for guess in run.known_chance.values()) + THRESHOLDS.chance_margin:
        return None
    evidence = EVIDENCE["stuck at chance"].format(accuracies=run.accuracies, guess=run.chance["acc"])
    return "stuck at chance", None, evidence


def crawling(run: Curves) -> Seen | None:
    """A training loss that falls steadily but too slowly, with a learning rate that can be raised."""
    if run.lr is not None and run.lr >= LEARNING_RATE[-1]:
        return None  # the guide has no higher learning rate
    guess, loss = run.chance["loss"], run.train_loss
    early = max(1, len(run) // THRESHOLDS.crawling_parts)
    slow = loss[early] > THRESHOLDS.crawling_early * guess and loss[-1] > THRESHOLDS.crawling_late * guess
    fall, typical = loss[early] - loss[-1], noise(loss) * loss[early]
    falls = loss[early] < loss[0] and fall > max(
        THRESHOLDS.crawling_share * (loss[0] - loss[-1]),
        THRESHOLDS.crawling_fall * guess,
        THRESHOLDS.crawling_fall_noise * typical,
    )
    steady = np.diff(loss).max() < max(THRESHOLDS.crawling_rise * guess, THRESHOLDS.oscillating_noise * typical)
    if not (slow and falls and steady):
        return None
    evidence = EVIDENCE["crawling"].format(
        early=early + 1, epochs=len(run), loss=loss[early], guessing=run.guessing, last=loss[-1]
    )
    return "crawling", None, evidence


def verdict(run: Curves) -> Seen:
    """What can be said of a finished run without a fault in its course."""
    val = run.val_acc[-1]
    if len(run) < THRESHOLDS.shortest:
        evidence = EVIDENCE["too short to say"].format(epochs=len(run), shortest=THRESHOLDS.shortest)
        return "too short to say", None, evidence
    epochs = run.part(THRESHOLDS.verdict_parts)
    fell, wobble = fall(run.val_loss, epochs), noise(run.val_loss)
    hidden = wobble > THRESHOLDS.too_noisy and abs(fell) < THRESHOLDS.too_noisy_fall * wobble
    if val < THRESHOLDS.very_good and hidden:
        evidence = EVIDENCE["too noisy to say"].format(wobble=wobble, fell=abs(fell), epochs=epochs)
        return "too noisy to say", None, evidence
    if val < THRESHOLDS.very_good and fell > THRESHOLDS.still_improving:
        evidence = EVIDENCE["still improving"].format(fell=fell, epochs=epochs, accuracies=run.accuracies)
        return "still improving", None, evidence
    words = dict(train=run.train_loss[-1], val=run.val_loss[-1], guessing=run.guessing, accuracies=run.accuracies)
    if min(run.train_acc[-1], val) < THRESHOLDS.good:
        return "underfitting", _flat_since(run.train_loss), EVIDENCE["underfitting"].format(**words)
    return "healthy", None, EVIDENCE["healthy"].format(**words)


def _flat_since(loss: Floats) -> int:
    last = loss[-1]
    allowed = max(THRESHOLDS.flat * (loss.max() - last), THRESHOLDS.flat_noise * noise(loss) * last)
    return since(np.abs(loss - last) <= allowed)
