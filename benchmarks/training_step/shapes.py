"""Measures the training step at every shape on one number of threads, and prints the result as JSON.

    python -m benchmarks.training_step.shapes 1 --quick

Our step is timed in `Training._train` itself, over epochs of a few batches. Floating-point operations are those of the
matrix products, 2mnk each. PyTorch counts them as they happen, and they must equal the formula in `our_step.flops`.
Norms, activations, sums and the optimizer are in the time but not in the count.
"""

import argparse
import json
import os
import shutil
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.timing import Summary, interleaved, ratios, summary
from benchmarks.training_step.bare_loop import bare_steps
from benchmarks.training_step.command import COMMAND, TRAIN, VALIDATION
from benchmarks.training_step.ordinary_mixer import OrdinaryTraining
from benchmarks.training_step.our_step import BATCH, DEPTH, SIZE, epoch, flops, products, step_parts, training
from benchmarks.training_step.package_mixer import PackageMixer
from benchmarks.training_step.report import BATCHED, OURS, PACKAGE, PER_SAMPLE
from trm_nav.learning.loss import policy_loss
from trm_nav.learning.model import count_parameters
from trm_nav.learning.training import Training
from trm_nav.mazes.encoding import ACTIONS

DIMS, RECURSIONS = (32, 64, 128, 256), (1, 4, 8)
QUICK_RECURSIONS = (4,)  # on more than one thread
REPEATS, QUICK_REPEATS = 5, 3
PRODUCT, ALONE = "matrix product", "products alone"
SIDE = 1024  # of the matrices whose product sets the rate that all are compared with
ROUND_FLOPS, ROUND_STEPS = (
    12e9,
    16,
)  # about so many operations in a round, which a clock can measure, and not more steps
LOGITS_ERROR = 1e-5  # the largest difference allowed between two ways to compute the same float32 logits
COMPILED_SHAPE = (32, 4)  # dim, recursions
MIXED_DIMS, MIXED_RECURSIONS = (32, 128), 4


def measure_threads(threads: int, quick: bool) -> dict[str, Any]:
    torch.set_num_threads(threads)
    repeats = QUICK_REPEATS if quick else REPEATS
    recursions = QUICK_RECURSIONS if quick and threads > 1 else RECURSIONS
    points = [measure_shape(dim, count, threads, repeats) for dim in DIMS for count in recursions]
    result = {"threads": threads, "repeats": repeats, "points": points}
    if threads == COMMAND["threads"]:
        result |= {
            "compiled": measure_compiled(repeats),
            "parts": measure_parts(repeats),
            "mixed": [measure_mixed(dim, repeats) for dim in MIXED_DIMS],
        }
    return result


def measure_shape(dim: int, recursions: int, threads: int, repeats: int) -> dict[str, Any]:
    """All systems at one shape. Raises AssertionError unless logits and counted operations are as they must be."""
    wanted = flops(SIZE**2, dim, DEPTH, recursions)
    steps = max(1, min(ROUND_STEPS, round(ROUND_FLOPS / wanted)))
    ours = training(dim, recursions, steps, threads)
    with torch.no_grad():
        for parameter in ours.model.parameters():  # parameters that start at zero would make every Mixer agree
            parameter.add_(0.05 * torch.randn_like(parameter))
    batch = ours.train_samples[torch.arange(BATCH)]
    tokens, optimal = batch.tokens, batch.optimal
    ordinary = {
        name: OrdinaryTraining(ours.model, ours.train_samples, BATCH, batched=name == BATCHED)
        for name in (PER_SAMPLE, BATCHED)
    }
    with torch.no_grad():
        error = (ordinary[PER_SAMPLE].model(tokens) - ours.model(tokens)).abs().max().item()
    assert error < LOGITS_ERROR, f"the logits differ by {error}"

    models: dict[str, nn.Module] = {OURS: ours.model, PER_SAMPLE: ordinary[PER_SAMPLE].model}
    calls: dict[str, Callable[[], object]] = {
        OURS: lambda: epoch(ours),
        **yardsticks(dim, recursions, steps),
        **{name: loop.epoch for name, loop in ordinary.items()},
    }
    try:
        models[PACKAGE] = PackageMixer(SIZE**2, dim, DEPTH, recursions, actions=len(ACTIONS))
        optimizer = torch.optim.AdamW(models[PACKAGE].parameters(), lr=1e-4)
        calls[PACKAGE] = lambda: bare_steps(models[PACKAGE], optimizer, [(tokens, optimal)] * steps)
    except ImportError:
        pass
    counts = {name: count_flops(model, tokens, optimal) for name, model in models.items()}
    assert counts[OURS] == counts[PER_SAMPLE] == wanted, (counts, wanted)

    seconds = interleaved(calls, repeats)
    rates = [3 * 2 * SIDE**3 / second for second in seconds.pop(PRODUCT)]
    floor = seconds.pop(ALONE)
    return {
        "dim": dim,
        "recursions": recursions,
        "steps": steps,
        "logits_error": error,
        "product_flops_per_second": summary(rates),
        "limit": ratios(seconds[PER_SAMPLE], floor),  # how much faster than the ordinary way a step could be at most
        "systems": {
            name: {
                "parameters": count_parameters(models.get(name, ours.model)),
                "step_flops": (count := counts.get(name, wanted)),
                "samples_per_second": summary([steps * BATCH / second for second in times]),
                "flops_per_second": summary([steps * count / second for second in times]),
                "share": ratios([steps * count / second for second in times], rates),
                "ours_faster_by": ratios(times, seconds[OURS]),
            }
            for name, times in seconds.items()
        },
    }


def yardsticks(dim: int, recursions: int, steps: int) -> dict[str, Any]:
    """Calls that make matrix products alone: three large ones, and those of `steps` steps."""
    left, right = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    alone = products(SIZE**2, dim, DEPTH, recursions)
    return {
        PRODUCT: lambda: [left @ right for _ in range(3)],
        ALONE: lambda: [alone() for _ in range(steps)],
    }


def count_flops(model: nn.Module, tokens: Tensor, optimal: Tensor) -> int:
    """Floating-point operations of one forward and one backward pass, as PyTorch counts them."""
    with FlopCounterMode(display=False) as counter:
        policy_loss(model(tokens), optimal).backward()
    model.zero_grad()
    return counter.get_total_flops()


def measure_compiled(repeats: int) -> dict[str, Any]:
    """Our step at one shape with a compiled model, beside the step without; or why it cannot be measured here."""
    compiler = os.environ.get("CXX", "g++")
    if shutil.which(compiler) is None:
        return {"missing": f"there is no C++ compiler {compiler} here"}
    dim, recursions = COMPILED_SHAPE
    ours, compiled = (training(dim, recursions, steps=8, threads=1) for _ in range(2))
    compiled.model.compile()
    started = time.perf_counter()
    try:
        epoch(compiled)
    except RuntimeError as problem:  # raised by PyTorch where its compiler fails
        return {"missing": str(problem).strip().splitlines()[0]}
    first = time.perf_counter() - started
    seconds = interleaved({OURS: lambda: epoch(ours), "compiled": lambda: epoch(compiled)}, repeats)
    return {"shape": [dim, recursions], "first_seconds": first, "gain": ratios(seconds[OURS], seconds["compiled"])}


def measure_mixed(dim: int, repeats: int) -> dict[str, Any]:
    """Our step at one shape with mixed precision, a context around the loop, beside the step without."""
    plain, mixed = (training(dim, MIXED_RECURSIONS, steps=4, threads=1) for _ in range(2))
    calls = {OURS: lambda: epoch(plain), "mixed": lambda: mixed_epoch(mixed)}
    seconds = interleaved(calls, repeats)
    return {"dim": dim, "gain": ratios(seconds[OURS], seconds["mixed"])}


def mixed_epoch(run: Training) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        epoch(run)


def measure_parts(repeats: int) -> dict[str, Summary]:
    """Milliseconds per step of what a run does besides forward, backward and step; validation counts by its share."""
    steps = 8
    run = training(COMMAND["dim"], COMMAND["recursions"], steps, COMMAND["threads"])
    seconds = interleaved(step_parts(run, steps), repeats)
    # One batch of validation was timed; a run has VALIDATION mazes to validate for every TRAIN mazes.
    seconds["validation"] = [second * steps * VALIDATION / TRAIN for second in seconds["validation"]]
    return {name: summary([1000 * second / steps for second in times]) for name, times in seconds.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the training step on one number of threads.")
    parser.add_argument("threads", type=int)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and fewer shapes on two threads")
    arguments = parser.parse_args()
    print(json.dumps(measure_threads(arguments.threads, arguments.quick)))
