"""So many students at one hub at the same time: every step is taken by all of them together, and timed for each."""

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat

from benchmarks import machine
from benchmarks.studies.classroom import hub_report, losses
from benchmarks.studies.classroom.hub import Hub, listening, running
from benchmarks.studies.classroom.hub_report import LESSON, LOGIN
from benchmarks.studies.classroom.installation import require, require_memory
from benchmarks.studies.classroom.kernels import LESSONS, PRESS
from benchmarks.studies.classroom.processes import Watch, quiet, secrets_of
from benchmarks.studies.classroom.student import Failure, Student
from trm_nav.course.laboratory.presets import PRESETS

Step = Callable[[Student], Awaitable[dict[str, float]]]
LABORATORY = "laboratory = Laboratory("  # in the last cell that a student runs before the presses


def measure_classes(counts: list[int], again: bool) -> None:
    """Measure each number of students that was not measured on this processor yet, keep it, and print the table.

    Exits with status 2 and a sentence where the hub is not installed, or where memory would not suffice.
    """
    require()
    found = hub_report.load()
    classes = found.setdefault(machine.processor(), {})
    for count in counts:
        if again or str(count) not in classes:
            require_memory(count)
            classes[str(count)] = measure_class(count)
            hub_report.save(found)
    print("\n".join(hub_report.table(classes)))


def measure_class(count: int, presets: Sequence[str] = tuple(PRESETS), parameters: str = "") -> dict[str, Any]:
    """What `count` students take who log in, run lesson 05 up to the laboratory and press the presets, all at once.

    parameters: code that replaces settings of the lesson. Returns the record that results/hub.json keeps.
    """
    students = [f"student{number}" for number in range(1, count + 1)]
    other = quiet()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, running(Path(folder), students) as hub:
        students_at_once = LoggedInClass(hub, [Student(hub.address, name, hub.password) for name in students])
        asyncio.run(students_at_once.lesson(presets, parameters))
        return {
            "students": count,
            "machine": machine.machine(),
            "cores": os.cpu_count(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
            "percent_busy_before": round(other),
            **students_at_once.record(),
        }


class LoggedInClass:
    """The students at a hub. A student who fails in a step takes no further part, and the reason is kept."""

    def __init__(self, hub: Hub, students: list[Student]):
        self.hub, self.students, self.present = hub, students, list(students)
        self.watch = Watch(hub.process)
        self.steps: dict[str, dict[str, Any]] = {}
        self.failures: list[str] = []
        self.lost: dict[str, Any] = {}
        self.safety: dict[str, Any] = {}

    async def lesson(self, presets: Sequence[str], parameters: str) -> None:
        """All steps, from the login to the losses."""
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(len(self.students) + 4))
        watching = asyncio.create_task(self.watch.forever())
        try:
            await self.together(LOGIN, log_in)
            await self.together(LESSON, running_lesson(list(cells(parameters))))
            for name in presets:
                await self.together(f"press {name}", pressing(name))
            self.safety = {
                "listens_on": sorted(listening(self.hub)),
                "secrets_in_log": sum(secret in self.hub.log for secret in secrets_of(self.hub, self.students)),
            }
            if self.present:
                await self.lose(self.present[0])
        finally:
            await asyncio.gather(*(student.close() for student in self.students))
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def lose(self, student: Student) -> None:
        try:
            self.lost["killed kernel"] = await losses.killed_kernel(student)
            self.lost["culled server"] = await losses.culled_server(student, self.watch)
        except Failure as failure:  # the steps before it were measured all the same
            self.failures.append(f"{student.name}, losses: {failure}")

    async def together(self, name: str, step: Step) -> None:
        """Let all students who are present take a step. Keeps its seconds, by student, and the processor time."""
        await asyncio.to_thread(self.watch.look)
        began, before = time.perf_counter(), sum(self.watch.cpu.values())
        answers = await asyncio.gather(*map(step, self.present), return_exceptions=True)
        took = time.perf_counter() - began
        await asyncio.to_thread(self.watch.look)
        failed = {s: answer for s, answer in zip(self.present, answers, strict=True) if isinstance(answer, Exception)}
        self.failures += [f"{student.name}, {name}: {error!r}" for student, error in failed.items()]
        self.present = [student for student in self.present if student not in failed]
        figures: dict[str, Any] = {
            "wall_seconds": round(took, 1),
            "cpu_seconds": round(sum(self.watch.cpu.values()) - before, 1),
        }
        for answer in answers:
            for key, value in answer.items() if isinstance(answer, dict) else ():
                figures.setdefault(key, []).append(round(value, 2))
        self.steps[name] = figures
        print(f"{len(self.students)} students, {name}: {took:.0f} s, {len(failed)} failed", flush=True)
        print("\n".join(map(repr, failed.values())), end="\n" * bool(failed))

    def record(self) -> dict[str, Any]:
        peak = {kind: round(size) for kind, size in self.watch.peak.items()}
        return {
            "failures": self.failures,
            "peak_mb": peak,
            "peak_mb_total": sum(peak.values()),
            "cpu_seconds": {kind: round(seconds, 1) for kind, seconds in self.watch.cpu_seconds().items()},
            "steps": self.steps,
            "lost": self.lost,
            **self.safety,
        }


async def log_in(student: Student) -> dict[str, float]:
    return {"seconds": await asyncio.to_thread(student.log_in)}


def running_lesson(codes: list[str]) -> Step:
    async def run(student: Student) -> dict[str, float]:
        """Open a kernel and run the cells. Times count from the moment when the first cell is sent."""
        began = time.perf_counter()
        await asyncio.to_thread(student.open_kernel)
        await student.connect()
        first, pictures = time.perf_counter(), []
        for code in codes:
            await student.execute(code, lambda: pictures.append(time.perf_counter() - first))
        return {"kernel": first - began, "first_picture": pictures[0], "seconds": time.perf_counter() - first}

    return run


def cells(parameters: str) -> Iterator[str]:
    """The code of lesson 05 up to and with the laboratory, then the definition of a press."""
    for cell in nbformat.read(LESSONS[0], as_version=4).cells:
        if cell.cell_type == "code":
            yield cell.source
            if "parameters" in cell.metadata.get("tags", ()):
                yield parameters
            if LABORATORY in cell.source:
                break
    yield PRESS


def pressing(name: str) -> Step:
    async def press(student: Student) -> dict[str, float]:
        began = time.perf_counter()
        printed = await student.execute(f"print('CPU', press({name!r}))")
        return {"seconds": time.perf_counter() - began, "kernel_cpu": float(printed.rpartition("CPU")[2])}

    return press
