"""Draws seconds and memory against each quantity."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.ticker import LogLocator

from trm_nav.course.plots.style import BLUE, ORANGE, use_style


def draw(result: dict[str, Any], path: Path) -> None:
    """A column for each quantity: seconds per epoch above, memory beyond the imports below; log-log."""
    use_style()
    figure, panels = plt.subplots(2, len(result["lines"]), figsize=(3 * len(result["lines"]), 5.5), squeeze=False)
    for column, (name, points) in zip(panels.T, result["lines"].items(), strict=True):
        values = [point[name] for point in points]
        low = [point["epoch"]["median"] - point["epoch"]["lowest"] for point in points]
        high = [point["epoch"]["highest"] - point["epoch"]["median"] for point in points]
        column[0].errorbar(values, [point["epoch"]["median"] for point in points], (low, high), marker="o", color=BLUE)
        column[1].plot(
            values, [(point["peak_bytes"] - point["imports_bytes"]) / 1e6 for point in points], "o-", color=ORANGE
        )
        for axes in column:
            axes.set(xscale="log", yscale="log", xlabel=name if name != "size" else "grid size n")
            axes.set_xticks(values, [f"{value:,}" if value < 1_000_000 else "1 M" for value in values], minor=False)
            axes.minorticks_off()
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    panels[0, 0].set_ylabel("seconds per epoch")
    panels[1, 0].set_ylabel("MB beyond the imports")
    figure.savefig(path)
    plt.close(figure)
