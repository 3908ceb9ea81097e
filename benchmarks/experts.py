"""Labelled mazes per second: our expert beside other searches, on the same mazes in the same run.

    pip install -r benchmarks/requirements.txt
    OMP_NUM_THREADS=1 python benchmarks/experts.py      # about a minute; --quick: half, on fewer mazes

All of them take turns. Those that need too long for the whole batch get its first mazes, and the rates are per maze.
With two cores the batch is cut in halves: two processes have one each in memory before the clock starts, and keep what
they label. The checks of our input are in our time; the Numba searches check nothing.
"""

import argparse
import multiprocessing
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import expert_before
import numpy as np
import rival_searches as rivals
from experts_report import BEFORE, BITBOARD, MANY, OURS, PER_MAZE, PROCESSES, QUEUE, THREADS, TWO, report
from recipes import machine
from timing import interleaved, load, ratios, summary

from trm_nav.mazes import expert
from trm_nav.mazes.encoding import contains
from trm_nav.mazes.expert import distances, optimal_actions
from trm_nav.mazes.grids import Mazes, generate_mazes

SIZES = {8: 100_000, 16: 20_000, 32: 5_000}  # mazes in a batch
SEED = 7


@dataclass(frozen=True)
class System:
    """A search, and how many mazes of each size it gets: all, or enough for some tenths of a second.

    per_start: whether it takes starts too and labels one cell of each maze. threads: the same search with two threads.
    """

    search: Callable
    mazes: dict[int, int]
    per_start: bool = False
    threads: Callable | None = None

    def label(self, mazes: Mazes):
        return (
            self.search(mazes.walls, mazes.starts, mazes.goals)
            if self.per_start
            else self.search(mazes.walls, mazes.goals)
        )


SYSTEMS = {
    OURS: System(optimal_actions, SIZES),
    BEFORE: System(expert_before.optimal_actions, SIZES),
    QUEUE: System(rivals.numba_queue, SIZES, threads=rivals.numba_queue_threads),
    BITBOARD: System(rivals.numba_bitboard, SIZES, threads=rivals.numba_bitboard_threads),
    MANY: System(rivals.scipy_many, {8: 10_000, 16: 2_000, 32: 500}),
    PER_MAZE: System(rivals.scipy_per_maze, {8: 1_000, 16: 600, 32: 300}),
    "networkx A*": System(rivals.networkx_astar, {8: 300, 16: 80, 32: 20}, per_start=True),
    "pyastar2d": System(rivals.pyastar2d_astar, {8: 5_000, 16: 4_000, 32: 2_000}, per_start=True),
}


def measure(quick: bool = False) -> dict[str, Any]:
    """Seconds, rates and ratios for each size, and the memory's bandwidth."""
    sizes = {n: mazes // 10 if quick else mazes for n, mazes in SIZES.items()}
    repeats = 3 if quick else 9
    absent = missing()
    systems = {name: system for name, system in SYSTEMS.items() if name not in absent}
    return {
        "machine": machine(),
        "load": load(),
        "missing": absent,
        "seed": SEED,
        "bandwidth": summary(bandwidth(bytes_=2**28 if quick else 2**30, repeats=repeats)),
        "sizes": [measure_size(n, mazes, systems, repeats) for n, mazes in sizes.items()],
    }


def missing() -> dict[str, str]:
    """Of the systems that cannot be run here, the reason."""
    two = generate_mazes(2, seed=SEED)
    reasons = {}
    for name, system in SYSTEMS.items():
        try:
            system.label(two)
        except ImportError as problem:
            reasons[name] = f"not run: {problem}"
    return reasons


def bandwidth(bytes_: int, repeats: int) -> list[float]:
    """GB/s of one core that copies memory, what is read and what is written counted."""
    source, target = np.ones(bytes_, np.uint8), np.ones(bytes_, np.uint8)
    seconds = interleaved({"copy": lambda: np.copyto(target, source)}, repeats)["copy"]
    return [2 * bytes_ / 1e9 / second for second in seconds]


def measure_size(n: int, num: int, systems: dict[str, System], repeats: int) -> dict[str, Any]:
    """One size, all systems: checked, then timed. The key of a result is the system, with two cores also the means."""
    mazes = generate_mazes(num, grid_size=n, seed=SEED)
    batches = {name: mazes[: min(num, system.mazes[n])] for name, system in systems.items()}
    for name, system in systems.items():
        check(name, system, batches[name])

    copied = np.empty_like(mazes.walls)
    calls = {"copy": lambda: np.copyto(copied, mazes.walls), "waves": lambda: waves(mazes)}
    with TwoProcesses(batches) as both:
        for name, system in systems.items():
            calls[name] = lambda system=system, batch=batches[name]: system.label(batch)
            calls[name + PROCESSES] = lambda name=name: both.label(name)
            if system.threads:
                calls[name + THREADS] = lambda system=system: system.threads(mazes.walls, mazes.goals)
        seconds = interleaved(calls, repeats)

    steps = waves(mazes)
    cells_per_maze = np.count_nonzero(optimal_actions(mazes.walls, mazes.goals)) / num
    results = {}
    for call, times in seconds.items():
        name, two, _ = call.partition(TWO)
        if name not in systems:
            continue
        # Seconds for each maze, and ours on as many cores.
        times = [second / len(batches[name]) for second in times]
        ours = [second / num for second in seconds[OURS + PROCESSES if two else OURS]]
        cells = 1 if systems[name].per_start else cells_per_maze
        results[call] = {
            "mazes": len(batches[name]),
            "per_start": systems[name].per_start,
            "searches_per_second": summary([1 / time for time in times]),
            "labelled_cells_per_second": summary([cells / time for time in times]),
            "our_searches_ratio": ratios(times, ours),
            "our_cells_ratio": ratios([time / cells for time in times], [time / cells_per_maze for time in ours]),
        }
    return {
        "n": n,
        "mazes": num,
        "cells_per_maze": cells_per_maze,
        "bytes_per_maze": 2 * n * n + mazes.goals[0].nbytes,
        "waves_share": ratios(seconds["waves"], seconds[OURS]),
        "wave_steps": sum(steps) / len(steps),
        "operation_seconds": statistics.median(seconds["waves"]) / sum(steps) / 7,
        "batch_copies_per_second": summary([num / second for second in seconds["copy"]]),
        "systems": results,
    }


def waves(mazes: Mazes) -> list[int]:
    """Only the waves of our search, without what becomes of them; the steps of each block."""
    blocks = expert._blocks(mazes.walls)
    return [sum(1 for _ in expert._wave(mazes.walls[block], mazes.goals[block])) for block in blocks]


def check(name: str, system: System, mazes: Mazes) -> None:
    """Raise AssertionError unless the system agrees with our expert about every one of the mazes."""
    optimal = optimal_actions(mazes.walls, mazes.goals)
    if system.per_start:
        maze = np.arange(len(mazes))
        steps, actions = system.label(mazes)
        assert np.array_equal(steps, distances(mazes.walls, mazes.goals)[maze, *mazes.starts.T]), name
        assert contains(optimal[maze, *mazes.starts.T], actions).all(), name
    else:
        assert np.array_equal(system.label(mazes), optimal), name
        if system.threads:
            assert np.array_equal(system.threads(mazes.walls, mazes.goals), optimal), name


class TwoProcesses:
    """Two processes that hold one half each of every system's mazes, and label them when told so."""

    def __init__(self, batches: dict[str, Mazes]):
        context = multiprocessing.get_context("spawn")
        self.workers, self.pipes = [], []
        for half in range(2):
            halves = {
                name: batch[half * len(batch) // 2 : (half + 1) * len(batch) // 2] for name, batch in batches.items()
            }
            ours, theirs = context.Pipe()
            self.workers.append(context.Process(target=_work, args=(theirs,), daemon=True))
            self.workers[-1].start()
            theirs.close()
            self.pipes.append(ours)
            ours.send({name: (batch.walls, batch.starts, batch.goals) for name, batch in halves.items()})

    def label(self, name: str) -> None:
        for pipe in self.pipes:
            pipe.send(name)
        for pipe in self.pipes:
            pipe.recv()

    def __enter__(self) -> "TwoProcesses":
        return self

    def __exit__(self, *_) -> None:
        for pipe in self.pipes:
            pipe.close()
        for worker in self.workers:
            worker.join()


def _work(pipe) -> None:
    halves = {name: Mazes(*arrays) for name, arrays in pipe.recv().items()}
    while True:
        try:
            name = pipe.recv()
        except EOFError:  # the pipe was closed: all is done
            return
        labels = SYSTEMS[name].label(halves[name])
        pipe.send(len(labels))


def main() -> None:
    parser = argparse.ArgumentParser(description="Labelled mazes per second, beside other searches.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the mazes, three rounds")
    print(report(measure(parser.parse_args().quick)))


if __name__ == "__main__":
    main()
