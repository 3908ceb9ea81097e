"""Group outputs: commands whose outputs are full, closed, or cannot show every character, as processes of their own."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from . import process
from .attack import Scene
from .commands import COMMANDS, TRAIN, Command

ASCII = {"PYTHONIOENCODING": "ascii:strict", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ENDINGS: dict[str, tuple[str, dict[str, str]]] = {  # what the shell adds, and the environment
    "stdout is full": ("> /dev/full", {}),
    "stdout is closed": (">&-", {}),
    "stderr is closed": ("2>&-", {}),
    "stderr is full": ("2> /dev/full", {}),
    "all outputs are full": ("> /dev/full 2>&1", {}),
    "all are closed": ("<&- >&- 2>&-", {}),
    "stdin is closed": ("<&-", {}),
    "stdout ends early": ("| true", {}),
    "a terminal of ASCII": ("", ASCII),
    "a terminal of Latin-1": ("", {"PYTHONIOENCODING": "latin-1:strict"}),
}
MUST_FAIL = "stdout is full", "all outputs are full"
ODD_FOLDER = b"caf\xe9 \xf0\x9f\x98\x80"  # half of it is not UTF-8


def draw(seed: int, stage: Path) -> Iterator[tuple[str, Callable[[Scene], object]]]:
    for command in COMMANDS:
        for ending in ENDINGS:
            yield f"{command.name}: {ending}", partial(_ended, command, ending, False)
            if not command.name.startswith("c"):
                yield f"{command.name} with a mistake: {ending}", partial(_ended, command, ending, True)
    for ending in ("a terminal of ASCII", "a terminal of Latin-1", "stdin is closed"):
        yield f"train into a folder whose name is not UTF-8: {ending}", partial(_odd_folder, ending)


def _ended(command: Command, ending: str, mistaken: bool, scene: Scene) -> None:
    """A command that ends in a shell; with a mistake it has nothing to do, and has to say so."""
    scene.bring(*command.needs)
    words = [*command.small, *(["--no-such-flag", "é😀"] if mistaken else [])]
    status = _in_shell(scene, command, words, ending)
    must_fail = mistaken or (ending in MUST_FAIL and "|" not in ENDINGS[ending][0])
    if "|" not in ENDINGS[ending][0]:
        scene.expect(status != 0 or not must_fail, f"silent: status 0, although {ending} or there was a mistake")


def _in_shell(scene: Scene, command: Command, words: list[str], ending: str) -> int:
    shell, environment = ENDINGS[ending]
    run = '"$@"' if "|" in shell else 'exec "$@"'
    line = ["/bin/sh", "-c", f"{run} {shell}", "sh", *command.program, *words]
    outcome = process.started(line, scene.folder, f"{command.name} {shell}", environment=environment)
    heard = "2>" not in shell
    if outcome.status == 2 and not heard:  # the message is where nobody can read it
        scene.judged(replace(outcome, status=0), command.statuses)
        return 2
    return scene.judged(outcome, command.statuses).status


def _odd_folder(ending: str, scene: Scene) -> None:
    """The training is done, or refused before it starts."""
    scene.bring("data")
    name = os.fsdecode(ODD_FOLDER)
    words = [*TRAIN.small, "--checkpoint-dir", name]
    status = _in_shell(scene, TRAIN, words, ending)
    made = (scene.folder / name / "best.pt").exists()
    scene.expect(made == (status == 0), f"late: status {status}, and a checkpoint was {'' if made else 'not '}written")
