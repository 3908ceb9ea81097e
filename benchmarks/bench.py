"""Runs the benchmarks and writes results/results.json, the pictures beside it, and RESULTS.md.

    make bench                             # under 15 minutes; installs the rivals into an environment of their own
    make bench ARGS="experts growth"       # measures only these sections; the others keep their results
    make bench ARGS=--long                 # more rounds, a million mazes and every system: about an hour more
    make bench ARGS="gpu --print"          # prints the section and saves nothing
    make bench ARGS=--write                # measures nothing; writes RESULTS.md again from results.json

Without make: `python -m benchmarks.bench`. Every section runs in a process of its own and is saved as soon as it is
done. Results that were measured on another processor are dropped.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

if not __package__:  # run as `python benchmarks/bench.py`, which searches that folder and not the repository
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.commands import ROOT, python
from benchmarks.machine import processor
from benchmarks.markdown import MEDIANS, table
from trm_nav import cli
from trm_nav.declaration import nearest
from trm_nav.errors import UserError

PROG = "benchmarks/bench.py"
TEXT = ROOT / "benchmarks" / "RESULTS.md"
RESULTS = ROOT / "benchmarks" / "results"
DATA = RESULTS / "results.json"

SECTIONS = (
    "experts",
    "generation",
    "training_step",
    "time_to_skill",
    "growth",
    "extrapolation",
    "gpu",
)  # each is a folder
PICTURES = {  # sections with a picture, and its text alternative
    "time_to_skill": "Share of held-out mazes solved against seconds since the process began, a line for each system",
    "growth": "Seconds per epoch and memory against mazes, grid size, dim, depth and recursions",
    "extrapolation": "Share of exact mazes against grid size, a line for each system, and a map of the wave's mazes",
}
LONGER = ("training_step", "time_to_skill", "growth", "extrapolation", "gpu")  # measured in part unless --long is given

LAST = "## All ratios"

Section = dict[str, Any]  # processor, date, seconds, long, result


def module(section: str, name: str) -> ModuleType:
    """`measure`, `report` or `picture` of a section."""
    return importlib.import_module(f"benchmarks.{section}.{name}")


def measure(name: str, long: bool) -> Section:
    """Measure one section in a process of its own, on one thread unless the section sets another number."""
    print(f"{name} ...", file=sys.stderr, flush=True)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        done = subprocess.run(
            python("-m", "benchmarks.bench", "--one", name, answer, *(["--long"] if long else [])),
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        if done.returncode:
            raise UserError(f"the section {name} failed, as shown above; the sections before it are saved")
        result = json.loads(answer.read_text())
    return {
        "processor": processor(),
        "date": time.strftime("%Y-%m-%d"),
        "long": long or name not in LONGER,
        "seconds": round(result.get("seconds", time.perf_counter() - started)),
        "result": result,
    }


def write(sections: dict[str, Section]) -> None:
    """Write results.json, with one line for each section, then the pictures and RESULTS.md."""
    lines = (f"{json.dumps(name)}: {json.dumps(section)}" for name, section in sections.items())
    DATA.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    TEXT.write_text(document(sections))
    for name in sections:
        if name in PICTURES:
            module(name, "picture").draw(sections[name]["result"], RESULTS / f"{name}.png")


def document(sections: dict[str, Section]) -> str:
    """The text of RESULTS.md: every measured section, and at the end all ratios in one table."""
    absent = [name for name in SECTIONS if name not in sections]
    rows = [row for name, section in sections.items() for row in module(name, "report").headlines(section["result"])]
    return "\n".join(
        [
            "# Benchmark results",
            "",
            "This project beside its rivals, measured on one machine in one run. The systems that are compared take "
            "turns, so that a slow minute affects all of them alike, and every ratio is computed within a round. "
            "`make bench` writes this file; it installs the rivals into an environment of their own. "
            "`results/results.json` holds the same numbers. Each section names its machine and its number of rounds. "
            "The last table lists every ratio and every aim, including the aims that were missed.",
            "",
            *([f"Not measured here: {', '.join(absent)}.", ""] if absent else []),
            *(line for name, section in sections.items() for line in section_lines(name, section)),
            LAST,
            "",
            MEDIANS,
            "",
            *table(["what", "ratio", "aim", "reached"], rows),
            "",
        ]
    )


def section_lines(name: str, section: Section) -> list[str]:
    """A section's report, its picture, and how to repeat the measurement."""
    whole = f"{name} --long" if name in LONGER else name
    measured = f"Measured on {section['date']} in {section['seconds']} s."
    repeat = f'To repeat it: `make bench ARGS="{whole if section["long"] else name}"`.'
    part = "" if section["long"] else f' This is a part; `make bench ARGS="{whole}"` measures all of it.'
    return [
        module(name, "report").report(section["result"]),
        "",
        *([f"![{PICTURES[name]}](results/{name}.png)", ""] if name in PICTURES else []),
        f"*{measured} {repeat}{part}*",
        "",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog=PROG, description="Measure this project beside its rivals.")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"{', '.join(SECTIONS)} (default: all)")
    parser.add_argument("--long", action="store_true", help=f"measure all of {', '.join(LONGER)}: an hour more")
    parser.add_argument("--print", action="store_true", help="print the sections and save nothing")
    parser.add_argument("--write", action="store_true", help="measure nothing; write RESULTS.md from results.json")
    parser.add_argument("--one", nargs=2, metavar=("SECTION", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        name, answer = arguments.one
        result = module(name, "measure").measure(quick=name in LONGER and not arguments.long)
        Path(answer).write_text(json.dumps(result))
        return
    for name in arguments.sections:
        if name not in SECTIONS:
            raise UserError(f"there is no section {name!r}{nearest(name, SECTIONS)}")
    chosen = arguments.sections or SECTIONS
    if arguments.print:
        for name in chosen:
            print("\n".join(section_lines(name, measure(name, arguments.long))))
        return
    sections = json.loads(DATA.read_text()) if DATA.exists() else {}
    if arguments.write and not sections:
        raise UserError(f"there is no {DATA.relative_to(ROOT)} yet: leave --write out to measure")
    if not arguments.write:
        sections = {name: section for name, section in sections.items() if section["processor"] == processor()}
        for name in chosen:
            sections[name] = measure(name, arguments.long)
            sections = {name: sections[name] for name in SECTIONS if name in sections}  # in order
            write(sections)
    write(sections)
    print(TEXT.read_text()[TEXT.read_text().index(LAST) :])


if __name__ == "__main__":
    cli.run(main, PROG)
