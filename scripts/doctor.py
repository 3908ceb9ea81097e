"""Say in one screen what the lessons need, what is here, and what to do about the rest.

    make doctor                  # checks the environment in .venv
    python3 scripts/doctor.py    # checks the Python that runs it; needs no installed package

Exits with status 0 if the lessons can run, with 1 if something they need is missing.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys

# An old Python must be able to read this file, so that it can say that it is too old: no match, no `X | Y` at run time.

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST_PYTHON = (3, 11)
NEEDED = ("numpy", "pydantic", "tqdm", "jupyterlab", "ipykernel", "ipywidgets", "anywidget", "matplotlib", "papermill")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LITTLE_MEMORY = 4  # GB; a lesson takes about one, JupyterLab and a browser the rest
LITTLE_DISK = 2  # GB; the environment without CUDA, data sets and runs
GB = 1e9

GOOD, MISSING, NOTE = "ok", "MISSING", "note"
Line = tuple  # (GOOD, MISSING or NOTE; what was looked for; what was found and, if that is not good, what to do)


def main() -> int:
    lines = [
        check_python(),
        check_environment(),
        check_torch(),
        *[check_package(name) for name in NEEDED],
        check_library(),
        check_kernel(),
        check_program("git", "the tests of the repository are left out"),
        check_program("make", "type the commands in the Makefile yourself"),
        check_browser(),
        check_cores(),
        check_memory(),
        check_disk(),
    ]
    for status, name, found in lines:
        print(f"{status:<8} {name:<12} {found}")
    missing = [name for status, name, _ in lines if status == MISSING]
    print()
    if missing:
        print(f"The lessons cannot run yet. Missing: {', '.join(missing)}.")
        print("`make setup` installs everything into .venv; then run `make doctor` again.")
    else:
        print("The lessons can run: `make lab` opens them.")
    return 1 if missing else 0


def check_python() -> Line:
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        return MISSING, "Python", f"{version}, but {oldest} or newer is needed: make setup PYTHON=python3.12"
    return GOOD, "Python", f"{version}, {sys.executable}"


def check_environment() -> Line:
    """Which environment this Python belongs to; one in .venv that is not in use is worth a note."""
    made = os.path.join(ROOT, ".venv")
    if os.path.exists(os.path.join(made, "bin", "python")) and os.path.realpath(sys.prefix) != os.path.realpath(made):
        return NOTE, "environment", f"{sys.prefix} is checked here; `make doctor` checks .venv"
    if sys.prefix == sys.base_prefix and "CONDA_PREFIX" not in os.environ:
        return NOTE, "environment", "none: this is the system's Python; `make setup` makes one in .venv"
    return GOOD, "environment", sys.prefix


def check_torch() -> Line:
    """PyTorch is imported, because a wrong build shows only then."""
    try:
        import torch
    except ModuleNotFoundError:
        return MISSING, "torch", "not installed: make setup"
    except Exception as error:  # a damaged installation can raise anything
        return MISSING, "torch", f"cannot be imported ({first_line(error)}): make clean setup"
    if torch.version.cuda is None:
        return GOOD, "torch", f"{torch.__version__}, for the CPU"
    seen = f"{torch.cuda.device_count()} GPU(s)" if torch.cuda.is_available() else "no GPU found, so the CPU is used"
    return GOOD, "torch", f"{torch.__version__}, for CUDA {torch.version.cuda}; {seen}"


def check_package(name: str) -> Line:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return MISSING, name, "not installed: make setup"
    pinned = pins().get(name)
    if pinned not in (None, version):
        return NOTE, name, f"{version}, but constraints.txt has {pinned}: make setup"
    return GOOD, name, version


def check_library() -> Line:
    """Whether `import trm_nav` finds this folder, from wherever a notebook runs."""
    try:
        importlib.metadata.version("trm_nav")
    except importlib.metadata.PackageNotFoundError:
        return MISSING, "trm_nav", "not installed: make setup"
    home = os.path.dirname(os.path.abspath(importlib.import_module("trm_nav").__file__))
    if os.path.realpath(home) != os.path.realpath(os.path.join(ROOT, "trm_nav")):
        return NOTE, "trm_nav", f"imported from {home}, not from this folder: make setup"
    return GOOD, "trm_nav", f"{importlib.import_module('trm_nav').__version__}, {home}"


def check_kernel() -> Line:
    """The notebooks ask for a kernel called python3; one of that name elsewhere would run them without the library."""
    command = [sys.executable, "-m", "jupyter_client.kernelspecapp", "list", "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if done.returncode:
        return MISSING, "kernel", "Jupyter is not installed, or damaged: make setup"
    kernels = json.loads(done.stdout.decode())["kernelspecs"]
    if "python3" not in kernels:
        return MISSING, "kernel", "there is no Jupyter kernel called python3: make setup"
    folder, program = kernels["python3"]["resource_dir"], kernels["python3"]["spec"]["argv"][0]
    ours = ("python", "python3", sys.executable)  # Jupyter starts a bare `python` with its own interpreter
    if not os.path.realpath(folder).startswith(os.path.realpath(sys.prefix)) and program not in ours:
        return NOTE, "kernel", f"python3 in {folder} starts {program}; `make lab` uses the right one"
    return GOOD, "kernel", f"python3, {folder}"


def check_program(name: str, otherwise: str) -> Line:
    path = shutil.which(name)
    return (GOOD, name, path) if path else (NOTE, name, f"not found; {otherwise}")


def check_browser() -> Line:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        return NOTE, "Chromium", "not found; the tests that need a browser are left out (Debian: apt install chromium)"
    return GOOD, "Chromium", f"{path}, for the tests only"


def check_cores() -> Line:
    """Two threads on a machine that does other work can be slower than one, so the limit is shown as well."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    limit = os.environ.get("OMP_NUM_THREADS")
    threads = f"OMP_NUM_THREADS={limit} limits threads" if limit else "OMP_NUM_THREADS is not set: threads not limited"
    return GOOD, "CPU cores", f"{count}; {threads}"


def check_memory() -> Line:
    try:
        amount = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GB
    except (AttributeError, OSError, ValueError):  # this system does not say
        return NOTE, "memory", "unknown"
    if amount < LITTLE_MEMORY:
        return NOTE, "memory", f"{amount:.1f} GB is little: close other programs, run one notebook at a time"
    return GOOD, "memory", f"{amount:.1f} GB"


def check_disk() -> Line:
    free = shutil.disk_usage(ROOT).free / GB
    if free < LITTLE_DISK:
        return NOTE, "free disk", f"{free:.1f} GB is little: make room before `make setup` or large data sets"
    return GOOD, "free disk", f"{free:.0f} GB"


def pins() -> dict:
    """The versions in constraints.txt by name."""
    try:
        with open(os.path.join(ROOT, "constraints.txt"), encoding="utf-8") as file:
            return dict(re.findall(r"^([\w.-]+)==(\S+)$", file.read(), re.MULTILINE))
    except OSError:
        return {}


def first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


if __name__ == "__main__":
    sys.exit(main())
