"""The training command: trains a model, prints one line per epoch, and ends with a diagnosis.

python -m trm_nav.train --recipe tiny
"""

from typing import TYPE_CHECKING

from trm_nav import cli
from trm_nav.diagnosis.findings import diagnose
from trm_nav.settings import RECIPES, TrainSettings, recipe

if TYPE_CHECKING:
    from trm_nav.learning.training import Training

PROG = "python -m trm_nav.train"


def main() -> None:
    parser = cli.Parser("Train a Tiny Recursive Model to walk mazes like A*.", PROG, TrainSettings)
    parser.add_argument(
        "--recipe", metavar="|".join(RECIPES), help="start from named settings; other flags override them"
    )
    arguments = parser.parse_args()
    given = {**recipe(arguments.recipe, TrainSettings), **parser.given(arguments)}

    from trm_nav.learning.run import fit, prepare, progress  # here, so that --help and a mistyped flag answer at once

    run = prepare(given)
    with progress(run) as (on_step, write):
        fit(run, on_epoch=lambda run: write(epoch_line(run)), on_step=on_step)
    print(summary(run))
    print(cli.in_flags(f"Diagnosis: {diagnose(run.record())[0]}"))


def summary(run: "Training") -> str:
    """The line at the end: the best epoch, the size of the model, the time, the checkpoint."""
    from trm_nav.learning.model import count_parameters

    best = run.best_epoch - 1
    return (
        f"Best epoch {run.best_epoch}: val loss {run.history['val_loss'][best]:.4f}, "
        f"val acc {run.history['val_acc'][best]:.4f}; "
        f"{count_parameters(run.model):,} parameters, {run.epoch} epochs in {sum(run.history['seconds']):.0f} s; "
        f"{run.settings.checkpoint_dir / 'best.pt'}"
    )


def epoch_line(run: "Training") -> str:
    """The line after an epoch; `*` marks the lowest validation loss so far."""
    last = {name: values[-1] for name, values in run.history.items()}
    star = " *" if run.improved else ""
    return (
        f"Epoch {run.epoch}/{run.settings.epochs} - "
        f"Train Loss: {last['train_loss']:.4f}, Train Acc: {last['train_acc']:.4f} "
        f"Val Loss: {last['val_loss']:.4f}, Val Acc: {last['val_acc']:.4f}{star}"
    )


if __name__ == "__main__":
    cli.run(main, PROG)
