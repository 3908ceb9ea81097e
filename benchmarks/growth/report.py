"""The section on growth as Markdown: exponents beside the expected ones, the formula for memory, all points."""

import math
import statistics
from typing import Any

from benchmarks.growth.memory import PARAMETER_BYTES, coefficients, data_cells, predicted
from benchmarks.machine import load_text
from benchmarks.markdown import MEDIANS, headline, ratio_text, significant, table
from benchmarks.timing import Summary, summary

Point = dict[str, Any]


def report(result: dict[str, Any]) -> str:
    """The section as Markdown, from the result of `measure.measure`."""
    lines, base = result["lines"], result["base"]
    memory = coefficients(result)
    shape = ", ".join(f"{name} {base[name]}" for name in ("dim", "depth", "recursions"))
    return "\n".join(
        [
            "## How cost grows",
            "",
            f"{result['machine']}. One thread, batches of {result['batch']}, a random symmetry for every sample, no "
            f"dropout. Unless a row says otherwise, there are {base['mazes']:,} mazes of {base['size']} x "
            f"{base['size']}, {shape}. Every point is a process of its own; the points of one quantity take turns over "
            f"{lines['dim'][0]['epoch']['repeats']} rounds. {MEDIANS} The seconds of an epoch are those of its first "
            "step, which includes shuffling, plus the mean of the other timed steps times their number, without "
            "validation. Exponents are slopes of least squares on logarithms. The expected exponents of seconds are "
            "the slopes of the matrix products' operations over the same points; those of memory follow from the "
            f"formula below. {load_text(result['load'])}",
            "",
            *table(
                ["", "points", "exponent of seconds per epoch", "expected", "of bytes beyond the imports", "expected"],
                [exponent_row(name, points, memory) for name, points in lines.items()],
            ),
            "",
            *memory_lines(result, memory),
            "",
            *table(
                ["", "steps timed", "seconds per epoch", "peak, MB", "formula, MB", "data set made in, s, MB"],
                [point_row(name, point, memory) for name, points in lines.items() for point in points],
            ),
        ]
    )


def slope(xs: list[float], ys: list[float]) -> float:
    """The exponent p of y = c x**p, by least squares on logarithms."""
    return statistics.linear_regression([math.log(x) for x in xs], [math.log(y) for y in ys]).slope


def seconds_exponent(name: str, points: list[Point]) -> Summary:
    """The exponent of seconds per epoch; its median and range over the rounds."""
    values = [point[name] for point in points]
    return summary([slope(values, list(times)) for times in zip(*(point["rounds"] for point in points), strict=True)])


def exponent_row(name: str, points: list[Point], memory: dict[str, float]) -> list[str]:
    values = [point[name] for point in points]
    # An epoch has as many steps as the mazes need; each step costs the same operations.
    work = [point["flops"] * point["mazes"] for point in points]
    beyond = [max(1, point["peak_bytes"] - point["imports_bytes"]) for point in points]
    expected = [max(1, predicted(point, memory) - memory["imports"]) for point in points]
    return [
        "grid size n" if name == "size" else name,
        ", ".join(f"{value:,}" for value in values),
        ratio_text(seconds_exponent(name, points)),
        significant(slope(values, work)),
        significant(slope(values, beyond)),
        significant(slope(values, expected)),
    ]


def headlines(result: dict[str, Any]) -> list[list[str]]:
    return [
        headline(
            f"exponent of seconds per epoch, over {'the grid size n' if name == 'size' else name}",
            seconds_exponent(name, points),
        )
        for name, points in result["lines"].items()
    ]


def memory_lines(result: dict[str, Any], memory: dict[str, float]) -> list[str]:
    """The formula, where its coefficients come from, and the largest data set."""
    points = [point for line in result["lines"].values() for point in line]
    shares = [point["peak_bytes"] / predicted(point, memory) for point in points]
    largest = result["lines"]["mazes"][-1]
    made = largest["generation"]
    beyond = (made["peak_bytes"] - memory["imports"]) / data_cells(largest)
    return [
        f"Memory at the peak: bytes = a + b mazes n^2 + c batch n^2 dim depth recursions + {PARAMETER_BYTES} "
        f"parameters, with a = {memory['a'] / 1e6:.0f} MB, of which Python and the libraries take "
        f"{memory['imports'] / 1e6:.0f} MB; b = {significant(memory['b'])}; c = {significant(memory['c'])}. Over all "
        f"points the peak is {min(shares):.0%} to {max(shares):.0%} of this value.",
        "",
        "b is measured between the smallest and the largest data set. Walls, optimal sets and tokens take 3 bytes per "
        "cell; start, goal and agent take 40 bytes per maze. Together this is "
        f"{significant(memory['b_dtypes'])} bytes per cell, and {significant(memory['b_held'])} were counted in the "
        "process. The rest of b is temporary: arrays that are made while a data set is read and checked, and while the "
        "loss and accuracy of guessing are computed.",
        "",
        "c is measured over the recursions. Of it, 28 + 4 / depth bytes follow from what a block keeps for its "
        "backward pass: 7 float32 for each cell and channel, and one more for each recursion. The rest is temporary, "
        f"needed while gradients are computed. A parameter takes {PARAMETER_BYTES} bytes: itself, its gradient and "
        "AdamW's two means.",
        "",
        f"{largest['mazes']:,} mazes take {significant(made['seconds'])} s and at most {made['peak_bytes'] / 1e6:,.0f} "
        f"MB to make, which is {significant(beyond)} bytes per cell beyond the imports. Training on them takes at most "
        f"{largest['peak_bytes'] / 1e6:,.0f} MB.",
    ]


def point_row(name: str, point: Point, memory: dict[str, float]) -> list[str]:
    made = point["generation"]
    return [
        f"{'n' if name == 'size' else name} {point[name]:,}",
        str(point["steps"]),
        ratio_text(point["epoch"]),
        f"{point['peak_bytes'] / 1e6:,.0f}",
        f"{predicted(point, memory) / 1e6:,.0f}",
        f"{significant(made['seconds'])}, {made['peak_bytes'] / 1e6:,.0f}" if made else "",
    ]
