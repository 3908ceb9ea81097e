"""The laboratory without a page: what its presets show, what its buttons do, what its commands reproduce."""

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from trm_nav import UserError
from trm_nav.course.laboratory.controls import CHOICES
from trm_nav.course.laboratory.experiment import SEEDS, SHOWN, Experiment, Stopped, describe
from trm_nav.course.laboratory.panel import Laboratory
from trm_nav.course.laboratory.presets import DEFAULTS, PRESETS
from trm_nav.course.plots.cures import draw_cures
from trm_nav.course.plots.overfitting import draw_laboratory
from trm_nav.diagnosis.remedies import remedies
from trm_nav.mazes.symmetry import maze_keys

ROOT = Path(__file__).parents[2]
QUICK = dict(num_train=100, num_test=100, dim=8, depth=1, epochs=6)


FIRST_FINDINGS = {
    "Overfitting": "overfitting",
    "Underfitting": "underfitting",
    "Healthy": "healthy",
    "Divergence": "diverging",
}


@cache
def preset(name: str, seed: int) -> Experiment:
    """A trained preset, with fewer mazes to validate on; each seed has its own mazes and its own weights."""
    return Experiment(**PRESETS[name], num_test=200).with_seeds(seed).train()


@cache
def quick_overfitting() -> Experiment:
    """A run that overfits in a moment, for what a button does and not for what comes of it."""
    return Experiment(**{**PRESETS["Overfitting"], "num_train": 100, "num_test": 100}).train()


# What a preset promises about its curves. The bounds lie far outside of what ten seeds have shown (INSTRUCTORS.md), so
# that another processor, which is like another seed, keeps the promise too.


def memorises_its_mazes_while_the_validation_loss_rises(run: Experiment) -> bool:
    history = run.history
    memorised = history["train_acc"][-1] > 0.97 and history["val_acc"][-1] < 0.75
    return memorised and history["val_loss"][-1] > 1.5 * min(history["val_loss"])


def ends_with_both_accuracies_low_and_no_gap(run: Experiment) -> bool:
    train, val = run.history["train_acc"][-1], run.history["val_acc"][-1]
    return max(train, val) < 0.9 and abs(train - val) < 0.1


def ends_with_both_accuracies_high_and_no_gap(run: Experiment) -> bool:
    train, val = run.history["train_acc"][-1], run.history["val_acc"][-1]
    return min(train, val) > 0.92 and abs(train - val) < 0.05


def has_losses_far_above_those_of_guessing(run: Experiment) -> bool:
    return max(run.history["train_loss"]) > 3 * run.run.chance["train"]["loss"]


# One test for all seeds of a preset: whichever process gets it, a preset is trained once for each seed.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "seeds", "promise"),
    [
        ("Overfitting", 2, memorises_its_mazes_while_the_validation_loss_rises),
        ("Underfitting", 2, ends_with_both_accuracies_low_and_no_gap),
        ("Healthy", 1, ends_with_both_accuracies_high_and_no_gap),  # as long as all of the others; not excepted
        ("Divergence", 2, has_losses_far_above_those_of_guessing),
    ],
)
def test_a_preset_keeps_its_promise_and_is_diagnosed_as_its_button_says_for_all_seeds_but_one(name, seeds, promise):
    runs = [preset(name, seed) for seed in range(seeds)]
    assert [run.history for run in runs if not promise(run)] == []
    diagnosed = [run.findings[0].name for run in runs]
    assert diagnosed.count(FIRST_FINDINGS[name]) >= max(1, len(diagnosed) - 1), diagnosed


def test_the_first_remedies_are_augmentation_for_overfitting_and_the_learning_rate_for_divergence():
    first = {name: remedies(FIRST_FINDINGS[name], {**DEFAULTS, **PRESETS[name]})[:1] for name in PRESETS}
    assert [remedy.changes for remedy in first["Overfitting"]] == [{"augment": True}]
    assert [set(remedy.changes) for remedy in first["Divergence"]] == [{"lr"}]
    assert not first["Healthy"]


@pytest.mark.slow
def test_the_first_remedy_of_the_overfitting_preset_closes_the_gap_and_lowers_the_validation_loss():
    caused = preset("Overfitting", 0)
    cured = Experiment(**{**caused.changes, "augment": True}).train()
    gap, smaller = (run.history["train_acc"][-1] - run.history["val_acc"][-1] for run in (caused, cured))
    assert smaller < gap / 2
    assert cured.history["val_loss"][-1] < caused.history["val_loss"][-1] / 1.5


def test_an_experiment_keeps_the_policy_of_every_epoch_on_the_same_mazes():
    run = Experiment(**QUICK, seed=3).train()
    assert len(run.plans) == 6 and all(plans.shape == (2, SHOWN, 8, 8) for plans in run.plans)
    assert any((before != after).any() for before, after in zip(run.plans, run.plans[1:], strict=False))


def test_an_experiment_counts_its_labels():
    one, all_cells = (Experiment(**QUICK, supervision=supervision) for supervision in ("action", "policy"))
    assert one.labels == 100
    assert all_cells.labels == (all_cells.train_set.optimal != 0).sum()
    assert one.parameters_per_label == sum(p.numel() for p in one.model.parameters()) / 100


def test_a_setting_that_does_not_exist_or_does_not_fit_is_one_sentence():
    with pytest.raises(UserError, match="no setting 'num_mazes'; did you mean 'num_test'"):
        Experiment(num_mazes=5)
    with pytest.raises(UserError, match="^`dropout` must be .*less than 1, not 1.5$"):
        Experiment(dropout=1.5)


def test_an_experiment_that_is_stopped_keeps_its_epochs_and_is_not_judged_as_if_it_had_ended():
    def stop_in_the_third_epoch(share):
        if run.run.epoch == 2:
            raise Stopped

    run = Experiment(**QUICK)
    run.train(on_step=stop_in_the_third_epoch)
    assert len(run.history["val_loss"]) == len(run.plans) == 2 and not run.ended
    assert [finding.name for finding in run.findings] == ["too short to say"]


def test_a_repetition_is_the_same_experiment_with_the_next_seeds():
    run = Experiment(**QUICK, seed=3, train_seed=7).train()
    assert run.repeat() and run.repeat()
    again = Experiment(**QUICK, seed=5, train_seed=27, test_seed=21).train()
    assert without_times(run.repetitions[1]) == without_times(again.history)
    assert run.final_accuracies == [curves["val_acc"][-1] for curves in (run.history, *run.repetitions)]
    assert run.epochs_trained == SEEDS * QUICK["epochs"] and run.fan == run.repetitions


def without_times(curves: dict) -> dict:
    return {name: values for name, values in curves.items() if name != "seconds"}


def test_the_final_mazes_are_in_neither_set_not_even_rotated_or_reflected_and_each_seed_has_its_own():
    run = Experiment(**QUICK, grid_size=3)
    final = maze_keys(run.final_set(50).mazes)
    others = [maze_keys(part.mazes) for part in (run.train_set, run.val_set)]
    assert len(final) == 50 and not any(set(final) & set(keys) for keys in others)
    assert sorted(final) != sorted(maze_keys(run.with_seeds(1).final_set(50).mazes))


def test_settings_are_described_in_words():
    assert describe({"num_train": 5000, "augment": True, "lr": 0.3, "weight_decay": 0.1}) == (
        "5,000 mazes, augmentation, lr 0.3, weight decay 0.1"
    )
    assert describe({"augment": False, "supervision": "policy"}) == "no augmentation, policy supervision"
    assert describe({"grow_recursions": True, "dim": 4}) == "grow recursions, dim 4"
    assert describe({}) == "default settings"


def trained_by_a_thread(**changes) -> Experiment:
    run = Experiment(**changes)
    thread = threading.Thread(target=run.train)
    thread.start()
    thread.join()
    return run


ONE_LABEL = dict(QUICK, dropout=0.2, supervision="action", seed=5)
ALL_LABELS = dict(
    QUICK, augment=True, grid_size=5, recursions=2, supervision="policy", train_seed=7, obstacle_density=0.3
)


@pytest.mark.slow
@pytest.mark.parametrize("changes", [ONE_LABEL, ALL_LABELS], ids=["action", "policy"])
def test_the_commands_reproduce_exactly_an_experiment_that_a_thread_trained(changes, tmp_path):
    run = trained_by_a_thread(**changes)
    _, generate, train = (shlex.split(line) for line in run.commands(str(tmp_path)).splitlines())
    for command in (generate, train):
        execute([sys.executable, *command[1:]])
    assert_same(run, tmp_path)


@pytest.mark.slow
def test_lesson_04_reproduces_an_experiment_exactly_from_papermills_parameters_and_its_summary_tells_of_it(tmp_path):
    run = trained_by_a_thread(**{**ONE_LABEL, **ALL_LABELS})
    here = tmp_path / "here"
    papermill, lesson, out, *parameters = shlex.split(run.commands(str(here)).splitlines()[0])
    assert (papermill, lesson, out) == ("papermill", "notebooks/04_train.ipynb", "out.ipynb")
    parameters += ["-p", "evaluation_mazes", "20", "--no-progress-bar"]  # that many are enough here
    execute([sys.executable, "-m", "papermill", lesson, str(tmp_path / out), *parameters])
    assert_same(run, here)

    summary = json.loads((here / "summary.json").read_text())
    config = json.loads((ROOT / summary["history"]).read_text())["config"]
    assert [config[name] for name in ("dim", "grid_size", "dropout")] == [8, 5, 0.2]
    assert summary["epochs"] == QUICK["epochs"] and 0 <= summary["one_pass"]["success"] <= 1
    assert "success" in (here / "summary.txt").read_text()
    assert str(here) not in (ROOT / lesson).read_text()


def execute(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "2"})
    assert done.returncode == 0, done.stderr


def assert_same(run: Experiment, folder: Path) -> None:
    history = json.loads((folder / "checkpoints" / "history.json").read_text())
    for name in ("train_loss", "train_acc", "val_loss", "val_acc"):
        assert history[name] == run.history[name]


# The panel, pressed as a reader would press it.


@pytest.fixture
def panel() -> Laboratory:
    return Laboratory(**QUICK)


class WaitingLaboratory(Laboratory):
    """It trains so many epochs, those of all seeds counted, and no more before it is stopped."""

    def __init__(self, until, **base):
        super().__init__(**base)
        self.until, self.waits = until, threading.Event()

    def _epoch(self, experiment):
        super()._epoch(experiment)
        if experiment.epochs_trained == self.until and not self.waits.is_set():
            self.waits.set()
            assert self.stopping.wait(120)


@pytest.fixture
def waiting() -> WaitingLaboratory:
    """A panel whose first run has been started and waits at the end of epoch 2."""
    panel = WaitingLaboratory(2, **QUICK)
    panel.train.click()
    assert panel.waits.wait(120)
    return panel


def wait(panel: Laboratory) -> None:
    panel.thread.join(120)
    assert not panel.thread.is_alive()


def cures(panel: Laboratory) -> list:
    return [button for button in panel.cures.children if hasattr(button, "click")]


def test_the_sliders_offer_every_value_of_the_presets_and_defaults():
    for settings in (*PRESETS.values(), DEFAULTS):
        for name, (_, values) in CHOICES.items():
            assert settings[name] in values
    for settings in PRESETS.values():
        assert settings.keys() == CHOICES.keys() | {"augment", "supervision"}


def test_train_trains_what_the_sliders_say(panel):
    panel.controls["dim"].value = 16
    panel.controls["supervision"].value = "policy"
    panel.train.click()
    wait(panel)
    assert (panel.shown.settings.dim, panel.shown.settings.supervision) == (16, "policy")
    assert bytes(panel.picture.value).startswith(b"\x89PNG")
    assert f"{panel.shown.labels:,} labels" in panel.status.value
    assert panel.words.value


def test_two_clicks_on_train_start_one_run(waiting):
    thread = waiting.thread
    waiting.train.click()
    assert waiting.thread is thread and waiting.train.disabled
    waiting.stop.click()
    wait(waiting)
    assert len(waiting.experiments) == 1


def test_stop_ends_a_run_and_keeps_what_it_has_shown(waiting):
    waiting.stop.click()
    wait(waiting)
    assert waiting.shown.run.epoch == 2 and not waiting.train.disabled and waiting.stop.disabled
    assert waiting.earlier.options[0][0].endswith(", stopped")


def test_the_switch_repeats_a_run_with_three_seeds_and_diagnoses_the_first():
    panel, alone = Laboratory(**{**QUICK, "epochs": 3}), Experiment(**{**QUICK, "epochs": 3}).train()
    panel.three.value = True
    panel.train.click()
    wait(panel)
    (run,) = panel.experiments
    assert without_times(run.history) == without_times(alone.history)
    assert [len(curves["val_acc"]) for curves in run.repetitions] == [3, 3] and panel.progress.value == 1
    diagnosis, spread = panel.words.value.split("<br>")
    assert diagnosis.startswith("<b>Too short to say.</b>")
    listed = ", ".join(f"{accuracy:.0%}" for accuracy in run.final_accuracies)
    assert spread.startswith(f"<b>Three seeds.</b> Held-out accuracies {listed}. ")
    assert panel.earlier.options[0][0].endswith("(3 seeds) held-out, too short to say")


@pytest.mark.parametrize(("epochs", "repetitions"), [(2, 0), (8, 0), (14, 1)], ids=["first", "second", "third"])
def test_stop_ends_all_seeds_and_keeps_those_that_have_ended(epochs, repetitions):
    panel = WaitingLaboratory(epochs, **QUICK)
    panel.three.value = True
    panel.train.click()
    assert panel.waits.wait(120)
    assert panel.progress.value == pytest.approx(epochs / (SEEDS * QUICK["epochs"]), abs=0.05)
    panel.stop.click()
    wait(panel)
    (run,) = panel.experiments
    assert (run.run.epoch, len(run.repetitions)) == (min(epochs, 6), repetitions)
    assert run.repeating is None and not panel.train.disabled
    assert ("<b>Two seeds.</b>" in panel.words.value) == (repetitions == 1)


def test_the_panel_says_which_seed_is_training_and_draws_its_curves_while_they_grow():
    panel = WaitingLaboratory(8, **QUICK)
    panel.three.value = True
    panel.train.click()
    assert panel.waits.wait(120)
    panel.draw_at = 0
    panel._epoch(panel.shown)
    status, lines = panel.status.value, draw_laboratory(panel.shown).axes[0].lines
    assert status.startswith("seed 2 · epoch 2 of 6 · ")
    assert [line.get_label() for line in lines].count("other seeds") == 1
    panel.stop.click()
    wait(panel)
    assert len(draw_laboratory(panel.shown).axes[0].lines) == len(lines) - 2  # training and validation


@pytest.mark.slow
def test_a_preset_takes_the_place_of_a_run_in_progress(waiting, monkeypatch):
    monkeypatch.setitem(PRESETS["Overfitting"], "num_train", 200)
    waiting.presets[list(PRESETS).index("Overfitting")].click()
    wait(waiting)
    assert [experiment.run.epoch for experiment in waiting.experiments] == [2, PRESETS["Overfitting"]["epochs"]]
    assert waiting.controls["num_train"].value == 200
    assert waiting.words.value.startswith("<b>Overfitting since epoch ")


@pytest.mark.slow
def test_a_remedy_changes_its_setting_and_trains():
    panel = Laboratory(quick_overfitting())
    assert cures(panel)[0].description.startswith("augmentation (") and "`" not in cures(panel)[0].description
    cures(panel)[0].click()
    wait(panel)
    assert panel.controls["augment"].value is True and panel.shown.settings.augment is True
    assert len(panel.experiments) == 2


def test_the_buttons_of_unchanged_remedies_stay_so_that_a_click_does_not_miss_them():
    panel = Laboratory(quick_overfitting())
    before = cures(panel)
    panel.show_again(0)
    assert before and all(button is same for button, same in zip(cures(panel), before, strict=True))


def test_a_remedy_between_the_steps_of_a_slider_gets_a_step(panel):
    panel.set_controls({"num_train": 50_000})
    assert panel.controls["num_train"].value == 50_000
    assert [value for _, value in panel.controls["num_train"].options][-2:] == [20_000, 50_000]


def test_the_commands_stand_in_a_text_area_beside_a_button_that_copies_them(panel):
    panel.train.click()
    wait(panel)
    page = ElementTree.fromstring(panel.copy.value.replace("readonly", "readonly='readonly'"))
    assert page.find("textarea").text.strip() == panel.shown.commands()
    assert "clipboard.writeText" in page.find("button").get("onclick")


def test_an_earlier_experiment_comes_back_with_its_settings_its_curves_and_its_commands(panel):
    for dim in (4, 16):
        panel.controls["dim"].value = dim
        panel.train.click()
        wait(panel)
    second, commands = panel.picture.value, panel.copy.value
    panel.earlier.value = 0
    panel.restore.click()
    assert panel.controls["dim"].value == 4 and panel.shown is panel.experiments[0]
    assert panel.picture.value != second and panel.copy.value != commands and "--dim 4 " in panel.copy.value


def test_another_maze_is_another_picture(panel):
    panel.train.click()
    wait(panel)
    before = panel.picture.value
    panel.maze.value = 7
    assert panel.picture.value != before


def test_the_slider_of_mazes_ends_where_the_mazes_of_a_small_experiment_do(panel):
    panel.maze.value = SHOWN - 1
    for mazes, last in ((3, 2), (100, SHOWN - 1)):
        panel.set_controls({"num_train": mazes, "epochs": 1})
        panel.train.click()
        wait(panel)
        assert (panel.maze.max, panel.shown.plans[-1].shape[1]) == (last, last + 1)
        panel.maze.value = last
        assert "Error" not in panel.words.value
    panel.show_again(0)
    assert (panel.maze.max, panel.maze.value) == (2, 2)


def test_a_mistake_in_the_thread_is_a_sentence_on_the_page():
    panel = Laboratory(**QUICK, grid_size=2000)
    panel.train.click()
    wait(panel)
    assert re.fullmatch("`grid_size` must be .*1024, not 2000", panel.words.value)
    assert not panel.train.disabled


@pytest.mark.slow
def test_only_the_latest_experiments_are_kept(panel):
    panel.set_controls({"epochs": 1, "num_train": 100, "dim": 2, "depth": 1})
    for _ in range(9):
        panel.train.click()
        wait(panel)
    assert len(panel.experiments) == 7 and panel.shown is panel.experiments[-1]


def test_the_picture_can_be_drawn_before_the_first_epoch_and_with_earlier_runs_that_are_longer():
    long, fresh = Experiment(**{**QUICK, "epochs": 9}).train(), Experiment(**QUICK)
    figure = draw_laboratory(fresh, maze=19, earlier={"1": long.history})
    assert len(figure.axes) == 4


def test_the_picture_of_the_cures_has_a_line_for_each_seed_their_mean_in_points_and_a_band_as_wide_as_chance():
    before, after = (
        {name: np.array(shares) for name in ("train", "validation", "final")}
        for shares in ([0.5, 0.52, 0.54], [0.6, 0.53, 0.58])
    )
    _, right = draw_cures({"the run": before, "a cure": after}, chance=1.5).axes
    (lines,) = right.collections
    assert [path.vertices[0, 0] for path in lines.get_paths()] == pytest.approx([10, 1, 4])
    assert [text.get_text() for text in right.texts] == ["+5.0"]
    (band,) = right.patches
    assert band.get_extents().transformed(right.transData.inverted()).intervalx == pytest.approx([-1.5, 1.5])


def test_whoever_looks_between_two_entries_of_an_epoch_finds_curves_of_equal_length():
    experiment = Experiment(**{**QUICK, "epochs": 2}).train()
    for name in list(experiment.run.history)[:-1]:  # as far as the training's thread has come
        experiment.run.history[name].append(0.5)
        assert {len(curve) for curve in experiment.history.values()} == {2}
        assert experiment.findings and experiment.run.epoch == 2
        draw_laboratory(experiment, maze=0)
