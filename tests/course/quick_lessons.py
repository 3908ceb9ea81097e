"""Smaller parameters for the lessons, where a test is not about what they measure.

`make nbmake` and `make notebooks` run every lesson with its own parameters.
"""

import re
from collections.abc import Mapping
from typing import Any

QUICK = {
    "00_grids": dict(num_mazes=2000),
    "01_astar": dict(num_mazes=200),
    "02_encoding": dict(num_train=50, epochs=2),
    "03_mixer": dict(dim=8, recursions=4, num_train=64, epochs=1, batch_size=8),
    "04_train": dict(num_train=200, num_test=50, epochs=2, evaluation_mazes=100),
    "05_diagnostics": dict(num_train=100, num_test=100, epochs=5),
    "06_resume": dict(num_train=100, epochs=5),
    "07_wave": dict(num_train=1500, epochs=2, local_train=300, local_epochs=1, short_epochs=1, huge=51),
    "08_search": dict(epochs=1, long_epochs=3, draws=40),
}
# Where most of a lesson's time is training, less of it, so that its exercises still have something to measure.
SHORTER = {
    "00_grids": dict(num_mazes=4000),
    "02_encoding": dict(num_mazes=500, num_train=200, epochs=4),
    "03_mixer": dict(num_train=300, epochs=3),
    "04_train": dict(num_train=1000, epochs=3, evaluation_mazes=500),
    "05_diagnostics": dict(num_train=300, num_test=200, num_final=500),
    "06_resume": dict(num_train=150),
    "07_wave": dict(num_train=4000, local_train=600, huge=61),
    "08_search": dict(epochs=2, long_epochs=6, draws=100),
}


def quicken(notebook: Any, lesson: str, parameters: Mapping[str, Mapping[str, Any]] = QUICK) -> None:
    """Put a lesson's smaller parameters, if it has any, into its parameter cell."""
    (cell,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ()))
    for name, value in parameters.get(lesson, {}).items():
        cell.source, found = re.subn(rf"^{name} = [^#]*", f"{name} = {value}  ", cell.source, flags=re.MULTILINE)
        assert found == 1, f"{lesson} has no parameter {name}"
