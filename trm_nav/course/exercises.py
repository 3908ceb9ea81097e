"""Checks for the exercises: they say what is wrong with an answer and leave the answer to the reader."""

from collections.abc import Callable

solved: dict[str, bool] = {}
"Exercise -> whether its last check passed, in this process."


def check(exercise: str, *claims: tuple[str, Callable[[], bool]]) -> None:
    """Test an answer claim by claim and print the first that does not hold, or that the exercise is solved.

    Each claim is a sentence about what a right answer does, and a function that says whether this one does. An answer
    that raises, or is still `...`, has not met the claim. Nothing is raised: the notebook runs on.
    """
    solved[exercise] = False
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
    solved[exercise] = True
    print(f"Exercise {exercise}: solved.")
