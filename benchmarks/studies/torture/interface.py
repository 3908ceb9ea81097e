"""Group interface: the public names of the library with every wrong argument, one at a time and in pairs."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import trm_nav

from .attack import Scene
from .values import VALUES, made

PAIRS = 150  # calls with two wrong arguments


def _walls() -> Any:
    return np.zeros((2, 4, 4), bool)


def _goals() -> Any:
    return np.zeros((2, 2), int)


def _model() -> Any:
    return trm_nav.create_model(grid_size=4, dim=2, depth=1, recursions=1)


# What is called, with arguments that are right.
CALLS: dict[str, dict[str, Callable[[], Any]]] = {
    "create_model": {
        "grid_size": lambda: 4,
        "dim": lambda: 2,
        "depth": lambda: 1,
        "dropout": lambda: 0.1,
        "recursions": lambda: 1,
        "mixing": lambda: "conv",
        "halting": lambda: True,
        "binary": lambda: False,
    },
    "generate_mazes": {
        "num": lambda: 3,
        "grid_size": lambda: 4,
        "obstacle_density": lambda: 0.2,
        "seed": lambda: 0,
        "kind": lambda: "random",
        "holes": lambda: 0.0,
    },
    "load_model": {"path": lambda: "run/best.pt", "recursions": lambda: 1},
    "optimal_actions": {"walls": _walls, "goals": _goals},
    "plan": {"model": _model, "walls": _walls, "goals": _goals, "average_symmetries": lambda: False},
    "set_seed": {"seed": lambda: 1},
    "diagnose": {"history": lambda: "run/history.json", "finished": lambda: True},
}
CURVES = "train_loss", "train_acc", "val_loss", "val_acc", "lr", "seconds", "chance", "config", "mazes", "fingerprints"


def draw(seed: int, stage: Path) -> Iterator[tuple[str, Callable[[Scene], object]]]:
    for name, arguments in CALLS.items():
        for argument in arguments:
            for what in VALUES:
                yield f"{name}({argument}={what})", partial(_call, name, {argument: what})
    for curve in CURVES:
        for what in VALUES:
            yield f"diagnose({{'{curve}': {what}}})", partial(_history, curve, what)
    rng = random.Random(seed)
    several = [name for name, arguments in CALLS.items() if len(arguments) > 1]
    for _ in range(PAIRS):
        name = rng.choice(several)
        wrong = {argument: rng.choice(list(VALUES)) for argument in rng.sample(list(CALLS[name]), 2)}
        text = ", ".join(f"{argument}={what}" for argument, what in wrong.items())
        yield f"{name}({text})", partial(_call, name, wrong)


def _call(name: str, wrong: dict[str, str], scene: Scene) -> None:
    scene.bring("run")

    def act() -> None:
        given = {argument: make() for argument, make in CALLS[name].items()}
        given.update({argument: made(what) for argument, what in wrong.items()})
        getattr(trm_nav, name)(**given)

    scene.python(act, name)


def _history(curve: str, what: str, scene: Scene) -> None:
    def act() -> None:
        history: dict[str, Any] = {name: [0.5] * 6 for name in CURVES[:4]}
        trm_nav.diagnose({**history, curve: made(what)})

    scene.python(act, "diagnose")
