"""From nothing to a data set: our command as a whole process, beside the loop that one would write first.

    OMP_NUM_THREADS=1 python benchmarks/whole_process.py      # about a minute; --quick: seconds

Both start an interpreter and end with files. The loop is run for a share of the samples; what it takes without any,
its start and its end, is measured too, and the rest is scaled up.
"""

import argparse
import heapq
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

TRAIN, TEST, SIZE, DENSITY = 100_000, 5_000, 8, 0.2


# --- The rival: one sample after another ------------------------------------------------------------------------------


def loop(samples: int, path: Path) -> None:
    """Random grids, kept if A* finds a way; the label is the first action of its path."""
    random.seed(0)
    grids, starts, goals, labels = [], [], [], []
    while len(grids) < samples:
        grid = [[random.random() < DENSITY for _ in range(SIZE)] for _ in range(SIZE)]  # True: a wall
        start, goal = ((random.randrange(SIZE), random.randrange(SIZE)) for _ in range(2))
        if start == goal or grid[start[0]][start[1]] or grid[goal[0]][goal[1]]:
            continue
        way = heap_astar(grid, start, goal)
        if way is not None:
            grids.append(grid)
            starts.append(start)
            goals.append(goal)
            labels.append(way[0])
    np.savez(
        path,
        grids=np.array(grids, bool),
        starts=np.array(starts),
        goals=np.array(goals),
        labels=np.array(labels, np.uint8),
    )


def heap_astar(grid: list[list[bool]], start: tuple[int, int], goal: tuple[int, int]) -> list[int] | None:
    """The actions of a shortest path (0 up, 1 down, 2 left, 3 right), or None where no way leads to the goal."""
    heap = [(abs(start[0] - goal[0]) + abs(start[1] - goal[1]), 0, start)]
    steps_to = {start: 0}
    came_by = {}
    while heap:
        _, steps, cell = heapq.heappop(heap)
        if cell == goal:
            actions = []
            while cell != start:
                cell, action = came_by[cell]
                actions.append(action)
            return actions[::-1]
        if steps > steps_to[cell]:
            continue
        row, column = cell
        for action, beside in enumerate(((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))):
            if (
                0 <= beside[0] < SIZE
                and 0 <= beside[1] < SIZE
                and not grid[beside[0]][beside[1]]
                and steps + 1 < steps_to.get(beside, SIZE * SIZE)
            ):
                steps_to[beside] = steps + 1
                came_by[beside] = cell, action
                left = abs(beside[0] - goal[0]) + abs(beside[1] - goal[1])
                heapq.heappush(heap, (steps + 1 + left, steps + 1, beside))
    return None


# --- The comparison ---------------------------------------------------------------------------------------------------


def measure(quick: bool = False) -> dict[str, Any]:
    """Seconds of both processes, and the loop's seconds for all samples."""
    from recipes import machine
    from timing import interleaved, load, ratios, summary

    before = load()
    train, test, share, repeats = (10_000, 500, 1_000, 3) if quick else (TRAIN, TEST, 4_000, 7)
    cells = check(samples=200)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder)
        seconds = interleaved(
            {
                "ours": command(
                    "scripts/generate_dataset.py",
                    "--num-train",
                    train,
                    "--num-test",
                    test,
                    "--augment",
                    "--output-dir",
                    output / "ours",
                ),
                "share": command("benchmarks/whole_process.py", "--loop", share, "--output", output / "loop.npz"),
                "start": command("benchmarks/whole_process.py", "--loop", 0, "--output", output / "start.npz"),
                "torch": command("-c", "import torch"),
            },
            repeats,
        )
    scaled = [
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
        "loop_scaled": summary(scaled),
        "torch": summary(seconds["torch"]),
        "ratio": ratios(scaled, seconds["ours"]),
        "cells_per_maze": cells,
    }


def command(*arguments) -> Callable[[], object]:
    """A call that runs a Python command in the repository."""
    from recipes import run

    return lambda: run(*arguments)


def check(samples: int) -> float:
    """The labelled cells of one of our mazes, on average.

    Raises AssertionError unless the loop's A* and our expert agree on path lengths and first actions.
    """
    from trm_nav.mazes.encoding import contains
    from trm_nav.mazes.expert import distances, optimal_actions
    from trm_nav.mazes.grids import generate_mazes

    mazes = generate_mazes(samples, SIZE, DENSITY, seed=1)
    ways = [
        heap_astar(walls, tuple(start), tuple(goal))
        for walls, start, goal in zip(mazes.walls.tolist(), mazes.starts.tolist(), mazes.goals.tolist(), strict=True)
    ]
    maze = np.arange(samples)
    steps = distances(mazes.walls, mazes.goals)[maze, *mazes.starts.T]
    assert np.array_equal(steps, [len(way) for way in ways]), "path lengths"
    optimal = optimal_actions(mazes.walls, mazes.goals)
    first = np.array([way[0] for way in ways])
    assert contains(optimal[maze, *mazes.starts.T], first).all(), "first actions"
    return np.count_nonzero(optimal) / samples


def report(result: dict[str, Any]) -> str:
    """The section as Markdown."""
    from timing import load_text, ratio_text

    train, test = result["samples"]
    per_cell = {key: value * result["cells_per_maze"] for key, value in result["ratio"].items()}
    return "\n".join(
        [
            "## From nothing to a data set",
            "",
            f"{result['machine']}. {train:,} training and {test:,} test mazes of {SIZE} x {SIZE}, obstacle density "
            f"{DENSITY}, each as a whole process that starts an interpreter, imports what it needs and writes files; the "
            f"two take turns, in {result['ours']['repeats']} rounds; medians, and in brackets the lowest and the highest. "
            f"The loop was run for {result['share']:,} samples and for none, and scaled to {train + test:,}; its A\\* was "
            "found to agree with our expert first. It labels one cell of a maze with one action; our files hold the set of "
            "all optimal actions for every cell, and no maze is in both files, which the loop does not see to. The loop "
            "saves NumPy arrays and so spares itself the import of PyTorch, which is most of our time. "
            f"{load_text(result['load'])}",
            "",
            "| | ours | the loop |",
            "| --- | --- | --- |",
            f"| ours is faster by, per maze | {ratio_text(result['ratio'])} | 1 |",
            f"| ours is faster by, per labelled cell | {ratio_text(per_cell)} | 1 |",
            f"| seconds for all | {ratio_text(result['ours'])} | {ratio_text(result['loop_scaled'])}, scaled |",
            f"| seconds for {result['share']:,} | | {ratio_text(result['loop_share'])} |",
            f"| seconds for none | | {ratio_text(result['loop_start'])} |",
            f"| seconds to start and import PyTorch, nothing else | {ratio_text(result['torch'])} | |",
        ]
    )


def headlines(result: dict[str, Any]) -> list[list[str]]:
    from timing import headline

    return [headline("a data set of 105,000 from nothing: the loop's seconds / ours", result["ratio"])]


def main() -> None:
    parser = argparse.ArgumentParser(description="From nothing to a data set, beside a loop over samples.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the mazes, three rounds")
    parser.add_argument("--loop", type=int, metavar="SAMPLES", help="only be the rival: make so many samples")
    parser.add_argument("--output", type=Path, default=Path("loop.npz"), help="the file that --loop writes")
    arguments = parser.parse_args()
    if arguments.loop is not None:
        loop(arguments.loop, arguments.output)
    else:
        print(report(measure(arguments.quick)))


if __name__ == "__main__":
    main()
