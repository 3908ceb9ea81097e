"""All that is compared, in one go: measures the sections and writes results.json and RESULTS.md beside this file.

    make bench                             # less than a quarter of an hour, in an environment of its own
    make bench ARGS="experts growth"       # only these sections; the others stay as they were measured
    make bench ARGS=--long                 # more rounds, a million mazes, all the systems to train: an hour more
    make bench ARGS=--write                # only write RESULTS.md again, from results.json

Every section is measured in a process of its own, one after the other, and kept as soon as it is done. Sections that
were measured on another processor are dropped.
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
from typing import Any

from recipes import ROOT, machine
from timing import table

from trm_nav import cli
from trm_nav.errors import UserError
from trm_nav.settings import nearest

PROG = "benchmarks/bench.py"
DATA, TEXT = ROOT / "benchmarks" / "results.json", ROOT / "benchmarks" / "RESULTS.md"
SECTIONS = {  # the room that measures, and the one that reports
    "experts": ("experts", "experts_report"),
    "whole_process": ("whole_process", "whole_process"),
    "training_step": ("training_step", "training_step_report"),
    "time_to_skill": ("time_to_skill", "time_to_skill_report"),
    "growth": ("growth", "growth_report"),
    "gpu": ("gpu", "gpu"),
}
PICTURES = {"time_to_skill": "time_to_skill_report", "growth": "growth"}  # the room that draws name.png
LONGER = ("training_step", "time_to_skill", "growth", "gpu")  # measured in part, unless the long way is asked for

LAST = "## All ratios"

Section = dict[str, Any]  # processor, date, seconds, long, result


def measure(name: str, long: bool) -> Section:
    """One section, in a process of its own on one thread unless it says otherwise."""
    print(f"{name} ...", file=sys.stderr, flush=True)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        done = subprocess.run(
            [sys.executable, __file__, "--one", name, str(answer), *(["--long"] if long else [])],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        if done.returncode:
            raise UserError(f"the section {name} failed, for the reason above; what was measured before it is kept")
        result = json.loads(answer.read_text())
    return {
        "processor": processor(),
        "date": time.strftime("%Y-%m-%d"),
        "long": long or name not in LONGER,
        "seconds": round(result.get("seconds", time.perf_counter() - started)),
        "result": result,
    }


def processor() -> str:
    return machine().partition(";")[0].rpartition(",")[0]  # without versions, date and threads


def write(sections: dict[str, Section]) -> None:
    """results.json, on one line for each section, and RESULTS.md from it."""
    lines = (f"{json.dumps(name)}: {json.dumps(section)}" for name, section in sections.items())
    DATA.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    TEXT.write_text(document(sections))
    for name in PICTURES.keys() & sections.keys():
        importlib.import_module(PICTURES[name]).draw(sections[name]["result"], TEXT.with_name(f"{name}.png"))


def document(sections: dict[str, Section]) -> str:
    """RESULTS.md: the sections that were measured, and at the end all ratios in one table."""
    parts, rows = [], []
    for name, section in sections.items():
        room = importlib.import_module(SECTIONS[name][1])
        again = f"{name} --long" if name in LONGER and section["long"] else name
        parts += [
            room.report(section["result"]),
            "",
            *([f"![{name}]({name}.png)", ""] if name in PICTURES else []),
            f"*Measured on {section['date']} in {section['seconds']} s, "
            + ("" if section["long"] else f'in part: `make bench ARGS="{name} --long"` measures all of it, ')
            + f'and again by `make bench ARGS="{again}"`.*',
            "",
        ]
        rows += room.headlines(section["result"])
    absent = [name for name in SECTIONS if name not in sections]
    return "\n".join(
        [
            "# Side by side",
            "",
            "This project and its rivals, measured on one machine in the same run: what is compared takes turns, so that "
            "a slow minute weighs on all of it, and every ratio is taken round by round. Written by `make bench`, which "
            "installs what it needs into an environment of its own; `results.json` holds the same in numbers. Each section "
            "names its machine and says how often it measured; the last table has all ratios and all aims, those missed "
            "too.",
            "",
            *([f"Not measured here: {', '.join(absent)}.", ""] if absent else []),
            *parts,
            LAST,
            "",
            "Medians, and in brackets the lowest and the highest.",
            "",
            *table(["what", "ratio", "aim", "reached"], rows),
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog=PROG, description="Measure this project and its rivals side by side.")
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)} (default: all of them)"
    )
    parser.add_argument("--long", action="store_true", help=f"all of {' and '.join(LONGER)}, which takes an hour more")
    parser.add_argument("--write", action="store_true", help="measure nothing, only write RESULTS.md again")
    parser.add_argument("--one", nargs=2, metavar=("SECTION", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        name, answer = arguments.one
        result = importlib.import_module(SECTIONS[name][0]).measure(quick=name in LONGER and not arguments.long)
        Path(answer).write_text(json.dumps(result))
        return
    for name in arguments.sections:
        if name not in SECTIONS:
            raise UserError(f"there is no section {name!r}{nearest(name, SECTIONS)}")
    sections = json.loads(DATA.read_text()) if DATA.exists() else {}
    if arguments.write and not sections:
        raise UserError(f"there is no {DATA.relative_to(ROOT)} yet: leave --write out to measure")
    if not arguments.write:
        sections = {name: section for name, section in sections.items() if section["processor"] == processor()}
        for name in arguments.sections or SECTIONS:
            sections[name] = measure(name, arguments.long)
            sections = {name: sections[name] for name in SECTIONS if name in sections}  # in order
            write(sections)
    write(sections)
    print(TEXT.read_text()[TEXT.read_text().index(LAST) :])


if __name__ == "__main__":
    cli.run(main, PROG)
