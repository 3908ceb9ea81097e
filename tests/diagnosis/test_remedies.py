"""What to try: in the training guide's order, from the settings that a run had, and as settings that there are."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trm_nav.cli import Parser, in_flags
from trm_nav.diagnosis.findings import diagnose
from trm_nav.diagnosis.history import known_settings
from trm_nav.diagnosis.remedies import REMEDIES, Remedy, remedies
from trm_nav.settings import DataSettings, TrainSettings

KINDS = DataSettings, TrainSettings
CURE = ["augmentation", "more dropout", "more weight decay", "more data", "a smaller model"]  # in the guide's order


def changes(finding, **settings):
    """The changes that are offered, merged; the first remedy for a setting counts."""
    offered = {}
    for remedy in remedies(finding, settings):
        for name, value in remedy.changes.items():
            offered.setdefault(name, value)
    return offered


@pytest.mark.parametrize("finding", ["overfitting", "memorised"])
def test_overfitting_has_the_guides_remedies_in_its_order_with_its_numbers_if_no_setting_is_known(finding):
    offered = remedies(finding, {})
    assert [remedy.what for remedy in offered[:5]] == CURE
    assert [remedy.changes for remedy in offered[:4]] == [
        {"augment": True},
        {"dropout": 0.2},
        {"weight_decay": 0.05},
        {"num_train": 50_000},
    ]


def test_remedies_start_from_the_settings_of_the_run():
    offered = changes("overfitting", dropout=0.2, weight_decay=0.05, num_train=300, dim=32)
    assert offered == {
        "augment": True,
        "dropout": 0.3,
        "weight_decay": 0.1,
        "num_train": 5000,
        "dim": 16,
        "mixing": "conv",
    }
    assert changes("overfitting", num_train=100_000)["num_train"] == 400_000


def test_what_the_run_has_already_is_not_offered_again():
    offered = changes("overfitting", augment=True, dropout=0.3, weight_decay=0.1, mixing="conv", dim=8, depth=2)
    assert offered == {"num_train": 50_000, "depth": 1}
    assert "supervision" in changes("overfitting", supervision="action")
    assert "supervision" not in changes("overfitting", supervision="policy")


def test_underfitting_has_the_opposite_remedies():
    offered = changes("underfitting", dim=32, depth=2, dropout=0.3, epochs=20, weight_decay=0.1)
    assert list(offered.items()) == [
        ("dim", 64),
        ("depth", 3),
        ("dropout", 0.1),
        ("epochs", 40),
        ("weight_decay", 0.01),
    ]
    assert changes("underfitting", dim=256, depth=4, dropout=0.0, epochs=20, weight_decay=0.0) == {"epochs": 40}


@pytest.mark.parametrize("finding", ["underfitting", "stuck at chance"])
@pytest.mark.parametrize(
    ("extreme", "cure"),
    [
        ({"weight_decay": 10.0}, {"weight_decay": 0.01}),
        ({"dropout": 0.6}, {"dropout": 0.1}),
        ({"lr": 3.0}, {"lr": 0.01}),
    ],
)
def test_a_setting_far_outside_the_guides_tables_is_put_right_first_and_only_once(finding, extreme, cure):
    offered = remedies(finding, {"dim": 32, **extreme})
    assert offered[0].changes == cure
    assert sum(set(cure) <= set(remedy.changes) for remedy in offered) == 1


def test_the_learning_rate_moves_by_the_guides_steps():
    assert changes("diverging", lr=0.01) == {"lr": 1e-3}
    assert changes("diverging", lr=1e-4) == {"lr": 1e-5}
    assert changes("diverging", lr=0.0003)["lr"] == 1e-4
    assert str(changes("diverging", lr=0.00017)["lr"]) == "1.7e-05"
    assert changes("crawling", lr=1e-5)["lr"] == 1e-4
    assert changes("crawling", lr=1e-3)["lr"] == 0.01


def test_a_history_knows_the_settings_of_its_run():
    gap = {"train_loss": [0.2] * 8, "train_acc": [0.95] * 8, "val_loss": [0.8] * 8, "val_acc": [0.6] * 8}
    config = TrainSettings(augment=True, dropout=0.2, dim=128).plain()
    (finding,) = diagnose({**gap, "config": config, "mazes": 700})
    assert [remedy.changes for remedy in finding.remedies[:4]] == [
        {"dropout": 0.3},
        {"weight_decay": 0.05},
        {"num_train": 5000},
        {"dim": 64},
    ]


def test_a_remedy_as_a_string_names_its_settings_and_as_a_command_prints_it_its_flags():
    remedy = Remedy("a small model", {"dim": 32, "depth": 2})
    assert str(remedy) == "a small model (`dim=32` `depth=2`)"
    assert in_flags(str(remedy)) == "a small model (--dim 32 --depth 2)"
    assert in_flags(str(Remedy("augmentation", {"augment": True}))) == "augmentation (--augment)"
    assert str(Remedy("check the data")) == "check the data"


def test_known_settings_are_those_that_the_project_would_accept():
    assert known_settings({"dim": 8, "augment": False, "num_train": 9, "lr": 1, "resume": None, "dropout": 1.5,
                           "epochs": "3", "momentum": 0.9, "depth": True}) == {
        "dim": 8, "augment": False, "num_train": 9, "lr": 1}  # fmt: skip


def any_settings():
    """Settings of a run, at the ends of what is allowed too; each may be missing."""
    return st.fixed_dictionaries({}, optional={
        "num_train": st.integers(1, 10_000_000), "augment": st.booleans(), "dim": st.integers(1, 4096),
        "depth": st.integers(1, 64), "dropout": st.floats(0, 1, exclude_max=True), "weight_decay": st.floats(0, 100),
        "lr": st.floats(0, 10, exclude_min=True), "epochs": st.integers(1, 100_000),
        "batch_size": st.integers(1, 1_000_000), "supervision": st.sampled_from(["policy", "action"]),
        "mixing": st.sampled_from(["mlp", "conv"]),
    })  # fmt: skip


@pytest.mark.slow
@given(st.sampled_from(sorted(REMEDIES)), any_settings())
def test_every_remedy_changes_something_into_what_the_commands_accept(finding, now):
    for remedy in remedies(finding, now):
        assert all(now.get(name) != value for name, value in remedy.changes.items())
        for kind in (kind for kind in KINDS if kind.part_of(remedy.changes)):
            part = kind.part_of(remedy.changes)
            assert kind.of(part).model_dump(include=set(part)) == part
            words = shlex.split(in_flags(Remedy("", part).settings))
            parser = Parser("", settings=kind)
            assert parser.given(parser.parse_args(words)) == part
