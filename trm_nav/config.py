"""Every setting of the project, declared once: name, type, bounds, default, help.

The command lines, the notebooks' parameters, validation and the checkpoint's `config` all come from these classes.
"""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError

from .errors import UserError

LARGEST_GRID = 64

GridSize = Annotated[int, Field(ge=3, le=LARGEST_GRID)]
Density = Annotated[float, Field(ge=0, lt=1)]
Recursions = Annotated[int, Field(ge=1, le=256)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Dimension = Annotated[int, Field(ge=1, le=4096)]
FilePath = Annotated[Path, Strict(False)]
Device = Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")]


class Settings(BaseModel):
    """Frozen, strict about types, and no name goes unrecognised."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Settings from a mapping; raises UserError with one sentence for the first name or value that does not fit."""
        try:
            return cls(**values)
        except ValidationError as error:
            raise UserError(_sentence(error.errors()[0], cls.model_fields)) from None

    @classmethod
    def from_strings(cls, values: Mapping[str, str]) -> dict[str, Any]:
        """The same for values as a command line gives them: strings in, checked values out, for the names given."""
        try:
            settings = cls.model_validate_strings(values, strict=False)
        except ValidationError as error:
            raise UserError(_sentence(error.errors()[0], cls.model_fields)) from None
        return {name: getattr(settings, name) for name in values}

    def plain(self) -> dict[str, Any]:
        """The settings as plain strings and numbers, for a checkpoint or a JSON file."""
        return self.model_dump(mode="json")


class DataSettings(Settings):
    """How `scripts/generate_dataset.py` makes a data set."""

    num_train: Annotated[int, Field(ge=1, le=10_000_000)] = 5000
    "mazes in the training set"
    num_test: Annotated[int, Field(ge=1, le=10_000_000)] = 500
    "mazes in the test set, none of which is in the training set in any of its 8 orientations"
    grid_size: GridSize = 8
    "cells along one side of a maze"
    obstacle_density: Density = 0.2
    "share of the cells that are walls"
    train_seed: Seed = 42
    "seed of the training mazes"
    test_seed: Seed = 99999
    "seed of the test mazes"
    output_dir: FilePath = Path("data")
    "folder that gets train.pt and test.pt"
    augment: bool = False
    "mark the training set so that training draws one of the 8 symmetries for every sample"


class ModelSettings(Settings):
    """The shape of a model."""

    grid_size: GridSize = 8
    "cells along one side of a maze"
    dim: Dimension = 64
    "hidden dimension: numbers kept for every cell"
    depth: Annotated[int, Field(ge=1, le=64)] = 2
    "Mixer blocks applied in every recursion"
    recursions: Recursions = 4
    "times the blocks are applied to the latent state"
    mixing: Literal["mlp", "conv"] = "mlp"
    "how cells exchange information: a dense matrix over all of them, or a 3 x 3 neighbourhood"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    "probability of zeroing a hidden activation while training"


class TrainSettings(ModelSettings):
    """How `python -m trm_nav.train` trains a model. Left at None, a setting follows the data set or the machine."""

    train_path: FilePath = Path("data/train.pt")
    "training set, from scripts/generate_dataset.py"
    val_path: FilePath = Path("data/test.pt")
    "validation set"
    checkpoint_dir: FilePath = Path("checkpoints")
    "folder that gets best.pt, last.pt, checkpoint_epoch_N.pt and history.json"
    grid_size: GridSize | None = None
    "cells along one side of a maze; left out, the data set's"
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 64
    "mazes in one gradient step"
    lr: Annotated[float, Field(gt=0, le=10)] = 1e-3
    "peak learning rate"
    weight_decay: Annotated[float, Field(ge=0, le=100)] = 0.01
    "AdamW's decoupled weight decay"
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 100
    "passes over the training set, at most"
    patience: Annotated[int, Field(ge=1, le=100_000)] = 20
    "epochs without a better validation loss before training stops"
    grow_recursions: bool = True
    "train with a quarter of the recursions, then half, then all, for a third of the epochs each"
    supervision: Literal["policy", "action"] = "policy"
    "what the loss reads: every cell that can reach the goal, or the agent's cell alone"
    augment: bool | None = None
    "draw one of the 8 symmetries for every sample; left out, as the training set is marked"
    device: Device = "auto"
    "auto, cpu, cuda, cuda:N or mps"
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    "CPU threads; left out, PyTorch's choice; the same number gives the same run, bit for bit"
    seed: Seed = 42
    "seed of the weights, the order of the samples, dropout and augmentation"
    save_every: Annotated[int, Field(ge=1, le=100_000)] = 10
    "epochs between two checkpoint_epoch_N.pt files"
    resume: FilePath | None = None
    "checkpoint to go on from"


_EXPECTED = {  # where pydantic would show a regular expression or a class
    "string_pattern_mismatch": "must be auto, cpu, mps, cuda or cuda:N",
    "path_type": "must be a path",
}


def _sentence(error: Mapping[str, Any], fields: Mapping[str, Any]) -> str:
    """One of pydantic's error records as a sentence for the person who gave the value."""
    name, given = str(error["loc"][0]), error["input"]
    if error["type"] == "extra_forbidden":
        return f"there is no setting '{name}'{nearest(name, fields)}"
    problem = _EXPECTED.get(error["type"]) or error["msg"].removeprefix("Input ").replace("should be", "must be")
    hint = " (papermill reads True and False with a capital letter)" if given in ("true", "false") else ""
    return f"{name} {problem}, not {given!r}{hint}"


def nearest(name: str, known) -> str:
    """`; did you mean 'dim'?` for a name close to a known one, the list of all names otherwise."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; there are {', '.join(known)}"


RECIPES: dict[str, dict[str, Any]] = {
    # The guide's Recipes 1 to 3, flag for flag; what they leave out keeps its default.
    "fast": dict(num_train=5000, num_test=500, dim=64, depth=2, dropout=0.1, epochs=30, patience=10),
    "production": dict(num_train=50_000, num_test=2000, augment=True, dim=128, depth=3, dropout=0.15,
                       weight_decay=0.01, lr=5e-4, epochs=100, patience=20),
    "maximum": dict(num_train=100_000, num_test=5000, augment=True, dim=256, depth=4, dropout=0.2,
                    weight_decay=0.02, lr=3e-4, epochs=150, patience=30, batch_size=128),
    # The project's own: small networks applied many times.
    "tiny": dict(num_train=5000, num_test=500, augment=True, dim=32, depth=2, recursions=8, dropout=0.0,
                 lr=2e-2, epochs=36, patience=36),
    "local": dict(num_train=5000, num_test=500, augment=True, dim=16, depth=2, recursions=8, mixing="conv", dropout=0.0,
                  lr=1.5e-2, epochs=8, patience=8, batch_size=32),
}
"Named settings for a data set and for training on it."


def recipe(name: str | None, settings: type[Settings] | None = None) -> dict[str, Any]:
    """A recipe, or the part of it that concerns `settings`; nothing for None. Raises UserError for an unknown name."""
    if name is None:
        return {}
    if name not in RECIPES:
        raise UserError(f"there is no recipe {name!r}{nearest(str(name), RECIPES)}")
    return {field: value for field, value in RECIPES[name].items() if not settings or field in settings.model_fields}
