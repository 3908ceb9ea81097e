"""What must hold of every child under attack, whatever was done to it; a complaint is one line for what does not."""

import re
import signal
from collections.abc import Collection

from .process import MOST_MEMORY, Outcome

LONGEST_MESSAGE = 500  # letters
ORDINARY = (0, 2)
OURS = re.compile(r'File ".*?((?:trm_nav|scripts)/[^"]*)", line (\d+), in (\S+)')


def complaints(outcome: Outcome, allowed: Collection[int] = ORDINARY) -> list[str]:
    """Every complaint about one child. allowed: the statuses with which it may end, -9 for SIGKILL."""
    found = []
    if outcome.hung:
        found.append(f"hang: no end after {outcome.seconds:.0f} s")
    elif outcome.memory > MOST_MEMORY:
        found.append(f"memory: {outcome.memory / 1e9:.1f} GB resident")
    elif outcome.status not in allowed:
        found.append(_status(outcome))
    if (said := _of_the_interpreter(outcome)) is not None and not (found and "Traceback" in said):
        found.append(said)
    if outcome.status == 2 and 2 in allowed:
        found += _about_message(outcome.err)
    return found


def _status(outcome: Outcome) -> str:
    where = place(outcome.err)
    if outcome.status < 0:
        name = signal.Signals(-outcome.status).name
        return f"crash: {name}" + (f" at {where}" if where else "")
    if "Traceback (most recent call last)" in outcome.err:
        return f"traceback: {outcome.last_line[:160]}" + (f" at {where}" if where else "")
    return f"status {outcome.status}: {outcome.last_line[:160] or 'nothing on stderr'}"


def _of_the_interpreter(outcome: Outcome) -> str | None:
    """A complaint about what only an interpreter prints: tracebacks, and errors that it could not raise."""
    for stream in (outcome.err, outcome.out):
        for sign in ("Traceback (most recent call last)", "Exception ignored", "Fatal Python error"):
            if sign in stream:
                where = place(stream)
                last = stream.strip().splitlines()[-1].strip()
                return f"{sign}: {last[:160]}" + (f" at {where}" if where else "")
    return None


def place(text: str) -> str:
    """The innermost line of the project in a traceback: `trm_nav/files.py:88 load_tensors`."""
    lines = OURS.findall(text)
    return "{}:{} {}".format(*lines[-1]) if lines else ""


def _about_message(err: str) -> list[str]:
    """Complaints about a message that refuses something: it must be one line that can be read."""
    lines = [line for line in err.splitlines() if ": note: " not in line]
    if "Traceback" in err:
        return []
    if len(lines) != 1:
        return [f"message: {len(lines)} lines: {' / '.join(lines)[:200]}"]
    if len(lines[0]) > LONGEST_MESSAGE:
        return [f"message: {len(lines[0])} letters: {lines[0][:120]}..."]
    if not lines[0].isprintable():
        return [f"message: not printable: {lines[0][:160]!r}"]
    if len(lines[0].split()) < 4:
        return [f"message: no sentence: {lines[0]}"]
    return []


def cause(complaint: str) -> str:
    """A complaint without the numbers and values that differ between attacks: what failures are grouped by."""
    head, at, where = complaint.partition(" at trm_nav/")
    head = re.sub(r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]|\d[\d.,]*(e[+-]?\d+)?", "#", head)
    return head[:110] + at + where
