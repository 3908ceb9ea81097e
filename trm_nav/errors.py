"""The one exception for mistakes that a person can put right."""


class UserError(ValueError):
    """Something the user gave cannot be used; the message is one sentence that says what to do instead.

    Commands print it after their name and exit with status 2. Notebooks show the sentence without a traceback.
    """

    def _render_traceback_(self):  # IPython asks an exception for this before it formats a traceback of its own
        return [f"{type(self).__name__}: {self}"]
