"""The playground in a notebook: the page draws and computes, and Python has the maze that it shows."""

import re
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from trm_nav.errors import UserError
from trm_nav.learning.model import TinyRecursiveModel
from trm_nav.mazes.encoding import check_mazes
from trm_nav.mazes.grids import generate_mazes

from .weights import weights

FOLDER = Path(__file__).parent
MODULES = ("keys.js", "mazes.js", "network.js", "picture.js", "playground.js")  # each after those that it imports
SMALLEST, LARGEST = 5, 101  # rows of a maze, as in mazes.js
DENSITY = 0.3  # share of walls in the first maze
CHARACTERS = np.array([".", "#"])  # of a free cell and of a wall, in the rows of a maze
LOCAL_IMPORT = re.compile(r'^import .* from "\./.*";$', re.MULTILINE)


def one_module() -> str:
    """The JavaScript modules joined into one, because anywidget loads one file, which cannot import its neighbours."""
    return "\n".join(LOCAL_IMPORT.sub("", (FOLDER / name).read_text(encoding="utf-8")) for name in MODULES)


class Playground(anywidget.AnyWidget):
    """A maze to draw, which a trained model solves at once; a notebook shows it as the result of a cell.

    `walls`, `goal` and `start` are the maze that the page shows now, and `show` sets another one. To be told of every
    change, observe the trait `maze`, a dictionary: `rows`, one string a row, "#" for a wall and "." for a free cell;
    `goal` and `start`, lists [row, column].

    Args:
        model: a model with `halting`, `mixing="cross"` and `depth=1`, such as the recipe `wave` trains.
        grid_size: rows of the first maze, 5 to 101; the reader can change it.
        seed: of the first maze, a random one.

    Raises UserError for another grid size, and as `weights` does.
    """

    _esm = one_module()
    _css = FOLDER / "playground.css"
    weights = traitlets.Dict().tag(sync=True)
    maze = traitlets.Dict().tag(sync=True)

    def __init__(self, model: TinyRecursiveModel, grid_size: int = 16, seed: int = 0):
        mazes = generate_mazes(1, grid_size, DENSITY, seed)
        _check_size(grid_size)
        super().__init__(weights=weights(model), maze=_encode(mazes.walls[0], mazes.goals[0], mazes.starts[0]))

    @property
    def walls(self) -> np.ndarray:
        """The walls on the page: bool (n, n)."""
        return np.array([list(row) for row in self.maze["rows"]]) == CHARACTERS[1]

    @property
    def goal(self) -> np.ndarray:
        """The goal on the page: int64 (2,), (row, col)."""
        return np.array(self.maze["goal"], np.int64)

    @property
    def start(self) -> np.ndarray:
        """The start of the walk on the page: int64 (2,), (row, col)."""
        return np.array(self.maze["start"], np.int64)

    def show(self, walls: np.ndarray, goal: Any, start: Any = None) -> None:
        """Show a maze: walls bool (n, n), goal and start as (row, col), free cells; the start is the goal if left out.

        Raises UserError for a grid size that the page does not show, and as `check_mazes` does.
        """
        walls, ends = np.asarray(walls), np.array([goal, goal if start is None else start])  # ends: (2, 2)
        check_mazes(walls[None], ends[:1])
        _check_size(len(walls))
        if not (ends[1] >= 0).all() or not (ends[1] < len(walls)).all() or walls[tuple(ends[1])]:
            raise UserError(f"the start must be a free cell of the maze, (row, col), not {tuple(ends[1].tolist())}")
        self.maze = _encode(walls, *ends)


def _check_size(grid_size: int) -> None:
    if not SMALLEST <= grid_size <= LARGEST:
        raise UserError(f"the playground shows mazes of {SMALLEST} to {LARGEST} rows, not `grid_size={grid_size}`")


def _encode(walls: np.ndarray, goal: np.ndarray, start: np.ndarray) -> dict[str, Any]:
    """A maze as the trait `maze` has it."""
    rows = ["".join(row) for row in CHARACTERS[walls.astype(int)]]
    return {"rows": rows, "goal": goal.tolist(), "start": start.tolist()}
