"""What the recipes reach, measured as a user would: data set, training and evaluation as commands, over several seeds.

    python benchmarks/recipes.py tiny                  # three seeds, the whole recipe
    python benchmarks/recipes.py production --epochs 3 # a stated share of the epochs

Evaluation is on 4,000 mazes that no seed has trained on, in one pass and averaged over the 8 symmetries; for a model
with convolutional mixing also on 1,000 mazes of 16 x 16 with 16 recursions. Each finished seed is kept in
runs/recipes/, so that an interrupted measurement goes on where it was.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from trm_nav import cli
from trm_nav.settings import RECIPES, DataSettings, recipe

PROG = "benchmarks/recipes.py"
ROOT = Path(__file__).resolve().parent.parent
HELD_OUT = ["--mazes", "4000", "--seed", "7"]
LARGER = ["--mazes", "1000", "--seed", "7", "--grid-size", "16", "--recursions", "16"]


def main() -> None:
    parser = argparse.ArgumentParser(prog=PROG, description="Measure what a recipe reaches.")
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[42, 43, 44], help="seeds to train with (default: 3)")
    parser.add_argument("--epochs", type=int, help="train for so many epochs instead of the recipe's")
    parser.add_argument("--threads", type=int, help="CPU threads (default: PyTorch's choice)")
    arguments = parser.parse_args()
    if arguments.threads:
        os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    runs = [measure(arguments.recipe, seed, arguments.epochs) for seed in arguments.seeds]
    print(f"\n{machine()}")
    print(report(arguments.recipe, runs))


def measure(name: str, seed: int, epochs: int | None) -> dict[str, Any]:
    """One seed from nothing to an evaluation; read back if it was measured before."""
    folder = ROOT / "runs" / "recipes" / (name if epochs is None else f"{name}-{epochs}-epochs") / f"seed-{seed}"
    result_path = folder / "result.json"
    if result_path.exists():
        return json.loads(result_path.read_text())
    data, best = folder / "data", folder / "checkpoints" / "best.pt"
    run("scripts/generate_dataset.py", *cli.flags(recipe(name, DataSettings)), "--output-dir", data)
    started = time.perf_counter()
    run(
        "-m",
        "trm_nav.train",
        "--recipe",
        name,
        "--seed",
        seed,
        "--checkpoint-dir",
        folder / "checkpoints",
        "--train-path",
        data / "train.pt",
        "--val-path",
        data / "test.pt",
        *(["--epochs", epochs] if epochs else []),
    )
    seconds = time.perf_counter() - started
    history = json.loads((folder / "checkpoints" / "history.json").read_text())
    one_pass = evaluate(best, *HELD_OUT)
    averaged = evaluate(best, *HELD_OUT, "--average-symmetries")
    result = {
        "seed": seed,
        "seconds": seconds,
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
        result["success_16x16"] = evaluate(best, *LARGER)["success"]
    result_path.write_text(json.dumps(result, indent=1))
    return result


def run(*command) -> str:
    """A Python command in the repository; what it prints. Its progress goes to the terminal."""
    return subprocess.run(
        [sys.executable, *map(str, command)], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE
    ).stdout


def evaluate(checkpoint: Path, *options: str) -> dict[str, Any]:
    return json.loads(run("-m", "trm_nav.evaluate", "--checkpoint", checkpoint, "--json", *options))


def machine() -> str:
    """The processor and the versions, in one line."""
    import torch

    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), model)
    return (
        f"{model}, {os.cpu_count()} cores, {torch.get_num_threads()} threads; Python {platform.python_version()}, "
        f"PyTorch {torch.__version__}; {time.strftime('%Y-%m-%d')}"
    )


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
