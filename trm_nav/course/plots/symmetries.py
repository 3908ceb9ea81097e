"""The pictures of lesson 02: tokens, sets as numbers, orientations, and the label that contradicts itself.

A room of its own because no other lesson draws them; a maze and an arrow look as in `plots`.
"""

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
from .style import BLUE, FLOOR, GREEN, GRID, INK, RED, WALL

TURNS = ("as it is", "quarter turn left", "half turn", "quarter turn right")
SYMMETRIES = (*TURNS, "mirrored", *(f"mirrored, {turn}" for turn in TURNS[1:]))
"What each of the 8 symmetries does, in words."


def draw_numbers(values: np.ndarray, colors: np.ndarray, ax: Axes) -> None:
    """A whole number in each cell, (n, n), in the colour that `colors`, names (n, n), gives it."""
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
    """One maze, its tokens cell by cell, and below them the same tokens row after row, as a model reads them."""
    n, walls, goal = mazes.grid_size, mazes.walls[maze], mazes.goals[maze]
    tokens = encode(walls[None], goal[None])[0]  # (n*n,)
    figure = plt.figure(figsize=(6.8, 4.8))
    grid = figure.add_gridspec(2, 2, height_ratios=(6, 1))
    left, right, row = (figure.add_subplot(place) for place in (grid[0, 0], grid[0, 1], grid[1, :]))
    draw_maze(walls, goal, mazes.starts[maze], left, "A maze")
    draw_maze(walls, ax=right, title="Its tokens: FREE 0, WALL 1, GOAL 2")
    draw_numbers(tokens.reshape(n, n), np.array([INK, "white", GREEN])[tokens].reshape(n, n), right)

    row.bar(np.arange(n * n), 1, width=1, color=np.array([FLOOR, WALL, GREEN])[tokens], edgecolor=GRID, linewidth=0.5)
    row.set(
        title=f"The same {n * n} tokens, row after row",
        xlabel="place in the row: n · row + column",
        ylim=(0, 1),
        xlim=(-0.5, n * n - 0.5),
        xticks=np.arange(0, n * n, n),
        yticks=[],
    )
    row.grid(False)
    row.spines[:].set_visible(False)
    return figure


def draw_sets_as_numbers(mazes: Mazes, maze: int) -> Figure:
    """One maze with its optimal sets, as arrows on the left and as bit masks on the right."""
    walls, goal = mazes.walls[maze], mazes.goals[maze]
    masks = optimal_actions(walls[None], goal[None])[0]
    figure, (left, right) = maze_axes(2, cell=3.4)
    draw_maze(walls, goal, ax=left, title="Optimal sets as arrows")
    draw_sets(masks, left)
    draw_maze(walls, ax=right, title="The same sets as bit masks")
    draw_numbers(masks, np.where(walls, "white", np.where(np.bitwise_count(masks) > 1, BLUE, INK)), right)
    right.set_xlabel("blue: more than one action", color=BLUE)
    return figure


def draw_orientations(mazes: Mazes, maze: int) -> Figure:
    """One maze in its 8 orientations, each with the optimal sets that the expert finds there."""
    figure, axes = maze_axes(4, 2, cell=2.2)
    for g, ax in enumerate(axes):
        turned = transform_mazes(mazes[[maze]], g)
        draw_maze(turned.walls[0], turned.goals[0], turned.starts[0], ax)
        draw_sets(optimal_actions(turned.walls, turned.goals)[0], ax)
        ax.set_title(f"{g}: {SYMMETRIES[g]}".replace(", ", ",\n"), fontsize=10)
    return figure


def draw_contradiction(mazes: Mazes, maze: int, g: int, rule: Callable[[np.ndarray], np.ndarray]) -> Figure:
    """Labels that turn with a maze, beside those that the rule gives to the turned maze; shaded where the two differ.

    rule: sets of actions, uint8 of any shape, to sets that keep at most one action of each.
    """
    here, there = mazes[[maze]], transform_mazes(mazes[[maze]], g)
    label = rule(optimal_actions(here.walls, here.goals))  # (1, n, n)
    turned, given = transform_masks(label, g), rule(optimal_actions(there.walls, there.goals))
    differ = (turned != given)[0]

    figure, axes = maze_axes(3, cell=3.0)
    titles = ("One label a cell", f"Turned along: {SYMMETRIES[g]}", f"Labelled there: {differ.sum()} differ")
    panels = zip(axes, (here, there, there), (label, turned, given), (label, turned, turned), titles, strict=True)
    for ax, view, shown, right, title in panels:
        draw_maze(view.walls[0], view.goals[0], ax=ax, title=title)
        actions = np.log2(np.maximum(shown[0], 1)).astype(np.uint8)  # the number of the one bit
        draw_policy(actions, right[0], ax)
    rows, columns = np.nonzero(differ)
    axes[2].bar(columns, 1, width=1, bottom=rows - 0.5, color=RED, alpha=0.18)
    return figure
