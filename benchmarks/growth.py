"""How cost grows: seconds per epoch and memory, with mazes, grid size, dim, depth and recursions.

    python benchmarks/growth.py      # some minutes and 5 GB of memory; --quick: no million mazes; --draw: growth.png

Every point has a process of its own on one thread, with the mazes it needs; the points of one line are alive together
and take turns. A process times the steps of `Training._train` as a run makes them. An epoch is its first step, which
includes shuffling, and the mean of the others times their number; validation is not in it.
"""

import argparse
import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import training_step
from growth_report import report
from recipes import ROOT, machine
from timing import load, summary
from training_step import BATCH

BASE = {"mazes": 1_000, "size": 8, "dim": 32, "depth": 2, "recursions": 4}
LINES = {
    "mazes": (1_000, 10_000, 100_000, 1_000_000),
    "size": (8, 12, 16, 24, 32),
    "dim": (32, 64, 128, 256),
    "depth": (1, 2, 4, 8),
    "recursions": (1, 2, 4, 8, 16),
}
QUICK = {
    "mazes": (1_000, 10_000, 30_000),
    "size": (8, 12, 16),
    "dim": (32, 64),
    "depth": (1, 2, 4),
    "recursions": (1, 4, 8),
}
STEPS = 100  # in a round of the line of mazes; the others take fewer where steps are long


class Worker:
    """A process for one point: it makes or reads its data, trains a round when told, and says what memory it took."""

    def __init__(self, point: dict[str, int], steps: int, folder: Path | None):
        self.process = subprocess.Popen(
            [
                sys.executable,
                "benchmarks/growth.py",
                "--point",
                json.dumps({**point, "steps": steps}),
                *(["--data", str(folder)] if folder else []),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, question: str = "") -> Any:
        if question:
            print(question, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"a point ended with exit status {self.process.wait()}")
        return json.loads(answer)

    def close(self) -> None:
        self.process.communicate()


def measure(quick: bool = False) -> dict[str, Any]:
    """All lines; of each its points, with seconds per epoch in every round and bytes."""
    before = load()
    lines, rounds = (QUICK, 2) if quick else (LINES, 4)
    return {
        "lines": {name: measure_line(name, values, rounds) for name, values in lines.items()},
        "base": BASE,
        "batch": BATCH,
        "machine": machine(),
        "load": before,
    }


def measure_line(name: str, values: tuple[int, ...], rounds: int) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as temporary:
        points, workers = [], []
        try:
            for value in values:
                point = {**BASE, name: value}
                folder, made = (Path(temporary) / str(value), None) if name == "mazes" else (None, None)
                if folder:
                    made = generate(value, folder)
                steps = STEPS if name == "mazes" else max(2, min(16, round(20e9 / flops(point))))
                workers.append(Worker(point, steps, folder))
                # One after another: what they read and build must not compete for memory.
                points.append({**point, "generation": made, "flops": flops(point), **workers[-1].ask()})
            seconds = [[worker.ask("round") for worker in workers] for _ in range(rounds + 1)][1:]
            for point, worker, times in zip(points, workers, zip(*seconds, strict=True), strict=True):
                point |= {"rounds": list(times), "epoch": summary(list(times)), **worker.ask("memory")}
        finally:
            for worker in workers:
                worker.close()
    return points


def flops(point: dict[str, int]) -> int:
    """Of the matrix products in a step."""
    return training_step.flops(point["size"] ** 2, point["dim"], point["depth"], point["recursions"])


def generate(mazes: int, folder: Path) -> dict[str, float]:
    """Make a data set with our command. Its seconds, and the most bytes that it held."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [
            sys.executable,
            "scripts/generate_dataset.py",
            "--num-train",
            str(mazes),
            "--num-test",
            "64",
            "--augment",
            "--output-dir",
            str(folder),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"generate_dataset.py ended with exit status {process.returncode}")
    return {"seconds": time.perf_counter() - started, "peak_bytes": peak_bytes(usage)}


# --- In the process of a point ----------------------------------------------------------------------------------------


class Enough(Exception):
    """So many steps as were asked for are done."""


def work(point: dict[str, int], folder: Path | None) -> None:
    """Answer on standard output: what is held, then a line for every line read, `round` or `memory`."""
    import resource

    import torch

    from trm_nav.learning.device import processor_set
    from trm_nav.learning.model import create_model
    from trm_nav.learning.training import Training
    from trm_nav.mazes import dataset
    from trm_nav.settings import DataSettings, TrainSettings

    torch.set_num_threads(1)
    create_model(dim=8)(torch.zeros(1, 64, dtype=torch.uint8)).sum().backward()  # libraries load on first use
    imports = peak_bytes(resource.getrusage(resource.RUSAGE_SELF))
    steps = min(point["steps"], math.ceil(point["mazes"] / BATCH))
    if folder:
        data = dataset.load(folder / "train.pt"), dataset.load(folder / "test.pt")
    else:
        data = dataset.build(DataSettings(num_train=point["mazes"], num_test=BATCH, grid_size=point["size"]))
    run = Training(
        TrainSettings(
            **{name: point[name] for name in ("dim", "depth", "recursions")},
            dropout=0.0,
            lr=1e-4,
            batch_size=BATCH,
            threads=1,
            augment=True,
            device="cpu",
        ),
        *data,
    )
    built = peak_bytes(resource.getrusage(resource.RUSAGE_SELF))
    print(
        json.dumps(
            {
                "steps": steps,
                "imports_bytes": imports,
                "built_bytes": built,
                "held_bytes": held_bytes(data[0], run.train_samples),
            }
        ),
        flush=True,
    )

    def one_round() -> float:
        """Seconds of an epoch."""
        ends = []

        def on_step(share: float) -> None:
            ends.append(time.perf_counter())
            if len(ends) == steps:
                raise Enough

        started = time.perf_counter()
        with processor_set(1), contextlib.suppress(Enough):
            run._train(on_step)
        others = (ends[-1] - ends[0]) / (steps - 1)
        return ends[0] - started + (run.batches - 1) * others

    for line in sys.stdin:
        answer = (
            one_round()
            if line.strip() == "round"
            else {"peak_bytes": peak_bytes(resource.getrusage(resource.RUSAGE_SELF))}
        )
        print(json.dumps(answer), flush=True)


def held_bytes(data, samples) -> int:
    """Of a training set and the tensors made from it, what they share counted once."""
    arrays = [
        data.walls,
        data.starts,
        data.goals,
        data.optimal,
        data.tokens,
        *(tensor.numpy() for tensor in (samples.tokens, samples.optimal, samples.agents)),
    ]
    return sum({array.__array_interface__["data"][0]: array.nbytes for array in arrays}.values())


def peak_bytes(usage) -> int:
    """The most that a process had in memory: Linux counts kilobytes, macOS bytes."""
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def draw(result: dict[str, Any], path: Path) -> None:
    """Seconds per epoch and bytes beyond the imports over each quantity, log-log, a panel each."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator

    from trm_nav.course.plots.style import BLUE, ORANGE, use_style

    use_style()
    figure, panels = plt.subplots(2, len(result["lines"]), figsize=(3 * len(result["lines"]), 5.5), squeeze=False)
    for column, (name, points) in zip(panels.T, result["lines"].items(), strict=True):
        values = [point[name] for point in points]
        low = [point["epoch"]["median"] - point["epoch"]["lowest"] for point in points]
        high = [point["epoch"]["highest"] - point["epoch"]["median"] for point in points]
        column[0].errorbar(values, [point["epoch"]["median"] for point in points], (low, high), marker="o", color=BLUE)
        column[1].plot(
            values, [(point["peak_bytes"] - point["imports_bytes"]) / 1e6 for point in points], "o-", color=ORANGE
        )
        for axes in column:
            axes.set(xscale="log", yscale="log", xlabel=name if name != "size" else "grid size n")
            axes.set_xticks(values, [f"{value:,}" if value < 1_000_000 else "1 M" for value in values], minor=False)
            axes.minorticks_off()
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    panels[0, 0].set_ylabel("seconds per epoch")
    panels[1, 0].set_ylabel("MB beyond the imports")
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description="How seconds and memory grow.")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller points, two rounds")
    parser.add_argument("--draw", action="store_true", help="also draw benchmarks/growth.png")
    parser.add_argument("--point", type=json.loads, help="only be the process of one point, as JSON")
    parser.add_argument("--data", type=Path, help="where that point's train.pt and test.pt are")
    arguments = parser.parse_args()
    if arguments.point:
        work(arguments.point, arguments.data)
        return
    result = measure(arguments.quick)
    print(report(result))
    if arguments.draw:
        draw(result, ROOT / "benchmarks" / "growth.png")


if __name__ == "__main__":
    main()
