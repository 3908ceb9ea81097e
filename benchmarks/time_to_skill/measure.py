"""Measures time to skill. Every run is a whole process; finished runs are saved in runs/skill/ and not repeated.

    python -m benchmarks.time_to_skill.measure local --seed 0       # one run

Every system gets the same 5,000 mazes, a random symmetry for every sample, the same loss, AdamW, clipping and shape of
schedule. Its learning rate, its batch size and the epochs of its schedule are its own. The clock starts with the
process: it counts imports, making the data, training and, for our recipes, the validation after each epoch. It stands
still during the evaluations on 2,000 held-out mazes. Linux only.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from benchmarks.commands import ROOT, python
from benchmarks.machine import load, machine
from benchmarks.time_to_skill.clock import Clock, OutOfTime, Watch
from benchmarks.time_to_skill.runs import read
from benchmarks.time_to_skill.systems import BEFORE, SYSTEMS
from benchmarks.time_to_skill.training import data, train
from trm_nav.learning.model import count_parameters

FOLDER = ROOT / "runs" / "skill"
SEEDS, SECONDS = range(5), 300.0
SEEDS_BEFORE = range(3)  # for the recipes as they were before
QUICK_SYSTEMS, QUICK_SEEDS, QUICK_SECONDS = ("local", "recurrent", "cnn", "tiny"), range(3), 75.0
PROCESSES = 2  # side by side, each on one thread


def measure(quick: bool = False) -> dict[str, Any]:
    """All systems and seeds, continuing from what FOLDER holds. quick: four systems, three seeds, nothing saved."""
    if quick:
        with tempfile.TemporaryDirectory() as folder:
            run_all(QUICK_SYSTEMS, QUICK_SEEDS, QUICK_SECONDS, Path(folder))
            return {"runs": read(Path(folder))}
    run_all(SYSTEMS, SEEDS, SECONDS, FOLDER)
    runs = read(FOLDER)
    return {"runs": runs, "seconds": sum(run["seconds"][-1] for some in runs.values() for run in some)}


def run_all(names: Iterable[str], seeds: Iterable[int], seconds: float, folder: Path) -> None:
    """Run every system with every seed that has no file yet, seed by seed."""

    def one(seed: int, name: str) -> None:
        if not (folder / f"{name}-{seed}.jsonl").exists():
            print(f"{name}, seed {seed}", file=sys.stderr, flush=True)
            run = ("--seed", seed, "--seconds", seconds, "--folder", folder)
            subprocess.run(python("-m", "benchmarks.time_to_skill.measure", name, *run), cwd=ROOT, check=True)

    jobs = [job for job in itertools.product(seeds, names) if job[1] not in BEFORE or job[0] in SEEDS_BEFORE]
    with ThreadPoolExecutor(max(1, min(PROCESSES, os.cpu_count() or 1))) as pool:
        list(pool.map(one, *zip(*jobs, strict=True)))


def run_one(name: str, seed: int, seconds: float, threads: int, folder: Path) -> None:
    """Write one run to its file, a line for each evaluation. The file gets its final name when the run is finished."""
    clock, path = Clock.of_process(), folder / f"{name}-{seed}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(threads)
    run = {"system": name, "seed": seed, "threads": threads, "load": load(), "machine": machine()}
    with path.with_suffix(".part").open("w", buffering=1) as file:

        def save(evaluation: dict[str, Any]) -> None:
            file.write(json.dumps({**run, "parameters": count_parameters(watch.model), **evaluation}) + "\n")

        *datasets, held_out = data()
        watch = Watch(clock, seconds, SYSTEMS[name].every, held_out, save)
        with suppress(OutOfTime):
            train(SYSTEMS[name], seed, threads, watch, *datasets)
    path.with_suffix(".part").rename(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="One run: train a system and evaluate it as time passes.")
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"the time budget (default: {SECONDS:g})")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the run is saved (default: runs/skill)")
    arguments = parser.parse_args()
    run_one(arguments.system, arguments.seed, arguments.seconds, arguments.threads, arguments.folder)
