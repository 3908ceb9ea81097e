"""A command keeps to its exit status and its one line, wherever its output goes, and whenever it is interrupted."""

import os
import signal
import subprocess
import sys

import pytest
from tiny import RUN

from trm_nav import train
from trm_nav.learning.run import fit, prepare

pytestmark = pytest.mark.slow  # most of them start a process, which loads PyTorch
PLAIN = {**os.environ, "PYTHONUNBUFFERED": "", "LC_ALL": "C.UTF-8"}
full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no disk that is always full")


def shell(command, **environment):
    return subprocess.run(
        ["sh", "-c", f'exec "$0" -m {command}', sys.executable],
        capture_output=True,
        text=True,
        env={**PLAIN, **environment},
    )


@full
@pytest.mark.parametrize("command", ["trm_nav.train --help", "trm_nav.compare {folder}", "trm_nav.diagnose {folder}"])
def test_a_full_disk_under_the_output_is_one_line_and_status_2(command, history):
    ran = shell(command.format(folder=history) + " > /dev/full")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.endswith("error: cannot write the output: No space left on device\n")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("streams", ["2>&-", ">&- 2>&-", "2>/dev/full", "<&- >&- 2>&-"])
def test_a_mistake_has_status_2_where_nobody_can_read_the_line(streams):
    assert shell(f"trm_nav.train --dim wide {streams}").returncode == 2


def test_without_an_output_a_command_does_its_work(history):
    ran = shell(f"trm_nav.diagnose {history} >&-")
    assert (ran.returncode, ran.stderr) == (0, "")


def test_what_an_output_cannot_show_is_escaped(history):
    ran = shell(f"trm_nav.diagnose {history}/ä", LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ran.returncode == 2 and ran.stderr.count("\n") == 1
    assert "there is no history.json in" in ran.stderr and "\\" in ran.stderr


@pytest.mark.parametrize("value", ["a\nb", "\x1b[31mred", "9" * 5000, "\u0663", "\u202e", os.fsdecode(b"\xff")])
def test_whatever_is_given_the_sentence_is_one_printable_line(command, value):
    for flag in ("--dim", "--train-path", "--device", "--recipe", f"--{value}"):
        status, _, (line,) = command(train, flag, value)
        assert status == 2 and line.isprintable() and len(line) < 1000 and ": error: " in line


@pytest.fixture(scope="module")
def history(paths, tmp_path_factory):
    """The folder of a finished run."""
    folder = tmp_path_factory.mktemp("run")
    fit(prepare({**RUN, **paths, "epochs": 1, "checkpoint_dir": folder}))
    return folder


INTERRUPTED = """
import os, runpy, signal, sys

class Interrupt:
    def find_spec(self, name, *rest):
        if name == MODULE:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

MODULE, sys.argv[0] = sys.argv.pop(1), "-m"
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background process inherits that it is ignored
sys.meta_path.insert(0, Interrupt())
runpy.run_module("trm_nav.train", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("module", ["trm_nav.cli", "pydantic", "trm_nav.settings", "trm_nav.learning.run", "torch"])
def test_an_interrupt_while_a_command_loads_is_no_traceback(module, tmp_path):
    words = [sys.executable, "-c", INTERRUPTED, module, "--train-path", tmp_path / "none.pt"]
    ran = subprocess.run(words, capture_output=True, text=True)
    if module in ("trm_nav.learning.run", "torch"):  # from here on the command can say so
        assert (ran.returncode, ran.stderr) == (130, "python -m trm_nav.train: interrupted\n")
    else:
        assert (ran.returncode, ran.stderr) == (-signal.SIGINT, "")
