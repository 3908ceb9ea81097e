"""The comparison command, beside the guide's own loop over experiments."""

import importlib
import json
import os
import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import trm_nav
from trm_nav.compare import NOT_COMPARED
from trm_nav.settings import TrainSettings

GUIDES_LOOP = r"""
for exp in experiments/exp*/; do
    echo "=== $exp ==="
    python -c "
import json
with open('${exp}checkpoints/history.json') as f:
    h = json.load(f)
    print(f'Best val acc: {max(h[\"val_acc\"]):.4f}')
    print(f'Final val acc: {h[\"val_acc\"][-1]:.4f}')
"
done
"""
HISTORIES = {
    "exp001": ([0.31, 0.5, 0.45678, 0.48], [1.5, 1.2, 0.9, 1.1]),
    "exp002": ([0.4, 0.62, 0.61], [1.4, 0.7, 0.8]),
    "exp003": ([0.2], [1.6]),
}


def write(folder, val_acc, val_loss, **more):
    """A history of the guide's four lists, and what else is given."""
    folder.mkdir(parents=True, exist_ok=True)
    lists = {"train_loss": val_loss, "train_acc": val_acc, "val_loss": val_loss, "val_acc": val_acc}
    (folder / "history.json").write_text(json.dumps({**lists, **more}))


def four_lists(**entries: str) -> bytes:
    """The JSON text of a history of one epoch, with some of its entries replaced or added."""
    lists = {"train_loss": "[1.0]", "train_acc": "[0.5]", "val_loss": "[1.0]", "val_acc": "[0.5]"}
    return ("{" + ", ".join(f'"{name}": {text}' for name, text in {**lists, **entries}.items()) + "}").encode()


@pytest.fixture
def experiments(tmp_path, monkeypatch):
    """The folder of the made-up experiments, laid out as in the guide, from the folder above it."""
    monkeypatch.chdir(tmp_path)
    for name, (val_acc, val_loss) in HISTORIES.items():
        write(tmp_path / "experiments" / name / "checkpoints", val_acc, val_loss)
    return tmp_path / "experiments"


@pytest.fixture
def compare(command):
    """Call the comparison with these folders: (exit status, lines of stdout, lines of stderr)."""
    return partial(command, importlib.import_module("trm_nav.compare"))


@pytest.fixture
def python_on_the_path(tmp_path_factory, monkeypatch):
    """Let a shell find this interpreter under the name `python`, which not every system has."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    (folder / "python").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(Path(trm_nav.__file__).parents[1]), prepend=os.pathsep)


@pytest.mark.slow
@pytest.mark.usefixtures("python_on_the_path")
def test_the_numbers_are_those_of_the_guides_loop(experiments):
    loop, command = (
        subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
        for line in (GUIDES_LOOP, "python -m trm_nav.compare experiments/*")
    )
    assert (loop.stderr, command.stderr, command.returncode) == ("", "", 0)
    expected = {}
    for part in loop.stdout.split("=== ")[1:]:
        name, best, final = part.splitlines()
        assert best.startswith("Best val acc: ") and final.startswith("Final val acc: ")
        expected[name.removesuffix("/ ===")] = [best.split()[-1], final.split()[-1]]
    rows = [line.split() for line in command.stdout.splitlines()[1:]]
    assert {row[0]: row[1:3] for row in rows} == expected and len(expected) == 3
    assert [row[0][-6:] for row in rows] == ["exp002", "exp001", "exp003"]  # the best first


def test_from_the_guides_four_lists_alone_there_are_epochs_but_no_seconds(experiments, compare):
    status, (heading, *rows), err = compare(*experiments.iterdir())
    assert (status, err) == (0, [])
    assert heading.split("  ")[0] == "experiment" and heading.endswith("final val acc  best epoch  epochs  seconds")
    assert [row.split()[3:] for row in rows] == [["2", "3", "-"], ["3", "4", "-"], ["1", "1", "-"]]
    assert len({len(line) for line in (heading, *rows)}) == 1


def test_the_settings_that_differ_get_a_column_and_the_others_none(tmp_path, compare):
    for name, dim, dropout, resume in (("one", 64, 0.1, None), ("two", 128, 0.15, "last.pt")):
        config = TrainSettings(dim=dim, dropout=dropout, epochs=9, checkpoint_dir=name, resume=resume).plain()
        data = {"train": f"{name:x<64}", "val": "b" * 64}
        write(tmp_path / name, [0.5, 0.25], [1.0, 2.0], config=config, seconds=[1.5, 2.0], fingerprints=data)
    write(tmp_path / "bare", [0.1], [1.0])
    _, (heading, *rows), _ = compare(*(tmp_path / name for name in ("one", "two")))
    assert heading.split()[-5:] == ["seconds", "dim", "dropout", "train", "data"]
    assert [row.split()[1:] for row in rows] == [
        ["0.5000", "0.2500", "1", "2/9", "4", "64", "0.1", "onexxxxx"],
        ["0.5000", "0.2500", "1", "2/9", "4", "128", "0.15", "twoxxxxx"],
    ]
    _, (heading, *rows), _ = compare(tmp_path / "one", tmp_path / "bare")
    assert "weight_decay" in heading and rows[1].split()[6:] == ["-"] * len(rows[1].split()[6:])


def test_a_grid_search_over_a_few_settings_fits_100_columns(tmp_path, monkeypatch, compare):
    monkeypatch.chdir(tmp_path)
    for number in range(4):
        config = TrainSettings(dim=64 * (number + 1), depth=number + 1, dropout=0.05 * number).plain()
        write(Path("experiments", f"exp00{number}"), [0.5], [1.0], config=config, seconds=[12345.6])
    _, lines, _ = compare(*(f"experiments/exp00{number}/" for number in range(4)))
    assert lines[0].endswith("dim  depth  dropout") and all(len(line) <= 100 for line in lines)
    assert [line.split()[0] for line in lines[1:]] == [f"experiments/exp00{number}" for number in range(4)]


def test_settings_that_are_paths_are_never_compared():
    paths = {name for name, field in TrainSettings.model_fields.items() if "Path" in str(field.annotation)}
    assert paths | {"overwrite", "epochs"} == NOT_COMPARED


def test_a_history_is_found_in_the_folder_below_it_or_by_its_own_name(experiments, compare):
    named = [
        experiments / "exp001",
        experiments / "exp001" / "checkpoints",
        experiments / "exp001" / "checkpoints" / "history.json",
    ]
    status, (_, *rows), _ = compare(*named)
    assert status == 0 and {row.split()[0] for row in rows} == set(map(str, named))
    assert len({tuple(row.split()[1:]) for row in rows}) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "there is no history.json in {folder} or in its checkpoints/"),
        (b'{"val_acc": [0.1, 0.', "{folder}/history.json is not JSON, or a truncated file"),
        (b"\xff\x00", "{folder}/history.json is not JSON, or a truncated file"),
        (b"[1, 2]", "{folder}/history.json is not a history: it must be an object with the lists train_loss, "),
        (b'{"val_acc": [0.5], "train_loss": [1]}', "{folder}/history.json has no train_acc: a history has the lists "),
        (four_lists(val_acc="[]"), "{folder}/history.json has 1 epochs of train_loss and 0 of val_acc"),
        (four_lists(val_acc='["high"]'), "val_acc of {folder}/history.json must be a list of numbers"),
        (four_lists(val_loss=f"[1{'0' * 400}]"), "val_loss of {folder}/history.json must be a list of numbers"),
        (four_lists(config='{"dim": "\\ud800"}'), "{folder}/history.json is not JSON, or a truncated file"),
        (four_lists(config='{"dim": ' + "[" * 10_000), "{folder}/history.json is not JSON, or a truncated file"),
    ],
)
def test_what_cannot_be_compared_gets_a_sentence_and_does_not_hide_the_rest(experiments, compare, content, sentence):
    folder = experiments / "broken"
    folder.mkdir()
    if content is not None:
        (folder / "history.json").write_bytes(content)
    status, rows, err = compare(folder, experiments / "exp001")
    assert status == 0 and len(rows) == 2 and len(err) == 1 and sentence.format(folder=folder) in err[0]
    status, rows, err = compare(folder)
    assert (status, rows) == (2, []) and len(err) == 1 and sentence.format(folder=folder) in err[0]
    status, rows, err = compare(folder, folder)
    assert (status, rows) == (2, []) and len(err) == 3 and "there is nothing to compare" in err[2]


def test_without_an_experiment_it_says_what_is_missing(compare):
    status, rows, err = compare()
    assert (status, rows) == (2, []) and "required: experiment" in err[0]


def test_the_folder_of_a_search_stands_for_its_trials(tmp_path, command):
    for number, name in enumerate(HISTORIES):
        write(tmp_path / "search" / f"trial_{number:04d}", *HISTORIES[name])
    (tmp_path / "search" / "trial_0003").mkdir()  # one that waits
    status, out, err = command(importlib.import_module("trm_nav.compare"), tmp_path / "search")
    assert (status, err, len(out)) == (0, [], 4)
    assert [Path(line.split()[0]).name for line in out[1:]] == ["trial_0001", "trial_0000", "trial_0002"]
