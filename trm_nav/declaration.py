"""How settings are declared: a class whose fields have a type, bounds, a default and a help text.

A mistake becomes one sentence. In it, a name in backticks, `dim` or `dim=64`, is a setting; the command line prints a
flag in its place. `settings.py` declares the project's settings in this way.
"""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from .errors import UserError, shown


class Settings(BaseModel):
    """Settings that cannot change, accept no unknown name, and convert no type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Validate a mapping of names to values.

        Raises UserError with one sentence for the first name or value that does not fit.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise UserError(_sentence(error.errors()[0], cls.model_fields)) from None

    @classmethod
    def from_strings(cls, values: Mapping[str, str]) -> dict[str, Any]:
        """Validate strings, as a command line gives them. Returns the values for the names given, and no defaults."""
        try:
            settings = cls.model_validate_strings(values, strict=False)
        except ValidationError as error:
            raise UserError(_sentence(error.errors()[0], cls.model_fields)) from None
        return {name: getattr(settings, name) for name in values}

    @classmethod
    def part_of(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values whose names are settings of this class."""
        return {name: value for name, value in values.items() if name in cls.model_fields}

    def plain(self) -> dict[str, Any]:
        """The settings as plain strings and numbers, for a checkpoint or a JSON file."""
        # Without pydantic's serializer, which turns a Ctrl-C that it meets into an error of its own.
        return {name: str(value) if isinstance(value, Path) else value for name, value in self}


def _sentence(error: Mapping[str, Any], fields: Mapping[str, FieldInfo]) -> str:
    """One of pydantic's error records as a sentence for the person who gave the value."""
    if not error["loc"]:  # raised by a validator of the class, as a sentence
        return str(error["ctx"]["error"])
    name, given = str(error["loc"][0]), error["input"]
    if error["type"] == "extra_forbidden":
        return f"there is no setting '{name}'{nearest(name, fields)}"
    lower_case = isinstance(given, str) and given in ("true", "false")
    hint = " (papermill reads True and False with a capital letter)" if lower_case else ""
    return f"`{name}` must be {accepted(fields[name])}, not {shown(given)}{hint}"


def accepted(field: FieldInfo) -> str:
    """What a setting accepts, in words, from its type and bounds."""
    kind, constraints = _unpacked(field.annotation, field.metadata)
    words = [constraint for constraint in constraints if isinstance(constraint, str)]
    if words:
        return words[0]
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if kind in (bool, str):
        return "True or False" if kind is bool else "text"
    low, above, high, below = (
        next((getattr(limit, name) for limit in constraints if getattr(limit, name, None) is not None), None)
        for name in ("ge", "gt", "le", "lt")
    )
    number = "a whole number" if kind is int else "a number"
    if kind is int and below is not None:
        high, below = below - 1, None
    lower = f"from {low} to" if above is None else f"above {above} and up to"
    upper = f"{high}" if below is None else f"less than {below}"
    return f"{number} {lower} {upper}"


def choices(field: FieldInfo) -> tuple[Any, ...]:
    """The values of a setting that has only a few; empty for all others."""
    kind, _ = _unpacked(field.annotation, field.metadata)
    return get_args(kind) if get_origin(kind) is Literal else ()


def is_switch(field: FieldInfo) -> bool:
    """Whether a setting is either on or off."""
    return _unpacked(field.annotation, field.metadata)[0] is bool


def _unpacked(annotation: Any, constraints: Iterable[Any] = ()) -> tuple[Any, list[Any]]:
    """The type inside `Annotated` and `| None`, and every constraint found on the way."""
    constraints = list(constraints)
    if get_origin(annotation) is Annotated:
        annotation, *found = get_args(annotation)
        for constraint in found:
            constraints += constraint.metadata if isinstance(constraint, FieldInfo) else [constraint]
        return _unpacked(annotation, constraints)
    if type(None) in get_args(annotation):
        (inside,) = (kind for kind in get_args(annotation) if kind is not type(None))
        return _unpacked(inside, constraints)
    return annotation, constraints


def nearest(name: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """`; did you mean 'dim'?` for a name close to a known one; for another, `otherwise`, or the list of all names."""
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; {otherwise or 'there are ' + ', '.join(known)}"


def flag_of(name: str) -> str:
    """The flag of a setting: `--num-train` for `num_train`."""
    return "--" + name.replace("_", "-")


def flags(settings: Mapping[str, Any]) -> list[str]:
    """The words of a command line that sets these settings; `cli.Parser` reads them back."""
    words = []
    for name, value in settings.items():
        flag = flag_of(name)
        if isinstance(value, bool):
            words.append(flag if value else flag.replace("--", "--no-", 1))
        else:
            words += [flag, str(value)]
    return words
