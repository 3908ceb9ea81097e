"""The figures that README.md, INSTRUCTORS.md, notebooks/README.md and the lessons' openings promise.

    python -m benchmarks.studies.promises                    # measure everything on this machine, then write
    python -m benchmarks.studies.promises measure lessons    # measure one section (or several)
    python -m benchmarks.studies.promises write              # only write the measured figures into the documents
    python -m benchmarks.studies.promises check              # list the places that differ, and exit with status 1

All figures are kept in benchmarks/results/promises.json, one entry for each machine. A document holds a figure between
two comments that do not show when it is rendered: `<!-- m:KEY -->text<!-- /m -->`. What stands there is the range over
the seeds of *all* machines, so that it holds on either. Measuring presets and trainings goes on where it was
interrupted; with --again it begins anew. Everything takes about an hour of one core.
"""

import argparse
import inspect
import sys

from benchmarks.studies.promises import markers
from benchmarks.studies.promises.measuring import SECTIONS, measure

PROG = "python -m benchmarks.studies.promises"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog=PROG, description=(inspect.getdoc(sys.modules[__name__]) or "").split("\n")[0]
    )
    parser.add_argument("what", choices=("measure", "write", "check"), nargs="?", help="by default measure, then write")
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"to measure; by default all: {', '.join(SECTIONS)}"
    )
    parser.add_argument("--again", action="store_true", help="measure every seed again, after a change of the code")
    given = parser.parse_args()
    for section in given.sections:
        if section not in SECTIONS:
            parser.error(f"there is no section '{section}'; there are {', '.join(SECTIONS)}")
    if given.what in (None, "measure"):
        measure(given.sections or SECTIONS, given.again)
    if given.what in (None, "write"):
        markers.write()
    if given.what == "check":
        found = markers.differences()
        print("\n".join(found) or "Every figure in the documents is the measured one.")
        sys.exit(bool(found))


if __name__ == "__main__":
    main()
