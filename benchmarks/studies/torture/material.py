"""What the attacks are made on: small data sets, and runs that were never disturbed. Created once for each campaign."""

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import torch

from .attack import Scene
from .calls import Calls, die
from .commands import DATA, GENERATE, MODEL, TRAIN

SETTINGS = (*DATA, "--epochs", "4", "--save-every", "1", *MODEL)
LONG = (*DATA, "--epochs", "40", "--patience", "40", "--save-every", "10", *MODEL)
WAVE = ("--mixing", "cross", "--halting", "--binary", "--dim", "4", "--recursions", "4")
RUNS: dict[str, tuple[str, ...]] = {
    "run": SETTINGS,
    "other": (*SETTINGS, "--seed", "7"),
    "long": LONG,
    "wave": (*SETTINGS, *WAVE),
}
CALLS, SECONDS = "calls.json", "seconds.json"


def create(folder: Path) -> Path:
    """Create in a folder: `data`, the runs of RUNS, `half`, which was killed after two epochs, and what was counted.

    `calls.json` has the calls by which a training changes files, from the start (`run`) and when it goes on (`half`);
    `seconds.json` how long `long` trains. Returns the folder in which all that is.
    """
    scene = Scene(folder, folder, random.Random(0))
    small = ("--num-train", "16", "--num-test", "8", "--grid-size", "4", "--output-dir", "data")
    made = [scene.run(GENERATE, *small)]
    made += [scene.run(TRAIN, *settings, "--checkpoint-dir", name) for name, settings in RUNS.items()]
    if scene.complaints or any(outcome.status for outcome in made):
        raise SystemExit(f"nothing can be attacked: {scene.complaints} {[outcome.err for outcome in made]}")
    seconds = next(outcome.seconds for outcome in made if "--checkpoint-dir long" in outcome.what)
    (scene.folder / SECONDS).write_text(json.dumps(seconds))

    from_start = _calls(scene, *SETTINGS, "--checkpoint-dir", "again")
    (after_two,) = [number for number, call in enumerate(from_start) if _replaces_history(call)][1:2]
    dies = Calls(after_two + 2, die)
    scene.run(TRAIN, *SETTINGS, "--checkpoint-dir", "half", prepare=dies.install, allowed=(-9,))
    shutil.rmtree(scene.folder / "again")
    os.rename(scene.folder / "half", scene.folder / "again")
    going_on = _calls(scene, "--resume", "again/last.pt", "--checkpoint-dir", "again")
    scene.run(TRAIN, *SETTINGS, "--checkpoint-dir", "half", prepare=dies.install, allowed=(-9,))
    (scene.folder / CALLS).write_text(json.dumps({"run": from_start, "half": going_on}))
    return scene.folder


def _replaces_history(call: str) -> bool:
    return call.startswith(("replace", "rename")) and call.endswith(" history.json")


def _calls(scene: Scene, *words: str) -> list[str]:
    """The calls by which a training changes files."""
    calls, log = Calls(), scene.folder / "log.json"
    write = open

    def install() -> None:
        calls.install()
        hit = calls.hit

        def logged(call: str) -> None:
            hit(call)
            with write(log, "w") as file:
                json.dump(calls.log, file)

        calls.hit = logged  # type: ignore[method-assign]

    scene.run(TRAIN, *words, prepare=install)
    counted: list[str] = json.loads(log.read_text())
    return counted


def content(path: Path) -> dict[str, Any]:
    """A file of a run, read without the project; its digest is left out."""
    if path.suffix == ".json":
        history: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {name: value for name, value in history.items() if name != "digest"}
    loaded: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    return loaded


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same, bit for bit; NaN is the same as NaN."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        if (one.dtype, one.shape, one.layout) != (other.dtype, other.shape, other.layout):
            return False
        one, other = (value.detach().reshape(-1).contiguous().view(torch.uint8) for value in (one, other))
        return torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or one != one and other != other)
