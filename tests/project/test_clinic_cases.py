"""The cases of the blind clinic: what is right in each, and that the page's file is what the study makes of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.studies.clinic import cases as study
from benchmarks.studies.clinic.treatments import CHANGES, Treated, outcome, treated
from benchmarks.studies.faults.judging import EXPECTED
from benchmarks.studies.faults.runs import KINDS, Run, histories
from trm_nav.course.web import tables

FILE = Path(tables.__file__).parent / "clinic.json"
DATA: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
CASES = 10  # in a round


def test_the_file_of_the_page_is_small_and_its_cases_are_those_of_the_study():
    assert FILE.stat().st_size < 250_000
    outcomes = {name: family["outcomes"] for name, family in DATA["families"].items()}
    made = study.content(outcomes, DATA["machine"], DATA["seconds"])
    assert json.loads(json.dumps(made)) == DATA, "run: python -m benchmarks.studies.clinic --write"


def test_there_are_cases_of_ten_families_at_least_and_no_threshold_was_chosen_on_them():
    assert len({one["family"] for one in DATA["cases"]}) >= CASES
    tuning = [line["val_loss"] for line in histories("tuning")]
    assert all(one["val_loss"] not in tuning for one in DATA["cases"])


def test_the_right_names_are_those_of_the_fault_and_healthy_only_where_nothing_was_lost():
    for one in DATA["cases"]:
        family = DATA["families"][one["family"]]
        lost = family["healthy"] - np.mean(one["val_acc"][-2:])
        names = EXPECTED[family["fault"]] & set(DATA["illnesses"])
        assert set(one["right"]) - {"healthy"} == names - {"healthy"}
        if family["fault"] != "other-density":
            assert ("healthy" in one["right"]) == (family["fault"] == "healthy" or lost < study.HARM)


def test_a_prescription_changes_nothing_only_where_the_run_has_it_already():
    for name, family in DATA["families"].items():
        run = Run(family["fault"], family["kind"], 0, "judged")
        for prescription in CHANGES:
            same = treated(run, prescription) is None
            assert (prescription in family["changes"]) != same, name
            assert not same or prescription not in family["outcomes"]


@pytest.mark.slow
def test_a_treatment_is_trained_with_the_fault_and_repaired_without_it(monkeypatch):
    monkeypatch.setitem(KINDS, "small grid", {**KINDS["small grid"], "num_train": 200, "num_test": 50, "epochs": 4})
    run = Run("unturned-actions", "small grid", 22, "judged")
    sick, cured = (outcome(treated(run, name)) for name in ("leave", "check"))
    assert sick["epochs"] == cured["epochs"] == [1, 2, 3, 4]
    assert cured["train_loss"][-1] < sick["train_loss"][-1], "labels that fit can be learned, others cannot"
    assert treated(run, "check") == Treated("healthy", "small grid", 22, "judged", {})
