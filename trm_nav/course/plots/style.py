"""The style of every figure in the course: colours, line styles, fonts.

The colours can be told apart by colour-blind readers and in greyscale print.
"""

from base64 import b64decode
from html import escape
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
    keeps its own. The website reads it there. JupyterLab 4 does not; it prefers an HTML image, so the output holds one
    as well, which committed notebooks do without.
    """
    ALTERNATIVES[figure] = " ".join(sentence.split())
    shell = get_ipython()
    if shell is not None and shell.display_formatter is not None:
        formatters = shell.display_formatter.formatters
        draw = formatters["image/png"].lookup_by_type(Figure) if Figure in formatters["image/png"] else None
        if draw is not None and not isinstance(draw, _WithAlternative):  # none yet: the figure is not shown as PNG
            drawing = _WithAlternative(draw)
            formatters["image/png"].for_type(Figure, drawing)
            formatters["text/html"].for_type(Figure, drawing.as_html)
    return figure


def html_image(drawn: str, alternative: str, size: tuple[int, int] | None = None) -> str:
    """A PNG file, in base64, as an HTML image with a text alternative.

    It is as large as `size` says, width and height in pixels, or as the file; smaller where the page is narrower. The
    page knows its size before it is there, and does not jump.
    """
    header = b64decode(drawn[:32])  # ends with width and height
    width, height = size or (int.from_bytes(header[at : at + 4], "big") for at in (16, 20))
    shape = f'width="{width}" height="{height}" style="max-width: 100%; height: auto"'
    return f'<img alt="{escape(alternative)}" {shape} src="data:image/png;base64,{drawn}">'


class _WithAlternative:
    """A formatter of figures that adds the text alternative to another one's picture, in its metadata and as HTML.

    IPython asks for the HTML first, and then for the PNG: the figure is drawn once for both.
    """

    def __init__(self, draw: Any):
        self.draw = draw
        self.drawn: WeakKeyDictionary[Figure, Any] = WeakKeyDictionary()  # as HTML, and not yet asked for as PNG

    def as_html(self, figure: Figure) -> str | None:
        drawn = self.draw(figure) if figure in ALTERNATIVES else None
        if drawn is None:
            return None
        self.drawn[figure] = drawn
        data, metadata = drawn if isinstance(drawn, tuple) else (drawn, {})
        size = (metadata["width"], metadata["height"]) if "width" in metadata else None  # twice as sharp as large
        return html_image(data, ALTERNATIVES[figure], size)

    def __call__(self, figure: Figure) -> Any:
        drawn = self.drawn.pop(figure, None) or self.draw(figure)
        if drawn is None or figure not in ALTERNATIVES:
            return drawn
        data, metadata = drawn if isinstance(drawn, tuple) else (drawn, {})
        return data, {**metadata, "alt": ALTERNATIVES[figure]}
