"""Files that are written whole or not at all, and files of unknown origin that are read without executing them.

Data sets, checkpoints and histories are saved through this module, so that a full disk, a killed process or a wrong
path never damages a file that was saved before. `tensor_files.py` adds files of tensors.
"""

import hashlib
import json
import math
import os
import re
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import psutil

from . import memory
from .errors import UserError, shown

Write = Callable[[BinaryIO], Any]  # writes the content of a file that is open
UNFINISHED = re.compile(r"\..+\.(\d+)\.tmp")  # the name of a temporary file, with the process that writes it
RUN_ID = re.compile("[0-9a-f]{32}")  # a file of a run of ours has a digest, unless that is damaged
LARGEST_JSON = 100e6  # bytes; a history of 100,000 epochs has 14 MB


class CannotWrite(UserError):
    """A file or a folder cannot be written: the disk is full, or belongs to somebody else."""


def write_atomically(path: str | Path, write: Write) -> None:
    """Write a file by calling `write` with an open binary file. An older file is replaced only once that has succeeded.

    Creates missing folders. Raises CannotWrite if that fails, and leaves no temporary file behind.
    """
    write_together({path: write})


def write_together(files: Mapping[str | Path, Write]) -> None:
    """Write several files like `write_atomically`; none is replaced before all of them are on the disk."""
    written: dict[Path, Path] = {}  # the file, and the temporary file beside it
    try:
        for name, write in files.items():
            path = as_path(name)
            if path.is_dir():
                raise CannotWrite(f"cannot write {path}: it is a folder; name another path")
            path.parent.mkdir(parents=True, exist_ok=True)
            content = BytesIO()  # torch.save straight to a full disk fails with an internal error of its own
            write(content)
            written[path] = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            with open(written[path], "wb") as file:
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())
        _replace(written)
        for folder in {path.parent for path in written}:
            _onto_the_disk(folder)
            sweep(folder)
    except OSError as error:
        raise CannotWrite(
            f"cannot write {path}: {error.strerror or error}; free some space or name another path"
        ) from None
    finally:
        for temporary in written.values():
            with suppress(OSError):  # it has its name, or the disk takes no changes any more
                temporary.unlink()


def _replace(written: Mapping[Path, Path]) -> None:
    """Give the temporary files their names. If one cannot have its own, the files that were replaced come back."""
    kept = {path: path.with_name(f".{path.name}.old.{os.getpid()}.tmp") for path in written if len(written) > 1}
    new = [path for path in kept if not path.exists()]
    try:
        for path, old in kept.items():
            with suppress(OSError):  # there is no older file, or the file system has no links
                os.link(path, old)
        for path, temporary in written.items():
            os.replace(temporary, path)
    except OSError:
        for path, old in kept.items():
            with suppress(OSError):
                path.unlink() if path in new else os.replace(old, path)
        raise
    finally:
        for old in kept.values():
            with suppress(OSError):
                old.unlink()


def write_bytes(path: str | Path, content: bytes | memoryview) -> None:
    """Write the content of a whole file like `write_atomically`."""
    write_atomically(path, lambda file: file.write(content))


def _onto_the_disk(folder: Path) -> None:
    """Make the names in a folder as lasting as the files are, where the system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove temporary files of processes that were killed while they wrote into the folder."""
    with suppress(OSError):
        for path in folder.glob(".*.tmp"):
            if (name := UNFINISHED.fullmatch(path.name)) and not psutil.pid_exists(int(name[1])):
                path.unlink()


def require_writable(folder: str | Path) -> None:
    """Raise CannotWrite if no file can be created in the folder, which need not exist yet. Call it before long work."""
    folder = Path(folder).absolute()
    existing = next(parent for parent in (folder, *folder.parents) if os.path.exists(parent))
    if not existing.is_dir():
        raise CannotWrite(f"cannot write into {folder}: {existing} is a file, not a folder; name another folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise CannotWrite(f"cannot write into {folder}: no permission to write in {existing}; name another folder")


def read(path: str | Path, what: str, remedy: str, most: float = math.inf) -> bytes:
    """The content of a regular file.

    Args:
        path: the file.
        what: what it should be, for the message: "checkpoint", "data set".
        remedy: what to do when it is not, the last clause of the message.
        most: bytes above which it cannot be what it should be.

    Raises UserError for a file that is missing, that cannot be read, that is no regular file but a pipe or a device, or
    that is too large, also for the memory available.
    """
    path = as_path(path)
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise UserError(f"cannot read the {what} {path}: it is not a regular file; {remedy}")
            if about.st_size > most:
                size, limit = memory.in_words(about.st_size), memory.in_words(most)
                raise UserError(f"{path} is not a {what}: it has {size}, and none has more than {limit}; {remedy}")
            memory.require(2 * about.st_size, f"reading the {what} {path}", remedy)  # once more for what it holds
            return file.read(about.st_size)
    except FileNotFoundError:
        raise UserError(f"there is no {what} at {path}; {remedy}") from None
    except OSError as error:
        raise UserError(f"cannot read the {what} {path}: {error.strerror or error}; {remedy}") from None


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe into which nobody writes does not make us wait for that."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def as_path(name: str | Path) -> Path:
    """The path of that name. Raises UserError for what no file can be called."""
    try:
        if b"\0" not in os.fsencode(name) and not isinstance(name, bytes):
            return Path(name)
    except (TypeError, ValueError):  # not text; text that the system cannot write
        pass
    raise UserError(f"{shown(name)} is not a path")


def json_with_digest(content: Mapping[str, Any]) -> bytes:
    """Plain values, one of them the `run` they are of, as the content of a JSON file with a `digest` of them all."""
    return json.dumps({**content, "digest": _digest(content)}, indent=1).encode()


def load_json(path: str | Path, what: str, remedy: str) -> Any:
    """Read a JSON file. Raises UserError as `read` does, for what is no JSON, and for a `digest` that is wrong."""
    text = read(path, what, remedy, LARGEST_JSON)
    try:
        content = json.loads(text.decode())
        json.dumps(content, ensure_ascii=False).encode()  # half a surrogate pair is JSON, but cannot be printed
    except (ValueError, RecursionError):
        raise UserError(f"{path} is not JSON, or a truncated file") from None
    ours = isinstance(content, dict) and ("digest" in content or RUN_ID.fullmatch(str(content.get("run"))))
    if ours and content.pop("digest", None) != _digest(content):
        raise UserError(
            f"{path} is damaged or was edited: its digest is not that of its content; {remedy}, or remove its entries "
            "digest and run to use it as it is"
        )
    return content


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
