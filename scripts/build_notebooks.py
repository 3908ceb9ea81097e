"""Execute the committed notebooks in place and leave in them what a reader needs: cells, outputs, nothing else.

    python scripts/build_notebooks.py            # all of them
    python scripts/build_notebooks.py 04_train   # those whose name begins so

Widget views are taken out, since without a running kernel they show as errors, and so are progress bars and timings;
pictures are kept with fewer colours. A fingerprint of the cells goes in, by which a test tells outputs that are older
than their cells. The first picture of a cell tagged `thumbnail` goes small into notebooks/thumbnails/.
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
from PIL import Image

from trm_nav import cli
from trm_nav.errors import UserError

PROG = "build_notebooks.py"
FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
LARGEST = 400_000  # bytes
COLOURS = 96  # in a picture
THUMBNAIL = (360, 240)  # pixels, at most


def main() -> None:
    parser = argparse.ArgumentParser(prog=PROG, description="Execute the committed notebooks in place.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="notebooks whose names begin so; by default all")
    names = parser.parse_args().names
    chosen = [path for path in sorted(FOLDER.glob("*.ipynb")) if path.name.startswith(tuple(names) or "")]
    if not chosen:
        raise UserError(f"no notebook in {FOLDER} has a name that begins with {' or '.join(names)}")
    for path in chosen:
        started = time.perf_counter()
        print(f"{path.name} ...", end=" ", flush=True)
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(
            notebook,
            timeout=600,
            store_widget_state=False,
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(FOLDER)}},
        ).execute()
        lighten(notebook)
        nbformat.write(notebook, path)
        save_thumbnail(notebook, path.parent / "thumbnails" / f"{path.stem}.png")
        size = path.stat().st_size
        print(f"{time.perf_counter() - started:.0f} s, {size / 1000:.0f} KB")
        if size > LARGEST:
            raise UserError(
                f"{path.name} has {size / 1000:.0f} KB with its outputs, and a committed notebook may have "
                f"{LARGEST / 1000:.0f}"
            )


def lighten(notebook) -> None:
    """Take out widget views, progress bars, timings, colours that nobody sees; put in the fingerprint of the cells."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [
                output for output in cell.outputs if WIDGET not in output.get("data", {}) and not only_progress(output)
            ]
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    output.data["image/png"] = base64.b64encode(png(picture(output))).decode()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "trm_nav": {"cells": fingerprint(notebook)},
    }


def only_progress(output) -> bool:
    """Whether a stream says nothing but what a progress bar has overwritten since; that is taken out of any stream."""
    if output.output_type != "stream":
        return False
    output.text = re.sub(r"[^\n]*\r", "", output.text)
    return not output.text.strip()


def picture(output) -> Image.Image:
    """The picture of an output."""
    return Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).convert("RGB")


def png(image: Image.Image) -> bytes:
    """The image as a PNG file of few colours, the rare ones among them, a third of the size that matplotlib writes."""
    buffer = io.BytesIO()
    image.quantize(COLOURS, kmeans=3, dither=Image.Dither.NONE).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def save_thumbnail(notebook, path: Path) -> None:
    """Keep the picture of the cell that is tagged for it, small, for the map of the lessons."""
    for cell in notebook.cells:
        if "thumbnail" in cell.metadata.get("tags", ()):
            image = next(picture(output) for output in cell.outputs if "image/png" in output.get("data", {}))
            image.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(png(image))


def fingerprint(notebook) -> str:
    """SHA-256 of the code cells in order, in hexadecimal."""
    sources = (cell.source for cell in notebook.cells if cell.cell_type == "code")
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


if __name__ == "__main__":
    cli.run(main, PROG)
