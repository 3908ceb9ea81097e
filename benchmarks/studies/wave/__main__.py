"""Measure the learned wave.

    python -m benchmarks.studies.wave seeds 0 1 2      # train, certify and examine the recipe with these seeds
    python -m benchmarks.studies.wave ablations 0 1    # the same for every variant, on fewer mazes
    python -m benchmarks.studies.wave ablations 5 --only "in ten seconds"          # for one of them
    python -m benchmarks.studies.wave large 42         # certify and examine it on ten times as many large mazes
    python -m benchmarks.studies.wave sizes 0 1        # success against grid size, beside `local` and rivals
    python -m benchmarks.studies.wave rates 0          # the rivals with lower and higher learning rates
    python -m benchmarks.studies.wave huge 42          # one maze of 1,001 x 1,001, and its picture
    python -m benchmarks.studies.wave foreign 42       # on the mazes of other packages, in the benchmarks' environment
    python -m benchmarks.studies.wave write            # the tables of what has been measured, into docs/wave.md

Each run is one thread, so two calls with different seeds can share two cores. Trainings are kept in runs/wave and not
repeated; results are added to results/wave.json after every run.
"""

import argparse
import fcntl
import json
import sys
import time
from typing import Any

import torch

from benchmarks.commands import ROOT
from benchmarks.machine import machine
from benchmarks.markdown import put
from trm_nav.errors import UserError
from trm_nav.learning.model import count_parameters
from trm_nav.mazes.encoding import contains
from trm_nav.mazes.expert import optimal_actions
from trm_nav.mazes.grids import generate_mazes
from trm_nav.navigation.plan import make_plans
from trm_nav.proof.certificate import Certificate, certify
from trm_nav.proof.repair import repair

from .foreign import COUNTS, LATTICES, NAMES, foreign_mazes
from .forms import FORMS
from .held_out import HUGE, LARGE, MAP, SEED, SUITES, every_maze, examine
from .pictures import SHORT, draw_map, draw_sizes, draw_smallest, save_large_maze
from .report import report
from .rivals import RIVALS
from .sizes import SYSTEMS, extrapolation, learning_rates
from .variants import VARIANTS, form_of, trained

RESULTS = ROOT / "benchmarks" / "results" / "wave.json"
PAGE = ROOT / "docs" / "wave.md"
BEGIN = "<!-- begin: python -m benchmarks.studies.wave write -->"
SHARE = 10  # of the mazes, for the ablations one in so many
RECURSIONS = 512  # of a model that does not end by itself, on these


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=(*MEASUREMENTS, "write"))
    parser.add_argument("seeds", type=int, nargs="*", help="seeds of the trainings")
    parser.add_argument("--only", metavar="NAME", help="one variant, system or generator, in place of all")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.what == "write":
        write(json.loads(RESULTS.read_text()))
        return
    measure, names = MEASUREMENTS[arguments.what]
    if arguments.only not in (None, *names):
        parser.error(f"--only must be one of: {'; '.join(names)}")
    for seed in arguments.seeds:
        for name in names if arguments.only is None else (arguments.only,):
            if f"{name}/{seed}" not in kept(arguments.what):
                keep(arguments.what, f"{name}/{seed}", {"machine": machine(), **measure(name, seed)})


def one_seed(name: str, seed: int) -> dict[str, Any]:
    """The recipe with one seed: as trained, on some of the held-out mazes, and as repaired, on all of them."""
    model, record = trained(name, seed)
    result = about(model, record)
    result["suites"] = {suite.name: examine(model, suite.batches()) for suite in SUITES if suite.name in SHORT}
    started, rounds = time.process_time(), -1

    def count(certificate: Certificate) -> None:
        nonlocal rounds
        rounds += 1

    certificate = repair(model, on_round=count)
    repaired: dict[str, Any] = {
        "certificate": summary(certificate),
        "rounds": rounds,
        "seconds": time.process_time() - started,
        "suites": {"every maze of 4 x 4": examine(model, every_maze())},
    }
    for suite in SUITES + MAP:
        repaired["suites"][suite.name] = examine(model, suite.batches())
        print(seed, suite.name, repaired["suites"][suite.name], file=sys.stderr, flush=True)
    return {**result, "repaired": repaired}


def one_ablation(name: str, seed: int) -> dict[str, Any]:
    """A variant with one seed, on a tenth of two kinds of held-out mazes."""
    model, record = trained(name, seed)
    result = {**about(model, record), "suites": {}}
    if not model.halting:
        model.recursions = RECURSIONS
    for suite in SUITES:
        if suite.name in SHORT:
            mazes = next(suite.batches())[: suite.count // SHARE]
            with form_of(name):
                result["suites"][suite.name] = examine(model, iter([mazes]))
    print(name, seed, result, file=sys.stderr, flush=True)
    return result


def many_large_mazes(name: str, seed: int) -> dict[str, Any]:
    """The repaired model on more mazes of the largest kinds."""
    model, _ = trained(name, seed)
    certificate = repair(model)
    suites = {}
    for suite in LARGE:
        suites[suite.name] = examine(model, suite.batches())
        print(seed, suite.name, suites[suite.name], file=sys.stderr, flush=True)
    return {"certificate": summary(certificate), "suites": suites}


def one_huge_maze(name: str, seed: int) -> dict[str, Any]:
    """The repaired model on a perfect maze of 1,001 x 1,001, of which it saves the picture."""
    model, _ = trained(name, seed)
    repair(model)
    mazes = generate_mazes(1, **HUGE, seed=SEED)
    started = time.process_time()
    plans = make_plans(model, mazes.walls, mazes.goals)
    seconds = time.process_time() - started
    assert plans.decided_in is not None
    save_large_maze(mazes, plans.decided_in, PAGE.with_name("wave-1001.png"))
    labels = optimal_actions(mazes.walls, mazes.goals)
    return {
        "cells": int((labels != 0).sum()),
        "wrong_cells": int(((labels != 0) & ~contains(labels, plans.actions)).sum()),
        "recursions": int(plans.decided_in.max()),
        "seconds": seconds,
    }


def on_foreign_mazes(name: str, seed: int) -> dict[str, Any]:
    """The repaired model on the mazes of one generator that is not ours."""
    model, _ = trained("wave", seed)
    repair(model)
    return {
        "suites": {
            f"{2 * side - 1} x {2 * side - 1}": examine(model, foreign_mazes(name, side, COUNTS[side]))
            for side in LATTICES
        }
    }


def about(model: Any, record: dict[str, Any]) -> dict[str, Any]:
    """Parameters, seconds of training, and the certificate, None for a model that cannot have one."""
    try:
        certificate = None if type(model) in FORMS.values() else summary(certify(model))
    except UserError:
        certificate = None
    return {
        "parameters": count_parameters(model),
        "seconds": record["seconds"],
        "val_loss": record["history"]["val_loss"],
        "certificate": certificate,
    }


def summary(certificate: Certificate) -> dict[str, Any]:
    """A certificate as plain values."""
    return {
        "holds": certificate.holds,
        "states": len(certificate.states),
        "situations": certificate.situations,
        "mistakes": len(certificate.mistakes),
        "margin": certificate.margin,
    }


def write(results: dict[str, Any]) -> None:
    """Put the tables into docs/wave.md, between their marks, and save its pictures beside it."""
    for name, draw in (("sizes", draw_sizes), ("seeds", draw_map), ("ablations", draw_smallest)):
        if results.get(name):
            draw(results[name]).savefig(PAGE.with_name(f"wave-{name}.png"), dpi=120)
    put(PAGE, BEGIN, report(results))


def kept(section: str) -> dict[str, Any]:
    """The results of a section so far, by name."""
    results: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return results.get(section, {})


def keep(section: str, name: str, result: dict[str, Any]) -> None:
    """Add one result to the file, which another process may be adding to as well."""
    with open(RESULTS.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        results.setdefault(section, {})[name] = result
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    RESULTS.with_suffix(".lock").unlink(missing_ok=True)


MEASUREMENTS = {  # section of the results: what measures one of its entries, and the names of these
    "seeds": (one_seed, ("wave",)),
    "ablations": (one_ablation, tuple(VARIANTS)),
    "large": (many_large_mazes, ("wave",)),
    "foreign": (on_foreign_mazes, NAMES),
    "huge": (one_huge_maze, ("wave",)),
    "sizes": (extrapolation, SYSTEMS),
    "rates": (learning_rates, tuple(RIVALS)),
}

if __name__ == "__main__":
    main()
