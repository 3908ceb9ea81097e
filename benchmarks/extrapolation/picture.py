"""Draws success against grid size, and beside it the map of the wave alone."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from benchmarks.studies.wave.pictures import plot_map, plot_sizes
from trm_nav.course.plots.style import use_style


def draw(result: dict[str, Any], path: Path) -> None:
    """A line for each system, its seeds' range shaded; and a field for each size and share of opened walls."""
    use_style()
    figure, (lines, fields) = plt.subplots(1, 2, figsize=(13, 5), width_ratios=(1, 1))
    plot_sizes(lines, result["sizes"])
    lines.legend(loc="center right", fontsize="small")
    plot_map(fields, result["map"])
    fields.set_title("The wave, repaired: exact mazes by size and kind")
    figure.savefig(path)
    plt.close(figure)
