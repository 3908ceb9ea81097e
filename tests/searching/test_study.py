"""A study plans every configuration once, loses none, and goes on where it stopped."""

import math

import optuna
import pytest
from optuna.trial import TrialState
from studies import opening, question

from trm_nav.errors import UserError
from trm_nav.searching.study import ATTEMPTS, CONFIGURATION, FAILED, GIVEN_BACK, KILLED

FOUR = {"dim": "4,8", "depth": "1,2"}


@pytest.fixture
def four(paths, tmp_path):
    """A study of four configurations that are planned, and how it is opened."""
    how = opening(tmp_path / "study", question(paths, FOUR))
    study = how.open()
    study.plan(4)
    return study, how


def states(study):
    return [row.state for row in study.rows()]


def test_planning_again_adds_nothing(four):
    study, how = four
    how.open().plan(4)
    assert len(study.optuna.trials) == 4 and states(study) == ["waiting"] * 4


def test_a_configuration_that_was_given_back_or_whose_worker_was_killed_is_planned_again_with_the_same_settings(four):
    study, _ = four
    for fate in (GIVEN_BACK, KILLED):
        trial = study.next("a worker")
        settings = dict(trial.params)
        study.end(trial, fate)
        study.plan()
        again = study.optuna.trials[-1]
        assert again.state == TrialState.WAITING
        assert again.user_attrs[CONFIGURATION] == trial.user_attrs[CONFIGURATION]
        assert again.system_attrs["fixed_params"] == settings


def test_a_configuration_that_failed_is_not_planned_again(four):
    study, _ = four
    study.end(study.next("a worker"), FAILED, "the loss is not a number")
    study.plan()
    assert len(study.optuna.trials) == 4
    assert study.rows()[0].state == "failed" and study.rows()[0].about["problem"] == "the loss is not a number"


@pytest.mark.slow
def test_a_configuration_whose_workers_are_killed_every_time_fails_in_the_end(paths, tmp_path):
    study = opening(tmp_path / "study", question(paths, {"dim": "4"})).open()
    study.plan(1)
    for _ in range(ATTEMPTS):
        study.end(study.next("a worker"), KILLED)
        study.plan()
    assert study.next("a worker") is None and states(study) == ["failed"]


def test_of_two_trials_that_two_machines_planned_at_once_one_is_dropped(four):
    study, how = four
    study.optuna.enqueue_trial({"dim": 4, "depth": 1}, user_attrs={CONFIGURATION: 0})
    other = how.open()
    done = [study.next("one"), other.next("two"), study.next("one"), other.next("two"), study.next("one")]
    assert done[-1] is None
    assert sorted(trial.user_attrs[CONFIGURATION] for trial in done[:-1]) == [0, 1, 2, 3]


def test_a_worker_that_comes_too_late_for_the_last_trial_gets_none(four, monkeypatch):
    study, _ = four
    for _ in range(4):
        study.next("one")
    monkeypatch.setattr(study.optuna, "get_trials", lambda *_, states=(), **__: [None] if not seen.pop() else [])
    seen = [True, False]
    assert study.next("two") is None
    monkeypatch.undo()
    assert states(study) == ["running"] * 4


def test_a_worker_that_is_not_heard_of_for_long_loses_its_trial(four, monkeypatch):
    study, _ = four
    study.next("on another machine")
    study.give_back_dead()
    assert states(study)[0] == "running"
    monkeypatch.setattr("trm_nav.searching.study.GRACE_SECONDS", 0.0)
    study.give_back_dead()
    assert states(study)[0] == "waiting"


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_more_trials_than_before_begin_with_those_of_before(paths, tmp_path, sampler):
    asked = question(paths, {"lr": "1e-4:1e-2:log", "dim": "4,8"}, sampler=sampler)
    assert asked.settings(9)[:4] == asked.settings(4)
    study = opening(tmp_path / "study", asked).open()
    study.plan(2)
    study.plan(5)
    study.plan(3)
    assert study.configurations == 5 and len(study.optuna.trials) == 5


@pytest.mark.parametrize(
    "changed, difference",
    [
        ({"search": {"dim": "4,8", "depth": "1,2,3"}}, "with searched dim=4,8 depth=1,2, and now it is"),
        ({"epochs": 7}, "with fixed "),
        ({"sampler": "random"}, "with sampler grid, and now it is random"),
        ({"pruner": "median"}, "with pruner none, and now it is median"),
    ],
)
def test_a_study_that_asks_something_else_is_not_mixed_with_the_old_one(paths, four, changed, difference):
    _, how = four
    asked = question(paths, **{"search": FOUR, **changed})
    with pytest.raises(UserError, match="the study study was begun ") as mistake:
        opening(how.folder, asked).open()
    assert difference in str(mistake.value)


def test_a_study_of_another_version_or_of_other_data_is_refused(four, monkeypatch, paths):
    _, how = four
    swapped = dict(zip(paths, reversed(paths.values()), strict=True))
    with pytest.raises(UserError, match="on other train data than the file that is named now"):
        opening(how.folder, question(swapped, FOUR)).open()
    monkeypatch.setattr("trm_nav.searching.question.__version__", "0.0")
    with pytest.raises(UserError, match="was begun with version .* of trm_nav, and this is 0.0"):
        how.open()


def test_a_new_study_does_not_begin_among_the_trials_of_another(paths, tmp_path):
    (tmp_path / "study" / "trial_0000").mkdir(parents=True)
    with pytest.raises(UserError, match="holds the trials of a study that is not in this storage"):
        opening(tmp_path / "study", question(paths, FOUR)).open()


def test_rows_have_no_value_before_their_end(four):
    study, _ = four
    assert all(math.isnan(row.value) for row in study.rows())
    assert optuna.logging.get_verbosity() == optuna.logging.ERROR
