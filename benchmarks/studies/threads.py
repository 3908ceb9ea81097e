"""How many threads a training step should use: one or two, on a quiet machine and on a busy one.

    python -m benchmarks.studies.threads            # measures, writes results/threads.json, prints the table
    python -m benchmarks.studies.threads --print    # prints the table of the saved measurement

`trm_nav.learning.device.default_threads` follows from it. Two threads wait for each other many times in a step. By
default a waiting thread spins, that is, it keeps its core busy; with OMP_WAIT_POLICY=PASSIVE it sleeps. PyTorch reads
that variable when it is loaded, so every measurement is a process of its own. "Busy" means that as many endless loops
run beside the training as there are cores. The configurations of one size take turns, and ratios are taken within a
round.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.commands import ROOT, python
from benchmarks.machine import load, machine
from benchmarks.markdown import table

RESULTS = ROOT / "benchmarks" / "results" / "threads.json"
# fmt: off
SIZES: dict[str, dict[str, Any]] = {  # the recipes' networks; the two large ones with smaller batches, to save time
    "local": dict(dim=16, depth=2, recursions=8, mixing="conv", batch_size=32),
    "tiny": dict(dim=32, depth=2, recursions=8, mixing="mlp", batch_size=64),
    "fast": dict(dim=64, depth=2, recursions=4, mixing="mlp", batch_size=64),
    "production": dict(dim=128, depth=3, recursions=4, mixing="mlp", batch_size=32),
    "maximum": dict(dim=256, depth=4, recursions=4, mixing="mlp", batch_size=16),
}
# fmt: on
WAYS = {"one": (1, {}), "two, spinning": (2, {}), "two, sleeping": (2, {"OMP_WAIT_POLICY": "PASSIVE"})}
SECONDS = 2.0  # of steps in one measurement


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each configuration (default: 3)")
    parser.add_argument("--print", action="store_true", help="print the table of the saved measurement")
    parser.add_argument("--step", nargs=2, metavar=("SIZE", "THREADS"), help="measure one configuration, in seconds")
    arguments = parser.parse_args()
    if arguments.step:
        size, threads = arguments.step
        print(step_seconds(SIZES[size], int(threads)))
        return
    if not arguments.print:
        result = {
            "machine": machine(),
            "load": load(),
            "rounds": arguments.rounds,
            "seconds": measure(arguments.rounds),
        }
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(report(json.loads(RESULTS.read_text())))


def measure(rounds: int) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Seconds of a training step: by load ("quiet", "busy"), size and way, one for each round."""
    seconds: dict[str, dict[str, dict[str, list[float]]]] = {}
    for name, loops in (("quiet", 0), ("busy", os.cpu_count() or 1)):
        with busy(loops):
            for size in SIZES:
                measured = seconds.setdefault(name, {})[size] = {way: [] for way in WAYS}
                for _ in range(rounds):
                    for way in WAYS:
                        measured[way].append(in_a_process(size, way))
                print(name, size, measured, file=sys.stderr)
    return seconds


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """Keep so many cores busy with endless loops."""
    processes = [multiprocessing.Process(target=spin, daemon=True) for _ in range(loops)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def spin() -> None:
    while True:
        pass


def in_a_process(size: str, way: str) -> float:
    """Seconds of one training step, measured in a process of its own."""
    threads, variables = WAYS[way]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")} | variables
    command = python("-m", __spec__.name, "--step", size, threads)
    return float(
        subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    )


def step_seconds(settings: dict[str, Any], threads: int) -> float:
    """Mean seconds of a training step over `SECONDS`, after two steps that do not count."""
    import torch  # before trm_nav, which would set OMP_WAIT_POLICY

    from trm_nav import create_model, generate_mazes, optimal_actions
    from trm_nav.learning.loss import policy_loss
    from trm_nav.mazes.encoding import encode

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    settings = dict(settings)
    mazes = generate_mazes(settings.pop("batch_size"))
    tokens = torch.from_numpy(encode(mazes.walls, mazes.goals))
    optimal = torch.from_numpy(optimal_actions(mazes.walls, mazes.goals)).flatten(1)
    model = create_model(**settings)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    steps, started = -2, time.perf_counter()
    while steps < 1 or time.perf_counter() - started < SECONDS:
        policy_loss(model(tokens), optimal).backward()
        optimizer.step()
        optimizer.zero_grad()
        steps += 1
        if steps == 0:
            started = time.perf_counter()
    return (time.perf_counter() - started) / steps


def report(result: dict[str, Any]) -> str:
    """How many times as fast two threads are as one: the median over the rounds, for each size and load."""
    rows = []
    for size in SIZES:
        row = [size]
        for name in ("quiet", "busy"):
            one, *others = (result["seconds"][name][size][way] for way in WAYS)
            row += [f"{statistics.median(a / b for a, b in zip(one, two, strict=True)):.2f}x" for two in others]
        rows.append(row)
    heads = ["recipe", *(f"{name}: {way}" for name in ("quiet", "busy") for way in list(WAYS)[1:])]
    return "\n".join([result["machine"], "", *table(heads, rows)])


if __name__ == "__main__":
    main()
