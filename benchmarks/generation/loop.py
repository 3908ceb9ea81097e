"""The rival: a loop that makes one sample after another and labels it by A* with a heap.

    python -m benchmarks.generation.loop 4000 loop.npz

It imports neither PyTorch nor trm_nav.
"""

import argparse
import heapq
import random
from pathlib import Path

import numpy as np

SIZE, DENSITY = 8, 0.2

Cell = tuple[int, int]


def loop(samples: int, path: Path) -> None:
    """Save random grids for which A* finds a path; the label is the first action of that path."""
    random.seed(0)
    grids: list[list[list[bool]]] = []
    starts: list[Cell] = []
    goals: list[Cell] = []
    labels: list[int] = []
    while len(grids) < samples:
        grid = [[random.random() < DENSITY for _ in range(SIZE)] for _ in range(SIZE)]  # True: a wall
        start, goal = ((random.randrange(SIZE), random.randrange(SIZE)) for _ in range(2))
        if start == goal or grid[start[0]][start[1]] or grid[goal[0]][goal[1]]:
            continue
        actions = heap_astar(grid, start, goal)
        if actions is not None:
            grids.append(grid)
            starts.append(start)
            goals.append(goal)
            labels.append(actions[0])
    np.savez(
        path,
        grids=np.array(grids, bool),
        starts=np.array(starts),
        goals=np.array(goals),
        labels=np.array(labels, np.uint8),
    )


def heap_astar(grid: list[list[bool]], start: Cell, goal: Cell) -> list[int] | None:
    """The actions of a shortest path (0 up, 1 down, 2 left, 3 right), or None if the goal cannot be reached."""
    heap = [(_manhattan(start, goal), 0, start)]
    steps_to = {start: 0}
    came_by: dict[Cell, tuple[Cell, int]] = {}  # the cell before, and the action taken there
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
                heapq.heappush(heap, (steps + 1 + _manhattan(beside, goal), steps + 1, beside))
    return None


def _manhattan(cell: Cell, goal: Cell) -> int:
    return abs(cell[0] - goal[0]) + abs(cell[1] - goal[1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make samples one after another.")
    parser.add_argument("samples", type=int)
    parser.add_argument("path", type=Path, help="the .npz file to write")
    arguments = parser.parse_args()
    loop(arguments.samples, arguments.path)
