"""Small studies: a hundred mazes of 5 x 5, and settings that train in about a second."""

from pathlib import Path
from typing import Any

from tiny import RUN

from trm_nav.searching.question import Question
from trm_nav.searching.space import space_of
from trm_nav.searching.worker import Opening


def question(
    paths: dict[str, Path], search: dict[str, str], sampler: str = "grid", pruner: str = "none", **given: Any
) -> Question:
    return Question.of(
        {**RUN, "dropout": 0.0, "patience": 1000, **paths, **given}, space_of(search, ()), sampler, pruner
    )


def opening(folder: Path, asked: Question, address: str | None = None) -> Opening:
    return Opening(address, folder, asked)
