"""A worker: takes one trial after another and trains each in its own folder, from its last checkpoint if it has one."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from trm_nav.diagnosis.history import History
from trm_nav.errors import UserError
from trm_nav.files import CannotWrite
from trm_nav.learning.checkpoint import load_run
from trm_nav.learning.folder import Occupied
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


AFRESH = {"overwrite": True}  # whatever cannot be read is replaced when the first epoch is finished


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
                study.plan()  # what somebody gave back who could not plan it again any more
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
    except BaseException as problem:
        if isinstance(problem, UserError) and not isinstance(problem, CannotWrite):
            study.end(trial, FAILED, str(problem))
            return
        study.end(trial, GIVEN_BACK)  # nothing is known about the settings
        study.plan()
        raise


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
    """The run in a trial's folder, once no other worker writes there: from its last checkpoint if that can be read.

    Raises UserError if that is the checkpoint of a run with other settings.
    """
    given = settings | {"checkpoint_dir": folder}
    while True:
        try:
            return prepare(given | ({"resume": folder / "last.pt"} if _readable(folder / "last.pt") else AFRESH))
        except Occupied:
            time.sleep(POLL_SECONDS)
            beats(0)


def _readable(path: Path) -> bool:
    with suppress(UserError):
        load_run(path)
        return True
    return False


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
