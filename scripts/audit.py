"""Ask whether the pinned versions have known vulnerabilities, with pip-audit. Needs the network.

    python scripts/audit.py

Installs pip-audit into runs/audit, unless the Python that runs this has it. Exit status 0 if nothing is known, 1 if
something is, and 2, with one sentence, if nobody could be asked.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PINNED = ROOT / "constraints.txt"
ENVIRONMENT = ROOT / "runs" / "audit"
PIP_AUDIT = "pip-audit==2.10.1"
PATIENCE = 15  # seconds for one answer of the network


def main() -> int:
    python = python_with_pip_audit()
    if python is None:
        return refuse(f"{PIP_AUDIT} could not be installed; installing it and asking it need the network.")
    asked = subprocess.run(
        [python, "-m", "pip_audit", "-r", PINNED, "--no-deps", "--disable-pip", "--format=json",
         "--progress-spinner=off", f"--timeout={PATIENCE}"],
        capture_output=True, text=True,
    )  # fmt: skip
    try:
        answers: list[dict[str, Any]] = json.loads(asked.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (asked.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
        return refuse(f"The service that knows the vulnerabilities could not be asked, which needs the network: {last}")
    known = [(answer, flaw) for answer in answers for flaw in answer.get("vulns", ())]
    for answer, flaw in known:
        repaired = ", ".join(flaw.get("fix_versions") or ["no version yet"])
        print(f"{answer['name']} {answer['version']}: {flaw['id']}, repaired in {repaired}")
    # pip-audit itself counts these as harmless and exits with status 0.
    unknown = [answer["name"] for answer in answers if "skip_reason" in answer]
    if known:
        return 1
    if unknown or not answers:
        some = f", {', '.join(unknown[:3])} among them" if unknown else ""
        return refuse(f"Nothing could be learnt about {len(unknown)} of {len(answers)} pinned packages{some}; "
                      "asking needs the network.")  # fmt: skip
    print(f"No vulnerability is known in the {len(answers)} versions of {PINNED.name}.")
    return 0


def python_with_pip_audit() -> str | None:
    """A Python that can run pip-audit, or None where it cannot be installed."""
    if importlib.util.find_spec("pip_audit"):
        return sys.executable
    python = ENVIRONMENT / "bin" / "python"
    for command in (
        [sys.executable, "-m", "venv", ENVIRONMENT],
        [python, "-m", "pip", "install", "--quiet", PIP_AUDIT],
    ):
        if subprocess.run(command, stdout=sys.stderr).returncode:
            return None
    return str(python)


def refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
