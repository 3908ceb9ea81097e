"""The lessons: their files, and how many minutes each takes to read and to exercise."""

import json
import re
from pathlib import Path

from benchmarks.commands import ROOT

# How long a lesson takes to read, estimated from its text.
WORDS_A_MINUTE = 150
SECONDS_A_CODE_LINE = 3
SECONDS_A_PREDICTION = 60
EXERCISE_TAGS = {"exercise", "check", "solution"}
EXERCISE = re.compile(r"^### .*?\b(\d+) minutes", re.MULTILINE)


def lessons() -> list[Path]:
    return sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def reading(path: Path) -> dict[str, int]:
    """Minutes for reading a lesson, estimated, and for its exercises, as their headings say."""
    seconds = exercises = 0.0
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        text, tags = "".join(cell["source"]), set(cell["metadata"].get("tags", ()))
        if cell["cell_type"] == "markdown":
            exercises += sum(map(int, EXERCISE.findall(text)))
            if "<details" not in text:  # a folded solution is not read on the way
                seconds += len(text.split()) / WORDS_A_MINUTE * 60 + text.count("**Predict**") * SECONDS_A_PREDICTION
        elif not tags & EXERCISE_TAGS:
            seconds += SECONDS_A_CODE_LINE * sum(bool(line.strip()) for line in text.splitlines())
    return {"reading_minutes": 5 * round(seconds / 300), "exercise_minutes": int(exercises)}
