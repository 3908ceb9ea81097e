"""What the training guide shows works as it is written there: command lines, defaults, recipes, snippets."""

import os
import random
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import RUN, assert_close, assert_same, write_data

import trm_nav
from trm_nav import cli, create_model, train
from trm_nav.learning.loss import policy_loss
from trm_nav.learning.run import fit, prepare
from trm_nav.settings import RECIPES, DataSettings, TrainSettings, recipe

SCRIPT = Path(__file__).parents[2] / "scripts" / "generate_dataset.py"

RECIPE_LINES = {
    "fast": (
        "--num-train 5000 --num-test 500",
        "--dim 64 --depth 2 --dropout 0.1 --epochs 30 --patience 10",
    ),
    "production": (
        "--num-train 50000 --num-test 2000 --augment",
        "--dim 128 --depth 3 --dropout 0.15 --weight-decay 0.01 --lr 5e-4 --epochs 100 --patience 20",
    ),
    "maximum": (
        "--num-train 100000 --num-test 5000 --augment",
        "--dim 256 --depth 4 --dropout 0.2 --weight-decay 0.02 --lr 3e-4 --epochs 150 --patience 30 --batch-size 128",
    ),
}
# Every other command line of the guide with the settings that it states.
DATA_LINES = {
    "--num-train 50000 --augment --output-dir experiments/exp001/data":
        {"num_train": 50000, "augment": True, "output_dir": Path("experiments/exp001/data")},
    "--num-train 100000": {"num_train": 100_000},
}  # fmt: skip
TRAIN_LINES = {
    "": {},
    "--device cpu": {"device": "cpu"},
    "--device cuda": {"device": "cuda"},
    "--train-path experiments/exp001/data/train.pt --val-path experiments/exp001/data/test.pt "
    "--checkpoint-dir experiments/exp001/checkpoints --dim 128 --depth 3 --dropout 0.15":
        {"train_path": Path("experiments/exp001/data/train.pt"), "val_path": Path("experiments/exp001/data/test.pt"),
         "checkpoint_dir": Path("experiments/exp001/checkpoints"), "dim": 128, "depth": 3, "dropout": 0.15},
    "--batch-size 32": {"batch_size": 32},
    "--batch-size 128": {"batch_size": 128},
    "--dim 64 --depth 2": {"dim": 64, "depth": 2},
    "--dim 64": {"dim": 64},
    "--epochs 50": {"epochs": 50},
    "--lr 1e-4": {"lr": 1e-4},
    "--augment": {"augment": True},
    "--dropout 0.2": {"dropout": 0.2},
    "--weight-decay 0.05": {"weight_decay": 0.05},
}  # fmt: skip
TRAIN_LINES |= {
    f"--dim {dim} --depth {depth} --dropout {dropout} "
    f"--checkpoint-dir checkpoints/grid_{dim}_{depth}_{dropout} --epochs 50":
        {"dim": dim, "depth": depth, "dropout": dropout, "epochs": 50,
         "checkpoint_dir": Path(f"checkpoints/grid_{dim}_{depth}_{dropout}")}
    for dim in (64, 128, 256) for depth in (2, 3, 4) for dropout in (0.1, 0.15, 0.2)
}  # fmt: skip
TABLES = {  # the values that the guide's tables of parameters name
    "dim": (32, 64, 128, 256), "depth": (1, 2, 3, 4), "dropout": (0.0, 0.1, 0.15, 0.2, 0.25, 0.3),
    "weight_decay": (0.0, 0.01, 0.02, 0.05, 0.1), "patience": (5, 10, 15, 20, 30), "lr": (1e-2, 1e-3, 5e-4, 1e-4),
    "batch_size": (32, 64, 128, 256),
}  # fmt: skip
TRAIN_LINES |= {
    f"--{name.replace('_', '-')} {value}": {name: value} for name, values in TABLES.items() for value in values
}


class Reached(Exception):
    """The command has read its command line."""


@pytest.fixture
def stated(monkeypatch, tmp_path):
    """What a command takes from a command line, as its own `main` hands it on."""
    monkeypatch.chdir(tmp_path)

    def stop(settings, *_, **__):
        raise Reached(settings)

    def read(command, line):
        monkeypatch.setattr(sys, "argv", [command, *shlex.split(line)])
        if command == "generate_dataset.py":
            main = runpy.run_path(str(SCRIPT))["main"]
            main.__globals__["build"] = stop
        else:
            monkeypatch.setattr("trm_nav.learning.run.prepare", stop)
            main = train.main
        with pytest.raises(Reached) as reached:
            main()
        return reached.value.args[0]

    return read


@pytest.mark.parametrize("line", TRAIN_LINES)
def test_the_training_command_takes_the_guides_command_lines(stated, line):
    assert stated("train.py", line) == TRAIN_LINES[line]
    TrainSettings.of(TRAIN_LINES[line])


@pytest.mark.parametrize("line", DATA_LINES)
def test_the_data_command_takes_the_guides_command_lines(stated, line):
    assert stated("generate_dataset.py", line) == DataSettings(**DATA_LINES[line])


@pytest.mark.parametrize("name", RECIPE_LINES)
def test_a_recipe_is_the_guides_flag_for_flag(stated, name):
    data, training = RECIPE_LINES[name]
    made = stated("generate_dataset.py", data)
    assert made == DataSettings(**recipe(name, DataSettings))
    trained = stated("train.py", training)
    # `--augment` marks the guide's data set, which training follows; so it stands in both halves of a recipe.
    assert RECIPES[name] == {**made.model_dump(exclude_unset=True), **trained}
    assert TrainSettings(**stated("train.py", f"--recipe {name}")) == TrainSettings(
        **trained, augment=made.augment or None
    )


def test_the_defaults_are_the_guides():
    settings = TrainSettings()
    expected = {"dim": 64, "depth": 2, "dropout": 0.1, "weight_decay": 0.01, "lr": 1e-3, "batch_size": 64,
                "epochs": 100, "device": "auto", "augment": None, "train_path": Path("data/train.pt"),
                "val_path": Path("data/test.pt"), "checkpoint_dir": Path("checkpoints")}  # fmt: skip
    assert {name: getattr(settings, name) for name in expected} == expected
    assert 15 <= settings.patience <= 20
    made = DataSettings()
    assert (made.num_train, made.num_test, made.grid_size, made.obstacle_density) == (5000, 500, 8, 0.2)
    assert (made.train_seed, made.test_seed, made.output_dir, made.augment) == (42, 99999, Path("data"), False)


# The snippets, run in a folder where training has left its checkpoints.


@pytest.fixture(scope="module", params=["mlp", "conv"])
def trained(request, tmp_path_factory):
    """A run with an unusual number of recursions, long enough for `checkpoint_epoch_50.pt`, and its folder."""
    folder = tmp_path_factory.mktemp("guide")
    settings = {
        **RUN,
        **write_data(folder, num_train=16, num_test=8),
        "depth": 2,
        "dropout": 0.15,
        "device": "cpu",
        "mixing": request.param,
        "epochs": 51,
        "patience": 51,
        "checkpoint_dir": folder / "checkpoints",
    }
    run = prepare(settings)
    fit(run)
    return run, folder


def load_as_the_guide_does():
    checkpoint = torch.load("checkpoints/best.pt", map_location="cpu")

    # Recreate model with same config
    model = create_model(
        grid_size=checkpoint["config"]["grid_size"],
        dim=checkpoint["config"]["dim"],
        depth=checkpoint["config"]["depth"],
        dropout=checkpoint["config"]["dropout"],
    )

    # Load weights
    model.load_state_dict(checkpoint["model_state_dict"])
    return checkpoint, model


@pytest.mark.slow
def test_the_guides_snippet_loads_a_model_with_the_same_logits(trained, monkeypatch):
    run, folder = trained
    monkeypatch.chdir(folder)
    checkpoint, model = load_as_the_guide_does()
    assert isinstance(checkpoint["epoch"], int) and checkpoint["epoch"] == run.best_epoch
    assert checkpoint["val_acc"] == run.history["val_acc"][run.best_epoch - 1]
    assert checkpoint["val_loss"] == min(run.history["val_loss"])
    assert {"grid_size": 5, "dim": 8, "depth": 2, "dropout": 0.15}.items() <= checkpoint["config"].items()
    tokens = run.val_samples.tokens
    logits = model.eval()(tokens)
    assert_close(logits, trm_nav.load_model("checkpoints/best.pt")(tokens))
    assert (model.recursions, model.mixing) == (RUN["recursions"], run.settings.mixing)
    loss = policy_loss(logits, run.val_samples.optimal)  # one batch, as in training
    assert_close(loss, torch.tensor(checkpoint["val_loss"]))


@pytest.mark.slow
def test_the_guides_snippet_resumes_with_weights_and_momentum(trained, monkeypatch):
    run, folder = trained
    monkeypatch.chdir(folder)
    _, model = load_as_the_guide_does()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    # Load checkpoint
    checkpoint = torch.load("checkpoints/checkpoint_epoch_50.pt")

    # Restore model
    model.load_state_dict(checkpoint["model_state_dict"])

    # Restore optimizer (important for momentum)
    optimizer.load_state_dict(checkpoint["optimizer_state_dict"])

    # Continue from epoch 51
    start_epoch = checkpoint["epoch"] + 1

    assert start_epoch == 51
    assert_same(dict(model.state_dict()), dict(checkpoint["model_state_dict"]))
    ours = prepare({"resume": Path("checkpoints/checkpoint_epoch_50.pt"), "checkpoint_dir": folder / "other"})
    for stepping, its_model in ((optimizer, model), (ours.optimizer, ours.model)):
        for parameter in its_model.parameters():
            parameter.grad = torch.full_like(parameter, 0.01)
        stepping.step()
    # The same step from the same momentum: a dozen float32 operations for each parameter.
    tolerance = 12 * torch.finfo(torch.float32).eps
    for one, other in zip(model.parameters(), ours.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)


COMPARISON = """\
# Quick comparison
for exp in experiments/exp*/; do
    echo "=== $exp ==="
    python -c "
import json
with open('${exp}checkpoints/history.json') as f:
    h = json.load(f)
    print(f'Best val acc: {max(h[\\"val_acc\\"]):.4f}')
    print(f'Final val acc: {h[\\"val_acc\\"][-1]:.4f}')
"
done
"""


@pytest.mark.slow
def test_the_guides_loop_compares_experiments_in_the_guides_layout(trained, tmp_path):
    run, folder = trained
    expected = ""
    for name in ("exp001", "exp002"):
        (tmp_path / "experiments" / name).mkdir(parents=True)
        os.symlink(folder / "checkpoints", tmp_path / "experiments" / name / "checkpoints")
        accuracies = run.history["val_acc"]
        expected += f"=== experiments/{name}/ ===\nBest val acc: {max(accuracies):.4f}\n"
        expected += f"Final val acc: {accuracies[-1]:.4f}\n"
    python = tmp_path / "bin" / "python"  # whatever the Python that runs the tests is called
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(["bash", "-c", COMPARISON], cwd=tmp_path, env={**os.environ, "PATH": path},
                         capture_output=True, text=True)  # fmt: skip
    assert (ran.stdout, ran.stderr) == (expected, "")


def guides_set_seed(seed: int):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False


def test_set_seed_does_what_the_guides_does():
    drawn = []
    for seeding in (guides_set_seed, trm_nav.set_seed):
        seeding(42)
        drawn.append((random.random(), np.random.rand(), torch.rand(5).tolist()))
    assert drawn[0] == drawn[1]


@pytest.mark.slow
def test_training_twice_the_guides_way_gives_the_same_weights(trained, tmp_path):
    run, folder = trained
    again = prepare(run.settings.model_dump() | {"checkpoint_dir": tmp_path})
    list(again.epochs())
    first = torch.load(folder / "checkpoints" / "last.pt")["model_state_dict"]
    assert_same(dict(first), dict(again.model.state_dict()))


def test_help_is_there_for_both_commands(capsys, monkeypatch):
    for main in (train.main, runpy.run_path(str(SCRIPT))["main"]):
        monkeypatch.setattr(sys, "argv", ["command", "--help"])
        with pytest.raises(SystemExit) as left:
            cli.run(main, "command")
        assert left.value.code == 0 and "--augment, --no-augment" in capsys.readouterr().out
