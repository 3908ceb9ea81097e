"""The style of every figure in the course: colours, line styles, fonts.

The colours can be told apart by colour-blind readers and in greyscale print.
"""

from typing import Any
from weakref import WeakKeyDictionary

import matplotlib.pyplot as plt
from IPython.core.getipython import get_ipython
from matplotlib.figure import Figure

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


ALTERNATIVES: WeakKeyDictionary[Figure, str] = WeakKeyDictionary()


def describe(figure: Figure, sentence: str) -> Figure:
    """Give a figure its text alternative: one sentence that says what it shows. Returns the figure.

    A notebook keeps it in the metadata of the output, {"image/png": {"alt": sentence}}, where `IPython.display.Image`
    keeps its own. The website and nbconvert read it there; JupyterLab 4 does not.
    """
    ALTERNATIVES[figure] = " ".join(sentence.split())
    shell = get_ipython()
    if shell is not None and shell.display_formatter is not None:
        formatter = shell.display_formatter.formatters["image/png"]
        draw = formatter.lookup_by_type(Figure) if Figure in formatter else None
        if draw is not None and not isinstance(draw, _WithAlternative):  # none yet: the figure is not shown as PNG
            formatter.for_type(Figure, _WithAlternative(draw))
    return figure


class _WithAlternative:
    """A formatter of figures that adds the text alternative to the metadata of another one's picture."""

    def __init__(self, draw: Any):
        self.draw = draw

    def __call__(self, figure: Figure) -> Any:
        drawn = self.draw(figure)
        if drawn is None or figure not in ALTERNATIVES:
            return drawn
        data, metadata = drawn if isinstance(drawn, tuple) else (drawn, {})
        return data, {**metadata, "alt": ALTERNATIVES[figure]}
