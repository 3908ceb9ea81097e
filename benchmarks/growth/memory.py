"""The formula for memory at the peak, with its coefficients taken from the measured points.

bytes = a + b mazes n^2 + c batch n^2 dim depth recursions + 16 parameters
"""

import statistics
from typing import Any

PARAMETER_BYTES = 16  # four float32: the parameter, its gradient and AdamW's two means
CELL_BYTES = 3  # walls, optimal sets and tokens
MAZE_BYTES = 40  # start, goal and agent
Point = dict[str, Any]


def coefficients(result: dict[str, Any]) -> dict[str, float]:
    """a, b and c, and beside them what the imports take and what b must be at least."""
    mazes, recursions = result["lines"]["mazes"], result["lines"]["recursions"]
    batch = result["batch"]
    cells = [data_cells(point) for point in mazes]
    peaks = [point["peak_bytes"] for point in recursions]
    c, a = statistics.linear_regression([state_cells(point, batch) for point in recursions], peaks)
    return {
        "a": a,  # besides Python and the libraries, every run needs working memory to draw mazes and to make a step
        "imports": statistics.median(point["imports_bytes"] for line in result["lines"].values() for point in line),
        "b_held": mazes[-1]["held_bytes"] / cells[-1],
        "b_dtypes": CELL_BYTES + MAZE_BYTES / mazes[-1]["size"] ** 2,
        "b": (mazes[-1]["peak_bytes"] - mazes[0]["peak_bytes"]) / (cells[-1] - cells[0]),
        "c": c,
        "batch": batch,
    }


def predicted(point: Point, memory: dict[str, float]) -> float:
    """Bytes by the formula. memory: what `coefficients` returns."""
    data, states = memory["b"] * data_cells(point), memory["c"] * state_cells(point, memory["batch"])
    return memory["a"] + data + states + PARAMETER_BYTES * parameters(point)


def data_cells(point: Point) -> int:
    """Cells of all mazes: mazes * n^2."""
    cells: int = point["mazes"] * point["size"] ** 2
    return cells


def state_cells(point: Point, batch: float) -> float:
    """batch * n^2 * dim * depth * recursions."""
    cells: float = batch * point["size"] ** 2 * point["dim"] * point["depth"] * point["recursions"]
    return cells


def parameters(point: Point) -> int:
    """The parameters of the blocks, which are nearly all."""
    count: int = point["depth"] * (2 * point["size"] ** 4 + 4 * point["dim"] ** 2)
    return count
