"""The expert as it was before its rewriting, out of the repository's history: a before and after in one run."""

import subprocess
import types
from functools import cache

import numpy as np
from recipes import ROOT

COMMIT = "555e335"  # a word held one cell of 64 mazes; now it holds a row of one maze


def optimal_actions(walls: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """As `trm_nav.expert.optimal_actions`. Raises ImportError in a copy without history."""
    return _module().optimal_actions(walls, goals)


@cache
def _module() -> types.ModuleType:
    shown = subprocess.run(["git", "show", f"{COMMIT}:trm_nav/expert.py"], cwd=ROOT, capture_output=True, text=True)
    if shown.returncode:
        raise ImportError(f"it needs the repository's history ({shown.stderr.strip()})")
    module = types.ModuleType("trm_nav.expert_before")
    module.__package__ = "trm_nav"  # what it imports are the rooms of today
    exec(compile(shown.stdout, "expert_before", "exec"), module.__dict__)
    return module
