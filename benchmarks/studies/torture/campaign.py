"""A campaign: which attacks there are, many at once, and their results in a file as they come."""

import gc
import hashlib
import json
import multiprocessing
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from benchmarks.machine import machine

from . import contents, faults, flags, folder, interface, kills, laboratory, material, notebooks, outputs, writers
from .attack import Attack, Scene
from .commands import COMMANDS, ROOT

Draw = Callable[[int, Path], Iterator[tuple[str, Callable[[Scene], object]]]]
GROUPS: dict[str, Draw] = {
    "kill-points": kills.draw_points,
    "kills": kills.draw_kills,
    "faults": faults.draw,
    "outputs": outputs.draw,
    "writers": writers.draw,
    "folder": folder.draw,
    "laboratory": laboratory.draw,
    "notebooks": notebooks.draw,
    "contents": contents.draw,
    "flags": flags.draw,
    "interface": interface.draw,
}

SAMPLE = {  # of each group, how many of which part
    "kill-points": (4, slice(None)),
    "kills": (1, slice(kills.KILLS)),
    "faults": (4, slice(None)),
    "outputs": (1, slice(None)),
    "writers": (1, slice(None)),
    "folder": (1, slice(None)),
    "laboratory": (1, slice(-1, None)),  # the short one
    "contents": (20, slice(None)),
    "flags": (16, slice(None)),
    "interface": (16, slice(None)),
}


def attacks(group: str, seed: int, stage: Path, count: int | None = None) -> list[Attack]:
    """The attacks of a group on what is in `stage`, or so many of them, chosen by the seed."""
    drawn = [Attack(group, number, seed, what, act) for number, (what, act) in enumerate(GROUPS[group](seed, stage))]
    if count is None or count >= len(drawn):
        return drawn
    chosen = random.Random(f"{seed}/{group}").sample(range(len(drawn)), count)
    return [drawn[number] for number in sorted(chosen)]


def sample(seed: int, stage: Path) -> list[Attack]:
    """A few attacks of every group that takes no minutes, for the ordinary tests."""
    chosen = []
    for group, (count, part) in SAMPLE.items():
        drawn = attacks(group, seed, stage)[part]
        chosen += random.Random(f"{seed}/{group}").sample(drawn, min(count, len(drawn)))
    return chosen


def warm_up() -> None:
    """Import what every attack needs, before the first fork. No thread is started, so that a fork is safe."""
    import torch

    import trm_nav.learning.run  # noqa: F401
    import trm_nav.navigation.evaluation  # noqa: F401
    import trm_nav.proof.repair  # noqa: F401

    for command in COMMANDS:
        assert command.module
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a command ends silently until it runs; we do not
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page of what is imported


def staged(folder: Path) -> Path:
    """What is attacked, in a folder inside this one; created again when the project's code is another than before."""
    digest = hashlib.sha256()
    for path in sorted([*(ROOT / "trm_nav").rglob("*.py"), *Path(__file__).parent.glob("*.py")]):
        digest.update(path.read_bytes())
    stage = folder / f"stage-{digest.hexdigest()[:8]}"
    if not stage.exists():
        for older in folder.glob("stage-*"):
            shutil.rmtree(older)
        with tempfile.TemporaryDirectory(dir=folder) as place:
            material.create(Path(place)).rename(stage)
    return stage


def carry_out(attack: Attack, stage: Path) -> dict[str, Any]:
    """Carry out one attack in a folder of its own. Returns its result as plain values."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True) as folder:
        scene = Scene(Path(folder), stage, attack.random)
        try:
            attack.act(scene)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(where.filename).name}:{where.lineno}"
            scene.complaints.append(f"the attack itself failed: {type(error).__name__}: {error} in {place}")
        return {
            "name": attack.name,
            "group": attack.group,
            "what": attack.what + (f": {scene.done}" if scene.done else ""),
            "verdict": scene.verdict,
            "complaints": scene.complaints,
            "said": scene.outcomes[-1].last_line[:300] if scene.outcomes else "",
            "err": [outcome.err[-3000:] for outcome in scene.outcomes] if scene.complaints else [],
            "seconds": round(time.monotonic() - began, 2),
            "kills": sum(outcome.status in (-9, -15, 143, -2, 130) for outcome in scene.outcomes),
            "memory": max((outcome.memory for outcome in scene.outcomes), default=0),
        }


def campaign(chosen: Iterable[Attack], stage: Path, results: Path, workers: int, show: bool) -> list[dict[str, Any]]:
    """Carry out those attacks whose results are not yet in the file, and return the results of all."""
    chosen = list(chosen)
    known = {result["name"]: result for result in read(results)[1]}
    left = {attack.name: attack for attack in chosen if attack.name not in known}
    counts = Counter(known[attack.name]["verdict"] for attack in chosen if attack.name in known)
    results.parent.mkdir(parents=True, exist_ok=True)
    with open(results, "a", encoding="utf-8") as file:
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_keep, initargs=(left, stage)) as pool:
            order = random.Random(0).sample(list(left), len(left))  # so that what is seen first is of every kind
            for done in as_completed([pool.submit(_by_name, name) for name in order]):
                result = done.result()
                known[result["name"]] = result
                counts[result["verdict"]] += 1
                print(json.dumps(result), file=file, flush=True)
                if show:
                    _progress(counts, len(chosen), result)
    return [known[attack.name] for attack in chosen]


_left: dict[str, Attack] = {}
_stage = Path()


def _keep(left: dict[str, Attack], stage: Path) -> None:
    global _left, _stage
    _left, _stage = left, stage


def _by_name(name: str) -> dict[str, Any]:
    return carry_out(_left[name], _stage)


def _progress(counts: Counter[str], total: int, result: dict[str, Any]) -> None:
    line = f"{counts.total():,} of {total:,}: " + ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in counts)
    if sys.stderr.isatty():
        print(f"\r{line}  ", end="", file=sys.stderr, flush=True)
    elif counts.total() % 100 == 0 or counts.total() == total:
        print(line, file=sys.stderr, flush=True)
    if result["verdict"] == "failed" and sys.stderr.isatty():
        print(f"\n{result['name']}: {result['what']}\n  {result['complaints'][0]}", file=sys.stderr)


def header(seed: int) -> dict[str, Any]:
    """What the results of one file have in common."""
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return {"seed": seed, "commit": commit, "machine": machine(), "system": platform.system()}


def read(results: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The header and the results in a file; a last line that was cut off is left out."""
    if not results.exists():
        return {}, []
    found = []
    for line in results.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return (found[0], found[1:]) if found and "seed" in found[0] else ({}, found)
