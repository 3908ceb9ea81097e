"""The file of the classes that were measured, benchmarks/results/hub.json, and the table that is printed of it."""

import json
import re
import statistics
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.commands import ROOT
from trm_nav.course.laboratory.presets import PRESETS

RESULTS = ROOT / "benchmarks" / "results" / "hub.json"

Record = dict[str, Any]  # of one class, as measurement.py makes it
Cell = Callable[[Record], str]


def load() -> dict[str, dict[str, Record]]:
    """Processor -> number of students -> record."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def save(found: dict[str, dict[str, Record]]) -> None:
    """Lists of plain values on one line each."""
    text = json.dumps(found, indent=1, ensure_ascii=False)
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda match: "[" + re.sub(r"\s*\n\s*", " ", match[1]) + "]", text)
    temporary = RESULTS.with_suffix(".tmp")
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(RESULTS)


def classes() -> dict[str, Record]:
    """The classes on the processor that was added last, by the number of students."""
    return list(load().values())[-1]


def table(classes: dict[str, Record]) -> Iterator[str]:
    """One column for each number of students, in Markdown."""
    records = [classes[count] for count in sorted(classes, key=int)]
    yield "| students at once | " + " | ".join(str(record["students"]) for record in records) + " |"
    yield "|---|" + "---|" * len(records)
    for name, cell in ROWS.items():
        yield f"| {name} | " + " | ".join(cell(record) for record in records) + " |"


def middle_and_worst(step: str, key: str = "seconds") -> Cell:
    def cell(record: Record) -> str:
        seconds = record["steps"].get(step, {}).get(key)
        return f"{statistics.median(seconds):.0f} s, {max(seconds):.0f} s" if seconds else "-"

    return cell


def calculated(step: str, cores: int) -> Cell:
    """The seconds that a step of all students would take if so many cores did nothing else."""
    return lambda record: f"{record['steps'][step]['cpu_seconds'] / cores:.0f} s"


def total_memory(record: Record) -> str:
    return f"{record['peak_mb_total'] / 1000:.1f} GB"


def memory_of(*kinds: str) -> Cell:
    """MB of each student's processes of these kinds."""
    return lambda record: f"{sum(record['peak_mb'][kind] for kind in kinds) / record['students']:.0f} MB"


def cpu_of(step: str) -> Cell:
    """CPU seconds of one student in a step, with what hub, proxy and server do for it."""
    return lambda record: f"{record['steps'][step]['cpu_seconds'] / record['students']:.0f} s"


def share(record: Record) -> str:
    """The share of all cores that the class got; the rest was other work, or waiting."""
    cpu, wall = (sum(step[name] for step in record["steps"].values()) for name in ("cpu_seconds", "wall_seconds"))
    return f"{cpu / wall / record['cores']:.0%}"


def hub_share(record: Record) -> str:
    """The share of all processor time that the hub and its proxy took."""
    seconds = record["cpu_seconds"]
    return f"{(seconds['hub'] + seconds['proxy']) / sum(seconds.values()):.0%}"


LOGIN, LESSON = "log in", "run lesson 05 up to the laboratory"
ROWS: dict[str, Cell] = {
    "login to server: median, worst": middle_and_worst(LOGIN),
    "first cell to first picture": middle_and_worst(LESSON, "first_picture"),
    "first cell to laboratory": middle_and_worst(LESSON),
    **{f"all press *{name}*": middle_and_worst(f"press {name}") for name in PRESETS},
    "memory, hub and proxy included": total_memory,
    "memory of each student: server, kernel": lambda r: f"{memory_of('servers')(r)}, {memory_of('kernels')(r)}",
    "CPU of each student, login to laboratory": lambda r: f"{cpu_of(LOGIN)(r)} + {cpu_of(LESSON)(r)}",
    **{f"CPU of each press of *{name}*": cpu_of(f"press {name}") for name in PRESETS},
    "share of the cores that the class got": share,
    "students who failed": lambda record: str(len(record["failures"])),
}
FIGURES: dict[str, Cell] = {
    "memory": total_memory,
    "student_mb": memory_of("servers", "kernels"),
    "cores": lambda record: str(record["cores"]),
    "hub_share": hub_share,
    "lesson_on_8": calculated(LESSON, 8),
    "Overfitting_on_8": calculated("press Overfitting", 8),
    "Healthy_on_8": calculated("press Healthy", 8),
    "lesson_on_16": calculated(LESSON, 16),
    "Healthy_on_16": calculated("press Healthy", 16),
    "new_kernel": lambda record: f"{record['lost']['killed kernel']['seconds_until_a_new_kernel']:.0f} s",
}
