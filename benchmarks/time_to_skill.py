"""Time to skill: seconds from process start until 95%, 99% and 99.9% success, for our recipes and for their rivals.

    pip install -e . -r benchmarks/requirements.txt matplotlib
    python benchmarks/time_to_skill.py --processes 2        # all systems, five seeds, two processes of a thread each
    python benchmarks/time_to_skill.py local --seed 0       # one run, a whole process
    python benchmarks/time_to_skill.py --report --draw      # the section as Markdown; benchmarks/time_to_skill.png
    python benchmarks/time_to_skill.py --tune vin           # each setting of a rival's grid for --seconds of its own

Every system gets the same 5,000 mazes, a random turn of the 8 for every sample, the same loss, AdamW, clipping and
shape of schedule; its learning rate and how many epochs its schedule has are its own. In --tune the schedule ends with
the budget, so that --tune with several --seconds also tells how long a schedule a rival needs. The clock starts with
the process: it counts imports, making the data, training and, for ours, the validation after each epoch. It stands
still during the evaluations on 2,000 held-out mazes. A finished run is kept in runs/skill/ and not made again. Linux.
"""

import argparse
import dataclasses
import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch
from recipes import ROOT, machine
from rival_navigators import BEFORE, GRIDS, SYSTEMS, System, fit
from time_to_skill_report import LEVELS, draw, read, report
from timing import load

from trm_nav import cli
from trm_nav.errors import UserError
from trm_nav.learning.device import processor_set
from trm_nav.learning.model import count_parameters
from trm_nav.learning.reproducibility import set_seed
from trm_nav.learning.training import Samples, Training
from trm_nav.mazes.dataset import Dataset, build
from trm_nav.mazes.grids import Mazes
from trm_nav.navigation.evaluation import evaluate
from trm_nav.settings import DataSettings, TrainSettings, recipe

PROG = "benchmarks/time_to_skill.py"
FOLDER = ROOT / "runs" / "skill"
PICTURE = ROOT / "benchmarks" / "time_to_skill.png"
SEEDS = range(5)
SECONDS = 300.0
QUICK_SYSTEMS, QUICK_SEEDS, QUICK_SECONDS = ("local", "recurrent", "cnn", "tiny"), range(3), 75.0
HELD_OUT, VALIDATION = 2000, 500  # mazes
ENDLESS = 10_000  # epochs


class Clock:
    """Seconds of wall and of CPU since it was made, without those spent in `pause`."""

    def __init__(self):
        self.wall, self.cpu = time.clock_gettime(time.CLOCK_BOOTTIME), time.process_time()

    @classmethod
    def of_process(cls) -> "Clock":
        """From the start of this process, as Linux keeps it: field 22 of its stat, in ticks since the boot."""
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        clock = cls()
        clock.wall, clock.cpu = int(fields[19]) / os.sysconf("SC_CLK_TCK"), 0.0
        return clock

    def seconds(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME) - self.wall

    def cpu_seconds(self) -> float:
        return time.process_time() - self.cpu

    @contextmanager
    def pause(self) -> Iterator[None]:
        wall, cpu = self.seconds(), self.cpu_seconds()
        yield
        self.wall += self.seconds() - wall
        self.cpu += self.cpu_seconds() - cpu


class OutOfTime(Exception):
    """The budget is spent."""


class Watch:
    """Called after every gradient step with the epochs done; evaluates when the next mark is reached.

    Marks stand every 2.5 s up to 60 s and every 5 s from there, of which those remain that `every` divides. Raises
    OutOfTime at the last of them, which is `seconds`.
    """

    def __init__(
        self, clock: Clock, seconds: float, every: float, held_out: Mazes, keep: Callable[[dict[str, Any]], None]
    ):
        self.clock, self.seconds, self.held_out, self.keep = clock, seconds, held_out, keep
        marks = (*(mark / 2 for mark in range(5, 121, 5)), *range(65, math.ceil(seconds), 5))
        self.marks = [mark for mark in marks if mark < seconds and mark % every == 0] + [seconds]
        self.model: torch.nn.Module | None = None

    def share(self) -> float:
        """Of the budget, what is spent."""
        return min(1, self.clock.seconds() / self.seconds)

    def __call__(self, epochs: float) -> None:
        seconds = self.clock.seconds()
        if seconds >= self.marks[0]:
            reached = [mark for mark in self.marks if mark <= seconds]
            del self.marks[: len(reached)]
            self.look(epochs, reached[-1])
            if not self.marks:
                raise OutOfTime

    def look(self, epochs: float, mark: float | None = None) -> None:
        """Evaluate and keep; for the published TRM also with the average of its weights, and the better one counts."""
        seconds, cpu = self.clock.seconds(), self.clock.cpu_seconds()
        with self.clock.pause():
            evaluation = evaluate(self.model, self.held_out)
            if getattr(self.model, "average", None):
                with self.model.averaged():
                    evaluation = max(evaluation, evaluate(self.model, self.held_out), key=lambda one: one.success)
            self.keep(
                {
                    "mark": mark or seconds,
                    "seconds": seconds,
                    "cpu_seconds": cpu,
                    "epochs": epochs,
                    "success": evaluation.success,
                    "accuracy": evaluation.accuracy,
                }
            )


def data() -> tuple[Dataset, Dataset, Mazes]:
    """The training and the validation set, and held-out mazes that neither has in any of its 8 orientations."""
    train_set, test = build(DataSettings.of({**recipe("tiny", DataSettings), "num_test": VALIDATION + HELD_OUT}))
    first = {name: getattr(test, name)[:VALIDATION] for name in ("walls", "starts", "goals", "optimal")}
    return train_set, dataclasses.replace(test, **first), test.mazes[VALIDATION:]


def train(system: System, seed: int, threads: int, watch: Watch, train_set: Dataset, val_set: Dataset) -> None:
    """Train a system, watched, to the end of its schedule or until OutOfTime."""
    if system.build is None:
        settings = {**system.settings, "seed": seed, "threads": threads, "device": "cpu"}
        training = Training(TrainSettings.of(settings), train_set, val_set)
        watch.model = training.model
        for _ in training.epochs(lambda part: watch(training.epoch + part)):
            pass
        done = training.epoch
    else:
        set_seed(seed)
        watch.model = system.build(**system.settings)
        weights = watch.model.parameters()
        optimizer = torch.optim.AdamW(weights, lr=system.lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
        sampler, done = torch.Generator().manual_seed(seed), system.epochs or ENDLESS
        share = None if system.epochs else watch.share
        loop = getattr(watch.model, "fit", partial(fit, watch.model))  # the published TRM brings its own
        with processor_set(threads):
            samples = Samples.of(train_set, "policy", torch.device("cpu"))
            loop(samples, system.batch, done, optimizer, sampler, share, watch)
    watch.look(done)


def run_one(name: str, seed: int, seconds: float, threads: int, folder: Path) -> None:
    """One run into its file, a line for each evaluation; the file gets its name when the run is over."""
    clock, path = Clock.of_process(), folder / f"{name}-{seed}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(threads)
    run = {"system": name, "seed": seed, "threads": threads, "load": load(), "machine": machine()}
    with path.with_suffix(".part").open("w", buffering=1) as file:

        def keep(line: dict[str, Any]) -> None:
            file.write(json.dumps({**run, "parameters": count_parameters(watch.model), **line}) + "\n")

        *datasets, held_out = data()
        watch = Watch(clock, seconds, SYSTEMS[name].every, held_out, keep)
        with suppress(OutOfTime):
            train(SYSTEMS[name], seed, threads, watch, *datasets)
    path.with_suffix(".part").rename(path)


def run_all(
    names: Iterable[str], seeds: Iterable[int], seconds: float, threads: int, processes: int, folder: Path
) -> None:
    """Every system with every seed that is not there yet, seed by seed, so many processes side by side.

    The recipes as they were before get three seeds at most.
    """

    def one(seed: int, name: str) -> None:
        if not (folder / f"{name}-{seed}.jsonl").exists():
            print(f"{name}, seed {seed}", file=sys.stderr, flush=True)
            subprocess.run(
                [
                    sys.executable,
                    __file__,
                    name,
                    "--seed",
                    str(seed),
                    "--seconds",
                    str(seconds),
                    "--threads",
                    str(threads),
                    "--folder",
                    str(folder),
                ],
                check=True,
            )

    jobs = [(seed, name) for seed, name in itertools.product(seeds, names) if name not in BEFORE or seed < 3]
    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(one, *zip(*jobs, strict=True)))


def measure(quick: bool = False) -> dict[str, Any]:
    """All systems with all seeds, going on from what is in FOLDER; quick: four systems, three seeds, nothing kept."""
    processes = max(1, min(2, os.cpu_count() or 1))
    if not quick:
        run_all(SYSTEMS, SEEDS, SECONDS, 1, processes, FOLDER)
        runs = read(FOLDER)
        return {"runs": runs, "seconds": sum(run["seconds"][-1] for some in runs.values() for run in some)}
    with tempfile.TemporaryDirectory() as folder:
        run_all(QUICK_SYSTEMS, QUICK_SEEDS, QUICK_SECONDS, 1, processes, Path(folder))
        return {"runs": read(Path(folder))}


def tune(name: str, seconds: float, threads: int) -> None:
    """Each setting of the grid for so many seconds of its own, with a schedule that ends with them."""
    grid, (*datasets, held_out) = GRIDS[name], data()
    print(
        f"{machine()}\n{seconds:g} s each, seed 0.\n\n| {' | '.join(grid)} | parameters | 95% after | 99% after | "
        f"99.9% after | success after {seconds:g} s | epochs |\n|{'---|' * (len(grid) + 6)}",
        flush=True,
    )
    for values in itertools.product(*grid.values()):
        settings = dict(zip(grid, values, strict=True))
        lr, shape = settings.pop("lr"), settings.pop("shape", {})
        lines = []
        watch = Watch(Clock(), seconds, SYSTEMS[name].every, held_out, lines.append)
        system = dataclasses.replace(SYSTEMS[name], settings={**settings, **shape}, lr=lr, epochs=0)
        with suppress(OutOfTime):
            train(system, 0, threads, watch, *datasets)
        after = [
            next((f"{line['seconds']:.0f}" for line in lines if line["success"] >= level), "-") for level in LEVELS
        ]
        print(
            f"| {' | '.join(map(str, values))} | {count_parameters(watch.model):,} | {' | '.join(after)} | "
            f"{lines[-1]['success']:.2%} | {lines[-1]['epochs']:.1f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog=PROG, description="Time to skill, beside rivals.")
    parser.add_argument("system", nargs="?", choices=SYSTEMS, help="left out: all, with all seeds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, help=f"the budget (default: {SECONDS:g}; 60 with --tune)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of each process (default: 1)")
    parser.add_argument("--processes", type=int, default=1, help="side by side, if all are run (default: 1)")
    parser.add_argument("--tune", choices=GRIDS, help="try a rival's grid of settings")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the runs (default: runs/skill)")
    parser.add_argument("--report", action="store_true", help="print the section")
    parser.add_argument("--draw", action="store_true", help="draw success against seconds")
    arguments = parser.parse_args()
    seconds, threads, folder = arguments.seconds or SECONDS, arguments.threads, arguments.folder
    if arguments.tune:
        tune(arguments.tune, arguments.seconds or 60, threads)
    elif arguments.system:
        run_one(arguments.system, arguments.seed, seconds, threads, folder)
    elif not (arguments.report or arguments.draw):
        run_all(SYSTEMS, SEEDS, seconds, threads, arguments.processes, folder)
    if arguments.report or arguments.draw:
        runs = read(folder)
        if not runs:
            raise UserError(f"there are no finished runs in {folder}")
        if arguments.report:
            print(report({"runs": runs}))
        if arguments.draw:
            draw({"runs": runs}, PICTURE)


if __name__ == "__main__":
    cli.run(main, PROG)
