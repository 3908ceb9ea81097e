"""The campaign of attacks: a seeded sample of it, and a judge who notices what goes wrong."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.studies.torture import contents, flags, interface, oracle, process, report
from benchmarks.studies.torture.attack import CANARY, Scene
from benchmarks.studies.torture.calls import Calls, die, fail
from benchmarks.studies.torture.damage import BYTES, bomb, entry_replaced
from benchmarks.studies.torture.material import same

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process fork that has PyTorch in it")
SENTENCE = "print('this is no good; give another', file=sys.stderr); sys.exit(2)"


@pytest.fixture
def scene(tmp_path) -> Scene:
    return Scene(tmp_path, tmp_path, random.Random(0))


@pytest.mark.slow
def test_nothing_breaks_under_a_sample_of_all_attacks(tmp_path):
    results = tmp_path / "results.jsonl"
    command = [sys.executable, "-m", "benchmarks.studies.torture", "--sample", "--workers", "1", "--results", results]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode:
        listing = [*command[:3], "--failures", "--results", results]
        failures = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True).stdout
        pytest.fail(f"{failures}\n{done.stderr[-2000:]}")


def judged(scene: Scene, code: str, **how) -> list[str]:
    words = [sys.executable, "-c", f"import os, sys, time\n{code}"]
    scene.judged(process.started(words, scene.folder, "a program", **how), oracle.ORDINARY)
    return scene.complaints


@pytest.mark.parametrize("code", ["", SENTENCE, "print('output')"])
def test_success_and_a_sentence_with_status_2_are_no_failures(scene, code):
    assert judged(scene, code) == []


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("raise KeyError('dim')", "traceback: KeyError: 'dim'"),
        ("sys.exit(3)", "status 3"),
        ("sys.exit(2)", "message: 0 lines"),
        (f"print('one', file=sys.stderr); {SENTENCE}", "message: 2 lines"),
        (f"print('word ' * 200, file=sys.stderr); {SENTENCE[SENTENCE.index('sys.exit') :]}", "message: 1000 letters"),
        ("print('a red \\x1b[31m word here', file=sys.stderr); sys.exit(2)", "message: not printable"),
        ("print('no', file=sys.stderr); sys.exit(2)", "message: no sentence"),
        ("os.abort()", "crash: SIGABRT"),
        (f"open({CANARY!r}, 'w')", "executed"),
    ],
)
def test_the_judge_notices(scene, code, complaint):
    assert judged(scene, code)[0].startswith(complaint)


def test_a_child_that_does_not_end_is_ended_and_reported(scene):
    assert judged(scene, "time.sleep(1000)", limit=0.2)[0].startswith("hang")


def test_a_forked_child_answers_as_a_program_does(scene):
    def act():
        print("output")
        raise SystemExit(2)

    outcome = process.forked(act, scene.folder, "a function")
    assert (outcome.status, outcome.out) == (2, "output\n")
    outcome = process.forked(lambda: 1 / 0, scene.folder, "a function")
    assert outcome.status == 1 and outcome.last_line.startswith("ZeroDivisionError")


def write_twice() -> None:
    for name in ("one", "two"):
        with open(name, "wb") as file:
            file.write(b"whole")
        os.replace(name, f"{name}.done")


@pytest.mark.parametrize(
    ("at", "found"),
    [
        (1, {}),
        (3, {"one": b"wh"}),
        (4, {"one": b"whole"}),
        (5, {"one.done": b"whole"}),
        (9, {"one.done": b"whole", "two.done": b"whole"}),
    ],
)
def test_a_process_dies_before_the_call_that_it_is_told_to_die_at(scene, at, found):
    status = process.forked(write_twice, scene.folder, "dies", prepare=Calls(at, die).install).status
    assert status == (-9 if at < 9 else 0)
    assert {path.name: path.read_bytes() for path in scene.folder.iterdir()} == found


def test_a_call_fails_with_the_error_that_it_is_told_to_fail_with(scene):
    outcome = process.forked(write_twice, scene.folder, "fails", prepare=Calls(4, fail("ENOSPC")).install)
    assert outcome.last_line.startswith("OSError: [Errno 28]")


@pytest.mark.parametrize("group", [contents, flags, interface])
def test_the_seed_says_which_attacks_there_are(group, tmp_path):
    first, again, other = ([what for what, _ in group.draw(seed, tmp_path)] for seed in (0, 0, 1))
    assert first == again and len(first) > 900
    assert group is flags or first != other or group is contents


def test_damage_is_repeated_by_its_seed_and_changes_the_bytes():
    whole = bytes(range(256)) * 40
    for name, way in BYTES.items():
        damaged = way(whole, random.Random(3))
        assert damaged == way(whole, random.Random(3)), name
        assert damaged != whole, name


def test_one_entry_is_replaced_and_the_original_stays():
    content = {"a": {"b": [1, 2, torch.zeros(2)]}, "c": "text"}
    for seed in range(50):
        changed, what = entry_replaced(content, random.Random(seed))
        assert what
        assert list(content) == ["a", "c"] and content["a"]["b"][:2] == [1, 2]
        assert seed or changed is not content


def test_a_bomb_is_small_and_large():
    assert len(bomb(2**22)) < 2**15


def test_nan_is_the_same_as_itself_and_other_bits_are_not():
    assert same({"a": [float("nan"), torch.tensor(float("nan"))]}, {"a": [float("nan"), torch.tensor(float("nan"))]})
    assert not same(torch.zeros(2), torch.zeros(2, dtype=torch.float64))
    assert not same(torch.tensor([0.0]), torch.tensor([-0.0]))
    assert not same([1], [1.0]) and not same({"a": 1}, {"b": 1})


def test_the_page_counts_every_result_and_leaves_no_failure_out():
    results = [
        {"name": f"{group}-0000", "group": group, "what": "x", "verdict": verdict, "complaints": complaints}
        | {"kills": 1, "seconds": 1.0}
        for group in report.GROUPS
        for verdict, complaints in (("survived", []), ("refused", []), ("failed", [f"hang: {group} | `x`\nmore"]))
    ]
    text = report.page({"commit": "abc", "seed": 0, "machine": "a machine"}, results)
    groups = len(report.GROUPS)
    assert f"| **all** |  | {3 * groups} | {groups} | {groups} | {groups} |" in text
    for group in report.GROUPS:
        assert f"`{group}-0000`" in text
    assert json.dumps(text).isascii()
