"""The command that makes data sets, run as a newcomer runs it."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tqdm

from trm_nav import UserError
from trm_nav.mazes import dataset
from trm_nav.settings import DataSettings

SCRIPT = Path(__file__).parents[2] / "scripts" / "generate_dataset.py"


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """The command, called in this process from an empty folder: (exit status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["generate_dataset.py", *map(str, words)])
        try:
            runpy.run_path(str(SCRIPT), run_name="__main__")
            status = 0
        except SystemExit as leaving:
            status = leaving.code
        return status, *capsys.readouterr()

    return call


@pytest.mark.slow
def test_from_any_folder_it_writes_two_sets_and_counts_them(tmp_path):
    words = ["--num-train", "600", "--num-test", "40", "--augment", "--verify"]
    ran = subprocess.run([sys.executable, SCRIPT, *words], cwd=tmp_path, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")  # no progress bar where nobody watches
    train, test = (dataset.load(tmp_path / "data" / name) for name in ("train.pt", "test.pt"))
    assert (len(train), len(test), train.augment) == (600, 40, True)
    assert "600 mazes of 8 x 8, kind random, obstacle density 0.2, 4,800 with the 8 symmetries" in ran.stdout
    assert "data/test.pt: 40 mazes of 8 x 8, " in ran.stdout
    assert "A* agrees with the expert on all 240 mazes" in ran.stdout


def test_every_flag_arrives_in_the_files_and_small_grids_count_their_different_mazes(command, tmp_path):
    status, said, complaint = command(
        *("--num-train", 500, "--num-test", 50, "--grid-size", 4, "--obstacle-density", 0.1),
        *("--train-seed", 7, "--test-seed", 8, "--output-dir", tmp_path / "a" / "b"),
    )
    assert (status, complaint) == (0, "")
    train, test = (dataset.load(tmp_path / "a" / "b" / name) for name in ("train.pt", "test.pt"))
    assert (train.grid_size, train.sampling.obstacle_density, train.seed, test.seed) == (4, 0.1, 7, 8)
    assert train.augment is False and "with the 8 symmetries" not in said
    different = dataset.count_distinct(train.mazes)
    assert f"500 mazes of 4 x 4, kind random, obstacle density 0.1 ({different} different" in said


def test_the_kinds_are_named_and_stand_in_the_files(command, tmp_path):
    status, said, complaint = command(
        *("--num-train", 300, "--num-test", 20, "--grid-size", 9, "--kind", "random,depth-first,wilson", "--verify"),
        *("--obstacle-density", "0.02..0.5", "--holes", "0..0.1", "--output-dir", tmp_path),
    )
    assert (status, complaint) == (0, "")
    words = "kinds random, depth-first, wilson, obstacle density 0.02..0.5, holes 0.0..0.1"
    assert f"300 mazes of 9 x 9, {words}, " in said
    assert dataset.load(tmp_path / "test.pt").sampling.described() == words


def test_a_third_set_is_made_on_request_and_leaves_the_other_two_bit_for_bit_as_they_are(command, tmp_path):
    sizes = ("--num-train", 300, "--num-test", 30, "--augment")
    assert command(*sizes, "--output-dir", tmp_path / "two")[0] == 0
    status, said, complaint = command(
        *sizes, "--num-final", 40, "--final-seed", 5, "--verify", "--output-dir", tmp_path / "three"
    )
    assert (status, complaint) == (0, "")
    assert "A* agrees with the expert on all 270 mazes" in said
    assert "No maze is in two of the sets" in said and "final.pt: 40 mazes of 8 x 8, " in said
    assert sorted(os.listdir(tmp_path / "two")) == ["test.pt", "train.pt"]
    assert sorted(os.listdir(tmp_path / "three")) == ["final.pt", "test.pt", "train.pt"]
    for name in ("train.pt", "test.pt"):
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "three" / name).read_bytes()
    final = dataset.load(tmp_path / "three" / "final.pt")
    assert (len(final), final.seed, final.augment) == (40, 5, False)


def test_an_older_third_set_stays_and_is_said_to_be_older(command, tmp_path):
    (tmp_path / "final.pt").write_bytes(b"old")
    status, said, _ = command("--num-train", 10, "--num-test", 10, "--output-dir", tmp_path)
    assert status == 0 and "final.pt was left as it is: it belongs to older sets" in said
    assert (tmp_path / "final.pt").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--obstacle-density", "0.99999"], "hardly any mazes"),
        (["--obstacle-density", "1"], "--obstacle-density must be a number"),
        (["--obstacle-density", "0.2..1"], "or a range such as 0.02..0.5, not '0.2..1'"),
        (["--holes", "few"], "--holes must be a number from 0 to 1, or a range such as 0..0.1, not 'few'"),
        (["--kind", "prim"], "--kind must be random, depth-first or wilson, or several of these joined by commas"),
        (["--grid-size", "2"], "--grid-size must be a whole number from 3 to 1024, not '2'"),
        (["--num-train", "many"], "--num-train must be a whole number from 1 to 10000000, not 'many'"),
        (["--augment", "true"], "--augment takes no value, not even 'true': write --augment or --no-augment"),
        (["--num-trains", "5"], "there is no flag --num-trains; did you mean '--num-train'?"),
        (["--output-dir", "file"], "is a file, not a folder"),
        (["--grid-size", "3", "--obstacle-density", "0", "--num-test", "1000"], "holds nearly every 3 x 3 maze"),
        (["--grid-size", "1024", "--num-train", "10000000"], "mazes of 1024 x 1024 would need about 62.9 TB"),
        (["--grid-size", "1024", "--num-final", "10000000"], "mazes of 1024 x 1024 would need about 62.9 TB"),
        (["--num-final", "-1"], "--num-final must be a whole number from 0 to 10000000, not '-1'"),
        (["--grid-size", "3", "--obstacle-density", "0", "--num-test", "9", "--num-final", "9"], "for the final set"),
        (["--num-train", "1" + 400 * "0"], "--num-train must be a whole number from 1 to 10000000"),
    ],
)
def test_a_mistake_is_one_sentence_exit_status_2_and_no_file(command, tmp_path, arguments, sentence):
    (tmp_path / "file").touch()
    status, said, complaint = command(*arguments)
    assert (status, said) == (2, "")
    assert complaint.startswith("generate_dataset.py: error: ") and complaint.count("\n") == 1
    assert sentence in complaint
    assert os.listdir(tmp_path) == ["file"]


def test_if_the_third_file_cannot_be_written_the_others_stay_as_they_were(command, tmp_path):
    (tmp_path / "train.pt").write_bytes(b"old")
    (tmp_path / "final.pt").mkdir()
    status, _, complaint = command("--num-train", 10, "--num-test", 10, "--num-final", 10, "--output-dir", tmp_path)
    assert status == 2 and "final.pt: it is a folder" in complaint
    assert (tmp_path / "train.pt").read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["final.pt", "train.pt"]


def test_if_one_file_cannot_be_written_the_other_stays_as_it_was(command, tmp_path):
    (tmp_path / "train.pt").write_bytes(b"old")
    (tmp_path / "test.pt").mkdir()
    status, _, complaint = command("--num-train", 10, "--num-test", 10, "--output-dir", tmp_path)
    assert status == 2 and "test.pt: it is a folder" in complaint
    assert (tmp_path / "train.pt").read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["test.pt", "train.pt"]


def test_all_that_can_take_long_counts_on_a_bar_to_its_end(command, tmp_path, monkeypatch):
    counted = {}

    class Bar(tqdm.tqdm):
        def close(self):
            counted.setdefault(self.desc, []).append((self.n, self.total))
            super().close()

        def __init__(self, *arguments, **settings):
            assert settings.pop("disable") is None and settings["delay"] == 2  # on a terminal, after two seconds
            super().__init__(*arguments, **settings, disable=False)

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    assert command("--num-train", 60, "--num-test", 20, "--verify", "--output-dir", tmp_path)[0] == 0
    whole = {description.strip(": "): bars for description, bars in counted.items()}
    assert whole["sampling"][0] == (80, 80) and whole["saving and counting"][0] == (3, 3)
    assert {(60, 60), (20, 20)} <= set(whole["verifying"])


def test_memory_that_runs_out_is_one_sentence(command, tmp_path, monkeypatch):
    def exhausted(*arguments):
        raise MemoryError

    monkeypatch.setattr(dataset, "write_together", exhausted)
    status, _, complaint = command("--num-train", 10, "--num-test", 10, "--output-dir", tmp_path)
    assert (status, complaint.count("\n")) == (2, 1)
    assert complaint.startswith("generate_dataset.py: error: out of memory: lower --num-train or --grid-size")


def test_verifying_finds_a_label_that_is_wrong():
    verify = runpy.run_path(str(SCRIPT))["verify"]
    made, _ = dataset.build(DataSettings(num_train=50, num_test=1))
    assert verify(made) == 50
    made.optimal[13, *made.starts[13]] ^= np.uint8(0b1111)  # the opposite of the truth where the agent starts
    with pytest.raises(UserError, match="A\\* and the expert disagree .*maze 13 of seed 42"):
        verify(made)
