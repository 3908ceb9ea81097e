"""Lessons as the book shows them: pictures with their text alternatives, and a sentence where a panel would be."""

import re
from collections.abc import Callable
from typing import Any

from .colab import installation, is_for_colab

GITHUB = "https://github.com/"  # where both services look for a project
PICTURES = ("image/png", "image/svg+xml")
# What ends a cell that shows sliders, buttons or a canvas. Their views are not kept in a committed notebook.
PANEL = re.compile(r"^(?P<kind>explore\(|Playground\(|\w+\.show\(\)$)", re.MULTILINE)
OF_THE_BOOK = {  # panels that the book has as pages: what begins their cell -> folder of the page, and a hint
    "laboratory.show()": ("laboratory", "It has the same presets and remedies, and trains in your browser."),
    "Playground(": ("playground", "Its network was trained before, and answers in your browser."),
}
HEADING = re.compile(r"^#{1,6} +(?P<text>.+?)\s*$", re.MULTILINE)
TITLE = re.compile(r"^# .*$", re.MULTILINE)


def prepared(notebook: dict[str, Any], name: str, repository: str, linked: Callable[[str], str]) -> dict[str, Any]:
    """A notebook to build a page from; `linked` rewrites the links of a Markdown text."""
    heading, missing = "", 0
    for cell in notebook["cells"]:
        source = cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            headings = HEADING.findall(re.sub(r"```.*?```", "", source, flags=re.DOTALL))
            heading, missing = (_plain(headings[-1]), 0) if headings else (heading, missing)
            cell["source"] = linked(source)
        else:
            missing = _describe(cell, heading, missing)
            if not cell["outputs"] and (panel := PANEL.search(source)):
                cell["outputs"] = [_panel(panel["kind"], name, repository)]
    notebook.setdefault("metadata", {})["mystnb"] = {"render_markdown_format": "myst"}  # the default knows no tables
    first = notebook["cells"][0]
    ways = _ways_to_run(name, repository, any(map(is_for_colab, notebook["cells"])))
    first["source"] = TITLE.sub(lambda title: f"{title[0]}\n\n{ways}", first["source"], count=1)
    return notebook


def _describe(cell: dict[str, Any], heading: str, before: int) -> int:
    """Give the pictures of a cell their text alternative: the figure's own, or the heading above as a stopgap.

    A lesson's figure has its own from `trm_nav.course.plots.style.describe`. `before` counts the pictures under this
    heading that have none, so that two of them can be told apart; returned with those of this cell.
    """
    for output in cell["outputs"]:
        for kind in PICTURES:
            if kind in output.get("data", {}):
                own = output.get("metadata", {}).get(kind, {}).get("alt")
                before += not own
                alt = own or f"Picture {before} under the heading “{heading}”"
                cell["metadata"].setdefault("mystnb", {})["image"] = {"alt": alt}
    return before


def _panel(kind: str, name: str, repository: str) -> dict[str, Any]:
    """What stands in place of a panel, which needs Python: a page of the book that does the same, or how to run it."""
    start = f' <a href="{_binder(name, repository)}">Start it on Binder</a>.' if repository else ""
    here = "Here JupyterLab shows a panel to use."
    if kind in OF_THE_BOOK:
        page, hint = OF_THE_BOOK[kind]
        here += f' <a href="../{page}/index.html">Open the {page} of this book</a>. {hint}'
    text = f'<p class="panel">{here}{start} <a href="#run">How to run this lesson</a></p>'
    return {"output_type": "display_data", "data": {"text/html": text, "text/plain": text}, "metadata": {}}


def _ways_to_run(name: str, repository: str, installs: bool) -> str:
    """How to run a lesson: on a computer and, if the project has an address, in a browser with nothing installed.

    `installs`: the notebook has a cell that installs on Colab what it needs there.
    """
    file = name.rpartition("/")[2]
    ways = [
        f'<a href="{file}" download>Download the notebook</a> and open it in JupyterLab. In the project\'s folder, '
        "<code>make lab</code> opens all lessons."
    ]
    if repository:
        colab = f"https://colab.research.google.com/github/{repository.removeprefix(GITHUB)}/blob/main/{name}"
        install = f"in a new cell at the top, run <code>{installation(repository)}</code> first."
        if installs:
            install = "its first cell installs what Colab lacks."
        ways += [
            f'<a href="{_binder(name, repository)}">Run it on Binder</a>: nothing to install, a few minutes to start.',
            f'<a href="{colab}">Run it on Colab</a>: {install}',
        ]
    items = "".join(f"<li>{way}</li>" for way in ways)
    return f'<details class="run" id="run"><summary>Run this lesson</summary><ul>{items}</ul></details>\n'


def _binder(name: str, repository: str) -> str:
    return f"https://mybinder.org/v2/gh/{repository.removeprefix(GITHUB)}/main?urlpath=lab/tree/{name}"


def _plain(markdown: str) -> str:
    """A heading as plain text: no emphasis, code marks, links or escapes."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return re.sub(r"\*\(.*?\)\*|\\(?=\W)|[`*$]", "", text).strip()
