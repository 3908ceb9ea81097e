"""A history from wherever it comes: what is read, what is passed over, and what is a mistake."""

import json
from pathlib import Path

import numpy as np
import pytest

from trm_nav.diagnosis.findings import diagnose
from trm_nav.diagnosis.history import CURVES, History, load
from trm_nav.errors import UserError

OVERFITTED = {
    "train_loss": [1.1, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1],
    "train_acc": [0.4, 0.5, 0.6, 0.7, 0.8, 0.8, 0.8, 0.8, 0.9, 0.9, 0.9, 0.9],
    "val_loss": [1.1, 1.0, 0.9, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6],
    "val_acc": [0.4, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6],
}


def test_a_dict_a_file_a_folder_and_arrays_say_the_same(tmp_path):
    made = OVERFITTED
    path = tmp_path / "history.json"
    path.write_text(json.dumps(made))
    expected = diagnose(made)
    for same in (path, str(path), tmp_path, {**made, **{name: np.float32(made[name]) for name in CURVES}}):
        assert [(one.name, one.epoch) for one in diagnose(same)] == [(one.name, one.epoch) for one in expected]
    assert diagnose(path) == diagnose({**made, **{name: tuple(made[name]) for name in CURVES}}) == expected


def test_a_file_from_elsewhere_needs_only_the_four_lists_and_may_hold_nan_and_null(tmp_path):
    path = tmp_path / "log.json"
    path.write_text(
        '{"train_loss": [1.0, NaN, null], "train_acc": [0.3, 0.3, null], '
        '"val_loss": [1.0, 1.0, Infinity], "val_acc": [0.3, 0.3, 0.3]}'
    )
    assert [(finding.name, finding.epoch) for finding in diagnose(path)] == [("diverging", 2)]


def test_settings_and_counts_that_other_programs_call_the_same_are_passed_over():
    expected = diagnose(OVERFITTED)
    for foreign in (
        {"config": None},
        {"config": "run.yaml"},
        {"config": {"dropout": "high", "dim": None, "lr": [1]}},
        {"mazes": "many"},
        {"mazes": 0},
        {"mazes": 10**400},
        {"seconds": "long", "fingerprints": [1], "best_epoch": "last"},
        {"config": {7: 8, "optimizer": "sgd"}},
    ):
        assert diagnose({**OVERFITTED, **foreign}) == expected


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"val_acc": ...}, "the history has no val_acc: a history has the lists train_loss, "),
        ({"val_acc": [0.5]}, "the history has 12 epochs of train_loss and 1 of val_acc; they must be equally long"),
        ({"train_loss": []}, "the history has 0 epochs of train_loss and 12 of train_acc"),
        ({name: [] for name in CURVES}, "the history has no epochs"),
        ({"val_loss": ["0.5"] * 12}, "val_loss of the history must be a list of numbers, one an epoch"),
        ({"val_loss": "012345678901"}, "val_loss of the history must be a list of numbers"),
        ({"val_loss": [[0.5]] * 12}, "val_loss of the history must be a list of numbers"),
        ({"val_loss": np.ones((12, 1))}, "val_loss of the history must be a list of numbers"),
        ({"val_loss": None}, "val_loss of the history must be a list of numbers"),
        ({"val_loss": 0.5}, "val_loss of the history must be a list of numbers"),
        ({"val_loss": {"1": 0.5}}, "val_loss of the history must be a list of numbers"),
        ({"val_loss": True}, "val_loss of the history must be a list of numbers"),
        ({"val_loss": [True] * 12}, "val_loss of the history must be a list of numbers"),
        ({"val_loss": [10**400] * 12}, "val_loss of the history must be a list of numbers"),
        ({"val_acc": [None] * 12}, "the history has no number in val_acc for an epoch whose losses are numbers"),
        ({"chance": 0.3}, "chance of the history must hold loss and acc, each for train and val"),
        ({"chance": {"train": {"loss": 1.2}}}, "chance of the history must hold loss and acc"),
        ({"chance": dict.fromkeys(("train", "val"), {"loss": 10**400, "acc": 0})}, "chance of the history must hold"),
    ],
)
def test_lists_that_are_none_are_a_mistake_with_a_sentence(change, sentence):
    changed = {name: value for name, value in {**OVERFITTED, **change}.items() if value is not ...}
    with pytest.raises(UserError) as raised:
        diagnose(changed)
    assert str(raised.value).startswith(sentence) and "\n" not in str(raised.value)


@pytest.mark.parametrize("thing", [None, True, 7, [1.0, 0.5], [OVERFITTED]])
def test_what_is_no_history_at_all_is_a_mistake_too(thing):
    with pytest.raises(UserError, match="^the history is not a history: it must be an object with the lists train_"):
        diagnose(thing)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "there is no history.json in {path} or in its checkpoints/"),
        (b'{"val_acc": [0.1, 0.', "{path} is not JSON, or a truncated file"),
        (b"\xff\x00", "{path} is not JSON, or a truncated file"),
        (b"[" * 100_000, "{path} is not JSON, or a truncated file"),
        (b'{"note": "half of a pair: \\ud800"}', "{path} is not JSON, or a truncated file"),
        (b'{"note": ' + b"9" * 5000 + b"}", "{path} is not JSON, or a truncated file"),
        (b'{"train_loss": [' + b"9" * 400 + b"]}", "{path} has no train_acc"),
        (b"[1, 2]", "{path} is not a history: it must be an object with the lists"),
        (b"null", "{path} is not a history"),
        (b'{"train_loss": []}', "{path} has no train_acc"),
    ],
)
def test_a_file_that_holds_no_history_is_named(tmp_path, content, sentence):
    path = tmp_path / "log.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as raised:
        diagnose(path)
    assert str(raised.value).startswith(sentence.format(path=path))


def test_a_folder_is_searched_where_training_writes_and_before_that_in_itself(tmp_path):
    below = tmp_path / "checkpoints" / "history.json"
    below.parent.mkdir()
    below.write_text("[1]")
    assert load(tmp_path) == load(str(below)) == (below, [1])
    (tmp_path / "history.json").write_text("[2]")
    assert load(tmp_path) == (tmp_path / "history.json", [2])


def test_a_path_that_the_system_refuses_is_a_mistake():
    with pytest.raises(UserError, match="^cannot read x*[.]{3}x*: File name too long"):
        load(Path("x" * 1000))


def test_accuracies_in_percent_are_refused():
    percent = {"train_loss": [1.0], "train_acc": [0.4], "val_loss": [1.0], "val_acc": [98.0]}
    with pytest.raises(UserError, match="val_acc of the history must hold shares from 0 to 1, not 98"):
        diagnose(percent)


def test_a_checked_history_is_diagnosed_as_it_is():
    history = History.of({**OVERFITTED, "config": {"dim": 8, "momentum": 0.9}, "mazes": 300})
    assert diagnose(history) == diagnose({**OVERFITTED, "config": {"dim": 8}, "mazes": 300})
    assert History.of(history) is history
    assert (history.epochs, history.best_epoch) == (12, 4)
    assert history.settings == {"dim": 8, "num_train": 300}


def test_the_best_epoch_is_the_one_with_the_lowest_loss_that_is_a_number():
    made = dict.fromkeys(CURVES, [0.9, 0.5, np.nan])
    assert History.of(made).best_epoch == 2
    assert History.of({**dict.fromkeys(CURVES, []), "diverged": True}).best_epoch is None
