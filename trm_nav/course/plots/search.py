"""Pictures of a search: writing and shades in the cells of a maze, and one search after so many steps.

Lesson 01 draws with them, on top of a maze from `plots.draw_maze`.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from trm_nav.mazes.astar import Cell, Search, manhattan

from .mazes import draw_maze
from .style import BLUE, INK, ORANGE, SKY

LIGHT = ListedColormap(colormaps["cividis"](np.linspace(0.55, 1.0, 32)))  # dark writing can be read on all of it


def shade_cells(values: np.ndarray, ax: Axes, **imshow) -> AxesImage:
    """A light colour for every cell that has a number: (n, n), NaN where there is none. Returns it for a colour bar."""
    return ax.imshow(np.ma.masked_invalid(values), **{"cmap": LIGHT, **imshow})


def write_cells(
    texts: Mapping[Cell, object],
    ax: Axes,
    size: float = 0.36,
    below: float = 0.0,
    right: float = 0.0,
    bold: bool = False,
) -> None:
    """A short text or number in each of some cells, `size` cells high or as small as it must be to fit.

    It stands `below` and `right` of the middle of its cell. All of them are one patch: a few hundred texts of their own
    would take a second to draw.
    """
    written = []
    for (row, column), text in texts.items():
        outline, width = _outline(str(text), bold)
        fitting = min(size, 0.9 / width)
        written.append(Affine2D().scale(fitting).translate(column + right, row + below).transform_path(outline))
    if written:
        everything = Path.make_compound_path(*written)
        ax.add_artist(PathPatch(everything, facecolor=INK, linewidth=0, zorder=7, in_layout=False))


@cache
def _outline(text: str, bold: bool) -> tuple[Path, float]:
    """The text as a path around (0, 0), rows downwards, with the height of a digit as its unit; and its width."""
    outline = TextPath((0, 0), text, size=1, prop=FontProperties(weight="bold" if bold else "normal"))
    height = TextPath((0, 0), "0", size=1).get_extents().height
    box = outline.get_extents()
    to_middle = Affine2D().translate(-(box.x0 + box.x1) / 2, -height / 2).scale(1 / height, -1 / height)
    return to_middle.transform_path(outline), box.width / height


def draw_search(walls: np.ndarray, search: Search, step: int, weight: float, ax: Axes) -> None:
    """A* with `weight` times the Manhattan distance after `step` expansions: f in every cell met, below it g + h.

    Cells are shaded that have been expanded and that wait. A frame marks the one expanded last, a band the best way
    to it that is known by then.
    """
    step = min(step, len(search.expanded))
    g, parents = {search.start: 0}, {search.start: None}  # as they were after this step
    for expansion, opened in zip(search.expanded[:step], search.opened, strict=False):
        g.update(dict.fromkeys(opened, expansion.g + 1))
        parents.update(dict.fromkeys(opened, expansion.cell))
    waiting = search.open_set(step)

    draw_maze(walls, search.goal, search.start, ax)
    marks = np.full(walls.shape, np.nan)
    for cell in g:
        marks[cell] = cell in waiting
    shade_cells(marks, ax, cmap=ListedColormap([SKY, ORANGE]), vmin=0, vmax=1, alpha=0.35)
    for label, color in (("expanded", SKY), ("waiting", ORANGE)):
        ax.scatter([], [], marker="s", s=90, color=color, alpha=0.35, label=label)  # draws nothing but its legend
    h = {cell: weight * manhattan(cell, search.goal) for cell in g}
    marked = g.keys() & {search.start, search.goal}  # their middle is taken
    write_cells({cell: f"{g[cell] + h[cell]:.4g}" for cell in g.keys() - marked}, ax, 0.24, -0.1, bold=True)
    write_cells({cell: f"{g[cell] + h[cell]:.4g}" for cell in marked}, ax, 0.14, -0.4, bold=True)
    write_cells({cell: f"{g[cell]} + {h[cell]:.4g}" for cell in g}, ax, 0.14, 0.39)

    title = "Before the first expansion, only the start waits"
    if step:
        last = search.expanded[step - 1]
        _draw_band(last.cell, parents, ax)
        title = f"Expansion {step} of {len(search.expanded)} has f = {last.f:.4g}; {len(waiting)} wait"
    ax.set_title(title)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, handletextpad=0.4)


def _draw_band(cell: Cell, parents: Mapping[Cell, Cell | None], ax: Axes) -> None:
    ax.add_patch(
        Rectangle(
            (cell[1] - 0.5, cell[0] - 0.5),
            1,
            1,
            fill=False,
            edgecolor=BLUE,
            linewidth=2.5,
            zorder=8,
            label="expanded last",
        )
    )
    way = []
    while cell is not None:
        way.append(cell)
        cell = parents[cell]
    rows, columns = np.transpose(way)
    ax.plot(columns, rows, color=BLUE, alpha=0.3, linewidth=12, solid_capstyle="round", zorder=2.5)
