"""What a lesson's first cell installs on Colab: the course, and what Colab lacks.

Not the extra `course` of pyproject.toml, which would replace Colab's own IPython and ipywidgets by newer ones, with
which Colab does not work. anywidget allows itself on Colab what widgets of third parties need there.
"""

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TAG = "colab"  # of the cell
HIDDEN = "remove-cell"  # the tag with which the book leaves a cell out
LACKING = ("anywidget", "optuna")  # of what the lessons import


def installation(repository: str, version: str = "") -> str:
    """The line that installs the course from its repository; with a version, as its tag has it."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lacking = (re.findall(rf"^{name}==\S+", pins, re.MULTILINE)[0] for name in LACKING)
    return f'%pip install --quiet "trm_nav @ git+{repository}{version and f"@v{version}"}" {" ".join(lacking)}'


def first_cell(repository: str, version: str) -> str:
    """The code of a lesson's first cell, which does nothing elsewhere; "" where the repository is not known."""
    if not repository:
        return ""
    return (
        "# Installs the course on Colab; elsewhere, this cell does nothing.\n"
        "import sys\n\n"
        'if "google.colab" in sys.modules:\n'
        f"    {installation(repository, version)}"
    )


def is_for_colab(cell: dict[str, Any]) -> bool:
    """Whether a cell of a notebook is the one for Colab."""
    return TAG in cell["metadata"].get("tags", ())
