"""A real JupyterHub with its proxy, started for a measurement and stopped again."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.commands import ROOT
from benchmarks.studies.classroom.installation import BIN, PROXY

CONFIG = ROOT / "docs" / "jupyterhub_config.py"
MEASURED = Path(__file__).with_name("hub_config.py")
PATIENCE = 600  # seconds that the hub may take to start, or to stop, on a machine that is busy
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR")  # of the environment: what is set for other Jupyters is none of the hub's


@dataclass
class Hub:
    """A hub that runs: the address of its proxy, the password of all, its process, and the folder with its log."""

    address: str
    password: str
    process: psutil.Process
    folder: Path

    @property
    def log(self) -> str:
        return (self.folder / "hub.log").read_text(encoding="utf-8", errors="replace")

    def home(self, name: str) -> Path:
        return self.folder / "homes" / name


@contextlib.contextmanager
def running(folder: Path, students: list[str]) -> Iterator[Hub]:
    """Start a hub in an empty folder, with a home that holds the lessons for each student. Stops all it started.

    Raises RuntimeError, with the end of the log, if it does not answer within PATIENCE seconds.
    """
    address, hub_address, proxy_address = (f"http://127.0.0.1:{port}" for port in free_ports(3))
    given = {
        "config": str(CONFIG), "address": address, "hub_address": hub_address, "proxy_address": proxy_address,
        "proxy": str(PROXY), "bin": str(BIN), "homes": str(folder / "homes"), "password": secrets.token_hex(16),
    }  # fmt: skip
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= {"HOME": str(folder), "CLASSROOM_HUB": json.dumps(given)}
    for name in students:
        lessons = folder / "homes" / name / "notebooks"
        lessons.mkdir(parents=True)
        for path in (ROOT / "notebooks").glob("*.ipynb"):
            shutil.copy(path, lessons)
    with (folder / "hub.log").open("wb") as log:
        started = subprocess.Popen(
            [BIN / "jupyterhub", "-f", MEASURED], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    Path("/proc", str(started.pid), "oom_score_adj").write_text("500")  # if memory runs out, nobody else is killed
    hub = Hub(address, given["password"], psutil.Process(started.pid), folder)
    try:
        wait_until_it_answers(hub, started)
        yield hub
    finally:
        family = [hub.process, *hub.process.children(recursive=True)] if started.poll() is None else []
        started.terminate()  # JupyterHub stops its servers, its services and its proxy
        _, alive = psutil.wait_procs(family, timeout=PATIENCE)
        for process in alive:
            process.kill()
        started.wait()


def wait_until_it_answers(hub: Hub, started: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and started.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{hub.address}/hub/health", timeout=5).read()
            return
        time.sleep(0.2)
    raise RuntimeError(f"the hub did not start; the end of its log:\n{hub.log[-2000:]}")


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def listening(hub: Hub) -> set[str]:
    """The addresses, without ports, on which the hub and all that it started accept connections."""
    found = set()
    for process in [hub.process, *hub.process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            found |= {c.laddr.ip for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
    return found
