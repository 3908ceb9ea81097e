"""One experiment of the overfitting laboratory, trained in memory, and the shell commands that reproduce it.

`panel` puts sliders and buttons around an experiment. What a button does there is a call here, so that a notebook or a
test can do the same.
"""

import hashlib
import json
import shlex
from collections.abc import Callable, Mapping
from functools import cached_property
from importlib import resources
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trm_nav.command_lines import FIELDS, FOLLOWING, commands, notebook
from trm_nav.declaration import nearest
from trm_nav.diagnosis.findings import Finding, diagnose
from trm_nav.errors import UserError
from trm_nav.learning.device import processor_set
from trm_nav.learning.mixing import ChannelMixing
from trm_nav.learning.model import TinyRecursiveModel, count_parameters
from trm_nav.learning.training import Diverged, Training
from trm_nav.mazes import dataset
from trm_nav.mazes.dataset import Dataset
from trm_nav.navigation.plan import plan
from trm_nav.settings import DataSettings, TrainSettings

from .presets import DEFAULTS

SHOWN = 20  # mazes of either set whose policy is kept after every epoch, to look back at
SEEDS = 3  # runs of one experiment, where cure is to be told from luck
CHANGEABLE = ("lr", "dropout", "weight_decay")  # settings that can change while a run goes on
STEPS = {"seed": 1, "train_seed": 10, "test_seed": 10}  # from the seeds of one of them to those of the next

Curves: TypeAlias = dict[str, list[float]]
Plans: TypeAlias = NDArray[np.uint8]


class Stopped(Exception):
    """Raised by an `on_step` to stop an experiment where it is."""


class Experiment:
    """Makes mazes and trains a model on them, all in memory, and keeps what there is to see afterwards.

    After every epoch, `plans` gains the policy on the first 20 mazes of either set: uint8 (2, 20, n, n), the training
    mazes first; fewer than 20 if a set is smaller. `repetitions` has the curves of the same experiment with other
    seeds, one for each `repeat` that has ended.
    """

    def __init__(self, **changes: Any):
        """changes: settings that differ from DEFAULTS.

        Raises UserError for a setting that does not exist, and for a value that does not fit.
        """
        for name in changes:
            if name not in FIELDS:
                raise UserError(f"there is no setting '{name}'{nearest(name, FIELDS)}")
        self.changes = changes
        values = {**DEFAULTS, **changes}
        values.setdefault("patience", values["epochs"])  # train to the end, so that there is something to see
        self.data = DataSettings.of(DataSettings.part_of(values))
        self.settings = TrainSettings.of(TrainSettings.part_of(values))
        self.train_set, self.val_set = dataset.build(self.data)
        self.run = Training(self.settings, self.train_set, self.val_set)
        self.plans: list[Plans] = []
        self.repetitions: list[Curves] = []
        self.repeating: Experiment | None = None
        self.moved: list[tuple[int, str, float]] = []  # (epoch, setting, value) of every `change`
        self.ended = False  # by itself, not because somebody stopped it

    def train(
        self,
        on_epoch: Callable[["Experiment"], None] = lambda experiment: None,
        on_step: Callable[[float], None] | None = None,
    ) -> Self:
        """Train to the end, or until the loss diverges or a hook raises Stopped. Returns the experiment itself.

        on_epoch: called with the experiment after every epoch. on_step: called after every gradient step with the
        share of the epoch that is done.
        """
        try:
            with processor_set(self.settings.threads):  # around what happens between the epochs as well
                for _ in self.run.epochs(on_step):
                    self.plans.append(self._plans())
                    self.ended = self.run.epoch == self.settings.epochs or self.run.out_of_patience
                    on_epoch(self)
        except Diverged:
            self.ended = True
        except Stopped:
            pass
        return self

    def with_seeds(self, number: int) -> "Experiment":
        """The same experiment with its own mazes and weights, not trained; number: 1 for the next seeds, and so on."""
        return Experiment(**{**self.changes, **seeds({**DEFAULTS, **self.changes}, number)})

    def repeat(
        self,
        on_epoch: Callable[["Experiment"], None] = lambda experiment: None,
        on_step: Callable[[float], None] | None = None,
    ) -> bool:
        """Train a repetition with the next seeds. Returns whether it has ended by itself; only then it is kept.

        on_epoch, on_step: as in `train`, called with this experiment, whose `repeating` has the repetition meanwhile.
        """
        again = self.repeating = self.with_seeds(len(self.repetitions) + 1)
        try:
            again.train(lambda again: on_epoch(self), on_step)
        finally:
            self.repeating = None
        if again.ended:
            self.repetitions.append(again.history)
        return again.ended

    def change(self, name: str, value: float) -> None:
        """Change one of CHANGEABLE for the rest of the run, between two gradient steps; any thread may do it.

        `changes` and `commands` keep the value with which the run began, and `moved` remembers the new one. Raises
        UserError for a value that does not fit.
        """
        run = self.run
        run.settings = TrainSettings.of({**dict(run.settings), name: value})
        if name == "lr":
            run.schedule.base_lrs = [value]
            run.optimizer.param_groups[0]["lr"] = value * run.schedule.lr_lambdas[0](run.schedule.last_epoch)
        elif name == "weight_decay":
            run.optimizer.param_groups[0]["weight_decay"] = value
        else:
            for part in run.model.modules():
                if isinstance(part, ChannelMixing):
                    part.dropout = value
        self.moved.append((run.epoch + 1, name, value))

    def final_set(self, mazes: int) -> Dataset:
        """So many mazes that are in neither set of the experiment, not even rotated or reflected: nothing is chosen on
        them."""
        drawn = {"num_final": mazes, "final_seed": self.data.final_seed + self.settings.seed}
        return dataset.build_final(self.data.model_copy(update=drawn), self.train_set, self.val_set)

    def _plans(self) -> Plans:
        both = [part.mazes[: self.mazes_kept] for part in (self.train_set, self.val_set)]
        return np.stack([plan(self.run.model, mazes.walls, mazes.goals) for mazes in both])

    @property
    def mazes_kept(self) -> int:
        """How many mazes of either set keep their policies: SHOWN, or as many as both sets have."""
        return min(SHOWN, len(self.train_set), len(self.val_set))

    @property
    def history(self) -> Curves:
        return self.run.curves()

    @property
    def fan(self) -> list[Curves]:
        """The curves of the repetitions, of the one in progress as well."""
        return [*self.repetitions, *([self.repeating.history] if self.repeating else [])]

    @property
    def epochs_trained(self) -> int:
        """Finished epochs of the run and of its repetitions."""
        return sum(len(curves["val_acc"]) for curves in (self.history, *self.fan))

    @property
    def final_accuracies(self) -> list[float]:
        """The held-out accuracies of the last epoch, of the run and of the repetitions that have ended."""
        return [curves["val_acc"][-1] for curves in (self.history, *self.repetitions) if curves["val_acc"]]

    @property
    def model(self) -> TinyRecursiveModel:
        return self.run.model

    @property
    def findings(self) -> list[Finding]:
        """What the history shows so far; empty before the first epoch."""
        record = self.run.record()
        return diagnose(record, self.ended) if record["val_loss"] or record["diverged"] else []

    @cached_property
    def labels(self) -> int:
        """How many labelled cells the loss reads in one epoch."""
        return int((self.run.train_samples.optimal != 0).sum())

    @property
    def parameters_per_label(self) -> float:
        return count_parameters(self.model) / self.labels

    def commands(self, folder: str | None = None) -> str:
        """Two ways to reproduce the experiment exactly from a shell in the repository, as three lines: lesson 04 with
        parameters, and the commands that generate the mazes and train.

        Everything is written into `folder`; left out, a folder named after the settings.
        """
        data = self.data.model_dump(mode="json", exclude={"output_dir"})
        training = self.settings.model_dump(mode="json", exclude=FOLLOWING)
        if folder is None:
            folder = "runs/laboratory-" + hashlib.sha256(json.dumps([data, training]).encode()).hexdigest()[:8]
        lines = [notebook(data, training, folder), *commands(data, training, folder)]
        return "\n".join(map(shlex.join, lines))


def seeds(settings: Mapping[str, Any], number: int) -> dict[str, int]:
    """The seeds of a repetition of an experiment with these settings: other mazes, other weights, another order."""
    return {name: settings[name] + number * step for name, step in STEPS.items()}


def measured_quantity() -> dict[str, Any]:
    """Accuracy by number of training mazes, as `python -m benchmarks.studies.data_quantity` measured it.

    A mapping with the `command`, the `machine`, the `settings`, and the `points`: one mapping for each run.
    """
    measured: dict[str, Any] = json.loads(resources.files("trm_nav.course").joinpath("data_quantity.json").read_text())
    return measured


WORDS = {"num_train": "{:,} mazes", "augment": "augmentation", "supervision": "{} supervision", "lr": "lr {:g}"}
"Settings that `describe` does not call by their own name."


def describe(changes: Mapping[str, Any]) -> str:
    """Changed settings in words, for a list of runs; "default settings" if nothing is changed."""
    return ", ".join(_in_words(name, value) for name, value in changes.items()) or "default settings"


def _in_words(name: str, value: Any) -> str:
    words = WORDS.get(name, name.replace("_", " "))
    if isinstance(value, bool):
        return words if value else f"no {words}"
    return words.format(value) if "{" in words else f"{words} {value}"
