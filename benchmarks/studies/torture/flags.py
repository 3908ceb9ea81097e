"""Group flags: every flag of every command with every ill-formed value, and every path that is no file to be read."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from trm_nav.declaration import flag_of, is_switch

from .attack import Scene
from .commands import CERTIFY, COMMANDS, COMPARE, DIAGNOSE, TRAIN, Command
from .hostile import PATHS, WORDS
from .process import Signal

# Values within their bounds that may ask for much: refused with a sentence, or at work until Ctrl-C.
LARGE = {
    "train": {"dim": 4096, "depth": 64, "recursions": 256, "batch_size": 1_000_000, "epochs": 100_000, "threads": 1024},
    "evaluate": {"mazes": 1_000_000, "grid_size": 1024},
    "generate": {"num_train": 10_000_000, "num_test": 10_000_000, "num_final": 10_000_000, "grid_size": 1024},
}
PATIENCE = 8.0  # seconds until Ctrl-C
POSITIONAL = {CERTIFY.name: [""], COMPARE.name: [""], DIAGNOSE.name: ["", "--data"]}
SWITCHES = ["--repair", "--json", "--verify", "--help", "--version", "--recipe", "--no-such-flag", "-x", "--", "-"]


def draw(seed: int, stage: Path) -> Iterator[tuple[str, Callable[[Scene], object]]]:
    for command in COMMANDS:
        for flag in _flags(command):
            for word in WORDS:
                yield f"{command.name} {flag} {word[:40]!r}", partial(_word, command, flag, word)
            for what in PATHS if _takes_path(command, flag) else ():
                yield f"{command.name} {flag} {what}", partial(_path, command, flag, what)
        for switch in SWITCHES:
            for word in ("", "true", "\n", "x" * 5000):
                yield f"{command.name} {switch} {word[:9]!r}", partial(_switch, command, switch, word)
        for name, value in LARGE.get(command.name, {}).items():
            yield f"{command.name} {flag_of(name)} {value}", partial(_large, command, (flag_of(name), str(value)))
    words = ("--dim", "4096", "--depth", "64")
    yield f"train {' '.join(words)}", partial(_large, TRAIN, words)


def _flags(command: Command) -> list[str]:
    """The command's flags that take a value; empty text for a value that follows no flag."""
    if command.settings is None:
        return POSITIONAL[command.name]
    names = [flag_of(name) for name, field in command.settings.model_fields.items() if not is_switch(field)]
    return [*names, *(["--recipe"] if command is TRAIN else [])]


def _takes_path(command: Command, flag: str) -> bool:
    fields = {} if command.settings is None else command.settings.model_fields
    paths = {flag_of(name) for name in fields if name.endswith(("_path", "_dir")) or name in ("resume", "checkpoint")}
    return flag in paths if fields else True


def _given(command: Command, flag: str, word: str) -> tuple[str, ...]:
    """The command's small words with this one; it takes the place of a value that follows no flag."""
    if flag:
        return (*command.small, flag, word)
    return (word, *command.small[1:])


def _word(command: Command, flag: str, word: str, scene: Scene) -> None:
    scene.bring(*command.needs)
    scene.run(command, *_given(command, flag, word), allowed=command.statuses)


def _path(command: Command, flag: str, what: str, scene: Scene) -> None:
    scene.bring(*command.needs)
    path = PATHS[what](scene.folder)
    scene.run(command, *_given(command, flag, path), allowed=command.statuses, limit=30)


def _switch(command: Command, switch: str, word: str, scene: Scene) -> None:
    scene.bring(*command.needs)
    scene.run(command, *command.small, switch, *([word] if word else []), allowed=command.statuses)


def _large(command: Command, words: tuple[str, ...], scene: Scene) -> None:
    scene.bring(*command.needs)
    scene.run(command, *command.small, *words, allowed=(*command.statuses, 130), watch=Signal(PATIENCE))
