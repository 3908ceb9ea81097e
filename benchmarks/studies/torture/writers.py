"""Group writers: two processes that write into one folder at once."""

import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from .attack import Scene, digests
from .commands import DATA, GENERATE, TRAIN
from .material import LONG, RUNS, SECONDS, content
from .runs import agree, compare, intact

SECOND = {  # what the second training does while the first one is at work
    "starts another run": (*RUNS["other"],),
    "starts the same run": (*LONG,),
    "starts another run with --overwrite": (*RUNS["other"], "--overwrite"),
    "resumes the first one's": ("--resume", "again/last.pt"),
    "resumes a run from elsewhere": ("--resume", "run/checkpoint_epoch_2.pt", *DATA, "--epochs", "6"),
}
TIMES = 6  # that each pair meets, at random moments
PAIRS = 12  # generations that meet
SIZE = "--grid-size", "8", "--num-train", "3000", "--num-test", "500", "--output-dir", "both"
GENERATIONS = (*SIZE, "--train-seed", "1"), (*SIZE, "--train-seed", "2", "--test-seed", "3")


def draw(seed: int, stage: Path) -> Iterator[tuple[str, Callable[[Scene], object]]]:
    rng, seconds = random.Random(seed), json.loads((stage / SECONDS).read_text())
    for what, words in SECOND.items():
        for _ in range(TIMES):
            share = rng.uniform(0, 0.9)
            yield f"a second training {what}, at {share:.0%} of the first", partial(_trainings, words, share * seconds)
    for _ in range(PAIRS):
        yield "two generations into one folder", _generations


class Meanwhile:
    """A watcher that does something once, while the child that it watches is at work."""

    def __init__(self, after: float, act: Callable[[], object]):
        self.after, self.act, self.done = after, act, False

    def __call__(self, pid: int, age: float) -> None:
        if age >= self.after and not self.done:
            self.done = True
            self.act()


def _trainings(words: tuple[str, ...], after: float, scene: Scene) -> None:
    """The folder belongs to one of them, whole, and the other one is refused."""
    scene.bring("data", "run")
    ends = []

    def second() -> None:
        given = () if words[:2] == ("--resume", "again/last.pt") else ("--checkpoint-dir", "again")
        ends.append(scene.run(TRAIN, *words, *given).status)

    ends.append(scene.run(TRAIN, *LONG, "--checkpoint-dir", "again", watch=Meanwhile(after, second)).status)
    if len(ends) == 1:  # the first one had ended before
        second()
    intact(scene, "again")
    agree(scene, "again")
    scene.expect(0 in ends, "lost: two trainings met, and both were refused")
    if ends[-1] == 0 and 0 not in ends[:-1] and content(scene.folder / "again" / "last.pt")["epoch"] == 40:
        compare(scene, reference="long")


def _generations(scene: Scene) -> None:
    """The two files are of one generation."""
    pairs = []
    for words in GENERATIONS:
        scene.run(GENERATE, *words)
        pairs.append(digests(scene.folder / "both"))
    first, second = GENERATIONS
    after = scene.random.uniform(0, scene.outcomes[0].seconds)
    scene.run(GENERATE, *first, watch=Meanwhile(after, lambda: scene.run(GENERATE, *second)))
    scene.expect(digests(scene.folder / "both") in pairs, "mixed: train.pt and test.pt are of two generations")
