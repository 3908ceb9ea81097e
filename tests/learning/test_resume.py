"""A run that was stopped and goes on is, bit for bit, the run that was never stopped."""

import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from tiny import RUN, assert_same, flags, write_data

from trm_nav import UserError
from trm_nav import train as command
from trm_nav.learning import checkpoint
from trm_nav.learning.run import fit, prepare
from trm_nav.mazes import dataset

EPOCHS = 5
HARD = {**RUN, "epochs": EPOCHS, "save_every": 2, "dropout": 0.2, "augment": True, "device": "cpu"}
LASTING = ("epoch", "model_state_dict", "optimizer_state_dict", "scheduler_state_dict", "val_acc", "val_loss",
           "history", "early_stopping", "random_states", "fingerprints", "seed")  # fmt: skip


class Stopped(Exception):
    pass


def train(settings, stop_after=None, in_the_middle=False):
    """Train in one go or stop after some epoch, there or halfway through the next one."""
    run = prepare(settings)

    def on_epoch(run):
        if run.epoch == stop_after and not in_the_middle:
            raise Stopped

    def on_step(share):
        if run.epoch == stop_after and in_the_middle and share >= 0.5:
            raise Stopped

    try:
        fit(run, on_epoch, on_step)
    except Stopped:
        assert run.epoch == stop_after
    return run


def outcome(path):
    """What a checkpoint holds, without the time that training took."""
    saved = torch.load(path, weights_only=True)
    saved["history"].pop("seconds")
    return {name: saved[name] for name in LASTING}


def disturb():
    """Draw random numbers, as other work in between would."""
    torch.rand(3), np.random.rand(3), torch.manual_seed(0)


@pytest.mark.slow
@pytest.mark.parametrize(("mixing", "supervision"), [("mlp", "policy"), ("conv", "action")])
def test_a_resumed_run_equals_the_run_that_was_never_stopped(paths, tmp_path, mixing, supervision):
    settings = {**HARD, **paths, "mixing": mixing, "supervision": supervision}
    whole = train({**settings, "checkpoint_dir": tmp_path / "whole"})
    for stop, in_the_middle, name in [
        (2, False, "checkpoint_epoch_2"),
        (3, False, "last"),
        (3, True, "last"),
        (3, False, "checkpoint_epoch_2"),
        (1, True, "best"),
    ]:
        folder = tmp_path / f"stopped {stop} {in_the_middle} {name}"
        train({**settings, "checkpoint_dir": folder}, stop, in_the_middle)
        disturb()
        resumed = train({"resume": folder / f"{name}.pt", "overwrite": True})
        elsewhere = {"resume": None, "checkpoint_dir": 0, "overwrite": False}
        assert resumed.settings.model_copy(update=elsewhere) == whole.settings.model_copy(update=elsewhere)
        for file in ("last.pt", "best.pt", "checkpoint_epoch_4.pt"):
            assert_same(outcome(folder / file), outcome(tmp_path / "whole" / file))


@pytest.mark.slow
def test_stopping_after_every_single_epoch_changes_nothing(paths, tmp_path):
    train({**HARD, **paths, "checkpoint_dir": tmp_path / "whole"})
    train({**HARD, **paths, "checkpoint_dir": tmp_path / "parts"}, stop_after=1)
    for epoch in range(2, EPOCHS + 1):
        train({"resume": tmp_path / "parts" / "last.pt"}, stop_after=epoch)
    assert_same(outcome(tmp_path / "parts" / "last.pt"), outcome(tmp_path / "whole" / "last.pt"))


def test_patience_counts_on_where_it_stopped(paths, tmp_path, monkeypatch):
    losses = iter([1.0, 2.0, 3.0, 4.0, 5.0])
    monkeypatch.setattr("trm_nav.learning.training.Training.validate", lambda run: (next(losses), 0.5))
    train({**HARD, **paths, "patience": 3, "checkpoint_dir": tmp_path}, stop_after=2)
    assert train({"resume": tmp_path / "last.pt"}).epoch == 4


def test_a_run_can_go_on_in_another_folder_and_brings_its_best_along(paths, tmp_path, monkeypatch):
    losses = iter([3.0, 1.0, 2.0, 2.5, 2.5])
    monkeypatch.setattr("trm_nav.learning.training.Training.validate", lambda run: (next(losses), 0.5))
    train({**HARD, **paths, "checkpoint_dir": tmp_path / "one"}, stop_after=3)
    before = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    run = train({"resume": tmp_path / "one" / "last.pt", "checkpoint_dir": tmp_path / "two"})
    assert (run.epoch, run.best_epoch) == (EPOCHS, 2)
    best, old = checkpoint.load(tmp_path / "two" / "best.pt"), checkpoint.load(tmp_path / "one" / "best.pt")
    assert best.val_loss == min(run.history["val_loss"]) == 1.0
    assert_same(best.model_state_dict, old.model_state_dict)
    assert {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()} == before


def test_a_run_that_goes_on_elsewhere_brings_no_best_that_it_has_not_reached(paths, tmp_path, monkeypatch):
    losses = iter([3.0, 2.0, 1.0, *[2.5] * 9])
    monkeypatch.setattr("trm_nav.learning.training.Training.validate", lambda run: (next(losses), 0.5))
    train({**HARD, **paths, "checkpoint_dir": tmp_path / "one"})
    run = train({"resume": tmp_path / "one" / "checkpoint_epoch_2.pt", "checkpoint_dir": tmp_path / "two"})
    assert run.best_epoch == 2
    assert checkpoint.load(tmp_path / "two" / "best.pt").val_loss == min(run.history["val_loss"]) == 2.0


def test_the_data_may_have_moved_but_not_changed(paths, tmp_path):
    train({**HARD, **paths, "checkpoint_dir": tmp_path}, stop_after=2)
    moved = {name: tmp_path / path.name for name, path in paths.items()}
    for name in paths:
        shutil.copy(paths[name], moved[name])
    assert prepare({"resume": tmp_path / "last.pt", **moved}).epoch == 2
    (tmp_path / "other").mkdir()
    others = write_data(tmp_path / "other", train_seed=1, test_seed=2)
    for name in paths:
        with pytest.raises(UserError, match=f"trained on another data set .*`{name}`.*; .*`resume`"):
            prepare({"resume": tmp_path / "last.pt", name: others[name]})


def test_the_mark_for_augmentation_belongs_to_the_data(paths, tmp_path):
    train({**HARD, **paths, "checkpoint_dir": tmp_path / "run"}, stop_after=2)
    marked = write_data(tmp_path, augment=True)
    assert (dataset.load(marked["train_path"]).walls == dataset.load(paths["train_path"]).walls).all()
    with pytest.raises(UserError, match="another data set .*`train_path`"):
        prepare({"resume": tmp_path / "run" / "last.pt", **marked})


@pytest.fixture(scope="module")
def stopped(paths, tmp_path_factory):
    """The settings of a run that was stopped after its second epoch, and where its last checkpoint is."""
    folder = tmp_path_factory.mktemp("stopped")
    return train({**HARD, **paths, "checkpoint_dir": folder}, stop_after=2).settings, folder / "last.pt"


@pytest.mark.parametrize("other", [{"grid_size": 8}, {"dim": 16}, {"depth": 2}, {"dropout": 0.1}, {"recursions": 7},
                                   {"mixing": "conv"}, {"batch_size": 8}, {"lr": 0.5}, {"weight_decay": 0.5},
                                   {"seed": 1}, {"supervision": "action"}, {"augment": False},
                                   {"grow_recursions": False}, {"random_recursions": True},
                                   {"gradient_recursions": 1}])  # fmt: skip
def test_a_setting_that_contradicts_the_checkpoint_is_refused_and_the_same_one_is_not(stopped, other):
    saved, path = stopped
    ((name, value),) = other.items()
    sentence = f"^`{name}={value}` was given, but the checkpoint was trained with .*{getattr(saved, name)}"
    with pytest.raises(UserError, match=sentence):
        prepare({"resume": path, **other})
    assert prepare({"resume": path, name: getattr(saved, name)}).epoch == 2


def test_resuming_a_finished_run_says_so_and_more_epochs_let_it_go_on(paths, tmp_path):
    train({**HARD, **paths, "checkpoint_dir": tmp_path})
    before = (tmp_path / "last.pt").read_bytes()
    with pytest.raises(UserError, match=f"last.pt has finished its {EPOCHS} epochs; raise `epochs`"):
        prepare({"resume": tmp_path / "last.pt"})
    assert (tmp_path / "last.pt").read_bytes() == before
    run = train({"resume": tmp_path / "last.pt", "epochs": EPOCHS + 2})
    assert run.epoch == EPOCHS + 2 and len(run.history["lr"]) == EPOCHS + 2


def test_resuming_a_run_that_ran_out_of_patience_says_so(paths, tmp_path, monkeypatch):
    monkeypatch.setattr("trm_nav.learning.training.Training.validate", lambda run: (1.0, 0.5))
    train({**HARD, **paths, "patience": 2, "checkpoint_dir": tmp_path})
    with pytest.raises(UserError, match="last.pt stopped after 2 epochs without .*; raise `patience`"):
        prepare({"resume": tmp_path / "last.pt"})
    assert train({"resume": tmp_path / "last.pt", "patience": 9}).epoch == EPOCHS


def test_what_cannot_be_resumed_is_refused(paths, tmp_path):
    train({**HARD, **paths, "checkpoint_dir": tmp_path}, stop_after=1)
    saved = torch.load(tmp_path / "last.pt", weights_only=True)
    checkpoint.save({name: saved[name] for name in saved if name != "random_states"}, tmp_path / "part.pt")
    for path, sentence in [
        (tmp_path / "none.pt", "there is no checkpoint at"),
        (tmp_path / "part.pt", "has no random_states"),
        (paths["train_path"], "is not a checkpoint of this project"),
    ]:
        with pytest.raises(UserError, match=sentence):
            prepare({"resume": path})


# The command itself, in a process that gets a signal at the same place on every machine: halfway through epoch 2.

SIGNALLED = """
import os, signal, sys
from trm_nav import cli, train
from trm_nav.learning.training import Training

number, learn = int(sys.argv.pop(1)), Training._train
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background process inherits that it is ignored

def learn_until_signalled(run, on_step):
    def hear(share):
        on_step(share)
        if run.epoch == 1 and share >= 0.5:
            os.kill(os.getpid(), number)

    return learn(run, hear)

Training._train = learn_until_signalled
cli.run(train.main, train.PROG)
"""


def run_until(number, **settings):
    words = [sys.executable, "-c", SIGNALLED, str(int(number)), *flags(**settings)]
    return subprocess.run(words, capture_output=True, text=True)


@pytest.mark.slow
def test_a_killed_command_goes_on_in_another_folder_as_if_it_had_not_been_killed(paths, tmp_path, monkeypatch, capsys):
    killed, resumed, whole = (tmp_path / name for name in ("killed", "resumed", "whole"))
    ran = run_until(signal.SIGKILL, **HARD, **paths, checkpoint_dir=killed)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    assert outcome(killed / "last.pt")["epoch"] == 1
    printed = []
    going_on = {"resume": killed / "last.pt", "checkpoint_dir": resumed}
    for settings in (going_on, {**HARD, **paths, "checkpoint_dir": whole}):
        monkeypatch.setattr(sys, "argv", ["train.py", *flags(**settings)])
        command.main()
        said, complaint = capsys.readouterr()
        assert complaint == ""
        *lines, _, finding = said.splitlines()  # without the line that tells the seconds
        printed.append([*lines, finding])
    assert printed[0] == printed[1][1:]
    for file in ("last.pt", "best.pt", "checkpoint_epoch_4.pt"):
        assert_same(outcome(resumed / file), outcome(whole / file))


@pytest.mark.slow
def test_an_interrupted_command_leaves_status_130_one_line_and_checkpoints_to_go_on_from(paths, tmp_path):
    ran = run_until(signal.SIGINT, **HARD, **paths, checkpoint_dir=tmp_path)
    assert (ran.returncode, ran.stderr) == (130, "python -m trm_nav.train: interrupted\n")
    assert {path.name for path in tmp_path.iterdir()} == {"best.pt", "last.pt", "history.json", ".lock"}
    for file in tmp_path.glob("*.pt"):
        assert outcome(file)["epoch"] == 1
    assert prepare({"resume": tmp_path / "last.pt"}).epoch == 1
