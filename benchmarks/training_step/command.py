"""Measures the whole command `python -m trm_nav.train` beside the bare loop over as many batches."""

import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.commands import run
from benchmarks.timing import interleaved, ratios, summary
from trm_nav.declaration import flags

COMMAND: dict[str, Any] = {
    "dim": 32,
    "recursions": 4,
    "dropout": 0.0,
    "threads": 1,
    "grow_recursions": False,
    "device": "cpu",
}
TRAIN, VALIDATION, EPOCHS = 5_000, 500, 6  # mazes, mazes, epochs
REPEATS, QUICK_REPEATS = 3, 2


def measure_command(quick: bool) -> dict[str, Any]:
    """Both run as whole processes and take turns."""
    inside: dict[str, list[float]] = {"command": [], "bare": []}  # seconds of the epochs alone
    with tempfile.TemporaryDirectory() as name:
        folder, checkpoints = Path(name), Path(name, "checkpoints")
        data = ("--num-train", TRAIN, "--num-test", VALIDATION, "--augment", "--output-dir", folder)
        run("scripts/generate_dataset.py", *data)
        paths = ("--train-path", folder / "train.pt", "--val-path", folder / "test.pt")

        def command() -> None:
            settings = (*flags(COMMAND), "--epochs", EPOCHS)
            run("-m", "trm_nav.train", *settings, *paths, "--checkpoint-dir", checkpoints)
            history = json.loads((checkpoints / "history.json").read_text())
            inside["command"].append(sum(history["seconds"]))

        def bare() -> None:
            inside["bare"].append(float(run("-m", "benchmarks.training_step.bare_loop", folder, EPOCHS)))

        whole = interleaved({"command": command, "bare": bare}, QUICK_REPEATS if quick else REPEATS)
    inside = {name: seconds[1:] for name, seconds in inside.items()}  # without the round that is not counted
    return {
        "settings": COMMAND,
        "mazes": [TRAIN, VALIDATION],
        "epochs": EPOCHS,
        "epochs_ratio": ratios(inside["command"], inside["bare"]),
        "whole_ratio": ratios(whole["command"], inside["bare"]),
        "processes_ratio": ratios(whole["command"], whole["bare"]),
        **{f"{name}_epochs": summary(seconds) for name, seconds in inside.items()},
        **{f"{name}_whole": summary(seconds) for name, seconds in whole.items()},
    }
