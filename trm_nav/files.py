"""Files that are never half written, and files from elsewhere that are read without trusting them.

Data sets and checkpoints go through here, so that a full disk, a kill or a wrong path costs nobody a saved file.
"""

import os
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from .errors import UserError


def write_atomically(path: str | Path, write: Callable[[BinaryIO], None]) -> None:
    """Make the file at `path` with what `write` writes; until that is safe on the disk, an older file stays untouched.

    Missing folders are made. Raises UserError if the file cannot be written; nothing of the attempt is left then.
    """
    write_together({path: write})


def write_together(files: Mapping[str | Path, Callable[[BinaryIO], None]]) -> None:
    """Several files as by `write_atomically`: none takes its place before all of them are safe on the disk."""
    written = {}  # path: the temporary file beside it
    try:
        for path, write in files.items():
            path = Path(path)
            if path.is_dir():
                raise UserError(f"cannot write {path}: it is a folder")
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
        raise UserError(f"cannot write {path}: {error.strerror or error}; name another place or make room") from None
    finally:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)


def require_writable(folder: str | Path) -> None:
    """Raise UserError if no file can be made in the folder, which need not exist yet. To be asked before long work."""
    folder = Path(folder).absolute()
    existing = next(place for place in (folder, *folder.parents) if os.path.exists(place))
    if not existing.is_dir():
        raise UserError(f"cannot write into {folder}: {existing} is a file, not a folder; name another place")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise UserError(f"cannot write into {folder}: no permission to write in {existing}; name another place")


def load_tensors(path: str | Path, what: str, remedy: str = "give the path of one that was saved whole") -> Any:
    """What `torch.save` put into the file, on the CPU. Only tensors and plain values are read, never code.

    Raises UserError, "there is no <what> at ...; <remedy>", for a file that is missing, truncated or of another kind.
    """
    import torch  # here, so that importing the room stays cheap

    try:
        content = BytesIO(Path(path).read_bytes())
    except FileNotFoundError:
        raise UserError(f"there is no {what} at {path}; {remedy}") from None
    except OSError as error:
        raise UserError(f"cannot read the {what} {path}: {error.strerror or error}; {remedy}") from None
    try:
        return torch.load(content, weights_only=True, map_location="cpu")
    except Exception:  # foreign bytes make the unpickler raise nearly anything
        raise UserError(f"{path} is not a {what}, or a truncated one: torch cannot read it; {remedy}") from None
