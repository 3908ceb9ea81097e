"""Groups kill-points and kills: a training dies at every call of a save and at random times, and is finished."""

import json
import random
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from .attack import Scene
from .calls import Calls, die
from .commands import TRAIN
from .material import CALLS, LONG, SECONDS, SETTINGS
from .oracle import place
from .process import Signal
from .runs import compare, finish, intact

IMPORTS = 3.0  # seconds that a process needs until it trains, about
SIGNALS = {"SIGKILL": (-9,), "SIGTERM": (-15, 143), "SIGINT": (130, -2)}
KILLS, STARTED = 120, 40  # trainings disturbed at random times; of which so many more are processes of their own


def draw_points(seed: int, stage: Path) -> Iterator[tuple[str, Callable[[Scene], object]]]:
    for state, calls in json.loads((stage / CALLS).read_text()).items():
        for number, call in enumerate(calls, start=1):
            what = "a training" if state == "run" else "a training that goes on after two epochs"
            yield f"{what} dies at its call {number}, {call}", partial(_point, state, number)


def _point(state: str, number: int, scene: Scene) -> None:
    scene.bring("data")
    dies = Calls(number, die).install
    if state == "run":
        scene.run(TRAIN, *SETTINGS, "--checkpoint-dir", "again", prepare=dies, allowed=(-9,))
    else:
        scene.bring("half")
        (scene.folder / "half").rename(scene.folder / "again")
        scene.run(TRAIN, "--resume", "again/last.pt", "--checkpoint-dir", "again", prepare=dies, allowed=(-9,))
    intact(scene, "again")
    finish(scene)
    compare(scene)


def draw_kills(seed: int, stage: Path) -> Iterator[tuple[str, Callable[[Scene], object]]]:
    rng, seconds = random.Random(seed), json.loads((stage / SECONDS).read_text())
    for number in range(KILLS + STARTED):
        own = number >= KILLS
        times = 1 if own else rng.randint(1, 3)
        ends = [(rng.choice(list(SIGNALS)), rng.random()) for _ in range(times)]
        words = ", ".join(f"{name} at {share:.0%}" for name, share in ends)
        yield f"{'a process' if own else 'a training'}: {words}", partial(_kill, ends, own, seconds)


def _kill(ends: list[tuple[str, float]], own: bool, seconds: float, scene: Scene) -> None:
    """Every signal comes after that share of the time that a whole training takes."""
    scene.bring("data")
    for name, share in ends:
        last = (scene.folder / "again" / "last.pt").exists()
        words = (
            ("--resume", "again/last.pt", "--checkpoint-dir", "again") if last else (*LONG, "--checkpoint-dir", "again")
        )
        kill = Signal(share * (seconds + IMPORTS if own else seconds), getattr(signal, name))
        allowed = (
            0,
            *SIGNALS[name],
            *((2,) if last else ()),
        )  # 2: the signal before this one came after the last epoch
        outcome = (scene.start if own else scene.run)(TRAIN, *words, allowed=allowed, watch=kill)
        if outcome.status != 0 and name == "SIGINT" and not place(outcome.err):
            scene.complaints.clear()  # it came before the first line of the project ran
        if outcome.status in (0, 2):
            break
        intact(scene, "again")
    finish(scene, settings="long")
    compare(scene, reference="long")
