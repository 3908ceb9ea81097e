"""The section about growth as Markdown: exponents beside the expected ones, the formula for memory, the points."""

import math
import statistics
from typing import Any

from timing import headline, load_text, ratio_text, significant, summary, table


def report(result: dict[str, Any]) -> str:
    """The section as Markdown, of what `growth.measure` returns."""
    lines, base = result["lines"], result["base"]
    memory = formula(result)
    shape = ", ".join(f"{name} {base[name]}" for name in ("dim", "depth", "recursions"))
    return "\n".join(
        [
            "## How cost grows",
            "",
            f"{result['machine']}. One thread, batches of {result['batch']}, mazes turned, no dropout; where a line "
            f"does not say otherwise {base['mazes']:,} mazes of {base['size']} x {base['size']}, {shape}. Every point is "
            "a process of its own; those of one line take turns; medians, and in brackets the lowest and the highest of "
            f"{lines['dim'][0]['epoch']['repeats']} rounds. An epoch is its first step, with the shuffling, and the mean "
            "of the other steps timed times their number, without validation. Exponents are slopes of least squares on "
            "logarithms. Those expected of seconds are the slopes of the matrix products' operations over the same points; "
            f"those expected of memory follow from the formula below. {load_text(result['load'])}",
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


def exponent_row(name: str, points: list[dict[str, Any]], memory: dict[str, float]) -> list[str]:
    values = [point[name] for point in points]
    exponents = [slope(values, times) for times in zip(*(point["rounds"] for point in points), strict=True)]
    # An epoch has as many steps as the mazes need; each costs the same operations.
    work = [point["flops"] * point["mazes"] for point in points]
    beyond = [max(1, point["peak_bytes"] - point["imports_bytes"]) for point in points]
    wanted = [max(1, predicted(point, memory) - memory["imports"]) for point in points]
    return [
        "grid size n" if name == "size" else name,
        ", ".join(f"{value:,}" for value in values),
        ratio_text(summary(exponents)),
        significant(slope(values, work)),
        significant(slope(values, beyond)),
        significant(slope(values, wanted)),
    ]


def formula(result: dict[str, Any]) -> dict[str, float]:
    """a, b and c of bytes = a + b mazes n^2 + c batch n^2 dim depth recursions + 16 parameters, at the peak.

    A parameter is four float32: itself, its gradient and AdamW's two means.
    """
    points = result["lines"]["mazes"]
    cells = [point["mazes"] * point["size"] ** 2 for point in points]
    pieces = [point["batch_cells"] for point in with_cells(result["lines"]["recursions"], result["batch"])]
    peaks = [point["peak_bytes"] for point in result["lines"]["recursions"]]
    c, a = statistics.linear_regression(pieces, peaks)
    return {
        "a": a,  # beside Python and the libraries every run needs working memory, for drawing mazes and for a step
        "imports": statistics.median(point["imports_bytes"] for line in result["lines"].values() for point in line),
        "b_held": points[-1]["held_bytes"] / cells[-1],
        "b_dtypes": 3 + 40 / points[-1]["size"] ** 2,
        "b": (points[-1]["peak_bytes"] - points[0]["peak_bytes"]) / (cells[-1] - cells[0]),
        "c": c,
        "batch": result["batch"],
    }


def with_cells(points: list[dict[str, Any]], batch: int) -> list[dict[str, Any]]:
    """The points, with batch * n^2 * dim * depth * recursions."""
    return [
        {**point, "batch_cells": batch * point["size"] ** 2 * point["dim"] * point["depth"] * point["recursions"]}
        for point in points
    ]


def parameters(point: dict[str, Any]) -> int:
    """Of the maps in the blocks, which are nearly all."""
    return point["depth"] * (2 * point["size"] ** 4 + 4 * point["dim"] ** 2)


def predicted(point: dict[str, Any], memory: dict[str, float]) -> float:
    """Bytes by the formula."""
    cells = with_cells([point], memory["batch"])[0]["batch_cells"]
    data = memory["b"] * point["mazes"] * point["size"] ** 2
    return memory["a"] + data + memory["c"] * cells + 16 * parameters(point)


def headlines(result: dict[str, Any]) -> list[list[str]]:
    rows = []
    for name, points in result["lines"].items():
        exponents = [
            slope([point[name] for point in points], times)
            for times in zip(*(point["rounds"] for point in points), strict=True)
        ]
        rows.append(
            headline(
                f"exponent of seconds an epoch, over {'the grid size n' if name == 'size' else name}",
                summary(exponents),
            )
        )
    return rows


def memory_lines(result: dict[str, Any], memory: dict[str, float]) -> list[str]:
    points = [point for line in result["lines"].values() for point in line]
    shares = [point["peak_bytes"] / predicted(point, memory) for point in points]
    largest = result["lines"]["mazes"][-1]
    made = largest["generation"]
    over = (made["peak_bytes"] - memory["imports"]) / (largest["mazes"] * largest["size"] ** 2)
    return [
        "Memory at the peak: bytes = a + b mazes n^2 + c batch n^2 dim depth recursions + 16 parameters, with "
        f"a = {memory['a'] / 1e6:.0f} MB, of which Python and the libraries are {memory['imports'] / 1e6:.0f}; "
        f"b = {significant(memory['b'])}; c = {significant(memory['c'])}. Over all points the peak is "
        f"{min(shares):.0%} to {max(shares):.0%} of it.",
        "",
        "b, measured between the smallest and the largest data set: walls, optimal sets and tokens hold 3 bytes a "
        f"cell; start, goal and agent 40 bytes a maze, {significant(memory['b_dtypes'])} bytes a cell in all, and "
        f"counted in the process {significant(memory['b_held'])}. The rest passes: arrays made while a data set is "
        "read, checked and searched for what guessing reaches. c, measured over the recursions: of it, 28 + 4 / depth "
        "bytes follow from what a block keeps for its backward pass, 7 float32 for each cell and channel and one more "
        "for each recursion; the rest passes while gradients are worked out. 16 bytes a parameter: itself, its "
        "gradient and AdamW's two means.",
        "",
        f"{largest['mazes']:,} mazes: {significant(made['seconds'])} s and at most {made['peak_bytes'] / 1e6:,.0f} MB "
        f"to make, {significant(over)} bytes a cell beyond the imports; {largest['peak_bytes'] / 1e6:,.0f} MB to train "
        "on.",
    ]


def point_row(name: str, point: dict[str, Any], memory: dict[str, float]) -> list[str]:
    made = point["generation"]
    return [
        f"{'n' if name == 'size' else name} {point[name]:,}",
        str(point["steps"]),
        ratio_text(point["epoch"]),
        f"{point['peak_bytes'] / 1e6:,.0f}",
        f"{predicted(point, memory) / 1e6:,.0f}",
        f"{significant(made['seconds'])}, {made['peak_bytes'] / 1e6:,.0f}" if made else "",
    ]
