"""Times that can be compared even on a busy machine: the systems that are compared take turns, A B C A B C ..."""

import statistics
import time
from collections.abc import Callable, Mapping

Summary = dict[str, float]  # median, lowest, highest, repeats


def interleaved(calls: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of every call in every round. A round makes each call once; a first round is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for round_ in range(repeats + 1):
        for name, call in calls.items():
            started = time.perf_counter()
            result = call()
            elapsed = time.perf_counter() - started
            del result  # freed between the calls, not inside the next one
            if round_ > 0:
                seconds[name].append(elapsed)
    return seconds


def summary(values: list[float]) -> Summary:
    """Median and range."""
    return {"median": statistics.median(values), "lowest": min(values), "highest": max(values), "repeats": len(values)}


def ratios(values: list[float], others: list[float]) -> Summary:
    """Median and range of value / other, computed within each round, so that a slow minute affects both alike."""
    return summary([value / other for value, other in zip(values, others, strict=True)])


def scaled(values: Summary, factor: float) -> Summary:
    """The same median and range in another unit."""
    return {name: value if name == "repeats" else value * factor for name, value in values.items()}
