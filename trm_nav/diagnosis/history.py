"""The history of a training run: where its file lies, and what it must hold.

A history may come from any program. It needs four lists of numbers; everything else is used where it makes sense and
ignored where it does not.
"""

import math
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from trm_nav.errors import UserError
from trm_nav.files import as_path, load_json
from trm_nav.settings import MOST_EPOCHS, DataSettings, TrainSettings

from .thresholds import THRESHOLDS

CURVES = "train_loss", "train_acc", "val_loss", "val_acc"
PLACES = "history.json", "checkpoints/history.json"  # in an experiment's folder
TRIALS = "trial_*"  # the runs in the folder of a search
SETTINGS = DataSettings, TrainSettings


def load(name: str | Path) -> tuple[Path, Any]:
    """The path and the content of a history file, or of the one in an experiment's folder.

    Raises UserError if there is no such file or it is not JSON. What the JSON holds is not checked.
    """
    path = as_path(name)
    try:
        path = next(place for place in (path, *(path / place for place in PLACES)) if place.is_file())
    except StopIteration:
        raise UserError(f"there is no history.json in {name} or in its checkpoints/") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    return path, load_json(path, "history", "name a history.json that training wrote")


def runs_in(name: str) -> list[str]:
    """The runs that a name stands for: those of a search, if it is the folder of one, and else the name itself."""
    folder = as_path(name)
    try:
        trials = sorted(folder.glob(f"{TRIALS}/history.json"))
        if any((folder / place).is_file() for place in PLACES):
            trials = []
    except OSError:
        trials = []
    return [str(path.parent) for path in trials] or [name]


def accepts(name: str, value: Any) -> bool:
    """Whether this project has a setting of that name and accepts the value for it."""
    for kind in SETTINGS:
        if part := kind.part_of({name: value}):
            try:
                kind.of(part)
            except UserError:
                continue
            return True
    return False


def known_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are settings of this project and accepted by it; other programs may have used others."""
    return {name: value for name, value in values.items() if value is not None and accepts(name, value)}


def _number(value: Any) -> float:
    """A number as a float, NaN for None. Raises ValueError for anything else, True and False included."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError
    return float(value)


def _curve(values: Any) -> tuple[float, ...]:
    try:
        if len(values) > MOST_EPOCHS:
            raise ValueError
        return tuple(map(_number, values))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"must be a list of numbers, one an epoch, {MOST_EPOCHS:,} at most") from None


def _shares(values: tuple[float, ...]) -> tuple[float, ...]:
    for value in values:
        if math.isfinite(value) and not 0 <= value <= 1:
            raise ValueError(f"must hold shares from 0 to 1, not {value:g}")
    return values


def _chance(chance: Any) -> dict[str, dict[str, float]] | None:
    if chance is None:
        return None
    try:
        known = {part: {name: float(chance[part][name]) for name in ("loss", "acc")} for part in ("train", "val")}
    except (TypeError, ValueError, LookupError, OverflowError):
        raise ValueError("must hold loss and acc, each for train and val") from None
    return known if all(THRESHOLDS.smallest_chance < guess["loss"] < math.inf for guess in known.values()) else None


def _mazes(value: Any) -> int | None:
    return value if accepts("num_train", value) else None


def _seconds(values: Any) -> tuple[float, ...] | None:
    try:
        return None if values is None else _curve(values)
    except ValueError:
        return None


def _mapping(value: Any) -> dict[str, Any]:
    return {name: item for name, item in value.items() if isinstance(name, str)} if isinstance(value, Mapping) else {}


Curve = Annotated[tuple[float, ...], BeforeValidator(_curve)]
Shares = Annotated[Curve, AfterValidator(_shares)]
Chance = Annotated[dict[str, dict[str, float]] | None, BeforeValidator(_chance)]


class History(BaseModel):
    """A checked history. The four curves are as long as each other; nothing else is needed.

    A loss that is NaN, infinite or null is no mistake: there the run has diverged. Entries that are not declared here
    are ignored, and so are `mazes`, `config`, `seconds` and `fingerprints` that are not what this project writes.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    train_loss: Curve
    "nats, one an epoch"
    train_acc: Shares
    "shares, one an epoch"
    val_loss: Curve
    "nats, one an epoch"
    val_acc: Shares
    "shares, one an epoch"
    chance: Chance = None
    "loss and acc that guessing reaches on the train and val mazes; None if it is not known"
    mazes: Annotated[int | None, BeforeValidator(_mazes)] = None
    "number of training mazes"
    diverged: Annotated[bool, BeforeValidator(bool)] = False
    "whether training ended because the loss was no longer a number"
    config: Annotated[dict[str, Any], BeforeValidator(_mapping)] = {}
    "settings of the run"
    seconds: Annotated[tuple[float, ...] | None, BeforeValidator(_seconds)] = None
    "duration of each epoch"
    fingerprints: Annotated[dict[str, Any], BeforeValidator(_mapping)] = {}
    "hashes of the train and val data"

    @classmethod
    def of(cls, source: "History | Mapping[str, Any] | str | Path") -> Self:
        """Check a history, from its file if need be. Raises UserError with one sentence for the first mistake."""
        if isinstance(source, cls):
            return source
        where: str | Path = "the history"
        if isinstance(source, (str, Path)):
            where, source = load(source)
        if not isinstance(source, Mapping):
            raise UserError(f"{where} is not a history: it must be an object with the lists {', '.join(CURVES)}")
        if missing := [name for name in CURVES if name not in source]:
            raise UserError(f"{where} has no {missing[0]}: a history has the lists {', '.join(CURVES)}")
        try:
            return cls.model_validate(source)
        except ValidationError as error:
            first = error.errors()[0]
            what = first["ctx"]["error"] if "ctx" in first else first["msg"]
            raise UserError(f"{first['loc'][0]} of {where} {what}" if first["loc"] else f"{where} {what}") from None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        curves = {name: getattr(self, name) for name in CURVES}
        for name, curve in curves.items():
            if len(curve) != self.epochs:
                raise ValueError(
                    f"has {self.epochs} epochs of {CURVES[0]} and {len(curve)} of {name}; they must be equally long"
                )
        if not self.epochs and not self.diverged:
            raise ValueError("has no epochs")
        broken = [name for name, curve in curves.items() if not all(map(math.isfinite, curve))]
        if broken and not any(name.endswith("loss") for name in broken):
            raise ValueError(f"has no number in {broken[0]} for an epoch whose losses are numbers")
        return self

    @property
    def epochs(self) -> int:
        return len(self.train_loss)

    @property
    def best_epoch(self) -> int | None:
        """The epoch, counted from 1, with the lowest validation loss; None if no epoch has one."""
        finite = [(loss, epoch) for epoch, loss in enumerate(self.val_loss, start=1) if math.isfinite(loss)]
        return min(finite)[1] if finite else None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the run as far as they are known, with the number of mazes as `num_train`."""
        return known_settings({**self.config, "num_train": self.mazes})
