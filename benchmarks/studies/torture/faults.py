"""Group faults: the disk is full or broken at the k-th call of a save, files may not grow, the clock steps back."""

import json
import random
import resource
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from .attack import Scene, digests
from .calls import ERRORS, Calls, fail
from .commands import GENERATE, TRAIN
from .material import CALLS, SETTINGS
from .runs import compare, finish, intact

PLACES = 30  # calls of a training at which each error is put
GENERATED = 12  # calls of a generation, likewise
SIZES = 100, 5_000, 20_000, 45_000, 47_000  # bytes that a file may have
STEPS = 1.0, 3600.0, 1e9  # seconds by which the clock goes back at every look


def draw(seed: int, stage: Path) -> Iterator[tuple[str, Callable[[Scene], object]]]:
    rng, calls = random.Random(seed), json.loads((stage / CALLS).read_text())["run"]
    for error in ERRORS:
        for lasting in (False, True):
            for number in sorted(rng.sample(range(1, len(calls) + 1), min(PLACES, len(calls)))):
                if not calls[number - 1].startswith("flock"):
                    when = "from its call" if lasting else "at its call"
                    what = f"a training meets {error} {when} {number}, {calls[number - 1]}"
                    yield what, partial(_training, error, number, lasting)
            for number in range(1, GENERATED + 1):
                what = f"a generation meets {error} {'from' if lasting else 'at'} its call {number}"
                yield what, partial(_generation, error, number, lasting)
    for size in SIZES:
        yield f"a training whose files may have {size:,} bytes", partial(_limited, size)
    for step in STEPS:
        yield f"a training whose clock goes back {step:g} s at every look", partial(_clock, step)


def _training(error: str, number: int, lasting: bool, scene: Scene) -> None:
    scene.bring("data")
    broken = Calls(number, fail(error), lasting).install
    scene.run(TRAIN, *SETTINGS, "--checkpoint-dir", "again", prepare=broken)
    _recovers(scene)


def _recovers(scene: Scene) -> None:
    if (scene.folder / "again").exists():
        intact(scene, "again")
    finish(scene)
    compare(scene)


def _generation(error: str, number: int, lasting: bool, scene: Scene) -> None:
    """The older pair of data sets stays, or the newer one takes its place.

    A disk that fails for good between the two renames leaves one file of each: then both are whole, and status 2 says
    that the generation failed.
    """
    words = ("--grid-size", "4", "--num-train", "5", "--num-test", "3", "--output-dir", "data")
    scene.bring("data")
    older = _whole(scene)
    broken = Calls(number, fail(error), lasting).install
    status = scene.run(GENERATE, *words, prepare=broken).status
    found = _whole(scene)
    scene.run(GENERATE, *words)
    newer = _whole(scene)
    left = [path.name for path in (scene.folder / "data").glob(".*")]
    scene.expect(not left, f"left behind: {', '.join(left)}")
    pairs = [
        {"train.pt": one["train.pt"], "test.pt": other["test.pt"]} for one in (older, newer) for other in (older, newer)
    ]
    whole = found in (pairs if lasting and status == 2 else (older, newer))
    scene.expect(whole, f"mixed: a generation that met {error} left files of two pairs or others")
    scene.expect(status != 0 or found == newer, "silent: a generation failed with status 0")


def _whole(scene: Scene) -> dict[str, str]:
    """The data sets. Temporary files may stay where nothing can be removed, until the next generation."""
    return {name: digest for name, digest in digests(scene.folder / "data").items() if not name.startswith(".")}


def _limited(size: int, scene: Scene) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python's own start does
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    scene.bring("data")
    scene.run(TRAIN, *SETTINGS, "--checkpoint-dir", "again", prepare=limit)
    _recovers(scene)


def _clock(step: float, scene: Scene) -> None:
    def turn_back() -> None:
        now, looks = time.time(), iter(range(10**9))
        time.time = lambda: now - step * next(looks)  # type: ignore[assignment]
        time.time_ns = lambda: int(1e9 * time.time())  # type: ignore[assignment]

    scene.bring("data")
    scene.run(TRAIN, *SETTINGS, "--checkpoint-dir", "again", prepare=turn_back)
    compare(scene)
