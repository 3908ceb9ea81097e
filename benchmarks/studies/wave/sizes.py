"""Success against grid size: the wave, `local` and the rivals, after the same training on 8 x 8 mazes."""

import time
from typing import Any

from trm_nav.learning.model import count_parameters
from trm_nav.navigation.evaluation import evaluate
from trm_nav.proof.repair import repair

from .held_out import Suite
from .rivals import RIVALS, STEPS, HaltingConvolution, trained_rival, with_steps
from .variants import trained

REPAIRED = "wave, repaired"
OURS = (REPAIRED, "wave", "local", "local, random recursions, loss within reach")
SYSTEMS = (*OURS, *RIVALS)
SIZES = (8, 16, 32, 64)
RANDOM = [
    Suite(
        f"{side} x {side}, 2 to 45% walls",
        100 if side < 64 else 50,
        dict(grid_size=side, obstacle_density="0.02..0.45"),
    )
    for side in SIZES
]
PERFECT = Suite("perfect 29 x 29, depth-first", 100, dict(grid_size=29, kind="depth-first"))
FACTORS = (0.3, 1.0, 3.0)  # of the rivals' learning rates
LONGER = (2, 4)  # times the side of the grid: how many steps the systems may take, besides those of training


def extrapolation(name: str, seed: int) -> dict[str, Any]:
    """One system with one seed: parameters, seconds, and for each suite the results by the number of steps."""
    model, seconds = _system(name, seed)
    return {
        "parameters": count_parameters(model),
        "seconds": seconds,
        "suites": {suite.name: on_suite(name, model, suite) for suite in (*RANDOM, PERFECT)},
    }


def learning_rates(name: str, seed: int) -> dict[str, Any]:
    """A rival with lower and higher learning rates, on mazes up to 32 x 32: `lr`, and the suites by its factor."""
    factors = {}
    for factor in FACTORS:
        model, _ = trained_rival(name, seed, factor)
        factors[str(factor)] = {"suites": {suite.name: on_suite(name, model, suite) for suite in RANDOM[:3]}}
    return {"lr": RIVALS[name].lr, "factors": factors}


def on_suite(name: str, model: Any, suite: Suite) -> dict[str, dict[str, float]]:
    """The shares of mazes in which the walk arrives, and of those that are exact, by the number of steps."""
    mazes, results = next(suite.batches()), {}
    for steps in steps_tried(model, suite):
        if name in RIVALS:
            with_steps(name, model, steps)
        else:
            model.recursions = steps
        result = evaluate(model, mazes)
        assert result.exact is not None
        results[str(steps)] = {"success": result.success, "exact": float(result.exact.mean())}
    return results


def _system(name: str, seed: int) -> tuple[Any, float]:
    """A system after its training, and the CPU seconds that this took."""
    if name in RIVALS:
        return trained_rival(name, seed)
    model, record = trained("wave" if name == REPAIRED else name, seed)
    started = time.process_time()
    if name == REPAIRED:
        repair(model, seed)
    return model, record["seconds"] + time.process_time() - started


def steps_tried(model: Any, suite: Suite) -> list[int]:
    """How many steps a model takes on a suite: those of training, and more; once if it ends by itself."""
    if getattr(model, "halting", False) or isinstance(model, HaltingConvolution):
        return [STEPS]
    return sorted({STEPS, *(times * suite.settings["grid_size"] for times in LONGER)})


def best(result: dict[str, Any], suite: str, measure: str) -> float:
    """The best value of a measure over the numbers of steps that were tried: each system at its best."""
    return max(values[measure] for values in result["suites"][suite].values())
