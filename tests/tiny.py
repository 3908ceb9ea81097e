"""Runs that take a moment: a hundred mazes of 5 x 5, and a model that keeps 8 numbers a cell."""

from pathlib import Path
from typing import Any

import torch

from trm_nav.mazes import dataset
from trm_nav.settings import DataSettings

MODEL = {"dim": 8, "depth": 1, "recursions": 3}
RUN = {**MODEL, "batch_size": 32, "epochs": 3}


def write_data(folder: Path, **settings) -> dict[str, Path]:
    """Make the two data set files; where they are, as training's settings."""
    sets = dataset.build(DataSettings(**{"num_train": 100, "num_test": 40, "grid_size": 5, **settings}))
    paths = {"train_path": folder / "train.pt", "val_path": folder / "test.pt"}
    dataset.save_together(dict(zip(paths.values(), sets, strict=True)))
    return paths


def flags(**settings) -> list[str]:
    """The settings as a command line."""
    words = []
    for name, value in settings.items():
        flag = name.replace("_", "-")
        words += [f"--{flag}" if value else f"--no-{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]
    return words


def assert_same(one: Any, other: Any, where: str = "") -> None:
    """Bit for bit the same tensors and plain values, in the same dictionaries and lists."""
    assert type(one) is type(other), where
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype and torch.equal(one, other), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), where
        for index, pair in enumerate(zip(one, other, strict=True)):
            assert_same(*pair, f"{where}[{index}]")
    else:
        assert one == other, where
