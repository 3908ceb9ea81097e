"""Tries each setting of a rival's grid with seed 0, and prints a table.

    python -m benchmarks.time_to_skill.tune vin --seconds 60

The schedule ends with the time budget, so several values of --seconds also show how long a schedule a rival needs.
"""

import argparse
import dataclasses
import itertools
from contextlib import suppress
from typing import Any

from benchmarks.machine import machine
from benchmarks.time_to_skill.clock import Clock, OutOfTime, Watch
from benchmarks.time_to_skill.report import LEVELS
from benchmarks.time_to_skill.systems import GRIDS, SYSTEMS
from benchmarks.time_to_skill.training import data, train
from trm_nav.learning.model import count_parameters


def tune(name: str, seconds: float, threads: int) -> None:
    grid, (*datasets, held_out) = GRIDS[name], data()
    print(
        f"{machine()}\n{seconds:g} s each, seed 0.\n\n| {' | '.join(grid)} | parameters | 95% after | 99% after | "
        f"99.9% after | success after {seconds:g} s | epochs |\n|{'---|' * (len(grid) + 6)}",
        flush=True,
    )
    for values in itertools.product(*grid.values()):
        settings = dict(zip(grid, values, strict=True))
        lr, shape = settings.pop("lr"), settings.pop("shape", {})
        evaluations: list[dict[str, Any]] = []
        watch = Watch(Clock(), seconds, SYSTEMS[name].every, held_out, evaluations.append)
        system = dataclasses.replace(SYSTEMS[name], settings={**settings, **shape}, lr=lr, epochs=0)
        with suppress(OutOfTime):
            train(system, 0, threads, watch, *datasets)
        after = [
            next((f"{one['seconds']:.0f}" for one in evaluations if one["success"] >= level), "-") for level in LEVELS
        ]
        last = evaluations[-1]
        print(
            f"| {' | '.join(map(str, values))} | {count_parameters(watch.model):,} | {' | '.join(after)} | "
            f"{last['success']:.2%} | {last['epochs']:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Try a rival's grid of settings.")
    parser.add_argument("rival", choices=GRIDS)
    parser.add_argument("--seconds", type=float, default=60, help="the time budget of each setting (default: 60)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    arguments = parser.parse_args()
    tune(arguments.rival, arguments.seconds, arguments.threads)
