"""The folder of a run: it belongs to one run, and its files agree with the run's last checkpoint.

last.pt is the truth. It is written first; best.pt, checkpoint_epoch_N.pt and history.json follow from it, and a run
that goes on after an interruption first makes them agree with it again.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from trm_nav.errors import UserError
from trm_nav.files import CannotWrite, json_with_digest, load_json, require_writable, sweep, write_bytes
from trm_nav.tensor_files import tensors

from . import checkpoint
from .training import Training

CHECKPOINTS = re.compile(r"(best|last|certified|checkpoint_epoch_\d+)\.pt")
LOCK = ".lock"


class Occupied(UserError):
    """Another training writes into the folder now."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Let no other training write into the folder. Raises Occupied if one does, and CannotWrite."""
    require_writable(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK, timeout=0)
        lock.acquire()
    except Timeout:
        raise Occupied(
            f"another training is writing into {folder}; wait until it ends, or name another `checkpoint_dir`"
        ) from None
    except OSError as error:
        raise CannotWrite(f"cannot write into {folder}: {error.strerror or error}; name another folder") from None
    try:
        sweep(folder)
        yield
    finally:
        lock.release()


class Origin(NamedTuple):
    """Whose checkpoint a file is, and of which epoch."""

    run: str | None
    epoch: int


def checkpoints(folder: Path) -> dict[Path, Origin | None]:
    """The checkpoints in a folder, and where they come from; None for one that cannot be read."""
    with suppress(OSError):  # no such folder
        return {path: _read(path) for path in sorted(folder.iterdir()) if CHECKPOINTS.fullmatch(path.name)}
    return {}


def _read(path: Path) -> Origin | None:
    with suppress(UserError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that an older file has no digest
        saved = checkpoint.load(path)
        return Origin(saved.run, saved.epoch)
    return None


def require_free(run: Training) -> None:
    """Raise UserError if the folder holds another run, or this one's later epochs, and is not to be overwritten."""
    folder, found = run.settings.checkpoint_dir, checkpoints(run.settings.checkpoint_dir)
    if run.settings.overwrite or not found:
        return
    instead = "name another `checkpoint_dir`, or replace it with `overwrite=True`"
    readable = {path: saved for path, saved in found.items() if saved is not None}
    if run.epoch == 0 or not readable or any(saved.run != run.id for saved in readable.values()):
        going_on = f"go on with it from {folder / 'last.pt'} (`resume`), " if folder / "last.pt" in readable else ""
        raise UserError(f"{folder} holds another run: {going_on}{instead}")
    epoch, path = max((saved.epoch, path) for path, saved in readable.items())
    if epoch > run.epoch:
        raise UserError(
            f"{folder} holds later epochs of this run: go on from {path} of epoch {epoch}, name another "
            "`checkpoint_dir`, or drop them with `overwrite=True`"
        )


def clear(run: Training) -> None:
    """Remove what `overwrite` replaces, checkpoints of other runs and of later epochs; last.pt goes last.

    Raises UserError for one that cannot be removed.
    """
    found = checkpoints(run.settings.checkpoint_dir) if run.settings.overwrite else {}
    for path in sorted(found, key=lambda path: path.name == "last.pt"):
        saved = found[path]
        if saved is None or saved.run != run.id or saved.epoch > run.epoch:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise UserError(f"cannot remove {path}: {error.strerror}; name another `checkpoint_dir`") from None


def save(run: Training) -> None:
    """Write the checkpoint of the last epoch under all its names, last.pt first, and the history."""
    content = BytesIO()
    tensors(run.checkpoint())(content)
    for path in _names(run):
        write_bytes(path, content.getbuffer())
    save_history(run)


def agree(run: Training) -> None:
    """Make the files agree with the state of a run that goes on: write those that are missing or of another epoch."""
    for path in _names(run):
        if not _holds(path, run.id, run.epoch):
            checkpoint.save(run.checkpoint(), path)
    best = run.settings.checkpoint_dir / "best.pt"
    if run.best_model and not _holds(best, run.id, run.best_epoch):
        checkpoint.save(run.best_checkpoint(), best)
    if not _history_agrees(run):
        save_history(run)


def _names(run: Training) -> list[Path]:
    """The files that hold the checkpoint of the last epoch."""
    names = ["last.pt"]
    if run.epoch % run.settings.save_every == 0:
        names.append(f"checkpoint_epoch_{run.epoch}.pt")
    if run.improved:
        names.append("best.pt")
    return [run.settings.checkpoint_dir / name for name in names]


def _holds(path: Path, run: str | None, epoch: int) -> bool:
    return _read(path) == Origin(run, epoch)


def _history_agrees(run: Training) -> bool:
    with suppress(UserError):
        history = load_json(run.settings.checkpoint_dir / "history.json", "history", "resume the run")
        return isinstance(history, dict) and all(history.get(name) == curve for name, curve in run.history.items())
    return False


def save_history(run: Training) -> None:
    """Write `history.json`: the run's record and its origin."""
    content = json_with_digest({**run.record(), **run.origin()})
    write_bytes(run.settings.checkpoint_dir / "history.json", content)
