"""Every picture of the course, so that a maze, an arrow and a curve look the same in all lessons.

A maze: walls dark, the goal a star, the agent a disc, optimal actions as arrows. Training is solid, validation dashed.
The colours are told apart by colour-blind readers and in grey print.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from .encoding import MOVES, STAY, contains

INK, WALL, FLOOR, GRID = "#26262b", "#3b3b44", "#faf8f3", "#e4e0d6"
BLUE, ORANGE, GREEN, RED, SKY, PALE = "#0072b2", "#d55e00", "#009e73", "#b2182b", "#56b4e9", "#cfe6f5"
TRAIN = {"color": BLUE, "linestyle": "-", "linewidth": 2.0}
VALIDATION = {"color": ORANGE, "linestyle": (0, (4, 1.5)), "linewidth": 2.0}
STYLE = {
    "figure.dpi": 100,
    "savefig.bbox": "tight",
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "image.cmap": "cividis",
}


def use_style() -> None:
    """Give the figures of this process the course's look. Each lesson calls it once."""
    plt.rcParams.update(STYLE)


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
        ax.add_patch(PathPatch(star.transformed(Affine2D().scale(0.4, -0.4).translate(goal[1], goal[0])), zorder=4,
                               facecolor=GREEN, edgecolor="white", linewidth=1))
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
    ax.quiver(cols, rows, np.full(len(rows), right), np.full(len(rows), down), color=color, angles="xy", units="xy",
              scale_units="xy", scale=1, width=0.055, headwidth=4, headlength=3.6, headaxislength=3.2, zorder=6,
              pivot=pivot)


def draw_path(path: Sequence[tuple[int, int]], ax: Axes, color: str = BLUE, label: str | None = None,
              offset: float = 0.0, dashed: bool = False) -> None:
    """A walk through cells (row, col) as a line; `offset`, in cells, sets two walks beside each other."""
    rows, cols = np.array(path, dtype=float).T
    ax.plot(cols + offset, rows + offset, color=color, linewidth=3, alpha=0.85, solid_capstyle="round", label=label,
            linestyle=(0, (2, 1)) if dashed else "-", zorder=2.5)


def new_curves(width: float = 9.5) -> tuple[Figure, np.ndarray]:
    """A figure with two axes for `draw_curves`: loss on the left, accuracy on the right."""
    figure, axes = plt.subplots(1, 2, figsize=(width, width * 0.36))
    return figure, axes


def draw_curves(history: Mapping[str, Sequence[float]], axes: Sequence[Axes], epochs: int | None = None) -> None:
    """Loss and accuracy by epoch, training solid, validation dashed; a dot marks the best validation loss.

    history: lists train_loss, train_acc, val_loss, val_acc, one entry an epoch. epochs: where the axis is to end.
    """
    count = len(history["val_loss"])
    x = np.arange(1, count + 1)
    for ax, name, title in zip(axes, ("loss", "acc"), ("Loss (nats)", "Accuracy"), strict=True):
        ax.clear()
        ax.plot(x, history[f"train_{name}"], **TRAIN, label="training", marker="o" if count == 1 else None)
        ax.plot(x, history[f"val_{name}"], **VALIDATION, label="validation", marker="s" if count == 1 else None)
        if count:
            best = int(np.argmin(history["val_loss"]))
            ax.plot(best + 1, history[f"val_{name}"][best], "o", color=ORANGE, markersize=8, markerfacecolor="white",
                    markeredgewidth=2, label="best validation loss")
        ax.set(title=title, xlabel="epoch", xlim=(0.5, max(epochs or count, count, 2) + 0.5))
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[0].set_yscale("log")
    axes[1].set_ylim(0, 1.02)
    axes[1].yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes[1].legend(loc="lower right")
