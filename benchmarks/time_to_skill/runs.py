"""The finished runs: a file for each, with one line for every evaluation."""

import json
import math
from pathlib import Path
from typing import Any

from benchmarks.time_to_skill.systems import SYSTEMS

Run = dict[str, Any]  # system, seed, threads, load, machine, parameters and, a list each, the COLUMNS
COLUMNS = ("mark", "seconds", "cpu_seconds", "epochs", "success")


def read(folder: Path) -> dict[str, list[Run]]:
    """The finished runs of each system that has any, by seed."""
    runs = {name: [read_run(path) for path in sorted(folder.glob(f"{name}-[0-9]*.jsonl"))] for name in SYSTEMS}
    return {name: some for name, some in runs.items() if some}


def read_run(path: Path) -> Run:
    """A run from its file, which has a line for each evaluation."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    same = {name: lines[0][name] for name in ("system", "seed", "threads", "load", "machine", "parameters")}
    return {**same, **{name: [round(line[name], 4) for line in lines] for name in COLUMNS}}


def seconds_to(run: Run, level: float) -> float:
    """Seconds at the first evaluation with at least this success; infinity if there was none."""
    return next(
        (seconds for seconds, success in zip(run["seconds"], run["success"], strict=True) if success >= level), math.inf
    )


def success_at(run: Run, mark: float) -> float:
    """Success at the last evaluation up to a mark, also where training was over before; nan before the first."""
    reached = [success for at, success in zip(run["mark"], run["success"], strict=True) if at <= mark]
    return reached[-1] if reached else math.nan
