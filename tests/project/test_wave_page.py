"""The tables of docs/wave.md are those of the measured results."""

import json

import pytest

from benchmarks.markdown import between
from benchmarks.studies.wave import __main__ as study
from benchmarks.studies.wave.held_out import every_maze, examine
from benchmarks.studies.wave.report import report


def test_the_page_shows_what_was_measured():
    text = study.PAGE.read_text()
    shown = between(text, study.BEGIN)
    assert shown == report(json.loads(study.RESULTS.read_text()))


def test_every_repaired_network_is_certified_and_right_everywhere():
    seeds = json.loads(study.RESULTS.read_text())["seeds"]
    assert seeds
    for result in seeds.values():
        assert result["repaired"]["certificate"]["holds"]
        assert all(suite["wrong_cells"] == 0 for suite in result["repaired"]["suites"].values())


def test_readme_counts_what_was_measured():
    results, readme = json.loads(study.RESULTS.read_text()), (study.ROOT / "README.md").read_text()
    (huge,) = results["huge"].values()
    assert (
        f"paths of up to {huge['recursions']:,} steps | 1, one seed | {huge['wrong_cells']} of {huge['cells']:,} |"
        in readme
    )
    assert f"{len(results['foreign'])} generators of two other packages" in readme
    counts = [
        suite for part in ("large", "foreign") for one in results[part].values() for suite in one["suites"].values()
    ]
    assert not any(suite["wrong_cells"] for suite in counts)
    assert f"{len(results['seeds'])} seeds, each in a process of one thread" in study.PAGE.read_text()


@pytest.mark.slow
def test_every_maze_of_a_size_is_every_pair_of_walls_and_goal():
    found = set()
    for mazes in every_maze(3):
        found |= {(walls.tobytes(), tuple(goal)) for walls, goal in zip(mazes.walls, mazes.goals.tolist(), strict=True)}
    assert len(found) == 9 * 2**8


@pytest.mark.slow
def test_examining_counts_mazes_and_cells_that_are_wrong():
    from waves import random_wave, trained_wave

    batches = list(every_maze(3))[:2]
    assert examine(trained_wave(), iter(batches))["wrong_cells"] == 0
    poor = examine(random_wave(0).float(), iter(batches))
    assert poor["mazes"] == 2 * 2**8 and 0 < poor["wrong_mazes"] <= poor["wrong_cells"] <= poor["cells"]
