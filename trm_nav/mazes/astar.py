"""A* on one maze, as in the textbooks (Hart, Nilsson and Raphael, 1968), with a trace that can be drawn step by step.

Lesson 01 teaches it. It is also the independent check of the expert, which labels whole batches by another algorithm.
"""

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from trm_nav.errors import UserError, shown

from .encoding import MOVES, array

Cell = tuple[int, int]
Heuristic = Callable[[Cell, Cell], float]


class Expansion(NamedTuple):
    """One step of the search: the cell taken from the open set, and its f = g + h at that time."""

    cell: Cell
    f: float
    g: int
    h: float


@dataclass(frozen=True)
class Search:
    """What a search found, and how.

    path: the cells from the start to the goal, both included, or None if there is no path.
    expanded: every step in order. opened[k]: the cells that step k added to the open set, or improved there.
    parents: for each cell, the previous cell on the best path found to it; None for the start.
    """

    start: Cell
    goal: Cell
    path: list[Cell] | None
    expanded: list[Expansion]
    opened: list[list[Cell]]
    parents: dict[Cell, Cell | None]

    @property
    def length(self) -> int | None:
        """Steps along the path; None if there is no path."""
        return None if self.path is None else len(self.path) - 1

    def open_set(self, step: int) -> set[Cell]:
        """The cells in the open set after `step` expansions."""
        waiting = {self.start}
        for expansion, opened in zip(self.expanded[:step], self.opened, strict=False):
            waiting.remove(expansion.cell)
            waiting.update(opened)
        return waiting


def manhattan(cell: Cell, goal: Cell) -> int:
    """Steps to the goal if there were no walls. It never overestimates, so A* with it finds a shortest path."""
    return abs(cell[0] - goal[0]) + abs(cell[1] - goal[1])


def zero(cell: Cell, goal: Cell) -> int:
    """No estimate at all: A* becomes Dijkstra's algorithm, here the same as breadth-first search."""
    return 0


HEURISTICS: dict[str, Heuristic] = {"manhattan": manhattan, "zero": zero}


def astar(
    walls: np.ndarray, start: Cell, goal: Cell, heuristic: str | Heuristic = "manhattan", weight: float = 1.0
) -> Search:
    """Find a path from start to goal.

    Args:
        walls: bool (n, n).
        start, goal: free cells (row, col).
        heuristic: "manhattan", "zero", or a function of a cell and the goal that estimates the distance.
        weight: factor of the heuristic.

    The path is a shortest one if weight * heuristic(cell, goal) exceeds the true distance nowhere. A weight above 1
    usually expands fewer cells; with `manhattan`, the path is then at most `weight` times as long as the shortest.
    Ties: among the cells with the smallest f, the one with the smallest h is expanded, and among those the one that was
    opened first; neighbours are opened in the order UP, DOWN, LEFT, RIGHT.
    Raises UserError for walls of another shape, for a start or goal that is not a free cell, for an unknown heuristic,
    and for a weight that is no finite number.
    """
    walls = array(walls, "walls")
    if walls.ndim != 2 or not walls.size or walls.dtype.kind not in "biu":
        raise UserError(f"walls must be bool of shape (n, n), not {walls.dtype} of shape {walls.shape}")
    walls = walls.astype(bool)
    start, goal = (_free_cell(walls, cell, name) for cell, name in ((start, "start"), (goal, "goal")))
    heuristic = _function(heuristic)
    if not _is_finite(weight):
        raise UserError(f"the weight of the heuristic must be a finite number, not {shown(weight)}")

    search = Search(start, goal, path=None, expanded=[], opened=[], parents={start: None})
    steps_to = {start: 0}  # g: the length of the shortest known path from the start
    order = count()
    h = weight * heuristic(start, goal)
    heap = [(h, h, next(order), 0, start)]
    while heap:
        f, h, _, g, cell = heapq.heappop(heap)
        if g > steps_to[cell]:
            continue  # a shorter path to the cell has been found since this entry was added
        search.expanded.append(Expansion(cell, f, g, h))
        search.opened.append([])
        if cell == goal:
            return replace(search, path=_path_to(goal, search.parents))
        for neighbour in _free_neighbours(walls, cell):
            if g + 1 < steps_to.get(neighbour, np.inf):
                steps_to[neighbour] = g + 1
                search.parents[neighbour] = cell
                search.opened[-1].append(neighbour)
                h = weight * heuristic(neighbour, goal)
                heapq.heappush(heap, (g + 1 + h, h, next(order), g + 1, neighbour))
    return search


def _function(heuristic: str | Heuristic) -> Heuristic:
    if isinstance(heuristic, str) and heuristic in HEURISTICS:
        return HEURISTICS[heuristic]
    if isinstance(heuristic, str) or not callable(heuristic):
        raise UserError(f"there is no heuristic {shown(heuristic)}; there are {', '.join(HEURISTICS)}")
    return heuristic


def _is_finite(number: Any) -> bool:
    try:
        return math.isfinite(number)
    except (TypeError, ValueError, OverflowError):  # no number; one with too many digits for a float
        return False


def _free_cell(walls: np.ndarray, cell: Cell, name: str) -> Cell:
    position = array(cell, f"the {name}")
    if position.shape != (2,) or position.dtype.kind not in "iu":
        raise UserError(f"the {name} must be a cell (row, col), two whole numbers, not {shown(cell)}")
    row, column = position.tolist()
    if not (0 <= row < walls.shape[0] and 0 <= column < walls.shape[1]):
        raise UserError(f"the {name} {(row, column)} is outside the {walls.shape[0]} x {walls.shape[1]} maze")
    if walls[row, column]:
        raise UserError(f"the {name} {(row, column)} is a wall; it must be a free cell")
    return row, column


def _free_neighbours(walls: np.ndarray, cell: Cell) -> Iterator[Cell]:
    for move_row, move_column in MOVES[:4].tolist():
        row, column = cell[0] + move_row, cell[1] + move_column
        if 0 <= row < walls.shape[0] and 0 <= column < walls.shape[1] and not walls[row, column]:
            yield row, column


def _path_to(cell: Cell | None, parents: dict[Cell, Cell | None]) -> list[Cell]:
    path = []
    while cell is not None:
        path.append(cell)
        cell = parents[cell]
    return path[::-1]
