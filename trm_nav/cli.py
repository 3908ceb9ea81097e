"""Command lines made from declared settings, and the one place where a command turns a mistake into exit status 2."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .config import Settings, nearest
from .errors import UserError


class Parser(argparse.ArgumentParser):
    """One flag a setting: `--num-train` for `num_train`, `--augment/--no-augment` for a switch.

    What `argparse` itself refuses is raised as UserError, so that every mistake leaves by the same door.
    """

    def __init__(self, settings: type[Settings], description: str, prog: str | None = None, skip: Iterable[str] = ()):
        super().__init__(prog=prog, description=description, allow_abbrev=False)
        self.settings = settings
        for name, field in settings.model_fields.items():
            if name in skip:
                continue
            switch = bool in (field.annotation, *getattr(field.annotation, "__args__", ()))
            default = "" if field.default is None else f" (default: {field.default})"
            self.add_argument(
                "--" + name.replace("_", "-"),
                action=argparse.BooleanOptionalAction if switch else "store",
                default=argparse.SUPPRESS,
                help=(field.description + default).replace("%", "%%"),
                **({} if switch else {"metavar": name.split("_")[-1].upper()}),
            )

    def given(self, arguments: argparse.Namespace) -> dict:
        """The settings that stand on the command line, checked; those left out are absent."""
        stated = vars(arguments)
        return self.settings.from_strings({k: str(stated[k]) for k in self.settings.model_fields if k in stated})

    def parse_args(self, args=None, namespace=None):
        arguments, unknown = self.parse_known_args(args, namespace)
        if unknown:
            flag = unknown[0].split("=")[0]
            self.error(f"there is no flag {flag}{nearest(flag, self._option_string_actions)}")
        return arguments

    def error(self, message: str):
        raise UserError(message)


def flags(settings: Mapping[str, Any]) -> list[str]:
    """The settings as a command line has them: a `Parser` reads them back."""
    words = []
    for name, value in settings.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words.append(flag if value else flag.replace("--", "--no-", 1))
        else:
            words += [flag, str(value)]
    return words


def run(main: Callable[[], None], prog: str) -> None:
    """Call a command's `main` and leave: 0 when done, 2 with one sentence for a user's mistake, 130 on Ctrl-C."""
    try:
        main()
        sys.stdout.flush()
    except UserError as mistake:
        print(f"{prog}: error: {mistake}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # whoever read the output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print(f"{prog}: interrupted", file=sys.stderr)
        sys.exit(130)
