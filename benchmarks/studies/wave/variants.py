"""The recipe `wave` and what it is compared with: the same training with one thing changed."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from benchmarks.commands import ROOT
from trm_nav.learning import checkpoint
from trm_nav.learning.checkpoint import load_model
from trm_nav.learning.model import TinyRecursiveModel
from trm_nav.learning.training import Diverged, Training
from trm_nav.mazes.dataset import build
from trm_nav.settings import DataSettings, TrainSettings, recipe

from .forms import FORMS

RUNS = ROOT / "runs" / "wave"

# fmt: off
LOCAL = {**recipe("local", TrainSettings), "epochs": 4, "halting": False, "binary": False, "random_recursions": False,
         "gradient_recursions": None, "within_reach": False, "teacher_forcing": 0.0}  # on the data of the wave
TEN_SECONDS = dict(kind="random", num_train=8000, epochs=1, batch_size=8, lr=4e-2, weight_decay=0.0, recursions=8,
                   gradient_recursions=None)
VARIANTS: dict[str, dict[str, Any]] = {
    "wave": {},
    "loss on all cells": dict(within_reach=False),
    "no random number of recursions": dict(random_recursions=False),
    "a gradient through all recursions": dict(gradient_recursions=None),
    "flags never from the expert": dict(teacher_forcing=0.0),
    "flags always from the expert": dict(teacher_forcing=1.0),
    "states are real numbers": dict(binary=False),
    "no halting": dict(binary=False, halting=False, teacher_forcing=0.0),
    "no halting, loss on all cells": dict(binary=False, halting=False, teacher_forcing=0.0, within_reach=False),
    "one label a maze": dict(supervision="action"),
    "random walls only": dict(kind="random"),
    "perfect mazes without loops only": dict(kind="depth-first", holes=0.0),
    "waiting cells remember and are seen": dict(form="with memory"),
    "a gate, and real numbers": dict(form="gated", binary=False),
    "4,000 mazes, batches of 16": dict(num_train=4000, batch_size=16),
    "4,000 mazes, batches of 8": dict(num_train=4000, batch_size=8),
    "1,000 mazes": dict(num_train=1000, epochs=64, patience=64),
    "in ten seconds": {**TEN_SECONDS, "binary": False},
    "in ten seconds, with binary states": TEN_SECONDS,
    "3 x 3 neighbourhood": dict(mixing="conv"),
    "local": LOCAL,
    "local, random recursions, loss within reach": {**LOCAL, "random_recursions": True, "within_reach": True,
                                                    "gradient_recursions": 4, "recursions": 12},
    "dim 4": dict(dim=4),
    "dim 5": dict(dim=5),
    "dim 6": dict(dim=6),
    "dim 12": dict(dim=12),
}
# fmt: on


def trained(name: str, seed: int) -> tuple[TinyRecursiveModel, dict[str, Any]]:
    """The model of a variant, from one thread, and its record; both are kept in runs/wave, and trained only once.

    The record has the CPU `seconds` of the training, and its `history`. A run that diverges keeps its last weights.
    """
    path = RUNS / f"{name.replace(' ', '-').replace(',', '')}-{seed}.pt"
    record = path.with_suffix(".json")
    if not record.exists():
        RUNS.mkdir(parents=True, exist_ok=True)
        with form_of(name):
            _train({**recipe("wave"), **VARIANTS[name]}, seed, path)
    with form_of(name):
        return load_model(path), json.loads(record.read_text())


@contextmanager
def form_of(name: str) -> Iterator[None]:
    """Within it, models are created in the form of this variant, and all their cells computed in every recursion."""
    form = FORMS.get(VARIANTS[name].get("form", ""))
    if form is None:
        yield
        return
    with (
        mock.patch("trm_nav.learning.model.TinyRecursiveModel", form),
        mock.patch("trm_nav.navigation.plan.follows_the_front", return_value=False),
    ):
        yield


def _train(given: dict[str, Any], seed: int, path: Path) -> None:
    train_set, val_set = build(DataSettings.of(DataSettings.part_of(given)))
    settings = {**TrainSettings.part_of(given), "seed": seed, "threads": 1, "device": "cpu"}
    torch.set_num_threads(1)
    run = Training(TrainSettings.of(settings), train_set, val_set)
    started = time.process_time()
    try:
        for _ in run.epochs():
            pass
    except Diverged:
        pass
    seconds = time.process_time() - started
    checkpoint.save(run.checkpoint(), path)
    path.with_suffix(".json").write_text(json.dumps({"seconds": seconds, "history": run.history}))
