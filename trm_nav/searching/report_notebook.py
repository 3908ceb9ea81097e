"""The report of a study as a notebook, executed by papermill, with its pictures as files beside it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from trm_nav.errors import UserError

from .pictures import PICTURES

READ = """\
import json
from pathlib import Path

import matplotlib.pyplot as plt

from trm_nav.searching.pictures import PICTURES
from trm_nav.searching.report import in_words

found = json.loads((Path(folder) / "results.json").read_text())
print(in_words(found))"""
DRAW = """\
figure = PICTURES["{name}"][0](found)
figure.savefig(Path(folder) / "{name}.png", dpi=120, bbox_inches="tight")
plt.show()"""


def write_notebook(folder: Path) -> None:
    """Write report.ipynb and the pictures into a folder that has the results.json of a study."""
    template = folder / "template.ipynb"
    template.write_text(json.dumps(_template()))
    papermill = [sys.executable, "-W", "ignore", "-m", "papermill", "--no-progress-bar"]
    try:
        done = subprocess.run(
            [*papermill, template, folder / "report.ipynb", "-r", "folder", folder.resolve()],
            capture_output=True, text=True,
        )  # fmt: skip
    finally:
        template.unlink(missing_ok=True)
    if done.returncode:
        raise UserError(f"papermill could not execute {folder / 'report.ipynb'}: {done.stderr.splitlines()[-1:]}")


def _template() -> dict[str, Any]:
    cells = [
        _cell("markdown", "# A search, and what it found"),
        _cell("code", 'folder = "."  # of the report', tags=["parameters"]),
        _cell("code", READ),
    ]
    for name, (_, words) in PICTURES.items():
        cells += [_cell("code", DRAW.format(name=name)), _cell("markdown", words)]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _cell(kind: str, source: str, **metadata: Any) -> dict[str, Any]:
    outputs: dict[str, Any] = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "source": source, "metadata": metadata, **outputs}
