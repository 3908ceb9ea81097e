"""The audit of the pinned versions tells what is known, what is not, and that it could not ask."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[2] / "scripts" / "audit.py"
CLEAN = {"name": "numpy", "version": "2.4.6", "vulns": []}
FLAWED = {"name": "tqdm", "version": "4.1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["4.2"]}]}
SKIPPED = {"name": "torch", "skip_reason": "Dependency not found on PyPI"}


def audit(folder: Path, answer: str, status: int = 0) -> subprocess.CompletedProcess:
    """Run the audit with a pip-audit that answers so."""
    (folder / "pip_audit.py").write_text(f"import sys\nprint({answer!r})\nsys.exit({status})\n")
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run([sys.executable, AUDIT], capture_output=True, text=True, env=environment)


def answer(*dependencies: dict) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_nothing_known_is_success(tmp_path):
    done = audit(tmp_path, answer(CLEAN))
    assert done.returncode == 0, done.stderr
    assert "No vulnerability is known in the 1 versions" in done.stdout


def test_a_known_vulnerability_is_named_with_the_version_that_repairs_it(tmp_path):
    done = audit(tmp_path, answer(CLEAN, FLAWED), status=1)
    assert done.returncode == 1
    assert done.stdout == "tqdm 4.1: PYSEC-1, repaired in 4.2\n"


@pytest.mark.parametrize(("said", "status"), [(answer(SKIPPED, CLEAN), 0), ("", 1), (answer(), 0), ("[]", 0)])
def test_an_audit_that_could_not_ask_is_no_success_and_says_so_in_one_line(tmp_path, said, status):
    done = audit(tmp_path, said, status)
    assert done.returncode == 2
    assert not done.stdout
    (sentence,) = done.stderr.splitlines()
    assert "network" in sentence
