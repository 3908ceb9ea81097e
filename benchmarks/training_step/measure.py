"""Measures the training step at every shape and number of threads, and the whole training command.

Each number of threads has a process of its own, in which all systems take turns.
"""

import json
from typing import Any

from benchmarks.commands import run
from benchmarks.machine import load, machine
from benchmarks.training_step.command import measure_command
from benchmarks.training_step.our_step import BATCH, DEPTH, SIZE
from benchmarks.training_step.shapes import SIDE

THREADS = (1, 2)


def measure(quick: bool = False) -> dict[str, Any]:
    """quick: fewer rounds, and fewer shapes on two threads."""
    before = load()
    more = ["--quick"] if quick else []
    return {
        "machine": machine(),
        "load": before,
        "threads": [json.loads(run("-m", "benchmarks.training_step.shapes", count, *more)) for count in THREADS],
        "command": measure_command(quick),
        "given": {"size": SIZE, "depth": DEPTH, "batch": BATCH, "side": SIDE},
    }
