"""A child process under attack: forked or started, its outputs in files, bounded in time and memory, and watched."""

import contextlib
import itertools
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[3]
TIME_LIMIT = 60.0  # seconds, unless an attack says why it needs more
HEADROOM = 4_000_000_000  # bytes of address space on top of what a child starts with: what `ulimit -v` would leave
MOST_MEMORY = 3_000_000_000  # bytes resident in a child
MOST_OUTPUT = 1_000_000  # bytes of an output that are kept
PAUSE = 0.01  # seconds between two looks at a child
LOOKS = 5  # looks between two at its memory


@dataclass(frozen=True)
class Outcome:
    """How a child ended: its exit status, or minus the number of a signal; its outputs; what it took."""

    what: str
    status: int
    out: str
    err: str
    seconds: float
    memory: int  # bytes, the largest seen
    hung: bool  # ended by the time limit

    @property
    def last_line(self) -> str:
        lines = self.err.strip().splitlines()
        return lines[-1].strip() if lines else ""


Watcher = Callable[[int, float], None]  # called with a child's id and its age in seconds, again and again


class Signal:
    """A watcher that sends a child one signal once it is so many seconds old."""

    def __init__(self, after: float, number: int = signal.SIGINT):
        self.after, self.number, self.sent = after, number, False

    def __call__(self, pid: int, age: float) -> None:
        if age >= self.after and not self.sent:
            self.sent = True
            os.kill(pid, self.number)


def forked(
    act: Callable[[], object],
    folder: Path,
    what: str,
    prepare: Callable[[], object] = lambda: None,
    watch: Watcher = lambda pid, age: None,
    limit: float = TIME_LIMIT,
) -> Outcome:
    """Call `act` in a forked child whose working folder is `folder`, and end it as an interpreter would end.

    prepare: called in the child first, for example to replace system calls by faulty ones.
    """
    out, err = _outputs(folder)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            _become_child(folder, out, err)
            prepare()
            status = _status_of(act)
        finally:
            os._exit(status)
    return _watched(pid, what, out, err, watch, limit)


def started(
    words: Sequence[str | bytes],
    folder: Path,
    what: str,
    watch: Watcher = lambda pid, age: None,
    limit: float = TIME_LIMIT,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Start a program of its own in `folder`."""
    out, err = _outputs(folder)
    with open(out, "wb") as stdout, open(err, "wb") as stderr:
        child = subprocess.Popen(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
            start_new_session=True,
        )
    outcome = _watched(child.pid, what, out, err, watch, limit)
    child.returncode = outcome.status  # it has been waited for
    return outcome


def _outputs(folder: Path) -> tuple[Path, Path]:
    beside = folder.parent
    number = len(list(beside.glob("out-*")))
    return beside / f"out-{number}", beside / f"err-{number}"


def _become_child(folder: Path, out: Path, err: Path) -> None:
    os.setsid()
    os.chdir(folder)
    for descriptor, name, flags in ((0, os.devnull, os.O_RDONLY), (1, out, os.O_WRONLY), (2, err, os.O_WRONLY)):
        opened = os.open(name, flags | os.O_CREAT if flags else flags)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = psutil.Process().memory_info().vms + HEADROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _status_of(act: Callable[[], object]) -> int:
    """The exit status with which an interpreter that calls `act` would end; tracebacks go to stderr."""
    try:
        act()
        status = 0
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            print(leaving.code, file=sys.stderr)
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    return status & 0xFF


def _watched(pid: int, what: str, out: Path, err: Path, watch: Watcher, limit: float) -> Outcome:
    began, most, hung = time.monotonic(), 0, False
    for looks in itertools.count(1):
        ended, state = os.waitpid(pid, os.WNOHANG)
        if ended:
            break
        age = time.monotonic() - began
        time.sleep(PAUSE)
        if looks % LOOKS == 0:
            most = max(most, _memory(pid))
        hung = age > limit and age - _waited(pid) > limit
        if hung or most > MOST_MEMORY:
            os.kill(pid, signal.SIGKILL)
        watch(pid, age)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)  # what it has started and left
    status = os.waitstatus_to_exitcode(state)
    return Outcome(what, status, _text(out), _text(err), time.monotonic() - began, most, hung)


def _memory(pid: int) -> int:
    """Bytes resident in a process; 0 once it has ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _waited(pid: int) -> float:
    """Seconds for which a thread of a process wanted a processor and had none: on a busy machine, they are no hang."""
    waited = [0.0]
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):
            waited.append(int(path.read_text().split()[1]) / 1e9)
    return max(waited)


def _text(path: Path) -> str:
    if not path.exists():
        return ""
    with open(path, "rb") as file:
        return file.read(MOST_OUTPUT).decode("utf-8", "backslashreplace")
