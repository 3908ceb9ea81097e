"""ES modules joined into one, because anywidget loads one file, which cannot import its neighbours."""

import re
from collections.abc import Mapping
from pathlib import Path

IMPORT = re.compile(r'^import (?P<names>\{[^}]*\}) from "(?P<path>\./[^"]*|\.\./[^"]*)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?P<kind>const|class|function|async function|function\*) (?P<name>\w+)", re.MULTILINE)
DEFAULT = "export default "


def bundled(entry: Path, instead: Mapping[str, str]) -> str:
    """A module and everything that it imports, as the text of one ES module with the same default export.

    Every other module becomes a function that returns its exports, so that names in two modules do not clash. They are
    written as those of this folder are: imports of names in braces by a relative path, and no export but of a constant,
    class or function where it is declared.

    instead: text in place of the file of this name, for a module that would load data beside it.
    """
    modules: dict[Path, str] = {}  # in the order in which they import each other
    _collect(entry.resolve(), instead, modules)
    return "\n".join(modules.values())


def _collect(path: Path, instead: Mapping[str, str], modules: dict[Path, str]) -> None:
    if path in modules:
        return
    text = instead[path.name] if path.name in instead else path.read_text(encoding="utf-8")
    for found in IMPORT.finditer(text):
        _collect((path.parent / found["path"]).resolve(), instead, modules)
    linked = IMPORT.sub(lambda found: _link(found, path), text)
    modules[path] = linked if DEFAULT in linked else _as_function(linked, _name(path))


def _link(found: re.Match[str], path: Path) -> str:
    """An import as the declaration of constants."""
    names = found["names"].replace(" as ", ": ")
    return f"const {names} = {_name((path.parent / found['path']).resolve())};"


def _as_function(text: str, name: str) -> str:
    exports = ", ".join(found["name"] for found in EXPORT.finditer(text))
    inside = EXPORT.sub(r"\g<kind> \g<name>", text)
    return f"const {name} = (() => {{\n{inside}\nreturn {{ {exports} }};\n}})();"


def _name(path: Path) -> str:
    """A name that no module declares itself: trainer/settings.js -> $trainer_settings."""
    return f"${path.parent.name}_{path.stem}".replace("-", "_")
