"""Nothing in a checkpoint is used before it is known to be what it should be."""

import copy

import pytest
import torch
from tiny import RUN, assert_same

from trm_nav import UserError, load_model
from trm_nav.learning import checkpoint
from trm_nav.learning.run import fit, prepare
from trm_nav.tensor_files import load_tensors

NAN = float("nan")
WEIGHT = "head.weight"
HUGE = torch.zeros(1).expand(10**6, 10**6)  # four bytes that claim to be terabytes
TO_USE = {
    "an epoch that is none": {"epoch": 0},
    "an epoch that is text": {"epoch": "2"},
    "an epoch of 400 digits": {"epoch": 10**400},
    "an accuracy above 1": {"val_acc": 1.5},
    "a loss that is not a number": {"val_loss": NAN},
    "a config that is a list": {"config": [1]},
    "a config with numbers as names": {"config.": {1: 2}},
    "another dim": {"config.dim": 4},
    "a dim for which there is no memory": {"config.dim": 4096, "config.depth": 64},
    "a dim that is text": {"config.dim": "8"},
    "a grid that mlp cannot have": {"config.grid_size": 1000},
    "weights that are a list": {"model_state_dict": [1, 2]},
    "weights with numbers as names": {"model_state_dict": {1: torch.zeros(2)}},
    "weights that are text": {f"model_state_dict.{WEIGHT}": "text"},
    "weights that are NaN": {f"model_state_dict.{WEIGHT}": torch.full((5, 8), NAN)},
    "weights of another type": {f"model_state_dict.{WEIGHT}": torch.zeros(5, 8, dtype=torch.float64)},
    "weights that only claim to be there": {f"model_state_dict.{WEIGHT}": torch.zeros(1).expand(5, 8)},
    "huge weights that only claim to be there": {f"model_state_dict.{WEIGHT}": HUGE},
    "sparse weights": {f"model_state_dict.{WEIGHT}": torch.zeros(5, 8).to_sparse()},
    "weights on no device": {f"model_state_dict.{WEIGHT}": torch.zeros(5, 8, device="meta")},
    "another weight": {"model_state_dict.more": torch.zeros(1)},
    **{
        f"recursions that are {recursions}": {"model_state_dict._extra_state": recursions}
        for recursions in ("text", None, torch.tensor(NAN), torch.ones(3), torch.tensor(0), torch.tensor(-5),
                           torch.tensor(10**12))
    },
}  # fmt: skip
MOMENTS = "optimizer_state_dict.state"
TO_GO_ON = {
    "an optimizer that is none": {"optimizer_state_dict": {}},
    "an optimizer of another model": {f"{MOMENTS}.99": {}},
    "a moment of another shape": {f"{MOMENTS}.0.exp_avg": torch.zeros(1)},
    "a moment that only claims to be there": {f"{MOMENTS}.0.exp_avg": HUGE},
    "a moment that is NaN": {f"{MOMENTS}.0.exp_avg_sq": torch.full((3, 8), NAN)},
    "a negative mean of squares": {f"{MOMENTS}.0.exp_avg_sq": -torch.ones(3, 8)},
    "a step that is a number": {f"{MOMENTS}.0.step": 3},
    "a step before the first": {f"{MOMENTS}.0.step": torch.tensor(-1.0)},
    "a schedule that is text": {"scheduler_state_dict": "linear"},
    "a history that is shorter": {"history.val_loss": [1.0]},
    "a history of text": {"history.val_loss": ["1", "2"]},
    "a history with another curve": {"history.more": [1.0, 1.0]},
    "a history of shares above 1": {"history.val_acc": [1.0, 2.0]},
    "a best epoch that is none": {"early_stopping.best_epoch": 7},
    "a best loss that is not its epoch's": {"early_stopping.best_val_loss": 0.0},
    "early stopping that is a list": {"early_stopping": [1, 1.0]},
    "a best model of another shape": {f"best.model_state_dict.{WEIGHT}": torch.zeros(1)},
    "a best model of another epoch": {"best.val_loss": 17.0},
    "a run that is no name": {"run": "../../elsewhere"},
    "random states that are none": {"random_states": {}},
    "a random state of another length": {"random_states.torch": torch.zeros(3, dtype=torch.uint8)},
    "a random state of another kind": {"random_states.sampler": torch.zeros(5056)},
    "Python's random state cut off": {"random_states.python": (3, (1, 2), None)},
    "NumPy's random state with text": {"random_states.numpy": ("MT19937", "keys", 0, 0, 0.0)},
    "fingerprints that are numbers": {"fingerprints": {"train": 1, "val": 2}},
    "one fingerprint": {"fingerprints": {"train": "0"}},
    "a setting of another version": {"config.attention": True},
}


@pytest.fixture(scope="module")
def whole(paths, tmp_path_factory):
    """A run that was stopped: the folder, and what its last checkpoint holds."""
    folder = tmp_path_factory.mktemp("run")
    fit(prepare({**RUN, **paths, "epochs": 2, "device": "cpu", "checkpoint_dir": folder}))
    content = load_tensors(folder / "last.pt", "checkpoint")
    content["best"] = copy.deepcopy(content["best"])  # else it may be the same dictionary as the last model's
    return folder, content


def changed(content, changes):
    """A copy of nested dictionaries in which the values at these paths, `a.b.c`, are others."""
    content = copy.deepcopy(content)
    for path, value in changes.items():
        place, names = content, path.split(".", 1 if WEIGHT in path else -1)
        if WEIGHT in path:
            names = [*path.removesuffix(f".{WEIGHT}").split("."), WEIGHT]
        for name in names[:-1]:
            place = place[int(name) if name.isdigit() else name]
        if names[-1] == "":
            place.clear()
            place.update(value)
        else:
            place[int(names[-1]) if names[-1].isdigit() else names[-1]] = value
    return content


@pytest.mark.parametrize("changes", TO_USE.values(), ids=TO_USE)
def test_a_model_is_not_made_from_what_does_not_fit_together(whole, tmp_path, changes):
    checkpoint.save(changed(whole[1], changes), tmp_path / "other.pt")
    with pytest.raises(UserError, match=r"other.pt is not a usable checkpoint: .*; training writes"):
        load_model(tmp_path / "other.pt")


@pytest.mark.parametrize("changes", [*TO_USE.values(), *TO_GO_ON.values()], ids=[*TO_USE, *TO_GO_ON])
def test_a_run_does_not_go_on_from_what_does_not_fit_together(whole, tmp_path, changes):
    checkpoint.save(changed(whole[1], changes), tmp_path / "other.pt")
    with pytest.raises(UserError, match=r"other.pt is not a usable checkpoint: .*; training writes"):
        prepare({"resume": tmp_path / "other.pt", "epochs": 4})


@pytest.mark.parametrize("changes", TO_GO_ON.values(), ids=TO_GO_ON)
def test_what_only_a_run_needs_does_not_keep_anybody_from_using_the_model(whole, tmp_path, changes):
    if "run" not in changes:
        checkpoint.save(changed(whole[1], changes), tmp_path / "other.pt")
        assert_same(load_model(tmp_path / "other.pt").state_dict(), load_model(whole[0] / "last.pt").state_dict())


def test_checkpoints_from_before_there_were_digests_and_runs_load_with_a_word(whole, tmp_path):
    older = {name: value for name, value in whole[1].items() if name not in ("run", "best")}
    torch.save(older, tmp_path / "last.pt")
    with pytest.warns(UserWarning, match="last.pt has no digest"):
        model = load_model(tmp_path / "last.pt")
    assert_same(model.state_dict(), load_model(whole[0] / "last.pt").state_dict())
    with pytest.warns(UserWarning, match="no digest"):
        run = prepare({"resume": tmp_path / "last.pt", "epochs": 4, "checkpoint_dir": tmp_path})
    fit(run)
    assert run.epoch == 4
    assert checkpoint.load(tmp_path / "best.pt").epoch == run.best_epoch


def test_a_run_from_before_the_best_model_was_kept_goes_on_twice(paths, tmp_path, monkeypatch):
    losses = iter([1.0, 2.0, 3.0, 4.0])
    monkeypatch.setattr("trm_nav.learning.training.Training.validate", lambda run: (next(losses), 0.5))
    fit(prepare({**RUN, **paths, "epochs": 2, "device": "cpu", "checkpoint_dir": tmp_path}))
    content = load_tensors(tmp_path / "last.pt", "checkpoint")
    for path in tmp_path.glob("*.pt"):
        path.unlink()
    checkpoint.save(
        {name: value for name, value in content.items() if name not in ("run", "best")}, tmp_path / "last.pt"
    )
    for epochs in (3, 4):
        run = prepare({"resume": tmp_path / "last.pt", "epochs": epochs})
        fit(run)
        assert (run.epoch, run.best_epoch) == (epochs, 1)
    assert not (tmp_path / "best.pt").exists()


def test_a_single_wrong_bit_is_noticed_wherever_it_is(whole, tmp_path):
    content = (whole[0] / "last.pt").read_bytes()
    for place in [*range(0, len(content), 997), *range(len(content) - 90, len(content))]:
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        (tmp_path / "damaged.pt").write_bytes(damaged)
        with pytest.raises(UserError, match="damaged.pt is (damaged|not a checkpoint)"):
            load_model(tmp_path / "damaged.pt")
