"""Ask whether the pinned versions have known vulnerabilities, with pip-audit and npm audit. Needs the network.

    python scripts/audit.py

Installs pip-audit into runs/audit, unless the Python that runs this has it. Packages of npm are asked about where there
is an npm. Exit status 0 if nothing is known, 1 if something is, and 2, with one sentence, if somebody was not reached.
"""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PINNED = ROOT / "constraints.txt"
FOLDER = ROOT / "runs" / "audit"
PIP_AUDIT = "pip-audit==2.10.1"
NPM = {"configurable-http-proxy": "4.6.3"}  # what INSTRUCTORS.md installs with npm
PATIENCE = 15  # seconds for one answer of the network


class Unanswered(Exception):
    """Somebody could not be asked; the message says who, in one sentence."""


def main() -> int:
    known, unanswered = [], []
    for ask in (of_python, of_npm):
        try:
            known += ask()
        except Unanswered as sentence:
            unanswered.append(str(sentence))
    for line in known:
        print(line)
    for sentence in unanswered:
        print(sentence, file=sys.stderr)
    return 1 if known else 2 if unanswered else 0


def of_python() -> list[str]:
    """What is known about the versions of constraints.txt, a line each."""
    python = python_with_pip_audit()
    if python is None:
        raise Unanswered(f"{PIP_AUDIT} could not be installed; installing it and asking it need the network.")
    asked = subprocess.run(
        [python, "-m", "pip_audit", "-r", PINNED, "--no-deps", "--disable-pip", "--format=json",
         "--progress-spinner=off", f"--timeout={PATIENCE}"],
        capture_output=True, text=True,
    )  # fmt: skip
    try:
        answers: list[dict[str, Any]] = json.loads(asked.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (asked.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
        raise Unanswered(
            f"The service that knows the vulnerabilities could not be asked, which needs the network: {last}"
        ) from None
    known = [(answer, flaw) for answer in answers for flaw in answer.get("vulns", ())]
    # pip-audit itself counts these as harmless and exits with status 0.
    unknown = [answer["name"] for answer in answers if "skip_reason" in answer]
    if not known and (unknown or not answers):
        some = f", {', '.join(unknown[:3])} among them" if unknown else ""
        raise Unanswered(f"Nothing could be learnt about {len(unknown)} of {len(answers)} pinned packages{some}; "
                         "asking needs the network.")  # fmt: skip
    if not known:
        print(f"No vulnerability is known in the {len(answers)} versions of {PINNED.name}.")
    return [f"{answer['name']} {answer['version']}: {flaw['id']}, repaired in "
            f"{', '.join(flaw.get('fix_versions') or ['no version yet'])}" for answer, flaw in known]  # fmt: skip


def of_npm() -> list[str]:
    """What is known about the packages that npm installs, and those that come with them, a line each."""
    if not shutil.which("npm"):
        return []  # then nothing of it is installed here
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "package.json").write_text(json.dumps({"name": "audit", "private": True, "dependencies": NPM}))
    quiet = "--ignore-scripts", "--no-fund", f"--fetch-timeout={PATIENCE * 1000}", "--fetch-retries=0"
    subprocess.run(["npm", "install", "--package-lock-only", *quiet], cwd=FOLDER, capture_output=True)
    asked = subprocess.run(["npm", "audit", "--json", *quiet], cwd=FOLDER, capture_output=True, text=True)
    try:
        flaws: dict[str, dict[str, Any]] = json.loads(asked.stdout)["vulnerabilities"]
    except (ValueError, KeyError, TypeError):
        raise Unanswered(f"npm could not be asked about {', '.join(NPM)}; asking needs the network.") from None
    if not flaws:
        print(f"No vulnerability is known in what npm installs: {', '.join(NPM)}.")
    return [f"{name} {flaw.get('range', '')}: {flaw.get('severity', 'unknown')}, known to npm audit"
            for name, flaw in flaws.items()]  # fmt: skip


def python_with_pip_audit() -> str | None:
    """A Python that can run pip-audit, or None where it cannot be installed."""
    if importlib.util.find_spec("pip_audit"):
        return sys.executable
    python = FOLDER / "bin" / "python"
    for command in (
        [sys.executable, "-m", "venv", FOLDER],
        [python, "-m", "pip", "install", "--quiet", PIP_AUDIT],
    ):
        if subprocess.run(command, stdout=sys.stderr).returncode:
            return None
    return str(python)


if __name__ == "__main__":
    sys.exit(main())
