"""Execute the committed notebooks in place and leave in them what a reader needs: cells, outputs, nothing else.

    python scripts/build_notebooks.py            # all of them
    python scripts/build_notebooks.py 04_train   # those whose name begins so

Widget views are taken out, since without a running kernel they show as errors, and so are timings. A fingerprint of the
cells goes in, by which a test tells outputs that are older than their cells.
"""

import argparse
import hashlib
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from trm_nav import cli
from trm_nav.errors import UserError

PROG = "build_notebooks.py"
FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
LARGEST = 400_000  # bytes


def main() -> None:
    parser = argparse.ArgumentParser(prog=PROG, description="Execute the committed notebooks in place.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="notebooks whose names begin so; left out, all of them")
    names = parser.parse_args().names
    chosen = [path for path in sorted(FOLDER.glob("*.ipynb")) if path.name.startswith(tuple(names) or "")]
    if not chosen:
        raise UserError(f"no notebook in {FOLDER} has a name that begins with {' or '.join(names)}")
    for path in chosen:
        started = time.perf_counter()
        print(f"{path.name} ...", end=" ", flush=True)
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=600, store_widget_state=False, record_timing=False,
                       resources={"metadata": {"path": str(FOLDER)}}).execute()
        lighten(notebook)
        nbformat.write(notebook, path)
        size = path.stat().st_size
        print(f"{time.perf_counter() - started:.0f} s, {size / 1000:.0f} KB")
        if size > LARGEST:
            raise UserError(f"{path.name} has {size / 1000:.0f} KB with its outputs, more than the {LARGEST / 1000:.0f} "
                            "that a committed notebook may have")


def lighten(notebook) -> None:
    """Take out widget views, progress bars and timings; put in the fingerprint of the cells."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs
                            if WIDGET not in output.get("data", {}) and output.get("name") != "stderr"]
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "trm_nav": {"cells": fingerprint(notebook)},
    }


def fingerprint(notebook) -> str:
    """SHA-256 of the code cells in order, in hexadecimal."""
    sources = (cell.source for cell in notebook.cells if cell.cell_type == "code")
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


if __name__ == "__main__":
    cli.run(main, PROG)
