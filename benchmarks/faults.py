"""Training runs with a fault put into them on purpose, and healthy ones: what `trm_nav.diagnosis` is judged on.

    python benchmarks/faults.py train      # makes the histories that are missing in benchmarks/histories/
    python benchmarks/faults.py judge      # recall, precision, false alarms

Each run leaves one small file that `python -m trm_nav.diagnose` reads. Thresholds were chosen by looking at the runs
with the seeds in TUNED_ON, figures come from those in REPORTED, which nobody looked at before.
"""

import argparse
import itertools
import json
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from trm_nav.diagnosis.findings import diagnose

HISTORIES = Path(__file__).with_name("histories")
TUNED_ON, REPORTED = range(10, 16), range(20, 26)
HEALTHY_REPORTED = range(20, 28)  # so that there are as many healthy runs as faulty ones

# Healthy settings that faults are put into, in turn.
COMMON = dict(
    num_train=2000,
    num_test=500,
    augment=True,
    supervision="policy",
    recursions=1,
    depth=2,
    dropout=0.0,
    lr=1e-2,
    weight_decay=0.01,
    epochs=20,
    patience=1000,
    grow_recursions=False,
)
BASES = {
    "dense": dict(COMMON, dim=32, recursions=2),
    "wide": dict(COMMON, num_train=3000, dim=64, dropout=0.1, lr=3e-3),
    "small grid": dict(COMMON, grid_size=5, dim=32),
}
# What each fault changes. A number that multiplies is a function of the healthy one.
FAULTS: dict[str, dict[str, Any]] = {
    "learning-rate-x30": dict(lr=lambda lr: 30 * lr),
    "learning-rate-x300": dict(lr=lambda lr: 300 * lr),
    "learning-rate-x001": dict(lr=lambda lr: lr / 100),
    "few-mazes": dict(num_train=300, augment=False, epochs=lambda epochs: 3 * epochs),
    "one-label": dict(supervision="action", augment=False),
    "small-model": dict(dim=8, depth=1, recursions=1),
    "shuffled-labels": {},
    "unturned-actions": {},
    "dropout-06": dict(dropout=0.6),
    "weight-decay-10": dict(weight_decay=10.0),
    "exploding-start": {},
    "other-density": {},
}
HEALTHY = {
    **BASES,
    "local": dict(COMMON, dim=16, mixing="conv", num_train=1000, recursions=4, epochs=12),
    "local unturned": dict(COMMON, dim=16, mixing="conv", recursions=4, augment=False, epochs=8),
    "local one label": dict(COMMON, dim=16, mixing="conv", recursions=4, supervision="action", epochs=15),
    "grown": dict(COMMON, dim=32, recursions=4, grow_recursions=True, epochs=18),
    "deep": dict(COMMON, dim=32, depth=4, epochs=15),
    "many mazes": dict(COMMON, dim=32, num_train=8000, epochs=8),
}


def runs() -> list[tuple[str, str, int]]:
    """All runs as (fault or "healthy", name of the healthy settings, seed)."""
    faulty = [
        (fault, base, seed)
        for fault in FAULTS
        for seeds in (TUNED_ON, REPORTED)
        for seed, base in zip(seeds, itertools.cycle(BASES))
    ]
    return faulty + [("healthy", base, seed) for base in HEALTHY for seed in (*TUNED_ON, *HEALTHY_REPORTED)]


def path_of(fault: str, base: str, seed: int) -> Path:
    return HISTORIES / f"{fault}-{base.replace(' ', '-')}-{seed}.json"


def make(run: tuple[str, str, int]) -> None:
    """Train one run and keep its history; losses and accuracies to four digits."""
    import torch

    from trm_nav.learning import training
    from trm_nav.mazes import dataset
    from trm_nav.mazes.symmetry import transform_batch
    from trm_nav.settings import DataSettings, TrainSettings

    torch.set_num_threads(1)
    fault, base, seed = run
    values = dict(HEALTHY[base], seed=seed, train_seed=1000 + seed, test_seed=2000 + seed)
    for name, change in FAULTS.get(fault, {}).items():
        values[name] = change(values[name]) if callable(change) else change
    data, settings = (
        kind.of({name: value for name, value in values.items() if name in kind.model_fields})
        for kind in (DataSettings, TrainSettings)
    )
    train_set, val_set = dataset.build(data)
    if fault == "shuffled-labels":
        train_set = replace(train_set, optimal=np.random.default_rng(seed).permutation(train_set.optimal))
    if fault == "other-density":
        val_set = dataset.build(data.model_copy(update={"obstacle_density": 0.4}))[1]
    one = training.Training(settings, train_set, val_set)
    if fault == "unturned-actions":  # every label moves to its new cell and keeps its old directions

        def turn(tokens, masks, agents, turns):
            moved = transform_batch(masks, masks, agents, turns)[0]
            tokens, _, agents = transform_batch(tokens, masks, agents, turns)
            return tokens, moved, agents

        training.transform_batch = turn
    if fault == "exploding-start":
        with torch.no_grad():
            for parameter in one.model.parameters():
                parameter.copy_(3 * torch.randn_like(parameter))
    try:
        for _ in one.epochs():
            pass
    except training.Diverged:
        pass
    finally:
        training.transform_batch = transform_batch
    record = one.record()
    for name in one.history:
        record[name] = [float(f"{value:.4g}") for value in record[name]]
    record["config"] = {
        name: value
        for name, value in record["config"].items()
        if name not in ("train_path", "val_path", "checkpoint_dir", "resume")
    }
    path_of(*run).write_text(json.dumps({"fault": fault, "settings": base, "seed": seed, **record}) + "\n")


def train() -> None:
    missing = [run for run in runs() if not path_of(*run).exists()]
    HISTORIES.mkdir(exist_ok=True)
    with ProcessPoolExecutor(2) as pool, tqdm(total=len(missing), unit="run") as bar:
        for _ in pool.map(make, missing):
            bar.update()


EXPECTED = {  # the findings that name a fault
    "learning-rate-x30": {"oscillating"},
    "learning-rate-x300": {"diverging"},
    "learning-rate-x001": {"crawling"},
    "few-mazes": {"overfitting"},
    "one-label": {"overfitting"},
    "small-model": {"underfitting"},
    "shuffled-labels": {"underfitting", "stuck at chance"},
    "unturned-actions": {"stuck at chance"},
    "dropout-06": {"underfitting"},
    "weight-decay-10": {"underfitting"},
    "exploding-start": {"diverging"},
    "other-density": {"different mazes"},
    "healthy": {"healthy", "still improving"},
}
NO_ALARM = {"healthy", "still improving", "too short to say", "too noisy to say"}


def judge(seeds: Iterable[int]) -> dict[str, Any]:
    """What the first finding of every run with one of the seeds says: counts by fault, and the figures made of them."""
    counts: dict[str, Counter] = {fault: Counter() for fault in EXPECTED}
    for fault, base, seed in runs():
        if seed in seeds:
            counts[fault][diagnose(path_of(fault, base, seed))[0].name] += 1
    recall, precision = {}, {}
    for finding in sorted(set.union(*EXPECTED.values()) - EXPECTED["healthy"]):
        caused = {fault for fault, names in EXPECTED.items() if finding in names}
        named = {fault: sum(counts[fault][name] for name in EXPECTED[fault]) for fault in caused}
        recall[finding] = sum(named.values()), sum(counts[fault].total() for fault in caused)
        precision[finding] = (
            sum(counts[fault][finding] for fault in caused),
            sum(one[finding] for one in counts.values()),
        )
    alarms = sum(number for name, number in counts["healthy"].items() if name not in NO_ALARM)
    return {
        "counts": {fault: dict(one.most_common()) for fault, one in counts.items()},
        "recall": recall,
        "precision": precision,
        "false alarms": (alarms, counts["healthy"].total()),
    }


def report(result: dict[str, Any]) -> str:
    """The judgement as Markdown."""
    lines = ["| fault | runs | first finding |", "|---|---|---|"]
    for fault, counts in result["counts"].items():
        found = ", ".join(f"{name} {number}" for name, number in counts.items())
        lines.append(f"| {fault} | {sum(counts.values())} | {found} |")
    lines += ["", "| finding | recall | precision |", "|---|---|---|"]
    for finding in result["recall"]:
        lines.append(f"| {finding} | {share(*result['recall'][finding])} | {share(*result['precision'][finding])} |")
    return "\n".join([*lines, "", f"False alarms on healthy runs: {share(*result['false alarms'])}"])


def share(part: int, whole: int) -> str:
    return f"{part} of {whole}, {part / whole:.0%}" if whole else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description="Training runs with faults in them, and what the diagnosis says.")
    parser.add_argument("what", choices=("train", "judge"))
    parser.add_argument("--tuned-on", action="store_true", help="judge on the runs that the thresholds were chosen by")
    arguments = parser.parse_args()
    if arguments.what == "train":
        train()
    else:
        print(report(judge(TUNED_ON if arguments.tuned_on else HEALTHY_REPORTED)))


if __name__ == "__main__":
    main()
