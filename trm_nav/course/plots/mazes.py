"""Mazes, arrows and walks, drawn the same way in every lesson.

Walls are dark, the goal is a star, the agent a disc, and actions are arrows.
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from trm_nav.mazes.encoding import MOVES, STAY, contains

from .style import BLUE, FLOOR, GREEN, GRID, INK, PALE, RED, WALL

Position = Sequence[int] | np.ndarray  # (row, col)
FRAME = 0.42 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])  # around a wrong arrow, as (x, y) from its cell's centre


def maze_axes(columns: int, rows: int = 1, cell: float = 3.0) -> tuple[Figure, np.ndarray]:
    """A figure with axes for rows x columns mazes, `cell` inches each. Returns it and the axes (rows*columns,)."""
    figure, axes = plt.subplots(rows, columns, figsize=(cell * columns, cell * 1.1 * rows), squeeze=False)
    return figure, axes.ravel()


def draw_maze(
    walls: np.ndarray,
    goal: Position | None = None,
    start: Position | None = None,
    ax: Axes | None = None,
    title: str = "",
) -> Axes:
    """Draw one maze: walls bool (n, n), goal and start as (row, col). Returns the axes, new ones if none are given."""
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


def maze_legend(figure: Figure, start: bool = True, also: Sequence[Artist] = ()) -> None:
    """A legend below the mazes of a figure: wall, free cell, goal, the agent's start, and further labelled artists."""
    star = Line2D([], [], linestyle="", marker="*", markersize=13, markerfacecolor=GREEN, markeredgecolor="white")
    disc = Line2D([], [], linestyle="", marker="o", markersize=9, markerfacecolor=PALE, markeredgecolor=BLUE, mew=2)
    star.set_label("goal")
    disc.set_label("agent (start)")
    figure.legend(
        handles=[
            Patch(facecolor=WALL, edgecolor=GRID, label="wall"),
            Patch(facecolor=FLOOR, edgecolor=GRID, label="free cell"),
            star,
            *([disc] if start else []),
            *also,
        ],
        loc="outside lower center",
        ncols=6,
        fontsize=10,
        handletextpad=0.5,
        columnspacing=1.4,
    )


def _frame(ax: Axes, n: int) -> None:
    """Draw thin lines between the cells, and no tick labels."""
    ax.set_xticks(np.arange(-0.5, n), [])
    ax.set_yticks(np.arange(-0.5, n), [])
    ax.tick_params(length=0)
    ax.grid(color=GRID, linewidth=0.6)
    ax.spines[:].set(visible=True, color=GRID, linewidth=1.2)


def draw_sets(masks: np.ndarray, ax: Axes, color: str = INK) -> None:
    """Draw sets of actions, uint8 (n, n) bit masks: one arrow for each action in the set of each cell."""
    for action in range(STAY):
        _arrows(contains(masks, action), action, ax, color)


def draw_policy(actions: np.ndarray, masks: np.ndarray, ax: Axes) -> None:
    """Draw one action per cell, uint8 (n, n): a dark arrow if the action is in the optimal set, a red one if not.

    Cells with an empty optimal set (walls, cells that cannot reach the goal) get no arrow. STAY in a cell other than
    the goal is drawn as a red cross. What is wrong has a frame as well, for readers who cannot tell red from dark.
    """
    labelled, right = masks != 0, contains(masks, actions)
    for chosen, color in ((labelled & right, INK), (labelled & ~right, RED)):
        for action in range(STAY):
            _arrows(chosen & (actions == action), action, ax, color, pivot="mid")
    frames = [FRAME + (column, row) for row, column in np.argwhere(labelled & ~right)]
    ax.add_collection(PolyCollection(frames, facecolors="none", edgecolors=RED, linewidths=1.2, zorder=2.8))
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
    """Draw a walk through cells (row, col) as a line; `offset`, in cells, shifts it, so that two walks stay apart."""
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
