"""Group folder: a state machine that does to the folder of a run what people do, and knows what it must hold then."""

import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from .attack import Scene
from .calls import Calls, die
from .commands import COMPARE, DATA, DIAGNOSE, EVALUATE, MODEL, TRAIN
from .damage import flip
from .material import content
from .runs import agree

HISTORIES, STEPS = 24, 14  # folders, and what is done to each
TRAINING = (*DATA, "--checkpoint-dir", "again", "--save-every", "1", *MODEL)
FILES = "last.pt", "best.pt", "history.json", "checkpoint_epoch_1.pt", "checkpoint_epoch_2.pt"


class Folder(RuleBasedStateMachine):
    """The model of a folder: the seed of the run that it belongs to, its epochs, and the files that were damaged."""

    scene: Scene

    @initialize()
    def empty(self) -> None:
        """Everything from the beginning, because Hypothesis repeats what has failed."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.scene.complaints.clear()
        self.scene.outcomes.clear()
        self.scene.random.seed(0)
        self.seed: int | None = None
        self.epochs = 0
        self.hurt: set[str] = set()

    @property
    def path(self) -> Path:
        return self.scene.folder / "again"

    def latest(self) -> int:
        """The last epoch that any file of the folder holds."""
        whole = [path for path in self.path.glob("*.pt") if path.name not in self.hurt]
        return max((content(path)["epoch"] for path in whole), default=0)

    def train(self, *words: str, allowed: tuple[int, ...] = (0, 2), **how: object) -> int:
        return self.scene.run(TRAIN, *words, allowed=allowed, **how).status

    @rule(seed=st.integers(1, 3), epochs=st.integers(1, 3), overwrite=st.booleans())
    def start(self, seed: int, epochs: int, overwrite: bool) -> None:
        words = ["--seed", str(seed), "--epochs", str(epochs), *(["--overwrite"] if overwrite else [])]
        occupied = self.seed is not None and any((self.path / name).exists() for name in FILES)
        status = self.train(*TRAINING, *words)
        if occupied and not overwrite:
            assert status == 2, "an occupied folder was trained into"
        elif overwrite or self.seed is None:
            assert status == 0, f"a free folder, or one to be overwritten, was refused: {self.scene.outcomes[-1].err}"
        if status == 0:
            self.seed, self.epochs, self.hurt = seed, epochs, set()

    @precondition(lambda self: self.seed is not None)
    @rule(name=st.sampled_from(FILES), more=st.integers(0, 2), overwrite=st.booleans())
    def resume(self, name: str, more: int, overwrite: bool) -> None:
        path = self.path / name
        whole = path.exists() and name not in self.hurt and path.suffix == ".pt"
        start = content(path)["epoch"] if whole else 0
        epochs, latest = start + more, self.latest()
        status = self.train(
            "--resume", f"again/{name}", "--epochs", str(max(1, epochs)), *(["--overwrite"] if overwrite else [])
        )
        if not whole:
            assert status == 2, f"a run was resumed from {name}, which is damaged, missing or no checkpoint"
        elif status == 0:
            assert start >= latest or overwrite, "an earlier checkpoint took the place of later ones unasked"
            self.epochs, self.hurt = max(epochs, start), self.hurt - {"last.pt", "history.json"}

    @precondition(lambda self: self.seed is not None)
    @rule(call=st.integers(1, 60))
    def dies(self, call: int) -> None:
        """The run goes on for an epoch, and is killed at one of its calls."""
        last = self.path / "last.pt"
        if not last.exists() or "last.pt" in self.hurt:
            return
        epochs = content(last)["epoch"] + 1
        words = ("--resume", "again/last.pt", "--epochs", str(epochs))
        status = self.train(*words, allowed=(0, 2, -9), prepare=Calls(call, die).install)
        assert status != 2 or self.hurt or content(last)["epoch"] < self.epochs, self.scene.outcomes[-1].err
        self.epochs = content(last)["epoch"]
        if status == -9:
            again = self.train(*words)
            assert again == 0 or "finished" in self.scene.outcomes[-1].err or self.hurt, self.scene.outcomes[-1].err
            self.epochs = content(last)["epoch"]

    @precondition(lambda self: self.seed is not None)
    @rule(name=st.sampled_from(FILES), how=st.sampled_from(("removed", "damaged", "aged", "emptied")))
    def hurts(self, name: str, how: str) -> None:
        path = self.path / name
        if not path.exists():
            return
        if how == "removed":
            path.unlink()
        elif how == "aged":
            os.utime(path, (time.time() - 1e8,) * 2)
        else:
            path.write_bytes(b"" if how == "emptied" else flip(path.read_bytes(), self.scene.random))
            self.hurt.add(name)

    @rule()
    def look(self) -> None:
        """Whatever state it is in, what only reads answers, and changes nothing."""
        before = {path: path.read_bytes() for path in self.path.glob("*")} if self.path.exists() else {}
        self.scene.run(COMPARE, "again", "run")
        self.scene.run(DIAGNOSE, "again")
        self.scene.run(EVALUATE, "--checkpoint", "again/best.pt", "--mazes", "3")
        assert before == ({path: path.read_bytes() for path in self.path.glob("*")} if before else {})

    @invariant()
    def sound(self) -> None:
        assert not self.scene.complaints, self.scene.complaints[0]
        if getattr(self, "seed", None) is not None and not self.hurt:
            agree(self.scene, "again")
            assert not self.scene.complaints, self.scene.complaints[0]
        ended = self.scene.outcomes[-1:]
        if ended and ended[0].what.startswith("train") and ended[0].status == 0:
            assert not list(self.path.glob(".*.tmp")), "a temporary file was left"


def draw(seed: int, stage: Path) -> Iterator[tuple[str, Callable[[Scene], object]]]:
    for number in range(HISTORIES):
        yield f"the folder of a run, {STEPS} things done to it", partial(_history, f"{seed}/{number}")


def _history(seed: str, scene: Scene) -> None:
    scene.bring("data", "run")
    machine = hypothesis.seed(seed)(type("Folder", (Folder,), {"scene": scene}))
    settings = hypothesis.settings(
        max_examples=1,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run_state_machine_as_test(machine, settings=settings)
    except Exception as wrong:
        said = str(wrong).splitlines()[0]
        scene.complaints[:] = [said if said in scene.complaints else f"folder: {type(wrong).__name__}: {said}"]
        scene.done = "; ".join(outcome.what.split("--threads 1 ")[-1] for outcome in scene.outcomes)[-600:]
