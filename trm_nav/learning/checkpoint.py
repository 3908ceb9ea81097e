"""Checkpoints: what one contains, and how one of unknown origin is read.

A checkpoint is a dictionary of tensors and plain values. It has the keys that are needed to use the model (`epoch`,
`model_state_dict`, `optimizer_state_dict`, `val_acc`, `val_loss`, `config`), and everything that a run needs to
continue as if it had never stopped. `Training.checkpoint` creates it, `contents.py` says what it must hold; lesson 06
takes one apart.
"""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from trm_nav.errors import UserError, shown
from trm_nav.files import write_atomically
from trm_nav.settings import ModelSettings, TrainSettings
from trm_nav.tensor_files import load_tensors, tensors

from .contents import SavedModel, SavedRun
from .model import TinyRecursiveModel, create_model

REMEDY = "training writes best.pt, last.pt and checkpoint_epoch_N.pt into its `checkpoint_dir`"
FREE_ON_RESUME = {
    "train_path", "val_path", "checkpoint_dir", "epochs", "patience", "device", "save_every", "resume", "overwrite"
}  # fmt: skip
Saved = TypeVar("Saved", bound=SavedModel)


def save(checkpoint: dict[str, Any], path: str | Path) -> None:
    """Write a checkpoint atomically. Raises UserError if that fails; an older file then stays as it is."""
    write_atomically(path, tensors(checkpoint))


def load(path: str | Path) -> SavedModel:
    """Read a checkpoint onto the CPU, as far as it is needed to use the model.

    Raises UserError if it is missing, truncated or damaged, lacks something, or holds what does not fit together.
    """
    return _load(path, SavedModel)


def load_run(path: str | Path) -> SavedRun:
    """Read a checkpoint onto the CPU, with all that is needed to go on. Raises UserError as `load` does."""
    return _load(path, SavedRun)


def _load(path: str | Path, kind: type[Saved]) -> Saved:
    def check(content: Any) -> Saved:
        found = content if isinstance(content, dict) else {}
        try:
            return kind(**{name: found[name] for name in kind.model_fields if name in found})
        except ValidationError as error:
            required = (name for name, field in kind.model_fields.items() if field.is_required() and name not in found)
            if missing := ", ".join(sorted(required)):
                raise UserError(f"{path} is not a checkpoint of this project: it has no {missing}; {REMEDY}") from None
            raise UserError(f"{path} is not a usable checkpoint: {_clause(error)}; {REMEDY}") from None

    return load_tensors(path, "checkpoint", REMEDY, check)


def _clause(error: ValidationError) -> str:
    """What is wrong, from the first of pydantic's records."""
    first = error.errors()[0]
    if first["type"] == "value_error":  # from a validator, in words
        return str(first["ctx"]["error"])
    where = " ".join(shown(part).strip("'") for part in first["loc"])
    return f"{where} in it is {shown(first['input'])}: {first['msg'][:1].lower()}{first['msg'][1:]}"


def load_model(path: str | Path, recursions: int | None = None) -> TinyRecursiveModel:
    """Load the model of a checkpoint, on the CPU and in evaluation mode.

    Args:
        path: any checkpoint that training wrote.
        recursions: how many times the blocks are applied; None for as many as in training.

    Raises UserError for a file that is not such a checkpoint, and for a number of recursions out of bounds.
    """
    saved = load(path)
    model = create_model(**saved.shape.model_dump())
    model.load_state_dict(saved.model_state_dict)
    if recursions is not None:
        if model.halting:
            raise UserError(
                f"`recursions={shown(recursions)}` was given, but the model in {path} has `halting`: it ends by itself"
            )
        model.recursions = ModelSettings.of({"recursions": recursions}).recursions
    return model.eval()


def settings_of(saved: SavedRun, given: dict[str, Any]) -> TrainSettings:
    """The settings to resume with: those of the checkpoint, updated by those given now.

    Raises UserError for a setting given now that would make it another run; `FREE_ON_RESUME` lists the others.
    """
    before = saved.settings
    for name, value in given.items():
        trained_with = getattr(before, name, None)
        if name in TrainSettings.model_fields and name not in FREE_ON_RESUME and value != trained_with:
            raise UserError(
                f"`{name}={value}` was given, but the checkpoint was trained with {trained_with}; leave it out to "
                "resume, or start a new run without `resume`"
            )
    return TrainSettings.of({**before.model_dump(), **given})
