"""The training command: what it prints, and what it says of every mistake that the guide knows."""

import json
import os
import pty
import re
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest
import torch
from tiny import RUN, flags, write_data

from trm_nav import cli, train
from trm_nav.learning.model import TinyRecursiveModel
from trm_nav.learning.run import fit, prepare
from trm_nav.learning.training import Training
from trm_nav.settings import RECIPES

LINE = re.compile(
    r"Epoch (\d+)/(\d+) - Train Loss: (\d+\.\d{4}), Train Acc: ([01]\.\d{4}) "
    r"Val Loss: (\d+\.\d{4}), Val Acc: ([01]\.\d{4})( \*)?"
)


@pytest.fixture
def command(monkeypatch, capsys):
    """The command, called in this process: its exit status, stdout and stderr."""

    def call(*words, **settings):
        monkeypatch.setattr(sys, "argv", ["train.py", *words, *flags(**settings)])
        try:
            cli.run(train.main, train.PROG)
            status = 0
        except SystemExit as left:
            status = left.code
        return status, *capsys.readouterr()

    return call


def test_a_run_prints_the_guides_lines_and_marks_each_new_best(command, paths, tmp_path, monkeypatch):
    losses, validate = iter([3.0, 2.0, 2.5, 2.0, 1.25, 1.5]), Training.validate
    monkeypatch.setattr(Training, "validate", lambda run: (next(losses), validate(run)[1]))
    status, said, complaint = command(**RUN | paths | {"epochs": 6, "checkpoint_dir": tmp_path})
    assert (status, complaint) == (0, "")  # no bar where nobody watches
    *lines, summary, _ = said.splitlines()  # the last line is the diagnosis
    history = json.loads((tmp_path / "history.json").read_text())
    columns = [history[name] for name in ("train_loss", "train_acc", "val_loss", "val_acc")]
    stars = []
    for epoch, (line, *values) in enumerate(zip(lines, *columns, strict=True), start=1):
        found = LINE.fullmatch(line)
        assert found, line
        assert found.groups()[:6] == (str(epoch), "6", *(f"{value:.4f}" for value in values))
        stars.append(found[7])
    assert stars == [" *", " *", None, None, " *", None]
    expected = f"Best epoch 5: val loss 1.2500, val acc {history['val_acc'][4]:.4f}; "
    assert re.fullmatch(
        f"{expected}[\\d,]+ parameters, 6 epochs in \\d+ s; {re.escape(str(tmp_path))}/best.pt", summary
    )


def test_the_guides_own_line_is_what_the_format_makes(paths, tmp_path):
    run = prepare({**RUN, **paths, "epochs": 100, "checkpoint_dir": tmp_path})
    run.history = {name: [0.0] * 50 for name in run.history}
    for name, value in {"train_loss": 0.0012, "train_acc": 0.9998, "val_loss": 2.3456, "val_acc": 0.7234}.items():
        run.history[name] = [*[0.0] * 49, value]
    run.best_epoch = 50
    line = "Epoch 50/100 - Train Loss: 0.0012, Train Acc: 0.9998 Val Loss: 2.3456, Val Acc: 0.7234"
    assert train.epoch_line(run) == line + " *"
    run.best_epoch = 49
    assert train.epoch_line(run) == line


def shown_on_a_terminal(call, monkeypatch):
    """What a function writes to stdout and stderr where these are a terminal."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    shown = []

    def read():
        try:
            while part := os.read(ours, 4096):
                shown.append(part)
        except OSError:  # how Linux says that the other side has closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    with open(theirs, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", terminal)
        patch.setattr(sys, "stderr", terminal)
        call()
    reader.join()
    os.close(ours)
    return b"".join(shown).decode()


def test_on_a_terminal_a_bar_shows_beside_the_same_lines(paths, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", *flags(**RUN | paths, checkpoint_dir=tmp_path)])
    shown = shown_on_a_terminal(train.main, monkeypatch)
    assert re.search(r"training: +\d+%\|.*\| \d\.\d/3 epochs", shown)
    lines = [line.rpartition("\r")[2] for line in shown.replace("\r\n", "\n").split("\n")]
    assert sum(bool(LINE.fullmatch(line.replace("\x1b[A", ""))) for line in lines) == 3, shown


def test_flags_override_the_recipe_and_the_recipe_the_defaults(command, paths, tmp_path, monkeypatch):
    status, said, complaint = command(
        "--recipe", "fast", **paths, dim=8, epochs=2, recursions=1, batch_size=50, checkpoint_dir=tmp_path
    )
    assert (status, complaint) == (0, "") and LINE.match(said)
    config = torch.load(tmp_path / "last.pt", weights_only=True)["config"]
    expected = {"dim": 8, "epochs": 2, "depth": 2, "dropout": 0.1, "patience": 10, "batch_size": 50, "augment": False}
    assert {name: config[name] for name in expected} == expected


def test_switches_turn_on_and_off_and_left_out_say_nothing():
    parser = cli.Parser("", settings=train.TrainSettings)
    for words, expected in [
        (["--augment"], {"augment": True}),
        (["--no-augment"], {"augment": False}),
        ([], {}),
        (["--lr=1e-2", "--resume", "a.pt"], {"lr": 0.01, "resume": Path("a.pt")}),
        (["--augment", "--dim", "8"], {"augment": True, "dim": 8}),
    ]:
        assert parser.given(parser.parse_args(words)) == expected


def check_refusal(ran, sentence):
    status, said, complaint = ran
    assert status == 2, ran
    assert complaint.startswith("python -m trm_nav.train: error: ") and complaint.count("\n") == 1, complaint
    assert re.search(sentence, complaint), complaint
    return said


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def full_folder(tmp_path):
    """A checkpoint folder with an earlier run's files in it."""
    for name in ("best.pt", "last.pt", "history.json"):
        (tmp_path / name).write_text(f"an earlier {name}")
    return tmp_path


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"train_path": "nowhere.pt"}, "no data set at nowhere.pt; .*scripts/generate_dataset.py$"),
        ({"val_path": "nowhere.pt"}, "there is no data set at nowhere.pt; .*scripts/generate_dataset.py$"),
        ({"dims": 8}, "there is no flag --dims; did you mean '--dim'\\?"),
        ({"quickly": True}, "there is no flag --quickly; --help lists all flags"),
        ({"di": 8}, "there is no flag --di; did you mean '--dim'\\?"),  # nor is it taken for --dim
        ({"dim": "wide"}, "--dim must be a whole number from 1 to 4096, not 'wide'$"),
        ({"dim": 0}, "--dim must be a whole number from 1 to 4096, not '0'$"),
        ({"dropout": 1}, "--dropout must be a number .*less than 1, not '1'$"),
        ({"lr": "nan"}, "--lr must be a number .*up to 10, not 'nan'$"),
        ({"seed": -1}, "--seed must be a whole number from 0 to 4294967295, not '-1'$"),
        ({"supervision": "all"}, "--supervision must be 'policy' or 'action', not 'all'$"),
        ({"mixing": "attention"}, "--mixing must be 'mlp' or 'conv' or 'cross', not 'attention'$"),
        ({"device": "tpu"}, "--device must be auto, cpu, mps, cuda or cuda:N, not 'tpu'$"),
        ({"device": "cuda:\u0663"}, "--device must be auto, cpu, mps, cuda or cuda:N, not 'cuda:\u0663'$"),
        ({"device": "cuda:99999999999999999999"}, "--device must be auto, cpu, mps, cuda or cuda:N, not "),
        ({"recipe": "slow"}, f"there is no recipe 'slow'; there are {', '.join(RECIPES)}$"),
        ({"recipe": "tinny"}, "there is no recipe 'tinny'; did you mean 'tiny'\\?$"),
        ({"grid_size": 8}, "--grid-size 8 .*5 x 5"),
        ({"resume": "nowhere.pt"}, "there is no checkpoint at nowhere.pt; .*best.pt"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_and_exit_status_2(command, paths, full_folder, settings, sentence):
    before = contents(full_folder)
    assert check_refusal(command(**RUN | paths | {"checkpoint_dir": full_folder} | settings), sentence) == ""
    assert contents(full_folder) == before


def test_a_flag_without_its_value_and_a_word_without_a_flag_are_mistakes(command):
    check_refusal(command("--dim"), "argument --dim: expected one argument$")
    check_refusal(command("tiny"), "'tiny'.* every value follows its flag")


def test_a_switch_that_is_given_a_value_says_what_to_write(command):
    for words in (["--augment", "true"], ["--augment=true"]):
        check_refusal(command(*words), "--augment takes no value, not even 'true': write --augment or --no-augment$")


def test_help_lists_the_values_of_a_setting_that_has_only_a_few(command):
    status, said, _ = command("--help")
    assert status == 0 and "--mixing mlp|conv" in said and "--supervision policy|action" in said


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_here_is_a_mistake(command, paths, full_folder):
    before = contents(full_folder)
    for device in ("cuda", "cuda:1", "cuda:128"):
        ran = command(**RUN | paths, device=device, checkpoint_dir=full_folder)
        check_refusal(ran, f"there is no device {device} here: .*0 CUDA devices; .*--device cpu")
    assert contents(full_folder) == before


def test_files_of_the_wrong_kind_are_mistakes_and_stay_as_they_are(command, paths, tmp_path):
    fit(prepare({**RUN, **paths, "epochs": 1, "checkpoint_dir": tmp_path / "run"}))
    best, cut, text = tmp_path / "run" / "best.pt", tmp_path / "cut.pt", tmp_path / "text.pt"
    cut.write_bytes(paths["train_path"].read_bytes()[:-3000])
    text.write_text("walls\n")
    other = write_data(tmp_path, grid_size=6)["val_path"]
    before = contents(tmp_path)
    for settings, sentence in [
        ({"train_path": best}, "best.pt is not a usable data set: it is a checkpoint; "),
        ({"train_path": cut}, "cut.pt is not a data set, or a truncated one"),
        ({"val_path": text}, "text.pt is not a data set, or a truncated one"),
        ({"val_path": tmp_path}, "cannot read the data set .*: Is a directory"),
        ({"val_path": other}, "training set .*5 x 5.* validation set .*6 x 6"),
        ({"resume": paths["train_path"]}, "train.pt is not a checkpoint of this project: it has no config, "),
        ({"resume": cut}, "cut.pt is not a checkpoint, or a truncated one"),
        ({"resume": best, "dim": 16}, "--dim 16 was given, but the checkpoint was trained with .*8"),
        ({"resume": best, "epochs": 1}, "best.pt .*1 epochs?; .*--epochs"),
        ({"checkpoint_dir": cut}, "cannot write into .*cut.pt: .* is a file, not a folder; "),
        ({"checkpoint_dir": cut / "below"}, "cannot write into .*below: .*cut.pt is a file, not a folder"),
    ]:
        given = {} if "resume" in settings else {**RUN, **paths, "checkpoint_dir": tmp_path / "run"}
        assert check_refusal(command(**given | settings), sentence) == ""
    assert contents(tmp_path) == before


def break_in_epoch_3(monkeypatch, break_it):
    """Let something happen to a run before the last gradient step of its third epoch."""
    step = Training._train

    def train_and_break(run, on_step):
        if run.epoch == 2:
            break_it(run)
        return step(run, on_step)

    monkeypatch.setattr(Training, "_train", train_and_break)


def test_a_loss_that_is_nan_stops_the_run_and_the_last_good_checkpoint_stays(command, paths, tmp_path, monkeypatch):
    def blow_up(run):
        with torch.no_grad():
            run.model.head.weight[0] = torch.inf

    break_in_epoch_3(monkeypatch, blow_up)
    ran = command(**RUN | paths | {"epochs": 5, "lr": 0.02, "checkpoint_dir": tmp_path})
    best = torch.load(tmp_path / "best.pt", weights_only=True)["epoch"]
    sentence = "not a number in epoch 3.* learning rate .*0.02.*--lr 0.002; .*/best.pt.* epoch "
    said = check_refusal(ran, f"{sentence}{best}\\b")
    assert [line.split()[1] for line in said.splitlines()] == ["1/5", "2/5"]
    last = torch.load(tmp_path / "last.pt", weights_only=True)
    assert last["epoch"] == 2 and all(weight.isfinite().all() for weight in last["model_state_dict"].values())
    assert len(json.loads((tmp_path / "history.json").read_text())["val_loss"]) == 2


def test_running_out_of_gpu_memory_tells_the_guides_three_remedies(command, paths, tmp_path, monkeypatch):
    def run_out(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.\nGPU 0 has a total capacity of")

    break_in_epoch_3(monkeypatch, lambda run: monkeypatch.setattr(TinyRecursiveModel, "forward", run_out))
    ran = command(**RUN | paths | {"epochs": 5, "checkpoint_dir": tmp_path})
    check_refusal(ran, "CUDA out of memory: .*--batch-size 32.*--dim 64 --depth 2.*--device cpu$")
    assert torch.load(tmp_path / "last.pt", weights_only=True)["epoch"] == 2


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"dim": 4096, "depth": 64},
            "this training would need about .*B of memory, and .*B are free; reduce .*--dim 64",
        ),
        ({"batch_size": 1_000_000, "dim": 4096, "recursions": 256}, "this training would need about .*"),
        ({"threads": 1024}, r"--threads 1024 was given, and \d+ are the most that make sense on this machine"),
    ],
)
def test_what_this_machine_cannot_do_is_refused_before_it_starts(
    command, paths, tmp_path, monkeypatch, settings, sentence
):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("trm_nav.memory.available", lambda: 10**9)
    ran = command(**RUN | paths | settings, checkpoint_dir=tmp_path / "run")
    check_refusal(ran, sentence)
    assert not (tmp_path / "run").exists()


def test_a_gpu_full_from_the_start_tells_the_same(command, paths, tmp_path, monkeypatch):
    def run_out(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(TinyRecursiveModel, "to", run_out)
    ran = command(**RUN | paths, checkpoint_dir=tmp_path)
    check_refusal(ran, "CUDA out of memory: .*--batch-size 32.*--dim 64 --depth 2.*--device cpu$")


@pytest.mark.slow
def test_a_mistake_in_the_shell_shows_no_traceback(tmp_path):
    ran = subprocess.run([sys.executable, "-m", "trm_nav.train"], cwd=tmp_path, capture_output=True, text=True)
    check_refusal((ran.returncode, ran.stdout, ran.stderr), "there is no data set at data/train.pt; ")
    assert os.listdir(tmp_path) == []
