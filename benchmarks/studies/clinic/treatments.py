"""The prescriptions of the clinic, and a training with a fault after one of them."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import numpy as np
import torch

from benchmarks.studies.faults.runs import Run, prepared, transform_cells_only
from trm_nav.diagnosis.remedies import REMEDIES
from trm_nav.learning import samples
from trm_nav.learning.training import Diverged, Training
from trm_nav.mazes import dataset
from trm_nav.mazes.encoding import contains
from trm_nav.navigation.plan import plan
from trm_nav.settings import DataSettings

FRESH = 1000  # mazes on which nothing is chosen
POINTS = 24  # of a curve after a prescription, at most
HIDDEN = {"shuffled-labels", "unturned-actions", "exploding-start", "other-density"}  # in the data or the code

Changes = dict[str, Any]

CHANGES: dict[str, Callable[[Changes], Mapping[str, Any]]] = {
    # What each prescription changes in the settings of a run. `check` repairs what is hidden in the data or the code.
    "leave": lambda now: {},
    "check": lambda now: {},
    "augment": lambda now: {"augment": True},
    "data": lambda now: {"num_train": 4 * now["num_train"], "epochs": -(-now["epochs"] // 4)},
    "labels": lambda now: {"supervision": "policy"},
    "regularise": lambda now: {"dropout": max(0.3, now["dropout"]), "weight_decay": max(0.1, now["weight_decay"])},
    "relax": lambda now: {"dropout": 0.0, "weight_decay": 0.01},
    "wider": lambda now: {"dim": 2 * now["dim"]},
    "slower": lambda now: REMEDIES["diverging"][0](now).changes,  # type: ignore[union-attr]  # always has a remedy
    "faster": lambda now: {"lr": min(10.0, 10 * now["lr"])},
}


@dataclass(frozen=True)
class Treated(Run):
    """A run with other settings."""

    changes: Mapping[str, Any] = field(default_factory=dict)

    def settings(self) -> Changes:
        return {**super().settings(), **self.changes}


def treated(run: Run, prescription: str) -> Treated | None:
    """The run after a prescription; None if that is the same run, with nothing to change or to repair."""
    now = run.settings()
    changes = {name: new for name, new in CHANGES[prescription](now).items() if new != now[name]}
    repaired = prescription == "check" and run.fault in HIDDEN
    if not changes and not repaired and prescription != "leave":
        return None
    return Treated("healthy" if repaired else run.fault, run.kind, run.seed, run.part, changes)


def outcome(run: Treated) -> dict[str, Any]:
    """Train a run. Returns its last accuracies on held-out and on fresh mazes, and its losses at some epochs.

    The fresh mazes are drawn like the training mazes of the healthy run. A network whose weights are no numbers any
    more is right on none of them.
    """
    settings, train_set, val_set = prepared(run)
    one = Training(settings, train_set, val_set)
    if run.fault == "exploding-start":
        with torch.no_grad():
            for parameter in one.model.parameters():
                parameter.copy_(3 * torch.randn_like(parameter))
    turned: Any = contextlib.nullcontext()
    if run.fault == "unturned-actions":
        turned = mock.patch.object(samples, "transform_batch", transform_cells_only)
    with turned, contextlib.suppress(Diverged):
        for _ in one.epochs():
            pass
    curves, epochs = one.curves(), one.epoch
    at = [int(epoch) for epoch in np.unique(np.linspace(1, epochs, min(epochs, POINTS)).round())] if epochs else []
    return {
        "seed": run.seed,
        "fresh": 0.0 if one.diverged else fresh_accuracy(run, one),
        "held_out": round(curves["val_acc"][-1], 3) if epochs else 0.0,
        "diverged": one.diverged,
        "epochs": at,
        **{name: [float(f"{curves[name][epoch - 1]:.3g}") for epoch in at] for name in ("train_loss", "val_loss")},
    }


def fresh_accuracy(run: Run, one: Training) -> float:
    """The share of fresh mazes in which the network, after its last epoch, is right at the agent's cell."""
    data = DataSettings.of({**DataSettings.part_of(run.settings()), "num_final": FRESH, "final_seed": 3000 + run.seed})
    fresh = dataset.build_final(data, *dataset.build(data))
    cells = np.arange(FRESH), *fresh.starts.T
    return round(float(contains(fresh.optimal[cells], plan(one.model, fresh.walls, fresh.goals)[cells]).mean()), 3)
