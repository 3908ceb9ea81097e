"""Labelled mazes per second: our expert beside other searches, on the same mazes in the same run.

    pip install -r benchmarks/requirements.txt
    OMP_NUM_THREADS=1 python benchmarks/experts.py      # about a minute; --quick: half, on fewer mazes

All of them take turns. Those that need too long for the whole batch get its first mazes, and the rates are per maze.
With two cores the batch is cut in halves: two processes have one each in memory before the clock starts, and keep what
they label. The checks of our input are in our time; the Numba searches check nothing.
"""

import argparse
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import rival_searches as rivals
from recipes import machine
from timing import headline, interleaved, load, load_text, ratio_text, ratios, significant, summary, table

from trm_nav.encoding import contains
from trm_nav.expert import distances, optimal_actions
from trm_nav.grids import Mazes, generate_mazes

SIZES = {8: 100_000, 16: 20_000, 32: 5_000}  # mazes in a batch
SEED = 7
OURS = "our expert"
QUEUE, BITBOARD = "Numba, queue", "Numba, bitboard"
TWO = ", two "
PROCESSES, THREADS = f"{TWO}processes", f"{TWO}threads"


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
        return (self.search(mazes.walls, mazes.starts, mazes.goals) if self.per_start
                else self.search(mazes.walls, mazes.goals))


SYSTEMS = {
    OURS: System(optimal_actions, SIZES),
    QUEUE: System(rivals.numba_queue, SIZES, threads=rivals.numba_queue_threads),
    BITBOARD: System(rivals.numba_bitboard, SIZES, threads=rivals.numba_bitboard_threads),
    "SciPy, many mazes a graph": System(rivals.scipy_many, {8: 10_000, 16: 2_000, 32: 500}),
    "SciPy, a graph per maze": System(rivals.scipy_per_maze, {8: 1_000, 16: 600, 32: 300}),
    "networkx A*": System(rivals.networkx_astar, {8: 300, 16: 80, 32: 20}, per_start=True),
    "pyastar2d": System(rivals.pyastar2d_astar, {8: 5_000, 16: 4_000, 32: 2_000}, per_start=True),
}
SCIPY = [name for name in SYSTEMS if name.startswith("SciPy")]
AIMS = {QUEUE: 10, BITBOARD: 10, **dict.fromkeys(SCIPY, 100)}  # at 8 x 8 on one core; elsewhere to be ahead


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
            reasons[name] = f"not installed: {problem}"
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
    calls = {"copy": lambda: np.copyto(copied, mazes.walls)}
    with TwoProcesses(batches) as both:
        for name, system in systems.items():
            calls[name] = lambda system=system, batch=batches[name]: system.label(batch)
            calls[name + PROCESSES] = lambda name=name: both.label(name)
            if system.threads:
                calls[name + THREADS] = lambda system=system: system.threads(mazes.walls, mazes.goals)
        seconds = interleaved(calls, repeats)

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
        "batch_copies_per_second": summary([num / second for second in seconds["copy"]]),
        "systems": results,
    }


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
            halves = {name: batch[half * len(batch) // 2 : (half + 1) * len(batch) // 2]
                      for name, batch in batches.items()}
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


def report(result: dict[str, Any]) -> str:
    """The section as Markdown."""
    sizes = result["sizes"]
    batches = " / ".join(f"{size['mazes']:,}" for size in sizes)
    lines = [
        "## Labelled mazes per second",
        "",
        f"{result['machine']}. Batches of {batches} mazes, obstacle density 0.2, seed {SEED}; all systems take turns, "
        f"in {result['bandwidth']['repeats']} rounds; medians, and in brackets the lowest and the highest of the "
        "rounds. Every system's labels were found equal to ours, for A\\* path lengths, before anything was timed. "
        "Slow systems get the first mazes of the batch, as many as the second table says, and the rates are per maze. "
        "A\\* searches once in a maze, from its start, and labels that cell; all others search from the goal and label "
        "every cell. On two cores, two processes have one half of the mazes each; Numba's two threads stand beside our "
        f"two processes. {load_text(result['load'])}",
        "",
        "How many times faster our expert is (below 1: slower):",
        "",
        *table(["", *(f"{size['n']} x {size['n']}, {cores}" for size in sizes for cores in ("one core", "two cores"))],
               ratio_rows(sizes)),
        "",
        aims(sizes),
        "",
        "Absolute rates, in thousands per second:",
        "",
        *table(["", "maze", "mazes a round", "searches, one core", "searches, two cores", "labelled cells, one core",
                "labelled cells, two cores"], rate_rows(sizes)),
        "",
        *[f"{name}: {reason}.\n" for name, reason in result["missing"].items()],
        *memory(result),
    ]
    return "\n".join(lines)


def ratio_rows(sizes: list[dict[str, Any]]) -> list[list[str]]:
    """A row for each rival, with two for A*, whose searches label one cell; a pair of columns for each size."""
    rows = []
    for name, two in lines_of(sizes):
        if name == OURS:
            continue
        kinds = {"": "our_searches_ratio"}
        if SYSTEMS[name].per_start:
            kinds = {", per search": "our_searches_ratio", ", per labelled cell": "our_cells_ratio"}
        for kind, field in kinds.items():
            rows.append([name + (two if two == THREADS else "") + kind])
            for size in sizes:
                rows[-1].append("" if two == THREADS else ratio_text(size["systems"][name][field]))
                rows[-1].append(ratio_text(size["systems"][name + two][field]))
    return rows


def lines_of(sizes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The lines of a table: each system with its means of using two cores."""
    return [(name, TWO + means) for name, two, means in (call.partition(TWO) for call in sizes[0]["systems"]) if two]


def aims(sizes: list[dict[str, Any]]) -> str:
    """What was aimed at on one core, beside what was reached."""
    def slowest(size: dict[str, Any], names: list[str]) -> float:
        return min(size["systems"][name]["our_searches_ratio"]["median"] for name in names)

    verdicts = []
    for rival, names in (("the Numba search with a queue", [QUEUE]),
                         ("the Numba search with bitboards", [BITBOARD]),
                         ("SciPy's better way", SCIPY)):
        ratio, wanted = slowest(sizes[0], names), AIMS[names[0]]
        verdicts.append(f"{wanted} times {rival} at 8 x 8: {'reached' if ratio >= wanted else 'not reached'}, "
                        f"{significant(ratio)}")
    behind = [f"{name} at {size['n']} x {size['n']}" for size in sizes for name in (QUEUE, BITBOARD, *SCIPY)
              if slowest(size, [name]) < 1]
    verdicts.append("Ahead of all of these at every size: "
                    + (f"not reached, behind {'; '.join(behind)}" if behind else "reached"))
    return f"Aims on one core. {'. '.join(verdicts)}."


def headlines(result: dict[str, Any]) -> list[list[str]]:
    """One core against one core, for each size and rival."""
    rows = []
    for size in result["sizes"]:
        for name, numbers in size["systems"].items():
            if name == OURS or TWO in name:
                continue
            aim = AIMS.get(name) if size["n"] == 8 or name not in AIMS else 1
            rows.append(headline(f"labelled mazes/s, {size['n']} x {size['n']}: our expert / {name}",
                                 numbers["our_searches_ratio"], aim))
    return rows


def rate_rows(sizes: list[dict[str, Any]]) -> list[list[str]]:
    rows = []
    for size in sizes:
        for name, two in lines_of(sizes):
            row = [name + (two if two == THREADS else ""), f"{size['n']} x {size['n']}",
                   f"{size['systems'][name]['mazes']:,}"]
            for field in ("searches_per_second", "labelled_cells_per_second"):
                for call in (name, name + two):
                    rate = {key: value / 1000 for key, value in size["systems"][call][field].items()}
                    row.append("" if two == THREADS and call == name else ratio_text(rate))
            rows.append(row)
    return rows


def memory(result: dict[str, Any]) -> list[str]:
    """What the memory would allow. A batch fits into many a cache, so copying the batch itself is shown beside it."""
    speed = result["bandwidth"]["median"]
    rows = []
    for size in result["sizes"]:
        ours = size["systems"][OURS]["searches_per_second"]["median"]
        allowed = speed * 1e9 / size["bytes_per_maze"]
        best = size["systems"][BITBOARD]["searches_per_second"]["median"]
        copies = size["batch_copies_per_second"]["median"]
        rows.append([f"{size['n']} x {size['n']}", str(size["bytes_per_maze"]), significant(allowed / 1000),
                     f"{ours / allowed:.1%}", f"{best / allowed:.1%}", significant(copies / 1000)])
    return [
        "The memory's limit. One core copies a buffer much larger than its caches at "
        f"{ratio_text(result['bandwidth'])} GB/s, reading and writing counted. Labelling a maze must at least read its "
        "walls and its goal and write its sets, a byte for each cell.",
        "",
        *table(["maze", "bytes a maze", "allowed, thousand mazes/s", "our share", f"{BITBOARD}'s share",
                "the batch's walls merely copied, thousand mazes/s"], rows),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Labelled mazes per second, beside other searches.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the mazes, three rounds")
    print(report(measure(parser.parse_args().quick)))


if __name__ == "__main__":
    main()
