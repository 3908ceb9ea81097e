"""The parameters of a notebook: known by name, of the right type, within bounds, or one sentence says why not.

papermill puts whatever `-p` names into a cell of its own and only warns when the notebook knows no such name.
"""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .config import DataSettings, TrainSettings, nearest, recipe
from .errors import UserError

INJECTED = "# Parameters"  # the first line of papermill's cell
PLACES = {"train_path", "val_path", "checkpoint_dir", "resume"}  # not parameters: they follow from output_dir


def lesson_parameters(namespace: Mapping[str, Any], **expected: type | range | tuple) -> None:
    """Check all parameters of a lesson: `check_parameters`, and no name given to papermill is another's."""
    require_known(namespace, expected)
    check_parameters(namespace, **expected)


def check_parameters(namespace: Mapping[str, Any], **expected: type | range | tuple) -> None:
    """Check that a notebook's parameters are what they should be; `namespace` is its `globals()`.

    Each parameter is expected to be a type (`bool`, `str`), a whole number in a `range`, a number between the two of a
    tuple of floats, or one of a tuple of other values. Raises UserError for the first that is not.
    """
    for name, wanted in expected.items():
        if problem := _problem(namespace[name], wanted):
            raise UserError(f"{name} must be {problem}, not {namespace[name]!r}{_capital(namespace[name])}")


def run_settings(
    namespace: Mapping[str, Any], first_look: Mapping[str, Any], **others
) -> tuple[DataSettings, TrainSettings]:
    """The settings of a whole run from a notebook's parameters: how to make its data, and how to train on them.

    Every setting is a parameter, None where the recipe decides. `recipe` may be None too, and then the settings in
    `first_look` take its place. Data and checkpoints go below `output_dir`. The notebook's other parameters are
    checked as by `check_parameters`. Raises UserError.
    """
    names = [name for name in {**DataSettings.model_fields, **TrainSettings.model_fields} if name not in PLACES]
    require_known(namespace, ["recipe", *names, *others])
    check_parameters(namespace, **others, output_dir=str)
    folder = Path(namespace["output_dir"])
    values = {
        **(first_look if namespace["recipe"] is None else recipe(namespace["recipe"])),
        **{name: namespace[name] for name in names if namespace[name] is not None},
        "output_dir": folder / "data",
        "train_path": folder / "data" / "train.pt",
        "val_path": folder / "data" / "test.pt",
        "checkpoint_dir": folder / "checkpoints",
    }
    return tuple(
        settings.of({name: value for name, value in values.items() if name in settings.model_fields})
        for settings in (DataSettings, TrainSettings)
    )


def require_known(namespace: Mapping[str, Any], known) -> None:
    """Raise UserError for a name that papermill has put into the notebook and that is not among the known ones."""
    for source in namespace.get("In", ()):
        if source.startswith(INJECTED):
            for name in (target.id for line in ast.parse(source).body for target in line.targets):
                if name not in known:
                    raise UserError(f"this notebook has no parameter '{name}'{nearest(name, known)}")


def _problem(value: Any, wanted: type | range | tuple) -> str | None:
    """What the value should have been; None if it is."""
    if isinstance(wanted, type):
        return None if type(value) is wanted else {bool: "True or False", str: "text"}[wanted]
    if isinstance(wanted, range):
        whole = type(value) is int and value in wanted
        return None if whole else f"a whole number from {wanted.start} to {wanted.stop - 1}"
    if all(type(bound) is float for bound in wanted):
        low, high = wanted
        number = type(value) in (int, float) and low <= value <= high
        return None if number else f"a number from {low:g} to {high:g}"
    return None if value in wanted else " or ".join(map(repr, wanted))


def _capital(value: Any) -> str:
    return " (papermill reads True and False with a capital letter)" if value in ("true", "false") else ""
