"""A companion page without the book around it, served on 127.0.0.1."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.serving import served
from trm_nav.course import web

WEB = Path(web.__file__).parent
# A companion page without the book around it: its element, its script, its stylesheets, and no leave to ask elsewhere.
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src {allowed}; img-src data:">
<link rel="icon" href="data:,"><link rel="stylesheet" href="body.css"><link rel="stylesheet" href="web/page.css">
<link rel="stylesheet" href="web/curves.css"><link rel="stylesheet" href="web/{name}.css"></head>
<body><main><h1>{title}</h1><div id="{name}"{attributes}></div>{below}</main>
<script type="module" src="web/{name}.js"></script></body></html>"""
BODY = "body { background: light-dark(#ffffff, #121212); color: light-dark(#26262b, #eeeeee); }"


@contextmanager
def served_page(
    folder: Path, name: str, title: str, attributes: str = "", below: str = "", allowed: str = "'self'"
) -> Iterator[str]:
    """Serve a companion page, `name` as in trm_nav/course/web, from an empty folder. Yields its address.

    attributes: of the page's element; below: HTML that follows it; allowed: what the page may load and run.
    """
    for part in ("web", "playground"):
        shutil.copytree(WEB.parent / part, folder / part)
    html = PAGE.format(name=name, title=title, attributes=attributes, below=below, allowed=allowed)
    (folder / "index.html").write_text(html, encoding="utf-8")
    (folder / "body.css").write_text(BODY, encoding="utf-8")
    with served(folder) as address:
        yield f"{address}/index.html"
