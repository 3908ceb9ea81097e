"""Measures two whole processes that start an interpreter and end with files: our command and the loop.

The loop runs for a share of the samples. A run without any samples measures its start and its end; the rest is scaled
up to all samples.
"""

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.commands import run
from benchmarks.generation.loop import DENSITY, SIZE, heap_astar
from benchmarks.machine import load, machine
from benchmarks.timing import interleaved, ratios, summary
from trm_nav.mazes.encoding import contains
from trm_nav.mazes.expert import distances, optimal_actions
from trm_nav.mazes.grids import generate_mazes

TRAIN, TEST, LOOP_SHARE, REPEATS = 100_000, 5_000, 4_000, 7
QUICK_TRAIN, QUICK_TEST, QUICK_LOOP_SHARE, QUICK_REPEATS = 10_000, 500, 1_000, 3
CHECKED = 200  # mazes


def measure(quick: bool = False) -> dict[str, Any]:
    """Seconds of both processes, and the loop's seconds for all samples. quick: a tenth of the mazes, fewer rounds."""
    before = load()
    train, test, share, repeats = (
        (QUICK_TRAIN, QUICK_TEST, QUICK_LOOP_SHARE, QUICK_REPEATS) if quick else (TRAIN, TEST, LOOP_SHARE, REPEATS)
    )
    cells = check(CHECKED)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = ("--num-train", train, "--num-test", test, "--augment", "--output-dir", folder / "ours")
        commands: dict[str, tuple[object, ...]] = {
            "ours": ("scripts/generate_dataset.py", *ours),
            "share": ("-m", "benchmarks.generation.loop", share, folder / "loop.npz"),
            "start": ("-m", "benchmarks.generation.loop", 0, folder / "start.npz"),
            "torch": ("-c", "import torch"),
        }
        seconds = interleaved({name: partial(run, *words) for name, words in commands.items()}, repeats)
    scaled_up = [
        start + (full - start) / share * (train + test)
        for full, start in zip(seconds["share"], seconds["start"], strict=True)
    ]
    return {
        "machine": machine(),
        "load": before,
        "samples": [train, test],
        "share": share,
        "ours": summary(seconds["ours"]),
        "loop_share": summary(seconds["share"]),
        "loop_start": summary(seconds["start"]),
        "loop_scaled": summary(scaled_up),
        "torch": summary(seconds["torch"]),
        "ratio": ratios(scaled_up, seconds["ours"]),
        "cells_per_maze": cells,
    }


def check(samples: int) -> float:
    """The mean number of labelled cells in a maze of ours.

    Raises AssertionError unless the loop's A* and our expert agree on path lengths and first actions.
    """
    mazes = generate_mazes(samples, SIZE, DENSITY, seed=1)
    paths = [
        heap_astar(walls, tuple(start), tuple(goal)) or []
        for walls, start, goal in zip(mazes.walls.tolist(), mazes.starts.tolist(), mazes.goals.tolist(), strict=True)
    ]
    maze = np.arange(samples)
    steps = distances(mazes.walls, mazes.goals)[maze, *mazes.starts.T]
    assert np.array_equal(steps, [len(path) for path in paths]), "path lengths"
    optimal = optimal_actions(mazes.walls, mazes.goals)
    first = np.array([path[0] for path in paths])
    assert contains(optimal[maze, *mazes.starts.T], first).all(), "first actions"
    return np.count_nonzero(optimal) / samples
