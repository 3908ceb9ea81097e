"""A whole training run: prepare it, fit the model, save what it produces. `train` and the lessons share this."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from tqdm import tqdm

from trm_nav.errors import UserError
from trm_nav.files import require_writable, write_atomically
from trm_nav.mazes import dataset
from trm_nav.settings import TrainSettings

from . import checkpoint
from .training import Diverged, Training

BAR = "{desc}: {percentage:3.0f}%|{bar}| {n:.1f}/{total} epochs [{elapsed}<{remaining}]"


def prepare(given: dict[str, Any]) -> Training:
    """A run ready to start or, with `resume` among the settings given, to go on.

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
            raise UserError(f"{settings.resume} has finished its {run.epoch} epochs; raise --epochs to go on")
        if run.out_of_patience:
            raise UserError(
                f"{settings.resume} stopped after {settings.patience} epochs without a better validation "
                "loss; raise --patience to go on"
            )
        keep_best(run)
    return run


def fit(
    run: Training,
    on_epoch: Callable[[Training], None] = lambda run: None,
    on_step: Callable[[float], None] | None = None,
) -> None:
    """Train to the end, saving after every epoch; on_epoch is called once an epoch is saved, on_step as in `Training`.

    Raises UserError when the loss diverges or memory runs out. What earlier epochs saved stays, and so it does after
    an interrupt: --resume last.pt goes on with the epoch that was cut short. A run that has diverged says so in its
    history.json, even if it has no epochs.
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
        kept = f"; {folder / 'best.pt'} keeps epoch {run.best_epoch}" if run.epoch else ""
        raise UserError(f"{error}{kept}") from None


@contextmanager
def progress(run: Training, in_notebook: bool = False) -> Iterator[tuple[Callable, Callable]]:
    """A bar for `fit`: yields its `on_step`, and how to print a line beside the bar.

    A command has its bar on stderr, and none where that is no terminal. A notebook has it in the output of the cell.
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
    """`history.json`: the run's record, with what is needed to tell where it came from."""
    text = json.dumps({**run.record(), **run.origin()}, indent=1)
    write_atomically(run.settings.checkpoint_dir / "history.json", lambda file: file.write(text.encode()))


def keep_best(run: Training) -> None:
    """A run that goes on in another folder takes its best checkpoint along: it may never get a better one."""
    resumed, folder = run.settings.resume, run.settings.checkpoint_dir
    best = resumed if run.improved else resumed.with_name("best.pt")
    if best.exists() and folder.resolve() != resumed.parent.resolve():
        content = best.read_bytes()
        write_atomically(folder / "best.pt", lambda file: file.write(content))


@contextmanager
def memory_to_spare() -> Iterator[None]:
    """Raise UserError, with what to do, where a GPU's memory runs out."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise UserError(
            "CUDA out of memory: reduce the batch size (--batch-size 32) or the model "
            "(--dim 64 --depth 2), or use --device cpu"
        ) from None
