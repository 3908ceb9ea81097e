"""What an attack is, and the scene on which it is carried out: a folder of its own, and every child that it starts."""

import hashlib
import random
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import oracle, process
from .commands import ROOT, Command, call
from .process import Outcome

CANARY = "canary"  # a file that only code inside an attacked file would create


@dataclass(frozen=True)
class Attack:
    """One attack. Its group, its number and the seed of the campaign say everything about it."""

    group: str
    number: int
    seed: int
    what: str  # in words
    act: Callable[["Scene"], object] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"{self.group}-{self.number:04}"

    @property
    def random(self) -> random.Random:
        return random.Random(f"{self.seed}/{self.group}/{self.number}")


class Scene:
    """Where one attack is carried out. Everything that it does is judged at once; `complaints` gathers the outcome.

    material: a folder with data sets and finished runs; `bring` copies what an attack needs of it.
    """

    def __init__(self, folder: Path, material: Path, rng: random.Random):
        self.material, self.random = material, rng
        self.folder = folder / "work"
        self.folder.mkdir()
        self.complaints: list[str] = []
        self.outcomes: list[Outcome] = []
        self.done = ""  # what was done to a file, where chance decides it

    def bring(self, *names: str) -> None:
        for name in names:
            source = self.material / name
            if source.is_dir():
                shutil.copytree(source, self.folder / name)
            else:
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, self.folder / name)

    def run(self, command: Command, *words: str, allowed: Collection[int] = oracle.ORDINARY, **how: Any) -> Outcome:
        """Call one of the project's commands in a forked child."""
        what = " ".join((command.name, *words))
        return self.judged(process.forked(lambda: call(command, words), self.folder, what, **how), allowed)

    def python(self, act: Callable[[], object], what: str, **how: Any) -> Outcome:
        """Call a function in a forked child; UserError is answered as a command answers it."""
        return self.judged(process.forked(lambda: call(act, ()), self.folder, what, **how), oracle.ORDINARY)

    def start(self, command: Command, *words: str, allowed: Collection[int] = oracle.ORDINARY, **how: Any) -> Outcome:
        """Start one of the project's commands as a process of its own."""
        what = " ".join((command.name, *words))
        return self.judged(process.started([*command.program, *words], self.folder, what, **how), allowed)

    def judged(self, outcome: Outcome, allowed: Collection[int]) -> Outcome:
        self.outcomes.append(outcome)
        self.complaints += oracle.complaints(outcome, allowed)
        if (self.folder / CANARY).exists() or (self.folder.parent / CANARY).exists() or (ROOT / CANARY).exists():
            self.complaints.append("executed: code in a file was run")
        return outcome

    def expect(self, holds: bool, complaint: str) -> None:
        if not holds:
            self.complaints.append(complaint)

    @property
    def verdict(self) -> str:
        if self.complaints:
            return "failed"
        return "refused" if any(outcome.status == 2 for outcome in self.outcomes) else "survived"


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every regular file in a folder, by its path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
