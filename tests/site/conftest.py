"""The tests of the book find the browser where those of the lessons have it."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "course"))
