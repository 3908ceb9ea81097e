"""The overfitting laboratory without its buttons: one experiment, its presets, and the commands that repeat it.

`laboratory_panel.py` puts sliders around it. What a button does there is a call here, so that tests and other programs
can do the same.
"""

import hashlib
import json
import shlex
from collections.abc import Callable, Mapping
from functools import cached_property
from importlib import resources
from typing import Any, Self

import numpy as np

from trm_nav.diagnosis.findings import Finding, diagnose
from trm_nav.errors import UserError
from trm_nav.learning.device import processor_set
from trm_nav.learning.model import count_parameters
from trm_nav.learning.training import Diverged, Training
from trm_nav.mazes import dataset
from trm_nav.navigation.plan import plan
from trm_nav.settings import RECIPES, DataSettings, TrainSettings, flags, nearest

from .presets import DEFAULTS

SHOWN = 20  # mazes of either kind whose policy is kept after every epoch, to look back


class Stopped(Exception):
    """What an `on_step` raises to end an experiment where it is."""


class Experiment:
    """A data set made and a model trained in memory, with what there is to see afterwards.

    Every epoch leaves the policy on the first 20 mazes of either set in `plans`: uint8 (2, 20, n, n), the training
    mazes first.
    """

    def __init__(self, **changes: Any):
        """changes: settings that differ from DEFAULTS. Raises UserError for one that does not exist or does not fit."""
        known = {**DataSettings.model_fields, **TrainSettings.model_fields}
        for name in changes:
            if name not in known:
                raise UserError(f"there is no setting '{name}'{nearest(name, known)}")
        self.changes = changes
        values = {**DEFAULTS, **changes}
        values.setdefault("patience", values["epochs"])  # to the end, so that there is something to see
        self.data, self.settings = (
            kind.of({name: value for name, value in values.items() if name in kind.model_fields})
            for kind in (DataSettings, TrainSettings)
        )
        self.train_set, self.val_set = dataset.build(self.data)
        self.run = Training(self.settings, self.train_set, self.val_set)
        self.plans: list[np.ndarray] = []
        self.ended = False  # as planned, and not because somebody stopped it

    def train(
        self,
        on_epoch: Callable[["Experiment"], None] = lambda experiment: None,
        on_step: Callable[[float], None] | None = None,
    ) -> Self:
        """Train to the end, or until the loss diverges or `on_step` raises Stopped. Returns the experiment itself."""
        try:
            with processor_set(self.settings.threads):  # for what happens between the epochs as well
                for _ in self.run.epochs(on_step):
                    self.plans.append(self._plans())
                    self.ended = self.run.epoch == self.settings.epochs or self.run.out_of_patience
                    on_epoch(self)
        except Diverged:
            self.ended = True
        except Stopped:
            pass
        return self

    def _plans(self) -> np.ndarray:
        both = [part.mazes[:SHOWN] for part in (self.train_set, self.val_set)]
        count = min(map(len, both))
        return np.stack([plan(self.run.model, mazes.walls[:count], mazes.goals[:count]) for mazes in both])

    @property
    def history(self) -> dict[str, list[float]]:
        return self.run.history

    @property
    def model(self):
        return self.run.model

    @property
    def findings(self) -> list[Finding]:
        """What the history shows by now; empty before the first epoch."""
        record = self.run.record()
        return diagnose(record, self.ended) if record["val_loss"] or record["diverged"] else []

    @cached_property
    def labels(self) -> int:
        """How many answers the loss compares with in one epoch."""
        return int((self.run.train_samples.optimal != 0).sum())

    @property
    def parameters_per_label(self) -> float:
        return count_parameters(self.model) / self.labels

    def commands(self, folder: str | None = None) -> str:
        """The two ways to repeat the experiment from a shell in the repository, number for number.

        Everything goes to `folder`; left out, one that is named after the settings.
        """
        data = self.data.model_dump(mode="json", exclude={"output_dir"})
        training = self.settings.model_dump(
            mode="json", exclude={"train_path", "val_path", "checkpoint_dir", "resume", "grid_size", "augment"}
        )  # the last two follow the data
        if folder is None:
            folder = "runs/laboratory-" + hashlib.sha256(json.dumps([data, training]).encode()).hexdigest()[:8]
        notebook = ["papermill", "notebooks/04_train.ipynb", "out.ipynb", "-p", "output_dir", folder]
        for name, value in _unlike({**data, **training}, {**RECIPES["tiny"], "epochs": 9}).items():
            notebook += ["-p", name, str(value)]
        generate = ["python", "scripts/generate_dataset.py", "--output-dir", f"{folder}/data", *flags(_unlike(data))]
        train = [
            "python",
            "-m",
            "trm_nav.train",
            "--train-path",
            f"{folder}/data/train.pt",
            "--val-path",
            f"{folder}/data/test.pt",
            "--checkpoint-dir",
            f"{folder}/checkpoints",
            *flags(_unlike(training)),
        ]
        return "\n".join(map(shlex.join, (notebook, generate, train)))


def measured_quantity() -> dict[str, Any]:
    """Accuracy by number of training mazes as `benchmarks/data_quantity.py` measured it: settings, machine, points."""
    return json.loads(resources.files("trm_nav.course").joinpath("data_quantity.json").read_text())


def describe(settings: Mapping[str, Any]) -> str:
    """Settings that differ from `DEFAULTS`, in words, for a list of runs."""
    words = {"num_train": "{:,} mazes", "augment": "augmentation", "supervision": "{} supervision", "lr": "lr {:g}"}
    parts = []
    for name, value in settings.items():
        if value is False:
            parts.append(f"no {words.get(name, name)}")
        else:
            parts.append(words.get(name, name.replace("_", " ") + " {}").format(value))
    return ", ".join(parts) or "as at first"


def _unlike(values: Mapping[str, Any], taken: Mapping[str, Any] = {}) -> dict[str, Any]:
    """The values that differ from those taken when nothing is given: these, and else the defaults."""
    fields = {**TrainSettings.model_fields, **DataSettings.model_fields}
    taken = {**{name: field.default for name, field in fields.items()}, **taken}
    return {name: value for name, value in values.items() if value != taken[name]}
