"""How long the training guide's three sizes take here: three epochs on 50,000 mazes, and a whole run calculated.

    python -m benchmarks.studies.guide_times                 # the sizes that are missing, and docs/guide.md
    python -m benchmarks.studies.guide_times fast            # one of them
    python -m benchmarks.studies.guide_times fast --again    # also if it was measured before
    python -m benchmarks.studies.guide_times --write         # measures nothing, only writes the table again

The guide gives a time for each size, but not the number of epochs. A size has the flags of the guide's recipe with
that size, with 50,000 mazes, the 8 symmetries and as many threads as the training command chooses by itself. The number
of recursions grows within a run: a third of its epochs has a quarter of them, a third has half, and a third has all. A
run of three epochs has one epoch of each, so their mean is the mean of a run of any length.

Measure on a quiet machine. Finished sizes are kept in results/guide_times.json and not repeated, and a training that
was interrupted goes on from its last checkpoint in runs/guide_times/.
"""

import argparse
import json
import shutil
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.commands import ROOT, run
from benchmarks.machine import load, machine
from benchmarks.markdown import put, significant, table
from trm_nav import cli
from trm_nav.declaration import flags
from trm_nav.settings import TrainSettings, recipe

PROG = "python -m benchmarks.studies.guide_times"
RESULT = ROOT / "benchmarks" / "results" / "guide_times.json"
RUNS = ROOT / "runs" / "guide_times"
PAGE = ROOT / "docs" / "guide.md"
BEGIN = f"<!-- begin: {PROG} --write -->"
MAZES, VALIDATION = 50_000, 2000
EPOCHS = 3  # one for each third of a run
DEFAULT_EPOCHS: int = TrainSettings.model_fields["epochs"].default
GUIDE = {  # the recipe of each size, and the guide's times on an RTX 3080 and on a CPU with 8 cores
    "fast": ("10 min", "60 min"),
    "production": ("30 min", "3 h"),
    "maximum": ("90 min", "8 h"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog=PROG, description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sizes", nargs="*", metavar="|".join(GUIDE), help="sizes to measure (default: all)")
    parser.add_argument("--again", action="store_true", help="measure sizes that were measured before, too")
    parser.add_argument("--write", action="store_true", help="only write the table into docs/guide.md")
    arguments = parser.parse_args()
    if unknown := set(arguments.sizes) - set(GUIDE):
        parser.error(f"there is no size {unknown.pop()}; there are {', '.join(GUIDE)}")
    results = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    for name in [] if arguments.write else arguments.sizes or GUIDE:
        if arguments.again and name in results:
            shutil.rmtree(RUNS / name, ignore_errors=True)
        if arguments.again or name not in results:
            results[name] = {"machine": machine(), "load": load(), **measure(name, RUNS)}
            RESULT.write_text(json.dumps(results, indent=1) + "\n")
    put(PAGE, BEGIN, report(results))
    print(report(results))


def measure(name: str, folder: Path, mazes: int = MAZES, **changes: Any) -> dict[str, Any]:
    """Train one size for three epochs. Returns the seconds of each, the recursions that it had, and the threads."""
    data, checkpoints = folder / "data", folder / name
    if not (data / "train.pt").exists():
        sizes = {"num_train": mazes, "num_test": min(mazes, VALIDATION), "augment": True}
        run("scripts/generate_dataset.py", *flags({**sizes, "output_dir": data}))
    paths = {"train_path": data / "train.pt", "val_path": data / "test.pt", "checkpoint_dir": checkpoints}
    settings = {**recipe(name, TrainSettings), **changes, "epochs": EPOCHS, "patience": EPOCHS, **paths}
    history, last = checkpoints / "history.json", checkpoints / "last.pt"
    if not history.exists() or len(json.loads(history.read_text())["seconds"]) < EPOCHS:
        run("-m", "trm_nav.train", *flags({**settings, **({"resume": last} if last.exists() else {})}))
    finished = json.loads(history.read_text())
    most: int = finished["config"]["recursions"]
    return {
        "mazes": finished["mazes"],
        "threads": finished["config"]["threads"],
        "recursions": [max(1, most // 4), max(1, most // 2), most],
        "seconds": finished["seconds"],
    }


def report(results: dict[str, Any]) -> str:
    """The table: what the guide says, the command, and what was measured and calculated."""
    rows = [[said(name), f"`{PROG} {name}`", found(name, results.get(name))] for name in GUIDE]
    return "\n".join(table(["the guide says", "here", "measured"], rows))


def said(name: str) -> str:
    size, (gpu, cpu) = recipe(name), GUIDE[name]
    return f"dim {size['dim']}, depth {size['depth']}: about {gpu} on an RTX 3080, about {cpu} on 8 cores"


def found(name: str, result: dict[str, Any] | None) -> str:
    if result is None:
        return "not measured yet: it is to be run on a quiet machine"
    *first, last = map(significant, result["seconds"])
    *few, most = map(str, result["recursions"])
    threads = f"{result['threads']} thread{'' if result['threads'] == 1 else 's'}"
    wholes = [
        f"{duration(epochs * mean(result['seconds']))} for {words}" for epochs, words in sorted(lengths(name).items())
    ]
    return (
        f"{', '.join(first)} and {last} s for an epoch with {', '.join(few)} and {most} recursions, {threads}; "
        f"calculated from their mean: {', '.join(wholes)}. {result['machine']}, load {result['load']:.1f}"
    )


def lengths(name: str) -> dict[int, str]:
    """The numbers of epochs of a whole run: the default, and that of the guide's recipe with this size."""
    epochs = recipe(name)["epochs"]
    return {DEFAULT_EPOCHS: f"the default of {DEFAULT_EPOCHS} epochs", epochs: f"the {epochs} epochs of its recipe"}


def duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


if __name__ == "__main__":
    cli.run(main, PROG)
