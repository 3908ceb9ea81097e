"""The runs: healthy ones of several kinds, and what each fault changes in their settings, data or first weights."""

import contextlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from tqdm import tqdm

from trm_nav.mazes import dataset
from trm_nav.mazes.symmetry import transform_batch
from trm_nav.settings import DataSettings, TrainSettings

HISTORIES = Path(__file__).parents[2] / "histories"
TUNING, JUDGED, HEALTHY_JUDGED = range(10, 16), range(20, 26), range(20, 28)  # seeds
LONG_TUNING, LONG_JUDGED = range(30, 32), range(40, 44)
PARTS = "tuning", "judged"  # the files of histories

# Healthy settings that faults are put into, in turn.
COMMON = dict(
    num_train=2000,
    num_test=500,
    augment=True,
    supervision="policy",
    recursions=1,
    depth=2,
    dropout=0.0,
    lr=1e-2,
    weight_decay=0.01,
    epochs=20,
    patience=1000,
    grow_recursions=False,
)
BASES = {
    "dense": dict(COMMON, dim=32, recursions=2),
    "wide": dict(COMMON, num_train=3000, dim=64, dropout=0.1, lr=3e-3),
    "small grid": dict(COMMON, grid_size=5, dim=32),
}
LONG_COMMON = dict(COMMON, grid_size=5, num_test=200, batch_size=128)
LONG = {  # small mazes and few steps an epoch, so that 100 to 300 epochs take seconds on one core
    "long dense": dict(LONG_COMMON, dim=24, num_train=600, epochs=100),
    "long narrow": dict(LONG_COMMON, dim=8, depth=1, num_train=500, epochs=300),
    "long local": dict(LONG_COMMON, dim=16, mixing="conv", recursions=3, num_train=300, epochs=100),
}
KINDS = {
    **BASES,
    "local": dict(COMMON, dim=16, mixing="conv", num_train=1000, recursions=4, epochs=12),
    "local unturned": dict(COMMON, dim=16, mixing="conv", recursions=4, augment=False, epochs=8),
    "local one label": dict(COMMON, dim=16, mixing="conv", recursions=4, supervision="action", epochs=15),
    "grown": dict(COMMON, dim=32, recursions=4, grow_recursions=True, epochs=18),
    "deep": dict(COMMON, dim=32, depth=4, epochs=15),
    "many mazes": dict(COMMON, dim=32, num_train=8000, epochs=8),
    **LONG,
}
# What each fault changes. A number that multiplies is a function of the healthy one.
FAULTS: dict[str, dict[str, Any]] = {
    "learning-rate-x30": dict(lr=lambda lr: 30 * lr),
    "learning-rate-x300": dict(lr=lambda lr: 300 * lr),
    "learning-rate-x001": dict(lr=lambda lr: lr / 100),
    "few-mazes": dict(num_train=300, augment=False, epochs=lambda epochs: 3 * epochs),
    "one-label": dict(supervision="action", augment=False),
    "small-model": dict(dim=8, depth=1, recursions=1),
    "shuffled-labels": {},
    "unturned-actions": {},
    "dropout-06": dict(dropout=0.6),
    "weight-decay-10": dict(weight_decay=10.0),
    "exploding-start": {},
    "other-density": {},
}
# The same faults in a long run: the kind of run, and what is changed there instead, mazes of 5 x 5 being easier.
LONG_FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "learning-rate-x30": ("long dense", FAULTS["learning-rate-x30"]),
    "learning-rate-x300": ("long dense", FAULTS["learning-rate-x300"]),
    "few-mazes": ("long dense", dict(num_train=100, augment=False, epochs=300)),
    "one-label": ("long dense", dict(supervision="action", augment=False, num_train=300, epochs=200)),
    "small-model": ("long local", FAULTS["small-model"]),
    "shuffled-labels": ("long narrow", {}),
    "dropout-06": ("long narrow", FAULTS["dropout-06"]),
    "exploding-start": ("long dense", {}),
}


@dataclass(frozen=True)
class Run:
    """One training."""

    fault: str  # or "healthy"
    kind: str  # of healthy run that the fault was put into
    seed: int
    part: str  # "tuning" or "judged", the file that it is in

    @property
    def name(self) -> str:
        return f"{self.fault}-{self.kind.replace(' ', '-')}-{self.seed}"

    def settings(self) -> dict[str, Any]:
        """The healthy settings of its kind, with what the fault changes in them."""
        values = dict(KINDS[self.kind], seed=self.seed, train_seed=1000 + self.seed, test_seed=2000 + self.seed)
        changes = LONG_FAULTS[self.fault][1] if self.faulty and self.kind in LONG else FAULTS.get(self.fault, {})
        for name, change in changes.items():
            values[name] = change(values[name]) if callable(change) else change
        return values

    @property
    def faulty(self) -> bool:
        return self.fault != "healthy"


def runs() -> Iterator[Run]:
    """All runs, the short ones first."""
    for part, seeds, healthy_seeds in (("tuning", TUNING, TUNING), ("judged", JUDGED, HEALTHY_JUDGED)):
        for fault in FAULTS:
            for seed, kind in zip(seeds, itertools.cycle(BASES), strict=False):
                yield Run(fault, kind, seed, part)
        for kind in (name for name in KINDS if name not in LONG):
            for seed in healthy_seeds:
                yield Run("healthy", kind, seed, part)
    for part, seeds in (("tuning", LONG_TUNING), ("judged", LONG_JUDGED)):
        for seed in seeds:
            yield from (Run(fault, kind, seed, part) for fault, (kind, _) in LONG_FAULTS.items())
            yield from (Run("healthy", kind, seed, part) for kind in LONG)


def histories(part: str) -> list[dict[str, Any]]:
    """The histories of one file, those of the runs that have been trained."""
    path = HISTORIES / f"{part}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def make(run: Run) -> dict[str, Any]:
    """Train one run. Returns its line: losses and accuracies to four digits, nothing that depends on the machine."""
    import torch

    from trm_nav.learning import samples, training

    torch.set_num_threads(1)
    one = training.Training(*prepared(run))
    if run.fault == "exploding-start":
        with torch.no_grad():
            for parameter in one.model.parameters():
                parameter.copy_(3 * torch.randn_like(parameter))
    transform = transform_cells_only if run.fault == "unturned-actions" else transform_batch
    with mock.patch.object(samples, "transform_batch", transform), contextlib.suppress(training.Diverged):
        for _ in one.epochs():
            pass
    record = one.record()
    for name in one.history:
        record[name] = [float(f"{value:.4g}") for value in record[name]]
    for name in ("seconds", "lr"):  # depends on the machine; follows from the settings
        record.pop(name)
    for name in ("train_path", "val_path", "checkpoint_dir", "resume"):
        record["config"].pop(name, None)
    return {"name": run.name, "fault": run.fault, "kind": run.kind, "seed": run.seed, **record}


def prepared(run: Run) -> tuple[TrainSettings, dataset.Dataset, dataset.Dataset]:
    """The settings of a run, its training mazes and its held-out ones, with the faults that are in them."""
    values = run.settings()
    data = DataSettings.of(DataSettings.part_of(values))
    train_set, val_set = dataset.build(data)
    if run.fault == "shuffled-labels":
        train_set = replace(train_set, optimal=np.random.default_rng(run.seed).permutation(train_set.optimal))
    if run.fault == "other-density":
        val_set = dataset.build(data.model_copy(update={"obstacle_density": 0.4}))[1]
    return TrainSettings.of(TrainSettings.part_of(values)), train_set, val_set


def transform_cells_only(tokens: Any, masks: Any, agents: Any, g: Any, *contents: Any) -> Any:
    """The symmetries as they are often got wrong: every label moves to its new cell and keeps its old directions."""
    moved = transform_batch(masks, masks, agents, g)[0]
    tokens, _, agents, *contents = transform_batch(tokens, masks, agents, g, *contents)
    return tokens, moved, agents, *contents


def train(jobs: int) -> None:
    """Train the runs that are missing; each is appended to its file as soon as it is done."""
    done = {history["name"] for part in PARTS for history in histories(part)}
    missing = [run for run in runs() if run.name not in done]
    HISTORIES.mkdir(exist_ok=True)
    with ProcessPoolExecutor(jobs) if jobs > 1 else _Here() as pool, tqdm(total=len(missing), unit="run") as bar:
        for run, line in zip(missing, pool.map(make, missing), strict=True):
            with open(HISTORIES / f"{run.part}.jsonl", "a") as file:
                file.write(json.dumps(line, separators=(",", ":")) + "\n")
            bar.update()


class _Here:
    """Stands in for a pool of processes where there is to be none."""

    def __enter__(self) -> "_Here":
        return self

    def __exit__(self, *_: object) -> None: ...

    def map(self, function: Callable[[Run], dict[str, Any]], runs: Iterable[Run]) -> Iterator[dict[str, Any]]:
        return map(function, runs)
