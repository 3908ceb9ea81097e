"""The sources of the book: documents and lessons copied from where they are, with links that work in the book."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from .lessons import prepared

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "site"
DOCUMENTS = (
    "INSTRUCTORS.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/guide.md",
    "docs/wave.md",
    "docs/search.md",
    "docs/design.md",
    "docs/reliability.md",
    "benchmarks/RESULTS.md",
    "notebooks/README.md",
)
OF_THE_BOOK = "notebooks/pages.md"  # tells readers of a lesson who have no book where a page of it is: pages.md#clinic
FRONT = {"README.md": "index.md"}  # the book's front page stands for the repository's
SCRIPTS = ("trm_nav/course/playground", "trm_nav/course/web")  # ES modules, styles and data of the companion pages
PICTURES = (".png", ".svg")
SOURCES = (".md",)
BESIDE_THE_PAGES = "extra"  # what Sphinx copies unread, to the same place in the book
FRONT_PICTURE = "docs/wave-1001.png"
OF_THE_BROWSER = (".js", ".css", ".json", ".html", ".py", ".wasm")  # Python for a browser, as text

LINK = re.compile(r"(?P<before>\]\(\s*)(?P<target>[^()\s]+)(?P<after>\s*(?:\"[^\"]*\")?\))")
CODE = re.compile(
    r"(^(?P<fence>`{3,}|~{3,}).*?^(?P=fence)[`~]*\s*?$|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))", re.M | re.S
)
MARK = re.compile(r"<!-- /?m\b.*?-->\n?(?=\n)|<!-- /?m\b.*?-->")  # where measured figures are written into documents
EMPTY_ALT = re.compile(r"!\[\]\((?P<target>[^)]+)\)(?P<between>[^\[\n]*)\[(?P<name>[^\]]+)\]")


def gather(folder: Path, repository: str) -> None:
    """Fill a folder with everything that Sphinx reads; what it held before is removed.

    `repository` is the address of the project's pages, or "": files that are no pages are then copied into the book.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for path in sorted(SITE.rglob("*")):
        name = path.relative_to(SITE)
        if path.suffix in SOURCES or name.parts[0] == "static":
            _copy(path, folder / name)
        elif len(name.parts) > 1 and (SITE / name.parts[0] / "index.md").exists():
            _copy(path, folder / BESIDE_THE_PAGES / name)  # the scripts and data of a page stay beside it
    for name in DOCUMENTS:
        _write(folder / name, document((ROOT / name).read_text(encoding="utf-8"), name, folder, repository))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        name = f"notebooks/{path.name}"

        def linked(text: str, name: str = name) -> str:
            return document(text, name, folder, repository)

        notebook = prepared(json.loads(path.read_text(encoding="utf-8")), name, repository, linked)
        _write(folder / name, json.dumps(notebook))
        _copy(path, folder / BESIDE_THE_PAGES / "notebooks" / path.name)  # to download, as it is in the repository
    for name in SCRIPTS:
        for path in sorted((ROOT / name).rglob("*")):
            if path.suffix in OF_THE_BROWSER:
                _copy(path, folder / "static" / Path(name).name / path.relative_to(ROOT / name))
    _copy(ROOT / FRONT_PICTURE, folder / "static" / Path(FRONT_PICTURE).name)


def document(text: str, name: str, folder: Path, repository: str) -> str:
    """A document without the marks of its measured figures, its pictures named and its links pointing into the book."""
    text = MARK.sub("", text)
    text = EMPTY_ALT.sub(r"![Picture of the lesson \g<name>](\g<target>)\g<between>[\g<name>]", text)
    return _outside_code(text, lambda part: LINK.sub(lambda link: _in_the_book(link, name, folder, repository), part))


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """Change the parts of a Markdown text that are no code."""
    changed, end = [], 0
    for code in CODE.finditer(text):
        changed += [change(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join((*changed, change(text[end:])))


def _in_the_book(link: re.Match[str], name: str, folder: Path, repository: str) -> str:
    """A link of the document `name`: pages as they are, pictures copied, other files where readers find them."""
    target, anchor, fragment = link["target"].partition("#")
    if not target or re.match(r"[a-z]+:", target):
        return link[0]
    path = (ROOT / name).parent.joinpath(target).resolve()
    if not path.exists() or not path.is_relative_to(ROOT):
        return link[0]  # Sphinx says which page has a link that leads nowhere
    relative = path.relative_to(ROOT).as_posix()
    if relative in FRONT:
        return link["before"] + _relative(FRONT[relative], name) + anchor + fragment + link["after"]
    if relative == OF_THE_BOOK:
        return link["before"] + _relative(f"{fragment}/index.md", name) + link["after"]
    if relative.startswith("site/") and path.suffix in SOURCES:  # a page that the book has of its own
        page = _relative(relative.removeprefix("site/"), name)
        return link["before"] + page + anchor + fragment + link["after"]
    if relative in DOCUMENTS or path.suffix == ".ipynb":
        return link[0]
    if repository and path.suffix not in PICTURES:
        kind = "tree" if path.is_dir() else "blob"
        return f"{link['before']}{repository}/{kind}/main/{relative}{link['after']}"
    if path.is_file():  # a picture, or a file that readers download
        _copy(path, folder / relative)
    return link[0]


def _relative(target: str, name: str) -> str:
    """The path of a page, as the document `name` writes it."""
    return "../" * (len(PurePosixPath(name).parts) - 1) + target


def _copy(source: Path, target: Path) -> None:
    """Copy a file, and make the folder for it; a folder, and what Python leaves behind, is passed over."""
    if source.is_file() and "__pycache__" not in source.parts:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
