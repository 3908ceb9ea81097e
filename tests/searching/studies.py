"""Small studies: a hundred mazes of 5 x 5, and settings that train in about a second."""

from pathlib import Path
from typing import Any

from tiny import RUN

from trm_nav.mazes import dataset
from trm_nav.searching.question import Question
from trm_nav.searching.space import space_of
from trm_nav.searching.worker import Opening
from trm_nav.settings import TrainSettings


def question(
    paths: dict[str, Path], search: dict[str, str], sampler: str = "grid", pruner: str = "none", **given: Any
) -> Question:
    fixed = {**RUN, "threads": 1, "dropout": 0.0, "patience": 1000, **paths, **given}
    space = space_of(search, ())
    data = {name: dataset.load(path).fingerprint for name, path in zip(("train", "val"), paths.values(), strict=True)}
    settings = TrainSettings.of({name: value for name, value in fixed.items() if name not in space})
    left_out = {"checkpoint_dir", "resume", "overwrite", *space}
    same = {name: value for name, value in settings if name not in left_out and value is not None}
    return Question(space, same, data, sampler, pruner, settings.seed)


def opening(folder: Path, asked: Question, address: str | None = None) -> Opening:
    return Opening(address, folder, asked)
