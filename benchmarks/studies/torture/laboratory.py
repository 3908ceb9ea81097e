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
        if "<b>" in panel.words.value and "Error:</b>" in panel.words.value:
            sys.exit(f"an exception on the page: {panel.words.value[:200]} after {log[-6:]}")
    panel.stop.click()
    panel.thread.join()  # without an end, this attack has no end, which is a complaint
    panel.set_controls(QUICK)
    panel.train.click()
    panel.thread.join()
    if panel.train.disabled or not panel.words.value or not panel.picture.value:
        sys.exit(f"Train does nothing any more, after {log[-6:]}")


def _click(panel: Any, rng: random.Random) -> str:
    """One thing that a reader can do to the panel, and its name."""
    what = rng.choice(("train", "stop", "slider", "slider", "maze", "remedy", "restore", "earlier", "preset"))
    if what == "train":
        panel.train.click()
    elif what == "stop":
        panel.stop.click()
    elif what == "preset":
        panel.set_controls(QUICK) if rng.random() < 0.8 else rng.choice(panel.presets).click()
    elif what == "slider":
        name, control = rng.choice(list(panel.controls.items()))
        options = [value for _, value in getattr(control, "options", [(0, True), (0, False)])]
        control.value = rng.choice(
            [value for value in options if name not in MOST or value <= MOST[name]] or options[:1]
        )
    elif what == "maze":
        panel.maze.value = rng.randint(panel.maze.min, panel.maze.max)
    elif what == "remedy" and panel.cures.children[1:]:
        rng.choice(panel.cures.children[1:]).click()
    elif what == "restore":
        panel.restore.click()
    elif what == "earlier" and panel.earlier.options:
        panel.earlier.value = rng.choice(panel.earlier.options)[1]
    return what
