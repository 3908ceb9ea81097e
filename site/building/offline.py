"""The worker that keeps the book for readers without a network, and the list of the files that it keeps."""

import hashlib
import json
from pathlib import Path

WORKER = Path(__file__).resolve().parents[1] / "templates" / "offline.js"
LIST = "offline.json"
VERSION = "@VERSION@"  # stands in the worker for the version of the book
LETTERS = 16  # of a hash: 64 bits tell a few hundred files apart
FIRST = (".html", ".css", ".js")  # the rest, pictures above all, is fetched after what a page needs to open


def write_worker(book: Path) -> None:
    """Write the list of a finished book, and its worker beside it. To be called last: the list knows every byte."""
    names = (path.relative_to(book).as_posix() for path in book.rglob("*") if path.is_file())
    kept = sorted((name for name in names if name not in (LIST, WORKER.name)), key=_turn)
    hashes = {name: hash_of(book / name) for name in kept}
    (book / LIST).write_text(json.dumps(hashes, indent=0), encoding="utf-8")
    worker = WORKER.read_text(encoding="utf-8").replace(VERSION, hash_of(book / LIST))
    (book / WORKER.name).write_text(worker, encoding="utf-8")


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:LETTERS]


def _turn(name: str) -> tuple[bool, str]:
    return not name.endswith(FIRST), name
