"""Checks for the exercises: each says what is wrong with an answer without giving the right one away."""

from collections.abc import Callable


def check(exercise: str, *claims: tuple[str, Callable[[], bool]]) -> None:
    """Test an answer claim by claim. Print the first claim that does not hold, or that the exercise is solved.

    A claim is a sentence that says what a right answer does, and a function that tests whether this answer does it.
    An answer that raises an exception, or is still `...`, fails the claim. `check` itself never raises, so the
    notebook keeps running.
    """
    for sentence, holds in claims:
        try:
            met = bool(holds())
            reason = ""
        except Exception as error:  # whatever a reader's code raises is part of the answer
            met = False
            reason = "" if "ellipsis" in str(error) else f" (it raised {type(error).__name__}: {error})"
        if not met:
            print(f"Exercise {exercise}: not yet. {sentence}{reason}")
            return
    print(f"Exercise {exercise}: solved.")
