"""The diagnosis as data: every threshold, sentence and remedy, for the pages that repeat it without Python.

    python -m trm_nav.course.web.tables     # writes diagnosis.json again, after a change in trm_nav/diagnosis

The scripts beside it have the logic and nothing else, so that no number and no sentence stands in two places.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trm_nav.declaration import choices, is_switch
from trm_nav.diagnosis.curves import SECOND_DIFFERENCE, WORST_GUESS
from trm_nav.diagnosis.remedies import CURES_OF_EXTREMES, EXTREME, EXTREMES_FIRST, LEARNING_RATE, REMEDIES
from trm_nav.diagnosis.thresholds import THRESHOLDS
from trm_nav.diagnosis.wording import EVIDENCE
from trm_nav.files import write_atomically
from trm_nav.settings import DataSettings, TrainSettings

RESULT = Path(__file__).parent / "diagnosis.json"
FIELDS = {**DataSettings.model_fields, **TrainSettings.model_fields}
READ = (  # the settings from which a remedy starts
    "num_train", "augment", "dim", "depth", "mixing", "dropout", "batch_size", "lr", "weight_decay", "epochs",
    "supervision",
)  # fmt: skip


def tables() -> dict[str, Any]:
    """Everything in the diagnosis that is a number, a sentence or a list, as plain values."""
    return {
        "thresholds": THRESHOLDS.model_dump(),
        "worst_guess": WORST_GUESS,
        "second_difference": SECOND_DIFFERENCE,
        "highest_lr": LEARNING_RATE[-1],
        "evidence": EVIDENCE,
        "settings": {name: _setting(name) for name in READ},
        "remedies": {finding: [_rule(rule) for rule in rules] for finding, rules in REMEDIES.items()},
        "extreme": EXTREME,
        "extremes_first": EXTREMES_FIRST,
        "cures_of_extremes": {name: _rule(rule) for name, rule in CURES_OF_EXTREMES.items()},
    }


def _setting(name: str) -> dict[str, Any]:
    """What a setting accepts: its kind, its bounds or its choices; and its default."""
    field = FIELDS[name]
    kind = "choice" if choices(field) else "switch" if is_switch(field) else field.annotation.__name__  # type: ignore[union-attr]
    bounds = {
        bound: getattr(limit, bound)
        for limit in field.metadata
        for bound in ("ge", "gt", "le", "lt")
        if hasattr(limit, bound)
    }
    known = {"choices": choices(field)} if choices(field) else bounds
    return {"kind": kind, "default": field.default, **known}


def _rule(rule: Any) -> dict[str, Any]:
    """A rule for a remedy as its fields, and the name of its class as `rule`."""
    fields = {name: list(value) if isinstance(value, range) else value for name, value in asdict(rule).items()}
    return {"rule": type(rule).__name__, **fields}


def text() -> str:
    """The content of diagnosis.json."""
    return json.dumps(tables(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write_atomically(RESULT, lambda file: file.write(text().encode()))
