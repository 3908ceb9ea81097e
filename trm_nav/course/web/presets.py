"""What the trainer in a page accepts: defaults, presets, and for every setting its bounds and a description of them.

python -m trm_nav.course.web.presets     # writes trainer/settings.json again, after a change of the settings
"""

import json
from pathlib import Path
from typing import Any

from trm_nav.course.laboratory.controls import CHOICES
from trm_nav.course.laboratory.presets import DEFAULTS, PRESETS
from trm_nav.declaration import accepted, choices, is_switch
from trm_nav.errors import UserError
from trm_nav.files import write_atomically
from trm_nav.settings import DataSettings, TrainSettings

RESULT = Path(__file__).parent / "trainer" / "settings.json"
FIELDS = {**DataSettings.model_fields, **TrainSettings.model_fields}
READ = (  # the settings that the trainer has, in the order in which they are checked
    "grid_size", "obstacle_density", "num_train", "num_test", "train_seed", "test_seed", "seed",
    "mixing", "dim", "depth", "recursions", "grow_recursions", "dropout", "halting", "binary",
    "random_recursions", "gradient_recursions", "within_reach", "teacher_forcing",
    "supervision", "augment", "batch_size", "lr", "weight_decay", "epochs", "patience",
)  # fmt: skip
BOUNDS = ("ge", "gt", "le", "lt")
REFUSED: tuple[dict[str, Any], ...] = (  # settings that do not fit together; 1.0 stands for any number above 0
    {"halting": True, "mixing": "mlp"},
    {"binary": True, "halting": False},
    {"within_reach": True, "mixing": "mlp"},
    {"teacher_forcing": 1.0, "halting": False},
)
INSTEAD: dict[str, dict[str, Any]] = {  # where the page accepts less than the library
    "grid_size": {"kind": "int", "ge": 3, "le": 32, "accepted": "a whole number from 3 to 32"},
    "num_train": {"kind": "int", "ge": 1, "le": 100_000, "accepted": "a whole number from 1 to 100000"},
    "num_test": {"kind": "int", "ge": 1, "le": 10_000, "accepted": "a whole number from 1 to 10000"},
    "gradient_recursions": {"kind": "int", "ge": 1, "le": 256, "accepted": "a whole number from 1 to 256"},
    "obstacle_density": {"kind": "float", "ge": 0, "lt": 1, "accepted": "a number from 0 to less than 1"},
}


def settings() -> dict[str, Any]:
    """Defaults, presets, bounds, and the values of the laboratory's sliders, as plain values."""
    defaults = {name: DEFAULTS.get(name, FIELDS[name].default) for name in READ}
    defaults["patience"] = None  # as many as there are epochs
    bounds = {name: _setting(name) for name in READ}
    refused = [{"when": values, "sentence": _refusal(values)} for values in REFUSED]
    return {
        "defaults": defaults,
        "presets": PRESETS,
        "sliders": CHOICES,
        "settings": bounds,
        "refused": refused,
    }


def _refusal(values: dict[str, Any]) -> str:
    """The sentence with which the library refuses these settings."""
    try:
        TrainSettings.of(values)
    except UserError as mistake:
        return str(mistake)
    raise AssertionError(f"the library accepts {values}")


def _setting(name: str) -> dict[str, Any]:
    """What a setting accepts: its kind, its bounds or its choices, and both in words."""
    field = FIELDS[name]
    if name in INSTEAD:
        return INSTEAD[name]
    words = {"accepted": accepted(field)}
    if choices(field):
        return {"kind": "choice", "choices": choices(field), **words}
    if is_switch(field):
        return {"kind": "switch", "accepted": "true or false"}
    limits = {name: getattr(limit, name) for limit in field.metadata for name in BOUNDS if hasattr(limit, name)}
    kind = "int" if field.annotation is int else "float"
    return {"kind": kind, **limits, **words}


def text() -> str:
    """The content of settings.json."""
    return json.dumps(settings(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write_atomically(RESULT, lambda file: file.write(text().encode()))
