"""The pictures of lesson 02: tokens, optimal sets as bit masks, the 8 orientations, and contradictory labels."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trm_nav.mazes.encoding import encode
from trm_nav.mazes.expert import optimal_actions
from trm_nav.mazes.grids import Mazes
from trm_nav.mazes.symmetry import transform_masks, transform_mazes

from .mazes import draw_maze, draw_policy, draw_sets, maze_axes
from .style import BLUE, FLOOR, GREEN, GRID, INK, RED, WALL, describe

ROTATIONS = ("unchanged", "quarter turn left", "half turn", "quarter turn right")
SYMMETRIES = (*ROTATIONS, "mirrored", *(f"mirrored, {rotation}" for rotation in ROTATIONS[1:]))
"What each of the 8 symmetries does, in words."


def draw_numbers(values: np.ndarray, colors: np.ndarray, ax: Axes) -> None:
    """Write a whole number into each cell. values: int (n, n); colors: the colour of each number, str (n, n)."""
    for (row, column), value in np.ndenumerate(values):
        ax.text(
            column,
            row,
            str(value),
            color=colors[row, column],
            ha="center",
            va="center",
            fontsize=100 / max(len(values), 9),
            zorder=6,
        )


def draw_tokens(mazes: Mazes, maze: int) -> Figure:
    """One maze, the token of each of its cells, and below them the same tokens in one row, as a network reads them.

    maze: the index of the maze among `mazes`.
    """
    n, walls, goal = mazes.grid_size, mazes.walls[maze], mazes.goals[maze]
    tokens = encode(walls[None], goal[None])[0]  # (n*n,)
    figure = plt.figure(figsize=(6.8, 4.8))
    grid = figure.add_gridspec(2, 2, height_ratios=(6, 1))
    left, right, row = (figure.add_subplot(cell) for cell in (grid[0, 0], grid[0, 1], grid[1, :]))
    draw_maze(walls, goal, mazes.starts[maze], left, "A maze")
    draw_maze(walls, ax=right, title="Its tokens: FREE 0, WALL 1, GOAL 2")
    draw_numbers(tokens.reshape(n, n), np.array([INK, "white", GREEN])[tokens].reshape(n, n), right)

    row.bar(np.arange(n * n), 1, width=1, color=np.array([FLOOR, WALL, GREEN])[tokens], edgecolor=GRID, linewidth=0.5)
    row.set(
        title=f"The same {n * n} tokens in one row",
        xlabel="index: n · row + column",
        ylim=(0, 1),
        xlim=(-0.5, n * n - 0.5),
        xticks=np.arange(0, n * n, n),
        yticks=[],
    )
    row.grid(False)
    row.spines[:].set_visible(False)
    return describe(
        figure,
        f"A maze of {n} x {n} cells, the same maze as tokens, and the {n * n} tokens in one row: {walls.sum()} times "
        f"WALL, and GOAL at index {tokens.argmax()}.",
    )


def draw_sets_as_numbers(mazes: Mazes, maze: int) -> Figure:
    """One maze with its optimal sets, as arrows on the left and as bit masks on the right. maze: its index."""
    walls, goal = mazes.walls[maze], mazes.goals[maze]
    masks = optimal_actions(walls[None], goal[None])[0]
    figure, (left, right) = maze_axes(2, cell=3.4)
    draw_maze(walls, goal, ax=left, title="Optimal sets as arrows")
    draw_sets(masks, left)
    draw_maze(walls, ax=right, title="The same sets as bit masks")
    draw_numbers(masks, np.where(walls, "white", np.where(np.bitwise_count(masks) > 1, BLUE, INK)), right)
    right.set_xlabel("blue: more than one action", color=BLUE)
    several = (
        f"{(np.bitwise_count(masks) > 1).sum()} of {(masks > 0).sum()} cells with a label have more than one action"
    )
    return describe(
        figure, f"The optimal sets of a maze as arrows, and as bit masks: {several}; the goal has {masks[*goal]}."
    )


def draw_orientations(mazes: Mazes, maze: int) -> Figure:
    """One maze in its 8 orientations, each with the optimal sets that the expert finds there. maze: its index."""
    figure, axes = maze_axes(4, 2, cell=2.2)
    for g, ax in enumerate(axes):
        view = transform_mazes(mazes[[maze]], g)
        draw_maze(view.walls[0], view.goals[0], view.starts[0], ax)
        draw_sets(optimal_actions(view.walls, view.goals)[0], ax)
        ax.set_title(f"{g}: {SYMMETRIES[g]}".replace(", ", ",\n"), fontsize=10)
    return describe(
        figure,
        "A maze in 8 orientations, each with the optimal actions that the expert finds there as arrows: "
        f"{'; '.join(SYMMETRIES)}.",
    )


def draw_contradiction(mazes: Mazes, maze: int, g: int, rule: Callable[[np.ndarray], np.ndarray]) -> Figure:
    """One label per cell, transformed along with a maze, beside the labels that the rule gives the transformed maze.

    Cells whose two labels differ are shaded. maze: its index; g: the symmetry; rule: reduces sets of actions, uint8 of
    any shape, to sets with at most one action each.
    """
    here, there = mazes[[maze]], transform_mazes(mazes[[maze]], g)
    label = rule(optimal_actions(here.walls, here.goals))  # (1, n, n)
    carried, given = transform_masks(label, g), rule(optimal_actions(there.walls, there.goals))
    differ = (carried != given)[0]

    figure, axes = maze_axes(3, cell=3.0)
    titles = ("One label per cell", f"Transformed: {SYMMETRIES[g]}", f"Labelled anew: {differ.sum()} differ")
    panels = zip(axes, (here, there, there), (label, carried, given), (label, carried, carried), titles, strict=True)
    for ax, view, shown, right, title in panels:
        draw_maze(view.walls[0], view.goals[0], ax=ax, title=title)
        actions = np.log2(np.maximum(shown[0], 1)).astype(np.uint8)  # the index of the one bit that is set
        draw_policy(actions, right[0], ax)
    rows, columns = np.nonzero(differ)
    axes[2].bar(columns, 1, width=1, bottom=rows - 0.5, color=RED, alpha=0.18)
    return describe(
        figure,
        f"Three mazes with one arrow in each cell: a maze with its labels; both transformed ({SYMMETRIES[g]}); and the "
        f"labels that the rule gives the transformed maze. {differ.sum()} of {(carried > 0).sum()} differ, shaded red.",
    )
