"""Measures labelled mazes per second. All systems take turns on the same mazes.

Systems that are too slow for the whole batch label its first mazes, and rates are per maze. With two cores, each of two
processes holds one half of the batch in memory before the clock starts. Our expert's time includes the checks of its
input; the Numba searches check nothing.
"""

import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.experts.processes import TwoProcesses
from benchmarks.experts.report import OURS, PROCESSES, THREADS, TWO
from benchmarks.experts.systems import SEED, SIZES, SYSTEMS, System, check, label, missing
from benchmarks.machine import load, machine
from benchmarks.timing import Summary, interleaved, ratios, summary
from trm_nav.mazes import expert
from trm_nav.mazes.expert import optimal_actions
from trm_nav.mazes.grids import Mazes, generate_mazes

REPEATS, QUICK_REPEATS = 9, 3
COPIED_BYTES, QUICK_COPIED_BYTES = 2**30, 2**28  # much more than any cache holds
OPERATIONS = 7  # NumPy operations in one step of our expert's wave


def measure(quick: bool = False) -> dict[str, Any]:
    """Seconds, rates and ratios for each size, and the memory bandwidth. quick: a tenth of the mazes, fewer rounds."""
    sizes = {n: mazes // 10 if quick else mazes for n, mazes in SIZES.items()}
    repeats = QUICK_REPEATS if quick else REPEATS
    absent = missing()
    systems = {name: system for name, system in SYSTEMS.items() if name not in absent}
    return {
        "machine": machine(),
        "load": load(),
        "missing": absent,
        "seed": SEED,
        "bandwidth": summary(bandwidth(QUICK_COPIED_BYTES if quick else COPIED_BYTES, repeats)),
        "sizes": [measure_size(n, mazes, systems, repeats) for n, mazes in sizes.items()],
    }


def bandwidth(size: int, repeats: int) -> list[float]:
    """GB/s of one core that copies `size` bytes; bytes read and bytes written both count."""
    source, target = np.ones(size, np.uint8), np.ones(size, np.uint8)
    seconds = interleaved({"copy": partial(np.copyto, target, source)}, repeats)["copy"]
    return [2 * size / 1e9 / second for second in seconds]


def measure_size(n: int, num: int, systems: dict[str, System], repeats: int) -> dict[str, Any]:
    """Check all systems on num mazes of one size, then time them."""
    mazes = generate_mazes(num, grid_size=n, seed=SEED)
    batches = {name: mazes[: min(num, system.mazes[n])] for name, system in systems.items()}
    for name, batch in batches.items():
        check(name, batch)
    seconds = time_systems(mazes, batches, systems, repeats)
    steps = waves(mazes)
    cells_per_maze = np.count_nonzero(optimal_actions(mazes.walls, mazes.goals)) / num
    return {
        "n": n,
        "mazes": num,
        "cells_per_maze": cells_per_maze,
        "bytes_per_maze": 2 * n * n + mazes.goals[0].nbytes,
        "waves_share": ratios(seconds["waves"], seconds[OURS]),
        "wave_steps": sum(steps) / len(steps),
        "operation_seconds": statistics.median(seconds["waves"]) / sum(steps) / OPERATIONS,
        "batch_copies_per_second": summary([num / second for second in seconds["copy"]]),
        "systems": {
            call: rates(call, seconds, len(batches[name]), num, systems[name].per_start, cells_per_maze)
            for call in seconds
            if (name := call.partition(TWO)[0]) in systems
        },
    }


def time_systems(
    mazes: Mazes, batches: dict[str, Mazes], systems: dict[str, System], repeats: int
) -> dict[str, list[float]]:
    """Seconds of each system on one core and on two, of copying the walls, and of our expert's waves alone."""
    copied = np.empty_like(mazes.walls)
    calls: dict[str, Callable[[], object]] = {
        "copy": partial(np.copyto, copied, mazes.walls),
        "waves": partial(waves, mazes),
    }
    with TwoProcesses(label, batches) as both:
        for name, system in systems.items():
            calls[name] = partial(system.label, batches[name])
            calls[name + PROCESSES] = partial(both.label, name)
            if system.threads:
                calls[name + THREADS] = partial(system.threads, mazes.walls, mazes.goals)
        return interleaved(calls, repeats)


def rates(
    call: str, seconds: dict[str, list[float]], labelled: int, num: int, per_start: bool, cells_per_maze: float
) -> dict[str, int | bool | Summary]:
    """Rates of one call that labels `labelled` mazes, and its ratio to our expert on num mazes and as many cores."""
    times = [second / labelled for second in seconds[call]]  # for each maze
    ours = [second / num for second in seconds[OURS + PROCESSES if TWO in call else OURS]]
    cells = 1 if per_start else cells_per_maze
    return {
        "mazes": labelled,
        "per_start": per_start,
        "searches_per_second": summary([1 / time for time in times]),
        "labelled_cells_per_second": summary([cells / time for time in times]),
        "our_searches_ratio": ratios(times, ours),
        "our_cells_ratio": ratios([time / cells for time in times], [time / cells_per_maze for time in ours]),
    }


def waves(mazes: Mazes) -> list[int]:
    """Run only the waves of our expert, without making labels. Returns the steps of each block of mazes."""
    blocks = expert._blocks(mazes.walls)
    return [sum(1 for _ in expert._wave(mazes.walls[block], mazes.goals[block])) for block in blocks]
