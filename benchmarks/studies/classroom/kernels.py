"""Memory and CPU of students' kernels and servers, each measured alone or a few at once, without a hub (Linux)."""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from benchmarks.commands import ROOT

Look = tuple[float, float, float]
LESSONS = [ROOT / "notebooks" / name for name in ("05_diagnostics.ipynb", "04_train.ipynb")]
PRESS = """
import json, time

def press(name):
    began = time.process_time()
    laboratory.start(PRESETS[name])
    laboratory.thread.join()
    return time.process_time() - began
"""  # in a kernel that has run the laboratory's cell
PRESS_ALL = (
    PRESS
    + """
print("PRESSED", json.dumps({name: press(name) for name in PRESETS}))
"""
)


def look(pid: int) -> tuple[float, float, float]:
    """Of a process: the peak of its resident memory and its proportional memory now, in MB, and its CPU seconds."""
    folder = Path("/proc", str(pid))
    peak, rollup = first_number(folder / "status", "VmHWM"), folder / "smaps_rollup"
    share = first_number(rollup, "Pss") if rollup.exists() else peak
    ticks = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
    return peak, share, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def first_number(path: Path, name: str) -> float:
    """MB of a line such as `VmHWM:   517000 kB`."""
    found = re.search(rf"{name}:\s+(\d+)", path.read_text())
    if found is None:
        raise ValueError(f"{path} has no line {name}")
    return int(found[1]) / 1000


def kernel_pid(client: NotebookClient) -> int:
    """The process of a kernel that runs on this machine."""
    return int(client.km.provisioner.pid)  # type: ignore[union-attr]


async def run_together(path: Path, count: int, folder: str) -> tuple[list[list[Look]], float, list[dict[str, float]]]:
    """Execute a notebook in `count` kernels at the same time.

    Returns the looks at all kernels, two a second; the seconds it took; and, where the notebook has a laboratory, the
    CPU seconds of each preset's button, by kernel.
    """
    clients = []
    for _ in range(count):
        notebook = nbformat.read(path, as_version=4)
        if any("laboratory = Laboratory(" in cell.source for cell in notebook.cells):
            notebook.cells.append(nbformat.v4.new_code_cell(PRESS_ALL))
        home = tempfile.mkdtemp(dir=folder)
        client = NotebookClient(notebook, timeout=1800, kernel_name="python3", resources={"metadata": {"path": home}})
        client.create_kernel_manager()
        await client.async_start_new_kernel()
        await client.async_start_new_kernel_client()
        clients.append(client)
    began, seen = time.perf_counter(), []
    work = asyncio.gather(*(client.async_execute(reset_kc=False, cleanup_kc=False) for client in clients))
    try:
        while not work.done():
            await asyncio.wait([work], timeout=0.5)
            seen.append([look(kernel_pid(client)) for client in clients])
        await work  # raises what a cell has raised
    finally:
        for client in clients:
            await client._async_cleanup_kernel()
    texts = [output.get("text", "") for client in clients for output in client.nb.cells[-1].get("outputs", [])]
    pressed = [json.loads(text.split("PRESSED", 1)[1]) for text in texts if "PRESSED" in text]
    return seen, time.perf_counter() - began, pressed


def measure_server(folder: str) -> Look:
    """JupyterLab's own server after it has served its page and the requests that come with it, without a kernel."""
    token = os.urandom(16).hex()
    command = ["-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root"]
    process = subprocess.Popen(
        [sys.executable, *command, f"--ServerApp.root_dir={ROOT / 'notebooks'}"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "JUPYTER_TOKEN": token, "HOME": folder, "JUPYTER_RUNTIME_DIR": folder},
    )
    assert process.stderr is not None
    try:
        address = next(found[1] for line in process.stderr if (found := re.search(r"(http://127\S+?)/lab", line)))
        threading.Thread(target=process.stderr.read, daemon=True).start()  # an unread pipe would stop the server
        time.sleep(5)  # the address is printed before the server answers
        for what in ("/lab", "/lab/api/settings", "/api/contents/05_diagnostics.ipynb", "/api/kernelspecs", "/lab"):
            request = urllib.request.Request(address + what, headers={"Authorization": f"token {token}"})
            urllib.request.urlopen(request, timeout=60).read()
        return look(process.pid)
    finally:
        process.terminate()
        process.wait()


def measure_students(counts: list[int], notebooks: list[Path] = LESSONS) -> dict[str, Any]:
    """What students' kernels and their server take, with so many kernels at once: lists of values, one per kernel.

    `resident_mb` is the peak of one kernel, `together_mb` the peak of all, with shared memory counted once.
    """
    os.environ["OMP_NUM_THREADS"] = "1"
    result: dict[str, Any] = {"presses": {}}
    with tempfile.TemporaryDirectory() as folder:
        for path in notebooks:
            figures: dict[str, Any] = {"resident_mb": [], "cpu_seconds": [], "together_mb": {}}
            for count in counts:
                seen, _, pressed = asyncio.run(run_together(path, count, folder))
                figures["resident_mb"] += [round(peak) for peak, _, _ in seen[-1]]
                figures["cpu_seconds"] += [round(seconds) for _, _, seconds in seen[-1]]
                figures["together_mb"][str(count)] = round(max(sum(share for _, share, _ in looks) for looks in seen))
                for name, seconds in (item for kernel in pressed for item in kernel.items()):
                    result["presses"].setdefault(name, []).append(round(seconds, 1))
            result[path.stem] = figures
        peak, _, seconds = measure_server(folder)
    return {**result, "server_mb": [round(peak)], "server_cpu_seconds": [round(seconds, 1)]}
