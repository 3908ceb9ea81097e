"""What a student loses when a kernel is killed, and when the hub stops a server that was idle."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from typing import Any

import psutil

from benchmarks.studies.classroom.processes import Watch, kind_of
from benchmarks.studies.classroom.student import Failure, Student

KEEP = "kept = open('kept.txt', 'w'); print('written', file=kept, flush=True); import os; print('PID', os.getpid())"
LOOK = "import os; print('kept' in globals(), os.path.exists('kept.txt'))"
PATIENCE = 120  # seconds until a kernel is there again, or a server gone


async def killed_kernel(student: Student) -> dict[str, Any]:
    """Kill a kernel as the system does when memory runs out. Returns what is left when there is another kernel."""
    printed = await student.execute(KEEP)
    os.kill(int(printed.rpartition("PID")[2]), signal.SIGKILL)
    began = time.perf_counter()
    while time.perf_counter() - began < PATIENCE:
        with contextlib.suppress(Failure, OSError, TimeoutError):
            await student.connect()
            variables, files = (await asyncio.wait_for(student.execute(LOOK), 10)).split()
            return {"variables": variables == "True", "files": files == "True",
                    "seconds_until_a_new_kernel": round(time.perf_counter() - began, 1)}  # fmt: skip
        await asyncio.sleep(0.5)
    raise Failure(f"no new kernel after {PATIENCE} s")


async def culled_server(student: Student, watch: Watch) -> dict[str, Any]:
    """Run the configured culler once with a timeout of a second, then log in again. Returns what is left.

    The culler gets the token and so the rights of the one that the hub runs.
    """
    await student.execute(KEEP)
    culler = next(each for each in watch.process.children(recursive=True) if kind_of(each) == "culler")
    words = [word for word in culler.cmdline() if not word.startswith("--timeout")]
    again = subprocess.Popen([*words, "--timeout=1", "--cull-every=2"], env=culler.environ(),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        for _ in range(PATIENCE):
            if not any(server_of(each) == student.name for each in watch.process.children(recursive=True)):
                break
            await asyncio.sleep(1)
        else:
            raise Failure(f"the culler left the server running for {PATIENCE} s")
    finally:
        again.terminate()
        again.wait()
    began = time.perf_counter()
    await asyncio.to_thread(student.start)
    seconds, kernels = time.perf_counter() - began, await asyncio.to_thread(student.json, "api/kernels")
    await asyncio.to_thread(student.open_kernel)
    await student.connect()
    variables, files = (await student.execute(LOOK)).split()
    return {"kernels": len(kernels), "variables": variables == "True", "files": files == "True",
            "seconds_until_a_new_server": round(seconds, 1)}  # fmt: skip


def server_of(process: psutil.Process) -> str | None:
    """The student whose server a process is."""
    with contextlib.suppress(psutil.Error):
        if kind_of(process) == "servers":
            return process.environ().get("JUPYTERHUB_USER")
    return None
