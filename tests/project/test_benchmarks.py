"""What the benchmarks make of their measurements. The measuring itself takes minutes: `make bench`."""

import importlib
import json
import math
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module", autouse=True)
def rooms():
    """Benchmarks import each other by their names alone, as scripts do."""
    sys.path.insert(0, str(BENCHMARKS))
    yield
    sys.path.remove(str(BENCHMARKS))


def room(name):
    return importlib.import_module(name)


def test_the_committed_text_is_that_of_the_committed_numbers():
    sections = json.loads((BENCHMARKS / "results.json").read_text())
    bench = room("bench")
    assert set(sections) == set(bench.SECTIONS), "a section was never measured"
    assert (BENCHMARKS / "RESULTS.md").read_text() == bench.document(sections)


def test_the_last_table_has_a_ratio_for_every_section_that_was_measured():
    sections = json.loads((BENCHMARKS / "results.json").read_text())
    last = (BENCHMARKS / "RESULTS.md").read_text().rpartition("## ")[2]
    for what in ("Numba, queue", "from nothing", "training step", "whole command", "to 99.9%", "exponent"):
        assert what in last
    for name, (_, reporting) in room("bench").SECTIONS.items():
        rows = room(reporting).headlines(sections[name]["result"])
        assert all(len(row) == 4 for row in rows) and (rows or name == "gpu")


def test_what_takes_turns_is_called_equally_often_and_the_first_round_does_not_count():
    timing, calls = room("timing"), []
    seconds = timing.interleaved({name: lambda name=name: calls.append(name) for name in "ab"}, repeats=3)
    assert calls == list("abababab")
    assert {name: len(times) for name, times in seconds.items()} == {"a": 3, "b": 3}


@pytest.mark.parametrize(("values", "aim", "at_most", "ratio", "reached"), [
    ([1, 2, 3], 2, False, "2 (1 to 3)", "yes"),
    ([1, 1.9, 3], 2, False, "1.9 (1 to 3)", "no"),
    ([0.9, 1.1, 5], 1.1, True, "1.1 (0.9 to 5)", "yes"),
    ([0.9, math.inf, math.inf], 1.1, True, "never (0.9 to never)", "no"),
    ([0.9, math.inf, math.inf], 1, False, "never (0.9 to never)", "yes"),
    ([12345, 12345, 0.01234], None, False, "12,300 (0.0123 to 12,300)", ""),
])  # fmt: skip
def test_a_headline_says_whether_the_aim_was_reached(values, aim, at_most, ratio, reached):
    timing = room("timing")
    row = timing.headline("what", timing.summary(values), aim, at_most)
    assert row[1] == ratio and row[3] == reached


def run(seed, *points, parameters=10):
    columns = zip(*((mark, mark + 0.5, mark, mark / 2, success) for mark, success in points), strict=True)
    names = room("time_to_skill_report").COLUMNS
    return {
        "system": "x",
        "seed": seed,
        "threads": 1,
        "load": 0.0,
        "machine": "here",
        "parameters": parameters,
        **dict(zip(names, map(list, columns), strict=True)),
    }


def test_seconds_to_a_skill_are_those_of_the_first_evaluation_that_shows_it():
    report = room("time_to_skill_report")
    one = run(0, (5, 0.5), (10, 0.991), (20, 0.98), (30, 0.9995))
    assert report.seconds_to(one, 0.99) == 10.5
    assert report.seconds_to(one, 0.999) == 30.5
    assert report.seconds_to(one, 1) == math.inf
    assert report.success_at(one, 20) == report.success_at(one, 29) == 0.98
    assert report.success_at(one, 300) == 0.9995, "training was over before"
    assert math.isnan(report.success_at(one, 4))


def test_a_rival_that_never_gets_there_is_behind_and_one_that_is_sooner_is_named():
    report = room("time_to_skill_report")
    runs = {
        "local": [run(seed, (10, 0.9), (20, 0.9995)) for seed in range(3)],
        "vin": [run(seed, (10, 0.9), (300, 0.94)) for seed in range(3)],
        "recurrent": [run(seed, (10, 0.9995)) for seed in range(3)],
    }
    rows = {row[0]: row[1:] for row in report.headlines({"runs": runs})}
    assert rows["`local` to 99.9%: seconds / 30"][2] == "yes"
    assert rows["seconds to 99.9%: Value Iteration Network / `local`"][0::2] == ["never (never to never)", "yes"]
    assert rows["seconds to 99.9%: recurrent convolution / `local`"] == ["0.512 (0.512 to 0.512)", "at least 1", "no"]
    text = report.report({"runs": runs})
    assert "not reached, as soon or sooner: recurrent convolution" in text
    assert "| Value Iteration Network | 10 | - | - | - |" in text


def test_a_run_is_read_back_from_its_lines(tmp_path):
    report = room("time_to_skill_report")
    same = {"system": "local", "seed": 3, "threads": 1, "load": None, "machine": "here", "parameters": 7}
    lines = [{**same, **dict.fromkeys(report.COLUMNS, value), "accuracy": 1} for value in (1.0, 2.0)]
    (tmp_path / "local-3.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert report.read(tmp_path) == {"local": [{**same, **{name: [1.0, 2.0] for name in report.COLUMNS}}]}


def test_the_operations_counted_are_those_of_the_formula():
    """A block has two maps of n^2 x n^2 over dim channels and two of dim x 2 dim over n^2 cells; a head follows."""
    growth, steps = room("growth"), room("training_step")
    point = {"size": 8, "dim": 32, "depth": 2, "recursions": 4}
    block = 2 * 2 * 64 * 64 * 32 + 2 * 2 * 64 * 32 * 64
    assert growth.flops(point) == steps.flops(64, 32, 2, 4) == 3 * 64 * (4 * 2 * block + 2 * 64 * 32 * 5)


@pytest.mark.parametrize("exponent", [0, 1, 2.5])
def test_the_slope_is_the_exponent(exponent):
    xs = [1, 2, 5, 40]
    assert room("growth_report").slope(xs, [3 * x**exponent for x in xs]) == pytest.approx(exponent)


def test_without_a_gpu_the_section_is_one_sentence():
    gpu = room("gpu")
    assert gpu.report({"missing": "PyTorch finds no CUDA device on this machine"}).endswith(
        "Skipped: PyTorch finds no CUDA device on this machine."
    )
    assert gpu.headlines({"missing": "none"}) == []


def test_the_rates_on_a_device_can_be_reported(monkeypatch):
    """Here with the processor in the GPU's place."""
    gpu = room("gpu")
    monkeypatch.setattr(gpu, "STEPS", 1)
    monkeypatch.setattr(gpu, "ROUNDS", 2)
    point = gpu.measure_shape(8, 1, "cpu")
    assert len(gpu.headlines({"points": [point]})) == 2
    result = {
        "device": "a GPU",
        "machine": "here",
        "points": [point],
        "recipes": {"production": {"seconds": 600, "success": 0.99, "val_acc": 0.95}},
    }
    assert "| `production` | 10.0 | 30 to 60 minutes | 99.00% | 95.00% |" in gpu.report(result)


def test_asking_for_a_section_that_there_is_not_is_one_sentence(capsys, monkeypatch):
    from trm_nav import cli

    bench = room("bench")
    monkeypatch.setattr(sys, "argv", ["bench.py", "expert"])
    with pytest.raises(SystemExit) as ended:
        cli.run(bench.main, bench.PROG)
    assert ended.value.code == 2
    assert "there is no section 'expert'; did you mean 'experts'?" in capsys.readouterr().err


def test_the_ordinary_mixer_computes_what_ours_does_and_all_take_turns():
    """measure_shape itself compares the logits and counts the operations, and raises where they differ."""
    point = room("training_step").measure_shape(dim=8, recursions=2, threads=1, repeats=1)
    assert {"ours", "ordinary", "ordinary, turned in batches"} <= set(point["systems"])
    assert point["systems"]["ours"]["parameters"] == point["systems"]["ordinary"]["parameters"]
    assert point["limit"]["median"] > 0


def test_the_loop_of_the_whole_process_agrees_with_the_expert():
    assert 30 < room("whole_process").check(samples=20) < 64
