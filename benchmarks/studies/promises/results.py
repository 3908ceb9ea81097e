"""The measured figures: the file benchmarks/results/promises.json, with one entry for each machine, and its lookup."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from benchmarks.commands import ROOT

RESULTS = ROOT / "benchmarks" / "results" / "promises.json"

Figures = dict[str, Any]  # as in the file, of any depth


def load() -> Figures:
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"machines": {}}


def save(figures: Figures) -> None:
    """Lists of plain values on one line each, so that a new seed is a small difference."""
    text = json.dumps(figures, indent=1, ensure_ascii=False)
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda found: "[" + re.sub(r"\s*\n\s*", " ", found[1]) + "]", text)
    temporary = RESULTS.with_suffix(".tmp")
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(RESULTS)


class Measured:
    """The figures of all machines, looked up by their keys."""

    def __init__(self, figures: Figures):
        self.machines: dict[str, Figures] = figures["machines"]

    def values(self, *keys: str) -> list[Any]:
        """What all machines have measured at this place, one after the other."""
        values: list[Any] = []
        for machine in self.machines.values():
            place: Any = machine
            for key in keys:
                place = place.get(key) if isinstance(place, dict) else None
            values += place if isinstance(place, list) else [] if place is None else [place]
        if not values:
            raise KeyError(".".join(keys))
        return values

    def latest(self, *keys: str) -> Any:
        """The one value of a figure that does not depend on the machine."""
        return self.values(*keys)[-1]

    def findings(self, label: str) -> dict[str, int]:
        """How many of the runs had which first finding, the most frequent first."""
        names = [name.split(" and ")[0] for name in self.values("presets", label, "finding")]
        return dict(Counter(names).most_common())

    def machines_first(self, *keys: str) -> Iterable[str]:
        """The names at this place, in the order in which the first machine has them."""
        return dict.fromkeys(name for place in self.values(*keys) for name in place)
