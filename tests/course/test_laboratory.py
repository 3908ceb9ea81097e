"""The laboratory without a page: what its presets show, what its panel does when pressed, what its commands repeat."""

import json
import os
import shlex
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from trm_nav import UserError
from trm_nav.course.laboratory.experiment import SHOWN, Experiment, Stopped, describe
from trm_nav.course.laboratory.panel import CHOICES, Laboratory
from trm_nav.course.laboratory.presets import DEFAULTS, PRESETS
from trm_nav.course.plots.overfitting import draw_laboratory

ROOT = Path(__file__).parents[2]
QUICK = dict(num_train=100, num_test=100, dim=8, depth=1, epochs=6)


def preset(name: str, seed: int) -> Experiment:
    return Experiment(**PRESETS[name], train_seed=10 * seed, test_seed=10 * seed + 1, seed=seed).train()


@pytest.mark.parametrize("seed", range(10))
def test_the_overfitting_preset_memorises_its_mazes_while_the_validation_loss_rises(seed):
    run = preset("Overfitting", seed)
    train_acc, val_acc, val_loss = (run.history[name] for name in ("train_acc", "val_acc", "val_loss"))
    assert train_acc[-1] >= 0.995 and val_acc[-1] < 0.75
    assert val_loss[-1] > 1.5 * min(val_loss)
    assert [finding.name for finding in run.findings] == ["overfitting", "memorised"]
    assert run.findings[0].remedies[0].changes == {"augment": True}


@pytest.mark.parametrize("seed", range(10))
def test_the_underfitting_preset_ends_with_both_losses_high_and_no_gap(seed):
    run = preset("Underfitting", seed)
    train_loss, val_loss = run.history["train_loss"][-1], run.history["val_loss"][-1]
    assert train_loss > 0.4 and abs(val_loss - train_loss) < 0.1
    assert [finding.name for finding in run.findings] == ["underfitting"]


@pytest.mark.parametrize("seed", range(10))
def test_the_healthy_preset_ends_with_both_losses_low_and_no_gap(seed):
    run = preset("Healthy", seed)
    assert run.history["val_acc"][-1] > 0.9
    assert abs(run.history["train_acc"][-1] - run.history["val_acc"][-1]) < 0.05
    assert [finding.name for finding in run.findings] == ["healthy"]


@pytest.mark.parametrize("seed", range(10))
def test_the_divergence_preset_has_losses_far_above_those_of_guessing(seed):
    run = preset("Divergence", seed)
    assert max(run.history["train_loss"]) > 5 * run.run.chance["train"]["loss"]
    assert [finding.name for finding in run.findings] == ["diverging"]
    assert run.findings[0].remedies[0].changes.keys() == {"lr"}


def test_the_first_remedy_of_the_overfitting_preset_closes_the_gap_and_lowers_the_validation_loss():
    caused = preset("Overfitting", 0)
    cured = Experiment(**{**caused.changes, **caused.findings[0].remedies[0].changes}).train()
    gap, smaller = (run.history["train_acc"][-1] - run.history["val_acc"][-1] for run in (caused, cured))
    assert smaller < gap / 3
    assert cured.history["val_loss"][-1] < caused.history["val_loss"][-1] / 2


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
    with pytest.raises(UserError, match="^dropout must be less than 1, not 1.5$"):
        Experiment(dropout=1.5)


def test_an_experiment_that_is_stopped_keeps_its_epochs_and_is_not_judged_as_if_it_had_ended():
    def stop_in_the_third_epoch(share):
        if run.run.epoch == 2:
            raise Stopped

    run = Experiment(**QUICK)
    run.train(on_step=stop_in_the_third_epoch)
    assert len(run.history["val_loss"]) == len(run.plans) == 2 and not run.ended
    assert [finding.name for finding in run.findings] == ["too short to say"]


def test_settings_are_described_in_words():
    assert describe({"num_train": 5000, "augment": True, "lr": 0.3, "weight_decay": 0.1}) == (
        "5,000 mazes, augmentation, lr 0.3, weight decay 0.1"
    )
    assert describe({}) == "as at first"


@pytest.mark.parametrize(
    "changes",
    [
        dict(QUICK, dropout=0.2, supervision="action", seed=5),
        dict(QUICK, augment=True, grid_size=5, recursions=2, supervision="policy", train_seed=7, obstacle_density=0.3),
    ],
    ids=["action", "policy"],
)
def test_the_commands_repeat_an_experiment_that_a_thread_trained_number_for_number(changes, tmp_path):
    run = Experiment(**changes)
    thread = threading.Thread(target=run.train)
    thread.start()
    thread.join()

    notebook, generate, train = (shlex.split(line) for line in run.commands(str(tmp_path / "commands")).splitlines())
    for command in (generate, train):
        execute([sys.executable, *command[1:]])
    assert_same(run, tmp_path / "commands")

    notebook = shlex.split(run.commands(str(tmp_path / "notebook")).splitlines()[0])
    assert notebook[:3] == ["papermill", "notebooks/04_train.ipynb", "out.ipynb"]
    parameters = [*notebook[3:], "-p", "evaluation_mazes", "20", "--no-progress-bar"]  # that many are enough here
    execute([sys.executable, "-m", "papermill", notebook[1], str(tmp_path / notebook[2]), *parameters])
    assert_same(run, tmp_path / "notebook")


def execute(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "2"})
    assert done.returncode == 0, done.stderr


def assert_same(run: Experiment, folder: Path) -> None:
    history = json.loads((folder / "checkpoints" / "history.json").read_text())
    for name in ("train_loss", "train_acc", "val_loss", "val_acc"):
        assert history[name] == run.history[name]


# The panel, pressed as its buttons would press it.


@pytest.fixture
def panel() -> Laboratory:
    return Laboratory(**QUICK)


def wait(panel: Laboratory) -> None:
    panel.thread.join(120)
    assert not panel.thread.is_alive()


def remedies(panel: Laboratory) -> list:
    return [button for button in panel.cures.children if hasattr(button, "click")]


def test_every_preset_and_every_default_is_among_what_the_sliders_offer():
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


def test_two_clicks_on_train_start_one_run(panel):
    panel.controls["epochs"].value = 60
    panel.train.click()
    thread = panel.thread
    panel.train.click()
    assert panel.thread is thread and panel.train.disabled
    panel.stop.click()
    wait(panel)
    assert len(panel.experiments) <= 1


def test_stop_ends_a_run_and_keeps_what_it_has_shown(panel):
    panel.controls["epochs"].value = 60
    panel.train.click()
    until(lambda: panel.shown is not None and panel.shown.run.epoch >= 2)
    panel.stop.click()
    wait(panel)
    assert 2 <= panel.shown.run.epoch < 60 and not panel.train.disabled and panel.stop.disabled
    assert "stopped" in panel.earlier.options[0][0]


def test_a_preset_takes_the_place_of_a_run_that_goes_on(panel):
    panel.controls["epochs"].value = 60
    panel.train.click()
    panel.presets[list(PRESETS).index("Overfitting")].click()
    wait(panel)
    assert panel.shown.settings.epochs == PRESETS["Overfitting"]["epochs"]
    assert panel.controls["num_train"].value == PRESETS["Overfitting"]["num_train"]
    assert panel.words.value.startswith("<b>Overfitting since epoch ")


def test_a_remedy_changes_its_setting_and_trains(panel):
    panel.start(PRESETS["Overfitting"])
    wait(panel)
    assert remedies(panel)[0].description == "augmentation (--augment)"
    remedies(panel)[0].click()
    wait(panel)
    assert panel.controls["augment"].value is True and panel.shown.settings.augment is True
    assert len(panel.experiments) == 2


def test_the_buttons_stay_while_the_remedies_do_so_that_a_click_does_not_miss_them(panel):
    panel.start(PRESETS["Overfitting"])
    wait(panel)
    before = remedies(panel)
    panel.show_again(0)
    assert before and all(button is same for button, same in zip(remedies(panel), before, strict=True))


def test_a_remedy_between_the_steps_of_a_slider_gets_a_step(panel):
    panel.set_controls({"num_train": 50_000})
    assert panel.controls["num_train"].value == 50_000
    assert [value for _, value in panel.controls["num_train"].options][-2:] == [20_000, 50_000]


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


def test_a_mistake_in_the_thread_is_a_sentence_on_the_page():
    panel = Laboratory(**QUICK, grid_size=99)
    panel.train.click()
    wait(panel)
    assert panel.words.value == "grid_size must be less than or equal to 64, not 99" and not panel.train.disabled


def test_only_the_latest_experiments_are_kept(panel):
    panel.controls["epochs"].value = 5
    for _ in range(9):
        panel.train.click()
        wait(panel)
    assert len(panel.experiments) == 7 and panel.shown is panel.experiments[-1]


def test_the_picture_can_be_drawn_before_the_first_epoch_and_with_earlier_runs_that_are_longer():
    long, fresh = Experiment(**{**QUICK, "epochs": 9}).train(), Experiment(**QUICK)
    figure = draw_laboratory(fresh, maze=19, earlier={"1": long.history})
    assert len(figure.axes) == 4


def until(done, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)
