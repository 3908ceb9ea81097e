"""Measures our training step and whole recipes on a GPU; without a CUDA device the result is the reason.

The data set is on the device from the start. Mixed precision and a CUDA graph need nothing from the library: one is a
context around `Training._train`, the other replaces the model.
"""

import contextlib
from functools import partial
from typing import Any

import torch

from benchmarks.gpu.report import CPU, GUIDE
from benchmarks.machine import load, machine
from benchmarks.studies import recipes
from benchmarks.timing import interleaved, ratios, summary
from benchmarks.training_step.our_step import BATCH, epoch, training
from benchmarks.training_step.shapes import DIMS, RECURSIONS

STEPS, ROUNDS = 16, 5
PLAIN, MIXED, GRAPH = "float32", "bfloat16", "CUDA graph"
RECIPES, SEED = ("tiny", "local", *GUIDE), 42


def measure(quick: bool = False) -> dict[str, Any]:
    """The step at every shape, and each recipe in full with one seed. quick: only the steps."""
    if not torch.cuda.is_available():
        return {"missing": "PyTorch finds no CUDA device on this machine"}
    return {
        "machine": machine(),
        "load": load(),
        "device": torch.cuda.get_device_name(),
        "points": [measure_shape(dim, recursions, "cuda") for dim in DIMS for recursions in RECURSIONS],
        "recipes": {} if quick else {name: recipes.measure(name, SEED, None) for name in RECIPES},
    }


def measure_shape(dim: int, recursions: int, device: str) -> dict[str, Any]:
    """Samples per second in each way; they take turns."""
    runs = {
        name: training(dim, recursions, STEPS, 1, "cpu" if name == CPU else device)
        for name in (PLAIN, MIXED, *([GRAPH] if device == "cuda" else []), CPU)
    }
    if GRAPH in runs:
        tokens = runs[GRAPH].train_samples.tokens[:BATCH]
        runs[GRAPH].model.train()
        runs[GRAPH].model = torch.cuda.make_graphed_callables(runs[GRAPH].model, (tokens,))

    def one_epoch(name: str) -> None:  # it ends by reading the loss, so the device has finished
        with torch.autocast(device, torch.bfloat16) if name == MIXED else contextlib.nullcontext():
            epoch(runs[name])

    seconds = interleaved({name: partial(one_epoch, name) for name in runs}, ROUNDS)
    return {
        "dim": dim,
        "recursions": recursions,
        "batch": BATCH,
        "systems": {
            name: {
                "samples_per_second": summary([STEPS * BATCH / second for second in times]),
                "faster_by": ratios(seconds[CPU], times),
            }
            for name, times in seconds.items()
        },
    }
