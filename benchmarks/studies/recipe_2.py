"""The training guide's Recipe 2 with its own flags, for docs/guide.md: its curve as far as it has been trained.

    python -m benchmarks.studies.recipe_2            # trains, or goes on: hours on two cores; Ctrl-C whenever you like
    python -m benchmarks.studies.recipe_2 --write    # trains nothing, only writes the table again

However it ends, the curve so far and what its best epoch reaches are put into results/recipe_2.json and the table into
docs/guide.md. The run is kept in runs/recipe_2/ and goes on from its last finished epoch.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.commands import ROOT, run
from benchmarks.machine import machine
from benchmarks.markdown import put, significant, table
from benchmarks.studies.guide_times import duration
from benchmarks.studies.recipes import figures
from trm_nav import cli
from trm_nav.files import write_bytes
from trm_nav.learning.training import recursions_at
from trm_nav.settings import TrainSettings

PROG = "python -m benchmarks.studies.recipe_2"
RESULT = ROOT / "benchmarks" / "results" / "recipe_2.json"
FOLDER = ROOT / "runs" / "recipe_2"
PAGE = ROOT / "docs" / "guide.md"
BEGIN = f"<!-- begin: {PROG} --write -->"
DATA = "--num-train 50000 --num-test 2000 --augment"
TRAINING = "--dim 128 --depth 3 --dropout 0.15 --weight-decay 0.01 --lr 5e-4 --epochs 100 --patience 20"
GOAL = 0.995  # of the validation accuracy; the guide expects 0.90 to 0.95
ROWS = (1, 2, 5, 10, 20, 33, 34, 40, 50, 60, 66, 67, 80, 90)  # epochs in the table, and the last one


def main() -> None:
    parser = argparse.ArgumentParser(prog=PROG, description="Train the training guide's Recipe 2.")
    parser.add_argument("--write", action="store_true", help="train nothing; write the table in docs/guide.md")
    if parser.parse_args().write:
        put(PAGE, BEGIN, report(json.loads(RESULT.read_text())))
        return
    try:
        train(FOLDER)
    finally:  # also after Ctrl-C
        checkpoints = FOLDER / "checkpoints"
        if (checkpoints / "best.pt").exists():
            result = collected(checkpoints)
            write_bytes(RESULT, (json.dumps(result) + "\n").encode())
            put(PAGE, BEGIN, report(result))


def train(folder: Path, data: str = DATA, training: str = TRAINING) -> None:
    """Make the data and train, or go on after the last finished epoch, until the run is over."""
    sets, checkpoints = folder / "data", folder / "checkpoints"
    history, last = checkpoints / "history.json", checkpoints / "last.pt"
    if history.exists() and over(json.loads(history.read_text())):
        return
    if not (sets / "train.pt").exists():
        run("scripts/generate_dataset.py", *data.split(), "--output-dir", sets)
    paths = ("--train-path", sets / "train.pt", "--val-path", sets / "test.pt", "--checkpoint-dir", checkpoints)
    going_on = ("--resume", last) if last.exists() else ()
    run("-m", "trm_nav.train", *training.split(), *paths, *going_on)


def over(history: dict[str, Any]) -> bool:
    """Whether a run has had all of its epochs, or its patience has run out."""
    epochs, config = len(history["val_loss"]), history["config"]
    return epochs == config["epochs"] or epochs - history["best_epoch"] >= config["patience"]


def collected(checkpoints: Path) -> dict[str, Any]:
    """What is kept of a run: the machine, the curves, the settings but for paths, and how well the best model walks."""
    history = json.loads((checkpoints / "history.json").read_text())
    curves = {name: [float(f"{value:.5g}") for value in history[name]] for name in ("val_loss", "val_acc", "seconds")}
    reached = figures(checkpoints)
    walked = {name: reached[name] for name in ("success", "success_8_symmetries", "path_ratio")}
    settings = TrainSettings(**history["config"])
    config = {name: value for name, value in history["config"].items() if not isinstance(getattr(settings, name), Path)}
    return {"machine": machine(), **curves, "best_epoch": history["best_epoch"], **walked, "config": config}


def report(result: dict[str, Any]) -> str:
    """The table of some epochs, and below it how far the run has come and what its best epoch reaches."""
    settings = TrainSettings(**result["config"])
    accuracies, seconds = result["val_acc"], result["seconds"]
    done, best = len(accuracies), result["best_epoch"]
    rows = [
        [
            str(epoch),
            str(recursions_at(epoch - 1, settings)),
            significant(seconds[epoch - 1]),
            f"{accuracies[epoch - 1]:.2%}",
            f"{result['val_loss'][epoch - 1]:.4f}",
        ]
        for epoch in sorted({*(epoch for epoch in ROWS if epoch < done), done})
    ]
    below = max((epoch for epoch, accuracy in enumerate(accuracies, start=1) if accuracy < GOAL), default=0)
    reached = f"{GOAL:.1%} or more in every epoch from {below + 1} on" if below < done else f"not yet {GOAL:.1%}"
    head = ["epoch", "recursions", "seconds", "validation accuracy", "validation loss, nats"]
    return "\n".join(
        [
            *table(head, rows),
            "",
            f"{done} of {settings.epochs} epochs in {duration(sum(seconds))}: {reached}, the highest "
            f"{max(accuracies):.2%}. The model of epoch {best}, the one with the lowest validation loss, reaches the "
            f"goal in {result['success']:.2%} of 4,000 other mazes in one pass, in "
            f"{result['success_8_symmetries']:.2%} averaged over the 8 symmetries. {result['machine']}.",
        ]
    )


if __name__ == "__main__":
    cli.run(main, PROG)
