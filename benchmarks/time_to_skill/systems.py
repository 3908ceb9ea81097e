"""The systems that are compared, with their settings, and the settings that `tune.py` tries for the rivals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks.time_to_skill.navigators import PlainCNN, RecurrentConvolution, ValueIterationNetwork
from benchmarks.time_to_skill.published_trm import PublishedTRM
from trm_nav.settings import TrainSettings, recipe


@dataclass(frozen=True)
class System:
    """One row of the tables.

    settings: the settings of our training or, where `build` is given, the arguments of that rival's network.
    lr, epochs, batch: of a rival's training; with epochs 0 the schedule ends with the time budget.
    every: the model is evaluated only at marks that are a multiple of this many seconds.
    """

    title: str
    settings: dict[str, Any]
    build: Callable[..., torch.nn.Module] | None = None
    lr: float = 0.0
    epochs: int = 0
    batch: int = 64
    every: float = 2.5


LOCAL, TINY = recipe("local", TrainSettings), recipe("tiny", TrainSettings)
SYSTEMS = {
    "local": System("`local`", LOCAL),
    "tiny": System("`tiny`", TINY),
    "local-before": System(
        "`local` before", {**LOCAL, "dim": 32, "lr": 1e-2, "epochs": 20, "patience": 20, "batch_size": 64}
    ),
    "tiny-before": System("`tiny` before", {**TINY, "lr": 1e-2, "epochs": 60, "patience": 60}),
    "tiny-once": System("`tiny` without recursion", {**TINY, "recursions": 1, "epochs": 240, "patience": 240}),
    "recurrent": System("recurrent convolution", dict(channels=12, steps=10), RecurrentConvolution, 2e-2, 7, 32),
    "vin": System("Value Iteration Network", dict(channels=30, iterations=16), ValueIterationNetwork, 2e-2, 33),
    "cnn": System("plain CNN", dict(channels=16, depth=11), PlainCNN, 1e-2, 18),
    # Until it has learned to halt, an answer takes 252 passes of its network.
    "published": System("tiny-recursive-model", dict(dim=32), PublishedTRM, 1e-2, every=60),
}
BEFORE = {"local-before": "local", "tiny-before": "tiny"}  # the recipes as they were until November 22, 2026
GRIDS: dict[str, dict[str, list[Any]]] = {  # the settings that tune.py tries; the best ones are above
    "recurrent": dict(channels=[12, 16, 24], steps=[8, 10, 14], lr=[1e-2, 2e-2, 3e-2]),
    "vin": dict(channels=[10, 30, 50], iterations=[16, 24], lr=[5e-3, 1e-2, 2e-2]),
    "cnn": dict(shape=[dict(channels=19, depth=8), dict(channels=16, depth=11)], lr=[5e-3, 1e-2, 2e-2]),
    "published": dict(dim=[32, 64], lr=[1e-3, 3e-3, 1e-2]),
}
