"""Runs that take a moment, a hundred mazes of 5 x 5 and 8 numbers a cell, and what compares their results."""

from pathlib import Path
from typing import Any

import torch

from trm_nav import declaration, settings
from trm_nav.mazes import dataset

MODEL = {"dim": 8, "depth": 1, "recursions": 3}
RUN = {**MODEL, "batch_size": 32, "epochs": 3}


def write_data(folder: Path, **given: Any) -> dict[str, Path]:
    """Make the two data set files; where they are, as training's settings."""
    sets = dataset.build(settings.DataSettings(**{"num_train": 100, "num_test": 40, "grid_size": 5, **given}))
    paths = {"train_path": folder / "train.pt", "val_path": folder / "test.pt"}
    dataset.save_together(dict(zip(paths.values(), sets, strict=True)))
    return paths


def flags(**given: Any) -> list[str]:
    """The settings as a command line."""
    return declaration.flags(given)


def rounding(dtype: torch.dtype) -> float:
    """How far two computations of one number may lie apart, relative and absolute, because they round differently.

    Half of the digits of the type: 3e-4 for float32, 1e-8 for float64. The few hundred operations from a token of a
    tiny model to its logits cost two or three digits, whatever the order in which a processor adds; a computation of
    something else costs all of them.
    """
    return torch.finfo(dtype).eps ** 0.5


def assert_close(one: torch.Tensor, other: torch.Tensor) -> None:
    """The same up to rounding. For results that took different paths: other batches, kernels, or formulas."""
    tolerance = rounding(one.dtype)
    torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)


def assert_same(one: Any, other: Any, where: str = "") -> None:
    """Bit for bit the same tensors and plain values, in the same dictionaries and lists.

    For what was stored and read again, and for runs that are promised to repeat each other.
    """
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
