"""The style of every figure in the course: colours, line styles, fonts.

The colours can be told apart by colour-blind readers and in greyscale print.
"""

from typing import Any

import matplotlib.pyplot as plt

INK, WALL, FLOOR, GRID = "#26262b", "#3b3b44", "#faf8f3", "#e4e0d6"
BLUE, ORANGE, GREEN, RED, SKY, PALE = "#0072b2", "#d55e00", "#009e73", "#b2182b", "#56b4e9", "#cfe6f5"
TRAIN = {"color": BLUE, "linestyle": "-", "linewidth": 2.0}
VALIDATION = {"color": ORANGE, "linestyle": (0, (4, 1.5)), "linewidth": 2.0}
STYLE: dict[str, Any] = {
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
    """Apply the style to all figures of this process. Each lesson calls it once."""
    for name, value in STYLE.items():
        plt.rcParams[name] = value  # type: ignore[index]  # typed as a choice among all names
