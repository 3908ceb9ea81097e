"""The laboratory without a page: what its presets show, what its buttons do, what its commands reproduce."""

import json
import math
import os
import re
import shlex
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from trm_nav import UserError
from trm_nav.course.laboratory.controls import CHOICES, CONTROLLED
from trm_nav.course.laboratory.experiment import SEEDS, SHOWN, Experiment, Stopped, describe
from trm_nav.course.laboratory.panel import Laboratory
from trm_nav.course.laboratory.presets import DEFAULTS, PRESETS
from trm_nav.course.plots.cures import draw_cures
from trm_nav.course.plots.overfitting import draw_laboratory
from trm_nav.diagnosis.remedies import remedies
from trm_nav.learning.training import Training
from trm_nav.mazes.symmetry import maze_keys

ROOT = Path(__file__).parents[2]
WEB = ROOT / "trm_nav" / "course" / "web"
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


# The panel without a browser: its traits are what a reader moves, and `hear` is what a reader presses.


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
            self.due = 0.0
            super()._epoch(experiment)
            self.waits.set()
            assert self.stopping.wait(120)


@pytest.fixture
def waiting() -> WaitingLaboratory:
    """A panel whose first run has been started and waits at the end of epoch 2."""
    return started(WaitingLaboratory(2, **QUICK))


def started(panel: WaitingLaboratory) -> WaitingLaboratory:
    panel.start()
    assert panel.waits.wait(120)
    return panel


def trained(panel: Laboratory, changes: dict | None = None) -> Laboratory:
    panel.start(changes)
    panel.thread.join(120)
    assert not panel.thread.is_alive() and not panel.running
    return panel


def hear(panel: Laboratory, **message) -> None:
    """Let the panel get a message as from a browser."""
    panel._handle_custom_msg(message, [])


def test_of_two_clicks_at_once_in_two_threads_one_starts_a_run_and_the_run_goes_on_to_its_end():
    both = threading.Barrier(2)

    class SlowToMove(Laboratory):
        def _move(self, values):
            with suppress(threading.BrokenBarrierError):
                both.wait(0.2)  # the other click comes in between, if nothing keeps it out
            super()._move(values)

    panel = SlowToMove(**QUICK)
    clicks = [threading.Thread(target=panel.start) for _ in range(2)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    panel.thread.join(120)
    assert panel.count == 1 and list(panel.numbered) == [1] and not panel.problem


def numbers(panel: Laboratory) -> list[int]:
    return [run["number"] for run in panel.runs]


def test_the_sliders_offer_every_value_of_the_presets_and_defaults():
    for settings in (*PRESETS.values(), DEFAULTS):
        for name, (_, values) in CHOICES.items():
            assert settings[name] in values
    for settings in PRESETS.values():
        assert settings.keys() == CHOICES.keys() | {"augment", "supervision"}


def test_the_controls_are_those_of_the_page():
    page = (WEB / "laboratory_controls.js").read_text()
    [words] = re.findall(r"export const CONTROLLED = \(sliders\) => \[(.*?)\];", page)
    assert words == '...Object.keys(sliders), "augment", ...Object.keys(CHOICES), "seed"'
    [lists] = re.findall(r"const CHOICES = \{(.*?)\n\};", page, re.DOTALL)
    assert (*CHOICES, "augment", *re.findall(r"^  (\w+):", lists, re.MULTILINE), "seed") == CONTROLLED


def test_train_trains_what_the_controls_say(panel):
    panel.dim = 16
    panel.supervision = "policy"
    trained(panel)
    assert (panel.shown.settings.dim, panel.shown.settings.supervision) == (16, "policy")
    assert panel.run["labels"] == panel.shown.labels and panel.progress == 1
    assert panel.run["records"] == [panel.shown.run.record()]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("dim", "many", "`dim` must be a whole number from 1 to 4096, not 'many'"),
        ("lr", 0, "`lr` must be a number above 0 and up to 10, not 0"),
        ("augment", 1, "`augment` must be True or False, not 1"),
        ("mixing", "none", "`mixing` must be 'mlp' or 'conv' or 'cross', not 'none'"),
        ("three_seeds", "yes", "`three_seeds` must be True or False, not 'yes'"),
        ("maze", 21, "`maze` must be a whole number from 1 to 20, not 21"),
    ],
)
def test_a_trait_that_gets_a_wrong_value_keeps_its_own_and_says_what_it_accepts(panel, name, value, sentence):
    before = getattr(panel, name)
    with pytest.raises(UserError) as error:
        setattr(panel, name, value)
    assert str(error.value) == sentence and getattr(panel, name) == before


def test_a_change_that_no_control_can_make_stops_nothing(waiting):
    for changes, sentence in ({"dims": 3}, "did you mean 'dim'"), ({"dropout": 2}, "`dropout` must be"):
        with pytest.raises(UserError, match=sentence):
            waiting.start(changes)
    assert waiting.running and not waiting.stopping.is_set()
    hear(waiting, type="start", changes={"dropout": 2})
    assert re.fullmatch("`dropout` must be .*, not 2.", waiting.problem)
    waiting.stop()
    assert waiting.experiments


def test_two_clicks_on_train_start_one_run(waiting):
    thread = waiting.thread
    hear(waiting, type="start", changes=None)
    assert waiting.thread is thread and waiting.running
    hear(waiting, type="stop")
    assert numbers(waiting) == [1]


def test_stop_ends_a_run_and_keeps_what_it_has_shown(waiting):
    waiting.stop()
    assert waiting.shown.run.epoch == 2 and not waiting.running
    assert (waiting.runs[0]["why"], waiting.runs[0]["state"]) == ("stopped", "ended")


def test_while_a_run_goes_on_it_is_told_as_not_finished(waiting):
    assert (waiting.run["state"], waiting.run["why"], waiting.run["records"]) == ("running", "", [])
    assert len(waiting.run["record"]["val_loss"]) == 2 and waiting.progress == pytest.approx(1 / 3, abs=0.02)
    waiting.stop()


def test_the_switch_repeats_a_run_with_three_seeds():
    panel, alone = Laboratory(**{**QUICK, "epochs": 3}), Experiment(**{**QUICK, "epochs": 3}).train()
    panel.three_seeds = True
    (run,) = trained(panel).experiments
    assert without_times(run.history) == without_times(alone.history)
    assert [len(record["val_acc"]) for record in panel.run["records"]] == [3, 3, 3] and panel.progress == 1
    assert panel.runs == [{name: value for name, value in panel.run.items() if name != "policies"}]


@pytest.mark.parametrize(("epochs", "repetitions"), [(2, 0), (8, 0), (14, 1)], ids=["first", "second", "third"])
def test_stop_ends_all_seeds_and_keeps_those_that_have_ended(epochs, repetitions):
    panel = WaitingLaboratory(epochs, **QUICK)
    panel.three_seeds = True
    started(panel)
    assert panel.progress == pytest.approx(epochs / (SEEDS * QUICK["epochs"]), abs=0.05)
    # While a seed trains, `records` has those before it, and `record` its own.
    assert len(panel.run["records"]) == epochs // 6 and len(panel.run["record"]["val_acc"]) == epochs % 6
    panel.stop()
    (run,) = panel.experiments
    assert (run.run.epoch, len(run.repetitions)) == (min(epochs, 6), repetitions)
    assert run.repeating is None and not panel.running
    assert len(panel.run["records"]) == 1 + repetitions


@pytest.mark.slow
def test_a_preset_takes_the_place_of_a_run_in_progress(waiting):
    hear(waiting, type="start", changes={**PRESETS["Overfitting"], "num_train": 200})
    waiting.thread.join(120)
    assert [experiment.run.epoch for experiment in waiting.experiments] == [2, PRESETS["Overfitting"]["epochs"]]
    assert (waiting.num_train, waiting.dim) == (200, PRESETS["Overfitting"]["dim"])
    assert numbers(waiting) == [1, 2] and waiting.run["number"] == 2


@pytest.mark.parametrize(("name", "value"), [("lr", 0.03), ("dropout", 0.3), ("weight_decay", 1.0)])
def test_a_setting_that_is_changed_before_the_first_step_counts_as_if_it_had_been_so_from_the_start(name, value):
    changed = Experiment(**QUICK)
    changed.change(name, value)
    assert without_times(changed.train().history) == without_times(Experiment(**QUICK, **{name: value}).train().history)
    assert changed.run.record()["config"][name] == value


def test_a_slider_that_is_moved_while_a_run_goes_on_changes_that_run(waiting):
    waiting.lr = 0.03
    waiting.dim = 16  # counts from the next run on
    waiting.stop()
    assert waiting.shown.moved == [(3, "lr", 0.03)] and waiting.shown.settings.dim == QUICK["dim"]
    assert waiting.run["commands"].startswith("# without lr=0.03 from epoch 3 on\npapermill ")
    assert waiting.run["settings"]["lr"] == DEFAULTS["lr"]


def test_a_value_between_the_steps_of_a_slider_is_kept(panel):
    panel.num_train = 50_000
    assert panel.settings()["num_train"] == 50_000


def test_an_earlier_experiment_comes_back_with_its_settings_its_curves_and_its_commands(panel):
    for dim in (4, 16):
        trained(panel, {"dim": dim})
    second = panel.run
    hear(panel, type="show", number=1)
    assert panel.dim == 4 and panel.shown is panel.experiments[0]
    assert panel.run["record"] != second["record"] and "--dim 4 " in panel.run["commands"]
    panel.show_again(1)
    assert panel.run == second and panel.dim == 16
    with pytest.raises(UserError, match="no experiment 2: the list has 2"):
        panel.show_again(2)


def test_an_experiment_that_was_trained_before_is_the_first_run_and_its_settings_are_those_of_the_controls():
    first = Experiment(**QUICK, seed=5).train()
    panel = Laboratory(first)
    assert panel.run["number"] == 1 and numbers(panel) == [1] and panel.shown is first
    assert (panel.dim, panel.seed, panel.progress) == (8, 5, 1)
    assert numbers(trained(panel)) == [1, 2]


def test_another_maze_is_another_policy_and_the_arrows_are_those_of_the_experiment(panel):
    trained(panel)
    for number in (1, 8):
        panel.maze = number
        for index, (name, part) in enumerate((("train", panel.shown.train_set), ("val", panel.shown.val_set))):
            drawn = panel.run["policies"][name]
            assert drawn["tokens"] == part.tokens[number - 1].tolist()
            assert drawn["optimal"] == part.optimal[number - 1].ravel().tolist()
            assert drawn["actions"] == panel.shown.plans[-1][index, number - 1].ravel().tolist()
            assert divmod(drawn["agent"], 8) == tuple(part.starts[number - 1])


def test_a_maze_beyond_those_of_a_small_experiment_is_its_last():
    panel = trained(Laboratory(**{**QUICK, "num_train": 3, "epochs": 1}))
    panel.maze = SHOWN
    assert panel.run["policies"]["train"]["tokens"] == panel.shown.train_set.tokens[2].tolist()


def test_a_mistake_in_the_thread_is_a_sentence_on_the_page():
    panel = trained(Laboratory(**QUICK, grid_size=2000))
    assert re.fullmatch("`grid_size` must be .*1024, not 2000.", panel.problem)
    assert numbers(panel) == [] and panel.shown is None and panel.run == {}


def test_a_run_that_diverges_in_its_first_epoch_is_kept_and_diagnosed(panel, monkeypatch):
    monkeypatch.setattr(Training, "validate", lambda run: (math.nan, 0.0))
    trained(panel)
    assert numbers(panel) == [1] and panel.shown.findings[0].name == "diverging"


@pytest.mark.slow
def test_only_the_latest_experiments_are_kept_and_runs_keep_their_numbers(panel):
    panel.epochs, panel.dim = 1, 2
    for _ in range(9):
        trained(panel)
    assert len(panel.experiments) == 7 and panel.shown is panel.experiments[-1]
    assert numbers(panel) == [3, 4, 5, 6, 7, 8, 9]
    hear(panel, type="show", number=1)  # pressed just before it left the list
    assert panel.run["number"] == 9


def test_what_is_sent_to_the_page_is_json(panel):
    trained(panel)
    json.dumps([panel.table, panel.run, panel.runs], allow_nan=False)


def test_the_front_end_is_one_module_without_imports_and_no_rule_of_its_style_leaves_the_panel():
    module = Laboratory._esm
    assert not re.search(r"^(import|export const|export function|export class) ", str(module), re.MULTILINE)
    assert str(module).count("export default") == 1
    style = re.sub(r"/\*.*?\*/", "", str(Laboratory._css), flags=re.DOTALL)
    selectors = [selector.strip() for rule in re.findall(r"([^{}]+)\{", style) for selector in split(rule)]
    themes = r"((html\[data-theme=\S+\]|body\[data-jp-theme-light\S*\]|:is\(html\S+ body\S+\)) )?"
    panels = r"(\.trm-(lab|curves|policy)\b|:is\(\.trm-\w+(, \.trm-\w+)*\))"
    assert [one for one in selectors if not re.match(themes + panels, one)] == []


def split(rule: str) -> list[str]:
    """The selectors before a rule: it is split at the commas outside of brackets."""
    return re.split(r",(?![^()]*\))", rule)


def test_the_picture_can_be_drawn_before_the_first_epoch():
    assert len(draw_laboratory(Experiment(**QUICK), maze=19).axes) == 4


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
