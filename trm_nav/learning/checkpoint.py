"""Checkpoints: what is in one, and how it is read without trusting it.

A checkpoint is a dictionary of tensors and plain values: the keys that a reader of the model needs (`epoch`,
`model_state_dict`, `optimizer_state_dict`, `val_acc`, `val_loss`, `config`) and all that a run needs to go on as if it
had never stopped. `train.py` fills it; lesson 06 takes one apart.
"""

from functools import partial
from pathlib import Path
from typing import Any

import torch

from trm_nav.errors import UserError
from trm_nav.files import load_tensors, write_atomically
from trm_nav.settings import ModelSettings, TrainSettings

from .model import TinyRecursiveModel, create_model

REMEDY = "train writes best.pt, last.pt and checkpoint_epoch_N.pt into its --checkpoint-dir"
TO_LOAD = {"epoch", "model_state_dict", "val_acc", "val_loss", "config"}
TO_RESUME = TO_LOAD | {
    "optimizer_state_dict",
    "scheduler_state_dict",
    "history",
    "early_stopping",
    "random_states",
    "fingerprints",
}


def save(checkpoint: dict[str, Any], path: str | Path) -> None:
    """Write a checkpoint atomically. Raises UserError if the file cannot be written; an older one is then untouched."""
    write_atomically(path, partial(torch.save, checkpoint))


def load(path: str | Path, required: set[str] = TO_LOAD) -> dict[str, Any]:
    """Read a checkpoint onto the CPU. Raises UserError if it is missing, truncated, or lacks a required key."""
    checkpoint = load_tensors(path, "checkpoint", REMEDY)
    missing = required - set(checkpoint if isinstance(checkpoint, dict) else ())
    if missing:
        raise UserError(f"{path} is not a checkpoint of this project: it has no {', '.join(sorted(missing))}; {REMEDY}")
    if not isinstance(checkpoint["config"], dict):
        raise UserError(f"{path} is not a checkpoint of this project: its config holds no settings; {REMEDY}")
    return checkpoint


def load_model(path: str | Path, recursions: int | None = None) -> TinyRecursiveModel:
    """The model of a checkpoint, on the CPU and in evaluation mode.

    Args:
        path: any checkpoint that training wrote.
        recursions: apply the blocks this many times instead of as often as in training.

    Raises UserError for a file that is no such checkpoint and for a number of recursions out of bounds.
    """
    checkpoint = load(path)
    config = {name: value for name, value in checkpoint["config"].items() if name in ModelSettings.model_fields}
    model = create_model(**config)
    try:
        model.load_state_dict(checkpoint["model_state_dict"])
    except RuntimeError:
        raise UserError(f"the weights in {path} do not fit the model that its config describes") from None
    if recursions is not None:
        model.recursions = ModelSettings.of({"recursions": recursions}).recursions
    return model.eval()


def settings_of(checkpoint: dict[str, Any], given: dict[str, Any]) -> TrainSettings:
    """The settings to resume with: the checkpoint's, and of those given now the ones that leave the run the same run.

    Raises UserError for a setting given now that contradicts the checkpoint's.
    """
    before = TrainSettings.of({**checkpoint["config"], "resume": None})
    for name, value in given.items():
        trained_with = getattr(before, name)
        if name not in FREE_ON_RESUME and value != trained_with:
            raise UserError(
                f"{name} {value} was given, but the checkpoint was trained with {trained_with}; "
                "leave it out to go on, or start a new run without --resume"
            )
    return TrainSettings.of({**before.model_dump(), **given})


FREE_ON_RESUME = {"train_path", "val_path", "checkpoint_dir", "epochs", "patience", "device", "save_every", "resume"}
