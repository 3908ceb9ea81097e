"""The section on generating a data set as Markdown."""

from typing import Any

from benchmarks.generation.loop import DENSITY, SIZE
from benchmarks.machine import load_text
from benchmarks.markdown import MEDIANS, headline, ratio_text, table
from benchmarks.timing import scaled


def report(result: dict[str, Any]) -> str:
    """The section as Markdown, from the result of `measure.measure`."""
    train, test = result["samples"]
    importing = result["torch"]["median"] / result["ours"]["median"]
    return "\n".join(
        [
            "## Generating a data set from nothing",
            "",
            f"{result['machine']}. {train:,} training mazes and {test:,} test mazes of {SIZE} x {SIZE}, obstacle "
            f"density {DENSITY}. Our command and the loop both run as whole processes that start an interpreter, "
            f"import what they need and write files. They take turns over {result['ours']['repeats']} rounds. "
            f"{MEDIANS} The loop makes one sample after another and labels it by A\\* with a heap. It ran for "
            f"{result['share']:,} samples and for none, and its time was scaled up to {train + test:,}. Before any "
            "timing, its A\\* was found to agree with our expert. The loop labels one cell of a maze with one action. "
            "Our files hold the set of all optimal actions for every cell, and no maze is in both files, which the "
            "loop does not ensure. The loop saves NumPy arrays and so needs no PyTorch; importing PyTorch takes "
            f"{importing:.0%} of our time. {load_text(result['load'])}",
            "",
            *table(
                ["", "ours", "the loop"],
                [
                    ["how many times as fast, per maze", ratio_text(result["ratio"]), "1"],
                    [
                        "how many times as fast, per labelled cell",
                        ratio_text(scaled(result["ratio"], result["cells_per_maze"])),
                        "1",
                    ],
                    [
                        "seconds for all samples",
                        ratio_text(result["ours"]),
                        f"{ratio_text(result['loop_scaled'])}, scaled up",
                    ],
                    [f"seconds for {result['share']:,} samples", "", ratio_text(result["loop_share"])],
                    ["seconds for no samples", "", ratio_text(result["loop_start"])],
                    ["seconds to start Python and import PyTorch", ratio_text(result["torch"]), ""],
                ],
            ),
        ]
    )


def headlines(result: dict[str, Any]) -> list[list[str]]:
    return [headline(f"generating {sum(result['samples']):,} mazes: the loop's seconds / ours", result["ratio"])]
