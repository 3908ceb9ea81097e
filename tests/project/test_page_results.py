"""What has been measured of the pages: their runs beside PyTorch's, and how fast they answer."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from trm_nav.course.laboratory.presets import PRESETS

sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks.studies import page_presets, page_speed  # noqa: E402

TWINS = 10  # seeds
POINTS = 0.03  # of accuracy, by which a pair of runs may differ in the median: rounding parts them


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


def test_a_seed_begins_the_same_run_in_the_page_as_in_pytorch(pairs):
    if pairs[0]["preset"] == "Divergence":
        pytest.skip("at its learning rate rounding parts the runs within the first epoch")
    for pair in pairs:
        assert pair["page"]["first_loss"] == pytest.approx(pair["pytorch"]["first_loss"], rel=0.01)


def test_the_same_fault_is_found_in_the_page_and_in_pytorchs_runs(pairs):
    fine = {"healthy", "still improving"}
    same = 0
    for pair in pairs:
        first = {pair[where]["findings"][0] for where in ("page", "pytorch")}
        same += len(first) == 1 or first <= fine
    assert same >= TWINS - 1, "a run may lie on a threshold"


def test_both_end_at_the_same_accuracies(pairs):
    for name in ("train_acc", "val_acc"):
        ends = {where: [pair[where][name] for pair in pairs] for where in ("page", "pytorch")}
        middle = {where: sorted(values)[TWINS // 2] for where, values in ends.items()}
        assert middle["page"] == pytest.approx(middle["pytorch"], abs=POINTS)
        apart = max(abs(one - other) for one, other in zip(*ends.values(), strict=True))
        assert apart <= 2 * POINTS + max(ends["pytorch"]) - min(ends["pytorch"]), "less than seeds differ"


def test_the_figures_of_the_pages_speed_are_complete_and_nothing_keeps_a_reader_waiting():
    data = measured(page_speed.RESULT, page_speed.COMMAND)
    assert data["command"] == page_speed.COMMAND and data["cores"] == 1
    assert set(data["figures"]) == set(page_speed.WANTED)
    again = page_speed.figures(data["runs"], data["stops"], data["playground"])
    assert data["figures"] == again
    for name in ("overfitting", "healthy", "stop", "steps"):
        assert page_speed.met(name, data["figures"][name]), name
