"""The Dockerfile's steps, in order, in a clean folder: for machines on which no Docker runs.

What comes before USER needs a container's root: it is printed, not run. The folder stands for the image's root: what
would lie under /opt lies below it. A variable of the environment replaces the ARG of its name.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from string import Template

from benchmarks.commands import ROOT

Step = tuple[str, str]  # (RUN, what it runs)
COMMANDS = ("jupyter lab --version", "jupyterhub-singleuser --version", "python -c 'import trm_nav'")  # at the end


def rehearse() -> None:
    """Carry the steps out and try what a hub, Binder and the image's own command start.

    Raises subprocess.CalledProcessError if a step fails, FileNotFoundError if COPY names what is not there.
    """
    with tempfile.TemporaryDirectory() as name:
        image = Image(Path(name))
        for instruction, words in steps((ROOT / "Dockerfile").read_text(encoding="utf-8")):
            image.do(instruction, words)
        for command in COMMANDS:
            image.do("RUN", command)
        print("Every step that needs no container's root was carried out.")


def steps(text: str) -> Iterator[Step]:
    """The instructions of a Dockerfile, without comments, each on one line."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        instruction, _, words = line.partition(" ")
        yield instruction, words.strip()


class Image:
    """A folder that stands for an image's root while its instructions are carried out."""

    def __init__(self, root: Path):
        self.root, self.folder = root, root
        self.variables: dict[str, str] = {}
        self.is_root = True  # until USER
        python = Path(sys.base_prefix, "bin")  # the base image's own Python comes first on its PATH
        self.environment = {"PATH": f"{python}{os.pathsep}{os.defpath}", "HOME": str(root)}
        # What this machine needs to reach the network.
        self.environment |= {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "SSL_", "HTTP"))}

    def do(self, instruction: str, words: str) -> None:
        print(f"{instruction} {words}"[:120], flush=True)
        action = getattr(self, instruction.lower(), None)
        if action is not None:  # FROM, EXPOSE and CMD change nothing here
            action(words)

    def arg(self, words: str) -> None:
        name, _, value = words.partition("=")
        self.variables[name] = os.environ.get(name, self.expand(value.strip('"')))

    def env(self, words: str) -> None:
        for name, _, value in (word.partition("=") for word in shlex.split(words)):
            self.variables[name] = self.expand(value)
            if name not in ("HOME", "USER"):  # this user's own, below the folder
                self.environment[name] = self.here(self.variables[name])

    def user(self, words: str) -> None:
        self.is_root = False

    def workdir(self, words: str) -> None:
        self.folder = Path(self.here(words))
        self.folder.mkdir(parents=True, exist_ok=True)

    def copy(self, words: str) -> None:
        *sources, target = (word for word in words.split() if not word.startswith("--"))
        for source in sources:
            chosen = [path for path in tracked_files() if source == "." or path.is_relative_to(source)]
            if not chosen:
                raise FileNotFoundError(f"COPY {source}: there is no such file under version control")
            for path in chosen:
                inside = path if source == "." else Path(target) / path.name
                place = self.folder / inside
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / path, place)

    def run(self, words: str) -> None:
        if self.is_root:
            print("    not run: it needs a container's root")
            return
        values = {name: value for name, value in self.variables.items() if name not in ("HOME", "USER")}
        subprocess.run(["sh", "-c", self.here(words)], cwd=self.folder, env={**values, **self.environment}, check=True)

    def expand(self, value: str) -> str:
        return Template(value).safe_substitute({**self.variables, "PATH": self.environment["PATH"]})

    def here(self, value: str) -> str:
        return value.replace("/opt/", f"{self.root}/opt/")


def tracked_files() -> list[Path]:
    """What a build from a clean checkout is given."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, text=True, capture_output=True).stdout
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).exists()]
