"""The text alternative of a figure: from the cell that draws it, through the notebook, into the page."""

import sys

import nbformat
import pytest
from book import ROOT
from nbclient import NotebookClient

sys.path.append(str(ROOT / "site"))
from building.lessons import prepared  # noqa: E402

CODE = """import matplotlib.pyplot as plt
from trm_nav.course.plots.style import describe
figure, ax = plt.subplots()
figure = describe(figure, "Two losses fall;\\n  the dashed one starts to rise in epoch 3.")"""
SAID = "Two losses fall; the dashed one starts to rise in epoch 3."
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


@pytest.mark.slow
def test_what_a_figure_says_of_itself_is_kept_in_the_notebook_and_read_by_the_page():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in (CODE, "figure")])
    NotebookClient(notebook, timeout=120).execute()
    pictures = [output for one in notebook.cells for output in one.outputs if "image/png" in output.get("data", {})]
    assert [picture.metadata["image/png"]["alt"] for picture in pictures] == [SAID] * 2  # as it is drawn, and by name
    assert alternatives(*[cell("", dict(picture)) for picture in pictures]) == [SAID] * 2


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
