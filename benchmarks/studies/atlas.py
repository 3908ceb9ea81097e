"""The atlas of luck: every preset of the laboratory, alone, with each remedy and with each two, over ten seeds.

    python -m benchmarks.studies.atlas     # about an hour on one core; finished runs are not repeated

A seed is one of mazes, weights and order together, so that the ten runs of a choice are ten independent trials, and the
same seed means the same mazes for every choice. The result is the file that the page draws as fans of ten curves.
"""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from benchmarks.commands import ROOT
from benchmarks.machine import machine
from benchmarks.studies.classroom.presets import FIRST_FINDING
from trm_nav.course.laboratory.experiment import Experiment
from trm_nav.course.laboratory.presets import DEFAULTS, PRESETS
from trm_nav.diagnosis.remedies import remedies
from trm_nav.files import write_bytes

RESULT = ROOT / "trm_nav" / "course" / "web" / "atlas.json"
COMMAND = "python -m benchmarks.studies.atlas"
SEEDS = 10
CURVES = "train_loss", "train_acc", "val_loss", "val_acc"
DIGITS = 3  # of the numbers in the curves, behind the point

Choice = tuple[str, tuple[str, ...]]  # a preset, and what was tried against its fault


def main() -> None:
    torch.set_num_threads(1)
    runs = json.loads(RESULT.read_text())["runs"] if RESULT.exists() else []
    done = {(run["preset"], tuple(run["remedies"]), run["seed"]) for run in runs}
    wanted = [(*choice, seed) for seed in range(SEEDS) for choice in choices()]
    with tqdm(total=len(wanted), initial=len(done), unit="run") as bar:
        for preset, tried, seed in wanted:
            if (preset, tried, seed) not in done:
                runs.append({"preset": preset, "remedies": tried, "seed": seed, **measure(preset, tried, seed)})
                write(runs)
                bar.update()


def offered(preset: str) -> dict[str, dict[str, Any]]:
    """The remedies for the fault of a preset that are a matter of settings, in their order: what each changes."""
    if preset not in FIRST_FINDING:
        return {}
    found = remedies(FIRST_FINDING[preset], {**DEFAULTS, **PRESETS[preset]})
    return {remedy.what: dict(remedy.changes) for remedy in found if remedy.changes}


def choices() -> Iterator[Choice]:
    """Each preset with none, one and two of its remedies; not two that change the same setting."""
    for preset in PRESETS:
        changes = offered(preset)
        yield preset, ()
        for count in (1, 2):
            for tried in itertools.combinations(changes, count):
                if len(set().union(*(changes[what] for what in tried))) == sum(len(changes[what]) for what in tried):
                    yield preset, tried


def measure(preset: str, tried: tuple[str, ...], seed: int) -> dict[str, Any]:
    """One run: its curves, and what the diagnosis finds in them first."""
    changes = offered(preset)
    settings = dict(PRESETS[preset])
    for what in tried:
        settings |= changes[what]
    experiment = Experiment(**settings, train_seed=10 * seed, test_seed=10 * seed + 1, seed=seed).train()
    curves = {name: [rounded(value) for value in experiment.history[name]] for name in CURVES}
    finding = experiment.findings[0]
    return {"finding": finding.name, "epoch": finding.epoch, **curves}


def rounded(value: float) -> float | None:
    """A number that JSON has, short; None for one that is none."""
    return round(value, DIGITS) if np.isfinite(value) else None


def write(runs: list[dict[str, Any]]) -> None:
    """Write the file with one line for each run, in the order of the choices."""
    order = {choice: place for place, choice in enumerate(choices())}
    runs.sort(key=lambda run: (order[run["preset"], tuple(run["remedies"])], run["seed"]))
    presets = {name: {"settings": PRESETS[name], "remedies": offered(name)} for name in PRESETS}
    head = {"command": COMMAND, "machine": machine(), "same": DEFAULTS, "presets": presets, "runs": None}
    lines = ",\n".join("  " + json.dumps(run, separators=(",", ":")) for run in runs)
    text = f"{json.dumps(head, indent=1).removesuffix('null' + chr(10) + '}')}[\n{lines}\n ]\n}}\n"
    write_bytes(RESULT, text.encode())


if __name__ == "__main__":
    main()
