"""Files that are written whole or not at all, and files of unknown origin that are read without executing them.

Data sets, checkpoints and histories are saved through this module, so that a full disk, a killed process or a wrong
path never damages a file that was saved before.
"""

import os
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from .errors import UserError


def write_atomically(path: str | Path, write: Callable[[BinaryIO], None]) -> None:
    """Write a file by calling `write` with an open binary file. An older file is replaced only once that has succeeded.

    Creates missing folders. Raises UserError if the file cannot be written, and leaves no temporary file behind.
    """
    write_together({path: write})


def write_together(files: Mapping[str | Path, Callable[[BinaryIO], None]]) -> None:
    """Write several files like `write_atomically`; none is replaced before all of them are on the disk."""
    written: dict[Path, Path] = {}  # the file, and the temporary file beside it
    try:
        for name, write in files.items():
            path = Path(name)
            if path.is_dir():
                raise UserError(f"cannot write {path}: it is a folder; name another path")
            path.parent.mkdir(parents=True, exist_ok=True)
            content = BytesIO()  # torch.save straight to a full disk fails with an internal error of its own
            write(content)
            written[path] = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            with open(written[path], "wb") as file:
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())
        for path, temporary in written.items():
            os.replace(temporary, path)
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror or error}; free some space or name another path"
        ) from None
    finally:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write the content of a whole file like `write_atomically`."""

    def write(file: BinaryIO) -> None:
        file.write(content)

    write_atomically(path, write)


def require_writable(folder: str | Path) -> None:
    """Raise UserError if no file can be created in the folder, which need not exist yet. Call it before long work."""
    folder = Path(folder).absolute()
    existing = next(parent for parent in (folder, *folder.parents) if os.path.exists(parent))
    if not existing.is_dir():
        raise UserError(f"cannot write into {folder}: {existing} is a file, not a folder; name another folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise UserError(f"cannot write into {folder}: no permission to write in {existing}; name another folder")


def load_tensors(path: str | Path, what: str, remedy: str = "name a file that was saved completely") -> Any:
    """Read a file written by `torch.save` onto the CPU. Only tensors and plain values are read; no code is executed.

    Args:
        path: the file.
        what: what it should be, for the message: "checkpoint", "data set".
        remedy: what to do when it is not, the last clause of the message.

    Raises UserError for a file that is missing, truncated or of another kind.
    """
    import torch  # here, so that commands can answer --help without loading torch

    try:
        content = BytesIO(Path(path).read_bytes())
    except FileNotFoundError:
        raise UserError(f"there is no {what} at {path}; {remedy}") from None
    except OSError as error:
        raise UserError(f"cannot read the {what} {path}: {error.strerror or error}; {remedy}") from None
    try:
        return torch.load(content, weights_only=True, map_location="cpu")
    except Exception:  # arbitrary bytes make the unpickler raise almost anything
        raise UserError(f"{path} is not a {what}, or a truncated one: torch cannot read it; {remedy}") from None
