"""What a class will see in the laboratory, and what thirty students need.

python -m benchmarks.studies.classroom picture         # the four presets, into notebooks/thumbnails/presets.png
python -m benchmarks.studies.classroom students 1 3    # memory and CPU of 1 and of 3 kernels at once (Linux)
python -m benchmarks.studies.classroom install         # JupyterHub and its proxy, into runs/hub (needs the network)
python -m benchmarks.studies.classroom hub 2 10 30     # so many students on that hub, into results/hub.json (Linux)
python -m benchmarks.studies.classroom image           # the Dockerfile's steps, in order, in a clean folder (network)
"""

import argparse
import inspect
import json
import sys
from pathlib import Path

from benchmarks.studies.classroom.kernels import LESSONS, measure_students


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.studies.classroom",
        description=inspect.getdoc(sys.modules[__name__]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=("picture", "students", "install", "hub", "image"))
    parser.add_argument("counts", type=int, nargs="*", help="students, hub: how many at once")
    parser.add_argument("--lessons", type=Path, nargs="+", default=LESSONS, help="students: notebooks (05 and 04)")
    parser.add_argument(
        "--again", action="store_true", help="hub: measure numbers of students that were measured before"
    )
    given = parser.parse_args()
    if given.what == "picture":
        from benchmarks.studies.classroom.picture import picture

        picture()
    elif given.what == "students":
        print(json.dumps(measure_students(given.counts or [1, 3], given.lessons), indent=1))
    elif given.what == "install":
        from benchmarks.studies.classroom.installation import install

        install()
    elif given.what == "hub":
        from benchmarks.studies.classroom.measurement import measure_classes

        measure_classes(given.counts or [2], given.again)
    else:
        from benchmarks.studies.classroom.image import rehearse

        rehearse()


if __name__ == "__main__":
    main()
