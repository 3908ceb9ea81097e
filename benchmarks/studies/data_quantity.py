"""How many mazes are enough? The training guide's table of data quantities, measured for lesson 05.

    python -m benchmarks.studies.data_quantity     # about half an hour on two cores; finished points are not repeated

It trains the guide's Recipe 1 without recursion on 1,000 to 100,000 mazes, with and without the 8 symmetries and under
both kinds of supervision. Every run is validated on the same 2,000 mazes and has 30 epochs; on the two largest sets it
has fewer. Two runs train at a time, each on one thread. The result is the file that lesson 05 draws.
"""

import itertools
import json
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, BinaryIO

import torch
from tqdm import tqdm

from benchmarks.commands import ROOT
from benchmarks.machine import machine
from trm_nav.course.laboratory.experiment import Experiment
from trm_nav.files import write_atomically
from trm_nav.settings import ModelSettings, recipe

RESULT = ROOT / "trm_nav" / "course" / "data_quantity.json"
COMMAND = "python -m benchmarks.studies.data_quantity"
SETTINGS: dict[str, Any] = {
    **recipe("fast", ModelSettings),
    "lr": 1e-3,
    "weight_decay": 0.01,
    "batch_size": 64,
    "recursions": 1,
    "patience": 30,
    "num_test": 2000,
    "test_seed": 99999,
}
# Mazes: epochs and seeds. An epoch of a larger set has more steps; no run has more than 9,400.
EPOCHS = {1_000: 30, 5_000: 30, 10_000: 30, 50_000: 10, 100_000: 6}
SEEDS = {1_000: (0, 1, 2), 5_000: (0, 1, 2), 10_000: (0,), 50_000: (0,), 100_000: (0,)}

Key = tuple[int, bool, str, int]  # mazes, augment, supervision, seed


def main() -> None:
    torch.set_num_threads(1)
    points = json.loads(RESULT.read_text())["points"] if RESULT.exists() else []
    done = set(map(key, points))
    wanted = [
        (mazes, augment, supervision, seed)
        for mazes in EPOCHS
        for augment, supervision in itertools.product((True, False), ("policy", "action"))
        for seed in SEEDS[mazes]
    ]
    missing = [point for point in wanted if point not in done]
    with ProcessPoolExecutor(2) as pool, tqdm(total=len(missing), unit="run") as bar:
        for finished in as_completed([pool.submit(measure, *point) for point in missing]):
            points.append(finished.result())
            points.sort(key=key)
            write({"command": COMMAND, "machine": machine(), "settings": SETTINGS, "points": points})
            bar.update()


def key(point: dict[str, Any]) -> Key:
    return point["mazes"], point["augment"], point["supervision"], point["seed"]


def measure(mazes: int, augment: bool, supervision: str, seed: int) -> dict[str, Any]:
    """One run: the accuracies of its last epoch, and the validation accuracy of its best epoch."""
    varied = {"epochs": EPOCHS[mazes], "augment": augment, "supervision": supervision, "seed": seed}
    run = Experiment(**{**SETTINGS, **varied, "num_train": mazes, "train_seed": 100 + seed}).train().run
    history = run.history
    return {
        "mazes": mazes,
        **varied,
        "train_acc": history["train_acc"][-1],
        "val_acc": history["val_acc"][-1],
        "best_val_acc": history["val_acc"][run.best_epoch - 1],
        "best_epoch": run.best_epoch,
    }


def write(result: dict[str, Any]) -> None:
    """Write the file with one line for each point, so that a diff can be read."""
    points = ",\n".join("  " + json.dumps(point) for point in result["points"])
    head = json.dumps({**result, "points": None}, indent=1).removesuffix("null\n}")
    text = f"{head}[\n{points}\n ]\n}}\n"

    def write_text(file: BinaryIO) -> None:
        file.write(text.encode())

    write_atomically(RESULT, write_text)


if __name__ == "__main__":
    main()
