"""A whole training run: prepare it, fit the model, save what it produces. `train` and the lessons share this."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from trm_nav import memory
from trm_nav.errors import UserError
from trm_nav.mazes import dataset
from trm_nav.settings import TrainSettings

from . import checkpoint, folder
from .device import choose_device
from .footprint import footprint
from .training import Diverged, Training, new_id

BAR = "{desc}: {percentage:3.0f}%|{bar}| {n:.1f}/{total} epochs [{elapsed}<{remaining}]"
SMALLER = "reduce the batch size (`batch_size=32`) or the model (`dim=64` `depth=2`)"


class Finished(UserError):
    """A run that is to be resumed has nothing left to do."""


def prepare(given: dict[str, Any]) -> Training:
    """Prepare a run to start or, if `resume` is among the given settings, to continue.

    Raises UserError for settings, data sets or a checkpoint that cannot be used, for a run that would need more memory
    than there is, and for a folder that belongs to another run, before anything is written; Finished, which is one as
    well, for a run that has ended.
    """
    saved = None
    if given.get("resume") is None:
        settings = TrainSettings.of(given)
    else:
        saved = checkpoint.load_run(given["resume"])
        settings = checkpoint.settings_of(saved, given)
    train_set, val_set = dataset.load(settings.train_path), dataset.load(settings.val_path)
    with memory.to_spare(SMALLER):
        if choose_device(settings.device).type == "cpu":
            memory.require(footprint(settings, train_set), "this training", SMALLER)
        run = Training(settings, train_set, val_set)
        if saved is not None:
            run.restore(saved)
            if settings.checkpoint_dir.resolve() != Path(given["resume"]).parent.resolve():
                run.id = new_id()  # from here on, the run in the old folder may go on in another way
    with folder.held(settings.checkpoint_dir):
        folder.require_free(run)
        if (ended := _ended(run)) is not None:
            if not settings.overwrite:
                folder.agree(run)
            raise Finished(ended)
    return run


def _ended(run: Training) -> str | None:
    """Why a run that is resumed has nothing to do, as a sentence; None if it has."""
    settings = run.settings
    if run.epoch >= settings.epochs:
        return f"{settings.resume} has finished its {run.epoch} epochs; raise `epochs` to continue"
    if run.out_of_patience:
        return (
            f"{settings.resume} stopped after {settings.patience} epochs without a lower validation loss; raise "
            "`patience` to continue"
        )
    return None


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

    Raises UserError if the loss diverges, if memory runs out, and if another training writes into the folder. Files
    saved by earlier epochs stay, also after an interrupt; resuming from last.pt repeats the epoch that was interrupted.
    A run that diverges records it in its history.json, even if no epoch was finished. With `overwrite`, an older run in
    the folder is removed when the first epoch of this one is finished.
    """
    with folder.held(run.settings.checkpoint_dir), memory.to_spare(SMALLER):
        folder.require_free(run)
        if run.epoch:
            folder.clear(run)
            folder.agree(run)
        try:
            begun = run.epoch
            for epoch in run.epochs(on_step):
                if epoch == begun + 1:
                    folder.clear(run)
                folder.save(run)
                on_epoch(run)
        except Diverged as error:
            folder.clear(run)
            folder.save_history(run)
            kept = (
                f"; {run.settings.checkpoint_dir / 'best.pt'} still holds epoch {run.best_epoch}" if run.epoch else ""
            )
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
