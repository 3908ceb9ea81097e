"""The reference: signatures and docstrings of all public names, read from the source without importing it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from .gather import ROOT

PACKAGE = ROOT / "trm_nav"
GROUND = ("trm_nav", "what lies under the packages: settings, files, memory, errors, and the commands")
SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Yields):\s*$")
ITEM = re.compile(r"^(?P<indent> +)(?P<name>[\w.*, `]+?): (?P<rest>.*)$")
FENCE = "`" * 6


def write_reference(folder: Path) -> None:
    """Write one page for each package, and a page that lists them."""
    packages = sorted(path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE)
    pages = {"trm_nav": [path for path in sorted(PACKAGE.glob("*.py")) if path.stem != "__init__"]}
    pages |= {_dotted(package): sorted(package.glob("*.py")) for package in packages}
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for name, files in pages.items():
        written = [text for text in map(_module, files) if text]
        if not written:
            continue
        first = f": {_first_line(files[0])}" if files[0].stem == "__init__" else ""
        intro = _docstring(ast.parse(files[0].read_text())) if first else f"{GROUND[1].capitalize()}."
        (folder / f"{name}.md").write_text(f"# {name}\n\n{intro}\n\n" + "\n".join(written), encoding="utf-8")
        listed.append(name)
    public = _public_names()
    toctree = "\n".join(listed)
    text = (
        "# Reference\n\nEvery public class and function, with its signature and docstring. `import trm_nav` gives "
        f"{public}.\n\n```{{toctree}}\n:maxdepth: 1\n\n{toctree}\n```\n"
    )
    (folder / "index.md").write_text(text, encoding="utf-8")


def _public_names() -> str:
    """The names that the package gives, in words."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            names = [f"`{name}`" for name in ast.literal_eval(node.value)]
            return f"{', '.join(names[:-1])} and {names[-1]}"
    raise ValueError("trm_nav/__init__.py has no __all__")


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def _module(path: Path) -> str:
    """A section on a module: its docstring and its public names; "" for a package's own file and for an empty one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    entries = [text for node in tree.body for text in _entry(node, _dotted(path))]
    if path.stem == "__init__" or not (entries or ast.get_docstring(tree)):
        return ""
    return f"## {_dotted(path)}\n\n{_docstring(tree)}\n\n" + "\n".join(entries)


def _entry(node: ast.stmt, module: str) -> Iterator[str]:
    """The entry of a public function or class, with a class's public methods inside."""
    if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name.startswith("_"):
        return
    if isinstance(node, ast.FunctionDef):
        yield _directive("function", f"{module}.{node.name}{_signature(node)}", _docstring(node))
        return
    inside = [_docstring(node)]
    for child in node.body:
        if isinstance(child, ast.FunctionDef) and not child.name.startswith("_") and ast.get_docstring(child):
            kind = "property" if any(ast.unparse(name) == "property" for name in child.decorator_list) else "method"
            signature = _signature(child, method=True) if kind == "method" else ""
            inside.append(_directive(kind, child.name + signature, _docstring(child), fence=FENCE))
    yield _directive("class", f"{module}.{node.name}{_of_the_class(node)}", "\n\n".join(inside), fence=FENCE + "`")


def _directive(kind: str, signature: str, text: str, fence: str = FENCE) -> str:
    return f"{fence}{{py:{kind}}} {signature}\n\n{text}\n{fence}\n"


def _of_the_class(node: ast.ClassDef) -> str:
    """What a class is made with: the arguments of its `__init__`, or the fields of a dataclass."""
    for child in node.body:
        if isinstance(child, ast.FunctionDef) and child.name == "__init__":
            return _signature(child, method=True)
    if any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
        fields = [child for child in node.body if isinstance(child, ast.AnnAssign)]
        return f"({', '.join(ast.unparse(field) for field in fields)})"
    return ""


def _signature(node: ast.FunctionDef, method: bool = False) -> str:
    arguments = node.args
    if method and arguments.args and arguments.args[0].arg in ("self", "cls"):
        arguments.args = arguments.args[1:]
    returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    return f"({ast.unparse(arguments)}){returns}"


def _docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> str:
    """A docstring as Markdown; the indented lines of a section such as "Args:" become a list."""
    lines, inside = [], False
    for line in (ast.get_docstring(node) or "").splitlines():
        if SECTION.match(line):
            inside = True
            lines += [f"**{line.strip().rstrip(':')}**", ""]
        elif inside and (item := ITEM.match(line)) and len(item["indent"]) <= 4:
            name = item["name"] if "`" in item["name"] else f"`{item['name']}`"
            lines.append(f"- {name}: {item['rest']}")
        elif inside and line.startswith(" "):
            lines.append(f"  {line.strip()}")
        else:
            inside = inside and not line
            lines.append(line)
    return "\n".join(lines)
