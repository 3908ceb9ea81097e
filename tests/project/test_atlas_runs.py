"""The runs of the atlas: ten seeds of every choice, with the settings of the presets and of the remedies of today."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.studies import atlas
from trm_nav.course.laboratory.presets import DEFAULTS, PRESETS
from trm_nav.course.web import tables
from trm_nav.diagnosis.findings import diagnose

FILE = Path(tables.__file__).parent / "atlas.json"
DATA: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
AGAIN = f"run: {atlas.COMMAND}"


def test_the_file_of_the_page_is_small():
    assert FILE.stat().st_size <= 400_000


def test_presets_remedies_and_defaults_are_those_of_the_library():
    assert DATA["same"] == DEFAULTS, AGAIN
    assert list(DATA["presets"]) == list(PRESETS)
    for name, preset in DATA["presets"].items():
        assert preset == {"settings": PRESETS[name], "remedies": atlas.offered(name)}, AGAIN


def test_every_choice_has_one_run_of_each_of_ten_seeds_in_their_order():
    wanted = [(preset, list(tried), seed) for preset, tried in atlas.choices() for seed in range(10)]
    assert [(run["preset"], run["remedies"], run["seed"]) for run in DATA["runs"]] == wanted, AGAIN


def test_two_remedies_of_a_choice_never_change_the_same_setting():
    for preset, tried in atlas.choices():
        changed = [setting for what in tried for setting in atlas.offered(preset)[what]]
        assert len(changed) == len(set(changed)), f"{preset} with {tried}"


def settings_of(run: dict[str, Any]) -> dict[str, Any]:
    changes = atlas.offered(run["preset"])
    settings = {**DEFAULTS, **PRESETS[run["preset"]]}
    for what in run["remedies"]:
        settings |= changes[what]
    return settings


def test_every_run_has_all_its_epochs_unless_it_diverged():
    for run in DATA["runs"]:
        epochs = {len(run[name]) for name in atlas.CURVES}
        assert epochs == {settings_of(run)["epochs"]} or (run["finding"] == "diverging" and len(epochs) == 1), run
        assert all(0 <= share <= 1 for share in run["val_acc"])


def test_the_findings_are_those_of_the_curves():
    """But for a few: the file has the curves rounded, and not what guessing reaches on the mazes of each run."""
    same = []
    for run in DATA["runs"]:
        settings, curves = settings_of(run), {name: run[name] for name in atlas.CURVES}
        finding = diagnose({**curves, "config": settings, "mazes": settings["num_train"]})[0]
        same.append(finding.name == run["finding"])
    assert np.mean(same) > 0.9


@pytest.mark.slow
def test_a_run_is_trained_again_as_the_file_has_it():
    kept = next(run for run in DATA["runs"] if run["preset"] == "Underfitting" and run["seed"] == 3)
    again = atlas.measure("Underfitting", (), 3)
    assert again["train_loss"][0] == pytest.approx(kept["train_loss"][0], abs=0.01)  # later, rounding has grown
    assert (again["finding"], len(again["val_acc"])) == (kept["finding"], len(kept["val_acc"]))
