"""The comparison command: experiments side by side, the best first, with the settings in which they differ.

python -m trm_nav.compare experiments/*
"""

import sys
from dataclasses import dataclass
from typing import Any

from trm_nav import cli
from trm_nav.diagnosis.history import load
from trm_nav.errors import UserError

PROG = "python -m trm_nav.compare"
NOT_COMPARED = {"train_path", "val_path", "checkpoint_dir", "resume", "epochs"}  # paths, and what has a column anyway


@dataclass(frozen=True)
class Experiment:
    """What one history says. Epochs count from 1; the best one, that of best.pt, has the lowest validation loss.

    settings: the configuration and, to tell which experiments saw the same mazes, the beginning of each fingerprint.
    """

    name: str
    best_val_acc: float
    final_val_acc: float
    best_epoch: int
    epochs: int
    seconds: float | None
    settings: dict[str, Any]


def main() -> None:
    parser = cli.Parser("Compare experiments: a table, the best validation accuracy first.", PROG)
    parser.add_argument("experiment", nargs="+", help="folder with a history.json, in it or in its checkpoints/")
    experiments = []
    for name in parser.parse_args().experiment:
        try:
            experiments.append(read(name))
        except UserError as problem:
            print(f"{PROG}: {problem}", file=sys.stderr)
    if not experiments:
        raise UserError("there is nothing to compare; name folders that training wrote, as its --checkpoint-dir")
    print(table(experiments))


def read(name: str) -> Experiment:
    """The experiment in a folder, or in a history file itself. Raises UserError if there is none that can be read."""
    path, history = load(name)
    try:
        losses, accuracies = ([float(value) for value in history[name]] for name in ("val_loss", "val_acc"))
        data = {f"{name} data": digest[:8] for name, digest in history.get("fingerprints", {}).items()}
        return Experiment(
            name=name.rstrip("/"),
            best_val_acc=max(accuracies),
            final_val_acc=accuracies[-1],
            best_epoch=losses.index(min(losses)) + 1,
            epochs=len(accuracies),
            seconds=sum(history["seconds"]) if "seconds" in history else None,
            settings={**history.get("config", {}), **data},
        )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise UserError(f"{path} is not the history of a training: no epochs with val_loss and val_acc") from None


def table(experiments: list[Experiment]) -> str:
    """The experiments as lines of text, sorted, with a column for every setting that is not the same in all."""
    experiments = sorted(experiments, key=lambda one: (-one.best_val_acc, -one.final_val_acc, one.name))
    names = differing([one.settings for one in experiments])
    rows = [["experiment", "best val acc", "final val acc", "best epoch", "epochs", "seconds", *names]]
    for one in experiments:
        planned = f"/{one.settings['epochs']}" if "epochs" in one.settings else ""
        rows.append(
            [
                one.name,
                f"{one.best_val_acc:.4f}",
                f"{one.final_val_acc:.4f}",
                str(one.best_epoch),
                f"{one.epochs}{planned}",
                "-" if one.seconds is None else f"{one.seconds:.0f}",
                *(_word(one.settings.get(name)) for name in names),
            ]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows)


def differing(settings: list[dict[str, Any]]) -> list[str]:
    """The names of the settings that are not the same in all, in the order in which they were declared."""
    names = dict.fromkeys(name for one in settings for name in one if name not in NOT_COMPARED)
    return [name for name in names if any(one.get(name) != settings[0].get(name) for one in settings)]


def _word(value: Any) -> str:
    """A setting as it is written in a table; `-` for one that is not known or was left open."""
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    cli.run(main, PROG)
