"""Run the tests under conditions that other machines have: processors, threads, locale, path, user, order, load.

    python scripts/test_everywhere.py                     the fast tests under every condition, one after the other
    python scripts/test_everywhere.py --full              the whole suite, notebooks and browser included, in three runs
                                                          that bring every condition but plain, which `make test` is
    python scripts/test_everywhere.py --only odd-path     one run under one condition; may be repeated
    python scripts/test_everywhere.py --only avx2+load    one run under several conditions at once
    python scripts/test_everywhere.py --full -- -k lesson only some of the tests: what follows -- is for pytest
    python scripts/test_everywhere.py --list              the conditions

Prints one line for each run: its conditions, the result, and how pytest counts tests and seconds. The output of pytest
is kept in runs/everywhere/NAME.log. A condition that this machine cannot provide is left out, with the reason; a run
without any is skipped. Exit status 1 if the tests fail in any run. Needs the environment that `make setup` installs.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "runs" / "everywhere"
NOBODY = 65534  # the user and the group without any rights
WIDTH = 44  # of the column of conditions, in letters
SEED = 1  # of the order of the tests, except under random-order
CLEARED = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "ATEN_CPU_CAPABILITY", "LC_ALL", "LANG", "PYTHONPATH")


class Impossible(Exception):
    """This machine cannot provide a condition; the message says why."""


@dataclass
class Place:
    """Where and how pytest runs. A condition changes it."""

    folder: Path = ROOT
    environment: dict[str, str] = field(default_factory=dict)
    prefix: list[str] = field(default_factory=list)  # what starts the command, for example as another user
    python: str = sys.executable
    seed: int = SEED


Condition = Callable[[Place, ExitStack], None]


def variables(**values: str | None) -> Condition:
    """Set environment variables, or remove those given as None."""

    def change(place: Place, cleanup: ExitStack) -> None:
        place.environment.update({name: value for name, value in values.items() if value is not None})
        for name in (name for name, value in values.items() if value is None):
            place.environment.pop(name, None)

    return change


def instructions(capability: str) -> Condition:
    """Let PyTorch use only the instructions of an older processor."""

    def change(place: Place, cleanup: ExitStack) -> None:
        place.environment["ATEN_CPU_CAPABILITY"] = capability
        ask = [sys.executable, "-c", "import torch; print(torch.backends.cpu.get_cpu_capability())"]
        found = subprocess.run(ask, env=place.environment, capture_output=True, text=True).stdout.strip()
        if found.lower() != capability:
            raise Impossible(f"asked for {capability}, PyTorch uses {found or 'none of these'} on this processor")

    return change


def odd_path(place: Place, cleanup: ExitStack) -> None:
    """Run in a copy of the project whose path has a space and a letter outside ASCII."""
    place.folder = cleanup.enter_context(copy_of_the_project("trm nav é"))
    place.environment["PYTHONPATH"] = str(place.folder)  # before the installed package, which is the original


def ordinary_user(place: Place, cleanup: ExitStack) -> None:
    """Run as a user who owns nothing but a copy of the project, a home and a folder for temporary files."""
    if os.geteuid() != 0:
        raise Impossible("the tests run as an ordinary user already")
    if shutil.which("setpriv") is None:
        raise Impossible("there is no setpriv, which starts a program as another user")
    if place.folder == ROOT:  # else odd_path has made the copy
        place.folder = cleanup.enter_context(copy_of_the_project("project"))
    home = place.folder.parent
    places = {"HOME": "home", "TMPDIR": "tmp", "XDG_CACHE_HOME": "cache", "XDG_CONFIG_HOME": "config",
              "MPLCONFIGDIR": "matplotlib", "IPYTHONDIR": "ipython", "JUPYTER_CONFIG_DIR": "jupyter",
              "JUPYTER_DATA_DIR": "jupyter", "JUPYTER_RUNTIME_DIR": "runtime"}  # fmt: skip
    for name, folder in places.items():
        (home / folder).mkdir(exist_ok=True)
        place.environment[name] = str(home / folder)
    place.environment["PYTHONPATH"] = f"{place.folder}{os.pathsep}{sysconfig.get_path('purelib')}"
    for path in (home, *home.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    place.prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    # This Python may lie in a folder that only its owner may enter; the system's, of the same version, will do.
    system = shutil.which(f"python{sys.version_info.major}.{sys.version_info.minor}", path=os.defpath)
    for python in filter(None, (sys.executable, system)):
        starts_another = "import pytest, subprocess, sys, torch; subprocess.run([sys.executable, '-c', ''], check=True)"
        tried = subprocess.run([*place.prefix, python, "-c", starts_another], cwd=place.folder,
                               env=place.environment, capture_output=True)  # fmt: skip
        if tried.returncode == 0:
            place.python = python
            return
    raise Impossible(f"another user may not run {sys.executable}, and the system has no such Python")


def random_order(place: Place, cleanup: ExitStack) -> None:
    """Run the tests in an order never tried before."""
    place.seed = random.SystemRandom().randrange(2**32)


def under_load(place: Place, cleanup: ExitStack) -> None:
    """Run beside two programs that keep two cores busy."""
    for _ in range(2):
        busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        cleanup.callback(busy.wait)
        cleanup.callback(busy.kill)  # called first


CONDITIONS: dict[str, tuple[str, Condition]] = {
    "plain": ("one thread, this processor's own instructions", variables()),
    "oldest-processor": ("ATEN_CPU_CAPABILITY=default", instructions("default")),
    "avx2": ("ATEN_CPU_CAPABILITY=avx2", instructions("avx2")),
    "two-threads": ("OMP_NUM_THREADS=2", variables(OMP_NUM_THREADS="2")),
    "all-threads": ("OMP_NUM_THREADS not set", variables(OMP_NUM_THREADS=None)),
    "locale-c": ("LC_ALL=C", variables(LC_ALL="C", LANG=None)),
    "odd-path": ("a copy whose path has a space and a letter outside ASCII", odd_path),
    "ordinary-user": ("a copy, run by a user who owns nothing else", ordinary_user),
    "random-order": ("another order of the tests", random_order),
    "load": ("two busy programs beside the tests", under_load),
}
# Conditions that set the same thing to different values.
EXCLUSIVE = ({"oldest-processor", "avx2"}, {"two-threads", "all-threads"})
# The runs of --full: together all conditions but plain.
COMBINED = (
    ("oldest-processor", "locale-c", "ordinary-user"),
    ("avx2", "two-threads", "odd-path"),
    ("all-threads", "random-order", "load"),
)


def together(text: str) -> tuple[str, ...]:
    """The conditions of one run, from their names joined by `+`, in the order in which they are applied."""
    names = text.split("+")
    for name in names:
        if name not in CONDITIONS:
            raise argparse.ArgumentTypeError(f"there is no condition {name!r}; --list names them")
    for excluding in EXCLUSIVE:
        if excluding <= set(names):
            raise argparse.ArgumentTypeError(
                f"{' and '.join(sorted(excluding))} cannot hold in one run; give each its own --only"
            )
    return tuple(name for name in CONDITIONS if name in names)


@contextmanager
def copy_of_the_project(name: str) -> Iterator[Path]:
    """A folder called `name`, in a temporary one, with the files that git knows, as they are in the working tree."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        raise Impossible(f"git cannot list the files of {ROOT}")
    with tempfile.TemporaryDirectory() as temporary:
        os.chmod(temporary, 0o755)
        copy = Path(temporary, name)
        for path in filter(None, listed.stdout.split("\0")):
            if (ROOT / path).is_file():
                (copy / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / path, copy / path)
        subprocess.run(["git", "init", "-q"], cwd=copy, check=True)  # for tests that ask git for the project's files
        subprocess.run(["git", "add", "-A"], cwd=copy, check=True)
        yield copy


def environment() -> Mapping[str, str]:
    """The environment that conditions start from: one thread, UTF-8, and nothing else of what they set."""
    kept = {name: value for name, value in os.environ.items() if name not in CLEARED}
    return {**kept, "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def run(names: tuple[str, ...], full: bool, further: list[str]) -> bool:
    """Run the tests once, under all these conditions, and print a line; whether they passed or were skipped."""
    place, held = Place(environment=dict(environment())), []
    scope = ["tests"] if full else ["-m", "not slow", "tests"]
    with ExitStack() as cleanup:
        for name in names:
            changed = replace(place, environment=dict(place.environment))
            try:
                CONDITIONS[name][1](changed, cleanup)
            except Impossible as reason:
                print(f"{name}: left out, {reason}")
            else:
                place = changed
                held.append(name)
        if not held:
            print(f"{'+'.join(names)}: skipped")
            return True
        log = LOGS / f"{'+'.join(held)}.log"
        print(f"{'+'.join(held):<{WIDTH}} ", end="", flush=True)
        tests = [*place.prefix, place.python, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal",
                 "-p", "no:cacheprovider", f"--randomly-seed={place.seed}", *scope, *further]  # fmt: skip
        with log.open("wb") as output:
            ran = subprocess.run(
                tests, cwd=place.folder, env=place.environment, stdout=output, stderr=subprocess.STDOUT
            )
    passed = ran.returncode == 0
    *_, counts = log.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    order = f"; seed {place.seed}" if place.seed != SEED else ""
    print(f"{'passed' if passed else 'FAILED'}: {counts}{order}{'' if passed else f'; see {log}'}", flush=True)
    return passed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", action="append", type=together, metavar="NAME[+NAME]", help="the conditions of one run; repeatable"
    )
    parser.add_argument("--full", action="store_true", help="the whole suite instead of the fast tests")
    parser.add_argument("--list", action="store_true", help="list the conditions and stop")
    parser.add_argument("further", nargs="*", metavar="ARGUMENT", help="further arguments for pytest, after --")
    arguments = parser.parse_args()
    if arguments.list:
        for name, (what, _) in CONDITIONS.items():
            print(f"{name:<17} {what}")
        return 0
    LOGS.mkdir(parents=True, exist_ok=True)
    alone = tuple((name,) for name in CONDITIONS)
    passed = [
        run(names, arguments.full, arguments.further)
        for names in arguments.only or (COMBINED if arguments.full else alone)
    ]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
