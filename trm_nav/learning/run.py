"""A whole training run: prepare it, fit the model, save what it produces. `train` and the lessons share this."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from tqdm import tqdm

from trm_nav.errors import UserError
from trm_nav.files import require_writable, write_bytes
from trm_nav.mazes import dataset
from trm_nav.settings import TrainSettings

from . import checkpoint
from .training import Diverged, Training

BAR = "{desc}: {percentage:3.0f}%|{bar}| {n:.1f}/{total} epochs [{elapsed}<{remaining}]"


def prepare(given: dict[str, Any]) -> Training:
    """Prepare a run to start or, if `resume` is among the given settings, to continue.

    Raises UserError for settings, data sets or a checkpoint that cannot be used, before anything is written.
    """
    saved = None
    if given.get("resume") is None:
        settings = TrainSettings.of(given)
    else:
        saved = checkpoint.load(given["resume"], checkpoint.TO_RESUME)
        settings = checkpoint.settings_of(saved, given)
    require_writable(settings.checkpoint_dir)
    train_set, val_set = dataset.load(settings.train_path), dataset.load(settings.val_path)
    with memory_to_spare():
        run = Training(settings, train_set, val_set)
    if saved is not None:
        run.restore(saved)
        if run.epoch >= settings.epochs:
            raise UserError(f"{settings.resume} has finished its {run.epoch} epochs; raise `epochs` to continue")
        if run.out_of_patience:
            raise UserError(
                f"{settings.resume} stopped after {settings.patience} epochs without a lower validation loss; raise "
                "`patience` to continue"
            )
        keep_best(run)
    return run


def fit(
    run: Training,
    on_epoch: Callable[[Training], None] = lambda run: None,
    on_step: Callable[[float], None] | None = None,
) -> None:
    """Train to the end and save after every epoch.

    Args:
        run: from `prepare`.
        on_epoch: called with the run after each epoch has been saved.
        on_step: called after each gradient step with the share of the epoch that is finished.

    Raises UserError if the loss diverges or memory runs out. Files saved by earlier epochs stay, also after an
    interrupt; resuming from last.pt repeats the epoch that was interrupted. A run that diverges records it in its
    history.json, even if no epoch was finished.
    """
    folder = run.settings.checkpoint_dir
    try:
        with memory_to_spare():
            for epoch in run.epochs(on_step):
                state = run.checkpoint()
                if run.improved:
                    checkpoint.save(state, folder / "best.pt")
                if epoch % run.settings.save_every == 0:
                    checkpoint.save(state, folder / f"checkpoint_epoch_{epoch}.pt")
                checkpoint.save(state, folder / "last.pt")
                save_history(run)
                on_epoch(run)
    except Diverged as error:
        save_history(run)
        kept = f"; {folder / 'best.pt'} still holds epoch {run.best_epoch}" if run.epoch else ""
        raise UserError(f"{error}{kept}") from None


@contextmanager
def progress(
    run: Training, in_notebook: bool = False
) -> Iterator[tuple[Callable[[float], None], Callable[[str], None]]]:
    """A progress bar for `fit`. Yields an `on_step` for it, and a function that prints a line above the bar.

    A command shows the bar on stderr if that is a terminal; a notebook shows it in the output of the cell.
    """

    def write(line: str) -> None:
        tqdm.write(line)
        sys.stdout.flush()

    with tqdm(
        total=run.settings.epochs,
        initial=run.epoch,
        desc="training",
        bar_format=BAR,
        leave=False,
        mininterval=0.5,
        disable=False if in_notebook else None,
        file=sys.stdout if in_notebook else None,
    ) as bar:
        yield lambda share: bar.update(run.epoch + share - bar.n), write


def save_history(run: Training) -> None:
    """Write `history.json`: the run's record and its origin."""
    text = json.dumps({**run.record(), **run.origin()}, indent=1)
    write_bytes(run.settings.checkpoint_dir / "history.json", text.encode())


def keep_best(run: Training) -> None:
    """Copy the best checkpoint of a run that continues in another folder: it may never have a better one."""
    resumed, folder = run.settings.resume, run.settings.checkpoint_dir
    if resumed is None:
        return
    best = resumed if run.improved else resumed.with_name("best.pt")
    if best.exists() and folder.resolve() != resumed.parent.resolve():
        write_bytes(folder / "best.pt", best.read_bytes())


@contextmanager
def memory_to_spare() -> Iterator[None]:
    """Turn a GPU that runs out of memory into a UserError that says what to do."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise UserError(
            "CUDA out of memory: reduce the batch size (`batch_size=32`) or the model (`dim=64` `depth=2`), or use "
            "`device=cpu`"
        ) from None
