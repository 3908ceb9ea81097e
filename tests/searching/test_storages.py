"""Where a study can be kept, what is said when that does not answer, and that no password is ever said."""

import gc
import os
import resource
import signal
import socket
import subprocess
import sys
import time
import warnings

import optuna
import pytest
from sqlalchemy import create_engine
from studies import opening, question
from tiny import flags

from trm_nav.diagnosis.history import History
from trm_nav.errors import UserError
from trm_nav.searching.storages import connect, one_sentence, place

SECRET = "geheim"
HANG = 120  # seconds, after which a command is taken to wait for ever


def test_without_an_address_the_study_is_a_file_in_its_folder(tmp_path):
    connect(None, tmp_path / "new" / "study")
    assert (tmp_path / "new" / "study" / "study.db").is_file()


def test_a_journal_on_a_disk_keeps_a_study_as_well(paths, tmp_path):
    how = opening(tmp_path / "study", question(paths, {"dim": "4,8"}), f"journal:{tmp_path / 'shared' / 'log'}")
    how.open().plan(2)
    assert len(how.open().rows()) == 2 and (tmp_path / "shared" / "log").is_file()


@pytest.mark.parametrize(
    "kind", ["postgresql", "mysql", "postgresql+psycopg2", pytest.param("grpc", marks=pytest.mark.slow)]
)
def test_a_storage_that_does_not_answer_is_named_by_host_and_port_alone(kind, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UserError) as mistake:
        connect(f"{kind}://me:{SECRET}@127.0.0.1:{port}/course", tmp_path)
    said = str(mistake.value)
    assert SECRET not in said
    assert f"127.0.0.1:{port}" in said or "pip install" in said


@pytest.mark.parametrize(
    "address",
    [
        f"redis://:{SECRET}@host",
        SECRET,
        "",
        f"postgresql://me:{SECRET}@host:port/x",
        f"postgresql://me:{SECRET}@[host/x",
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(address, tmp_path):
    with pytest.raises(UserError, match="`storage` (must begin with postgresql://|is no address)") as mistake:
        connect(address, tmp_path)
    assert SECRET not in str(mistake.value)


def test_a_disk_that_fails_beside_a_database_repeats_no_address_either():
    with pytest.raises(UserError) as mistake, one_sentence(f"postgresql://me:{SECRET}@db/course"):
        raise OSError(5, "Input/output error", "train.pt")
    assert str(mistake.value) == "cannot read or write train.pt: Input/output error; name another folder"


def test_host_and_port_have_the_usual_values():
    assert place("postgresql://me@db/course") == ("db", 5432)
    assert place("grpc://proxy:13001") == ("proxy", 13001)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="database cannot be read or written|cannot read or write"):
        connect(None, tmp_path / "file" / "study")


@pytest.mark.slow
def test_a_study_that_is_no_longer_used_leaves_no_connection_open(postgres, paths, tmp_path):
    study = opening(tmp_path / "closed", question(paths, {"dim": "4,8"}), postgres).open()
    study.plan(2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del study
        gc.collect()  # pytest makes a failure of what a connection says when it is deleted while it is open


def searching(paths, folder, address):
    """A search that takes longer than any test."""
    words = [*flags(**paths), "--search", "dim=4", "--recursions", "2", "--batch-size", "32", "--epochs", "100000"]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background process ignores it
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "trm_nav.search", "--study", str(folder), "--patience", "100000", *words],
            env={**os.environ, "TRM_NAV_STORAGE": address}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)


def wait_for(something, command):
    """Wait until it is true, for as long as the command runs."""
    while not something():
        assert command.poll() is None, command.communicate()
        time.sleep(0.05)


@pytest.mark.slow
def test_a_database_that_vanishes_in_a_search_is_one_sentence_and_the_same_command_goes_on_when_it_is_back(
    server, paths, tmp_path
):
    folder = tmp_path / "study"
    run = folder / "trial_0000"
    command = searching(paths, folder, server.address)
    try:
        wait_for((run / "last.pt").exists, command)
        server.stop()
        said, errors = command.communicate(timeout=HANG)
    finally:
        command.kill()
        server.start()
    assert (command.returncode, said) == (2, "")
    (sentence,) = errors.splitlines()
    assert f"the storage at 127.0.0.1:{server.port} does not answer" in sentence
    assert "secret" not in sentence and "course" not in sentence
    saved = History.of(run).train_loss

    command = searching(paths, folder, server.address)
    try:
        wait_for(lambda: History.of(run).train_loss != saved, command)
        command.send_signal(signal.SIGINT)
        _, errors = command.communicate(timeout=HANG)
    finally:
        command.kill()
    assert (command.returncode, len(errors.splitlines())) == (130, 1), errors
    assert History.of(run).train_loss[: len(saved)] == saved  # it has gone on, from the last epoch that was saved


@pytest.mark.slow
def test_a_disk_that_is_full_in_the_middle_of_a_search_is_one_sentence_and_loses_no_trial(paths, tmp_path):
    how = opening(tmp_path / "study", question(paths, {"lr": "1e-4:1e-2:log"}, sampler="random"))
    study = how.open()
    study.plan(2)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:  # no file may grow beyond what the database has now, in this process
        resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "study" / "study.db").stat().st_size, before[1]))
        with pytest.raises(UserError, match="database cannot be read or written.*free some space"), one_sentence(None):
            study.plan(200)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    planned = len(how.open().rows())
    how.open().plan(3)
    assert planned >= 2 and len(how.open().rows()) >= 3


@pytest.mark.slow
def test_a_database_that_has_become_read_only_is_one_sentence_and_loses_no_trial(paths, tmp_path):
    folder, asked = tmp_path / "study", question(paths, {"dim": "4,8"})
    opening(folder, asked).open().plan(2)
    address = f"sqlite:///file:{folder / 'study.db'}?mode=ro&uri=true"
    with pytest.raises(UserError, match="database cannot be read or written"):
        opening(folder, asked, address).open()
    assert len(opening(folder, asked).open().rows()) == 2


@pytest.mark.slow
def test_a_wrong_password_is_refused_in_one_sentence(postgres, tmp_path):
    with pytest.raises(UserError, match="does not answer, or refuses this user") as mistake:
        connect(postgres.replace("secret", SECRET), tmp_path)
    assert SECRET not in str(mistake.value)
    assert optuna.logging.get_verbosity() == optuna.logging.ERROR


def test_a_connection_that_ctrl_c_interrupts_is_thrown_away_without_a_word(monkeypatch, caplog):
    def interrupted(_):
        raise KeyboardInterrupt

    engine = create_engine("sqlite://")
    connection = engine.connect()
    monkeypatch.setattr(engine.dialect, "do_rollback", interrupted)
    with pytest.raises(KeyboardInterrupt):
        connection.close()
    assert not caplog.records
