"""The process of one point: it makes or reads its data and answers questions about training time and memory.

It prints what it holds as one line of JSON. Then it answers every line of its input with one line: `round` with the
seconds of an epoch, `memory` with the peak of its memory. An epoch's seconds are those of its first step, which
includes shuffling, plus the mean of the other timed steps times their number; validation is not included.
"""

import argparse
import contextlib
import json
import math
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.training_step.our_step import BATCH
from trm_nav.learning.device import processor_set
from trm_nav.learning.model import create_model
from trm_nav.learning.samples import Samples
from trm_nav.learning.training import Training
from trm_nav.mazes import dataset
from trm_nav.settings import DataSettings, TrainSettings

Point = dict[str, int]  # mazes, size, dim, depth, recursions


class Enough(Exception):
    """The requested number of steps is done."""


def work(point: Point, steps: int, folder: Path | None) -> None:
    """Answer until the input ends. steps: how many to time in a round. folder: where train.pt and test.pt are."""
    torch.set_num_threads(1)
    create_model(dim=8)(torch.zeros(1, 64, dtype=torch.uint8)).sum().backward()  # libraries load on first use
    imports = peak_bytes(resource.getrusage(resource.RUSAGE_SELF))
    steps = min(steps, math.ceil(point["mazes"] / BATCH))
    if folder:
        data = dataset.load(folder / "train.pt"), dataset.load(folder / "test.pt")
    else:
        data = dataset.build(DataSettings(num_train=point["mazes"], num_test=BATCH, grid_size=point["size"]))
    shape: dict[str, Any] = {name: point[name] for name in ("dim", "depth", "recursions")}
    settings = TrainSettings(**shape, dropout=0.0, lr=1e-4, batch_size=BATCH, threads=1, augment=True, device="cpu")
    run = Training(settings, *data)
    answer(
        {
            "steps": steps,
            "imports_bytes": imports,
            "built_bytes": peak_bytes(resource.getrusage(resource.RUSAGE_SELF)),
            "held_bytes": held_bytes(data[0], run.train_samples),
        }
    )
    for line in sys.stdin:
        if line.strip() == "round":
            answer(epoch_seconds(run, steps))
        else:
            answer({"peak_bytes": peak_bytes(resource.getrusage(resource.RUSAGE_SELF))})


def answer(value: Any) -> None:
    print(json.dumps(value), flush=True)


def epoch_seconds(run: Training, steps: int) -> float:
    """Seconds of an epoch, from so many of its steps."""
    ends: list[float] = []

    def on_step(share: float) -> None:
        ends.append(time.perf_counter())
        if len(ends) == steps:
            raise Enough

    started = time.perf_counter()
    with processor_set(1), contextlib.suppress(Enough):
        run._train(on_step)
    others = (ends[-1] - ends[0]) / (steps - 1)
    return ends[0] - started + (run.batches - 1) * others


def held_bytes(data: dataset.Dataset, samples: Samples) -> int:
    """Bytes of a training set and of the tensors made from it; memory that they share counts once."""
    tensors = (samples.tokens, samples.optimal, samples.agents)
    arrays = [data.walls, data.starts, data.goals, data.optimal, data.tokens, *(tensor.numpy() for tensor in tensors)]
    return sum({array.__array_interface__["data"][0]: array.nbytes for array in arrays}.values())


def peak_bytes(usage: resource.struct_rusage) -> int:
    """The peak memory of a process. Linux counts it in kilobytes, macOS in bytes."""
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Be the process of one point.")
    parser.add_argument("point", type=json.loads, help="mazes, size, dim, depth and recursions, as JSON")
    parser.add_argument("steps", type=int, help="steps to time in a round")
    parser.add_argument("--data", type=Path, help="the folder with train.pt and test.pt; without it they are made")
    arguments = parser.parse_args()
    work(arguments.point, arguments.steps, arguments.data)
