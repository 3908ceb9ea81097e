"""The section on larger mazes as Markdown."""

import statistics
from typing import Any

from benchmarks.machine import load_text
from benchmarks.studies.wave.report import sizes_table
from benchmarks.studies.wave.sizes import REPAIRED, best

LARGEST = "64 x 64, 2 to 45% walls"
AIM = 1.0


def report(result: dict[str, Any]) -> str:
    """The section as Markdown, from the result of `measure.measure`."""
    fields = [counts for seed in result["map"].values() for counts in seed["repaired"]["suites"].values()]
    cells, wrong = (sum(counts[name] for counts in fields) for name in ("cells", "wrong_cells"))
    holds = sum(seed["repaired"]["holds"] for seed in result["map"].values())
    return "\n".join(
        [
            "## Larger mazes",
            "",
            f"{result['machine']}. Every system learned from 16,000 mazes of 8 x 8 and from no others, and is tried on "
            "held-out mazes up to eight times as wide. Those that do not end by themselves were given the steps of "
            "their training, and 2 and 4 times as many as the grid has cells along one side; the table and the picture "
            "show the best of the three. Mean over the seeds: *exact* mazes, those with an optimal action in every "
            f"cell, then those in which the walk arrives. CPU s are those of training. {load_text(result['load'])}",
            "",
            sizes_table(result["sizes"]),
            "",
            "The right half of the picture is the repaired wave alone: mazes with 0 to 99% of their removable walls "
            f"opened. It is wrong in {wrong:,} of {cells:,} cells; its certificate, a proof for every size, holds for "
            f"{holds} of {len(result['map'])} seeds. [The page on the wave](../docs/wave.md) has more mazes and "
            "seeds, and what each part of its training does.",
        ]
    )


def headlines(result: dict[str, Any]) -> list[list[str]]:
    """For the table of ratios: exact mazes of 64 x 64, of the wave and of the best of the others."""
    shares: dict[str, float] = {}
    for name in dict.fromkeys(key.rsplit("/", 1)[0] for key in result["sizes"]):
        found = [entry for key, entry in result["sizes"].items() if key.rsplit("/", 1)[0] == name]
        shares[name] = statistics.mean(best(entry, LARGEST, "exact") for entry in found)
    wave = shares.pop(REPAIRED)
    shares.pop("wave", None)
    other = max(shares, key=lambda name: shares[name])
    return [
        ["exact mazes of 64 x 64, trained on 8 x 8: the wave, repaired", f"{wave:.0%}", f"{AIM:.0%}",
         "yes" if wave >= AIM else "no"],
        [f"exact mazes of 64 x 64, trained on 8 x 8: {other}", f"{shares[other]:.0%}", "", ""],
    ]  # fmt: skip
