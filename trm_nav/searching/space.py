"""What a search varies: for each setting a list of values, or a range of numbers."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from trm_nav.declaration import nearest
from trm_nav.errors import UserError
from trm_nav.settings import TrainSettings

# The training guide's grid of 27, and its table of ranges.
GRID = {"dim": "64,128,256", "depth": "2,3,4", "dropout": "0.1,0.15,0.2"}
RANGES = GRID | {"dropout": "0.1,0.15,0.2,0.25", "lr": "1e-3,5e-4,1e-4", "weight_decay": "0.01,0.02,0.05"}
GRID_EPOCHS = 50  # of each of the guide's 27 runs

# Where the files are and how the work is done: not part of what is learned.
NOT_SEARCHED = {"train_path", "val_path", "checkpoint_dir", "device", "threads", "save_every", "resume", "overwrite"}

Space = dict[str, BaseDistribution]


def space_of(ranges: Mapping[str, str], fixed: Collection[str]) -> Space:
    """The distribution of each setting that is searched, by name.

    Args:
        ranges: a list of values as text, "32,64", or the ends of a range of numbers, "1e-4:1e-2", with ":log" for one
            that is searched evenly in its logarithm. Both ends are included.
        fixed: names of the settings that are the same in every trial.

    Raises UserError for an unknown setting, a value outside its bounds, and a range that is none.
    """
    searchable = [name for name in TrainSettings.model_fields if name not in NOT_SEARCHED]
    for name in ranges:
        if name not in searchable:
            raise UserError(f"'{name}' is no setting that can be searched{nearest(name, searchable)}")
        if name in fixed:
            raise UserError(f"`{name}` is searched and given as well; leave one of them out")
    return {name: _distribution(name, text) for name, text in ranges.items()}


def _distribution(name: str, text: str) -> BaseDistribution:
    if ":" not in text:
        values = [_value(name, word) for word in text.split(",")]
        if len(set(values)) < len(values):
            raise UserError(f"the values of `{name}` are not all different: {text}")
        return CategoricalDistribution(values)
    words = text.removesuffix(":log").split(":")
    numbers = [_value(name, word) for word in words] if len(words) == 2 else []
    if not numbers or not all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers):
        raise UserError(
            f"a range of `{name}` is two numbers, such as 1e-4:1e-2, or 1e-4:1e-2:log for a logarithmic one, not {text}"
        )
    low, high = numbers
    if low >= high:
        raise UserError(f"the range {text} of `{name}` ends where it begins, or before")
    if (logarithmic := text.endswith(":log")) and low <= 0:
        raise UserError(f"a logarithmic range of `{name}` begins above 0, not at {low:g}")
    kind = IntDistribution if isinstance(low, int) and isinstance(high, int) else FloatDistribution
    return kind(low, high, log=logarithmic)


def _value(name: str, word: str) -> Any:
    """A value of a setting from text. Only its own type and bounds are checked: what else it must fit is not known."""
    try:
        return TrainSettings.from_strings({"halting": "True", "mixing": "cross", name: word.strip()})[name]
    except UserError as problem:
        if f"`{name}` must be" not in str(problem):  # it does not fit the two that were put beside it
            return TrainSettings.from_strings({name: word.strip()})[name]
        raise


def grid(space: Space) -> list[dict[str, Any]]:
    """All combinations of the listed values, the last setting changing fastest. Raises UserError for a range."""
    for name, distribution in space.items():
        if not isinstance(distribution, CategoricalDistribution):
            raise UserError(f"a grid needs a list of values for `{name}`, such as 1e-3,1e-4, not a range")
    choices: Sequence[Sequence[Any]] = [each.choices for each in space.values()]  # type: ignore[attr-defined]
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*choices)]


def in_words(distribution: BaseDistribution) -> str:
    """A distribution as `space_of` reads it."""
    if isinstance(distribution, CategoricalDistribution):
        return ",".join(map(str, distribution.choices))
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    return f"{distribution.low:g}:{distribution.high:g}{':log' if distribution.log else ''}"
