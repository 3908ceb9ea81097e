"""What one worker asks of a study's storage, and how many workers one storage can carry.

    python -m benchmarks.studies.storage_load postgresql://user@host/name

Measures trials that train nothing, so that all their seconds are the storage's: as many epochs are reported as a trial
of the guide's grid has. Then simulates workers that train in between and wait in one queue before the storage. All of
these seconds count as the storage's, although a part of them is the worker's own: a storage carries more rather than
fewer. Into results/storage_load.json, under a name: --name "gRPC proxy before PostgreSQL".
"""

import argparse
import heapq
import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.commands import ROOT
from benchmarks.machine import machine
from trm_nav.searching.question import Question
from trm_nav.searching.space import GRID_EPOCHS, space_of
from trm_nav.searching.worker import BEAT_SECONDS, Opening

RESULTS = ROOT / "benchmarks" / "results" / "storage_load.json"
TRIALS = 40
SECONDS = (10, 60, 600)  # of training in a trial, for which workers are counted
SHARE = 0.01  # of a worker's time, that it may wait


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("storage", help="address of a storage that is otherwise idle")
    parser.add_argument("--name", default="PostgreSQL", help="what the storage is")
    arguments = parser.parse_args()
    found: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    found[arguments.name] = {"machine": machine(), **measured(arguments.storage)}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found[arguments.name], indent=1))


def measured(address: str | None, trials: int = TRIALS, epochs: int = GRID_EPOCHS) -> dict[str, Any]:
    """Seconds of the storage for each trial and each sign of life, and the workers that it carries."""
    with tempfile.TemporaryDirectory() as folder:
        per_trial, per_beat = seconds(address, Path(folder) / f"load-{time.time_ns()}", trials, epochs)
    return {
        "trials": trials,
        "epochs": epochs,
        "storage seconds a trial": per_trial,
        "storage seconds a sign of life": per_beat,
        "workers": {f"{train} s a trial": workers(train, per_trial, per_beat) for train in SECONDS},
    }


def seconds(address: str | None, folder: Path, trials: int, epochs: int) -> tuple[float, float]:
    """Seconds that the storage takes for a trial that trains nothing, and for one sign of life."""
    values = ",".join(map(str, range(trials)))
    question = Question(space_of({"seed": values}, ()), {"epochs": epochs}, {}, "grid", "none", 0)
    study = Opening(address, folder, question).open()
    study.plan(trials)
    begun = time.perf_counter()
    for _ in range(trials):
        trial = study.next("nobody")
        assert trial is not None
        for epoch in range(1, epochs + 1):
            trial.report(0.5, epoch)
            trial.should_prune()
        for name in ("parameters", "epochs", "best_epoch", "val_loss", "seconds"):
            trial.set_user_attr(name, 1)
        study.optuna.tell(trial, 0.5)
    per_trial = (time.perf_counter() - begun) / trials
    study.optuna.enqueue_trial({"seed": 0}, user_attrs={"configuration": trials})
    trial = study.optuna.ask()
    begun = time.perf_counter()
    for beat in range(trials):
        trial.set_user_attr("beat", beat)
    return per_trial, (time.perf_counter() - begun) / trials


def workers(train: float, per_trial: float, per_beat: float) -> int:
    """The largest number of workers, each of which waits for the others no more than SHARE of its time."""
    service = per_trial + train / BEAT_SECONDS * per_beat
    fewest, most = 1, 2
    while waiting(most, train, service) <= SHARE:
        fewest, most = most, 2 * most
    while most - fewest > max(1, fewest // 50):
        middle = (fewest + most) // 2
        fewest, most = (middle, most) if waiting(middle, train, service) <= SHARE else (fewest, middle)
    return fewest


def waiting(count: int, train: float, service: float) -> float:
    """The share of a worker's time spent in the queue, by simulation of some trials of each worker.

    Each trains for `train` seconds, give or take half, and then needs the storage alone for `service` seconds.
    """
    total = rest = free = 0.0
    choose, busy = random.Random(0), list(_starts(count, train))
    heapq.heapify(busy)
    for _ in range(max(2000, 5 * count)):
        ready = heapq.heappop(busy)
        begin = max(ready, free)
        free = begin + service
        training = train * choose.uniform(0.5, 1.5)
        total += training + service + begin - ready
        rest += begin - ready
        heapq.heappush(busy, free + training)
    return rest / total


def _starts(count: int, train: float) -> Iterator[float]:
    choose = random.Random(1)
    return (choose.uniform(0, train) for _ in range(count))


if __name__ == "__main__":
    main()
