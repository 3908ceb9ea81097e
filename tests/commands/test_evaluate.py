"""The evaluation command, on models that were trained for a moment."""

import json
import sys

import numpy as np
import pytest
import torch
from tiny import RUN, flags

from trm_nav import cli, generate_mazes
from trm_nav.evaluate import PROG, EvaluateSettings, by_length, main, overall
from trm_nav.learning import checkpoint
from trm_nav.learning.run import fit, prepare
from trm_nav.navigation.evaluation import evaluate, evaluate_astar
from trm_nav.navigation.walk import Walks
from trm_nav.settings import DataSettings


@pytest.fixture(scope="module")
def checkpoints(paths, tmp_path_factory):
    """A checkpoint of one epoch for each kind of mixing, on mazes of 5 x 5."""
    folder = tmp_path_factory.mktemp("evaluate")
    for mixing in ("mlp", "conv"):
        fit(prepare({**RUN, **paths, "epochs": 1, "mixing": mixing, "checkpoint_dir": folder / mixing}))
    return {mixing: folder / mixing / "best.pt" for mixing in ("mlp", "conv")}


@pytest.fixture
def run(monkeypatch, capsys):
    """Call the command in this process: (exit status, stdout, stderr)."""

    def call(*words, **settings):
        monkeypatch.setattr(sys, "argv", ["evaluate", *flags(**settings), *words])
        try:
            cli.run(main, PROG)
            status = 0
        except SystemExit as leaving:
            status = leaving.code
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def measured(monkeypatch):
    """What the library was asked to evaluate, and what it measured: (arguments, result) of every call."""
    calls = []

    def watch(*arguments, **named):
        calls.append(((*arguments, *named.values()), evaluate(*arguments, **named)))
        return calls[-1][1]

    monkeypatch.setattr("trm_nav.navigation.evaluation.evaluate", watch)
    return calls


def test_the_command_prints_as_json_what_the_library_measures(checkpoints, run, measured):
    asked = {"mazes": 60, "seed": 5, "grid_size": 7, "obstacle_density": 0.1, "recursions": 9}
    status, out, err = run("--json", checkpoint=checkpoints["conv"], average_symmetries=True, **asked)
    assert (status, err) == (0, "")
    found = json.loads(out)

    [((model, mazes, average_symmetries), result)] = measured
    assert model.recursions == 9 and average_symmetries is True
    assert (mazes.walls == generate_mazes(60, 7, obstacle_density=0.1, seed=5).walls).all()
    for name in ("mazes", "accuracy", "success", "path_ratio", "optimal"):
        assert found[name] == getattr(result, name), name
    assert found["success_interval"] == list(result.success_interval)
    assert found["work"] == 8 and found["model"]["recursions"] == 9 and found["settings"]["grid_size"] == 7
    assert found["astar"]["success"] == found["astar"]["path_ratio"] == found["astar"]["optimal"] == 1
    assert found["seconds_per_maze"] == result.seconds and found["astar"]["seconds_per_maze"] > 0
    assert [part["length"] for part in found["by_length"]] == list(result.by_length)
    assert sum(part["mazes"] for part in found["by_length"]) == 60
    assert sum(part["mazes"] * part["accuracy"] for part in found["by_length"]) == pytest.approx(60 * found["accuracy"])


def test_where_nobody_arrives_the_json_is_still_json(checkpoints, monkeypatch, run):
    nobody = Walks(success=np.zeros(20, bool), steps=np.full(20, 100))
    monkeypatch.setattr("trm_nav.navigation.evaluation.walk", lambda *_: nobody)
    status, out, _ = run("--json", checkpoint=checkpoints["mlp"], mazes=20)
    found = json.loads(out, parse_constant=pytest.fail)
    assert status == 0 and found["path_ratio"] is None and found["success"] == 0


def test_the_tables_name_model_and_mazes_and_are_aligned(checkpoints, run, measured):
    status, out, err = run(checkpoint=checkpoints["mlp"], mazes=200)
    assert (status, err) == (0, "")
    heading, table, lengths = out.strip().split("\n\n")
    assert f"{checkpoints['mlp']}: dim 8, depth 1, mixing mlp, recursions 3, " in heading
    assert "200 mazes of 5 x 5, kind random, obstacle density 0.2, seed 7" in heading
    [((_, mazes, _), expected)] = measured
    assert (mazes.walls == generate_mazes(200, 5, seed=7).walls).all()
    astar = evaluate_astar(mazes)
    assert f"{expected.success:.2%}" in table and "100.00%" in table
    assert {line[:13].strip() for line in table.splitlines()[1:]} >= {"accuracy", "success", "path ratio", "optimal"}
    assert lengths == by_length(expected, astar)
    assert len({len(line) for line in lengths.splitlines()}) == 1
    assert [line.split("  ")[0] for line in overall(expected, astar).splitlines()] == [
        line.split("  ")[0] for line in table.splitlines()
    ]


def test_the_table_by_length_counts_every_maze_once():
    for n in (3, 8, 20):
        astar = evaluate_astar(generate_mazes(150, n, obstacle_density=0.3, seed=1))
        rows = [line.split() for line in by_length(astar, astar).splitlines()[1:]]
        bins = [(int(row[0]), int(row[2] if row[1] == "to" else row[0])) for row in rows]
        counts = [int(row[3] if row[1] == "to" else row[1]) for row in rows]
        assert counts == [((low <= astar.shortest) & (astar.shortest <= high)).sum() for low, high in bins]
        assert sum(counts) == 150 and all(count > 0 for count in counts)


def test_the_mazes_are_by_default_not_those_of_training():
    data = DataSettings()
    assert EvaluateSettings().seed not in (data.train_seed, data.test_seed)


def test_a_mistake_is_one_sentence_and_exit_status_2(checkpoints, run, tmp_path):
    foreign, truncated = tmp_path / "foreign.pt", tmp_path / "truncated.pt"
    checkpoint.save({"some": torch.zeros(3)}, foreign)
    truncated.write_bytes(checkpoints["mlp"].read_bytes()[:5000])
    for settings, sentence in [
        ({"checkpoint": tmp_path / "none.pt"}, f"there is no checkpoint at {tmp_path / 'none.pt'}"),
        ({"checkpoint": foreign}, f"{foreign} is not a checkpoint"),
        ({"checkpoint": truncated}, f"{truncated} is not a checkpoint, or a truncated one"),
        ({"checkpoint": checkpoints["mlp"], "grid_size": 6}, "the mazes are 6 x 6, but this model"),
        ({"checkpoint": checkpoints["mlp"], "obstacle_density": 0.99999}, "hardly any mazes"),
        ({"checkpoint": checkpoints["mlp"], "recursions": 0}, "--recursions must be a whole number from 1 to 256"),
        ({"mazes": 0}, "--mazes must be a whole number from 1 to"),
        ({"chekpoint": "x"}, "there is no flag --chekpoint; did you mean '--checkpoint'?"),
    ]:
        status, out, err = run(**settings)
        assert (status, out) == (2, ""), settings
        assert err.startswith(f"{PROG}: error: ") and err.count("\n") == 1 and sentence in err


def test_without_a_checkpoint_named_it_looks_where_training_saves(monkeypatch, tmp_path, run):
    monkeypatch.chdir(tmp_path)
    assert "there is no checkpoint at checkpoints/best.pt" in run()[2]


@pytest.fixture(scope="module")
def wave(paths, tmp_path_factory):
    """A checkpoint of one epoch of a model with halting."""
    folder = tmp_path_factory.mktemp("wave")
    settings = {**RUN, **paths, "mixing": "cross", "halting": True, "binary": True, "within_reach": True}
    fit(prepare({**settings, "teacher_forcing": 0.5, "epochs": 1, "checkpoint_dir": folder}))
    return folder / "best.pt"


def test_of_a_model_with_halting_it_also_says_how_its_cells_decided(wave, run, measured):
    status, out, err = run(checkpoint=wave, mazes=50, grid_size=9, kind="depth-first,random", holes="0..0.5")
    assert (status, err) == (0, "")
    [((_, mazes, _), result)] = measured
    assert (mazes.walls == generate_mazes(50, 9, kind="depth-first,random", holes=(0, 0.5), seed=7).walls).all()
    assert "mixing cross, halting," in out and "kinds depth-first, random, obstacle density 0.2, holes 0.0..0.5" in out
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line}
    assert rows["exact"][1] == f"{result.exact.mean():.2%}"
    assert rows["recursions"][1] == f"{result.recursions.mean():.1f}"
    assert rows["undecided"][1] == f"{result.undecided.sum():,}"

    found = json.loads(run("--json", checkpoint=wave, mazes=50)[1])
    assert found["model"]["halting"] is True and {"exact", "recursions", "undecided", "missed"} <= set(found)


def test_the_number_of_recursions_of_a_model_with_halting_cannot_be_set(wave, run):
    status, out, err = run(checkpoint=wave, recursions=5)
    assert (status, out) == (2, "") and "--recursions 5 was given" in err and "ends by itself" in err
