"""A training history as a file: where one lies, and whether it is one.

Nothing here needs more than Python: a history may come from any program.
"""

import json
import math
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import Any

from trm_nav.errors import UserError

CURVES = "train_loss", "train_acc", "val_loss", "val_acc"
PLACES = ("history.json", "checkpoints/history.json")  # in an experiment's folder


def load(name: str | Path) -> tuple[Path, Any]:
    """The path and the content of a history file, or of the one in an experiment's folder.

    Raises UserError if there is none or it is not JSON; what the JSON holds is not looked at.
    """
    path = Path(name)
    try:
        path = next(place for place in (path, *(path / place for place in PLACES)) if place.is_file())
        return path, json.loads(path.read_text())
    except StopIteration:
        raise UserError(f"there is no history.json in {name} or in its checkpoints/") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise UserError(f"{path} is not JSON, or a truncated file") from None


def read(history: Mapping[str, Any] | str | Path) -> dict[str, Any]:
    """The history, from its file if need be, checked: four lists of as many floats, NaN for null, and `chance`, which
    is None if it is not known. Raises UserError."""
    where = "the history"
    if isinstance(history, (str, Path)):
        where, history = load(history)
    if not isinstance(history, Mapping):
        raise UserError(f"{where} is not a history: it must be an object with the lists {', '.join(CURVES)}")
    if missing := [name for name in CURVES if name not in history]:
        raise UserError(f"{where} has no {missing[0]}: a history has the lists {', '.join(CURVES)}")
    curves = {name: _numbers(history[name], f"{name} of {where}") for name in CURVES}
    epochs = len(curves[CURVES[0]])
    for name, curve in curves.items():
        if len(curve) != epochs:
            raise UserError(
                f"{where} has {epochs} epochs of {CURVES[0]} and {len(curve)} of {name}; they must be as many"
            )
    if not epochs and not history.get("diverged"):
        raise UserError(f"{where} has no epochs")
    broken = [name for name, curve in curves.items() if not all(map(math.isfinite, curve))]
    if broken and not any(name.endswith("loss") for name in broken):  # a loss without a number has diverged
        raise UserError(f"{broken[0]} of {where} must have a number for every epoch whose losses are numbers")
    for name in ("train_acc", "val_acc"):
        odd = [share for share in curves[name] if math.isfinite(share) and not 0 <= share <= 1]
        if odd:
            raise UserError(f"{name} of {where} must hold shares from 0 to 1, not {odd[0]:g}")
    return {**history, **curves, "chance": _chance(history.get("chance"), where)}


def _numbers(values: Any, where: str) -> list[float]:
    try:
        values = [math.nan if value is None else value for value in values]
        if any(isinstance(value, bool) or not isinstance(value, Real) for value in values):
            raise TypeError
        return list(map(float, values))
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"{where} must be a list of numbers, one an epoch") from None


def _chance(chance: Any, where: str | Path) -> dict[str, dict[str, float]] | None:
    if chance is None:
        return None
    try:
        known = {part: {name: float(chance[part][name]) for name in ("loss", "acc")} for part in ("train", "val")}
    except (TypeError, ValueError, KeyError, IndexError):
        raise UserError(f"chance of {where} must hold loss and acc, each for train and val") from None
    # On a set of one maze, say, one action is always right and guessing costs nothing: then it is no measure.
    return known if all(guess["loss"] > 0.1 for guess in known.values()) else None
