"""The laboratory's presets, alone and with every remedy of their finding: the settings, and a run with one seed."""

import time
from typing import Any

import numpy as np

from trm_nav.course.laboratory.experiment import Experiment
from trm_nav.course.laboratory.presets import DEFAULTS, PRESETS
from trm_nav.diagnosis.remedies import remedies
from trm_nav.mazes.encoding import contains

FIRST_FINDING = {"Overfitting": "overfitting", "Underfitting": "underfitting", "Divergence": "diverging"}
ALSO: dict[str, dict[str, dict[str, Any]]] = {
    "Overfitting": {"every cell and augmentation": dict(supervision="policy", augment=True)},
    "Underfitting": {"dim 32": dict(dim=32)},
}  # what the session plans click besides the remedies


def preset_runs() -> dict[str, dict[str, Any]]:
    """Settings of each preset, and of each preset with one of the remedies of its finding, by label."""
    runs = {}
    for name, settings in PRESETS.items():
        runs[name] = settings
        changes = {
            remedy.what: remedy.changes
            for remedy in (remedies(FIRST_FINDING[name], {**DEFAULTS, **settings}) if name in FIRST_FINDING else ())
            if remedy.changes
        }
        for what, change in {**changes, **ALSO.get(name, {})}.items():
            runs[f"{name} + {what}"] = {**settings, **change}
    return runs


def measure_preset(settings: dict[str, Any], seed: int) -> dict[str, Any]:
    """Train one experiment with mazes and weights of this seed. Returns every figure that the documents quote of it."""
    began = time.process_time()
    run = Experiment(**settings | dict(train_seed=10 * seed, test_seed=10 * seed + 1, seed=seed)).train()
    cpu = time.process_time() - began
    ringed, others = zip(*map(right_arrows, (run.train_set, run.val_set), run.plans[-1]), strict=True)
    return {
        "seed": seed,
        "train_acc": run.history["train_acc"][-1],
        "val_acc": run.history["val_acc"][-1],
        "lowest_val_loss": min(run.history["val_loss"]),
        "last_val_loss": run.history["val_loss"][-1],
        "highest_loss": max(run.history["train_loss"] + run.history["val_loss"]),
        "guessing_loss": run.run.chance["train"]["loss"],
        "finding": " and ".join(finding.name for finding in run.findings),
        "epoch": run.findings[0].epoch,
        "parameters_per_label": run.parameters_per_label,
        "ringed_right_train": ringed[0],
        "ringed_right_held_out": ringed[1],
        "others_right_train": others[0],
        "others_right_held_out": others[1],
        "cpu_seconds": cpu,
    }


def right_arrows(part: Any, plans: np.ndarray) -> tuple[int, float]:
    """Of the mazes that the panel shows: how many have a right arrow at the agent, and the share of the others right.

    plans: uint8 (mazes, n, n), the action at every cell of the first mazes of the data set `part`.
    """
    optimal = part.optimal[: len(plans)]
    right = contains(optimal, plans)  # (mazes, n, n)
    agent = np.zeros(optimal.shape, bool)
    agent[np.arange(len(plans)), *part.starts[: len(plans)].T] = True
    return int(right[agent].sum()), float(right[(optimal != 0) & ~agent].mean())
