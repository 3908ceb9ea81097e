"""Execute the committed notebooks in place, and keep in them only what a reader needs: the cells and their outputs.

    python scripts/build_notebooks.py            # all of them
    python scripts/build_notebooks.py 04_train   # those whose names begin with 04_train

Widget views are removed, because without a running kernel they show as errors; so are progress bars and timings.
Pictures are saved with fewer colours. A fingerprint of the code cells is stored, so that a test can detect outputs that
are older than their cells. The first picture of a cell tagged `thumbnail` is saved, smaller, in notebooks/thumbnails/.
"""

import argparse
import base64
import hashlib
import io
import re
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

from trm_nav import cli
from trm_nav.errors import UserError

PROG = "build_notebooks.py"
FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
PNG = "image/png"
LARGEST = 400_000  # bytes of a committed notebook
LONGEST = 900  # seconds for one cell, on a slow machine
COLOURS = 96  # in a picture
THUMBNAIL = (360, 240)  # pixels, at most


def main() -> None:
    """Build the notebooks that the command line names, by default all."""
    parser = argparse.ArgumentParser(prog=PROG, description="Execute the committed notebooks in place.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="how the notebooks' names begin; by default all")
    names = parser.parse_args().names
    chosen = [path for path in sorted(FOLDER.glob("*.ipynb")) if path.name.startswith(tuple(names) or "")]
    if not chosen:
        raise UserError(f"no notebook in {FOLDER} has a name that begins with {' or '.join(names)}")
    for path in chosen:
        started = time.perf_counter()
        print(f"{path.name} ...", end=" ", flush=True)
        build(path)
        size = path.stat().st_size
        print(f"{time.perf_counter() - started:.0f} s, {size / 1000:.0f} KB")
        if size > LARGEST:
            raise UserError(
                f"{path.name} has {size / 1000:.0f} KB with its outputs; a committed notebook may have at most "
                f"{LARGEST / 1000:.0f} KB"
            )


def build(path: Path) -> None:
    """Execute a notebook, clean it, and write it and its thumbnail."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(
        notebook,
        timeout=LONGEST,
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(FOLDER)}},
    ).execute()
    clean(notebook)
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
    save_thumbnail(notebook, path.parent / "thumbnails" / f"{path.stem}.png")


def clean(notebook: NotebookNode) -> None:
    """Remove widget views, progress bars, timings and needless colours, and store the fingerprint of the cells."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if is_worth_keeping(output)]
            for output in cell.outputs:
                if PNG in output.get("data", {}):
                    output.data[PNG] = base64.b64encode(png(picture(output))).decode()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "trm_nav": {"cells": fingerprint(notebook)},
    }


def is_worth_keeping(output: NotebookNode) -> bool:
    """Whether an output is more than a widget or a progress bar. Removes overwritten lines from a text output."""
    if output.output_type == "stream":
        output.text = re.sub(r"[^\n]*\r", "", output.text)
        return bool(output.text.strip())
    return WIDGET not in output.get("data", {})


def picture(output: NotebookNode) -> Image.Image:
    """The picture in an output."""
    return Image.open(io.BytesIO(base64.b64decode(output.data[PNG]))).convert("RGB")


def png(image: Image.Image) -> bytes:
    """The image as a PNG file with few colours: a third of the size that matplotlib writes. Rare colours are kept."""
    buffer = io.BytesIO()
    image.quantize(COLOURS, kmeans=3, dither=Image.Dither.NONE).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def save_thumbnail(notebook: NotebookNode, path: Path) -> None:
    """Save a small copy of the picture of the cell tagged `thumbnail`, for the table of lessons."""
    for cell in notebook.cells:
        if "thumbnail" in cell.metadata.get("tags", ()):
            image = next(picture(output) for output in cell.outputs if PNG in output.get("data", {}))
            image.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(png(image))


def fingerprint(notebook: NotebookNode) -> str:
    """SHA-256 of the code cells in order, in hexadecimal."""
    sources = (cell.source for cell in notebook.cells if cell.cell_type == "code")
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


if __name__ == "__main__":
    cli.run(main, PROG)
