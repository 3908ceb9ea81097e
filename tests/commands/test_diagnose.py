"""The diagnosis command, and what the training command leaves for it."""

import json
import subprocess
import sys

import pytest
import torch
from tiny import RUN, flags

import trm_nav.diagnose as diagnose
from trm_nav import compare, train
from trm_nav.learning.loss import chance
from trm_nav.learning.model import TinyRecursiveModel
from trm_nav.learning.run import prepare
from trm_nav.learning.samples import Samples
from trm_nav.mazes import dataset
from trm_nav.settings import TrainSettings

OVERFITTED = {
    "train_loss": [1.1, 0.9, 0.7, 0.5, 0.3, 0.1, 0.01, 0.01],
    "train_acc": [0.4, 0.5, 0.7, 0.8, 0.9, 0.999, 1.0, 1.0],
    "val_loss": [1.1, 0.95, 0.9, 0.8, 0.9, 1.0, 1.1, 1.2],
    "val_acc": [0.4, 0.5, 0.55, 0.6, 0.6, 0.6, 0.6, 0.6],
}
AT_CHANCE = {"train_loss": [1.3] * 6, "train_acc": [0.3] * 6, "val_loss": [1.3] * 6, "val_acc": [0.3] * 6}
KNOWN = {"config": TrainSettings(dim=32, augment=False, dropout=0.1).plain(), "mazes": 300}


def write(path, history):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(history))
    return path


def in_the_shell(*words, cwd):
    ran = subprocess.run([sys.executable, "-m", "trm_nav.diagnose", *words], cwd=cwd, capture_output=True, text=True,
                         timeout=60)  # fmt: skip
    return ran.returncode, ran.stdout.splitlines(), ran.stderr.splitlines()


@pytest.mark.slow
def test_in_the_shell_a_history_gets_its_findings_and_numbered_remedies_with_the_settings_of_now(tmp_path):
    write(tmp_path / "history.json", {**OVERFITTED, **KNOWN})
    assert in_the_shell("history.json", cwd=tmp_path) == (0, [
        "overfitting since epoch 5: training loss still falls, validation loss has risen 50%; accuracy 100% in "
        "training, 60% on held-out mazes",
        "  1. augmentation: --augment (now off)",
        "  2. more dropout: --dropout 0.2 (now 0.1)",
        "  3. more weight decay: --weight-decay 0.05 (now 0.01)",
        "  4. more data: --num-train 5000 of scripts/generate_dataset.py (now 300)",
        "  5. a smaller model: --dim 16 (now 32)",
        "  6. mixing by 3 x 3 neighbourhoods: --mixing conv (now mlp)",
        "memorised since epoch 6: nearly every training maze is right, but 40% of the held-out mazes are wrong: "
        "the network remembers answers instead of a rule",
        "  the same remedies",
    ], [])  # fmt: skip


@pytest.mark.slow
def test_in_the_shell_a_mistake_is_one_sentence_and_exit_status_2(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    for words, sentence in [
        (["nowhere"], "there is no history.json in nowhere or in its checkpoints/"),
        (["broken.json"], "broken.json is not JSON, or a truncated file"),
        ([], "the following arguments are required: history"),
    ]:
        assert in_the_shell(*words, cwd=tmp_path) == (2, [], [f"{diagnose.PROG}: error: {sentence}"])


@pytest.mark.slow
def test_neither_help_nor_a_mistake_nor_a_diagnosis_waits_for_torch(tmp_path):
    path = write(tmp_path / "history.json", OVERFITTED)
    for words, status in [(["--help"], 0), ([str(path)], 0), (["nowhere"], 2)]:
        ran = subprocess.run([sys.executable, "-X", "importtime", "-m", "trm_nav.diagnose", *words],
                             capture_output=True, text=True, timeout=60)  # fmt: skip
        loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
        assert ran.returncode == status and "trm_nav.diagnosis.findings" in loaded and "torch" not in loaded


def test_what_the_history_does_not_know_is_not_claimed(tmp_path, command):
    _, (_, *remedies), _ = command(diagnose, write(tmp_path / "log.json", OVERFITTED))
    assert remedies[0] == "  1. augmentation: --augment" and not any("now" in line for line in remedies)
    config = {"dim": 64, "lr": 5, "supervision": "policy"}
    stuck = write(tmp_path / "stuck.json", {**AT_CHANCE, "config": config, "chance": chances(1.3)})
    _, (finding, *remedies), _ = command(diagnose, stuck)
    assert finding.startswith("stuck at chance: accuracy 30%")
    assert remedies == [
        "  1. a lower learning rate: --lr 0.01 (now 5)",
        "  2. check the data: does each label belong to its maze, and is it rotated and reflected with it?",
        "  3. a small model first, to see whether anything learns: --dim 32 --depth 2",
    ]


def chances(loss):
    return {part: {"loss": loss, "acc": 0.3} for part in ("train", "val")}


def test_a_folder_will_do_as_for_the_comparison(tmp_path, command):
    write(tmp_path / "run" / "checkpoints" / "history.json", OVERFITTED)
    folder = command(diagnose, tmp_path / "run")
    assert folder[0] == 0 and folder == command(diagnose, tmp_path / "run" / "checkpoints" / "history.json")


def test_of_several_the_bad_ones_are_named_and_the_others_shown_under_their_names(tmp_path, command):
    one, two = write(tmp_path / "one.json", OVERFITTED), write(tmp_path / "two.json", AT_CHANCE)
    bad, no_list = write(tmp_path / "bad.json", [1]), write(tmp_path / "no list.json", {"val_acc": [1]})
    alone = [command(diagnose, path)[1] for path in (one, two)]
    status, said, complaints = command(diagnose, one, bad, two, no_list)
    assert (status, said) == (0, [str(one), *alone[0], "", str(two), *alone[1]])
    assert [line.split(": ")[1].split(" ")[0] for line in complaints] == [str(bad), str(no_list).split(" ")[0]]
    status, said, complaints = command(diagnose, bad, no_list)
    assert (status, said, len(complaints)) == (2, [], 3) and "there is nothing to diagnose" in complaints[-1]


@pytest.mark.parametrize("supervision", ["policy", "action"])
def test_a_data_set_says_what_guessing_would_reach(tmp_path, paths, command, supervision):
    path = write(tmp_path / "log.json", {**AT_CHANCE, "config": {"supervision": supervision}})
    assert command(diagnose, path)[1][0].startswith("underfitting")
    samples = Samples.of(dataset.load(paths["val_path"]), supervision, "cpu")
    guess = chance(samples.optimal, samples.agents)
    status, (finding, *_), complaint = command(diagnose, path, "--data", paths["val_path"])
    assert (status, complaint) == (0, []) and finding.startswith("stuck at chance")
    assert f"one and the same action everywhere has {guess['acc']:.0%}" in finding
    write(path, {**AT_CHANCE, "config": {"supervision": supervision}, "train_acc": [0.7] * 6, "val_acc": [0.7] * 6})
    finding = command(diagnose, path, "--data", paths["val_path"])[1][0]
    assert f"where guessing costs {guess['loss']:.2f}" in finding


def test_what_a_history_knows_of_chance_goes_before_a_data_set(tmp_path, paths, command):
    path = write(tmp_path / "log.json", {**AT_CHANCE, "chance": chances(1.9), "val_acc": [0.7] * 6})
    assert "guessing costs 1.90" in command(diagnose, path, "--data", paths["val_path"])[1][0]


def test_a_data_set_that_is_none_is_a_mistake(tmp_path, command):
    path = write(tmp_path / "log.json", AT_CHANCE)
    for data, sentence in [("nowhere.pt", "there is no data set at nowhere.pt"), (path, "is not a data set")]:
        status, said, (complaint,) = command(diagnose, path, "--data", data)
        assert (status, said) == (2, []) and sentence in complaint


@pytest.mark.slow
def test_training_ends_with_the_first_finding_and_leaves_a_history_with_all_that_it_needs(tmp_path, paths, command):
    few_labels = {
        "epochs": 12,
        "dim": 16,
        "depth": 2,
        "recursions": 1,
        "dropout": 0.0,
        "lr": 0.02,
        "supervision": "action",
    }
    words = flags(**RUN | paths | few_labels, checkpoint_dir=tmp_path)
    status, said, complaint = command(train, *words)
    assert (status, complaint) == (0, [])
    assert said[-2].startswith("Best epoch ") and said[-1].startswith("Diagnosis: overfitting since epoch ")
    history = json.loads((tmp_path / "history.json").read_text())
    assert (history["diverged"], history["mazes"], set(history["chance"])) == (False, 100, {"train", "val"})
    finding, augment, dropout, *_ = command(diagnose, tmp_path)[1]
    assert said[-1] == f"Diagnosis: {finding}; first remedy: augmentation (--augment)"
    assert (augment, dropout) == ("  1. augmentation: --augment (now off)", "  2. more dropout: --dropout 0.2 (now 0)")


@pytest.fixture
def break_in_epoch(monkeypatch):
    """Let the loss of the next runs be no number from an epoch on."""

    def break_it(epoch):
        def policy(model, latent):
            logits = whole(model, latent)
            passes.append(1)
            return logits * torch.nan if len(passes) > 6 * (epoch - 1) else logits  # 4 batches, and 2 to validate

        whole, passes = TinyRecursiveModel.policy, []
        monkeypatch.setattr(TinyRecursiveModel, "policy", policy)

    return break_it


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_run_that_diverged_says_so_in_its_history_however_early(tmp_path, paths, command, break_in_epoch, epoch):
    break_in_epoch(epoch)
    status, said, (complaint,) = command(train, *flags(**RUN | paths, lr=0.02, checkpoint_dir=tmp_path))
    assert (status, len(said)) == (2, epoch - 1)
    assert complaint.startswith(f"{train.PROG}: error: the loss is not a number in epoch {epoch} at learning rate 0.02")
    history = json.loads((tmp_path / "history.json").read_text())
    assert history["diverged"] is True and {"config", "seed", "fingerprints", "command", "threads"} <= set(history)
    assert [len(history[name]) for name in OVERFITTED] == [epoch - 1] * 4
    assert (tmp_path / "best.pt").exists() == (tmp_path / "last.pt").exists() == (epoch > 1)
    assert command(diagnose, tmp_path)[1][:2] == [
        f"diverging since epoch {epoch}: the loss is no longer a number",
        "  1. a lower learning rate: --lr 0.001 (now 0.02)",
    ]
    status, _, complaints = command(compare, tmp_path)
    assert status == (2 if epoch == 1 else 0)
    if epoch == 1:
        assert "diverged in its first epoch: there are no accuracies to compare" in complaints[0]


def test_what_an_earlier_epoch_saved_stays_when_the_loss_diverges(tmp_path, paths, command, break_in_epoch):
    break_in_epoch(3)
    command(train, *flags(**RUN | paths, checkpoint_dir=tmp_path))
    kept = torch.load(tmp_path / "last.pt", weights_only=True)
    history = json.loads((tmp_path / "history.json").read_text())
    assert kept["epoch"] == 2 and {name: history[name] for name in kept["history"]} == kept["history"]
    resumed = prepare({"resume": tmp_path / "last.pt"})
    assert (resumed.epoch, resumed.diverged) == (2, False)


def test_the_trials_of_a_search_are_diagnosed_one_by_one(tmp_path, command):
    curve = [1.0 / epoch for epoch in range(1, 12)]
    history = {"train_loss": curve, "val_loss": curve, "train_acc": curve[::-1], "val_acc": curve[::-1]}
    for number in range(2):
        (tmp_path / f"trial_{number:04d}").mkdir()
        (tmp_path / f"trial_{number:04d}" / "history.json").write_text(json.dumps(history))
    status, out, _ = command(diagnose, tmp_path)
    assert status == 0 and [line for line in out if line.endswith(("trial_0000", "trial_0001"))] == [
        str(tmp_path / "trial_0000"),
        str(tmp_path / "trial_0001"),
    ]
