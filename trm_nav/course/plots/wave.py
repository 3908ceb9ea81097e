"""The pictures of lesson 07: what a recursion can know, the learned wave beside the expert's, and its states."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from trm_nav.mazes.encoding import ACTIONS, MOVES, STAY, contains

from .alternatives import in_words
from .mazes import Position, draw_maze, draw_path, draw_policy, maze_axes, maze_legend
from .search import shade_cells, write_cells
from .style import BLUE, FLOOR, GREEN, GRID, INK, ORANGE, PALE, RED, SKY, WALL, describe

LINES = ((BLUE, "-", "o"), (ORANGE, (0, (4, 1.5)), "s"), (GREEN, (0, (1, 1.2)), "^"))  # colour, line, marker
COVERED = "#b9b5ab"  # cells that an observer cannot see
READABLE = 24  # cells along a side: in larger mazes, numbers and arrows are too small to read
PERCENT = "{:.0%}".format


def draw_success(sizes: Sequence[int], success: Mapping[str, Sequence[float]], trained_on: int) -> Figure:
    """Success against grid size, a line for each network; a vertical line marks the size that it was trained on."""
    figure, ax = plt.subplots(figsize=(6.6, 3.4))
    for (name, values), (color, style, marker) in zip(success.items(), LINES, strict=False):
        ax.plot(sizes, values, color=color, linestyle=style, marker=marker, linewidth=2, label=name, clip_on=False)
    ax.axvline(trained_on, color=INK, linewidth=1, zorder=0)
    ax.text(trained_on * 1.03, 0.02, "trained on this size", fontsize=10)
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.minorticks_off()
    ax.set(xlabel="cells along one side of the maze", title="Mazes in which the walk arrives", ylim=(0, 1.03))
    ax.yaxis.set_major_formatter(lambda share, _: PERCENT(share))
    ax.legend(loc="center left")
    return describe(figure, f"{in_words(figure)} Trained on {trained_on} x {trained_on}.")


def draw_by_distance(steps: np.ndarray, right: np.ndarray, reach: int, guess: float) -> Figure:
    """Share of optimal actions against the distance from the goal.

    steps: int (K,), the distance of each cell. right: bool (K,), whether its action is optimal. reach: the distance
    beyond which no cell can have heard of the goal. guess: the share that is right without looking at the maze.
    """
    counts = np.bincount(steps)
    distances = np.flatnonzero(counts >= 20)  # fewer cells make no share worth drawing
    shares = np.bincount(steps, weights=right)[distances] / counts[distances]
    figure, ax = plt.subplots(figsize=(6.6, 3.2))
    ax.axvspan(-0.5, reach, color=PALE, alpha=0.6, label="within reach", linewidth=0)
    ax.plot(distances, shares, color=BLUE, linewidth=2, label="optimal actions")
    ax.axhline(guess, color=RED, linestyle=(0, (4, 1.5)), label="one action for all cells")
    ax.set(xlabel="distance from the goal (steps)", ylim=(0, 1.03), xlim=(-0.5, distances.max() + 0.5))
    ax.set_title("Share of cells with an optimal action")
    ax.yaxis.set_major_formatter(lambda share, _: PERCENT(share))
    ax.legend(loc="lower right")
    return describe(figure, f"{in_words(figure)} News of the goal reaches {reach} steps.")


def draw_reach(walls: np.ndarray, goal: Position, steps: np.ndarray, recursions: int) -> Figure:
    """The cells that can have heard of the goal after so many recursions, with their distance, int (n, n)."""
    figure, [ax] = maze_axes(1, cell=4.4)
    reached = (steps >= 0) & (steps <= recursions)
    of_all = f"{reached.sum()} of {(steps >= 0).sum()}"
    draw_maze(walls, goal, ax=ax, title=f"{_recursions(recursions)}: {of_all} cells can know")
    shade_cells(np.where(reached, 0.0, np.nan), ax, cmap=ListedColormap([SKY]), alpha=0.45)
    write_cells({cell: int(steps[cell]) for cell in zip(*np.nonzero(steps > 0), strict=True)}, ax)
    maze_legend(figure, start=False, also=[Patch(facecolor=SKY, alpha=0.45, label="within reach")])
    return describe(figure, f"A maze with the cells shaded that news of the goal can have reached. {in_words(figure)}")


def draw_view(mazes: Sequence[tuple[np.ndarray, Position]], cell: Position, recursions: int, open_all: bool) -> Figure:
    """What a cell can have heard of after so many recursions: the cells at most so many steps up, down, left or right.

    mazes: walls, bool (n, n), and goal of each. open_all: whether the cells that the observer cannot see are shown.
    """
    figure, axes = maze_axes(len(mazes), cell=3.2)
    for number, (ax, (walls, goal)) in enumerate(zip(axes, mazes, strict=True), start=1):
        draw_maze(walls, goal, cell, ax, f"Maze {number}")
        away = np.abs(np.indices(walls.shape) - np.reshape(cell, (2, 1, 1))).sum(axis=0)
        for row, column in np.argwhere(away > recursions):
            corner = (column - 0.5, row - 0.5)
            ax.add_patch(Rectangle(corner, 1, 1, color=COVERED, alpha=0.35 if open_all else 1, zorder=8, linewidth=0))
    label = "outside the view" if open_all else "not visible to the ringed cell"
    view = f"an agent that has heard of the cells at most {recursions} steps away"
    goals = "; ".join(
        f"{k}: {_seen_from(cell, goal, recursions, open_all)}" for k, (_, goal) in enumerate(mazes, start=1)
    )
    maze_legend(figure, also=[Patch(facecolor=COVERED, label=label)])
    covered = "shaded" if open_all else "covered"
    return describe(figure, f"{len(mazes)} mazes with {view}; all others are {covered}. The goal in maze {goals}.")


def _seen_from(cell: Position, goal: Position, recursions: int, open_all: bool) -> str:
    """Where the goal lies, as the agent in a cell of `draw_view` would say it."""
    down, right = goal[0] - cell[0], goal[1] - cell[1]
    if not open_all and abs(down) + abs(right) > recursions:
        return "hidden"
    return (
        f"{abs(down)} rows {'below' if down > 0 else 'above'}, {abs(right)} columns {'right' if right > 0 else 'left'}"
    )


def draw_wave(
    walls: np.ndarray,
    goal: Position,
    actions: np.ndarray,
    decided_in: np.ndarray,
    steps: np.ndarray,
    optimal: np.ndarray,
    recursion: int,
) -> Figure:
    """The network and the expert after so many recursions: decided cells shaded, and the newest of them darker.

    actions: uint8 (n, n). decided_in: int (n, n), the recursion in which each cell decided, 0 for never. steps: int
    (n, n), distances to the goal. optimal: uint8 (n, n), the expert's sets.
    """
    figure, axes = maze_axes(2, cell=4.0)
    network, expert = (decided_in > 0) & (decided_in <= recursion), (steps >= 0) & (steps <= recursion)
    newest = decided_in == recursion, steps == recursion
    names = f"Network, {_recursions(recursion)}: {network.sum()} decided", f"Expert: {expert.sum()} in its wave"
    for ax, name, known, new in zip(axes, names, (network, expert), newest, strict=True):
        draw_maze(walls, goal, ax=ax, title=name)
        shade_cells(np.where(known, new, np.nan), ax, cmap=ListedColormap([PALE, SKY]), vmin=0, vmax=1)
    if len(walls) <= READABLE:
        draw_policy(actions, np.where(network, optimal, 0), axes[0])
        numbers = zip(*np.nonzero(expert & (steps > 0)), strict=True)
        write_cells({cell: int(steps[cell]) for cell in numbers}, axes[1])
    shades = Patch(facecolor=PALE, label="decided"), Patch(facecolor=SKY, label="just now")
    maze_legend(figure, start=False, also=shades)
    differ, wrong = (network != expert).sum(), (network & ~contains(optimal, actions)).sum()
    return describe(
        figure,
        f"The network beside the expert's wave, in one maze. {in_words(figure)} Cells that only one of the two has "
        f"reached: {differ}. Wrong arrows: {wrong}.",
    )


def draw_large(walls: np.ndarray, decided_in: np.ndarray, path: Sequence[tuple[int, int]], title: str) -> Figure:
    """A maze that is too large for arrows: when each cell decided, as a colour, and a walk to the goal."""
    figure, ax = plt.subplots(figsize=(7.2, 6.6))
    ax.imshow(walls, cmap=ListedColormap([FLOOR, WALL]), vmin=0, vmax=1)
    colours = ax.imshow(np.ma.masked_equal(decided_in, 0), cmap="cividis", interpolation="nearest")
    figure.colorbar(colours, ax=ax, label="decided in recursion", shrink=0.8)
    draw_path(path, ax, color=ORANGE)
    ax.lines[-1].set(linewidth=1.6, alpha=1, label=f"the walk: {len(path) - 1:,} steps")
    ax.plot(*path[0][::-1], "o", color=PALE, markeredgecolor=BLUE, markeredgewidth=2, markersize=9, label="start")
    ax.plot(*path[-1][::-1], "*", color=GREEN, markeredgecolor="white", markersize=17, label="goal")
    ax.set_axis_off()
    ax.set_title(title)
    figure.legend(loc="outside lower center", ncols=3, fontsize=10)
    return describe(
        figure,
        f"{title}, in {len(path) - 1:,} steps, drawn over a maze in which colours say when each cell decided, up to "
        f"recursion {decided_in.max():,}.",
    )


def draw_decisions(steps: np.ndarray, decided_in: np.ndarray) -> Figure:
    """When cells decided against how far they are from the goal; both int (K,)."""
    figure, ax = plt.subplots(figsize=(4.8, 4.4))
    pairs, counts = np.unique(np.stack([steps, decided_in]), axis=1, return_counts=True)
    sizes = 6 + 3 * np.sqrt(counts)
    ax.scatter(pairs[0], pairs[1], s=sizes, color=BLUE, alpha=0.7, linewidths=0, label="cells, larger for more")
    top = max(steps.max(), decided_in.max())
    ax.plot([0, top], [0, top], color=ORANGE, linewidth=1, label="recursion = distance")
    ax.set(xlabel="distance from the goal (steps)", ylabel="decided in recursion", aspect="equal")
    ax.legend(loc="upper left")
    return describe(
        figure,
        f"The recursion in which each of {len(steps):,} cells decided, against its distance from the goal, up to "
        f"{steps.max()} steps: {(steps == decided_in).sum():,} lie on the line recursion = distance.",
    )


def draw_states(signs: np.ndarray, actions: Sequence[int], sets: np.ndarray) -> Figure:
    """The states in which cells decide, a row each: their channels, their action, and the cells that are in them.

    signs: -1 or 1, (states, dim). actions: the action of each state. sets: int (states, 16), how many cells in each
    state have each set of optimal moves, a bit mask.
    """
    count, dim = signs.shape
    used = np.flatnonzero(sets.sum(axis=0))
    used = used[np.argsort([bin(mask).count("1") * 16 + mask for mask in used])]  # single moves first
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(8.4, 1.6 + 0.34 * count), width_ratios=(dim, len(used)), sharey=True
    )
    left.pcolormesh(signs, cmap=ListedColormap([FLOOR, INK]), edgecolors=GRID, linewidth=1, vmin=-1, vmax=1)
    rows = np.arange(count) + 0.5
    left.set(title="Channels: dark is +1", xlabel="channel", xticks=np.arange(dim) + 0.5, xticklabels=range(dim))
    left.set_yticks(rows, [ACTIONS[action] for action in actions])
    left.set_ylabel("state, named by its action")
    shares = sets[:, used] / np.maximum(sets[:, used].sum(axis=1, keepdims=True), 1)
    right.pcolormesh(shares, cmap="Blues", edgecolors=GRID, linewidth=1, vmin=0, vmax=1)
    for row, column in np.argwhere(shares > 0):
        share = shares[row, column]
        text = PERCENT(share) if share >= 0.005 else "·"
        color = "white" if share > 0.6 else INK
        right.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=8, color=color)
    right.set(title="What was optimal in these cells", xlabel="optimal moves", xticks=np.arange(len(used)) + 0.5)
    right.set_xticklabels([_moves(int(mask)) for mask in used], fontsize=10)
    left.invert_yaxis()
    for ax in (left, right):
        ax.grid(False)
        ax.tick_params(length=0)
    moves = "; ".join(_moves_of(ACTIONS[action], row) for action, row in zip(actions, sets, strict=True))
    return describe(
        figure,
        f"The {count} states of {dim} channels in which cells decide, and what was optimal in those cells: {moves}.",
    )


def _moves_of(name: str, row: np.ndarray) -> str:
    """A row of `draw_states` in words: in how many of a state's cells its own action is among the optimal moves."""
    own = 1 << ACTIONS.index(name)
    right = sum(int(count) for mask, count in enumerate(row) if mask & own)
    return f"{name}, optimal in {right:,} of {row.sum():,}"


def draw_situation(neighbours: Sequence[str], answer: str, ax: Axes) -> None:
    """A cell and its neighbours UP, DOWN, LEFT and RIGHT, each "outside", "wall", "waiting", "goal" or a state."""
    ax.set(xlim=(-1.6, 1.6), ylim=(1.6, -1.6), aspect="equal", title=answer)
    ax.set_axis_off()
    colors = {"outside": "white", "wall": WALL, "waiting": FLOOR, "goal": PALE}
    for (row, column), kind in zip(MOVES.tolist(), [*neighbours, "?"], strict=True):
        color = FLOOR if kind == "?" else colors.get(kind, SKY)
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=color, edgecolor=GRID))
        ink = "white" if kind == "wall" else INK
        ax.text(column, row, kind.replace(" ", "\n"), ha="center", va="center", fontsize=9, color=ink)


def _recursions(count: int) -> str:
    return "1 recursion" if count == 1 else f"{count} recursions"


def _moves(mask: int) -> str:
    """The moves in a bit mask as arrows, one below the other."""
    return "\n".join("↑↓←→"[action] for action in range(STAY) if mask >> action & 1)
