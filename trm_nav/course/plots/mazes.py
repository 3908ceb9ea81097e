"""Mazes, arrows and walks, drawn the same way in every lesson."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from trm_nav.mazes.encoding import MOVES, STAY, contains

from .style import BLUE, FLOOR, GREEN, GRID, INK, PALE, RED, WALL


def maze_axes(columns: int, rows: int = 1, cell: float = 3.0) -> tuple[Figure, np.ndarray]:
    """A figure with rows x columns axes for mazes, `cell` inches each: the figure and the axes (rows*columns,)."""
    figure, axes = plt.subplots(rows, columns, figsize=(cell * columns, cell * 1.1 * rows), squeeze=False)
    return figure, axes.ravel()


def draw_maze(walls: np.ndarray, goal=None, start=None, ax: Axes | None = None, title: str = "") -> Axes:
    """One maze: walls bool (n, n), goal and start as (row, col) or None. Returns the axes, new ones if none given."""
    if ax is None:
        ax = maze_axes(1, cell=3.6)[1][0]
    n = len(walls)
    ax.imshow(walls, cmap=ListedColormap([FLOOR, WALL]), vmin=0, vmax=1)
    _frame(ax, n)
    if goal is not None:
        star = Path.unit_regular_star(5, innerCircle=0.45)
        ax.add_patch(
            PathPatch(
                star.transformed(Affine2D().scale(0.4, -0.4).translate(goal[1], goal[0])),
                zorder=4,
                facecolor=GREEN,
                edgecolor="white",
                linewidth=1,
            )
        )
    if start is not None:
        ax.add_patch(Circle((start[1], start[0]), 0.3, zorder=5, facecolor=PALE, edgecolor=BLUE, linewidth=2.5))
    ax.set_title(title)
    return ax


def _frame(ax: Axes, n: int) -> None:
    """Thin lines between the cells, no numbers beside them."""
    ax.set_xticks(np.arange(-0.5, n), [])
    ax.set_yticks(np.arange(-0.5, n), [])
    ax.tick_params(length=0)
    ax.grid(color=GRID, linewidth=0.6)
    ax.spines[:].set(visible=True, color=GRID, linewidth=1.2)


def draw_sets(masks: np.ndarray, ax: Axes, color: str = INK) -> None:
    """Sets of actions, uint8 (n, n) bit masks, as one arrow for each action in each cell's set."""
    for action in range(STAY):
        _arrows(contains(masks, action), action, ax, color)


def draw_policy(actions: np.ndarray, masks: np.ndarray, ax: Axes) -> None:
    """One action a cell, uint8 (n, n), as arrows: dark where the action is in the optimal set, red where it is not.

    Cells without an optimal set (walls, cells that cannot reach the goal) get none; a STAY away from the goal is a
    red cross.
    """
    labelled, right = masks != 0, contains(masks, actions)
    for chosen, color in ((labelled & right, INK), (labelled & ~right, RED)):
        for action in range(STAY):
            _arrows(chosen & (actions == action), action, ax, color, pivot="mid")
    rows, cols = np.nonzero(labelled & ~right & (actions == STAY))
    ax.scatter(cols, rows, marker="x", color=RED, s=30, zorder=3)


def _arrows(where: np.ndarray, action: int, ax: Axes, color: str, pivot: str = "tail") -> None:
    rows, cols = np.nonzero(where)
    down, right = MOVES[action] * 0.4
    ax.quiver(
        cols,
        rows,
        np.full(len(rows), right),
        np.full(len(rows), down),
        color=color,
        angles="xy",
        units="xy",
        scale_units="xy",
        scale=1,
        width=0.055,
        headwidth=4,
        headlength=3.6,
        headaxislength=3.2,
        zorder=6,
        pivot=pivot,
    )


def draw_path(
    path: Sequence[tuple[int, int]],
    ax: Axes,
    color: str = BLUE,
    label: str | None = None,
    offset: float = 0.0,
    dashed: bool = False,
) -> None:
    """A walk through cells (row, col) as a line; `offset`, in cells, sets two walks beside each other."""
    rows, cols = np.array(path, dtype=float).T
    ax.plot(
        cols + offset,
        rows + offset,
        color=color,
        linewidth=3,
        alpha=0.85,
        solid_capstyle="round",
        label=label,
        linestyle=(0, (2, 1)) if dashed else "-",
        zorder=2.5,
    )
