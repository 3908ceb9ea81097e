"""Which workers are there: each holds a lock in the study's folder, which goes with its process, however that ends."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

WORKERS = "workers"


@contextmanager
def present(folder: Path) -> Iterator[str]:
    """Be there while the context lasts. Yields the name of this worker: its host, its process, and a random part."""
    name = f"{platform.node()}-{os.getpid()}-{uuid4().hex[:8]}"
    (folder / WORKERS).mkdir(parents=True, exist_ok=True)
    path = _lock(folder, name)
    with FileLock(path):
        yield name
    path.unlink(missing_ok=True)


def has_ended(folder: Path, name: str) -> bool:
    """Whether a worker is known to have ended: its lock is in this folder, and it was on this machine and let it go."""
    path = _lock(folder, name)
    if not name.startswith(f"{platform.node()}-") or not path.exists():
        return False
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except (Timeout, OSError):
        return False
    lock.release()
    return True


def _lock(folder: Path, name: str) -> Path:
    return folder / WORKERS / f"{name}.lock"
