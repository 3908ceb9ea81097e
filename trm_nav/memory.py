"""How much memory this process may still take, and work that is refused before it takes more."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from .errors import UserError

GROUPS = Path("/sys/fs/cgroup")
CANNOT_ALLOCATE = "can't allocate memory", "not enough memory", "out of memory", "bad_alloc", "Cannot allocate"


def available() -> int:
    """The bytes that this process can still take: the least that the machine, its container and its limits leave."""
    return max(0, min(psutil.virtual_memory().available, *_left_in_containers(), *_left_by_limits()))


def _left_in_containers() -> Iterator[int]:
    """What the control groups of this process leave (Linux, versions 1 and 2). Files they cache can be dropped."""
    try:
        groups = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in groups:
        _, kinds, path = line.split(":", 2)
        if kinds not in ("", "memory"):
            continue
        limit, used = ("limit_in_bytes", "usage_in_bytes") if kinds else ("max", "current")
        folder = GROUPS / kinds / path.lstrip("/")
        for group in (folder, *folder.parents):
            try:
                most, now = (int((group / f"memory.{name}").read_text()) for name in (limit, used))
                stat = dict(entry.split() for entry in (group / "memory.stat").read_text().splitlines())
            except (OSError, ValueError):  # no such group, or no limit: "max"
                continue
            yield most - now + int(stat.get("inactive_file", 0))


def _left_by_limits() -> Iterator[int]:
    """What `ulimit -v` and `ulimit -d` leave."""
    if os.name == "posix":
        import resource

        now = psutil.Process().memory_info()
        for kind, used in ((resource.RLIMIT_AS, now.vms), (resource.RLIMIT_DATA, getattr(now, "data", now.rss))):
            limit, _ = resource.getrlimit(kind)
            if limit != resource.RLIM_INFINITY:
                yield limit - used


def require(needed: float, what: str, remedy: str) -> None:
    """Raise UserError if the work needs more bytes than are available. Call it before the work.

    Args:
        needed: bytes at the peak, beyond what the process holds now.
        what: the work, as the subject of the sentence.
        remedy: what to do instead, its last clause.
    """
    if needed > (left := available()):
        raise UserError(
            f"{what} would need about {in_words(needed)} of memory, and {in_words(left)} are free; {remedy}"
        )


def in_words(size: float) -> str:
    """A number of bytes in the largest unit of which there is at least one: `1.5 GB`."""
    for unit, bytes_ in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size >= bytes_:
            return f"{size / bytes_:,.3g} {unit}" if size < 1e15 else f"{size / bytes_:,.0f} {unit}"
    return f"{size / 1e3:,.3g} kB"


@contextmanager
def to_spare(remedy: str) -> Iterator[None]:
    """Turn running out of memory, on the CPU or a GPU, into a UserError with this remedy."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # PyTorch raises its own kinds of RuntimeError
        text = str(error)
        if not isinstance(error, MemoryError) and not any(words in text for words in CANNOT_ALLOCATE):
            raise
        if "CUDA" in text:
            raise UserError(f"CUDA out of memory: {remedy}, or use `device=cpu`") from None
        raise UserError(f"out of memory: {remedy}") from None
