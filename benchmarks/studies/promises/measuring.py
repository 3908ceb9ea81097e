"""What this machine measures: one function for each section of the figures.

Each function gets what was found before and returns the whole section; `keep` saves what there is so far, so that an
interrupted measurement can go on.
"""

import os
import platform
import re
import resource
import tempfile
import time
from collections.abc import Callable, Iterable

from benchmarks.studies.promises.lessons import lessons, reading
from benchmarks.studies.promises.results import Figures, load, save

SEEDS = 10
DIMS = (32, 64, 128, 256)

Keep = Callable[[Figures], None]
Section = Callable[[Figures, Keep], Figures]


def measure_presets(found: Figures, keep: Keep) -> Figures:
    """Every preset of the laboratory, alone and with each remedy, with SEEDS seeds; a column of values per figure."""
    from benchmarks.studies.classroom import presets

    for seed in range(SEEDS):
        for label, settings in presets.preset_runs().items():
            columns = found.setdefault(label, {})
            if seed not in columns.get("seed", []):
                add(columns, presets.measure_preset(settings, seed))
                keep(found)
    return found


def measure_training(found: Figures, keep: Keep) -> Figures:
    """The first look of lesson 04, nine epochs of `tiny` on one thread, with three seeds of mazes and weights."""
    from trm_nav import generate_mazes
    from trm_nav.learning.training import Training
    from trm_nav.mazes import dataset
    from trm_nav.navigation.evaluation import evaluate
    from trm_nav.settings import RECIPES, DataSettings, TrainSettings

    held_out = generate_mazes(2000, 8, 0.2, 7)  # as in the lesson
    for seed in range(3):
        if seed in found.get("seed", []):
            continue
        began = time.process_time()
        settings = {**RECIPES["tiny"], "epochs": 9, "threads": 1, "device": "cpu", "seed": seed}
        settings |= {"train_seed": 10 * seed, "test_seed": 10 * seed + 1}
        data = DataSettings.of({name: settings[name] for name in settings if name in DataSettings.model_fields})
        training = TrainSettings.of({name: settings[name] for name in settings if name in TrainSettings.model_fields})
        run = Training(training, *dataset.build(data))
        for _ in run.epochs():
            pass
        add(
            found,
            {
                "seed": seed,
                "first_val_acc": run.history["val_acc"][0],
                "last_val_acc": run.history["val_acc"][-1],
                "success": evaluate(run.model, held_out).success,
                "cpu_seconds": time.process_time() - began,
            },
        )
        keep(found)
    return found


def measure_labels(found: Figures, keep: Keep) -> Figures:
    """What lessons 01 and 02 count about single labels, on 2,000 mazes for each seed. No training, no rounding."""
    import numpy as np

    from trm_nav import generate_mazes, optimal_actions
    from trm_nav.mazes.encoding import contains
    from trm_nav.mazes.symmetry import INVERSE, transform_masks, transform_mazes

    found.clear()
    for seed in range(SEEDS):
        mazes = generate_mazes(2000, 8, 0.2, seed)
        optimal = optimal_actions(mazes.walls, mazes.goals)  # (N, n, n)
        labelled, votes, contradicted = optimal > 0, np.zeros((*optimal.shape, 5), int), []
        for g in range(8):
            transformed = transform_mazes(mazes, g)
            masks = optimal_actions(transformed.walls, transformed.goals)
            label = transform_masks(masks & ~masks + 1, INVERSE[g])  # the lowest bit, in the first orientation again
            votes += contains(label[..., None], np.arange(5))
            contradicted.append(float((label != (optimal & ~optimal + 1))[labelled].mean()))
        add(
            found,
            {
                "seed": seed,
                "quarter_turn": max(contradicted[1], contradicted[3]),
                "half_turn_or_mirror": max(contradicted[2], contradicted[4], contradicted[6]),
                "random_symmetry": float(np.mean(contradicted)),
                "cap": float(votes.max(axis=-1).sum() / votes.sum()),
            },
        )
    return found


def measure_parameters(found: Figures, keep: Keep) -> Figures:
    """Sizes of the networks that the documents name."""
    from trm_nav import create_model
    from trm_nav.learning.model import count_parameters
    from trm_nav.settings import RECIPES

    sizes: dict[str, Figures] = {
        f"{mixing}-{dim}": dict(dim=dim, depth=2, mixing=mixing) for mixing in ("mlp", "conv") for dim in DIMS
    }
    sizes |= {
        name: {field: value for field, value in settings.items() if field in ("dim", "depth", "mixing")}
        for name, settings in RECIPES.items()
    }
    return {name: count_parameters(create_model(8, **settings)) for name, settings in sizes.items()}


def measure_quantity(found: Figures, keep: Keep) -> Figures:
    """Means over the seeds of the data-quantity study, from its own file, which also names its machine."""
    from trm_nav.course.laboratory.experiment import measured_quantity

    study = measured_quantity()
    accuracies: dict[str, list[float]] = {}
    for point in study["points"]:
        name = f"{point['mazes']}-{point['supervision']}-{'augmented' if point['augment'] else 'plain'}"
        accuracies.setdefault(name, []).append(point["val_acc"])
    means = {name: round(sum(values) / len(values), 4) for name, values in accuracies.items()}
    return {"measured_on": study["machine"], **means}


def measure_diagnosis(found: Figures, keep: Keep) -> Figures:
    """How often the diagnosis is right on the judged histories of the fault study, by group of runs."""
    from benchmarks.studies.faults.judging import grouped, judge

    results = {group: judge(runs) for group, runs in grouped("judged").items()}
    kept = ("recall", "precision", "false alarms")
    return {group: {name: result[name] for name in kept} for group, result in results.items()}


def measure_lessons(found: Figures, keep: Keep) -> Figures:
    """CPU seconds of each committed notebook, executed once with one thread, and an estimate of its reading time."""
    import nbformat
    from nbclient import NotebookClient

    os.environ["OMP_NUM_THREADS"] = "1"  # for the kernels
    found.clear()
    for path in lessons():
        notebook = nbformat.read(path, as_version=4)
        with tempfile.TemporaryDirectory() as folder:
            before = children_seconds()
            NotebookClient(
                notebook, timeout=1800, kernel_name="python3", resources={"metadata": {"path": folder}}
            ).execute()
            seconds = children_seconds() - before
        found[path.stem] = {"cpu_seconds": round(seconds, 1), **reading(path)}
        keep(found)
    return found


def measure_students(found: Figures, keep: Keep) -> Figures:
    """Memory and CPU of the kernels of lessons 05 and 04, and of JupyterLab's own server (Linux)."""
    from benchmarks.studies.classroom import kernels

    return kernels.measure_students([1], kernels.LESSONS)


SECTIONS: dict[str, Section] = {
    "parameters": measure_parameters,
    "quantity": measure_quantity,
    "diagnosis": measure_diagnosis,
    "labels": measure_labels,
    "presets": measure_presets,
    "training": measure_training,
    "lessons": measure_lessons,
    "students": measure_students,
}


def add(columns: Figures, row: Figures) -> None:
    """Append one run's figures to the columns."""
    for name, value in row.items():
        columns.setdefault(name, []).append(round(value, 4) if isinstance(value, float) else value)


def children_seconds() -> float:
    """CPU seconds of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def this_machine() -> tuple[str, str]:
    """A short name of the processor, and the versions that took part."""
    import torch

    from benchmarks.machine import cpu_name

    name = re.sub(r"\s+", " ", re.sub(r"\((R|TM)\)|Processor|CPU|@.*", "", cpu_name())).strip()
    return name, f"Python {platform.python_version()}, PyTorch {torch.__version__}"


def measure(sections: Iterable[str], again: bool = False) -> None:
    """Measure sections on this machine; `again` forgets the seeds that were measured before."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    name, versions = this_machine()
    for section in sections:
        print(f"{section} ...", flush=True)

        def keep(found: Figures, section: str = section) -> None:
            figures = load()  # again each time, as another section may be measured at the same time
            machine = figures["machines"].setdefault(name, {"versions": versions})
            machine |= {section: found, "dates": machine.get("dates", {}) | {section: time.strftime("%Y-%m-%d")}}
            save(figures)

        found = {} if again else load()["machines"].get(name, {}).get(section, {})
        keep(SECTIONS[section](found, keep))
