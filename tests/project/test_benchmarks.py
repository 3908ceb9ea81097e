"""What the benchmarks make of their measurements, and what their rivals compute. `make bench` does the measuring."""

import importlib
import json
import math
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import torch

from trm_nav import cli
from trm_nav.learning.loss import policy_loss
from trm_nav.mazes.encoding import ACTIONS, encode
from trm_nav.mazes.expert import optimal_actions
from trm_nav.mazes.grids import generate_mazes

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
SECTIONS = json.loads((BENCHMARKS / "results" / "results.json").read_text())


def module(name):
    return importlib.import_module(f"benchmarks.{name}")


# --- The report -------------------------------------------------------------------------------------------------------


def test_the_committed_text_is_that_of_the_committed_numbers():
    bench = module("bench")
    assert set(SECTIONS) == set(bench.SECTIONS), "a section was never measured"
    assert (BENCHMARKS / "RESULTS.md").read_text() == bench.document(SECTIONS)


def test_the_last_table_has_a_ratio_for_every_section_that_was_measured():
    last = (BENCHMARKS / "RESULTS.md").read_text().rpartition("## ")[2]
    for name, section in SECTIONS.items():
        rows = module(f"{name}.report").headlines(section["result"])
        assert all(len(row) == 4 and row[0] in last for row in rows) and (rows or name == "gpu")


def test_every_picture_in_the_results_has_a_file_and_a_text_alternative():
    bench = module("bench")
    for name, alternative in bench.PICTURES.items():
        assert (bench.RESULTS / f"{name}.png").exists() and len(alternative.split()) > 5


@pytest.mark.parametrize(
    ("values", "aim", "at_most", "ratio", "reached"),
    [
        ([1, 2, 3], 2, False, "2 (1 to 3)", "yes"),
        ([1, 1.9, 3], 2, False, "1.9 (1 to 3)", "no"),
        ([0.9, 1.1, 5], 1.1, True, "1.1 (0.9 to 5)", "yes"),
        ([0.9, math.inf, math.inf], 1.1, True, "never (0.9 to never)", "no"),
        ([0.9, math.inf, math.inf], 1, False, "never (0.9 to never)", "yes"),
        ([12345, 12345, 0.01234], None, False, "12,300 (0.0123 to 12,300)", ""),
    ],
)
def test_a_headline_says_whether_the_aim_was_reached(values, aim, at_most, ratio, reached):
    row = module("markdown").headline("what", module("timing").summary(values), aim, at_most)
    assert row[1] == ratio and row[3] == reached


# --- The runner -------------------------------------------------------------------------------------------------------


def test_interleaved_calls_are_made_equally_often_and_the_first_round_does_not_count():
    calls = []
    seconds = module("timing").interleaved({name: lambda name=name: calls.append(name) for name in "ab"}, repeats=3)
    assert calls == list("abababab")
    assert {name: len(times) for name, times in seconds.items()} == {"a": 3, "b": 3}


def test_ratios_are_taken_within_a_round_and_scaling_keeps_the_number_of_rounds():
    timing = module("timing")
    ratio = timing.ratios([2, 20, 6], [1, 10, 2])  # the second round was ten times as slow for both
    assert ratio == {"median": 2, "lowest": 2, "highest": 3, "repeats": 3}
    assert timing.scaled(ratio, 10) == {"median": 20, "lowest": 20, "highest": 30, "repeats": 3}


def test_asking_for_an_unknown_section_is_one_sentence(capsys, monkeypatch):
    bench = module("bench")
    monkeypatch.setattr(sys, "argv", ["bench.py", "expert"])
    with pytest.raises(SystemExit) as ended:
        cli.run(bench.main, bench.PROG)
    assert ended.value.code == 2
    assert "there is no section 'expert'; did you mean 'experts'?" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "benchmarks/bench.py",  # also as a file
        "-m benchmarks.bench",
        "-m benchmarks.studies.recipes",
        "-m benchmarks.generation.loop",
    ],
)
def test_every_command_of_the_benchmarks_explains_itself(words):
    done = subprocess.run([sys.executable, *words.split(), "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("usage:"), done.stderr


# As `python -m` runs them, but one after the other in one process, because each of them imports PyTorch.
IN_TURN = """
import contextlib, io, runpy, sys
for name in sys.argv[1:]:
    sys.argv, text = [name, "--help"], io.StringIO()
    try:
        with contextlib.redirect_stdout(text):
            runpy.run_module(name, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        print(name, ended.code, text.getvalue().split()[0])
"""


@pytest.mark.slow
def test_every_command_of_the_benchmarks_that_imports_pytorch_explains_itself():
    names = [
        "benchmarks.time_to_skill.measure",
        "benchmarks.time_to_skill.tune",
        "benchmarks.training_step.shapes",
        "benchmarks.training_step.bare_loop",
        "benchmarks.growth.worker",
    ]
    done = subprocess.run([sys.executable, "-c", IN_TURN, *names], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines() == [f"{name} 0 usage:" for name in names], done.stderr


# --- Generating a data set and the training step ----------------------------------------------------------------------


def test_the_loop_finds_paths_as_short_as_those_of_networkx():
    heap_astar = module("generation.loop").heap_astar
    mazes = generate_mazes(20, seed=3)
    for walls, start, goal in zip(mazes.walls, mazes.starts.tolist(), mazes.goals.tolist(), strict=True):
        graph = nx.grid_2d_graph(*walls.shape)
        graph.remove_nodes_from(map(tuple, np.argwhere(walls).tolist()))
        shortest = nx.shortest_path_length(graph, tuple(start), tuple(goal))
        assert len(heap_astar(walls.tolist(), tuple(start), tuple(goal))) == shortest


def test_the_loop_agrees_with_the_expert_and_counts_its_labelled_cells():
    assert 30 < module("generation.measure").check(samples=20) < 64


def test_the_counted_operations_are_those_of_the_formula():
    """A block has two maps of n^2 x n^2 over dim channels and two of dim x 2 dim over n^2 cells; a head follows."""
    growth, steps = module("growth.measure"), module("training_step.our_step")
    point = {"size": 8, "dim": 32, "depth": 2, "recursions": 4}
    block = 2 * 2 * 64 * 64 * 32 + 2 * 2 * 64 * 32 * 64
    assert growth.flops(point) == steps.flops(64, 32, 2, 4) == 3 * 64 * (4 * 2 * block + 2 * 64 * 32 * 5)


@pytest.mark.slow
def test_the_ordinary_mixer_computes_what_ours_does():
    """measure_shape itself compares the logits and the counted operations, and raises where they differ."""
    point = module("training_step.shapes").measure_shape(dim=8, recursions=2, threads=1, repeats=1)
    names = module("training_step.report")
    assert {names.OURS, names.PER_SAMPLE, names.BATCHED} <= set(point["systems"])
    assert point["systems"][names.OURS]["parameters"] == point["systems"][names.PER_SAMPLE]["parameters"]


# --- Time to skill ----------------------------------------------------------------------------------------------------


def run(seed, *points, parameters=10):
    columns = zip(*((mark, mark + 0.5, mark, mark / 2, success) for mark, success in points), strict=True)
    return {
        "system": "x",
        "seed": seed,
        "threads": 1,
        "load": 0.0,
        "machine": "here",
        "parameters": parameters,
        **dict(zip(module("time_to_skill.runs").COLUMNS, map(list, columns), strict=True)),
    }


def test_seconds_to_a_skill_are_those_of_the_first_evaluation_that_shows_it():
    runs = module("time_to_skill.runs")
    one = run(0, (5, 0.5), (10, 0.991), (20, 0.98), (30, 0.9995))
    assert runs.seconds_to(one, 0.99) == 10.5
    assert runs.seconds_to(one, 0.999) == 30.5
    assert runs.seconds_to(one, 1) == math.inf
    assert runs.success_at(one, 20) == runs.success_at(one, 29) == 0.98
    assert runs.success_at(one, 300) == 0.9995, "training was over before"
    assert math.isnan(runs.success_at(one, 4))


def test_a_rival_that_never_gets_there_is_behind_and_one_that_is_sooner_is_named():
    report = module("time_to_skill.report")
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
    runs = module("time_to_skill.runs")
    same = {"system": "local", "seed": 3, "threads": 1, "load": None, "machine": "here", "parameters": 7}
    lines = [{**same, **dict.fromkeys(runs.COLUMNS, value), "accuracy": 1} for value in (1.0, 2.0)]
    (tmp_path / "local-3.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert runs.read(tmp_path) == {"local": [{**same, **{name: [1.0, 2.0] for name in runs.COLUMNS}}]}


@pytest.mark.parametrize("name", ["recurrent", "vin", "cnn", "published"])
def test_a_rival_answers_in_the_right_shape_and_trains_all_its_parameters(name):
    if name == "published":
        pytest.importorskip("tiny_recursive_model")
    system, untrained = module("time_to_skill.systems").SYSTEMS[name], module("time_to_skill.published_trm").UNTRAINED
    torch.manual_seed(0)
    model = system.build(**system.settings)
    mazes = generate_mazes(16, seed=1)
    tokens = torch.from_numpy(encode(mazes.walls, mazes.goals))
    optimal = torch.from_numpy(optimal_actions(mazes.walls, mazes.goals)).flatten(1)
    assert model(tokens).shape == (16, 64, len(ACTIONS))
    if model.mixing == "conv":
        assert model(torch.zeros(2, 144, dtype=torch.uint8)).shape == (2, 144, len(ACTIONS))
    (model.loss(tokens, optimal) if name == "published" else policy_loss(model(tokens), optimal)).backward()
    for key, parameter in model.named_parameters():
        assert key.endswith(untrained) or not parameter.numel() or parameter.grad.any(), f"no gradient reaches {key}"


def test_the_schedule_of_a_rival_follows_the_steps_or_the_clock():
    fitting = module("time_to_skill.fitting")
    parameter = torch.nn.Parameter(torch.zeros(1))
    for share, expected in ((None, 1), (lambda: 1.0, 0)):  # at the end of the warm-up, and at the end of the budget
        optimizer = torch.optim.SGD([parameter], lr=1)
        fit = fitting.Fit(range(100), 10, 2, optimizer, torch.Generator(), share, lambda epochs: None)
        assert fit.batches == 10
        schedule = fit.schedule(lambda step: step)
        optimizer.step()
        schedule.step()  # 20 steps: the warm-up takes 2
        assert optimizer.param_groups[0]["lr"] == expected


# --- Growth and the GPU -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [0, 1, 2.5])
def test_the_slope_is_the_exponent(exponent):
    xs = [1, 2, 5, 40]
    assert module("growth.report").slope(xs, [3 * x**exponent for x in xs]) == pytest.approx(exponent)


def test_the_formula_for_memory_finds_the_coefficients_that_made_the_points():
    memory = module("growth.memory")
    truth = {"a": 4e8, "b": 16.0, "c": 45.0, "batch": 64}
    base = {"size": 8, "dim": 32, "depth": 2, "imports_bytes": 3e8, "held_bytes": 1}
    lines = {
        "mazes": [{**base, "mazes": mazes, "recursions": 4} for mazes in (1_000, 50_000)],
        "recursions": [{**base, "mazes": 0, "recursions": recursions} for recursions in (1, 4, 16)],
    }
    for point in (*lines["mazes"], *lines["recursions"]):
        # The parameters do not vary here, so that the intercept a includes them.
        point["peak_bytes"] = memory.predicted(point, truth)
    found = memory.coefficients({"lines": lines, "batch": 64})
    constant = memory.PARAMETER_BYTES * memory.parameters(lines["mazes"][0])
    assert found["a"] == pytest.approx(truth["a"] + constant)
    assert [found["b"], found["c"]] == pytest.approx([truth["b"], truth["c"]])


def test_without_a_gpu_the_section_is_one_sentence():
    report = module("gpu.report")
    missing = {"missing": "PyTorch finds no CUDA device on this machine"}
    assert report.report(missing).endswith("Skipped: PyTorch finds no CUDA device on this machine.")
    assert report.headlines(missing) == []


def test_the_rates_on_a_device_can_be_reported(monkeypatch):
    """The processor stands in for the GPU here."""
    gpu, report = module("gpu.measure"), module("gpu.report")
    monkeypatch.setattr(gpu, "STEPS", 1)
    monkeypatch.setattr(gpu, "ROUNDS", 2)
    point = gpu.measure_shape(8, 1, "cpu")
    assert len(report.headlines({"points": [point]})) == 2
    result = {
        "device": "a GPU",
        "machine": "here",
        "load": None,
        "points": [point],
        "recipes": {"production": {"seconds": 600, "success": 0.99, "val_acc": 0.95}},
    }
    assert "| `production` | 10.0 | 30 to 60 minutes | 99.00% | 95.00% |" in report.report(result)
