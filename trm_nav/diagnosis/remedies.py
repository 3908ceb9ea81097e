"""What to try against each finding: the training guide's remedies, in its order, from the settings that a run had."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trm_nav.settings import DataSettings, TrainSettings

from .history import accepts, known_settings

# The values that the guide's tables offer, from the mildest on.
DROPOUT = 0.0, 0.1, 0.2, 0.3
WEIGHT_DECAY = 0.0, 0.01, 0.05, 0.1
LEARNING_RATE = 1e-4, 5e-4, 1e-3, 1e-2
MAZES = 1_000, 5_000, 10_000, 50_000, 100_000
DIM, DEPTH = 256, 4  # the largest
# Values so far outside of these tables that they are put right before anything else.
EXTREME = {"lr": 3 * LEARNING_RATE[-1], "dropout": 0.5, "weight_decay": 3 * WEIGHT_DECAY[-1]}

RunSettings = Mapping[str, Any]  # every setting of a run


@dataclass(frozen=True)
class Remedy:
    """Something to try: what it is, and the settings to change; none if it is not a matter of settings.

    As a string it names them in backticks, which `cli.in_flags` turns into flags.
    """

    what: str
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.what} ({self.settings})" if self.changes else self.what

    @property
    def settings(self) -> str:
        """The changes in words: "`dim=32` `depth=2`"."""
        return " ".join(f"`{name}={value}`" for name, value in self.changes.items())


Rule = Callable[[RunSettings], Remedy | None]  # what to try after these settings, if anything


@dataclass(frozen=True)
class Fixed:
    """A remedy with the same changes for every run that does not have them already."""

    what: str
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, now: RunSettings) -> Remedy | None:
        open_ = not self.changes or any(now[name] != value for name, value in self.changes.items())
        return Remedy(self.what, self.changes) if open_ else None


@dataclass(frozen=True)
class More:
    """A larger value of one setting: the first of a table that is at least `least` times as large as now.

    beyond: where the table has none, the value of now times this; without it there is no remedy then.
    """

    what: str
    setting: str
    table: Sequence[float]
    least: float = 1
    beyond: float | None = None

    def __call__(self, now: RunSettings) -> Remedy | None:
        value = now[self.setting]
        larger = [offered for offered in self.table if offered > value and offered >= self.least * value]
        if not larger and self.beyond is None:
            return None
        return Remedy(self.what, {self.setting: larger[0] if larger else self.beyond * value})


@dataclass(frozen=True)
class Less:
    """A smaller value of one setting: the first of a table, the largest first."""

    what: str
    setting: str
    table: Sequence[float]

    def __call__(self, now: RunSettings) -> Remedy | None:
        smaller = (offered for offered in self.table if offered < now[self.setting])
        return next((Remedy(self.what, {self.setting: offered}) for offered in smaller), None)


@dataclass(frozen=True)
class Double:
    """Twice the value of one setting, while it is below a limit."""

    what: str
    setting: str
    below: float | None = None

    def __call__(self, now: RunSettings) -> Remedy | None:
        value = now[self.setting]
        return Remedy(self.what, {self.setting: 2 * value}) if self.below is None or value < self.below else None


@dataclass(frozen=True)
class MuchLess:
    """The highest value of a table that is less than half of now; where there is none, a tenth of now."""

    what: str
    setting: str
    table: Sequence[float]

    def __call__(self, now: RunSettings) -> Remedy:
        value = now[self.setting]
        lower = [offered for offered in self.table if 2 * offered < value]
        return Remedy(self.what, {self.setting: max(lower, default=float(f"{value / 10:.3g}"))})


@dataclass(frozen=True)
class SmallerModel:
    """Half the channels, or one block less where there are fewer channels than `halved_from`."""

    what: str
    halved_from: int

    def __call__(self, now: RunSettings) -> Remedy | None:
        if now["dim"] >= self.halved_from:
            return Remedy(self.what, {"dim": now["dim"] // 2})
        return Remedy(self.what, {"depth": now["depth"] - 1}) if now["depth"] > 1 else None


@dataclass(frozen=True)
class AnotherSize:
    """The guide's "try a smaller model first"; a network that is too small to learn anything gets a wider one."""

    wider: str
    wider_below: int  # channels
    small: str
    changes: Mapping[str, Any]

    def __call__(self, now: RunSettings) -> Remedy | None:
        if now["dim"] < self.wider_below:
            return Remedy(self.wider, {"dim": 2 * now["dim"]})
        return Remedy(self.small, self.changes) if now["dim"] > self.changes["dim"] else None


LOWER_LEARNING_RATE = MuchLess("a lower learning rate", "lr", LEARNING_RATE)
LESS_DROPOUT = Less("less dropout", "dropout", (0.1, 0.0))
LESS_WEIGHT_DECAY = Less("less weight decay", "weight_decay", (0.01, 0.0))
MORE_EPOCHS = Double("more epochs", "epochs")
LARGER_BATCHES = Double("larger batches", "batch_size")
CHECK_THE_DATA = Fixed("check the data: does each label belong to its maze, and is it rotated and reflected with it?")
ANOTHER_SIZE = AnotherSize(
    "a wider model", 8, "a small model first, to see whether anything learns", {"dim": 32, "depth": 2}
)
OVERFITTING: tuple[Rule, ...] = (
    Fixed("augmentation", {"augment": True}),
    More("more dropout", "dropout", DROPOUT[2:]),
    More("more weight decay", "weight_decay", WEIGHT_DECAY[2:]),
    More("more data", "num_train", MAZES, least=4, beyond=4),
    SmallerModel("a smaller model", halved_from=16),
    # These two are not in the guide, whose runs have one label a maze and dense mixing.
    Fixed("a label for every cell", {"supervision": "policy"}),
    Fixed("mixing by 3 x 3 neighbourhoods", {"mixing": "conv"}),
)
REMEDIES: dict[str, tuple[Rule, ...]] = {
    "healthy": (),
    "overfitting": OVERFITTING,
    "memorised": OVERFITTING,
    "underfitting": (
        Double("a wider model", "dim", below=DIM),
        More("a deeper model", "depth", range(2, DEPTH + 1)),
        LESS_DROPOUT,
        MORE_EPOCHS,
        LESS_WEIGHT_DECAY,
    ),
    "stuck at chance": (CHECK_THE_DATA, ANOTHER_SIZE),
    "diverging": (LOWER_LEARNING_RATE, CHECK_THE_DATA),
    "oscillating": (LOWER_LEARNING_RATE, LARGER_BATCHES),
    "crawling": (More("a higher learning rate", "lr", LEARNING_RATE, least=3, beyond=10), MORE_EPOCHS),
    "still improving": (MORE_EPOCHS,),
    "different mazes": (Fixed("draw training and held-out mazes alike, as scripts/generate_dataset.py does"),),
    "too short to say": (MORE_EPOCHS,),
    "too noisy to say": (LARGER_BATCHES,),
}
EXTREMES_FIRST = "underfitting", "stuck at chance"  # the findings of which an extreme setting can be the cause
CURES_OF_EXTREMES: dict[str, Rule] = {
    "lr": LOWER_LEARNING_RATE,
    "dropout": LESS_DROPOUT,
    "weight_decay": LESS_WEIGHT_DECAY,
}


def remedies(finding: str, settings: Mapping[str, Any]) -> list[Remedy]:
    """The remedies for a finding of `diagnose` that the run has not used up, in the order in which to try them.

    settings: of the run, by their names in `config`, and `num_train`; what is missing counts as its default. The order
    is the guide's, except that an extreme setting is put right before anything else.
    """
    fields = {**DataSettings.model_fields, **TrainSettings.model_fields}
    now = {**{name: field.default for name, field in fields.items()}, **known_settings(settings)}
    extremes = [CURES_OF_EXTREMES[name] for name, limit in EXTREME.items() if now[name] > limit]
    first = list(_offered(extremes if finding in EXTREMES_FIRST else (), now))
    changed = {name for remedy in first for name in remedy.changes}
    return first + [remedy for remedy in _offered(REMEDIES[finding], now) if not changed & set(remedy.changes)]


def _offered(rules: Iterable[Rule], now: RunSettings) -> list[Remedy]:
    """What the rules offer that the project accepts."""
    found = [remedy for rule in rules if (remedy := rule(now))]
    return [remedy for remedy in found if all(accepts(*change) for change in remedy.changes.items())]
