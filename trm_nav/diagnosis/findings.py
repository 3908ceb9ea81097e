"""The diagnosis: what a history of losses and accuracies shows, and what to try next.

The faults that are looked for are those of the training guide. How often the answer is right is measured on training
runs with faults put into them on purpose, by `python -m benchmarks.studies.faults judge`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trm_nav.errors import UserError, shown

from .curves import Curves
from .history import History
from .remedies import Remedy, remedies
from .rules import seen_in


@dataclass(frozen=True)
class Finding:
    """One thing that a history shows.

    name: such as "overfitting". epoch: where it began, counted from 1; None if it has no beginning. evidence: the
    numbers behind it, in words. remedies: what to try, in this order.
    """

    name: str
    epoch: int | None
    evidence: str
    remedies: list[Remedy] = field(default_factory=list)

    @property
    def heading(self) -> str:
        """The name and the beginning: "overfitting since epoch 4"."""
        return self.name if self.epoch is None else f"{self.name} since epoch {self.epoch}"

    def __str__(self) -> str:
        first = f"; first remedy: {self.remedies[0]}" if self.remedies else ""
        return f"{self.heading}: {self.evidence}{first}"


def diagnose(history: History | Mapping[str, Any] | str | Path, finished: bool = True) -> list[Finding]:
    """What the history shows, the most important finding first. There is always at least one.

    history: the lists train_loss, train_acc, val_loss and val_acc, one number an epoch, losses in nats and accuracies
    as shares; or the path of a JSON file with them or of its folder. A history from `python -m trm_nav.train` also
    holds what guessing would reach (`chance`), the number of `mazes`, whether the run has `diverged`, and its settings
    (`config`), from which the remedies start. Without `chance` no run is called stuck at chance.
    finished: whether the run has ended. While it goes on, only what later epochs cannot change is found.

    Raises UserError if a list is missing or empty, if the lists differ in length or hold anything but numbers. A loss
    that is NaN or null is no mistake: the run has diverged.
    """
    if not isinstance(finished, bool):
        raise UserError(f"`finished` must be True or False, not {shown(finished)}")
    history = History.of(history)
    settings = history.settings
    seen = seen_in(Curves.of(history), finished)
    return [Finding(name, epoch, evidence, remedies(name, settings)) for name, epoch, evidence in seen]
