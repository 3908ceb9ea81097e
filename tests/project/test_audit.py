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
NPM_CLEAN = {"vulnerabilities": {}}
NPM_FLAWED = {"vulnerabilities": {"ws": {"severity": "high", "range": "<8.17.1"}}}


def audit(folder: Path, answer: str, status: int = 0, npm: object = NPM_CLEAN) -> subprocess.CompletedProcess:
    """Run the audit with a pip-audit and an npm that answer so."""
    (folder / "pip_audit.py").write_text(f"import sys\nprint({answer!r})\nsys.exit({status})\n")
    fake = folder / "npm"
    fake.write_text(f"#!/bin/sh\necho '{json.dumps(npm)}'\n")
    fake.chmod(0o755)
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    environment = {**os.environ, "PYTHONPATH": str(folder), "PATH": path}
    return subprocess.run([sys.executable, AUDIT], capture_output=True, text=True, env=environment)


def answer(*dependencies: dict) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_nothing_known_is_success(tmp_path):
    done = audit(tmp_path, answer(CLEAN))
    assert done.returncode == 0, done.stderr
    assert "No vulnerability is known in the 1 versions" in done.stdout
    assert "No vulnerability is known in what npm installs" in done.stdout


def test_a_known_vulnerability_is_named_with_the_version_that_repairs_it(tmp_path):
    done = audit(tmp_path, answer(CLEAN, FLAWED), status=1)
    assert done.returncode == 1
    assert "tqdm 4.1: PYSEC-1, repaired in 4.2\n" in done.stdout


def test_a_vulnerability_that_npm_knows_is_named_too(tmp_path):
    done = audit(tmp_path, answer(CLEAN), npm=NPM_FLAWED)
    assert done.returncode == 1
    assert "ws <8.17.1: high, known to npm audit\n" in done.stdout


@pytest.mark.parametrize(("said", "status"), [(answer(SKIPPED, CLEAN), 0), ("", 1), (answer(), 0), ("[]", 0)])
def test_an_audit_that_could_not_ask_is_no_success_and_says_so_in_one_line(tmp_path, said, status):
    done = audit(tmp_path, said, status)
    assert done.returncode == 2
    assert "versions of" not in done.stdout
    (sentence,) = done.stderr.splitlines()
    assert "network" in sentence


def test_an_npm_that_could_not_ask_is_no_success_either(tmp_path):
    done = audit(tmp_path, answer(CLEAN), npm={"message": "405 Method Not Allowed"})
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert "npm could not be asked" in sentence and "network" in sentence
