"""The one exception for mistakes that a user can make and correct."""

import re

LONGEST = 200  # letters of a word in a message, for example of a path or a value that it repeats


class UserError(ValueError):
    """A value, file or setting that cannot be used. The message is one sentence that says what to do instead.

    Commands print it after their name and exit with status 2. Notebooks show it without a traceback. The message is
    one line of printable text, whatever was put into it.
    """

    def __init__(self, message: str):
        super().__init__(printable(message))

    def _render_traceback_(self) -> list[str]:  # IPython calls this instead of formatting a traceback of its own
        return [f"{type(self).__name__}: {self}"]


def printable(text: str) -> str:
    """The text in one line: control characters and halves of surrogate pairs escaped, long words shortened."""
    text = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    return re.sub(rf"\S{{{LONGEST},}}", lambda word: f"{word[0][: LONGEST // 2]}...{word[0][-LONGEST // 2 :]}", text)


def shown(value: object) -> str:
    """A value as a message shows it: `repr`, or its type where that fails or is too long to read."""
    try:
        text = repr(value)
    except Exception:  # of a number with thousands of digits, for example
        text = ""
    return text if 0 < len(text) <= LONGEST // 2 else f"{text[: LONGEST // 2 - 20]}... ({type(value).__name__})"
