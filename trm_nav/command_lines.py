"""The command lines that reproduce a run from its settings."""

from collections.abc import Mapping
from typing import Any

from .declaration import flags
from .settings import FIRST_LOOK, DataSettings, TrainSettings

FIELDS = {
    name: field
    for name, field in {**DataSettings.model_fields, **TrainSettings.model_fields}.items()
    if name not in ("num_final", "final_seed")  # an experiment has no third set
}
"Every setting of an experiment: how its mazes are made, and how it is trained on them."

FOLLOWING = {"train_path", "val_path", "checkpoint_dir", "resume", "grid_size", "augment"}
"Settings of a training that follow from the folder and from the data."


def notebook(data: Mapping[str, Any], training: Mapping[str, Any], folder: str) -> list[str]:
    """The words that run lesson 04 with these settings, as plain values; everything is written into `folder`."""
    parameters = {"output_dir": folder, **_differing({**data, **training}, FIRST_LOOK)}
    words = [word for name, value in parameters.items() for word in ("-p", name, str(value))]
    return ["papermill", "notebooks/04_train.ipynb", "out.ipynb", *words]


def commands(data: Mapping[str, Any], training: Mapping[str, Any], folder: str) -> list[list[str]]:
    """The words of the two commands that generate the mazes and train on them, into `folder`."""
    paths = {
        "train_path": f"{folder}/data/train.pt",
        "val_path": f"{folder}/data/test.pt",
        "checkpoint_dir": f"{folder}/checkpoints",
    }
    return [
        ["python", "scripts/generate_dataset.py", *flags({"output_dir": f"{folder}/data", **_differing(data)})],
        ["python", "-m", "trm_nav.train", *flags({**paths, **_differing(training)})],
    ]


def _differing(values: Mapping[str, Any], defaults: Mapping[str, Any] = {}) -> dict[str, Any]:
    """The values that differ from their defaults: from those given, and else from the setting's own."""
    known = {name: value for name, value in values.items() if name in FIELDS}
    return {name: value for name, value in known.items() if value != defaults.get(name, FIELDS[name].default)}
