"""The one exception for mistakes that a user can make and correct."""


class UserError(ValueError):
    """A value, file or setting that cannot be used. The message is one sentence that says what to do instead.

    Commands print it after their name and exit with status 2. Notebooks show it without a traceback.
    """

    def _render_traceback_(self) -> list[str]:  # IPython calls this instead of formatting a traceback of its own
        return [f"{type(self).__name__}: {self}"]
