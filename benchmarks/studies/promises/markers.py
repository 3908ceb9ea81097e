"""The markers in the documents: finding them, writing the measured texts between them, and checking what is there."""

import re
from pathlib import Path

from benchmarks.commands import ROOT
from benchmarks.studies.promises.lessons import lessons
from benchmarks.studies.promises.results import Measured, load
from benchmarks.studies.promises.tables import table
from benchmarks.studies.promises.texts import KINDS

MARKER = re.compile(r"<!-- m:(?P<key>[^>]+?) -->(?P<text>.*?)<!-- /m -->", re.DOTALL)
# A comment that begins a line ends Markdown; a table has lines of its own.
AT_THE_START_OF_A_LINE = re.compile(r"^\s*(?:[-*+>]\s+|\d+\.\s+)?<!-- m:(?!table\.)", re.MULTILINE)


def text(measured: Measured, key: str) -> str:
    """What stands between the markers of a key. Raises KeyError for a key that nothing was measured for."""
    kind, *rest = key.split(".")
    try:
        return {**KINDS, "table": table}[kind](measured, *rest)
    except (KeyError, TypeError, IndexError) as error:
        raise KeyError(key) from error


def documents() -> list[Path]:
    pages = "README.md", "INSTRUCTORS.md", "notebooks/README.md", "docs/guide.md"
    return [*(ROOT / page for page in pages), *lessons()]


def write() -> None:
    """Put the measured texts between all markers. Of a notebook nothing else changes, not a byte."""
    measured = Measured(load())
    for path in documents():
        old = path.read_text(encoding="utf-8")
        new = MARKER.sub(lambda found: f"<!-- m:{found['key']} -->{text(measured, found['key'])}<!-- /m -->", old)
        if new != old:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: written")


def differences() -> list[str]:
    """One line for each place that does not hold what was measured, or where a marker is not one."""
    measured, found = Measured(load()), []
    for path in documents():
        content, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT)
        for marker in MARKER.finditer(content):
            try:
                expected = text(measured, marker["key"])
            except KeyError:
                found.append(f"{name}: nothing was measured for {marker['key']}")
                continue
            if marker["text"] != expected:
                says = "differs" if "\n" in expected else f"says {marker['text']!r}, measured is {expected!r}"
                found.append(f"{name}: {marker['key']} {says}")
        opened, closed, pairs = content.count("<!-- m:"), content.count("<!-- /m -->"), MARKER.findall(content)
        if opened != closed or opened != len(pairs):
            found.append(f"{name}: a marker is not closed, or is closed twice")
        if path.suffix == ".md":
            found += [
                f"{name}: a line must not begin with a marker, or the rest of it is not Markdown: {line[0]}"
                for line in AT_THE_START_OF_A_LINE.finditer(content)
            ]
    return found
