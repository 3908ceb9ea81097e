"""The report says what was tried, how sure that is, and how good the winner is on mazes on which nothing was chosen."""

import json
import shlex
from pathlib import Path

import pytest
import torch
import yaml
from studies import opening, question
from tiny import assert_same, write_data

from trm_nav.course.parameters import run_settings
from trm_nav.errors import UserError
from trm_nav.learning.run import fit, prepare
from trm_nav.mazes import dataset
from trm_nav.searching.report import (
    complete,
    final_test,
    importances,
    interval,
    pareto,
    reproducing,
    results,
    table,
    write,
)
from trm_nav.searching.worker import work


@pytest.fixture(scope="module")
def searched(paths, tmp_path_factory):
    how = opening(tmp_path_factory.mktemp("studies") / "study", question(paths, {"dim": "4,8", "lr": "1e-3,1e-2"}))
    study = how.open()
    study.plan(4)
    work(how)
    return study


@pytest.mark.parametrize("count", [1, 50, 5000])
def test_an_interval_holds_its_share_stays_within_0_and_1_and_narrows_with_the_mazes(count):
    for share in (0.0, 0.3, 0.98, 1.0):
        low, high = interval(share, count)
        assert 0 <= low <= share <= high <= 1
        wider_low, wider_high = interval(share, max(1, count // 10))
        assert high - low <= wider_high - wider_low


def test_an_interval_of_wilson_is_the_known_one():
    low, high = interval(0.9, 100)
    assert (round(low, 4), round(high, 4)) == (0.8256, 0.9448)  # as published tables have it for 90 of 100


@pytest.mark.slow
def test_the_table_has_the_best_first_and_what_was_searched(searched):
    found = results(searched)
    accuracies = [row["val_acc"] for row in complete(found)]
    assert len(accuracies) == 4 and accuracies == sorted(accuracies, reverse=True)
    head, *lines = table(found).splitlines()
    assert head.split() == ["trial", "val", "acc", "95%", "interval", "dim", "lr", "epochs", "seconds", "parameters"]
    assert [line.split()[0] for line in lines] == [str(row["number"]) for row in found["rows"]]


@pytest.mark.slow
def test_what_mattered_adds_up_to_everything(searched):
    shares = importances(results(searched))
    assert shares == {} or sum(shares.values()) == pytest.approx(1)


def test_no_trial_of_the_front_is_beaten_in_both():
    rows = [{"val_acc": acc, "cost": cost} for acc, cost in ((0.5, 1), (0.9, 3), (0.7, 2), (0.6, 2.5), (0.9, 4))]
    assert [row["cost"] for row in pareto(rows, "cost")] == [1, 2, 3]


@pytest.mark.slow
def test_mazes_of_the_search_itself_or_of_another_size_are_no_test(searched, paths, tmp_path):
    best = complete(results(searched))[0]
    with pytest.raises(UserError, match="40 of the 40 mazes in .* were trained or validated on"):
        final_test(searched, best, paths["val_path"])
    other = write_data(tmp_path, grid_size=6)
    with pytest.raises(UserError, match="are 6 x 6, and those of the study 5 x 5"):
        final_test(searched, best, other["val_path"])


@pytest.mark.slow
def test_the_optimism_is_what_the_validation_accuracy_has_too_much(searched, tmp_path):
    final = write_data(tmp_path, num_test=60, test_seed=7)["val_path"]
    best = complete(results(searched))[0]
    found = final_test(searched, best, final)
    assert found["mazes"] == 60
    assert found["optimism"] == best["val_acc"] - found["test_acc"]
    assert found["interval"][0] <= found["test_acc"] <= found["interval"][1]


@pytest.mark.slow
def test_a_report_before_any_result_says_so(paths, tmp_path):
    study = opening(tmp_path / "empty", question(paths, {"dim": "4,8"})).open()
    study.plan(2)
    with pytest.raises(UserError, match="no trial of the study empty has a result yet"):
        write(study)


@pytest.mark.slow
def test_a_report_is_text_pictures_and_a_notebook_that_was_executed(searched):
    text = write(searched)
    folder = searched.folder / "report"
    assert (folder / "table.txt").read_text() == text + "\n"
    assert {path.name for path in folder.iterdir()} == {
        "results.json", "table.txt", "report.ipynb", "history.png", "parallel.png", "parameters.png", "seconds.png"
    }  # fmt: skip
    cells = json.loads((folder / "report.ipynb").read_text())["cells"]
    assert sum("image/png" in json.dumps(cell.get("outputs")) for cell in cells) == 4
    assert not [cell for cell in cells if "error" in {output["output_type"] for output in cell.get("outputs", [])}]


@pytest.mark.slow
def test_the_command_in_the_report_trains_the_best_model_again_bit_for_bit(searched, tmp_path, monkeypatch):
    best = complete(results(searched))[0]
    words = shlex.split(reproducing(searched, best))
    assert words[:3] == ["papermill", "notebooks/04_train.ipynb", "out.ipynb"]
    given = dict(zip(words[4::3], map(_value, words[5::3]), strict=True))
    monkeypatch.chdir(tmp_path)
    data, training = run_settings(_parameters_of_lesson_04() | given)
    dataset.save_together(dict(zip((training.train_path, training.val_path), dataset.build(data), strict=True)))
    run = prepare(dict(training))
    fit(run)
    again, before = training.checkpoint_dir / "best.pt", searched.folder_of(best["number"]) / "best.pt"
    assert_same(torch.load(again)["model_state_dict"], torch.load(before)["model_state_dict"])


def _value(word):
    """What papermill makes of a parameter's text."""
    return yaml.safe_load(word)


def _parameters_of_lesson_04():
    notebook = json.loads((Path(__file__).parents[2] / "notebooks" / "04_train.ipynb").read_text())
    [cell] = [cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", ())]
    namespace = {}
    exec("".join(cell["source"]), namespace)
    namespace.pop("__builtins__")
    return namespace
