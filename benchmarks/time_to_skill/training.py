"""The data that all systems share, and the training of one system under a watch."""

import dataclasses

import torch

from benchmarks.time_to_skill.clock import Watch
from benchmarks.time_to_skill.fitting import Fit, fit
from benchmarks.time_to_skill.published_trm import PublishedTRM
from benchmarks.time_to_skill.systems import System
from trm_nav.learning.device import processor_set
from trm_nav.learning.reproducibility import set_seed
from trm_nav.learning.samples import Samples
from trm_nav.learning.training import Training
from trm_nav.mazes.dataset import Dataset, build
from trm_nav.mazes.grids import Mazes
from trm_nav.settings import DataSettings, TrainSettings, recipe

HELD_OUT, VALIDATION = 2000, 500  # mazes
ENDLESS = 10_000  # epochs


def data() -> tuple[Dataset, Dataset, Mazes]:
    """The training set, the validation set, and held-out mazes that neither set contains in any orientation."""
    train_set, test = build(DataSettings.of({**recipe("tiny", DataSettings), "num_test": VALIDATION + HELD_OUT}))
    first = {name: getattr(test, name)[:VALIDATION] for name in ("walls", "starts", "goals", "optimal")}
    return train_set, dataclasses.replace(test, **first), test.mazes[VALIDATION:]


def train(system: System, seed: int, threads: int, watch: Watch, train_set: Dataset, val_set: Dataset) -> None:
    """Train to the end of the schedule, or until the watch raises OutOfTime."""
    epochs = _train_ours if system.build is None else _train_rival
    watch.evaluate(epochs(system, seed, threads, watch, train_set, val_set))


def _train_ours(system: System, seed: int, threads: int, watch: Watch, train_set: Dataset, val_set: Dataset) -> int:
    """Returns the number of epochs."""
    settings = {**system.settings, "seed": seed, "threads": threads, "device": "cpu"}
    training = Training(TrainSettings.of(settings), train_set, val_set)
    watch.model = training.model
    for _ in training.epochs(lambda part: watch(training.epoch + part)):
        pass
    return training.epoch


def _train_rival(system: System, seed: int, threads: int, watch: Watch, train_set: Dataset, _: Dataset) -> int:
    """Returns the number of epochs."""
    assert system.build is not None
    set_seed(seed)
    watch.model = model = system.build(**system.settings)
    optimizer = torch.optim.AdamW(model.parameters(), lr=system.lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    epochs = system.epochs or ENDLESS
    with processor_set(threads):
        run = Fit(
            samples=Samples.of(train_set, "policy", torch.device("cpu")),
            batch_size=system.batch,
            epochs=epochs,
            optimizer=optimizer,
            sampler=torch.Generator().manual_seed(seed),
            share=None if system.epochs else watch.share,
            on_step=watch,
        )
        if isinstance(model, PublishedTRM):  # it has its own training loop
            model.fit(run)
        else:
            fit(model, run)
    return epochs
