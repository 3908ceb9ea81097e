"""What to try against each finding: the training guide's remedies, in its order, from the settings a run had.

A room of its own because a remedy is about settings, and a diagnosis about curves.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trm_nav.errors import UserError
from trm_nav.settings import DataSettings, TrainSettings, flags

# The values that the guide's tables offer, from the mildest on.
DROPOUT = 0.0, 0.1, 0.2, 0.3
WEIGHT_DECAY = 0.0, 0.01, 0.05, 0.1
LEARNING_RATE = 1e-4, 5e-4, 1e-3, 1e-2
MAZES = 1_000, 5_000, 10_000, 50_000, 100_000
KINDS = DataSettings, TrainSettings


@dataclass(frozen=True)
class Remedy:
    """Something to try: what it is, and the settings that make it so; none where it is not a matter of settings."""

    what: str
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def flags(self) -> str:
        """The changes as on a command line."""
        return " ".join(flags(self.changes))

    def __str__(self) -> str:
        return f"{self.what} ({self.flags})" if self.changes else self.what


def remedies(finding: str, settings: Mapping[str, Any]) -> list[Remedy]:
    """The remedies for a finding of `diagnostics.diagnose` that are still open, the first to try first.

    settings: of the run, by the names in `config`, `num_train` among them; what is missing counts as its default. The
    order is the guide's, but a setting far outside of its tables is put right before anything else.
    """
    defaults = {name: field.default for kind in KINDS for name, field in kind.model_fields.items()}
    now = {**defaults, **known_settings(settings)}
    found = [
        remedy
        for find in _REMEDIES[finding]
        for remedy in find(now)
        if all(_fits(*change) for change in remedy.changes.items())
    ]
    first = [remedy for remedy in _beyond_the_guide(now) if finding in ("underfitting", "stuck at chance")]
    changed = {name for remedy in first for name in remedy.changes}
    return first + [remedy for remedy in found if not changed & set(remedy.changes)]


def known_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those that this project has, with a value that it accepts; a history from elsewhere may hold others."""
    return {name: value for name, value in settings.items() if value is not None and _fits(name, value)}


def _fits(name: str, value: Any) -> bool:
    for kind in KINDS:
        if name in kind.model_fields:
            try:
                kind.of({name: value})
            except UserError:
                continue
            return True
    return False


def _next(table: Sequence[float], value: float, least: float = 1) -> float | None:
    """The first value of a table that is at least `least` times as large as the given one, and larger."""
    return next((offered for offered in table if offered > value and offered >= least * value), None)


def _augmentation(now) -> list[Remedy]:
    return [] if now["augment"] else [Remedy("augmentation", {"augment": True})]


def _more_dropout(now) -> list[Remedy]:
    offered = _next(DROPOUT[2:], now["dropout"])
    return [Remedy("more dropout", {"dropout": offered})] if offered else []


def _more_weight_decay(now) -> list[Remedy]:
    offered = _next(WEIGHT_DECAY[2:], now["weight_decay"])
    return [Remedy("more weight decay", {"weight_decay": offered})] if offered else []


def _more_data(now) -> list[Remedy]:
    return [Remedy("more data", {"num_train": _next(MAZES, now["num_train"], 4) or 4 * now["num_train"]})]


def _smaller_model(now) -> list[Remedy]:
    if now["dim"] >= 16:
        return [Remedy("a smaller model", {"dim": now["dim"] // 2})]
    return [Remedy("a smaller model", {"depth": now["depth"] - 1})] if now["depth"] > 1 else []


def _all_labels(now) -> list[Remedy]:  # not in the guide, whose runs have one label a maze
    return [Remedy("a label for every cell", {"supervision": "policy"})] if now["supervision"] == "action" else []


def _neighbourhoods(now) -> list[Remedy]:  # nor this
    return [Remedy("mixing by 3 x 3 neighbourhoods", {"mixing": "conv"})] if now["mixing"] == "mlp" else []


def _bigger_model(now) -> list[Remedy]:
    wider = [Remedy("a wider model", {"dim": 2 * now["dim"]})] if now["dim"] < 256 else []
    return [*wider, *([Remedy("a deeper model", {"depth": now["depth"] + 1})] if now["depth"] < 4 else [])]


def _less_dropout(now) -> list[Remedy]:
    lower = 0.1 if now["dropout"] > 0.1 else 0.0
    return [Remedy("less dropout", {"dropout": lower})] if now["dropout"] > 0 else []


def _less_weight_decay(now) -> list[Remedy]:
    lower = 0.01 if now["weight_decay"] > 0.01 else 0.0
    return [Remedy("less weight decay", {"weight_decay": lower})] if now["weight_decay"] > 0 else []


def _more_epochs(now) -> list[Remedy]:
    return [Remedy("more epochs", {"epochs": 2 * now["epochs"]})]


def _lower_learning_rate(now) -> list[Remedy]:
    lower = [offered for offered in LEARNING_RATE if 2 * offered < now["lr"]]
    return [Remedy("a lower learning rate", {"lr": max(lower, default=float(f"{now['lr'] / 10:.3g}"))})]


def _higher_learning_rate(now) -> list[Remedy]:
    return [Remedy("a higher learning rate", {"lr": _next(LEARNING_RATE, now["lr"], 3) or 10 * now["lr"]})]


def _larger_batches(now) -> list[Remedy]:
    return [Remedy("larger batches", {"batch_size": 2 * now["batch_size"]})]


def _check_the_data(now) -> list[Remedy]:
    return [Remedy("check the data: are the labels those of these mazes, and is each turned with its maze?")]


def _another_size(now) -> list[Remedy]:
    if now["dim"] < 8:
        return [Remedy("a wider model", {"dim": 2 * now["dim"]})]
    small = {"dim": 32, "depth": 2}
    return [Remedy("a small model first, to see whether anything learns", small)] if now["dim"] > 32 else []


def _same_mazes(now) -> list[Remedy]:
    return [Remedy("validate on mazes drawn like those for training: scripts/generate_dataset.py makes such a pair")]


def _beyond_the_guide(now) -> list[Remedy]:
    found = []
    if now["lr"] > 3 * LEARNING_RATE[-1]:
        found += _lower_learning_rate(now)
    if now["dropout"] > 0.5:
        found += _less_dropout(now)
    if now["weight_decay"] > 3 * WEIGHT_DECAY[-1]:
        found += _less_weight_decay(now)
    return found


_OVERFITTING = (
    _augmentation,
    _more_dropout,
    _more_weight_decay,
    _more_data,
    _smaller_model,
    _all_labels,
    _neighbourhoods,
)
_REMEDIES: dict[str, tuple[Callable[[Mapping[str, Any]], list[Remedy]], ...]] = {
    "healthy": (),
    "overfitting": _OVERFITTING,
    "memorised": _OVERFITTING,
    "underfitting": (_bigger_model, _less_dropout, _more_epochs, _less_weight_decay),
    "stuck at chance": (_check_the_data, _another_size),
    "diverging": (_lower_learning_rate, _check_the_data),
    "oscillating": (_lower_learning_rate, _larger_batches),
    "crawling": (_higher_learning_rate, _more_epochs),
    "still improving": (_more_epochs,),
    "different mazes": (_same_mazes,),
    "too short to say": (_more_epochs,),
    "too noisy to say": (_larger_batches,),
}
