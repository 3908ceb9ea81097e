"""Times that can be compared on a machine that is not quiet: what is compared takes turns, A B C A B C ..."""

import math
import os
import statistics
import time
from collections.abc import Callable


def interleaved(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each call in each round; every round makes all the calls once. One round before is not counted."""
    seconds = {name: [] for name in calls}
    for round_ in range(repeats + 1):
        for name, call in calls.items():
            started = time.perf_counter()
            result = call()
            elapsed = time.perf_counter() - started
            del result  # freed between the calls, not inside the next one
            if round_ > 0:
                seconds[name].append(elapsed)
    return seconds


def summary(values: list[float]) -> dict[str, float]:
    """Median and range."""
    return {"median": statistics.median(values), "lowest": min(values), "highest": max(values), "repeats": len(values)}


def ratios(values: list[float], others: list[float]) -> dict[str, float]:
    """Median and range of value / other, taken round by round, so that a slow minute weighs on both."""
    return summary([value / other for value, other in zip(values, others, strict=True)])


def load() -> float | None:
    """How many processes wanted a core in the last minute; None where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def load_text(load: float | None) -> str:
    """A sentence for a report. Other work bends times, and most of all what a second core gains."""
    return "" if load is None else f"Before the first round {load:.1f} processes wanted a core."


def ratio_text(ratio: dict[str, float]) -> str:
    """For a table: the median, and in brackets the range."""
    return f"{significant(ratio['median'])} ({significant(ratio['lowest'])} to {significant(ratio['highest'])})"


def significant(value: float) -> str:
    """A number with three digits that mean something: 0.0123, 1.23, 12.3, 123, 1,230; infinity is `never`."""
    if value == math.inf:
        return "never"
    value = float(f"{value:.3g}")
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a Markdown table."""
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]


def headline(what: str, ratio: dict[str, float], aim: float | None = None, at_most: bool = False) -> list[str]:
    """A row of the last table of RESULTS.md: what is compared, the ratio, what was aimed at, whether it was reached."""
    if aim is None:
        return [what, ratio_text(ratio), "", ""]
    reached = ratio["median"] <= aim if at_most else ratio["median"] >= aim
    return [what, ratio_text(ratio), f"at {'most' if at_most else 'least'} {aim:g}", "yes" if reached else "no"]
