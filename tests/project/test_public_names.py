"""The names at the top of the package, on which other programs rely."""

import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import trm_nav

ROOT = Path(__file__).parents[2]
HISTORY = {name: [0.5] * 6 for name in ("train_loss", "train_acc", "val_loss", "val_acc")}


@pytest.mark.parametrize("name", trm_nav.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert inspect.getdoc(getattr(trm_nav, name))
    assert name in dir(trm_nav)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'plans'"):
        trm_nav.plans  # noqa: B018


def test_diagnose_is_a_function_before_and_after_its_command_has_been_imported():
    assert trm_nav.diagnose(HISTORY)[0].name
    command = importlib.import_module("trm_nav.diagnose")
    assert trm_nav.diagnose is command
    assert trm_nav.diagnose(HISTORY) == command.diagnose(HISTORY)


@pytest.mark.slow
def test_importing_the_package_loads_none_of_its_modules():
    code = (
        "import sys, trm_nav; print([name for name in sys.modules if name.startswith(('trm_nav.', 'torch', 'numpy'))])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.slow
def test_a_lesson_that_trains_nothing_does_not_load_pytorch():
    notebook = json.loads((ROOT / "notebooks" / "00_grids.ipynb").read_text(encoding="utf-8"))
    lines = (line.strip() for cell in notebook["cells"] if cell["cell_type"] == "code" for line in cell["source"])
    code = [line for line in lines if line.startswith("from trm_nav")] + ["import sys", "print('torch' in sys.modules)"]
    assert any("widgets" in line for line in code)
    ran = subprocess.run([sys.executable, "-c", "\n".join(code)], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
