"""A worker trains what a study asks for, and an interrupted trial goes on from its last checkpoint."""

import pytest
import torch
from studies import opening, question
from tiny import assert_same

from trm_nav.errors import UserError
from trm_nav.files import CannotWrite
from trm_nav.learning.run import fit, prepare
from trm_nav.searching import worker
from trm_nav.searching.study import KILLED
from trm_nav.searching.worker import do, work


def weights(folder):
    return torch.load(folder / "best.pt")["model_state_dict"]


@pytest.mark.slow
def test_a_trial_is_the_run_that_the_training_command_makes_of_the_same_settings(paths, tmp_path):
    how = opening(tmp_path / "study", question(paths, {"dim": "4", "lr": "1e-3,1e-2"}))
    how.open().plan(2)
    work(how)
    for row in how.open().rows():
        run = prepare({**how.question.fixed, **row.settings, "checkpoint_dir": tmp_path / f"alone {row.number}"})
        fit(run)
        assert_same(weights(row.folder), weights(run.settings.checkpoint_dir))
        best = run.best_epoch - 1
        assert (row.state, row.value) == ("complete", run.history["val_acc"][best])
        assert row.about["val_loss"] == run.history["val_loss"][best] and row.about["best_epoch"] == run.best_epoch
        assert row.about["parameters"] == sum(weight.numel() for weight in run.model.parameters())


@pytest.mark.slow
def test_an_interrupted_trial_is_given_back_and_goes_on_as_if_it_had_not_been(paths, tmp_path, monkeypatch):
    asked = question(paths, {"dim": "4"}, epochs=4, dropout=0.2)
    untouched, interrupted = opening(tmp_path / "one", asked), opening(tmp_path / "two", asked)
    for how in (untouched, interrupted):
        how.open().plan(1)
    work(untouched)

    class Interrupting(worker.Beats):
        steps = 0

        def __call__(self, share):
            self.steps += 1
            if self.steps == 10:  # in the third epoch
                raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(worker, "Beats", Interrupting)
        work(interrupted)
    [row] = interrupted.open().rows()
    assert row.state == "waiting" and (row.folder / "last.pt").exists()
    work(interrupted)
    [again], [whole] = interrupted.open().rows(), untouched.open().rows()
    assert again.value == whole.value
    assert_same(weights(again.folder), weights(whole.folder))


@pytest.mark.slow
def test_a_run_that_had_finished_before_its_worker_could_say_so_is_not_trained_again(paths, tmp_path):
    how = opening(tmp_path / "study", question(paths, {"dim": "4"}))
    study = how.open()
    study.plan(1)
    run = prepare({**how.question.fixed, "dim": 4, "checkpoint_dir": study.folder_of(0)})
    fit(run)
    before = (study.folder_of(0) / "last.pt").stat().st_mtime_ns
    work(how)
    [row] = study.rows()
    assert row.state == "complete" and row.value == run.history["val_acc"][run.best_epoch - 1]
    assert (study.folder_of(0) / "last.pt").stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_checkpoint_that_cannot_be_read_is_no_end_the_trial_begins_again(paths, tmp_path):
    how = opening(tmp_path / "study", question(paths, {"dim": "4"}))
    study = how.open()
    study.plan(1)
    study.folder_of(0).mkdir()
    (study.folder_of(0) / "last.pt").write_bytes(b"half a file")
    work(how)
    assert study.rows()[0].state == "complete"


@pytest.mark.slow
def test_a_trial_that_was_given_back_by_a_worker_that_could_not_plan_it_again_is_planned_by_another(
    paths, tmp_path, monkeypatch
):
    how = opening(tmp_path / "study", question(paths, {"dim": "4"}))
    study = how.open()
    study.plan(1)
    study.end(study.next("killed"), KILLED)
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.0)
    work(how)
    assert [row.state for row in study.rows()] == ["complete"]


def test_the_checkpoint_of_a_run_with_other_settings_is_neither_taken_for_the_trial_nor_lost(paths, tmp_path):
    how = opening(tmp_path / "study", question(paths, {"dim": "4"}))
    study = how.open()
    study.plan(1)
    fit(prepare({**how.question.fixed, "dim": 8, "checkpoint_dir": study.folder_of(0)}))
    before = (study.folder_of(0) / "last.pt").read_bytes()
    work(how)
    assert study.rows()[0].about["problem"].startswith("`dim=4` was given, but the checkpoint was trained with 8")
    assert (study.folder_of(0) / "last.pt").read_bytes() == before


@pytest.mark.slow
def test_a_trial_that_diverges_or_does_not_fit_together_has_failed_and_says_why(paths, tmp_path):
    how = opening(tmp_path / "study", question(paths, {"halting": "False,True"}))
    how.open().plan(2)
    work(how)
    rows = how.open().rows()
    assert [row.state for row in rows] == ["complete", "failed"]
    assert rows[1].about["problem"] == "`halting` needs `mixing=conv` or `mixing=cross`, not mlp"


@pytest.mark.slow
def test_a_full_disk_says_nothing_about_the_settings_and_the_trial_goes_on_later(paths, tmp_path, monkeypatch):
    how = opening(tmp_path / "study", question(paths, {"dim": "4,8"}))
    how.open().plan(2)

    def full(run):
        raise CannotWrite("cannot write last.pt: No space left on device")

    with monkeypatch.context() as patch, pytest.raises(UserError, match="No space left on device"):
        patch.setattr("trm_nav.learning.folder.save", full)
        work(how)
    assert [row.state for row in how.open().rows()] == ["waiting", "waiting"]
    work(how)
    assert [row.state for row in how.open().rows()] == ["complete", "complete"]


def test_a_worker_whose_trial_was_given_to_another_stops_and_says_nothing(paths, tmp_path, monkeypatch):
    how = opening(tmp_path / "study", question(paths, {"dim": "4"}))
    study = how.open()
    study.plan(1)
    trial = study.next("asleep")
    study.end(trial, "killed")
    study.plan()
    monkeypatch.setattr(worker, "BEAT_SECONDS", 0.0)
    do(study, trial)
    assert [row.state for row in study.rows()] == ["waiting"]
    assert study.optuna.trials[0].value is None


@pytest.mark.slow
def test_the_median_pruner_ends_what_is_below_the_median_and_keeps_its_files(paths, tmp_path):
    learning_rates = "1e-2,2e-2,1.5e-2,1.2e-2,2.5e-2,1e-7"
    how = opening(tmp_path / "study", question(paths, {"lr": learning_rates, "dim": "4"}, pruner="median", epochs=6))
    how.open().plan(6)
    work(how)
    rows = how.open().rows()
    assert rows[-1].state == "pruned" and rows[-1].about["epochs"] < 6
    assert (rows[-1].folder / "last.pt").exists()
