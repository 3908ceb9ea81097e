"""What one setting does: the training guide's Recipe 1 with one flag changed at a time, for docs/guide.md.

    python -m benchmarks.studies.one_at_a_time            # more than an hour on one core; runs are not repeated
    python -m benchmarks.studies.one_at_a_time --write    # measures nothing, only writes the table again

All runs have one recursion, as the guide's network does. Those of the first table learn from 5,000 mazes with a label
for every cell, where nothing overfits; those of the second from 1,000 mazes with one label each, where everything does.
Every run is validated on the same 2,000 mazes after each of 30 epochs, and a seed means the same training mazes and
the same order for every setting.
"""

import argparse
import json
from collections.abc import Iterator
from statistics import mean
from typing import Any

import torch
from tqdm import tqdm

from benchmarks.commands import ROOT
from benchmarks.machine import machine
from benchmarks.markdown import put, table
from trm_nav import cli
from trm_nav.course.laboratory.experiment import Experiment
from trm_nav.files import write_bytes
from trm_nav.settings import ModelSettings, recipe

PROG = "python -m benchmarks.studies.one_at_a_time"
RESULT = ROOT / "benchmarks" / "results" / "one_at_a_time.json"
PAGE = ROOT / "docs" / "guide.md"
BEGIN = f"<!-- begin: {PROG} --write -->"
SEEDS = (0, 1, 2)
RECIPE: dict[str, Any] = {
    **recipe("fast", ModelSettings), "recursions": 1, "lr": 1e-3, "weight_decay": 0.01, "batch_size": 64, "epochs": 30,
    "patience": 30, "num_test": 2000, "test_seed": 99999,
}  # fmt: skip
REGIMES: dict[str, dict[str, Any]] = {
    "every cell": dict(num_train=5000, supervision="policy", augment=False),
    "one label": dict(num_train=1000, supervision="action", augment=False),
}
CHANGES: dict[str, list[dict[str, Any]]] = {
    "every cell": [
        {}, *({"depth": depth} for depth in (1, 3, 4)), *({"lr": lr} for lr in (1e-4, 5e-4, 4e-3)),
        *({"batch_size": size} for size in (32, 128, 256)), {"batch_size": 256, "lr": 4e-3}, {"weight_decay": 0.0},
        {"dropout": 0.0}, *({"dim": 128, "lr": lr} for lr in (1e-3, 5e-4, 1e-4)),
    ],
    "one label": [
        {}, *({"dropout": dropout} for dropout in (0.0, 0.2, 0.3, 0.5)),
        *({"weight_decay": decay} for decay in (0.0, 0.05, 0.1)),
    ],
}  # fmt: skip
Runs = dict[str, dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(prog=PROG, description="Change one setting of Recipe 1 at a time.")
    parser.add_argument("--write", action="store_true", help="measure nothing; write the table in docs/guide.md")
    torch.set_num_threads(1)
    runs: Runs = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    if not parser.parse_args().write:
        missing = [key for key in wanted() if key[0] not in runs]
        for name, regime, changes, seed in tqdm(missing, unit="run"):
            runs[name] = {"machine": machine(), **measure(regime, changes, seed)}
            lines = (f"{json.dumps(key)}: {json.dumps(runs[key])}" for key, *_ in wanted() if key in runs)
            write_bytes(RESULT, ("{\n" + ",\n".join(lines) + "\n}\n").encode())
    put(PAGE, BEGIN, report(runs))


def wanted() -> Iterator[tuple[str, str, dict[str, Any], int]]:
    """All runs, first those of the first seed: their names, regimes, changes and seeds."""
    for seed in SEEDS:
        for regime, changed in CHANGES.items():
            for changes in changed:
                yield f"{regime}/{words(changes)}/{seed}", regime, changes, seed


def words(changes: dict[str, Any]) -> str:
    """Changes as they stand in the table: `lr 0.0005`, or `Recipe 1` for none."""
    return ", ".join(f"{name} {value:g}" for name, value in changes.items()) or "Recipe 1"


def measure(regime: str, changes: dict[str, Any], seed: int) -> dict[str, Any]:
    """One run: the validation accuracy of the epoch with the lowest validation loss, and the last epoch's numbers."""
    settings = {**RECIPE, **REGIMES[regime], **changes, "seed": seed, "train_seed": 100 + seed}
    run = Experiment(**settings).train().run
    history = run.history
    return {
        "best_val_acc": history["val_acc"][run.best_epoch - 1],
        "best_epoch": run.best_epoch,
        **{name: history[name][-1] for name in ("train_acc", "val_acc", "train_loss", "val_loss")},
    }


def report(runs: Runs) -> str:
    """A table for each regime: a row a setting, means over the seeds with the lowest and the highest in brackets."""
    parts = []
    for regime, changed in CHANGES.items():
        rows = []
        for changes in changed:
            found = [runs[key] for seed in SEEDS if (key := f"{regime}/{words(changes)}/{seed}") in runs]
            if found:
                epochs = mean(run["best_epoch"] for run in found)
                columns = [spread([run[name] for run in found]) for name in ("best_val_acc", "train_acc", "val_acc")]
                rows.append([words(changes), str(len(found)), columns[0], f"{epochs:.0f}", *columns[1:]])
        labels = {"every cell": "5,000 mazes, a label for every cell", "one label": "1,000 mazes, one label each"}
        heads = ["setting", "seeds", "validation, best epoch", "best epoch", "training, last", "validation, last"]
        parts.append(f"Accuracies with {labels[regime]}:\n\n" + "\n".join(table(heads, rows)))
    machines = "; ".join(sorted({run["machine"] for run in runs.values()}))
    return "\n\n".join([*parts, f"Means over the seeds, with the lowest and the highest in brackets. {machines}."])


def spread(shares: list[float]) -> str:
    """The mean of some shares, and their range in brackets."""
    return f"{mean(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})"


if __name__ == "__main__":
    cli.run(main, PROG)
