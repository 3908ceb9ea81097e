"""How many mazes are enough? The guide's data-quantity table, measured for lesson 05.

    python benchmarks/data_quantity.py     # about half an hour on two cores; what was measured already is kept

The guide's Recipe 1 with one pass, 1,000 to 100,000 mazes, with and without the 8 symmetries, under both kinds of
supervision, always validated on the same 2,000 mazes; 30 epochs, fewer on the two largest sets. Each run has one
thread, two runs go on at a time. The result is `trm_nav/data_quantity.json`, which lesson 05 draws.
"""

import itertools
import json
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

import torch
from recipes import ROOT, machine
from tqdm import tqdm

from trm_nav.course.laboratory.experiment import Experiment
from trm_nav.files import write_atomically
from trm_nav.settings import ModelSettings, recipe

RESULT = ROOT / "trm_nav" / "data_quantity.json"
SETTINGS = {
    **recipe("fast", ModelSettings),
    "lr": 1e-3,
    "weight_decay": 0.01,
    "batch_size": 64,
    "recursions": 1,
    "patience": 30,
    "num_test": 2000,
    "test_seed": 99999,
}
MAZES = 1_000, 5_000, 10_000, 50_000, 100_000
EPOCHS = {1_000: 30, 5_000: 30, 10_000: 30, 50_000: 10, 100_000: 6}  # fewer where one has more steps; 9,400 at most
SEEDS = {1_000: (0, 1, 2), 5_000: (0, 1, 2), 10_000: (0,), 50_000: (0,), 100_000: (0,)}


def main() -> None:
    torch.set_num_threads(1)
    points = json.loads(RESULT.read_text())["points"] if RESULT.exists() else []
    done = set(map(key, points))
    wanted = [
        (mazes, augment, supervision, seed)
        for mazes in MAZES
        for augment, supervision in itertools.product((True, False), ("policy", "action"))
        for seed in SEEDS[mazes]
    ]
    missing = [point for point in wanted if point not in done]
    with ProcessPoolExecutor(2) as pool, tqdm(total=len(missing), unit="run") as bar:
        for finished in as_completed([pool.submit(measure, *point) for point in missing]):
            points.append(finished.result())
            points.sort(key=key)
            write(
                {
                    "command": "python benchmarks/data_quantity.py",
                    "machine": machine(),
                    "settings": SETTINGS,
                    "points": points,
                }
            )
            bar.update()


def key(point: dict[str, Any]) -> tuple[int, bool, str, int]:
    return point["mazes"], point["augment"], point["supervision"], point["seed"]


def measure(mazes: int, augment: bool, supervision: str, seed: int) -> dict[str, Any]:
    """One run: the accuracies of its last epoch, and on held-out mazes also that of its best."""
    run = (
        Experiment(
            **{
                **SETTINGS,
                "num_train": mazes,
                "epochs": EPOCHS[mazes],
                "augment": augment,
                "supervision": supervision,
                "train_seed": 100 + seed,
                "seed": seed,
            }
        )
        .train()
        .run
    )
    history = run.history
    return {
        "mazes": mazes,
        "epochs": EPOCHS[mazes],
        "augment": augment,
        "supervision": supervision,
        "seed": seed,
        "train_acc": history["train_acc"][-1],
        "val_acc": history["val_acc"][-1],
        "best_val_acc": history["val_acc"][run.best_epoch - 1],
        "best_epoch": run.best_epoch,
    }


def write(result: dict[str, Any]) -> None:
    """One line a point, so that a difference can be read."""
    points = ",\n".join("  " + json.dumps(point) for point in result["points"])
    head = json.dumps({**result, "points": None}, indent=1).removesuffix("null\n}")
    write_atomically(RESULT, lambda file: file.write(f"{head}[\n{points}\n ]\n}}\n".encode()))


if __name__ == "__main__":
    main()
