"""The look of every figure in the course: colours, line styles, fonts."""

import matplotlib.pyplot as plt

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
