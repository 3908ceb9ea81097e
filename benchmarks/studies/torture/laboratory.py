"""Group laboratory: the panel of lesson 05, clicked at random in a process without a browser."""

import random
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from .attack import Scene

SECONDS = 30  # of clicking in each attack
ROUNDS = 4
QUICK = {"grid_size": 4, "num_train": 20, "num_test": 10, "epochs": 5, "dim": 2, "depth": 1, "batch_size": 8}
MOST = {"num_train": 300, "epochs": 12, "dim": 16, "depth": 2}  # for sliders, so that a click is seldom a long wait
VALUES = {"augment": (False, True), "supervision": ("action", "policy"), "mixing": ("mlp", "conv")}
CONTROLS = {name: QUICK[name] for name in ("num_train", "epochs", "dim", "depth")}
PAUSES = 0.0, 0.0, 0.01, 0.1, 0.5  # seconds between two clicks


def draw(seed: int, stage: Path) -> Iterator[tuple[str, Callable[[Scene], object]]]:
    for number in range(ROUNDS):
        yield f"{SECONDS} s of random clicks", partial(_round, SECONDS, f"{seed}/{number}")
    yield "3 s of random clicks", partial(_round, 3, f"{seed}/short")


def _round(seconds: float, seed: str, scene: Scene) -> None:
    outcome = scene.python(lambda: click(random.Random(seed), seconds), "laboratory", limit=seconds + 120)
    scene.expect(not outcome.err, f"warned: {outcome.last_line[:200]}")


def click(rng: random.Random, seconds: float) -> None:
    """Click for so many seconds; then everything must come to rest, and Train work once more."""
    from trm_nav.course.laboratory.panel import Laboratory

    panel = Laboratory(**QUICK)
    end = time.monotonic() + seconds
    log: list[str] = []
    while time.monotonic() < end:
        log.append(_click(panel, rng))
        time.sleep(rng.choice(PAUSES))
        if panel.problem:
            sys.exit(f"a problem on the page: {panel.problem[:200]} after {log[-6:]}")
    panel.stop()  # without an end, this attack has no end, which is a complaint
    panel.start(CONTROLS)
    panel.thread.join()
    if panel.running or panel.problem or not panel.run["policies"] or panel.shown is not panel.experiments[-1]:
        sys.exit(f"Train does nothing any more, after {log[-6:]}")


def _click(panel: Any, rng: random.Random) -> str:
    """One thing that a reader can do to the panel, and its name."""
    from trm_nav.course.laboratory.controls import CHOICES
    from trm_nav.course.laboratory.presets import PRESETS
    from trm_nav.diagnosis.remedies import remedies

    what = rng.choice(("train", "stop", "slider", "slider", "maze", "remedy", "show", "three", "preset"))
    if what == "train":
        _press(panel, type="start", changes=None)
    elif what == "stop":
        _press(panel, type="stop")
    elif what == "preset":
        _press(panel, type="start", changes=CONTROLS if rng.random() < 0.8 else rng.choice(list(PRESETS.values())))
    elif what == "slider":
        name = rng.choice([*CHOICES, "augment", "supervision", "mixing"])
        values = VALUES.get(name) or CHOICES[name][1]
        setattr(panel, name, rng.choice([value for value in values if name not in MOST or value <= MOST[name]]))
    elif what == "maze":
        panel.maze = rng.randint(1, 20)
    elif what == "three":
        panel.three_seeds = rng.random() < 0.3
    elif what == "remedy" and panel.shown and panel.shown.findings:
        offered = remedies(panel.shown.findings[0].name, panel.settings())
        changes = [remedy.changes for remedy in offered if remedy.changes.keys() <= {*CHOICES, *VALUES}]
        if changes:
            _press(panel, type="start", changes=rng.choice(changes))
    elif what == "show" and panel.runs:
        _press(panel, type="show", number=rng.choice(panel.runs)["number"])
    return what


def _press(panel: Any, **message: Any) -> None:
    """Let the panel get a message as from the page."""
    panel._handle_custom_msg(message, [])
