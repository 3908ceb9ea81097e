"""The recipe `wave` and what it is compared with: the same training with one thing changed."""

import json
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.commands import ROOT
from trm_nav.learning import checkpoint
from trm_nav.learning.checkpoint import load_model
from trm_nav.learning.model import TinyRecursiveModel
from trm_nav.learning.training import Diverged, Training
from trm_nav.mazes.dataset import build
from trm_nav.settings import DataSettings, TrainSettings, recipe

RUNS = ROOT / "runs" / "wave"

# fmt: off
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
    "random walls only": dict(kind="random"),
    "perfect mazes without loops only": dict(kind="depth-first", holes=0.0),
    "1,000 mazes": dict(num_train=1000, epochs=64, patience=64),
    "3 x 3 neighbourhood": dict(mixing="conv"),
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
        _train({**recipe("wave"), **VARIANTS[name]}, seed, path)
    return load_model(path), json.loads(record.read_text())


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
