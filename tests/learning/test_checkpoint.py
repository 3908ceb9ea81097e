"""A checkpoint is whole, plain, and enough to have the model again; what is not one is refused with a sentence."""

import copy
import json
import shlex
import sys

import pytest
import torch
from tiny import RUN, assert_close, assert_same

from trm_nav import UserError, load_model
from trm_nav.learning import checkpoint
from trm_nav.learning.contents import SavedRun
from trm_nav.learning.run import fit, prepare
from trm_nav.mazes import dataset
from trm_nav.settings import TrainSettings

GUIDES_KEYS = {"epoch", "model_state_dict", "optimizer_state_dict", "val_acc", "val_loss", "config"}


@pytest.fixture(scope="module", params=["mlp", "conv"])
def trained(request, paths, tmp_path_factory):
    """A finished run of 7 epochs, the best of which is not the last, and its weights after every epoch."""
    settings = {
        **RUN,
        **paths,
        "epochs": 7,
        "save_every": 3,
        "dropout": 0.3,
        "mixing": request.param,
        "device": "cpu",
        "checkpoint_dir": tmp_path_factory.mktemp("checkpoints"),
    }
    run, weights = prepare(settings), {}
    losses, validate = iter([3.0, 4.0, 2.0, 1.25, 2.0, 1.5, 1.25]), run.validate
    run.validate = lambda: (next(losses), validate()[1])
    fit(run, on_epoch=lambda run: weights.update({run.epoch: copy.deepcopy(run.model.state_dict())}))
    return run, weights


def read(run, name):
    return torch.load(run.settings.checkpoint_dir / name, weights_only=True)


def test_a_run_leaves_the_best_the_last_every_third_and_the_history(trained):
    run, weights = trained
    names = {path.name for path in run.settings.checkpoint_dir.iterdir()}
    assert names == {"best.pt", "last.pt", "checkpoint_epoch_3.pt", "checkpoint_epoch_6.pt", "history.json", ".lock"}
    for name, epoch in [("best", 4), ("last", 7), ("checkpoint_epoch_3", 3), ("checkpoint_epoch_6", 6)]:
        saved = read(run, f"{name}.pt")
        assert saved["epoch"] == epoch
        assert_same(saved["model_state_dict"], weights[epoch])
        assert saved["val_loss"] == run.history["val_loss"][epoch - 1]
        assert saved["val_acc"] == run.history["val_acc"][epoch - 1]
        assert saved["history"] == {key: values[:epoch] for key, values in run.history.items()}


def test_the_best_checkpoint_has_the_least_validation_loss(trained):
    run, _ = trained
    assert read(run, "best.pt")["val_loss"] == min(run.history["val_loss"]) == run.best_val_loss


def test_a_checkpoint_says_what_is_needed_to_go_on_and_where_it_came_from(trained):
    run, _ = trained
    saved = read(run, "last.pt")
    assert GUIDES_KEYS | set(SavedRun.model_fields) <= set(saved)
    assert {"grid_size": 5, "dim": RUN["dim"], "depth": RUN["depth"], "dropout": 0.3}.items() <= saved["config"].items()
    assert set(saved["random_states"]) == {"python", "numpy", "torch", "cuda", "sampler"}
    assert set(saved["versions"]) == {"python", "torch", "numpy", "trm_nav"}
    assert saved["versions"]["torch"].startswith(torch.__version__.split("+")[0])
    assert saved["seed"] == run.settings.seed and saved["command"] == shlex.join(sys.orig_argv)
    assert saved["threads"] >= 1
    for name, path in (("train", run.settings.train_path), ("val", run.settings.val_path)):
        assert saved["fingerprints"][name] == dataset.load(path).fingerprint


def test_the_config_is_all_settings_in_plain_values_that_make_the_same_settings_again(trained):
    run, _ = trained
    config = read(run, "last.pt")["config"]
    assert set(config) == set(TrainSettings.model_fields)
    assert {type(value) for value in config.values()} <= {str, int, float, bool, type(None)}
    assert TrainSettings.of(config) == run.settings


def test_the_history_file_holds_the_lists_and_where_they_came_from(trained):
    run, _ = trained
    history = json.loads((run.settings.checkpoint_dir / "history.json").read_text())
    assert {name: history[name] for name in run.history} == run.history
    assert {len(values) for values in run.history.values()} == {7}
    assert {"train_loss", "train_acc", "val_loss", "val_acc"} <= set(run.history)
    last = read(run, "last.pt")
    assert history["best_epoch"] == run.best_epoch
    for name in ("config", "seed", "fingerprints", "command", "versions"):
        assert history[name] == last[name]


def test_a_loaded_model_gives_the_same_logits_and_waits_on_the_cpu_to_be_used(trained):
    run, _ = trained
    tokens = run.val_samples.tokens
    model = load_model(run.settings.checkpoint_dir / "last.pt")
    assert_same(dict(model.state_dict()), dict(run.model.state_dict()))
    assert_close(model(tokens), run.model.eval()(tokens))
    assert not any(module.training for module in model.modules())
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}
    assert (model.recursions, model.mixing) == (RUN["recursions"], run.settings.mixing)


def test_a_loaded_model_can_think_longer_than_it_was_trained_to(trained):
    run, _ = trained
    path = run.settings.checkpoint_dir / "last.pt"
    longer, ours, tokens = load_model(path, recursions=9), copy.deepcopy(run.model).eval(), run.val_samples.tokens
    ours.recursions = 9
    assert longer.recursions == 9
    assert_close(longer(tokens), ours(tokens))
    for recursions in (0, 1000, 2.5):
        with pytest.raises(UserError, match=f"`recursions` must be .* not {recursions}"):
            load_model(path, recursions=recursions)


def test_what_is_no_checkpoint_is_refused_by_name(trained, paths, tmp_path):
    run, _ = trained
    whole = (run.settings.checkpoint_dir / "best.pt").read_bytes()
    (tmp_path / "half.pt").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.pt").write_text("a text")
    checkpoint.save([1, 2], tmp_path / "list.pt")
    saved = read(run, "best.pt")
    checkpoint.save({name: saved[name] for name in saved if name not in ("config", "val_acc")}, tmp_path / "part.pt")
    checkpoint.save({**saved, "config": {**saved["config"], "dim": 4}}, tmp_path / "other.pt")
    for path, sentence in [
        (tmp_path / "none.pt", "there is no checkpoint at .*none.pt; training writes .*`checkpoint_dir`"),
        (tmp_path / "half.pt", "half.pt is not a checkpoint, or a truncated one"),
        (tmp_path / "text.pt", "text.pt is not a checkpoint, or a truncated one"),
        (tmp_path / "list.pt", "list.pt is not a checkpoint of this project: it has no config, epoch"),
        (
            tmp_path / "part.pt",
            "part.pt is not a checkpoint of this project: it has no config, val_acc; training writes",
        ),
        (paths["train_path"], "train.pt is not a checkpoint of this project: it has no config, epoch, model_state"),
        (tmp_path / "other.pt", "other.pt is not a usable checkpoint: .* for the model that its config describes"),
    ]:
        with pytest.raises(UserError, match=sentence):
            load_model(path)


def test_saving_over_a_checkpoint_leaves_nothing_else_behind(tmp_path):
    for number in (1, 2):
        checkpoint.save({"number": torch.tensor(number)}, tmp_path / "folder" / "last.pt")
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["last.pt"]
    assert torch.load(tmp_path / "folder" / "last.pt", weights_only=True) == {"number": torch.tensor(2)}
