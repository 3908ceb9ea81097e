"""Measures success against grid size after training on mazes of 8 x 8. It takes some five minutes.

It is the part of `benchmarks.studies.wave` that every benchmark repeats: trainings and mazes are that study's, and the
trainings that it has kept in runs/wave on this machine are not repeated.
"""

from typing import Any

from benchmarks.machine import load, machine
from benchmarks.studies.wave.held_out import MAP, examine
from benchmarks.studies.wave.sizes import REPAIRED, SYSTEMS, extrapolation
from benchmarks.studies.wave.variants import trained
from trm_nav.proof.repair import repair

SEEDS, QUICK_SEEDS = (0, 1, 2), (0,)
QUICK_SYSTEMS = (REPAIRED, "local", "recurrent convolution")


def measure(quick: bool = False) -> dict[str, Any]:
    """Machine, load, `sizes` by system and seed, and `map`: the repaired wave on mazes of many sizes and kinds.

    Both as `benchmarks.studies.wave` keeps them.
    """
    return {
        "machine": machine(),
        "load": load(),
        "sizes": {
            f"{name}/{seed}": extrapolation(name, seed)
            for name in (QUICK_SYSTEMS if quick else SYSTEMS)
            for seed in (QUICK_SEEDS if quick else SEEDS)
        },
        "map": {f"wave/{seed}": {"repaired": examined(seed)} for seed in (QUICK_SEEDS if quick else SEEDS)},
    }


def examined(seed: int) -> dict[str, Any]:
    """Whether the wave's certificate holds after its repair, and how many mazes of each field of the map are exact."""
    model, _ = trained("wave", seed)
    holds = repair(model, seed).holds
    return {"holds": holds, "suites": {suite.name: examine(model, suite.batches()) for suite in MAP}}
