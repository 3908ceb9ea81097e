"""Execute the committed notebooks in place, and keep in them only what a reader needs: the cells and their outputs.

    python scripts/build_notebooks.py            # all of them
    python scripts/build_notebooks.py 04_train   # those whose names begin with 04_train
    python scripts/build_notebooks.py --colab    # execute none, only bring their first cells for Colab up to date

Where CITATION.cff says the repository's address, a lesson's first code cell installs on Colab what the lesson needs.
Widget views are removed, because without a running kernel they show as errors; so are progress bars, timings, and the
pictures' HTML, which only JupyterLab needs. Pictures are saved with fewer colours. A fingerprint of the code cells is
stored, so that a test can detect outputs that are older than their cells. The first picture of a cell tagged
`thumbnail` is saved, smaller, in notebooks/thumbnails/.
"""

import argparse
import base64
import hashlib
import io
import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from PIL import Image

from trm_nav import __version__, cli
from trm_nav.errors import UserError

sys.path.append(str(Path(__file__).resolve().parent.parent / "site"))
from building import address, colab  # noqa: E402

PROG = "build_notebooks.py"
FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
PNG = "image/png"
HTML = "text/html"
LARGEST = 400_000  # bytes of a committed notebook
LONGEST = 900  # seconds for one cell, on a slow machine
COLOURS = 96  # in a picture
THUMBNAIL = (360, 240)  # pixels, at most


def main() -> None:
    """Build the notebooks that the command line names, by default all."""
    parser = argparse.ArgumentParser(prog=PROG, description="Execute the committed notebooks in place.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="how the notebooks' names begin; by default all")
    parser.add_argument("--colab", action="store_true", help="execute none; only write their first cells for Colab")
    given = parser.parse_args()
    notebooks = sorted(FOLDER.glob("*.ipynb"))
    chosen = [path for path in notebooks if path.name.startswith(tuple(given.names) or "")]
    if not chosen:
        raise UserError(f"no notebook in {FOLDER} has a name that begins with {' or '.join(given.names)}")
    for path in notebooks:
        prepare_for_colab(path)
    for path in () if given.colab else chosen:
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


def prepare_for_colab(path: Path) -> None:
    """Bring a notebook's first cell for Colab up to date with the repository's address and the version."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    if put_first(notebook, colab.first_cell(address.declared(), __version__)):
        nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def put_first(notebook: NotebookNode, source: str) -> bool:
    """Put the cell for Colab behind a lesson's opening, or take it out if `source` is ""; whether this is a change.

    The cells are numbered as if they had been executed in order, as all others were: outside Colab, this one does
    nothing.
    """
    before = [cell.source for cell in notebook.cells if colab.is_for_colab(cell)]
    if before == [source] * bool(source):
        return False
    opening, *rest = (cell for cell in notebook.cells if not colab.is_for_colab(cell))
    tags = {"tags": [colab.TAG, colab.HIDDEN]}
    cells = [new_code_cell(source, id=colab.TAG, metadata=tags)] if source else []  # type: ignore[no-untyped-call]
    notebook.cells = [opening, *cells, *rest]
    executed = (cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip())
    for number, cell in enumerate(executed, start=1):
        for counted in (cell, *(output for output in cell.outputs if "execution_count" in output)):
            counted.execution_count = number
    return True


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
    """Remove what only a running notebook needs, and needless colours, and store the fingerprint of the cells."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if is_worth_keeping(output)]
            for output in cell.outputs:
                if PNG in output.get("data", {}):
                    output.data.pop(HTML, None)  # the same picture, which `course.plots.style` adds for JupyterLab
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
    """SHA-256 of the code cells in order, in hexadecimal, without the one for Colab, on which no output depends."""
    sources = (cell.source for cell in notebook.cells if cell.cell_type == "code" and not colab.is_for_colab(cell))
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


if __name__ == "__main__":
    cli.run(main, PROG)
