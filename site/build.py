"""Build the book into build/site: the lessons with their outputs, the documents, the reference, companion pages.

    make site                     # needs no network once .venv-site is installed
    make site ARGS=--linkcheck    # asks also whether the links to other sites lead somewhere

Any warning of Sphinx, and any link inside the book that leads nowhere, fails the build.
"""

import argparse
import os
import shutil
import sys

from building.address import repository
from building.gather import ROOT, SITE, gather
from building.links import broken
from building.outside import unanswered
from building.pages import finish
from building.reference import write_reference
from building.slides import announce
from sphinx.cmd.build import build_main

SOURCE, BOOK, DOCTREES, LINKS = (
    ROOT / "build" / name for name in ("site-source", "site", "site-doctrees", "site-links")
)
NO_READER_NEEDS = (".buildinfo", "objects.inv", "*.map", "*-macros.html")  # maps of the theme's scripts, its templates
LARGEST = 25_000_000  # bytes of the whole book


def main() -> int:
    parser = argparse.ArgumentParser(prog="make site", description="Build the book into build/site.")
    parser.add_argument("--linkcheck", action="store_true", help="also ask other sites whether our links to them work")
    asked = parser.parse_args()
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    for folder in (BOOK, DOCTREES):
        shutil.rmtree(folder, ignore_errors=True)
    gather(SOURCE, repository())
    announce(SOURCE / "INSTRUCTORS.md")
    write_reference(SOURCE / "docs" / "reference")
    options = ["-W", "--keep-going", "-c", str(SITE), "-d", str(DOCTREES), str(SOURCE)]
    if build_main(["-b", "html", "-q", *options, str(BOOK)]):
        return 1
    for pattern in NO_READER_NEEDS:
        for path in list(BOOK.rglob(pattern)):
            path.unlink()
    finish(BOOK)
    faults = broken(BOOK)
    size = sum(path.stat().st_size for path in BOOK.rglob("*") if path.is_file())
    if size > LARGEST:
        faults.append(f"the book has {size / 1e6:.1f} MB and may have at most {LARGEST / 1e6:.0f} MB")
    if asked.linkcheck:
        build_main(["-b", "linkcheck", "-Q", *options[2:], str(LINKS)])  # which says in a file what it has found
        faults += unanswered(LINKS)
    for fault in faults:
        print(fault, file=sys.stderr)
    pages = len(list(BOOK.rglob("*.html")))
    print(f"{BOOK.relative_to(ROOT)}: {pages} pages, {size / 1e6:.1f} MB.", end=" ")
    print("To read it: python -m http.server --directory build/site --bind 127.0.0.1 8000")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
