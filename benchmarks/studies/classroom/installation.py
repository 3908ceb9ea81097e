"""Where the measured hub is installed: runs/hub, with the lessons, JupyterHub and its proxy, apart from .venv."""

import shutil
import subprocess
import sys
from pathlib import Path

import psutil

from benchmarks.commands import ROOT

FOLDER = ROOT / "runs" / "hub"
BIN = FOLDER / "venv" / "bin"
PROXY = FOLDER / "proxy" / "node_modules" / ".bin" / "configurable-http-proxy"
NPM_PACKAGE = "configurable-http-proxy@4.6.3"  # version 5 does not run on the Node.js of Debian 12
STUDENT_MB = 600  # measured: a server and a kernel
INSTALL = "python -m benchmarks.studies.classroom install"


def missing() -> str | None:
    """A sentence that says what the hub lacks here, or None."""
    if not Path("/proc/self/smaps_rollup").exists():
        return "The hub is measured on Linux alone: the memory of its processes is read from /proc."
    if not shutil.which("node"):
        return "JupyterHub's proxy needs Node.js; on Debian and Ubuntu, run: apt install nodejs npm"
    for path, name in ((BIN / "jupyterhub", "JupyterHub"), (PROXY, "JupyterHub's proxy")):
        if not path.exists():
            return f"{name} is not installed in {FOLDER.relative_to(ROOT)}; run: {INSTALL}"
    return None


def require() -> None:
    """Exit with status 2 and a sentence where the hub cannot run."""
    if sentence := missing():
        print(sentence)
        sys.exit(2)


def require_memory(students: int) -> None:
    """Exit with status 2 and a sentence where so many students would need more memory than there is."""
    needed, there = students * STUDENT_MB / 1000, psutil.virtual_memory().available / 1e9
    if needed > there:
        print(f"{students} students need about {needed:.0f} GB, and {there:.0f} GB are available")
        sys.exit(2)


def install() -> None:
    """Install the lessons, JupyterHub and its proxy into runs/hub, with the pinned versions. Needs the network.

    Raises subprocess.CalledProcessError if a step fails. Exits with status 2 where npm is missing.
    """
    if not shutil.which("npm"):
        print("JupyterHub's proxy is installed with npm; on Debian and Ubuntu, run: apt install nodejs npm")
        sys.exit(2)
    venv = BIN.parent.relative_to(ROOT)
    pip = [BIN / "python", "-m", "pip", "install", "-c", "constraints.txt", "-r", "benchmarks/hub-requirements.txt"]
    npm = ["npm", "install", "--no-audit", "--no-fund", "--prefix", FOLDER / "proxy", NPM_PACKAGE]
    make = ["make", f"PYTHON={sys.executable}", f"VENV={venv}", f"{venv}/course.installed"]
    FOLDER.mkdir(parents=True, exist_ok=True)
    for command in (make, pip, npm):
        subprocess.run(command, cwd=ROOT, check=True)
