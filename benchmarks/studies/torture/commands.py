"""The project's commands: how each is called, here or as a process of its own, with settings that take a moment."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from trm_nav import cli
from trm_nav.evaluate import EvaluateSettings
from trm_nav.settings import DataSettings, Settings, TrainSettings

from .process import ROOT

GENERATOR = ROOT / "scripts" / "generate_dataset.py"
MODEL = ["--dim", "2", "--depth", "1", "--recursions", "1", "--dropout", "0", "--batch-size", "8", "--threads", "1"]
DATA = ["--train-path", "data/train.pt", "--val-path", "data/test.pt"]


@dataclass(frozen=True)
class Command:
    """A command, the words that make it do something small, and the settings behind its flags, if it has any."""

    name: str
    small: tuple[str, ...]
    needs: tuple[str, ...]  # what it reads, of the campaign's material
    settings: type[Settings] | None = None
    statuses: tuple[int, ...] = (0, 2)

    @property
    def program(self) -> list[str]:
        """The beginning of a command line that runs it."""
        where = [str(GENERATOR)] if self.name == "generate" else ["-m", f"trm_nav.{self.name}"]
        return [sys.executable, *where]

    @property
    def module(self) -> ModuleType:
        return _generator() if self.name == "generate" else importlib.import_module(f"trm_nav.{self.name}")


@cache
def _generator() -> ModuleType:
    specification = importlib.util.spec_from_file_location("generate_dataset", GENERATOR)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


TRAIN = Command("train", (*DATA, "--checkpoint-dir", "new", "--epochs", "2", *MODEL), ("data",), TrainSettings)
EVALUATE = Command("evaluate", ("--checkpoint", "run/best.pt", "--mazes", "5"), ("run",), EvaluateSettings)
GENERATE = Command(
    "generate", ("--num-train", "5", "--num-test", "3", "--grid-size", "4", "--output-dir", "out"), (), DataSettings
)
CERTIFY = Command("certify", ("wave/best.pt",), ("wave",), None, (0, 1, 2))  # 1: not certified
COMPARE = Command("compare", ("run", "wave"), ("run", "wave"))
DIAGNOSE = Command("diagnose", ("run",), ("run", "data"))
COMMANDS = TRAIN, EVALUATE, GENERATE, CERTIFY, COMPARE, DIAGNOSE


def call(what: Command | Callable[[], object], words: Sequence[str]) -> None:
    """Call a command, or a function, in this process, and leave as its program would."""
    if not isinstance(what, Command):
        cli.run(what, "python")  # type: ignore[arg-type]
        return
    module = what.module
    sys.argv = [what.name, *words]
    sys.orig_argv = [*what.program, *words]
    cli.run(module.main, module.PROG)
