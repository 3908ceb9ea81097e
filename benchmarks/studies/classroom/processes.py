"""What a hub's processes take: their proportional memory and their processor time, by kind of process."""

import asyncio
import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field

import psutil

from benchmarks.studies.classroom.hub import Hub
from benchmarks.studies.classroom.student import Student

KINDS = {
    "ipykernel_launcher": "kernels",
    "jupyterhub-singleuser": "servers",
    "configurable-http-proxy": "proxy",
    "jupyterhub_idle_culler": "culler",
}  # a word of the command line -> kind; the rest is the hub
PAUSE = 2.0  # seconds between two looks


@dataclass
class Watch:
    """Looks at a process and its descendants every PAUSE seconds.

    peak: MB of each kind at the moment when all together were largest; shared memory is counted once. cpu: seconds of
    each process so far, by (kind, process id).
    """

    process: psutil.Process
    peak: dict[str, float] = field(default_factory=dict)
    cpu: dict[tuple[str, int], float] = field(default_factory=dict)

    async def forever(self) -> None:
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(PAUSE)

    def look(self) -> None:
        now: Counter[str] = Counter()
        for process in [self.process, *self.process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                kind, times = kind_of(process), process.cpu_times()
                self.cpu[kind, process.pid] = times.user + times.system
                now[kind] += process.memory_full_info().pss / 1e6
        if now.total() > sum(self.peak.values()):
            self.peak = dict(now)

    def cpu_seconds(self) -> dict[str, float]:
        total: Counter[str] = Counter()
        for (kind, _), seconds in self.cpu.items():
            total[kind] += seconds
        return dict(total)


def kind_of(process: psutil.Process) -> str:
    words = " ".join(process.cmdline())
    return next((kind for word, kind in KINDS.items() if word in words), "hub")


def quiet(seconds: float = 3.0) -> float:
    """Percent of the machine that other work takes now, over so many seconds."""
    psutil.cpu_percent()
    time.sleep(seconds)
    return psutil.cpu_percent()


def secrets_of(hub: Hub, students: list[Student]) -> set[str]:
    """What a log must not hold: the password, tokens of servers, services and proxy, cookies that let somebody in."""
    found = {hub.password}
    for process in [hub.process, *hub.process.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            found |= {value for name, value in process.environ().items() if name.endswith("_TOKEN")}
    for student in students:
        # A session's id lets nobody in.
        found |= {cookie.value or "" for cookie in student.cookies if cookie.name != "jupyterhub-session-id"}
    return found - {""}
