"""What cells show, as the book has it: text alternatives of figures, tables, and what stands where a panel was."""

import base64
import io
import json
import re
from copy import deepcopy

import nbformat
import pytest
from book import BOOK, ROOT, pages
from bs4 import BeautifulSoup
from build_notebooks import clean
from building.gather import document
from building.lessons import OF_THE_BOOK, PICTURES, prepared
from nbclient import NotebookClient
from PIL import Image

CODE = """import matplotlib.pyplot as plt
from trm_nav.course.plots.style import describe
figure, ax = plt.subplots()
figure = describe(figure, "Two losses fall;\\n  the dashed one starts to rise in epoch 3.")"""
SAID = "Two losses fall; the dashed one starts to rise in epoch 3."
SHORTEST = 40  # characters of an alternative that can say what a picture shows
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PICTURE = {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo="}, "metadata": {}}


def cell(source: str, *outputs: dict, kind: str = "code") -> dict:
    return {
        "cell_type": kind,
        "source": source,
        "metadata": {},
        **({"outputs": list(outputs)} if kind == "code" else {}),
    }


def alternatives(*cells: dict) -> list[str | None]:
    """What a page's pictures say, cell by cell, of a lesson with these cells."""
    made = prepared(
        {"cells": [cell("# A lesson", kind="markdown"), *cells]}, "notebooks/x.ipynb", "", lambda text: text
    )
    return [one["metadata"].get("mystnb", {}).get("image", {}).get("alt") for one in made["cells"][1:]]


RETINA = "%config InlineBackend.figure_format = 'retina'\nfigure = describe(figure, 'Too <sharp> & \"good\".')\nfigure"


@pytest.fixture(scope="module")
def executed():
    """A notebook that shows a figure as it is drawn, by its name, and twice as sharp; as its kernel has sent it."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in (CODE, "figure", RETINA)])
    return NotebookClient(notebook, timeout=120).execute()


def pictures(notebook) -> list[dict]:
    return [output for one in notebook.cells for output in one.outputs if "image/png" in output.get("data", {})]


@pytest.mark.slow
def test_what_a_figure_says_of_itself_is_kept_in_the_notebook_and_read_by_the_page(executed):
    drawn = pictures(executed)[:2]
    assert [picture.metadata["image/png"]["alt"] for picture in drawn] == [SAID] * 2
    assert alternatives(*[cell("", dict(picture)) for picture in drawn]) == [SAID] * 2


@pytest.mark.slow
def test_jupyterlab_gets_the_same_picture_as_html_with_the_alternative_and_as_large(executed):
    for picture, said in zip(pictures(executed), [SAID, SAID, 'Too <sharp> & "good".'], strict=True):
        [image] = BeautifulSoup(picture.data["text/html"], "html.parser").find_all("img")
        assert image["alt"] == picture.metadata["image/png"]["alt"] == said
        assert image["src"] == f"data:image/png;base64,{picture.data['image/png']}"
        width, height = Image.open(io.BytesIO(base64.b64decode(picture.data["image/png"]))).size
        asked = picture.metadata["image/png"]  # a size of its own, for a sharp screen
        size = asked.get("width", width), asked.get("height", height)
        assert (int(image["width"]), int(image["height"])) == size
    assert 2 * size[0] in (width, width - 1)


@pytest.mark.slow
def test_a_committed_notebook_keeps_the_pictures_without_their_html(executed):
    notebook = deepcopy(executed)
    clean(notebook)
    kept = pictures(notebook)
    assert len(kept) == len(pictures(executed)) and not any("text/html" in picture.data for picture in kept)
    assert [picture.metadata for picture in kept] == [picture.metadata for picture in pictures(executed)]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_every_picture_of_a_lesson_says_what_it_shows_and_no_two_say_the_same(lesson):
    cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
    outputs = [output for one in cells for output in one.get("outputs", ())]
    said = [
        output["metadata"].get(kind, {}).get("alt", "")
        for output in outputs
        for kind in PICTURES
        if kind in output.get("data", {})
    ]
    assert said and not [alt for alt in said if len(alt) < SHORTEST or alt.endswith((" ", ".."))]
    assert len(set(said)) == len(said)


def test_outside_a_notebook_a_figure_can_be_described_as_well():
    from matplotlib.figure import Figure

    from trm_nav.course.plots.style import ALTERNATIVES, describe

    figure = Figure()
    assert describe(figure, "A maze.") is figure and ALTERNATIVES[figure] == "A maze."


def test_a_picture_that_says_nothing_is_named_after_the_heading_above_it():
    heading = cell("## Two numbers, `by hand`  *(easy, 5 minutes)*\n\n```python\n# no heading\n```", kind="markdown")
    said = alternatives(cell("", PICTURE), heading, cell("", PICTURE), cell("print()"), cell("", PICTURE))
    assert said == [
        "Picture 1 under the heading “A lesson”",
        None,
        "Picture 1 under the heading “Two numbers, by hand”",
        None,
        "Picture 2 under the heading “Two numbers, by hand”",
    ]


@pytest.mark.parametrize("repository", ["", "https://github.com/someone/trm_nav"])
def test_a_panel_becomes_a_sentence_that_says_where_it_runs(repository):
    lesson = {"cells": [cell("# A lesson", kind="markdown"), cell("explore(draw, maze=slider(0, 1))")]}
    made = prepared(lesson, "notebooks/05_diagnostics.ipynb", repository, lambda text: text)
    said, ways = made["cells"][1]["outputs"][0]["data"]["text/html"], made["cells"][0]["source"]
    assert 'href="#run"' in said and 'id="run"' in ways and 'href="05_diagnostics.ipynb" download' in ways
    binder = "https://mybinder.org/v2/gh/someone/trm_nav/main?urlpath=lab/tree/notebooks/05_diagnostics.ipynb"
    colab = "https://colab.research.google.com/github/someone/trm_nav/blob/main/notebooks/05_diagnostics.ipynb"
    assert (binder in said) == (binder in ways) == (colab in ways) == bool(repository)
    assert f"git+{repository}" in ways or not repository


@pytest.mark.parametrize(
    "source", ["laboratory = Laboratory(caused)\nlaboratory.show()", "Playground(model, grid_size=16)"]
)
def test_a_panel_that_the_book_has_as_a_page_leads_to_it(source):
    lesson = {"cells": [cell("# A lesson", kind="markdown"), cell(source)]}
    [made] = prepared(lesson, "notebooks/05_diagnostics.ipynb", "", lambda text: text)["cells"][1]["outputs"]
    [page] = [page for page, _ in OF_THE_BOOK.values() if f'href="../{page}/index.html"' in made["data"]["text/html"]]
    assert (ROOT / "site" / page / "index.md").exists()


def test_the_lessons_lead_to_every_page_that_has_a_panel_of_theirs():
    sources = ["".join(one["source"]) for path in LESSONS for one in json.loads(path.read_text())["cells"]]
    for kind, (page, _) in OF_THE_BOOK.items():
        assert any(source.endswith(kind) or f"\n{kind}" in source for source in sources), f"no lesson has {kind}"
        assert any(f"](pages.md#{page})" in source for source in sources), f"no lesson leads to the {page}"


@pytest.mark.parametrize("path", [*LESSONS, ROOT / "notebooks" / "README.md"], ids=lambda path: path.stem)
def test_a_link_to_a_page_of_the_book_leads_to_it_there_and_elsewhere_to_how_to_open_it(path, tmp_path):
    text, how = path.read_text(encoding="utf-8"), (ROOT / "notebooks" / "pages.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\(([^()]*(?:pages\.md|site/)[^()]*)\)", text)
    for link in linked:
        name = link.removeprefix("pages.md#")
        assert (ROOT / "site" / name / "index.md").exists() and f"http://127.0.0.1:8000/{name}/" in how
        in_the_book = document(f"[the page]({link})", f"notebooks/{path.name}", tmp_path, "")
        assert in_the_book == f"[the page](../{name}/index.md)"
    assert linked or path.stem not in ("05_diagnostics", "README")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_every_table_of_a_lesson_is_a_table_in_the_book(lesson):
    pages()
    cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
    shown = [
        output["data"].get("text/markdown", "")
        for one in cells
        for output in one.get("outputs", ())
        if "data" in output
    ]
    written = [one["source"] for one in cells if one["cell_type"] == "markdown"]
    rules = sum(len(re.findall(r"^\|[-:| ]+\|$", "".join(text), re.MULTILINE)) for text in shown + written)
    assert (BOOK / "notebooks" / f"{lesson.stem}.html").read_text(encoding="utf-8").count("<table") == rules
