"""What has been measured of the pages: their runs beside PyTorch's, and how fast they answer."""

import json
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from benchmarks.studies import page_presets, page_speed
from trm_nav.course.laboratory.presets import PRESETS

TWINS = 10  # seeds
POINTS = 0.03  # of accuracy, by which the two runs of a seed may end apart


def measured(path: Path, command: str) -> dict[str, Any]:
    if not path.exists():
        pytest.skip(f"not measured yet; run: {command}")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=PRESETS)
def pairs(request) -> list[dict[str, Any]]:
    """The pairs of a preset: what the page and what PyTorch made of each seed."""
    data = measured(page_presets.RESULT, page_presets.COMMAND)
    return [run for run in data["runs"] if run["preset"] == request.param]


def test_every_preset_was_trained_in_the_page_and_by_pytorch_with_ten_seeds(pairs):
    assert [pair["seed"] for pair in pairs] == list(range(TWINS))


def test_a_seed_is_the_same_run_in_the_page_as_in_pytorch_but_for_what_rounding_does(pairs):
    if pairs[0]["preset"] == "Divergence":
        pytest.skip("at its learning rate rounding parts some runs within the first epoch")
    for pair in pairs:
        assert pair["page"]["first_loss"] == pytest.approx(pair["pytorch"]["first_loss"], rel=1e-3)
        for name in ("train_acc", "val_acc"):
            assert pair["page"][name] == pytest.approx(pair["pytorch"][name], abs=POINTS)


def test_the_same_fault_is_found_in_the_page_and_in_pytorchs_runs(pairs):
    for pair in pairs:
        assert pair["page"]["findings"][0] == pair["pytorch"]["findings"][0]


def test_the_middle_of_each_lies_in_the_range_of_the_other(pairs):
    for name in ("train_acc", "val_acc"):
        page, pytorch = ([pair[where][name] for pair in pairs] for where in ("page", "pytorch"))
        assert min(pytorch) <= median(page) <= max(pytorch)
        assert min(page) <= median(pytorch) <= max(page)


def test_the_figures_of_the_pages_speed_are_complete_and_nothing_keeps_a_reader_waiting():
    data = measured(page_speed.RESULT, page_speed.COMMAND)
    assert data["command"] == page_speed.COMMAND and data["cores"] == 1
    assert set(data["figures"]) == set(page_speed.WANTED)
    again = page_speed.figures(data["book"], data["runs"], data["stops"], data["playground"])
    assert data["figures"] == again
    for name in page_speed.WANTED:
        assert page_speed.met(name, data["figures"][name]), name
