"""What the first finding says of every run, without and with noise on its curves."""

import zlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from benchmarks.studies.faults.runs import LONG, histories
from trm_nav.diagnosis.findings import diagnose

JITTER = 0.01  # relative standard deviation of the noise on the losses, and absolute one on the accuracies
JITTER_SEEDS = {"tuning": range(100, 103), "judged": range(300, 303)}
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
GROUPS = "short", "long", "short, jittered", "long, jittered"


def jittered(history: dict[str, Any], seed: int) -> dict[str, Any]:
    """The same history with noise on every number: losses times exp(JITTER x), accuracies plus JITTER x.

    x is standard normal, drawn for every epoch and curve, from a generator seeded with `seed` and the name of the run.
    """
    rng = np.random.default_rng([seed, zlib.crc32(history["name"].encode())])
    changed = dict(history)
    for name in ("train_loss", "val_loss"):
        loss = np.array(history[name], float)
        changed[name] = loss * np.exp(JITTER * rng.standard_normal(len(loss)))
    for name in ("train_acc", "val_acc"):
        accuracy = np.array(history[name], float)
        changed[name] = (accuracy + JITTER * rng.standard_normal(len(accuracy))).clip(0, 1)
    return changed


def grouped(part: str) -> dict[str, list[dict[str, Any]]]:
    """The histories of one file in the four groups; each run is in a jittered group once for every seed."""
    groups: dict[str, list[dict[str, Any]]] = {group: [] for group in GROUPS}
    for history in histories(part):
        length = "long" if history["kind"] in LONG else "short"
        groups[length].append(history)
        groups[f"{length}, jittered"] += [jittered(history, seed) for seed in JITTER_SEEDS[part]]
    return groups


def judge(histories: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What the first finding of every history says: counts by fault, and the figures made of them."""
    counts: dict[str, Counter[str]] = {fault: Counter() for fault in EXPECTED}
    for history in histories:
        counts[history["fault"]][diagnose(history)[0].name] += 1
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
        "counts": {fault: dict(one.most_common()) for fault, one in counts.items() if one},
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
    lines += [
        "",
        "| finding | found, of the runs with such a fault | right, of the runs where it came first |",
        "|---|---|---|",
    ]
    for finding in result["recall"]:
        lines.append(f"| {finding} | {share(*result['recall'][finding])} | {share(*result['precision'][finding])} |")
    return "\n".join([*lines, "", f"False alarms on healthy runs: {share(*result['false alarms'])}"])


def share(part: int, whole: int) -> str:
    return f"{part} of {whole}, {part / whole:.0%}" if whole else "-"
