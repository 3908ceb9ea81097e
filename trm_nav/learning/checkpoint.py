"""Checkpoints: what one contains, and how one of unknown origin is read.

A checkpoint is a dictionary of tensors and plain values. It has the keys that are needed to use the model (`epoch`,
`model_state_dict`, `optimizer_state_dict`, `val_acc`, `val_loss`, `config`), and everything that a run needs to
continue as if it had never stopped. `Training.checkpoint` creates it; lesson 06 takes one apart.
"""

from functools import partial
from pathlib import Path
from typing import Any

import torch

from trm_nav.errors import UserError
from trm_nav.files import load_tensors, write_atomically
from trm_nav.settings import ModelSettings, TrainSettings

from .model import TinyRecursiveModel, create_model

REMEDY = "training writes best.pt, last.pt and checkpoint_epoch_N.pt into its `checkpoint_dir`"
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
    """Write a checkpoint atomically. Raises UserError if that fails; an older file then stays as it is."""
    write_atomically(path, partial(torch.save, checkpoint))


def load(path: str | Path, required: set[str] = TO_LOAD) -> dict[str, Any]:
    """Read a checkpoint onto the CPU. Raises UserError if it is missing, truncated, or lacks a required key."""
    checkpoint: dict[str, Any] = load_tensors(path, "checkpoint", REMEDY)
    missing = required - set(checkpoint if isinstance(checkpoint, dict) else ())
    if missing:
        raise UserError(f"{path} is not a checkpoint of this project: it has no {', '.join(sorted(missing))}; {REMEDY}")
    if not isinstance(checkpoint["config"], dict):
        raise UserError(f"{path} is not a checkpoint of this project: its config contains no settings; {REMEDY}")
    return checkpoint


def load_model(path: str | Path, recursions: int | None = None) -> TinyRecursiveModel:
    """Load the model of a checkpoint, on the CPU and in evaluation mode.

    Args:
        path: any checkpoint that training wrote.
        recursions: how many times the blocks are applied; None for as many as in training.

    Raises UserError for a file that is not such a checkpoint, and for a number of recursions out of bounds.
    """
    checkpoint = load(path)
    model = create_model(**ModelSettings.part_of(checkpoint["config"]))
    try:
        model.load_state_dict(checkpoint["model_state_dict"])
    except RuntimeError:
        raise UserError(f"the weights in {path} do not fit the model that its config describes") from None
    if recursions is not None:
        if model.halting:
            raise UserError(
                f"`recursions={recursions}` was given, but the model in {path} has `halting`: it ends by itself"
            )
        model.recursions = ModelSettings.of({"recursions": recursions}).recursions
    return model.eval()


def settings_of(checkpoint: dict[str, Any], given: dict[str, Any]) -> TrainSettings:
    """The settings to resume with: those of the checkpoint, updated by those given now.

    Raises UserError for a setting given now that would make it another run; `FREE_ON_RESUME` lists the others.
    """
    before = TrainSettings.of({**checkpoint["config"], "resume": None})
    for name, value in given.items():
        trained_with = getattr(before, name)
        if name not in FREE_ON_RESUME and value != trained_with:
            raise UserError(
                f"`{name}={value}` was given, but the checkpoint was trained with {trained_with}; leave it out to "
                "resume, or start a new run without `resume`"
            )
    return TrainSettings.of({**before.model_dump(), **given})


FREE_ON_RESUME = {"train_path", "val_path", "checkpoint_dir", "epochs", "patience", "device", "save_every", "resume"}
