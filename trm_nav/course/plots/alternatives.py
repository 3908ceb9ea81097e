"""What a figure shows, in words computed from what is drawn: the material of its text alternative.

`style.describe` gives a figure its alternative. Its author says what the figure is a picture of, and `in_words` adds
the titles of the panels and the values of labelled lines and bars.
"""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, PercentFormatter

NOTABLE = 0.05  # share of a curve's range by which its highest value exceeds both ends before it is named
LARGE = 100  # numbers from here on are written without digits behind the point


def in_words(figure: Figure) -> str:
    """The panels of a figure, a sentence each: titles, where labelled lines begin and end, how high bars are.

    A panel with an image, such as a maze, is told by its title and the label below it. Panels that say nothing are left
    out.
    """
    return " ".join(f"{said[:1].upper()}{said[1:]}." for ax in figure.axes if (said := _panel(ax)))


def _panel(ax: Axes) -> str:
    title = " ".join((ax.get_title("left") or ax.get_title()).split())
    below = ax.get_xlabel()
    lines = [] if ax.images else [line for line in ax.lines if _named(line.get_label())]
    values = [*(_line(line, ax) for line in lines), *(_bars(bars, ax) for bars in ax.containers if not ax.images)]
    if not any(values):
        return f"{title} ({below})" if title and below else title or below
    heading = title or ax.get_ylabel() or "Values"
    if (legend := ax.get_legend()) and legend.get_title().get_text():
        heading += f" ({legend.get_title().get_text()})"
    return f"{heading}{_range(lines, ax)}: {'; '.join(filter(None, values))}"


def _named(label: object) -> bool:
    return bool(label) and not str(label).startswith("_")


def _range(lines: Iterable[Line2D], ax: Axes) -> str:
    """The horizontal axis, and where its longest curve begins and ends."""
    if not ax.get_xlabel():
        return ""
    longest = max((_points(line)[0] for line in lines), key=len, default=np.empty(0))
    ends = f" from {_number(longest[0], ax.xaxis)} to {_number(longest[-1], ax.xaxis)}" if len(longest) > 2 else ""
    return f", by {ax.get_xlabel()}{ends}"


def _points(line: Line2D) -> tuple[np.ndarray, np.ndarray]:
    """The finite points of a line, x and y, (n,) each."""
    x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
    finite = np.isfinite(x) & np.isfinite(y)
    return x[finite], y[finite]


def _line(line: Line2D, ax: Axes) -> str:
    """A curve: where it begins and ends, and its highest and lowest values if they lie between."""
    name, (x, y) = line.get_label(), _points(line)
    if not len(y):
        return ""
    if len(y) == 2 and x[0] == x[1]:
        return f"{name} at {_number(x[0], ax.xaxis)}"
    first, last = _number(y[0], ax.yaxis), _number(y[-1], ax.yaxis)
    said = f"{name} from {first} to {last}" if first != last else f"{name}: {first}"
    for word, at, beyond in (
        ("highest", int(y.argmax()), y.max() - max(y[0], y[-1])),
        ("lowest", int(y.argmin()), min(y[0], y[-1]) - y.min()),
    ):
        if beyond > NOTABLE * np.ptp(y):
            said += f", {word} {_number(y[at], ax.yaxis)} at {_number(x[at], ax.xaxis)}"
    return said


def _bars(bars: object, ax: Axes) -> str:
    """The bars of a container, each with its name on the axis or, if it has none there, its place."""
    if not isinstance(bars, BarContainer):
        return ""
    upright = bars.orientation != "horizontal"
    names, values = (ax.xaxis, ax.yaxis) if upright else (ax.yaxis, ax.xaxis)
    labels = [" ".join(label.get_text().split()) for label in names.get_ticklabels()]
    if len(labels) != len(bars):
        middles = [bar.get_x() + bar.get_width() / 2 if upright else bar.get_y() + bar.get_height() / 2 for bar in bars]
        labels = [_number(middle, names) for middle in middles]
    heights = [_number(bar.get_height() if upright else bar.get_width(), values) for bar in bars]
    listed = ", ".join(f"{label}: {height}" for label, height in zip(labels, heights, strict=True))
    return f"{bars.get_label()}, {listed}" if _named(bars.get_label()) else listed


def _number(value: float, axis: Axis) -> str:
    """A value as its axis writes it, if the axis has a format of its own."""
    formatter = axis.get_major_formatter()
    if isinstance(formatter, FuncFormatter | PercentFormatter):
        return formatter(value)
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:.3g}"
