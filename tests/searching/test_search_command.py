"""The command: what it searches, what it says, and what killed workers leave: nothing lost, nothing done twice."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress

import psutil
import pytest
import torch
from optuna.trial import TrialState
from studies import opening, question
from tiny import assert_same, flags

from trm_nav.searching import progress
from trm_nav.searching.progress import in_words, line
from trm_nav.searching.study import CONFIGURATION, Row
from trm_nav.searching.worker import work

SMALL = ["--recursions", "2", "--dropout", "0", "--batch-size", "32", "--patience", "1000"]


def arguments(paths, folder, *more):
    return [sys.executable, "-m", "trm_nav.search", "--study", str(folder), *flags(**paths), *SMALL, *more]


def run(paths, folder, *more, **environment):
    return subprocess.run(
        arguments(paths, folder, *more), capture_output=True, text=True, env={**os.environ, **environment}, timeout=300
    )


@pytest.mark.slow
def test_two_workers_search_a_grid_and_the_same_command_finds_it_done(paths, tmp_path):
    words = ["--search", "dim=4,8", "--search", "depth=1,2", "--epochs", "2", "--workers", "2"]
    first = run(paths, tmp_path / "grid", *words)
    assert first.returncode == 0, first.stderr
    lines = first.stdout.splitlines()
    assert sorted(line.split(" - ")[0] for line in lines[:-1]) == ["1/4", "2/4", "3/4", "4/4"]
    assert lines[-1].startswith("4 complete. Best: dim ") and "trial_000" in lines[-1]
    again = run(paths, tmp_path / "grid", *words)
    assert again.returncode == 0 and again.stdout.splitlines() == lines[-1:]


def test_a_search_that_has_ended_starts_no_worker(paths, tmp_path, monkeypatch, capsys):
    ended = opening(tmp_path / "ended", question(paths, {"dim": "4"}, epochs=1))
    ended.open().plan(1)
    work(ended)
    monkeypatch.setattr(progress, "Processes", None)
    progress.search(ended, workers=2, configurations=1)
    assert capsys.readouterr().out.startswith("1 complete. Best: ")


@pytest.mark.slow
def test_eight_workers_on_postgresql_that_are_killed_lose_nothing_and_do_nothing_twice(paths, tmp_path, postgres):
    """And the table at the end is that of one worker that nobody disturbed, to the last bit."""
    search = {"dim": "4,8", "depth": "1,2", "lr": "1e-3,1e-2"}
    words = [word for item in search.items() for word in ("--search", "=".join(item))]
    folder, output = tmp_path / "many", tmp_path / "output"
    with output.open("w") as written:
        command = subprocess.Popen(
            arguments(paths, folder, *words, "--epochs", "12", "--workers", "8"),
            stdout=written, stderr=subprocess.STDOUT, env={**os.environ, "TRM_NAV_STORAGE": postgres},
        )  # fmt: skip
        killed = kill_some(command, folder, number=6)
        assert command.wait(timeout=300) == 0, output.read_text()
    assert killed == 6
    asked = question(paths, search, recursions=2, epochs=12, dim=8, depth=1)
    alone = opening(tmp_path / "alone", asked)
    alone.open().plan(8)
    work(alone)
    assert output.read_text().splitlines()[-1].startswith("8 complete.")
    for one, other in zip(alone.open().rows(), rows_of(folder, postgres, asked), strict=True):
        assert (one.settings, one.value, one.state) == (other.settings, other.value, other.state)
        assert_same(*(torch.load(row.folder / "best.pt")["model_state_dict"] for row in (one, other)))
    complete = Counter(
        trial.user_attrs[CONFIGURATION]
        for trial in opening(folder, asked, postgres).open().optuna.trials
        if trial.state == TrialState.COMPLETE
    )
    assert complete == Counter(range(8))
    assert not [path for path in [output, *folder.rglob("*")] if path.is_file() and b"secret" in path.read_bytes()]


def rows_of(folder, address, asked):
    return opening(folder, asked, address).open().rows()


def kill_some(command, folder, number):
    """Kill workers that are training, one after the other, at random instants. Returns how many."""
    killed, choose = 0, random.Random(1)
    while killed < number and command.poll() is None:
        time.sleep(choose.uniform(0.05, 0.5))
        training = {int(path.stem.split("-")[-2]) for path in (folder / "workers").glob("*.lock")}
        if training and list(folder.glob("trial_*/last.pt")):
            with suppress(psutil.NoSuchProcess):
                victim = psutil.Process(choose.choice(sorted(training)))
                if victim.status() != psutil.STATUS_ZOMBIE:
                    victim.kill()
                    killed += 1
    return killed


@pytest.mark.slow
def test_ctrl_c_gives_back_what_was_running_with_one_line_and_status_130(paths, tmp_path):
    folder = tmp_path / "study"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background process ignores it
    command = subprocess.Popen(
        arguments(paths, folder, "--search", "dim=4,8", "--epochs", "100000"), stderr=subprocess.PIPE, text=True
    )
    signal.signal(signal.SIGINT, before)
    try:
        while not list(folder.glob("trial_*/last.pt")):
            assert command.poll() is None
            time.sleep(0.1)
        command.send_signal(signal.SIGINT)
        _, errors = command.communicate(timeout=60)
    finally:
        command.kill()  # its workers then see that they are alone
    assert (command.returncode, errors.splitlines()) == (130, ["python -m trm_nav.search: interrupted"])
    with closing(sqlite3.connect(folder / "study.db")) as database:
        states = [state for (state,) in database.execute("select state from trials")]
    assert sorted(states) == ["FAIL", "WAITING", "WAITING"]


def test_a_row_is_a_line(tmp_path):
    row = Row(2, "complete", {"dim": 8, "lr": 0.001}, 0.98765, {"seconds": 12.3, "epochs": 9}, tmp_path)
    assert line(row, 27) == "3/27 - dim 8, lr 0.001: val acc 0.9877 (12 s, 9 epochs)"
    assert line(Row(0, "failed", {}, float("nan"), {"problem": "too large"}, tmp_path), 1).endswith("failed: too large")
    running = Row(1, "running", {}, float("nan"), {}, tmp_path)
    assert in_words([row, running, running]) == "2 running, best 0.9877, about 6 s left"
