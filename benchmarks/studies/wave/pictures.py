"""The pictures of docs/wave.md: success against grid size and against parameters, the heat map, and one large maze."""

import statistics
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from trm_nav.course.plots.style import BLUE, GREEN, INK, ORANGE, RED, SKY, use_style
from trm_nav.mazes.expert import distances
from trm_nav.mazes.grids import Mazes

from .held_out import LOOPS, SIDES
from .sizes import RANDOM, REPAIRED, SIZES, SYSTEMS, best

PURPLE = "#cc79a7"
WIDTHS = ("dim 4", "dim 5", "dim 6", "wave", "dim 12")  # of the ablations
SHORT = ("64 x 64, 2 to 45% walls", "perfect 29 x 29, depth-first")  # what ablations are examined on
LOOKS: dict[str, tuple[str, Any, str]] = dict(
    zip(
        SYSTEMS,
        (
            (BLUE, "-", "o"),
            (SKY, (0, (6, 1.5)), "o"),
            (ORANGE, "-", "s"),
            (ORANGE, (0, (1, 1.2)), "s"),
            (GREEN, "-", "^"),
            (GREEN, (0, (1, 1.2)), "^"),
            (GREEN, (0, (6, 1.5)), "^"),
            (RED, (0, (4, 1.2, 1, 1.2)), "D"),
            (PURPLE, (0, (4, 1.5)), "v"),
        ),
        strict=True,
    )
)


def draw_sizes(results: dict[str, Any]) -> Figure:
    """The share of exact mazes against grid size: the median of a system's seeds, and their range shaded."""
    use_style()
    figure, ax = plt.subplots(figsize=(7.6, 6.4))
    plot_sizes(ax, results)
    figure.legend(loc="outside lower left")
    return figure


def plot_sizes(ax: Axes, results: dict[str, Any]) -> None:
    """The lines of `draw_sizes`, into axes."""
    for name, (color, dashes, marker) in LOOKS.items():
        found = [result for key, result in results.items() if key.rsplit("/", 1)[0] == name]
        if not found:
            continue
        shares = np.array([[best(result, suite.name, "exact") for suite in RANDOM] for result in found])
        ax.fill_between(SIZES, shares.min(axis=0), shares.max(axis=0), color=color, alpha=0.15, linewidth=0)
        label = f"{name}: {found[0]['parameters']:,} parameters"
        width = 3 if name == REPAIRED else 2
        ax.plot(SIZES, np.median(shares, axis=0), color=color, linestyle=dashes, marker=marker, linewidth=width,
                label=label, clip_on=False)  # fmt: skip
    ax.set_xscale("log", base=2)
    ax.set_xticks(SIZES, [str(size) for size in SIZES])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.set(xlabel="cells along one side of the maze (all systems were trained on 8)", ylim=(0, 1.03))
    ax.set_title("Mazes with an optimal action in every cell")


def draw_smallest(ablations: dict[str, Any]) -> Figure:
    """The share of exact mazes against the number of parameters: every seed before repair, and the median."""
    use_style()
    widths = [name for name in dict.fromkeys(key.rsplit("/", 1)[0] for key in ablations) if name in WIDTHS]
    figure, axes = plt.subplots(1, len(SHORT), figsize=(8.4, 3.6), sharey=True)
    for ax, suite in zip(axes, SHORT, strict=True):
        points = []
        for name in widths:
            found = [result for key, result in ablations.items() if key.rsplit("/", 1)[0] == name]
            shares = [_share(result["suites"][suite]) for result in found]
            points.append((found[0]["parameters"], statistics.median(shares)))
            ax.plot([points[-1][0]] * len(shares), shares, "o", color=BLUE, alpha=0.5, clip_on=False)
        points.sort()
        ax.plot(*zip(*points, strict=True), color=ORANGE, linewidth=2, zorder=1)
        ax.set_xscale("log")
        ax.set_xticks([count for count, _ in points], [f"{count:,}" for count, _ in points])
        ax.minorticks_off()
        ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        ax.set(xlabel="parameters", title=suite, ylim=(0, 1.03))
    axes[0].set_ylabel("exact mazes")
    return figure


def draw_map(seeds: dict[str, Any]) -> Figure:
    """The share of exact mazes, over all seeds, by size and by the share of removable walls that are opened."""
    use_style()
    figure, ax = plt.subplots(figsize=(6.4, 3.6))
    plot_map(ax, seeds)
    return figure


def plot_map(ax: Axes, seeds: dict[str, Any]) -> None:
    """The fields of `draw_map`, into axes."""
    shares = np.array([[_exact(seeds, f"{side} x {side}, {share:.0%} opened") for share in LOOPS] for side in SIDES])
    ax.imshow(shares, vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(shares.shape):
        ax.text(column, row, f"{shares[row, column]:.0%}", ha="center", va="center", color=INK)
    ax.set_xticks(range(len(LOOPS)), [f"{share:.0%}" for share in LOOPS])
    ax.set_yticks(range(len(SIDES)), [f"{side} x {side}" for side in SIDES])
    ax.set(xlabel="removable walls that are opened", title="Mazes with an optimal action in every cell")
    ax.grid(visible=False)


def _exact(seeds: dict[str, Any], suite: str) -> float:
    found = [result["repaired"]["suites"][suite] for result in seeds.values()]
    return statistics.mean(map(_share, found))


def _share(counts: dict[str, int]) -> float:
    """The share of mazes without a wrong cell."""
    return 1 - counts["wrong_mazes"] / counts["mazes"]


def save_large_maze(mazes: Mazes, decided_in: np.ndarray, path: Path) -> None:
    """A maze of a pixel for each cell: walls dark, free cells by the recursion in which they decided.

    The colour goes round several times: rings of the same colour have decided together.
    """
    walls, when = mazes.walls[0], decided_in[0]
    rounds = colormaps["twilight_shifted"](np.linspace(0, 1, 96))[:, :3]
    palette = np.vstack([[0.11, 0.11, 0.13], rounds])
    turn = max(1, distances(mazes.walls, mazes.goals).max() // 6)
    index = np.where(walls, 0, 1 + (when % turn) * 96 // turn).astype(np.uint8)
    image = Image.fromarray(index, mode="P")
    image.putpalette((palette * 255).round().astype(np.uint8).tobytes())
    image.save(path, optimize=True)
