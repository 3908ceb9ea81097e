"""The diagnosis command: what the history of a training shows, and what to try next, the first thing to try first.

python -m trm_nav.diagnose checkpoints/history.json
"""

import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from trm_nav import cli
from trm_nav.diagnosis.findings import Finding, diagnose
from trm_nav.diagnosis.history import History, runs_in
from trm_nav.diagnosis.remedies import Remedy
from trm_nav.errors import UserError

PROG = "python -m trm_nav.diagnose"
Guess = Callable[[str], dict[str, float]]  # from a kind of supervision to the loss and accuracy of guessing


def main() -> None:
    parser = cli.Parser("Say what the history of a training shows, and what to try next.", PROG)
    parser.add_argument(
        "history",
        nargs="+",
        help="JSON file with the lists train_loss, train_acc, val_loss and val_acc, or a folder with a "
        "history.json, in it or in its checkpoints/, or of a search",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        type=Path,
        help="data set, such as data/test.pt, for histories that do not say what guessing would reach",
    )
    arguments = parser.parse_args()
    chance = None if arguments.data is None else chance_on(arguments.data)
    names = [run for name in arguments.history for run in runs_in(name)]
    if len(names) == 1:
        print(report(names[0], chance))
        return
    reports = []
    for name in names:
        try:
            reports.append(f"{name}\n{report(name, chance)}")
        except UserError as problem:
            print(f"{PROG}: {problem}", file=sys.stderr)
    if not reports:
        raise UserError("there is nothing to diagnose; name history files, or folders that training wrote")
    print("\n\n".join(reports))


def chance_on(path: Path) -> Guess:
    """What guessing would reach on a data set, for either kind of supervision. Raises UserError for a bad file."""
    import torch  # here, so that a diagnosis without a data set needs no torch

    from trm_nav.learning.loss import chance
    from trm_nav.learning.samples import Samples
    from trm_nav.mazes import dataset

    mazes = dataset.load(path)

    @cache
    def guess(supervision: str) -> dict[str, float]:
        samples = Samples.of(mazes, supervision, torch.device("cpu"))
        return chance(samples.optimal, samples.agents)

    return guess


def report(name: str, chance: Guess | None = None) -> str:
    """The findings on one history, as lines of text; `chance` is asked if the history does not know it.

    Raises UserError if there is no history that can be read.
    """
    history = History.of(name)
    if chance and history.chance is None:
        guess = chance(history.settings.get("supervision", "policy"))
        history = history.model_copy(update={"chance": {"train": guess, "val": guess}})
    lines: list[str] = []
    shown: list[list[Remedy]] = []
    for finding in diagnose(history):
        lines.append(f"{finding.heading}: {finding.evidence}")
        if finding.remedies and finding.remedies in shown:
            lines.append("  the same remedies")
        else:
            lines += [
                f"  {number}. {advice(remedy, history.settings)}"
                for number, remedy in enumerate(finding.remedies, start=1)
            ]
        shown.append(finding.remedies)
    return "\n".join(lines)


def advice(remedy: Remedy, settings: Mapping[str, Any]) -> str:
    """A remedy in words, the flags for it, and the values that these would change, if they are known."""
    if not remedy.changes:
        return remedy.what
    where = " of scripts/generate_dataset.py" if "num_train" in remedy.changes else ""  # training only reads its data
    now = [_in_words(settings[name]) for name in remedy.changes if name in settings]
    known = f" (now {' and '.join(now)})" if len(now) == len(remedy.changes) else ""
    return f"{remedy.what}: {cli.in_flags(remedy.settings)}{where}{known}"


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


class _CallableModule(ModuleType):
    """`trm_nav.diagnose` names a function of the library, but importing this command puts this module in its place.

    Calling the module calls the function, so that the name works either way.
    """

    def __call__(self, history: Any, finished: bool = True) -> list[Finding]:
        return diagnose(history, finished)


sys.modules[__name__].__class__ = _CallableModule

if __name__ == "__main__":
    cli.run(main, PROG)
