"""How much better than it is the best of many configurations looks: in theory, and in the runs that lesson 08 uses.

The runs come from `python -m benchmarks.studies.optimism`.
"""

import base64
import json
from dataclasses import dataclass
from importlib import resources
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trm_nav.learning.model import TinyRecursiveModel
from trm_nav.mazes.dataset import Dataset
from trm_nav.mazes.encoding import contains
from trm_nav.navigation.plan import plan

Floats = NDArray[np.float64]
POINTS = 500  # at which the distribution of a maximum is read off


@dataclass(frozen=True)
class Choices:
    """Random configurations, each trained once, and what can be known about each.

    settings: one mapping for each of the C configurations. right: bool (C, K), whether each is right on each of K
    validation mazes. test: (C,), its accuracy on the test mazes. grid, places, others: one mapping for each other run,
    with its `settings`, `seed`, `seconds`, and the accuracies `validation` and `test`. `places` has the ten best of the
    configurations, the best first, each with three new seeds; `others` has the same of twenty that were not chosen
    for their scores. about: the `command`, the `machine`, and the settings that all share, `data` and `training`.
    """

    settings: list[dict[str, Any]]
    right: NDArray[np.bool_]
    test: Floats
    grid: list[dict[str, Any]]
    places: list[dict[str, Any]]
    others: list[dict[str, Any]]
    about: dict[str, Any]


def measured_choices() -> Choices:
    """The configurations that `python -m benchmarks.studies.optimism` trained."""
    return read(resources.files("trm_nav.course").joinpath("optimism.json").read_text())


def read(text: str) -> Choices:
    """The choices in the text of the study's file."""
    about = json.loads(text)
    mazes = about["data"]["num_test"]
    parts: dict[str, list[dict[str, Any]]] = {"configurations": [], "grid": [], "places": [], "others": []}
    for run in about.pop("runs"):
        shares = {"validation": run["validation"] / mazes, "test": run["test"] / about["data"]["num_final"]}
        parts[run["part"]].append(run | shares)
    configurations = parts["configurations"]
    return Choices(
        settings=[run["settings"] for run in configurations],
        right=np.array([unpacked(run["right"], mazes) for run in configurations]),
        test=np.array([run["test"] for run in configurations]),
        grid=parts["grid"],
        places=parts["places"],
        others=parts["others"],
        about=about,
    )


def packed(right: NDArray[np.bool_]) -> str:
    """A row of booleans as text, six to a letter."""
    return base64.b64encode(np.packbits(right).tobytes()).decode()


def unpacked(text: str, count: int) -> NDArray[np.bool_]:
    """The booleans of a text that `packed` made of `count` of them: bool (count,)."""
    return np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8), count=count).astype(bool)


def right_at_agents(model: TinyRecursiveModel, mazes: Dataset) -> NDArray[np.bool_]:
    """Whether the model's action at the agent's cell is optimal, bool (N,) for N mazes."""
    at_agents = np.arange(len(mazes)), *mazes.starts.T
    return contains(mazes.optimal[at_agents], plan(model, mazes.walls, mazes.goals)[at_agents])


def winners(
    right: NDArray[np.bool_], test: Floats, mazes: int, draws: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """What the winner of n configurations seems to reach, and what it does reach, for each n: two arrays (C,).

    Each of the draws takes that many of the validation mazes and the C configurations, both in random order, and the
    winner of n is the best of the first n on these mazes. Entry n - 1 is the mean over the draws of its accuracy on
    them, and of its accuracy on the test mazes. right and test: as in `Choices`.
    """
    promised, true = np.zeros((2, draws, len(test)))
    for draw in range(draws):
        chosen = rng.permutation(right.shape[1])[:mazes]
        order = rng.permutation(len(test))
        scores = right[:, chosen].mean(axis=1)[order]
        promised[draw] = np.maximum.accumulate(scores)
        new = np.concatenate([[True], scores[1:] > promised[draw, :-1]])  # where a configuration takes the lead
        leader = np.maximum.accumulate(np.where(new, np.arange(len(scores)), 0))
        true[draw] = test[order][leader]
    return promised.mean(axis=0), true.mean(axis=0)


def expected_maximum(count: int) -> float:
    """The mean of the largest of `count` independent numbers from the standard normal distribution.

    The largest is below x if all are, so its distribution function is that of one of them to the power of `count`.
    """
    middles = (np.arange(POINTS) + 0.5) / POINTS
    return float(np.mean([NormalDist().inv_cdf(share) for share in middles ** (1 / count)]))


def expected_optimism(count: int, noise: float, spread: float = 0.0) -> float:
    """By how much the score of the best of `count` configurations exceeds its true accuracy, on average.

    noise: standard deviation of the part of a score that is luck and not shared by all configurations. spread: standard
    deviation of the true accuracies. Both are taken to be normal.
    """
    total = float(np.hypot(noise, spread))
    return expected_maximum(count) * noise**2 / total if total else 0.0


def noise_and_spread(right: NDArray[np.bool_], mazes: int) -> tuple[float, float]:
    """The noise and the spread of `expected_optimism` for scores on so many mazes, estimated from right, bool (C, K).

    All configurations see the same mazes. A maze that is hard for all moves all scores together and chooses none of
    them, so only what remains after subtracting the mean of each maze and of each configuration is noise.
    """
    scores = right.mean(axis=1, keepdims=True)
    rest = right - scores - right.mean(axis=0) + right.mean()
    degrees = (right.shape[0] - 1) * (right.shape[1] - 1)
    variance = float((rest**2).sum()) / degrees
    spread = float(scores.var(ddof=1)) - variance / right.shape[1]  # the scores' own noise adds to their variance
    return float(np.sqrt(variance / mazes)), float(np.sqrt(max(spread, 0.0)))
