"""Measures how seconds and memory grow. It takes some minutes and 5 GB of memory.

Every point has a process of its own on one thread. The processes of one quantity's points are alive together and take
turns. A process times the steps of `Training._train` as a run makes them; see `worker.py`.
"""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.commands import ROOT, python
from benchmarks.growth.worker import Point, peak_bytes
from benchmarks.machine import load, machine
from benchmarks.timing import summary
from benchmarks.training_step import our_step

BASE: Point = {"mazes": 1_000, "size": 8, "dim": 32, "depth": 2, "recursions": 4}
VALUES = {
    "mazes": (1_000, 10_000, 100_000, 1_000_000),
    "size": (8, 12, 16, 24, 32),
    "dim": (32, 64, 128, 256),
    "depth": (1, 2, 4, 8),
    "recursions": (1, 2, 4, 8, 16),
}
QUICK_VALUES = {
    "mazes": (1_000, 10_000, 30_000),
    "size": (8, 12, 16),
    "dim": (32, 64),
    "depth": (1, 2, 4),
    "recursions": (1, 4, 8),
}
ROUNDS, QUICK_ROUNDS = 4, 2
MAZES_STEPS = 100  # timed in a round where the number of mazes varies
STEPS, ROUND_FLOPS = (2, 16), 20e9  # otherwise between so few and so many, about this many operations in a round


class Worker:
    """The process of one point, seen from outside."""

    def __init__(self, point: Point, steps: int, folder: Path | None):
        data = ("--data", folder) if folder else ()
        self.process = subprocess.Popen(
            python("-m", "benchmarks.growth.worker", json.dumps(point), steps, *data),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, question: str = "") -> Any:
        """The next line that the process prints, after a question if one is given."""
        assert self.process.stdin and self.process.stdout
        if question:
            print(question, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the process of a point ended with exit status {self.process.wait()}")
        return json.loads(answer)

    def close(self) -> None:
        self.process.communicate()


def measure(quick: bool = False) -> dict[str, Any]:
    """For each quantity its points, with seconds per epoch in every round and bytes. quick: fewer, smaller points."""
    before = load()
    values, rounds = (QUICK_VALUES, QUICK_ROUNDS) if quick else (VALUES, ROUNDS)
    return {
        "lines": {name: measure_line(name, several, rounds) for name, several in values.items()},
        "base": BASE,
        "batch": our_step.BATCH,
        "machine": machine(),
        "load": before,
    }


def measure_line(name: str, values: tuple[int, ...], rounds: int) -> list[dict[str, Any]]:
    """The points of one quantity."""
    with tempfile.TemporaryDirectory() as temporary:
        points, workers = [], []
        try:
            for value in values:
                point = {**BASE, name: value}
                folder = Path(temporary) / str(value) if name == "mazes" else None
                made = generate(value, folder) if folder else None
                steps = (
                    MAZES_STEPS if name == "mazes" else max(STEPS[0], min(STEPS[1], round(ROUND_FLOPS / flops(point))))
                )
                workers.append(Worker(point, steps, folder))
                # One after another: what they read and build must not compete for memory.
                points.append({**point, "generation": made, "flops": flops(point), **workers[-1].ask()})
            seconds = [[worker.ask("round") for worker in workers] for _ in range(rounds + 1)][1:]
            for measured, worker, times in zip(points, workers, zip(*seconds, strict=True), strict=True):
                measured |= {"rounds": list(times), "epoch": summary(list(times)), **worker.ask("memory")}
        finally:
            for worker in workers:
                worker.close()
    return points


def flops(point: Point) -> int:
    """Floating-point operations of the matrix products in a step."""
    return our_step.flops(point["size"] ** 2, point["dim"], point["depth"], point["recursions"])


def generate(mazes: int, folder: Path) -> dict[str, float]:
    """Make a data set with our command. Returns its seconds and its peak memory."""
    started = time.perf_counter()
    numbers = ("--num-train", mazes, "--num-test", our_step.BATCH)
    process = subprocess.Popen(
        python("scripts/generate_dataset.py", *numbers, "--augment", "--output-dir", folder),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"generate_dataset.py ended with exit status {process.returncode}")
    return {"seconds": time.perf_counter() - started, "peak_bytes": peak_bytes(usage)}
