"""Histories made up for the tests: one of a plain shape for every finding there is."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CHANCE = {part: {"loss": 1.2, "acc": 0.3} for part in ("train", "val")}


Numbers = Iterable[float | None]


def history(
    train_loss: Numbers, val_loss: Numbers, train_acc: Numbers, val_acc: Numbers, **more: Any
) -> dict[str, Any]:
    return {
        "train_loss": list(train_loss),
        "train_acc": list(train_acc),
        "val_loss": list(val_loss),
        "val_acc": list(val_acc),
        "chance": CHANCE,
        **more,
    }


def fall(first: float, last: float, epochs: int = 12) -> Floats:
    return np.geomspace(first, last, epochs)


def flat(value: float, epochs: int = 12) -> Floats:
    return np.full(epochs, value)


def line(first: float, last: float, epochs: int = 12) -> Floats:
    return np.linspace(first, last, epochs)


HEALTHY = history(fall(1.1, 0.04), fall(1.1, 0.05), line(0.4, 0.98), line(0.4, 0.97))
RISING = [*fall(1.1, 0.6, 6), *line(0.65, 1.0, 6)]  # the best epoch is the sixth
BROKEN = [*fall(1.1, 0.9, 6), math.nan, math.nan]
SHAPES: dict[
    str, tuple[dict[str, Any], int | None, str]
] = {  # name of the findings: history, epoch of the first, words of its evidence
    "healthy": (HEALTHY, None, "both losses fell together, to 0.040 and 0.050 nats"),
    "overfitting": (
        history(fall(1.1, 0.3), RISING, line(0.4, 0.9), [*line(0.4, 0.6, 6), *flat(0.6, 6)]),
        7,
        "validation loss has risen 67%; accuracy 90% in training, 60% on held-out mazes",
    ),
    "overfitting, memorised": (
        history(fall(1.1, 0.002), RISING, [*line(0.4, 0.99, 9), 0.996, 1, 1], [*line(0.4, 0.6, 6), *flat(0.6, 6)]),
        7,
        "training loss still falls",
    ),
    "underfitting": (
        history(flat(0.8), flat(0.82), flat(0.55), flat(0.54)),
        1,
        "both losses stay high and flat, 0.80 and 0.82 nats, where guessing costs 1.20",
    ),
    "stuck at chance": (
        history(flat(1.2), flat(1.2), flat(0.3), flat(0.31)),
        None,
        "where one and the same action everywhere has 30%",
    ),
    "diverging": (history(BROKEN, BROKEN, flat(0.4, 8), flat(0.4, 8)), 7, "the loss is no longer a number"),
    "oscillating": (
        history(
            [1.1, 0.9, 0.7, 1.0, 0.8, 0.6, 0.9, 0.6, 0.5, 0.4],
            fall(1.1, 0.4, 10),
            line(0.4, 0.7, 10),
            line(0.4, 0.7, 10),
        ),
        4,
        "the training loss goes up and down, by up to 0.30 nats",
    ),
    "crawling": (
        history(line(1.2, 1.0), line(1.2, 1.01), line(0.3, 0.45), line(0.3, 0.45)),
        None,
        "after 3 of 12 epochs the training loss is 1.16 nats",
    ),
    "still improving": (
        history(fall(1.1, 0.3), fall(1.1, 0.3), line(0.4, 0.88), line(0.4, 0.87)),
        None,
        "the validation loss fell by 30%",
    ),
    "different mazes": (
        {**HEALTHY, "chance": {**CHANCE, "val": {"loss": 0.9, "acc": 0.4}}},
        None,
        "1.20 nats on the training mazes and 0.90 on the held-out ones",
    ),
    "too short to say": (history([1.0, 0.5], [1.0, 0.5], [0.5, 0.8], [0.5, 0.8]), None, "2 epochs have no shape"),
    "too noisy to say": (history(flat(0.1), [0.07, 0.13] * 6, flat(0.94), flat(0.93)), None, "wanders by"),
}
