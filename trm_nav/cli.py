"""Command lines made from declared settings, and the one place that turns a user's mistake into exit status 2."""

import argparse
import io
import os
import re
import signal
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from itertools import zip_longest
from typing import Any, NoReturn

from pydantic.fields import FieldInfo

from .declaration import Settings, choices, flag_of, flags, is_switch, nearest
from .errors import UserError, printable

NAMED = re.compile(r"`(\w+)(?:=([^`]*))?`")  # a setting in a message: `dim` or `dim=64`


class Parser(argparse.ArgumentParser):
    """One flag for each setting: `--num-train` for `num_train`, `--augment/--no-augment` for a switch.

    What argparse itself refuses is raised as UserError, so that `run` handles every mistake.
    """

    def __init__(self, description: str, prog: str | None = None, settings: type[Settings] = Settings):
        super().__init__(prog=prog, description=description, allow_abbrev=False)
        self.settings = settings
        for name, field in settings.model_fields.items():
            default = "" if field.default is None else f" (default: {field.default})"
            help = f"{field.description}{default}".replace("%", "%%")
            action = argparse.BooleanOptionalAction if is_switch(field) else "store"
            value: dict[str, Any] = {} if is_switch(field) else {"metavar": _metavar(name, field)}
            self.add_argument(flag_of(name), action=action, default=argparse.SUPPRESS, help=help, **value)

    def given(self, arguments: argparse.Namespace) -> dict[str, Any]:
        """The settings given on the command line, validated; the others are absent."""
        values = self.settings.part_of(vars(arguments))
        return self.settings.from_strings({name: str(value) for name, value in values.items()})

    def parse_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> Any:
        words = list(sys.argv[1:] if args is None else args)
        self._refuse_values_for_switches(words)
        arguments, unknown = self.parse_known_args(words, namespace)
        if unknown:
            flag = unknown[0].split("=")[0]
            if not flag.startswith("-"):
                self.error(f"there is no use for '{unknown[0]}' here: every value follows its flag")
            self.error(f"there is no flag {flag}{nearest(flag, self._option_string_actions, '--help lists all flags')}")
        return arguments

    def _refuse_values_for_switches(self, words: Sequence[str]) -> None:
        for word, following in zip_longest(words, words[1:], fillvalue=""):
            flag, _, value = word.partition("=")
            if isinstance(self._option_string_actions.get(flag), argparse.BooleanOptionalAction):
                value = value or following
                if "=" in word or value.lower() in ("true", "false", "yes", "no", "on", "off", "1", "0"):
                    switch = flag.removeprefix("--").removeprefix("no-")
                    self.error(f"{flag} takes no value, not even '{value}': write --{switch} or --no-{switch}")

    def error(self, message: str) -> NoReturn:
        raise UserError(message)


def _metavar(name: str, field: FieldInfo) -> str:
    """What `--help` shows for the value: its choices, where it has a few."""
    return "|".join(map(str, choices(field))) or name.split("_")[-1].upper()


def in_flags(message: str) -> str:
    """A message that names settings, as a command line spells them: `dim` becomes --dim, `dim=64` becomes --dim 64."""

    def flag(match: re.Match[str]) -> str:
        name, value = match.groups()
        if name not in _setting_names():
            return match[0]
        if value in ("True", "False"):
            return flags({name: value == "True"})[0]
        return flag_of(name) if value is None else " ".join(flags({name: value}))

    return NAMED.sub(flag, message)


def _setting_names(kind: type[Settings] = Settings) -> set[str]:
    return set(kind.model_fields).union(*map(_setting_names, kind.__subclasses__()))


def run(main: Callable[[], None], prog: str) -> None:
    """Call a command's `main` and exit: 0 when done, 2 with one sentence for a user's mistake, 130 on Ctrl-C.

    It stays with these where the output goes to a full disk, to a closed stream, or to a terminal that cannot show a
    letter.
    """
    with suppress(OSError):
        _nowhere()  # opened now: later there may be no file left to open
    _prepare_streams()
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # trm_nav/__init__.py: until here, Ctrl-C ended it silently
        signal.signal(signal.SIGINT, signal.default_int_handler)
    status: Any = 0
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: _complain(f"{prog}: note: {printable(str(message))}")
            status = _status(main, prog)
        sys.stdout.flush()
    except BrokenPipeError:  # the program that reads the output, `head` for example, has closed it
        _let_go("stdout")
    except OSError as error:
        if error.filename is not None:
            raise
        if status == 0:
            _complain(f"{prog}: error: cannot write the output: {error.strerror}")
            status = 2
        _let_go("stdout")
    sys.exit(status)


def _status(main: Callable[[], None], prog: str) -> Any:
    """Call `main`. Returns the exit status, after the one line that explains it."""
    try:
        main()
    except SystemExit as end:
        return end.code
    except UserError as mistake:
        _complain(f"{prog}: error: {in_flags(str(mistake))}")
        return 2
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _complain(f"{prog}: interrupted")
        return 130
    return 0


def _prepare_streams() -> None:
    """Give the process the streams that it was started without, and let none fail on a letter that it cannot encode."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # a file that is opened later must not become the output
            setattr(sys, name, open(os.open(os.devnull, os.O_RDWR), "r+" if name == "stdin" else "w"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _complain(line: str) -> None:
    try:
        if sys.stderr is not None:
            print(line, file=sys.stderr, flush=True)
    except OSError:
        _let_go("stderr")


def _let_go(stream: str) -> None:
    """Forget what could not be written to "stdout" or "stderr", or Python would complain about it at the end."""
    try:
        os.dup2(_nowhere(), getattr(sys, stream).fileno())
    except OSError:
        setattr(sys, stream, None)


@cache
def _nowhere() -> int:
    return os.open(os.devnull, os.O_WRONLY)
