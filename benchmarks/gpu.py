"""A GPU: our training step on it, and whole recipes, beside the times that the training guide gives for an RTX 3080.

    python benchmarks/gpu.py      # --quick: the steps only; without a CUDA device one sentence

The data set lies on the device from the start. Mixed precision and a CUDA graph need nothing from the library: the one
is a context around `Training._train`, the other takes the model's place.
"""

import argparse
import contextlib
from typing import Any

import recipes
import torch
from recipes import machine
from timing import headline, interleaved, load, ratio_text, ratios, significant, summary, table
from training_step import BATCH, RECURSIONS, training

DIMS, STEPS, ROUNDS = (32, 64, 128, 256), 16, 5
PLAIN, MIXED, GRAPH, CPU = "float32", "bfloat16", "CUDA graph", "the processor, one thread"
GUIDE = {"production": "30 to 60 minutes", "maximum": "2 to 4 hours"}
RECIPES = ("tiny", "local", *GUIDE)


def measure(quick: bool = False) -> dict[str, Any]:
    """The step at every shape, and each recipe in full with one seed."""
    if not torch.cuda.is_available():
        return {"missing": "PyTorch finds no CUDA device on this machine"}
    return {
        "machine": machine(),
        "load": load(),
        "device": torch.cuda.get_device_name(),
        "points": [measure_shape(dim, recursions, "cuda") for dim in DIMS for recursions in RECURSIONS],
        "recipes": {} if quick else {name: recipes.measure(name, 42, None) for name in RECIPES},
    }


def measure_shape(dim: int, recursions: int, device: str) -> dict[str, Any]:
    """Samples per second each way, all of which take turns."""
    runs = {
        name: training(dim, recursions, STEPS, 1, "cpu" if name == CPU else device)
        for name in (PLAIN, MIXED, *([GRAPH] if device == "cuda" else []), CPU)
    }
    if GRAPH in runs:
        tokens = runs[GRAPH].train_samples.tokens[:BATCH]
        runs[GRAPH].model.train()
        runs[GRAPH].model = torch.cuda.make_graphed_callables(runs[GRAPH].model, (tokens,))

    def epoch(name: str) -> None:  # ends with reading the loss, so that the device is done
        with torch.autocast(device, torch.bfloat16) if name == MIXED else contextlib.nullcontext():
            runs[name]._train(None)

    seconds = interleaved({name: lambda name=name: epoch(name) for name in runs}, ROUNDS)
    return {
        "dim": dim,
        "recursions": recursions,
        "systems": {
            name: {
                "samples_per_second": summary([STEPS * BATCH / second for second in times]),
                "faster_by": ratios(seconds[CPU], times),
            }
            for name, times in seconds.items()
        },
    }


def report(result: dict[str, Any]) -> str:
    """The section as Markdown."""
    if "missing" in result:
        return f"## A GPU\n\nSkipped: {result['missing']}."
    names = list(result["points"][0]["systems"])
    lines = [
        "## A GPU",
        "",
        f"{result['device']} in {result['machine']}. Depth 2, batches of {BATCH}; samples per second:",
        "",
        *table(
            ["dim", "recursions", *names],
            [
                [
                    str(point["dim"]),
                    str(point["recursions"]),
                    *(ratio_text(point["systems"][name]["samples_per_second"]) for name in names),
                ]
                for point in result["points"]
            ],
        ),
    ]
    if result["recipes"]:
        lines += [
            "",
            "Recipes in full, seed 42, one pass over 4,000 held-out mazes:",
            "",
            *table(
                ["recipe", "minutes", "the guide's, on an RTX 3080", "success", "validation accuracy"],
                [
                    [
                        f"`{name}`",
                        significant(run["seconds"] / 60),
                        GUIDE.get(name, ""),
                        f"{run['success']:.2%}",
                        f"{run['val_acc']:.2%}",
                    ]
                    for name, run in result["recipes"].items()
                ],
            ),
        ]
    return "\n".join(lines)


def headlines(result: dict[str, Any]) -> list[list[str]]:
    return [
        headline(
            f"training step, dim {point['dim']}, {point['recursions']} recursions: {name} on the GPU / {CPU}",
            numbers["faster_by"],
        )
        for point in result.get("points", [])
        for name, numbers in point["systems"].items()
        if name != CPU
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Our training step and recipes on a GPU.")
    parser.add_argument("--quick", action="store_true", help="the steps only")
    print(report(measure(parser.parse_args().quick)))


if __name__ == "__main__":
    main()
