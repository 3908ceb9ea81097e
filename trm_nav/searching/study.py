"""A study: the configurations that are planned, the trials of each, and what became of them.

Optuna keeps the study and its trials. A configuration is one planned combination of settings; it has a number, counted
from 0, and a folder for its run. A trial is one attempt at it: one whose worker is killed will never end by itself, and
another goes on with the same configuration in the same folder. No configuration is lost and none is finished twice,
however many workers there are:

- all configurations wait as trials from the beginning, and Optuna gives each trial to one worker;
- `plan` adds a trial for each configuration that has none which waits, runs or has ended. Two machines that do so at
  once add two; whoever gets the later of such twins drops it.
"""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError, UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from trm_nav.diagnosis.history import TRIALS
from trm_nav.errors import UserError

from . import presence
from .question import Question, require_same, suggest

# Names of what a trial carries beside its settings.
CONFIGURATION, WORKER, BEAT, FATE, PROBLEM = "configuration", "worker", "beat", "fate", "problem"
# Fates of a trial that failed. Its configuration is planned again unless it failed itself.
FAILED, GIVEN_BACK, KILLED, TWIN = "failed", "given back", "killed", "twin"
GRACE_SECONDS = 180.0  # without a sign of life, after which a trial is given to another worker
ATTEMPTS = 10  # at a configuration, all of whose workers were killed, before it counts as failed


@dataclass(frozen=True)
class Row:
    """What became of a configuration.

    state: waiting, running, complete, pruned or failed.
    value: validation accuracy of the best model, or of the last epoch if it was pruned; NaN if there is none.
    about: what the worker noted: parameters, seconds, epochs, best_epoch, val_loss; or problem, a sentence.
    """

    number: int
    state: str
    settings: dict[str, Any]
    value: float
    about: dict[str, Any]
    folder: Path


class Study:
    """A study in a storage, and the folder in which its runs keep their files."""

    def __init__(self, storage: BaseStorage, folder: Path, question: Question):
        """Open a study, or begin it.

        Raises UserError if it exists and asks another question, and if the folder holds the trials of another study.
        """
        self.folder, self.question, self._storage = folder, question, storage
        asked = question.record()
        name = folder.resolve().name
        if any(folder.glob(TRIALS)) and name not in optuna.get_all_study_names(storage):
            raise UserError(f"{folder} holds the trials of a study that is not in this storage; name another `study`")
        try:
            self.optuna = optuna.create_study(storage=storage, study_name=name, direction="maximize")
            self.optuna.set_user_attr("question", asked)
        except DuplicatedStudyError:
            self.optuna = optuna.load_study(study_name=name, storage=storage)
            require_same(_question_in(self.optuna), asked, name)
        self.optuna.pruner = question.pruner_of()
        self._seen: dict[int, tuple[Any, float]] = {}  # of each running trial: its last sign of life, and when it came

    def plan(self, configurations: int = 0) -> None:
        """Plan at least so many configurations, and again those whose trials were killed or given back."""
        wanted = max(configurations, self.configurations)
        if wanted > self.configurations:
            self.optuna.set_user_attr("configurations", wanted)
        attempts, settings = self.attempts(), None
        for number in range(wanted):
            tried = attempts.get(number, [])
            if any(map(_holds, tried)) or _given_up(tried):
                continue
            settings = settings or self.question.settings(wanted)
            begun = [trial.params for trial in tried if trial.params]
            self.optuna.enqueue_trial(begun[-1] if begun else settings[number], user_attrs={CONFIGURATION: number})

    @property
    def configurations(self) -> int:
        """How many configurations are planned."""
        planned: int = self.optuna.user_attrs.get("configurations", 0)
        return planned

    def attempts(self) -> dict[int, list[FrozenTrial]]:
        """The trials of each configuration, in their order, without twins."""
        found: dict[int, list[FrozenTrial]] = {}
        for trial in self.optuna.get_trials(deepcopy=False):
            if CONFIGURATION in trial.user_attrs and trial.user_attrs.get(FATE) != TWIN:
                found.setdefault(trial.user_attrs[CONFIGURATION], []).append(trial)
        return found

    def next(self, worker: str) -> optuna.Trial | None:
        """A trial for a worker to do, with its settings; None if none waits."""
        while self.optuna.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            trial = self.optuna.ask()
            number = trial.user_attrs.get(CONFIGURATION)  # none if another worker took the last one that waited
            if number is None or self._has_an_older_twin(trial.number, number):
                self.end(trial, TWIN)
                continue
            trial.set_user_attr(WORKER, worker)
            self.optuna.sampler = self.question.sampler_of(number)
            suggest(trial, self.question.space)
            return trial
        return None

    def _has_an_older_twin(self, trial: int, configuration: int) -> bool:
        return any(other.number < trial and _holds(other) for other in self.attempts().get(configuration, ()))

    def end(self, trial: optuna.Trial | FrozenTrial, fate: str, problem: str = "") -> None:
        """End a trial without a value, unless it has ended already."""
        try:
            for name, value in {FATE: fate, PROBLEM: problem}.items():
                if value:
                    self._storage.set_trial_user_attr(trial._trial_id, name, value)
            self.optuna.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
        except UpdateFinishedTrialError:
            return

    def give_back_dead(self) -> None:
        """Plan again what was given to workers that are no longer there."""
        running = self.optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        dead = [trial for trial in running if self._is_dead(trial)]
        for trial in dead:
            self.end(trial, KILLED)
        if dead:
            self.plan()

    def _is_dead(self, trial: FrozenTrial) -> bool:
        """Whether a trial's worker is known to have ended, or has not been heard of for too long.

        Clocks of two machines may differ, so what counts is how long this process has seen no change.
        """
        worker = trial.user_attrs.get(WORKER)
        life, now = (worker, trial.user_attrs.get(BEAT)), time.monotonic()
        last, since = self._seen.get(trial.number, (None, now))
        if life != last:
            self._seen[trial.number] = life, now
            since = now
        return now - since > GRACE_SECONDS or (worker is not None and presence.has_ended(self.folder, worker))

    def rows(self) -> list[Row]:
        """What became of each planned configuration, in their order."""
        attempts = self.attempts()
        return [self._row(number, attempts.get(number, [])) for number in range(self.configurations)]

    def _row(self, number: int, tried: list[FrozenTrial]) -> Row:
        last = next(filter(_holds, tried), tried[-1] if tried else None)
        folder = self.folder_of(number)
        if last is None:
            return Row(number, "waiting", {}, math.nan, {}, folder)
        state = {TrialState.FAIL: "failed"}.get(last.state, last.state.name.lower())
        if state == "failed" and last.user_attrs.get(FATE) in (GIVEN_BACK, KILLED):
            state = "failed" if _given_up(tried) else "waiting"
        value = math.nan if last.value is None else last.value
        settings = last.params or last.system_attrs.get("fixed_params", {})
        return Row(number, state, settings, value, dict(last.user_attrs), folder)

    def folder_of(self, configuration: int) -> Path:
        return self.folder / f"trial_{configuration:04d}"


def _holds(trial: FrozenTrial) -> bool:
    """Whether its configuration needs no further trial."""
    return trial.state != TrialState.FAIL or trial.user_attrs.get(FATE) == FAILED


def _given_up(tried: list[FrozenTrial]) -> bool:
    """Whether too many of a configuration's workers were killed."""
    return sum(trial.user_attrs.get(FATE) == KILLED for trial in tried) >= ATTEMPTS


def _question_in(study: optuna.Study) -> dict[str, str] | None:
    """What a study was begun with. The machine that begins it may need a moment to write it down."""
    for _ in range(50):
        if question := study.user_attrs.get("question"):
            return dict(question)
        time.sleep(0.1)
    return None
