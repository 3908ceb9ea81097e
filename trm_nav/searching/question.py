"""What is searched: everything that makes two studies the same."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from trm_nav import __version__
from trm_nav.errors import UserError
from trm_nav.mazes import dataset
from trm_nav.settings import TrainSettings

from .space import Space, grid, in_words

NOT_FIXED = {"checkpoint_dir", "resume", "overwrite"}  # every trial has a folder of its own, and goes on by itself
ELSEWHERE = {"train_path", "val_path"}  # settings that differ from machine to machine; fingerprints stand for them


@dataclass(frozen=True)
class Question:
    """A search space, and how it is searched.

    fixed: settings that are the same in every trial, as plain values.
    data: fingerprints of the training and the validation set.
    sampler: grid, random or tpe. pruner: none, median or hyperband.
    """

    space: Space
    fixed: dict[str, Any]
    data: dict[str, str]
    sampler: str
    pruner: str
    seed: int

    @classmethod
    def of(cls, fixed: Mapping[str, Any], space: Space, sampler: str = "grid", pruner: str = "none") -> Self:
        """The question what settings from a space, beside fixed ones, make of the data sets that these name.

        Raises UserError for settings or data sets that cannot be used.
        """
        settings = TrainSettings.of({"threads": 1} | {name: fixed[name] for name in fixed if name not in space})
        same = {name: value for name, value in settings if name not in NOT_FIXED | set(space) and value is not None}
        paths = {"train": settings.train_path, "val": settings.val_path}
        data = {name: dataset.load(path).fingerprint for name, path in paths.items()}
        return cls(space, same, data, sampler, pruner, settings.seed)

    def record(self) -> dict[str, str]:
        """The question in words, for the storage and for comparison with another."""
        fixed = {name: value for name, value in self.fixed.items() if name not in ELSEWHERE}
        return {
            "version": __version__,
            **{f"{name} data": fingerprint for name, fingerprint in self.data.items()},
            "sampler": self.sampler,
            "pruner": self.pruner,
            "seed": str(self.seed),
            "searched": " ".join(f"{name}={in_words(each)}" for name, each in self.space.items()),
            "fixed": " ".join(f"{name}={value}" for name, value in sorted(fixed.items())),
        }

    @property
    def combinations(self) -> int:
        """How many combinations the lists of values have; 0 if a setting has a range."""
        return math.prod(
            len(each.choices) if isinstance(each, CategoricalDistribution) else 0 for each in self.space.values()
        )

    def settings(self, configurations: int) -> list[dict[str, Any]]:
        """The settings of the first configurations; empty where the sampler waits for the results of earlier trials."""
        if self.sampler == "grid":
            return grid(self.space)[:configurations]
        if self.sampler == "tpe":
            return [{}] * configurations
        draws = optuna.create_study(sampler=RandomSampler(seed=self.seed))
        return [draws.ask(self.space).params for _ in range(configurations)]

    def sampler_of(self, configuration: int) -> BaseSampler:
        """What chooses the settings that are still open. It does not depend on which worker asks, or how often."""
        return TPESampler(seed=(self.seed * 1_000_003 + configuration) % 2**32, constant_liar=True)

    def pruner_of(self) -> BasePruner:
        if self.pruner == "median":
            return MedianPruner()
        return HyperbandPruner(max_resource=self.fixed["epochs"]) if self.pruner == "hyperband" else NopPruner()


def suggest(trial: optuna.Trial, space: Space) -> None:
    """Give a trial its settings: those it was planned with, and values from the sampler for the others."""
    for name, each in space.items():
        if isinstance(each, CategoricalDistribution):
            trial.suggest_categorical(name, each.choices)
        elif isinstance(each, IntDistribution):
            trial.suggest_int(name, each.low, each.high, log=each.log)
        elif isinstance(each, FloatDistribution):
            trial.suggest_float(name, each.low, each.high, log=each.log)


def require_same(kept: Mapping[str, str] | None, asked: Mapping[str, str], study: str) -> None:
    """Raise UserError with one sentence if a study was begun with another question."""
    for name, value in asked.items():
        before = (kept or {}).get(name)
        if before == value:
            continue
        if name.endswith(" data"):
            difference = f"on other {name} than the file that is named now"
        elif name == "version":
            difference = f"with version {before} of trm_nav, and this is {value}"
        else:
            difference = f"with {name} {before or 'unknown'}, and now it is {value or 'nothing'}"
        raise UserError(f"the study {study} was begun {difference}; repeat its command, or name another `study`")
