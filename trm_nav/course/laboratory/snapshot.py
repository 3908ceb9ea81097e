"""What the panel draws of an experiment, as plain values: a run of laboratory_view.js."""

from typing import Any

from trm_nav.course.web import presets
from trm_nav.learning.model import count_parameters
from trm_nav.mazes.encoding import encode

from .experiment import Experiment

KNOWN: dict[str, Any] = presets.settings()["defaults"]


def snapshot(experiment: Experiment, number: int, running: bool = False) -> dict[str, Any]:
    """A run: its settings, the records of its seeds that have ended, the last record, and how it can be reproduced.

    number: of the run. running: whether it goes on, perhaps with another seed.
    """
    first = experiment.run.record()
    goes_on = running and not experiment.ended
    repeating = experiment.repeating
    return {
        "number": number,
        "settings": settings_of(experiment.changes),
        "records": [] if goes_on else [first, *experiment.repetitions],
        "record": repeating.run.record() if repeating else first,
        "parameters": count_parameters(experiment.model),
        "labels": experiment.labels,
        "state": "running" if running else "ended",
        "why": "" if running or experiment.ended else "stopped",
        "commands": _commands(experiment),
    }


def started(changes: dict[str, Any], number: int) -> dict[str, Any]:
    """A run whose mazes are being made."""
    return {"number": number, "settings": settings_of(changes), "records": [], "record": None, "state": "running"}


def settings_of(changes: dict[str, Any]) -> dict[str, Any]:
    """All settings of a run that the front end knows, with these changes."""
    return {**KNOWN, **{name: value for name, value in changes.items() if name in KNOWN}}


def policies(experiment: Experiment, maze: int) -> dict[str, Any] | None:
    """The policy after the last epoch in one maze of either set; None before the first.

    maze: its number, from 1; the last that is kept, if there are fewer.
    """
    if not experiment.plans:
        return None
    index = min(maze, experiment.mazes_kept) - 1
    drawn = {}
    sets = {"train": experiment.train_set, "val": experiment.val_set}
    for (name, part), actions in zip(sets.items(), experiment.plans[-1], strict=True):
        row, column = part.starts[index].tolist()
        drawn[name] = {
            "tokens": encode(part.walls[index : index + 1], part.goals[index : index + 1])[0].tolist(),
            "agent": row * part.grid_size + column,
            "optimal": part.optimal[index].ravel().tolist(),
            "actions": actions[index].ravel().tolist(),
        }
    return drawn


def _commands(experiment: Experiment) -> str:
    """The commands that reproduce a run; before them what they leave out, if a setting was moved on the way."""
    moved = ", ".join(f"{name}={value:g} from epoch {epoch} on" for epoch, name, value in experiment.moved)
    return f"# without {moved}\n{experiment.commands()}" if moved else experiment.commands()
