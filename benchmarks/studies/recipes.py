"""What the recipes reach, measured as a user would: data set, training and evaluation as commands, over several seeds.

    python -m benchmarks.studies.recipes tiny                   # three seeds, the whole recipe
    python -m benchmarks.studies.recipes production --epochs 3  # only so many epochs

Each model is evaluated on 4,000 mazes that no seed has trained on, in one pass and averaged over the 8 symmetries. A
model with convolutional mixing is also evaluated on 1,000 mazes of 16 x 16, with 16 recursions. Every finished seed is
saved in runs/recipes/, so an interrupted measurement continues where it stopped.
"""

import argparse
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.commands import ROOT, run
from benchmarks.machine import machine
from trm_nav import cli
from trm_nav.declaration import flags
from trm_nav.settings import RECIPES, DataSettings, recipe

PROG = "python -m benchmarks.studies.recipes"
SEEDS = (42, 43, 44)
HELD_OUT = ("--mazes", "4000", "--seed", "7")
LARGER = ("--mazes", "1000", "--seed", "7", "--grid-size", "16", "--recursions", "16")


def main() -> None:
    parser = argparse.ArgumentParser(prog=PROG, description="Measure what a recipe reaches.")
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="seeds of the runs (default: 42 43 44)")
    parser.add_argument("--epochs", type=int, help="train for this many epochs (default: the recipe's)")
    parser.add_argument("--threads", type=int, help="CPU threads (default: PyTorch's choice)")
    arguments = parser.parse_args()
    if arguments.threads:
        os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    runs = [measure(arguments.recipe, seed, arguments.epochs) for seed in arguments.seeds]
    print(f"\n{machine()}")
    print(report(arguments.recipe, runs))


def measure(name: str, seed: int, epochs: int | None) -> dict[str, Any]:
    """One seed, from making the data to the evaluation; read from its file if it was measured before."""
    folder = ROOT / "runs" / "recipes" / (name if epochs is None else f"{name}-{epochs}-epochs") / f"seed-{seed}"
    result_path = folder / "result.json"
    if result_path.exists():
        saved: dict[str, Any] = json.loads(result_path.read_text())
        return saved
    data, checkpoints = folder / "data", folder / "checkpoints"
    run("scripts/generate_dataset.py", *flags(recipe(name, DataSettings)), "--output-dir", data)
    paths = {"checkpoint_dir": checkpoints, "train_path": data / "train.pt", "val_path": data / "test.pt"}
    started = time.perf_counter()
    run(
        "-m",
        "trm_nav.train",
        *flags({"recipe": name, "seed": seed, **paths, **({"epochs": epochs} if epochs else {})}),
    )
    seconds = time.perf_counter() - started
    result = {"seed": seed, "seconds": seconds, **figures(checkpoints)}
    result_path.write_text(json.dumps(result, indent=1))
    return result


def figures(checkpoints: Path) -> dict[str, Any]:
    """What a finished training reached."""
    history = json.loads((checkpoints / "history.json").read_text())
    one_pass = evaluate(checkpoints / "best.pt", *HELD_OUT)
    averaged = evaluate(checkpoints / "best.pt", *HELD_OUT, "--average-symmetries")
    result = {
        "epochs": len(history["val_loss"]),
        "parameters": one_pass["model"]["parameters"],
        "val_acc": history["val_acc"][history["best_epoch"] - 1],
        "accuracy": one_pass["accuracy"],
        "success": one_pass["success"],
        "path_ratio": one_pass["path_ratio"],
        "success_8_symmetries": averaged["success"],
        "path_ratio_8_symmetries": averaged["path_ratio"],
    }
    if one_pass["model"]["mixing"] == "conv":
        result["success_16x16"] = evaluate(checkpoints / "best.pt", *LARGER)["success"]
    return result


def evaluate(checkpoint: Path, *options: str) -> Any:
    return json.loads(run("-m", "trm_nav.evaluate", "--checkpoint", checkpoint, "--json", *options))


def report(name: str, runs: list[dict[str, Any]]) -> str:
    """Mean, standard deviation and range of every figure over the seeds."""
    seeds = ", ".join(str(run["seed"]) for run in runs)
    lines = [f"{name}: {runs[0]['parameters']:,} parameters, seeds {seeds}"]
    for field in runs[0]:
        if field in ("seed", "parameters"):
            continue
        values = [run[field] for run in runs]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        lines.append(
            f"  {field:<24} {statistics.mean(values):>9.4f} +- {spread:.4f}   {min(values):.4f} to {max(values):.4f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    cli.run(main, PROG)
