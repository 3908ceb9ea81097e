"""The comparison command: experiments side by side, the best first, with the settings in which they differ.

python -m trm_nav.compare experiments/*
"""

import math
import sys
from dataclasses import dataclass
from typing import Any

from trm_nav import cli
from trm_nav.diagnosis.history import History, runs_in
from trm_nav.errors import UserError
from trm_nav.text import aligned

PROG = "python -m trm_nav.compare"
# Where the files are and which were there before, and what has a column anyway.
NOT_COMPARED = {"train_path", "val_path", "checkpoint_dir", "resume", "overwrite", "epochs"}


@dataclass(frozen=True)
class ComparedRun:
    """One row of the table. Epochs count from 1; the best one, that of best.pt, has the lowest validation loss.

    settings: the configuration, and the beginning of each data set's fingerprint, which tells whether two runs saw
    the same mazes.
    """

    name: str
    best_val_acc: float
    final_val_acc: float
    best_epoch: int | None
    epochs: int
    seconds: float | None
    settings: dict[str, Any]


def main() -> None:
    parser = cli.Parser("Compare experiments: a table, the best validation accuracy first.", PROG)
    parser.add_argument(
        "experiment", nargs="+", help="folder with a history.json, in it or in its checkpoints/, or of a search"
    )
    names = [run for name in parser.parse_args().experiment for run in runs_in(name)]
    runs = []
    for name in names:
        try:
            runs.append(read(name))
        except UserError as problem:
            if len(names) == 1:
                raise
            print(f"{PROG}: {problem}", file=sys.stderr)
    if not runs:
        raise UserError("there is nothing to compare; name folders that training wrote, its `checkpoint_dir`")
    print(table(runs))


def read(name: str) -> ComparedRun:
    """The run whose history is in a folder, or in a history file itself. Raises UserError if none can be read."""
    history = History.of(name)
    if not history.epochs:
        raise UserError(f"the run in {name} diverged in its first epoch: there are no accuracies to compare")
    data = {f"{part} data": str(digest)[:8] for part, digest in history.fingerprints.items()}
    return ComparedRun(
        name=name.rstrip("/"),
        best_val_acc=max(filter(math.isfinite, history.val_acc), default=math.nan),
        final_val_acc=history.val_acc[-1],
        best_epoch=history.best_epoch,
        epochs=history.epochs,
        seconds=None if history.seconds is None else sum(history.seconds),
        settings={**history.config, **data},
    )


def table(runs: list[ComparedRun]) -> str:
    """The runs as lines of text, the best first, with a column for every setting that is not the same in all."""
    runs = sorted(runs, key=lambda run: (-run.best_val_acc, -run.final_val_acc, run.name))
    names = differing([run.settings for run in runs])
    rows = [["experiment", "best val acc", "final val acc", "best epoch", "epochs", "seconds", *names]]
    for run in runs:
        planned = f"/{run.settings['epochs']}" if "epochs" in run.settings else ""
        rows.append(
            [
                run.name,
                f"{run.best_val_acc:.4f}",
                f"{run.final_val_acc:.4f}",
                _in_words(run.best_epoch),
                f"{run.epochs}{planned}",
                "-" if run.seconds is None else f"{run.seconds:.0f}",
                *(_in_words(run.settings.get(name)) for name in names),
            ]
        )
    return aligned(rows)


def differing(settings: list[dict[str, Any]]) -> list[str]:
    """The names of the settings that are not the same in all, in the order in which they were declared."""
    names = dict.fromkeys(name for one in settings for name in one if name not in NOT_COMPARED)
    return [name for name in names if any(one.get(name) != settings[0].get(name) for one in settings)]


def _in_words(value: Any) -> str:
    """A value as it is written in the table; `-` for one that is not known or was left open."""
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    cli.run(main, PROG)
