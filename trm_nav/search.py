"""The search command: tries many settings, on one machine or many, and goes on where it stopped.

python -m trm_nav.search --grid
python -m trm_nav.search --ranges --search lr=1e-4:1e-2:log --trials 50 --workers 2
"""

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trm_nav import cli
from trm_nav.errors import UserError
from trm_nav.settings import RECIPES, SearchSettings, TrainSettings, recipe

if TYPE_CHECKING:
    from trm_nav.searching.question import Question

PROG = "python -m trm_nav.search"
TRIALS = 27  # where there is no grid, as many as in the guide's


class Settings(SearchSettings, TrainSettings):
    """How to search, and the settings that are the same in every trial."""


def main() -> None:
    parser = cli.Parser("Search for settings: many trainings, the best first.", PROG, Settings)
    _add_flags(parser)
    arguments = parser.parse_args()
    given = parser.given(arguments)
    how = SearchSettings.of(SearchSettings.part_of(given))
    flags = TrainSettings.part_of(given)
    address = how.storage or os.environ.get("TRM_NAV_STORAGE") or None

    # Here, so that --help and a mistyped flag answer at once.
    from trm_nav.searching.progress import search
    from trm_nav.searching.question import NOT_FIXED
    from trm_nav.searching.worker import Opening

    if arguments.test and not arguments.report:
        raise UserError("--test looks at its mazes once, when the search is over: give it together with --report")
    for name in sorted(NOT_FIXED & set(flags)):
        raise UserError(f"`{name}` has no meaning here: each trial has a folder in the study, and goes on by itself")
    question = asked(arguments, how, flags)
    opening = Opening(address, how.study, question)
    if arguments.report:
        from trm_nav.searching.report import FOLDER, write
        from trm_nav.searching.storages import one_sentence

        with one_sentence(address):
            print(write(opening.open(), Path(arguments.test) if arguments.test else None))
        print(f"Pictures and a notebook: {how.study / FOLDER}")
        return
    most = question.combinations if question.sampler == "grid" else how.trials or TRIALS
    search(opening, how.workers, min(most, how.trials or most))


def _add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--recipe", metavar="|".join(RECIPES), help="start from named settings; other flags override them"
    )
    parser.add_argument("--grid", action="store_true", help="search the training guide's grid of 27, 50 epochs each")
    parser.add_argument("--ranges", action="store_true", help="search the training guide's table of ranges")
    parser.add_argument(
        "--search",
        action="append",
        default=[],
        metavar="NAME=RANGE",
        help="search a setting: a list, dim=32,64, or a range, lr=1e-4:1e-2:log; may be repeated",
    )
    parser.add_argument(
        "--report", action="store_true", help="with the words of the search: write its tables and pictures instead"
    )
    parser.add_argument("--test", metavar="PATH", help="with --report: mazes on which nothing was chosen")


def asked(arguments: argparse.Namespace, how: SearchSettings, flags: dict[str, Any]) -> "Question":
    """What the command line asks to search. Raises UserError if that cannot be searched."""
    from trm_nav.searching.question import Question
    from trm_nav.searching.space import GRID, GRID_EPOCHS, RANGES, space_of

    if arguments.grid and arguments.ranges:
        raise UserError("--grid and --ranges are two spaces: choose one, and change it with --search")
    ranges = {name: text for name, text in (GRID if arguments.grid else RANGES if arguments.ranges else {}).items()
              if name not in flags}  # fmt: skip
    for word in arguments.search:
        name, sign, text = word.partition("=")
        if not sign:
            raise UserError(f"--search needs NAME=RANGE, such as lr=1e-4:1e-2:log, not '{word}'")
        ranges[name.replace("-", "_")] = text
    if not ranges:
        raise UserError("there is nothing to search: give --grid, --ranges or --search NAME=RANGE")
    space = space_of(ranges, flags)
    epochs = {"epochs": GRID_EPOCHS} if arguments.grid else {}
    fixed = {**epochs, **recipe(arguments.recipe, TrainSettings), **flags}
    question = Question.of(fixed, space, how.sampler or "grid", how.pruner)
    if how.sampler is None and (question.combinations == 0 or how.trials is not None):
        return replace(question, sampler="random")
    return question


if __name__ == "__main__":
    cli.run(main, PROG)
