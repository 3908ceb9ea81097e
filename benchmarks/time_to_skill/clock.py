"""The clock of a run, and the evaluations at fixed marks, during which the clock stands still. Linux only."""

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import torch

from benchmarks.time_to_skill.published_trm import PublishedTRM
from trm_nav.mazes.grids import Mazes
from trm_nav.navigation.evaluation import evaluate

START_TIME = 22  # the field of /proc/self/stat with the process's start, in ticks since the boot; fields count from 1


class Clock:
    """Seconds of real time and of CPU time since the clock was made, without those spent in `pause`."""

    def __init__(self) -> None:
        self.start, self.cpu_start = time.clock_gettime(time.CLOCK_BOOTTIME), time.process_time()

    @classmethod
    def of_process(cls) -> Self:
        """A clock that counts from the start of this process."""
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()  # from field 3 on
        clock = cls()
        clock.start, clock.cpu_start = int(fields[START_TIME - 3]) / os.sysconf("SC_CLK_TCK"), 0.0
        return clock

    def seconds(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME) - self.start

    def cpu_seconds(self) -> float:
        return time.process_time() - self.cpu_start

    @contextmanager
    def pause(self) -> Iterator[None]:
        seconds, cpu_seconds = self.seconds(), self.cpu_seconds()
        yield
        self.start += self.seconds() - seconds
        self.cpu_start += self.cpu_seconds() - cpu_seconds


class OutOfTime(Exception):
    """The time budget is spent."""


class Watch:
    """Evaluates the model at fixed marks. Call it after every gradient step with the number of epochs done.

    There is a mark every 2.5 s up to 60 s and every 5 s after that; only multiples of `every` are used. The last mark
    is at `seconds`, the time budget. Raises OutOfTime there. save receives each evaluation.
    """

    def __init__(
        self, clock: Clock, seconds: float, every: float, held_out: Mazes, save: Callable[[dict[str, Any]], None]
    ):
        self.clock, self.seconds, self.held_out, self.save = clock, seconds, held_out, save
        marks = (*(mark / 2 for mark in range(5, 121, 5)), *range(65, math.ceil(seconds), 5))
        self.marks = [mark for mark in marks if mark < seconds and mark % every == 0] + [seconds]
        self.model: torch.nn.Module  # to be set before training starts

    def share(self) -> float:
        """The share of the time budget that is spent."""
        return min(1, self.clock.seconds() / self.seconds)

    def __call__(self, epochs: float) -> None:
        seconds = self.clock.seconds()
        if seconds >= self.marks[0]:
            reached = [mark for mark in self.marks if mark <= seconds]
            del self.marks[: len(reached)]
            self.evaluate(epochs, reached[-1])
            if not self.marks:
                raise OutOfTime

    def evaluate(self, epochs: float, mark: float | None = None) -> None:
        """Evaluate and save. The published TRM is also evaluated with averaged parameters; the better answer counts."""
        seconds, cpu_seconds = self.clock.seconds(), self.clock.cpu_seconds()
        with self.clock.pause():
            evaluation = evaluate(self.model, self.held_out)
            if isinstance(self.model, PublishedTRM) and self.model.average:
                with self.model.averaged():
                    evaluation = max(evaluation, evaluate(self.model, self.held_out), key=lambda one: one.success)
            self.save(
                {
                    "mark": mark or seconds,
                    "seconds": seconds,
                    "cpu_seconds": cpu_seconds,
                    "epochs": epochs,
                    "success": evaluation.success,
                    "accuracy": evaluation.accuracy,
                }
            )
