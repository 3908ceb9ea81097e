"""How often the diagnosis is right, on trainings with a fault put into them that no threshold was chosen by."""

from collections import defaultdict

import pytest

from benchmarks.studies.faults.judging import GROUPS, NO_ALARM, grouped
from benchmarks.studies.faults.runs import histories, runs
from trm_nav.diagnosis.findings import diagnose

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def judged() -> dict[str, dict[str, list[set[str]]]]:
    """For every group of runs and every fault in it, the names that were found in each run."""
    found: dict[str, dict[str, list[set[str]]]] = {group: defaultdict(list) for group in GROUPS}
    for group, histories_of_group in grouped("judged").items():
        for run in histories_of_group:
            found[group][run["fault"]].append({finding.name for finding in diagnose(run)})
    return found


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    ("finding", "faults"),
    [("overfitting", ["few-mazes", "one-label"]), ("diverging", ["learning-rate-x300", "exploding-start"])],
)
def test_of_20_runs_with_a_fault_at_least_19_are_found(judged, group, finding, faults):
    runs = [found for fault in faults for found in judged[group][fault]]
    assert runs and sum(finding in found for found in runs) >= 0.95 * len(runs)


@pytest.mark.parametrize("group", GROUPS)
def test_of_50_healthy_runs_at_most_one_raises_an_alarm(judged, group):
    runs = judged[group]["healthy"]
    assert runs and sum(not found <= NO_ALARM for found in runs) <= 0.02 * len(runs)


@pytest.mark.parametrize("part", ["tuning", "judged"])
def test_every_line_of_histories_is_a_run_of_the_study_and_the_two_files_share_no_seed(part):
    known = {run.name: run for run in runs()}
    lines = histories(part)
    assert len({line["name"] for line in lines}) == len(lines)
    for line in lines:
        run = known[line["name"]]
        assert (run.fault, run.kind, run.seed, run.part) == (line["fault"], line["kind"], line["seed"], part)
    other = {line["seed"] for line in histories("judged" if part == "tuning" else "tuning")}
    assert not other & {line["seed"] for line in lines}
