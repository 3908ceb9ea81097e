"""The parameters of the lessons: their names, types and bounds, checked with one sentence for the first that is wrong.

papermill puts the values given by `-p` into a cell of its own, and only warns when the notebook has no such parameter.
Every lesson imports this module in its first cell. If a package that the lessons need is missing, the import says so.
"""

import ast
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from trm_nav.command_lines import FIELDS
from trm_nav.declaration import Settings, nearest
from trm_nav.errors import UserError
from trm_nav.settings import FIRST_LOOK, DataSettings, Seed, TrainSettings, recipe

INJECTED = "# Parameters"  # the first line of papermill's cell
PATHS = {"train_path", "val_path", "checkpoint_dir", "resume"}  # not parameters: they follow from output_dir


def require(*packages: str) -> None:
    """Raise UserError, with what to do, unless all these packages are installed."""
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise UserError(
            f"the lessons need {' and '.join(missing)}, not installed for {sys.executable}; open the lessons with "
            "`make lab`, or run: pip install -e '.[course]' -c constraints.txt. `make doctor` says more"
        )


require("ipywidgets", "matplotlib", "torch")


class GridsLesson(Settings):
    """Lesson 00."""

    grid_size: Annotated[int, Field(ge=4, le=32)]
    obstacle_density: Annotated[float, Field(ge=0, le=0.7)]
    num_mazes: Annotated[int, Field(ge=1000, le=50_000)]
    seed: Seed


class AstarLesson(Settings):
    """Lesson 01."""

    grid_size: Annotated[int, Field(ge=4, le=20)]
    obstacle_density: Annotated[float, Field(ge=0, le=0.6)]
    num_mazes: Annotated[int, Field(ge=200, le=5000)]
    weight: Annotated[float, Field(ge=1.5, le=10)]
    seed: Seed


class EncodingLesson(Settings):
    """Lesson 02."""

    grid_size: Annotated[int, Field(ge=3, le=24)]
    obstacle_density: Annotated[float, Field(ge=0, le=0.6)]
    seed: Seed
    num_mazes: Annotated[int, Field(ge=50, le=20_000)]
    num_train: Annotated[int, Field(ge=50, le=20_000)]
    epochs: Annotated[int, Field(ge=1, le=100)]


class MixerLesson(Settings):
    """Lesson 03."""

    grid_size: Annotated[int, Field(ge=3, le=16)]
    obstacle_density: Annotated[float, Field(ge=0, le=0.6)]
    dim: Annotated[int, Field(ge=4, le=128)]
    depth: Annotated[int, Field(ge=1, le=4)]
    recursions: Annotated[int, Field(ge=2, le=16)]
    num_train: Annotated[int, Field(ge=1, le=100_000)]
    epochs: Annotated[int, Field(ge=1, le=100)]
    batch_size: Annotated[int, Field(ge=1, le=1000)]
    seed: Seed


class TrainLesson(Settings):
    """Lesson 04, what it has besides all settings of a run."""

    output_dir: str
    evaluation_mazes: Annotated[int, Field(ge=1, le=100_000)]
    evaluation_seed: Seed


class DiagnosticsLesson(Settings):
    """Lesson 05."""

    grid_size: Annotated[int, Field(ge=4, le=16)]
    obstacle_density: Annotated[float, Field(ge=0, le=0.5)]
    num_train: Annotated[int, Field(ge=100, le=5000)]
    num_test: Annotated[int, Field(ge=100, le=5000)]
    num_final: Annotated[int, Field(ge=100, le=10_000)]
    dim: Annotated[int, Field(ge=4, le=128)]
    depth: Annotated[int, Field(ge=1, le=4)]
    lr: Annotated[float, Field(ge=1e-4, le=0.1)]
    epochs: Annotated[int, Field(ge=4, le=60)]
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)]


class ResumeLesson(Settings):
    """Lesson 06."""

    grid_size: Annotated[int, Field(ge=4, le=24)]
    obstacle_density: Annotated[float, Field(ge=0, le=0.6)]
    seed: Seed
    num_train: Annotated[int, Field(ge=50, le=5000)]
    dim: Annotated[int, Field(ge=4, le=128)]
    epochs: Annotated[int, Field(ge=3, le=30)]
    stop_after: Annotated[int, Field(ge=1, le=29)]

    @model_validator(mode="after")
    def _stops_before_the_end(self) -> Self:
        if self.stop_after >= self.epochs:
            raise ValueError(f"`stop_after` must be less than `epochs`, {self.epochs}, not {self.stop_after}")
        return self


class WaveLesson(Settings):
    """Lesson 07."""

    num_train: Annotated[int, Field(ge=100, le=200_000)]
    epochs: Annotated[int, Field(ge=1, le=20)]
    dim: Annotated[int, Field(ge=2, le=10)]
    local_train: Annotated[int, Field(ge=100, le=50_000)]
    local_epochs: Annotated[int, Field(ge=1, le=20)]
    short_epochs: Annotated[int, Field(ge=1, le=20)]
    large: Annotated[int, Field(ge=16, le=64)]
    huge: Annotated[int, Field(ge=33, le=401)]
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)]

    @model_validator(mode="after")
    def _compares_equal_training(self) -> Self:
        if self.short_epochs > self.epochs:
            raise ValueError(
                f"`short_epochs` must be at most `epochs`, {self.epochs}, not {self.short_epochs}: the two "
                "networks are compared after the same number of epochs"
            )
        return self


class SearchLesson(Settings):
    """Lesson 08."""

    lr: Annotated[float, Field(ge=1e-4, le=0.3)]
    epochs: Annotated[int, Field(ge=1, le=30)]
    long_epochs: Annotated[int, Field(ge=2, le=60)]
    draws: Annotated[int, Field(ge=20, le=5000)]
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)]


def lesson_parameters(namespace: Mapping[str, Any], lesson: type[Settings]) -> None:
    """Check the parameters of a lesson; `namespace` is the notebook's `globals()`.

    Raises UserError for a value that does not fit, and for a name given to papermill that the lesson does not have.
    """
    _require_known(namespace, lesson.model_fields)
    lesson.of(lesson.part_of(namespace))


def run_settings(namespace: Mapping[str, Any]) -> tuple[DataSettings, TrainSettings]:
    """The settings of a whole run, from the parameters of lesson 04: how to make the data, and how to train on them.

    Every setting is a parameter, None where the recipe decides. If `recipe` is None too, `FIRST_LOOK` takes its place.
    Data and checkpoints go into subfolders of `output_dir`. Raises UserError as `lesson_parameters` does.
    """
    names = [name for name in FIELDS if name not in PATHS]
    _require_known(namespace, ["recipe", *names, *TrainLesson.model_fields])
    TrainLesson.of(TrainLesson.part_of(namespace))
    folder = Path(namespace["output_dir"])
    values = {
        **(FIRST_LOOK if namespace["recipe"] is None else recipe(namespace["recipe"])),
        **{name: namespace[name] for name in names if namespace[name] is not None},
        "output_dir": folder / "data",
        "train_path": folder / "data" / "train.pt",
        "val_path": folder / "data" / "test.pt",
        "checkpoint_dir": folder / "checkpoints",
    }
    return DataSettings.of(DataSettings.part_of(values)), TrainSettings.of(TrainSettings.part_of(values))


def _require_known(namespace: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise UserError for a name that papermill has put into the notebook and that is not among the known ones."""
    for source in namespace.get("In", ()):
        if source.startswith(INJECTED):
            for name in (target.id for line in ast.parse(source).body for target in line.targets):
                if name not in known:
                    raise UserError(f"this notebook has no parameter '{name}'{nearest(name, known)}")
