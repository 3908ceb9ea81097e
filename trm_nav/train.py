"""The training command: what a run reads, prints and leaves on the disk. The loop itself is in `training.py`.

    python -m trm_nav.train --recipe tiny
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import cli
from .config import RECIPES, TrainSettings, recipe
from .diagnostics import diagnose
from .errors import UserError
from .files import require_writable, write_atomically

if TYPE_CHECKING:
    from .training import Training

PROG = "python -m trm_nav.train"
BAR = "{desc}: {percentage:3.0f}%|{bar}| {n:.1f}/{total} epochs [{elapsed}<{remaining}]"


def main() -> None:
    parser = cli.Parser(TrainSettings, "Train a Tiny Recursive Model to walk mazes as A* does.", PROG)
    parser.add_argument("--recipe", metavar="NAME",
                        help=f"start from named settings, {', '.join(RECIPES)}; other flags override them")
    arguments = parser.parse_args()
    given = {**recipe(arguments.recipe, TrainSettings), **parser.given(arguments)}

    run = prepare(given)
    with progress(run) as (on_step, write):
        fit(run, on_epoch=lambda run: write(epoch_line(run)), on_step=on_step)
    print(summary(run))
    print(f"Diagnosis: {diagnose(run.record())[0]}")


def summary(run: "Training") -> str:
    """What the command prints at the end: the best epoch, the size of the model, the time, the checkpoint."""
    from .model import count_parameters

    best = run.best_epoch - 1
    return (f"Best epoch {run.best_epoch}: val loss {run.history['val_loss'][best]:.4f}, "
            f"val acc {run.history['val_acc'][best]:.4f}; "
            f"{count_parameters(run.model):,} parameters, {run.epoch} epochs in {sum(run.history['seconds']):.0f} s; "
            f"{run.settings.checkpoint_dir / 'best.pt'}")


@contextmanager
def progress(run: "Training", in_notebook: bool = False) -> Iterator[tuple[Callable, Callable]]:
    """A bar for `fit`: yields its `on_step`, and how to print a line beside the bar.

    A command has its bar on stderr, and none where that is no terminal. A notebook has it in the output of the cell.
    """
    from tqdm import tqdm

    def write(line: str) -> None:
        tqdm.write(line)
        sys.stdout.flush()

    with tqdm(total=run.settings.epochs, initial=run.epoch, desc="training", bar_format=BAR, leave=False,
              mininterval=0.5, disable=False if in_notebook else None, file=sys.stdout if in_notebook else None) as bar:
        yield lambda share: bar.update(run.epoch + share - bar.n), write


def prepare(given: dict[str, Any]) -> "Training":
    """A run ready to start or, with `resume` among the settings given, to go on.

    Raises UserError for settings, data sets or a checkpoint that cannot be used, before anything is written.
    """
    from . import checkpoint, dataset
    from .training import Training

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
            raise UserError(f"{settings.resume} stopped after {settings.patience} epochs without a better validation "
                            "loss; raise --patience to go on")
        keep_best(run)
    return run


def fit(run: "Training", on_epoch: Callable[["Training"], None] = lambda run: None,
        on_step: Callable[[float], None] | None = None) -> None:
    """Train to the end, saving after every epoch; on_epoch is called once an epoch is saved, on_step as in `Training`.

    Raises UserError when the loss diverges or memory runs out. What earlier epochs saved stays, and so it does after
    an interrupt: --resume last.pt goes on with the epoch that was cut short. A run that has diverged says so in its
    history.json, even if it has no epochs.
    """
    from . import checkpoint
    from .training import Diverged

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
def memory_to_spare() -> Iterator[None]:
    """Raise UserError, with what to do, where a GPU's memory runs out."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError:
        raise UserError("CUDA out of memory: reduce the batch size (--batch-size 32) or the model "
                        "(--dim 64 --depth 2), or use --device cpu") from None


def save_history(run: "Training") -> None:
    """`history.json`: the run's record, with what is needed to tell where it came from."""
    text = json.dumps({**run.record(), **run.origin()}, indent=1)
    write_atomically(run.settings.checkpoint_dir / "history.json", lambda file: file.write(text.encode()))


def keep_best(run: "Training") -> None:
    """A run that goes on in another folder takes its best checkpoint along: it may never get a better one."""
    resumed, folder = run.settings.resume, run.settings.checkpoint_dir
    best = resumed if run.improved else resumed.with_name("best.pt")
    if best.exists() and folder.resolve() != resumed.parent.resolve():
        content = best.read_bytes()
        write_atomically(folder / "best.pt", lambda file: file.write(content))


def epoch_line(run: "Training") -> str:
    """What the command prints after an epoch; `*` marks the best validation loss so far."""
    last = {name: values[-1] for name, values in run.history.items()}
    star = " *" if run.improved else ""
    return (f"Epoch {run.epoch}/{run.settings.epochs} - "
            f"Train Loss: {last['train_loss']:.4f}, Train Acc: {last['train_acc']:.4f} "
            f"Val Loss: {last['val_loss']:.4f}, Val Acc: {last['val_acc']:.4f}{star}")


if __name__ == "__main__":
    cli.run(main, PROG)
