"""The runs of `make test-everywhere`: which conditions they bring, and which cannot hold together."""

import argparse
import subprocess

import pytest
import test_everywhere
from test_everywhere import COMBINED, CONDITIONS, together


def test_the_runs_of_full_bring_every_condition_but_plain_and_none_contradicts_itself():
    assert {name for names in COMBINED for name in names} == CONDITIONS.keys() - {"plain"}
    assert all(set(together("+".join(names))) == set(names) for names in COMBINED)


def test_conditions_are_applied_in_the_order_of_the_table_however_they_are_given():
    assert together("load+ordinary-user+odd-path") == ("odd-path", "ordinary-user", "load")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("avx2+oldest-processor", "avx2 and oldest-processor cannot hold in one run; give each its own --only"),
        (
            "all-threads+load+two-threads",
            "all-threads and two-threads cannot hold in one run; give each its own --only",
        ),
        ("avx2+lode", "there is no condition 'lode'; --list names them"),
        ("", "there is no condition ''; --list names them"),
    ],
)
def test_what_cannot_be_combined_is_refused_with_a_sentence(given, sentence):
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        together(given)
    assert str(refused.value) == sentence


def test_a_condition_that_the_machine_cannot_provide_is_left_out_with_the_reason(monkeypatch, capsys, tmp_path):
    def impossible(place, cleanup):
        place.environment["LANG"] = "half set"
        raise test_everywhere.Impossible("this processor is too old")

    def started(command, env, **given):
        environments.append(env)
        return subprocess.CompletedProcess(command, returncode=0)

    environments = []
    monkeypatch.setattr(test_everywhere, "LOGS", tmp_path)
    monkeypatch.setitem(CONDITIONS, "avx2", ("", impossible))
    monkeypatch.setattr(test_everywhere.subprocess, "run", started)
    assert test_everywhere.run(("avx2",), full=False, further=[]) and not environments
    assert capsys.readouterr().out == "avx2: left out, this processor is too old\navx2: skipped\n"
    assert test_everywhere.run(("avx2", "two-threads"), full=False, further=[])
    assert "two-threads  " in capsys.readouterr().out
    assert [(env["OMP_NUM_THREADS"], env["LANG"]) for env in environments] == [("2", "C.UTF-8")]
