"""Group notebooks: lessons 04 and 05 under papermill with parameters that they cannot use."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from . import process
from .attack import Scene
from .oracle import LONGEST_MESSAGE
from .process import ROOT

LIMIT = 240.0  # seconds: a kernel starts, and imports PyTorch and matplotlib
PARAMETERS: dict[str, list[tuple[str, str]]] = {
    "04_train": [
        ("dim", "-1"),
        ("dim", "9" * 4000),
        ("recipe", "no-such\x1b[31m"),
        ("lr", "nan"),
        ("output_dir", "/proc/nothing"),
        ("no_such_parameter", "1"),
        ("grid_size", "[]"),
        ("num_train", "true"),
        ("device", "cuda:99999999999999999999"),
    ],
    "05_diagnostics": [
        ("epochs", "0"),
        ("epochs", "1.5"),
        ("lr", "inf"),
        ("seed", "-1"),
        ("dim", "line\nbreak"),
        ("num_trian", "100"),
    ],
}


def draw(seed: int, stage: Path) -> Iterator[tuple[str, Callable[[Scene], object]]]:
    for lesson, parameters in PARAMETERS.items():
        for name, value in parameters:
            yield f"{lesson} -p {name} {value[:40]!r}", partial(_executed, lesson, name, value)


def _executed(lesson: str, name: str, value: str, scene: Scene) -> None:
    """papermill fails, and the last line that it prints is the sentence for the mistake."""
    notebook = str(ROOT / "notebooks" / f"{lesson}.ipynb")
    words = [sys.executable, "-m", "papermill", "--no-progress-bar", notebook, "out.ipynb", "-p", name, value]
    if lesson == "04_train" and name != "output_dir":
        words += ["-p", "output_dir", "out"]
    kernels = {"JUPYTER_PATH": os.path.join(sys.prefix, "share", "jupyter")}
    outcome = process.started(words, scene.folder, lesson, limit=LIMIT, environment=kernels)
    scene.outcomes.append(outcome)
    said = outcome.last_line
    scene.expect(not outcome.hung, "hang: papermill does not end")
    scene.expect(outcome.status == 1, f"status {outcome.status}: {said[:200]}")
    scene.expect("UserError: " in said or "CannotWrite: " in said, f"message: papermill ends with: {said[:200]}")
    scene.expect(len(said) <= LONGEST_MESSAGE and said.isprintable(), f"message: {len(said)} letters: {said[:100]}")
    if (scene.folder / "out.ipynb").exists():
        json.loads((scene.folder / "out.ipynb").read_text(encoding="utf-8"))
