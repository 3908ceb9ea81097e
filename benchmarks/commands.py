"""Python commands of this repository, run as processes of their own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def python(*words: object) -> list[str]:
    """The command line that runs this interpreter with these words."""
    return [sys.executable, *map(str, words)]


def run(*words: object) -> str:
    """Run Python with these words at the root of the repository and return its standard output.

    Raises subprocess.CalledProcessError when the command fails. Standard error goes to the terminal.
    """
    return subprocess.run(python(*words), cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout
