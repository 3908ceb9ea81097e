"""A folder belongs to one run, and whatever happens to it, its files agree with the run's last checkpoint."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import RUN, assert_same, flags

from trm_nav import UserError, cli
from trm_nav import train as train_command
from trm_nav.learning import checkpoint
from trm_nav.learning.folder import held
from trm_nav.learning.run import fit, prepare

pytestmark = pytest.mark.slow  # every one trains
EPOCHS = 4


def settings_for(paths, folder, **other):
    return {**RUN, **paths, "epochs": EPOCHS, "save_every": 2, "device": "cpu", "checkpoint_dir": folder, **other}


def trained(paths, folder, **other):
    run = prepare(settings_for(paths, folder, **other))
    fit(run)
    return run


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".pt", ".json")}


def assert_agreement(folder, epoch):
    """All files are of one run: the last checkpoint's, with its history and its best model."""
    last = checkpoint.load_run(folder / "last.pt")
    best = checkpoint.load(folder / "best.pt")
    history = json.loads((folder / "history.json").read_text())
    assert last.epoch == epoch == len(history["val_loss"])
    assert (best.epoch, best.val_loss) == (last.early_stopping.best_epoch, min(last.history["val_loss"]))
    assert_same(best.model_state_dict, last.best.model_state_dict)
    assert {last.run, best.run, history["run"]} == {last.run}
    for path in folder.glob("checkpoint_epoch_*.pt"):
        saved = checkpoint.load(path)
        assert path.name == f"checkpoint_epoch_{saved.epoch}.pt" and saved.epoch <= epoch and saved.run == last.run


def losses(monkeypatch, *values):
    """Let the validation losses of all epochs to come be these."""
    values = iter(values)
    monkeypatch.setattr("trm_nav.learning.training.Training.validate", lambda run: (next(values), 0.5))


@pytest.fixture(scope="module")
def finished(paths, tmp_path_factory):
    """The folder of a finished run whose best epoch is its second; all its files, and those of its first epoch."""
    folder, older = tmp_path_factory.mktemp("finished"), {}

    def keep(run):
        if run.epoch == 1:
            older.update(contents(folder))

    with pytest.MonkeyPatch.context() as monkeypatch:
        losses(monkeypatch, 3.0, 2.0, 4.0, 5.0)
        fit(prepare(settings_for(paths, folder)), keep)
    return folder, contents(folder), older


def test_a_run_does_not_start_in_another_runs_folder(paths, tmp_path):
    trained(paths, tmp_path)
    before = contents(tmp_path)
    with pytest.raises(UserError, match="holds another run: go on with it from .*last.pt .*`overwrite=True`"):
        prepare(settings_for(paths, tmp_path, seed=1))
    assert contents(tmp_path) == before


def test_with_overwrite_nothing_of_the_older_run_is_left_once_an_epoch_is_finished(paths, tmp_path):
    trained(paths, tmp_path, epochs=6)
    (tmp_path / "notes.txt").write_text("the reader's own")
    before = contents(tmp_path)
    run = prepare(settings_for(paths, tmp_path, seed=1, epochs=3, overwrite=True))
    assert contents(tmp_path) == before
    fit(run)
    assert_agreement(tmp_path, 3)
    assert checkpoint.load(tmp_path / "last.pt").run == run.id
    assert not (tmp_path / "checkpoint_epoch_6.pt").exists() and (tmp_path / "notes.txt").exists()


@pytest.mark.parametrize("lost", ["history.json", "best.pt", "checkpoint_epoch_2.pt", "last.pt"])
@pytest.mark.parametrize("how", ["missing", "damaged", "older"])
def test_what_is_missing_damaged_or_older_than_the_last_checkpoint_is_written_again(finished, lost, how):
    folder, whole, older = finished
    for name, content in whole.items():  # as the run has left them, whatever another case has done
        (folder / name).write_bytes(content)
    going_on = folder / "last.pt"
    if lost == "last.pt":
        going_on = folder / "checkpoint_epoch_4.pt"
    if how == "missing":
        (folder / lost).unlink()
    elif how == "damaged":
        (folder / lost).write_bytes(whole[lost][:-100])
    else:
        (folder / lost).write_bytes(older.get(lost, older["best.pt"]))
    for _ in range(2):  # once to repair, once to find that nothing is left to do
        with pytest.raises(UserError, match=f"has finished its {EPOCHS} epochs"):
            prepare({"resume": going_on})
        if lost != "checkpoint_epoch_2.pt":  # which the last checkpoint says nothing of
            assert_agreement(folder, EPOCHS)


def test_going_on_from_an_earlier_checkpoint_is_refused_where_later_epochs_would_be_mixed_up_with_it(
    paths, tmp_path, monkeypatch
):
    losses(monkeypatch, 5.0, 4.0, 3.0, 2.0, 9.0, 8.0)
    trained(paths, tmp_path)
    before = contents(tmp_path)
    earlier = tmp_path / "checkpoint_epoch_2.pt"
    with pytest.raises(UserError, match="holds later epochs .* go on from .*last.pt of epoch 4, .*`overwrite=True`"):
        prepare({"resume": earlier, "epochs": 3})
    assert contents(tmp_path) == before

    run = prepare({"resume": earlier, "epochs": 3, "overwrite": True})
    fit(run)
    assert run.best_epoch == 2 and run.best_val_loss == 4.0
    assert_agreement(tmp_path, 3)
    assert set(contents(tmp_path)) == {"best.pt", "last.pt", "history.json", "checkpoint_epoch_2.pt"}


def test_a_run_that_goes_on_in_another_folder_is_another_run_there(paths, tmp_path):
    first = trained(paths, tmp_path / "one")
    run = prepare({"resume": tmp_path / "one" / "checkpoint_epoch_2.pt", "checkpoint_dir": tmp_path / "two"})
    fit(run)
    assert run.id != first.id
    assert_agreement(tmp_path / "one", EPOCHS)
    assert_agreement(tmp_path / "two", EPOCHS)
    with pytest.raises(UserError, match="two holds another run"):
        prepare({"resume": tmp_path / "one" / "checkpoint_epoch_2.pt", "checkpoint_dir": tmp_path / "two"})


def test_a_checkpoint_of_another_run_in_the_folder_is_noticed(paths, tmp_path):
    trained(paths, tmp_path / "other")
    trained(paths, tmp_path / "run")
    shutil.copy(tmp_path / "other" / "checkpoint_epoch_2.pt", tmp_path / "run")
    with pytest.raises(UserError, match="run holds another run"):
        prepare({"resume": tmp_path / "run" / "last.pt", "epochs": 6})


def test_two_trainings_cannot_write_into_one_folder(paths, tmp_path):
    first, second = (prepare(settings_for(paths, tmp_path, seed=seed)) for seed in (0, 1))
    refusals = []

    def start_the_second(run):
        try:
            fit(second)
        except UserError as refusal:
            refusals.append(str(refusal))

    fit(first, on_epoch=start_the_second)
    assert len(refusals) == EPOCHS and all("another training is writing into" in said for said in refusals)
    with pytest.raises(UserError, match="holds another run"):
        fit(second)
    assert_agreement(tmp_path, EPOCHS)
    assert checkpoint.load(tmp_path / "last.pt").run == first.id


def test_a_folder_is_held_against_other_processes_and_let_go_by_one_that_is_killed(
    paths, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", ["train.py", *flags(**settings_for(paths, tmp_path))])
    holding = "import sys; from pathlib import Path; from trm_nav.learning.folder import held\n"
    holding += "with held(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", holding, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match="another training"), held(tmp_path):
            pass
        with pytest.raises(SystemExit) as ended:
            cli.run(train_command.main, train_command.PROG)
        assert ended.value.code == 2 and "another training is writing into" in capsys.readouterr().err
        holder.kill()
    with held(tmp_path):
        pass


def test_a_run_that_diverges_in_its_first_epoch_leaves_an_older_run_alone_unless_it_may_replace_it(
    paths, tmp_path, monkeypatch
):
    trained(paths, tmp_path)
    losses(monkeypatch, *[float("nan")] * 9)
    run = prepare(settings_for(paths, tmp_path / "new"))
    with pytest.raises(UserError, match="the loss is not a number in epoch 1"):
        fit(run)
    assert [path.name for path in (tmp_path / "new").glob("[!.]*")] == ["history.json"]
    run = prepare(settings_for(paths, tmp_path, overwrite=True))
    with pytest.raises(UserError, match="the loss is not a number in epoch 1"):
        fit(run)
    assert set(contents(tmp_path)) == {"history.json"}
    assert prepare(settings_for(paths, tmp_path)).epoch == 0


def test_temporary_files_of_killed_processes_are_swept_and_those_of_living_ones_are_not(paths, tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    stale, alive, other = (tmp_path / name for name in (f".last.pt.{ended.pid}.tmp", f".a.{os.getpid()}.tmp", ".b.tmp"))
    for path in (stale, alive, other):
        path.touch()
    trained(paths, tmp_path)
    assert not stale.exists() and alive.exists() and other.exists()


def test_a_checkpoint_that_cannot_be_removed_is_named(paths, tmp_path, monkeypatch):
    trained(paths, tmp_path)
    run = prepare(settings_for(paths, tmp_path, seed=1, overwrite=True))

    def refuse(path, missing_ok=False):
        if path.suffix == ".pt":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(UserError, match="cannot remove .*best.pt: Read-only file system; name another"):
        fit(run)
