"""Pictures of a search, for lesson 01: shaded cells, numbers in cells, and A* after a given number of expansions.

All of them draw on top of a maze from `plots.mazes.draw_maze`.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from trm_nav.mazes.astar import Cell, Search, manhattan

from .mazes import draw_maze
from .style import BLUE, INK, ORANGE, SKY, describe

LIGHT = ListedColormap(colormaps["cividis"](np.linspace(0.55, 1.0, 32)))  # dark text is legible on all of it


def shade_cells(values: np.ndarray, ax: Axes, **imshow: Any) -> AxesImage:
    """Give a light colour to every cell whose value, (n, n), is not NaN. Returns the image, for a colour bar."""
    return ax.imshow(np.ma.masked_invalid(values), **{"cmap": LIGHT, **imshow})


def write_cells(
    texts: Mapping[Cell, object],
    ax: Axes,
    size: float = 0.36,
    below: float = 0.0,
    right: float = 0.0,
    bold: bool = False,
) -> None:
    """Write a short text or number into some of the cells.

    size: height of the text, in cells; a text that would not fit is made smaller. below, right: its distance from the
    centre of the cell, in cells. All texts become one patch, since a few hundred separate ones take a second to draw.
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
    """The text as a path centred on (0, 0), with the y axis pointing down and digits of height 1; and its width."""
    outline = TextPath((0, 0), text, size=1, prop=FontProperties(weight="bold" if bold else "normal"))
    height = TextPath((0, 0), "0", size=1).get_extents().height
    box = outline.get_extents()
    to_middle = Affine2D().translate(-(box.x0 + box.x1) / 2, -height / 2).scale(1 / height, -1 / height)
    return to_middle.transform_path(outline), box.width / height


def draw_search(walls: np.ndarray, search: Search, step: int, weight: float, ax: Axes) -> None:
    """Draw A* after `step` expansions: f in every cell that it has met, and g + h below it.

    search: a result of `astar` on walls, bool (n, n), with `weight` times the Manhattan distance as its heuristic.
    Expanded and waiting cells have different shades. A frame marks the cell expanded last, and a band the best path
    to it that is known by then.
    """
    step = min(step, len(search.expanded))
    g: dict[Cell, int] = {search.start: 0}  # as it was after this step
    parents: dict[Cell, Cell | None] = {search.start: None}  # likewise
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
        ax.scatter([], [], marker="s", s=90, color=color, alpha=0.35, label=label)  # an empty plot, for the legend
    h = {cell: weight * manhattan(cell, search.goal) for cell in g}
    marked = g.keys() & {search.start, search.goal}  # their centre is taken
    write_cells({cell: f"{g[cell] + h[cell]:.4g}" for cell in g.keys() - marked}, ax, 0.24, -0.1, bold=True)
    write_cells({cell: f"{g[cell] + h[cell]:.4g}" for cell in marked}, ax, 0.14, -0.4, bold=True)
    write_cells({cell: f"{g[cell]} + {h[cell]:.4g}" for cell in g}, ax, 0.14, 0.39)

    title = "Before the first expansion, only the start is waiting"
    if step:
        last = search.expanded[step - 1]
        _draw_band(last.cell, parents, ax)
        title = f"Expansion {step} of {len(search.expanded)}: f = {last.f:.4g}, {len(waiting)} waiting"
    ax.set_title(title)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=3, handletextpad=0.4)
    if isinstance(figure := ax.figure, Figure):
        met = f"{len(g)} cells met, each with its f, g and h; {len(waiting)} of them are waiting"
        describe(figure, f"A* in a maze. {title}. {met}.")


def _draw_band(cell: Cell, parents: Mapping[Cell, Cell | None], ax: Axes) -> None:
    """A frame around a cell, and a band along the path from the start to it."""
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
    path: list[Cell] = []
    ahead: Cell | None = cell
    while ahead is not None:
        path.append(ahead)
        ahead = parents[ahead]
    rows, columns = np.transpose(path)
    ax.plot(columns, rows, color=BLUE, alpha=0.3, linewidth=12, solid_capstyle="round", zorder=2.5)
