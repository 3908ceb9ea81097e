"""The training step: samples per second and the share of the processor's rate, beside the same Mixer written otherwise.

    pip install -r benchmarks/requirements.txt
    python benchmarks/training_step.py      # ten minutes; --quick: six, with fewer rounds

Each number of threads has a process of its own; in it all that is compared takes turns. Our step is timed in
`Training._train` itself, over epochs of a few batches. Floating-point operations are those of the matrix products, 2mnk
each, counted by PyTorch as they happen and found equal to the formula in `flops`; norms, activations, sums and
the optimizer are in the time and not in the count.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recipes import machine, run
from timing import interleaved, load, ratios, summary
from training_step_report import ALONE, BATCHED, OURS, PACKAGE, PER_SAMPLE, PRODUCT, report

SIZE, DEPTH, BATCH = 8, 2, 64
DIMS, RECURSIONS, THREADS = (32, 64, 128, 256), (1, 4, 8), (1, 2)
SIDE = 1024  # of the matrices whose product is the measure of all
COMPILED_SHAPE = (32, 4)  # dim, recursions
MIXED_DIMS = (32, 128)  # with 4 recursions
COMMAND = {"dim": 32, "recursions": 4, "dropout": 0.0, "threads": 1, "grow_recursions": False, "device": "cpu"}
MAZES = (5_000, 500)  # training and validation, of the whole command


def measure(quick: bool = False) -> dict[str, Any]:
    """Every shape on every number of threads, and the whole command."""
    before = load()
    threads = [
        json.loads(run("benchmarks/training_step.py", "--threads", count, *(["--quick"] if quick else [])))
        for count in THREADS
    ]
    return {
        "machine": machine(),
        "load": before,
        "threads": threads,
        "command": measure_command(quick),
        "given": {"size": SIZE, "depth": DEPTH, "batch": BATCH, "side": SIDE},
    }


def flops(tokens: int, dim: int, depth: int, recursions: int) -> int:
    """Of all matrix products in a step, forward and twice as many backward.

    No product is spared its backward half: even the first one's input, the embedded maze, needs a gradient. The
    embedding itself is a table that is looked up, and counts nothing.
    """
    block = 2 * (2 * tokens * tokens * dim) + 2 * (2 * tokens * dim * 2 * dim)  # two maps of the cells, two of channels
    return 3 * BATCH * (recursions * depth * block + 2 * tokens * dim * 5)


def products(tokens: int, dim: int, depth: int, recursions: int) -> Callable[[], None]:
    """A call that makes the matrix products of the blocks in a step, forward and backward, and nothing else.

    No way of writing this Mixer in float32 can be faster than its products, as fast as PyTorch makes them.
    """
    import torch

    mix, mixed = torch.randn(tokens, tokens), torch.randn(tokens, BATCH * dim)
    widen, cells = torch.randn(2 * dim, dim), tokens * BATCH
    state, hidden = torch.randn(cells, dim), torch.randn(cells, 2 * dim)

    def call() -> None:
        for _ in range(recursions * depth):
            for _ in range(2):
                mix @ mixed, mix.t() @ mixed, mixed @ mixed.t()
            state @ widen.t(), hidden @ widen, hidden.t() @ state
            hidden @ widen, state @ widen.t(), state.t() @ hidden

    return call


# --- In a process of its own for each number of threads ---------------------------------------------------------------


def measure_threads(threads: int, quick: bool) -> dict[str, Any]:
    import torch

    torch.set_num_threads(threads)
    repeats = 3 if quick else 5
    recursions = (4,) if quick and threads > 1 else RECURSIONS
    points = [measure_shape(dim, count, threads, repeats) for dim in DIMS for count in recursions]
    result = {"threads": threads, "repeats": repeats, "points": points}
    if threads == COMMAND["threads"]:
        result |= {
            "compiled": measure_compiled(repeats),
            "parts": measure_parts(repeats),
            "mixed": [measure_mixed(dim, repeats) for dim in MIXED_DIMS],
        }
    return result


def training(dim: int, recursions: int, steps: int, threads: int, device: str = "cpu"):
    """A run whose epochs have so many full batches, its mazes turned as it goes."""
    from trm_nav.learning.training import Training
    from trm_nav.mazes.dataset import build
    from trm_nav.settings import DataSettings, TrainSettings

    settings = TrainSettings(
        dim=dim,
        depth=DEPTH,
        recursions=recursions,
        batch_size=BATCH,
        dropout=0.0,
        lr=1e-4,
        threads=threads,
        augment=True,
        device=device,
    )
    return Training(settings, *build(DataSettings(num_train=steps * BATCH, num_test=BATCH, grid_size=SIZE)))


def epoch(run_) -> None:
    """Our steps as they are in a run: one pass over the training set."""
    from trm_nav.learning.device import processor_set

    with processor_set(run_.settings.threads):
        run_._train(None)


def measure_shape(dim: int, recursions: int, threads: int, repeats: int) -> dict[str, Any]:
    import torch
    from ordinary_mixer import OrdinaryTraining, PackageMixer, bare_steps
    from torch.utils.flop_counter import FlopCounterMode

    from trm_nav.learning.loss import policy_loss
    from trm_nav.learning.model import count_parameters

    wanted = flops(SIZE**2, dim, DEPTH, recursions)
    steps = max(1, min(16, round(12e9 / wanted)))  # in a round: enough that a clock can tell, and no more
    ours = training(dim, recursions, steps, threads)
    with torch.no_grad():
        for parameter in ours.model.parameters():  # weights that start at zero would make every Mixer agree
            parameter.add_(0.05 * torch.randn_like(parameter))
    tokens, optimal, _ = ours.train_samples[torch.arange(BATCH)]
    ordinary = {
        name: OrdinaryTraining(ours.model, ours.train_samples, BATCH, name == BATCHED) for name in (PER_SAMPLE, BATCHED)
    }
    with torch.no_grad():
        error = (ordinary[PER_SAMPLE].model(tokens) - ours.model(tokens)).abs().max().item()
    assert error < 1e-5, f"the logits differ by {error}"

    def counted(model) -> int:
        with FlopCounterMode(display=False) as counter:
            policy_loss(model(tokens), optimal).backward()
        model.zero_grad()
        return counter.get_total_flops()

    models = {OURS: ours.model, PER_SAMPLE: ordinary[PER_SAMPLE].model}
    left, right = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    alone = products(SIZE**2, dim, DEPTH, recursions)
    calls = {
        OURS: lambda: epoch(ours),
        PRODUCT: lambda: [left @ right for _ in range(3)],
        ALONE: lambda: [alone() for _ in range(steps)],
        **{name: loop.epoch for name, loop in ordinary.items()},
    }
    try:
        models[PACKAGE] = PackageMixer(SIZE**2, dim, DEPTH, recursions, actions=5)
        optimizer = torch.optim.AdamW(models[PACKAGE].parameters(), lr=1e-4)
        calls[PACKAGE] = lambda: bare_steps(models[PACKAGE], optimizer, [(tokens, optimal)] * steps)
    except ImportError:
        pass
    counts = {name: counted(model) for name, model in models.items()}
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


def measure_compiled(repeats: int) -> dict[str, Any]:
    """Our step at one shape with the model compiled, beside the one without; or why there is none."""
    compiler = os.environ.get("CXX", "g++")
    if shutil.which(compiler) is None:
        return {"missing": f"there is no C++ compiler {compiler} here"}
    dim, recursions = COMPILED_SHAPE
    ours, compiled = (training(dim, recursions, steps=8, threads=1) for _ in range(2))
    compiled.model.compile()
    started = time.perf_counter()
    try:
        epoch(compiled)
    except RuntimeError as problem:  # what PyTorch raises where its compiler fails
        return {"missing": str(problem).strip().splitlines()[0]}
    first = time.perf_counter() - started
    seconds = interleaved({OURS: lambda: epoch(ours), "compiled": lambda: epoch(compiled)}, repeats)
    return {"shape": [dim, recursions], "first_seconds": first, "gain": ratios(seconds[OURS], seconds["compiled"])}


def measure_mixed(dim: int, repeats: int) -> dict[str, Any]:
    """Our step at one shape with mixed precision, a context around the loop, beside the one without."""
    import torch

    plain, mixed = (training(dim, 4, steps=4, threads=1) for _ in range(2))

    def mixed_epoch() -> None:
        with torch.autocast("cpu", torch.bfloat16):
            epoch(mixed)

    seconds = interleaved({OURS: lambda: epoch(plain), "mixed": mixed_epoch}, repeats)
    return {"dim": dim, "gain": ratios(seconds[OURS], seconds["mixed"])}


def measure_parts(repeats: int) -> dict[str, dict[str, float]]:
    """Milliseconds a step of what a run does besides forward, backward and step; validation spread over an epoch."""
    from ordinary_mixer import step_parts

    steps = 8
    run_ = training(COMMAND["dim"], COMMAND["recursions"], steps, COMMAND["threads"])
    seconds = interleaved(step_parts(run_, steps), repeats)
    # One validation batch was timed; a run has one for every so many steps.
    seconds["validation"] = [second * steps * MAZES[1] / MAZES[0] for second in seconds["validation"]]
    return {name: summary([1000 * second / steps for second in times]) for name, times in seconds.items()}


# --- The whole command ------------------------------------------------------------------------------------------------


def measure_command(quick: bool) -> dict[str, Any]:
    """`python -m trm_nav.train` and the bare loop over as many batches, each a whole process; they take turns."""
    from trm_nav.settings import flags

    (train, val), epochs, repeats = MAZES, 6, 2 if quick else 3
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("scripts/generate_dataset.py", "--num-train", train, "--num-test", val, "--augment", "--output-dir", folder)
        inside: dict[str, list[float]] = {"command": [], "bare": []}  # seconds of the epochs alone

        def command() -> None:
            run(
                "-m",
                "trm_nav.train",
                *flags(COMMAND),
                "--epochs",
                epochs,
                "--train-path",
                folder / "train.pt",
                "--val-path",
                folder / "test.pt",
                "--checkpoint-dir",
                folder / "checkpoints",
            )
            history = json.loads((folder / "checkpoints" / "history.json").read_text())
            inside["command"].append(sum(history["seconds"]))

        def bare() -> None:
            inside["bare"].append(float(run("benchmarks/training_step.py", "--bare", folder, "--epochs", epochs)))

        whole = interleaved({"command": command, "bare": bare}, repeats)
    inside = {name: seconds[1:] for name, seconds in inside.items()}  # less the round that is not counted
    return {
        "settings": COMMAND,
        "mazes": [train, val],
        "epochs": epochs,
        "epochs_ratio": ratios(inside["command"], inside["bare"]),
        "whole_ratio": ratios(whole["command"], inside["bare"]),
        "processes_ratio": ratios(whole["command"], whole["bare"]),
        **{f"{name}_epochs": summary(seconds) for name, seconds in inside.items()},
        **{f"{name}_whole": summary(seconds) for name, seconds in whole.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="The training step, beside the same Mixer written otherwise.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and on two threads fewer shapes")
    parser.add_argument("--threads", type=int, help="only measure with so many threads, and print JSON")
    parser.add_argument("--bare", type=Path, metavar="FOLDER", help="only be the bare loop, on the data set there")
    parser.add_argument("--epochs", type=int, default=1, help="of the bare loop")
    arguments = parser.parse_args()
    if arguments.bare:
        from ordinary_mixer import bare_loop

        from trm_nav.learning.model import create_model

        model = create_model(depth=DEPTH, **{name: COMMAND[name] for name in ("dim", "recursions", "dropout")})
        print(bare_loop(model, arguments.bare, arguments.epochs, BATCH, COMMAND["threads"]))
    elif arguments.threads:
        print(json.dumps(measure_threads(arguments.threads, arguments.quick)))
    else:
        print(report(measure(arguments.quick)))


if __name__ == "__main__":
    main()
