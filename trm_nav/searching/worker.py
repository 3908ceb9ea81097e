"""A worker: takes one trial after another and trains each in its own folder, from its last checkpoint if it has one."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from trm_nav.diagnosis.history import History
from trm_nav.errors import UserError
from trm_nav.files import CannotWrite
from trm_nav.learning.model import count_parameters, outline
from trm_nav.learning.run import Finished, fit, prepare
from trm_nav.learning.training import Training
from trm_nav.settings import ModelSettings

from .presence import present
from .question import Question
from .storages import connect, one_sentence
from .study import BEAT, CONFIGURATION, FAILED, GIVEN_BACK, Study

BEAT_SECONDS = 15.0  # between two signs of life
POLL_SECONDS = 2.0  # between two looks for a trial that another worker's end has freed


class Lost(Exception):
    """The trial was given to another worker, because this one was not heard of for too long."""


@dataclass(frozen=True)
class Opening:
    """All that a process needs to open a study."""

    address: str | None
    folder: Path
    question: Question

    def open(self) -> Study:
        """Raises UserError for a storage that does not answer, and for a study that asks another question."""
        storage = connect(self.address, self.folder)
        with one_sentence(self.address):
            return Study(storage, self.folder, self.question)


def work(opening: Opening, alone: Callable[[], bool] = lambda: False) -> None:
    """Do trials until every configuration has ended.

    alone: asked now and then; True when whoever started the worker is gone, so that it gives its trial back and ends.
    """
    study = opening.open()
    with present(opening.folder) as name, one_sentence(opening.address):
        while not alone():
            trial = study.next(name)
            if trial is not None:
                do(study, trial, alone)
            elif any(row.state in ("waiting", "running") for row in study.rows()):
                time.sleep(POLL_SECONDS)
                study.give_back_dead()
            else:
                return


def do(study: Study, trial: optuna.Trial, alone: Callable[[], bool] = lambda: False) -> None:
    """Train what a trial asks for, and tell the study what became of it. A trial that is interrupted is given back."""
    folder, state = study.folder_of(trial.user_attrs[CONFIGURATION]), TrialState.COMPLETE
    try:
        try:
            train(study, trial, folder, alone)
        except optuna.TrialPruned:
            state = TrialState.PRUNED
        value, about = result(folder)
        for name, noted in about.items():
            trial.set_user_attr(name, noted)
        study.optuna.tell(trial, value if state == TrialState.COMPLETE else None, state=state, skip_if_finished=True)
    except (Lost, UpdateFinishedTrialError):
        return
    except UserError as problem:
        if isinstance(problem, CannotWrite):  # which says nothing about the settings
            _give_back(study, trial)
            raise
        study.end(trial, FAILED, str(problem))
    except BaseException:
        _give_back(study, trial)
        raise


def _give_back(study: Study, trial: optuna.Trial) -> None:
    study.end(trial, GIVEN_BACK)
    study.plan()


def train(study: Study, trial: optuna.Trial, folder: Path, alone: Callable[[], bool]) -> None:
    """Train a trial to its end, from where an earlier attempt stopped. Raises TrialPruned where the pruner says so."""
    beats = Beats(trial, alone)
    try:
        run = _begun(study.question.fixed | trial.params, folder, beats)
    except Finished:  # by a worker that was killed before it could say so
        return
    for epoch, accuracy in enumerate(run.history["val_acc"], start=1):
        trial.report(accuracy, epoch)

    def on_epoch(run: Training) -> None:
        trial.report(run.history["val_acc"][-1], run.epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    fit(run, on_epoch, beats)


def result(folder: Path) -> tuple[float, dict[str, Any]]:
    """The validation accuracy of the best model of a run, and what is noted beside it."""
    history = History.of(folder)
    best = history.best_epoch
    assert best is not None  # a run that diverged has failed
    about = {
        "parameters": count_parameters(outline(ModelSettings.of(ModelSettings.part_of(history.config)))),
        "epochs": history.epochs,
        "best_epoch": best,
        "val_loss": history.val_loss[best - 1],
        "seconds": math.fsum(history.seconds or ()),
    }
    return history.val_acc[best - 1], about


def _begun(settings: dict[str, Any], folder: Path, beats: "Beats") -> Training:
    """The run in a trial's folder, from its last checkpoint if that can be read, once no other worker writes there."""
    last = folder / "last.pt"
    while True:
        try:
            if last.exists():
                return prepare({"resume": last, "checkpoint_dir": folder} | _paths(settings))
            return prepare(settings | {"checkpoint_dir": folder, "overwrite": True})
        except UserError as problem:
            if isinstance(problem, Finished):
                raise
            if "another training is writing" in str(problem):
                time.sleep(POLL_SECONDS)
                beats(0)
            elif last.exists():
                last.unlink()
            else:
                raise


def _paths(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name in ("train_path", "val_path")}


class Beats:
    """Called after every gradient step: gives a sign of life now and then, and ends a worker that nobody wants."""

    def __init__(self, trial: optuna.Trial, alone: Callable[[], bool]):
        self.trial, self.alone, self.count, self.last = trial, alone, 0, time.monotonic()

    def __call__(self, share: float) -> None:
        if time.monotonic() - self.last < BEAT_SECONDS:
            return
        if self.alone():
            raise KeyboardInterrupt
        self.count, self.last = self.count + 1, time.monotonic()
        try:
            self.trial.set_user_attr(BEAT, self.count)
        except UpdateFinishedTrialError:
            raise Lost from None
