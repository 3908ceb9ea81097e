"""How much better than it is does the best of many configurations look? The runs that lesson 08 chooses from.

    python -m benchmarks.studies.optimism     # a quarter of an hour on one core; finished runs are not repeated

It trains 300 random configurations, the guide's grid of 27 at three learning rates, and, with three new seeds each, the
ten of the 300 that are best on the validation mazes and, to compare, twenty that were not chosen for their accuracy.
All learn from the same few hundred mazes with one label each, and are graded on the same validation and test mazes.
Nothing is chosen within a run: it has a fixed number of epochs, and its last model counts. The result is the file that
lesson 08 draws.
"""

import itertools
import json
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from benchmarks.commands import ROOT
from benchmarks.machine import machine
from trm_nav.course.optimism import packed, right_at_agents, unpacked
from trm_nav.files import write_bytes
from trm_nav.learning.training import Training
from trm_nav.mazes import dataset
from trm_nav.mazes.dataset import Dataset
from trm_nav.settings import DataSettings, TrainSettings

RESULT = ROOT / "trm_nav" / "course" / "optimism.json"
COMMAND = "python -m benchmarks.studies.optimism"
DATA: dict[str, Any] = dict(
    grid_size=8, obstacle_density=0.2, num_train=500, num_test=2000, num_final=10_000,
    train_seed=800, test_seed=801, final_seed=802, augment=False,
)  # fmt: skip
TRAINING: dict[str, Any] = dict(
    supervision="action", recursions=1, grow_recursions=False, epochs=6, patience=6, batch_size=64, device="cpu",
    threads=1,
)  # fmt: skip
# The guide's ranges, but dimensions an eighth of its own and higher learning rates, as a run has only 48 steps.
CHOICES = {"dim": (8, 16, 32), "depth": (2, 3, 4)}
RANGES = {"dropout": (0.1, 0.25), "lr": (3e-4, 1e-1), "weight_decay": (0.01, 0.05)}
LOGARITHMIC = {"lr", "weight_decay"}
CONFIGURATIONS = 300
PLACES = 10
OTHERS = 20
OTHERS_LR = 0.01  # of the others at least: with low learning rates a seed matters more, and no place has one
SEEDS = (1, 2, 3)  # the random configurations have seed 0
GRID = {"dim": (8, 16, 32), "depth": (2, 3, 4), "dropout": (0.1, 0.15, 0.2), "lr": (1e-3, 1e-2, 1e-1)}

Run = dict[str, Any]


def main() -> None:
    torch.set_num_threads(1)
    runs = json.loads(RESULT.read_text())["runs"] if RESULT.exists() else []
    sets = data_sets()
    total = CONFIGURATIONS + (PLACES + OTHERS) * len(SEEDS) + math.prod(map(len, GRID.values()))
    with tqdm(total=total, initial=len(runs), unit="run") as bar:
        for run in itertools.chain(of_configurations(), of_grid(), of_places(runs), of_others()):
            if not any(key(run) == key(done) for done in runs):
                runs.append(run | measure(run, *sets))
                write(runs)
                bar.update()


def key(run: Run) -> tuple[Any, ...]:
    return run["part"], run["seed"], tuple(sorted(run["settings"].items()))


def data_sets() -> tuple[Dataset, Dataset, Dataset]:
    """Training, validation and test mazes: three sets that share no maze, not even rotated or reflected."""
    settings = DataSettings.of(DATA)
    train, validation = dataset.build(settings)
    return train, validation, dataset.build_final(settings, train, validation)


def of_configurations() -> Iterator[Run]:
    """Random configurations; the first of them do not depend on how many there are."""
    for number in range(CONFIGURATIONS):
        rng = np.random.default_rng((8, number))
        settings: dict[str, Any] = {name: int(rng.choice(values)) for name, values in CHOICES.items()}
        for name, (low, high) in RANGES.items():
            value = np.exp(rng.uniform(*np.log((low, high)))) if name in LOGARITHMIC else rng.uniform(low, high)
            settings[name] = float(f"{value:.3g}")
        yield {"part": "configurations", "settings": settings, "seed": 0}


def of_places(runs: list[Run]) -> Iterator[Run]:
    """The configurations that are best on all validation mazes, the first place first, with new seeds.

    runs: what is finished; the first part must be complete when the first of these is asked for.
    """
    candidates = [run for run in runs if run["part"] == "configurations"]
    best = sorted(candidates, key=lambda run: -int(unpacked(run["right"], DATA["num_test"]).sum()))[:PLACES]
    for run, seed in itertools.product(best, SEEDS):
        yield {"part": "places", "settings": run["settings"], "seed": seed}


def of_grid() -> Iterator[Run]:
    for values in itertools.product(*GRID.values()):
        yield {"part": "grid", "settings": {**dict(zip(GRID, values, strict=True)), "weight_decay": 0.01}, "seed": 0}


def of_others() -> Iterator[Run]:
    """The first configurations with a learning rate that is not low, whatever their scores, with the same new seeds."""
    candidates = (run["settings"] for run in of_configurations() if run["settings"]["lr"] >= OTHERS_LR)
    for settings, seed in itertools.product(itertools.islice(candidates, OTHERS), SEEDS):
        yield {"part": "others", "settings": settings, "seed": seed}


def measure(run: Run, train: Dataset, validation: Dataset, test: Dataset) -> Run:
    """Train a configuration, and count on which mazes its last model is right."""
    started = time.process_time()
    few = first(validation, 50)  # nothing depends on it
    training = Training(TrainSettings.of({**TRAINING, **run["settings"], "seed": run["seed"]}), train, few)
    for _ in training.epochs():
        pass
    seconds = round(time.process_time() - started, 2)
    on_validation, on_test = (right_at_agents(training.model, mazes) for mazes in (validation, test))
    return {
        "seconds": seconds,
        "validation": int(on_validation.sum()),
        "test": int(on_test.sum()),
        **({"right": packed(on_validation)} if run["part"] == "configurations" else {}),
    }


def first(mazes: Dataset, count: int) -> Dataset:
    arrays = {name: getattr(mazes, name)[:count] for name in ("walls", "starts", "goals", "optimal")}
    return replace(mazes, **arrays)


def write(runs: list[Run]) -> None:
    """Write the file with one line for each run."""
    head = {"command": COMMAND, "machine": machine(), "data": DATA, "training": TRAINING, "runs": None}
    lines = ",\n".join("  " + json.dumps(run) for run in runs)
    text = f"{json.dumps(head, indent=1).removesuffix('null' + chr(10) + '}')}[\n{lines}\n ]\n}}\n"
    write_bytes(RESULT, text.encode())


if __name__ == "__main__":
    main()
