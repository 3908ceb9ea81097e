"""The cases of the clinic, their families, and the file that the page reads."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from benchmarks.commands import ROOT
from benchmarks.studies.clinic.texts import FAULTS, ILLNESSES, PRESCRIPTIONS
from benchmarks.studies.clinic.treatments import treated
from benchmarks.studies.faults.judging import EXPECTED
from benchmarks.studies.faults.runs import Run, histories
from trm_nav.diagnosis.thresholds import THRESHOLDS
from trm_nav.files import write_atomically

RESULT = ROOT / "trm_nav" / "course" / "web" / "clinic.json"
HARM = 0.02  # of accuracy; a fault that costs less than this, beside healthy runs of its kind, did no harm
CURVES = "train_loss", "train_acc", "val_loss", "val_acc"
TWICE = "small grid"  # the kind of run that is treated with two seeds; the others take longer and have one

SHOWN: dict[tuple[str, tuple[int, ...]], list[str]] = {  # kind of run, seeds of its cases -> faults, in this order
    ("small grid", (22, 25)): [
        "few-mazes", "learning-rate-x300", "small-model", "learning-rate-x001", "one-label", "shuffled-labels",
        "unturned-actions", "weight-decay-10", "other-density", "exploding-start", "healthy", "dropout-06",
    ],
    ("long dense", (40, 41, 42)): ["learning-rate-x30", "few-mazes", "learning-rate-x300", "one-label"],
    ("long local", (40, 41, 42)): ["small-model", "healthy"],
}  # fmt: skip


@dataclass(frozen=True)
class Family:
    """The same fault in the same kind of run."""

    fault: str
    kind: str
    seeds: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"{self.fault} {self.kind}"

    @property
    def runs(self) -> list[Run]:
        """The runs that are treated."""
        seeds = self.seeds[: 2 if self.kind == TWICE else 1]
        return [Run(self.fault, self.kind, seed, "judged") for seed in seeds]


def families() -> Iterator[Family]:
    for (kind, seeds), faults in SHOWN.items():
        yield from (Family(fault, kind, seeds) for fault in faults)


def healthy_accuracy() -> dict[str, float]:
    """Kind of run -> the mean held-out accuracy of its healthy runs in the end."""
    ends: dict[str, list[float]] = {}
    for history in histories("judged"):
        if history["fault"] == "healthy":
            ends.setdefault(history["kind"], []).append(_end(history))
    return {kind: round(float(np.mean(accuracies)), 4) for kind, accuracies in ends.items()}


def _end(history: dict[str, Any]) -> float:
    return float(np.mean(history["val_acc"][-THRESHOLDS.last_epochs :])) if history["val_acc"] else 0.0


def began(history: dict[str, Any]) -> int | None:
    """The epoch in which the illness began, counted from 1; None if it has no beginning. ILLNESSES has the definitions.

    An illness may begin after the last epoch, with a loss that is no number.
    """
    name = next(iter(EXPECTED[history["fault"]]))
    train, val = (np.array(history[f"{part}_loss"], float) for part in ("train", "val"))
    if name == "overfitting":
        return int(min(val.argmin() + 2, len(val)))
    if name == "diverging":
        above = np.flatnonzero(train > THRESHOLDS.diverging_loss * history["chance"]["train"]["loss"])
        return int(above[0]) + 1 if len(above) else len(train) + 1
    if name == "oscillating":
        rises = np.diff(train)
        return int((rises > THRESHOLDS.begins_at * rises.max()).argmax()) + 2
    return None


def is_complete(family: Family, outcomes: dict[str, Any]) -> bool:
    """Whether the family has been treated with every prescription, with one seed at least."""
    return all(outcomes.get(name) or treated(family.runs[0], name) is None for name in PRESCRIPTIONS)


def cases(shown: list[Family]) -> list[dict[str, Any]]:
    """Every case with its history, the names that are right for it, and the epoch in which the illness began."""
    known, healthy = {history["name"]: history for history in histories("judged")}, healthy_accuracy()
    made = []
    for family in shown:
        for seed in family.seeds:
            history = known[Run(family.fault, family.kind, seed, "judged").name]
            harmless = family.fault != "other-density" and _end(history) > healthy[family.kind] - HARM
            names = {*EXPECTED[family.fault], *({"healthy"} if harmless else ())} & set(ILLNESSES)
            made.append(
                {
                    "family": family.name,
                    "seed": seed,
                    "right": sorted(names),
                    "began": None if harmless else began(history),
                    **{name: history[name] for name in (*CURVES, "diverged", "chance", "mazes", "config")},
                }
            )
    return made


def content(outcomes: dict[str, Any], machine: str, seconds: int) -> dict[str, Any]:
    """Everything that the page reads. Families that have not been treated with every prescription have no cases."""
    complete = [family for family in families() if is_complete(family, outcomes.get(family.name, {}))]
    healthy = healthy_accuracy()
    return {
        "command": "python -m benchmarks.studies.clinic",
        "machine": machine,
        "seconds": seconds,
        "harm": HARM,
        "illnesses": ILLNESSES,
        "faults": FAULTS,
        "prescriptions": PRESCRIPTIONS,
        "families": {
            family.name: {
                "fault": family.fault,
                "kind": family.kind,
                "healthy": healthy[family.kind],
                "changes": {
                    name: run.changes for name in PRESCRIPTIONS if (run := treated(family.runs[0], name)) is not None
                },
                "outcomes": {
                    name: found for name, found in outcomes.get(family.name, {}).items() if name in PRESCRIPTIONS
                },
            }
            for family in families()
        },
        "cases": cases(complete),
    }


def write(result: dict[str, Any]) -> None:
    """Write the file with one line for each family and each case, so that a diff can be read."""
    lines = []
    for name, value in result.items():
        if name == "families":
            inside = ",\n".join(f"  {json.dumps(key)}: {short(family)}" for key, family in value.items())
            lines.append(f' "families": {{\n{inside}\n }}')
        elif name == "cases":
            inside = ",\n".join(f"  {short(case)}" for case in value)
            lines.append(f' "cases": [\n{inside}\n ]')
        else:
            lines.append(f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}")
    text = "{\n" + ",\n".join(lines) + "\n}\n"

    def write_text(file: BinaryIO) -> None:
        file.write(text.encode())

    write_atomically(RESULT, write_text)


def short(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
