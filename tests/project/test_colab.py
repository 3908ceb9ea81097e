"""The first cell of a lesson, which installs on Colab what Colab lacks, where the repository's address is known."""

import shutil
import sys
from copy import deepcopy
from pathlib import Path

import build_notebooks
import nbformat
import pytest
from build_notebooks import address, colab, fingerprint, put_first
from building.lessons import prepared
from IPython.core.inputtransformer2 import TransformerManager
from packaging.requirements import Requirement

import trm_nav

ROOT = Path(__file__).parents[2]

ADDRESS = "https://github.com/someone/trm_nav"
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def read(path: Path):
    return nbformat.read(path, as_version=4)


def requirements(line: str) -> list[Requirement]:
    """What a line with %pip asks for."""
    magic, command, option, *asked = line.replace(" @ ", "@").replace('"', "").split()
    assert (magic, command, option) == ("%pip", "install", "--quiet")
    return [Requirement(one) for one in asked]


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """A copy of a lesson, which the script takes for all there are."""
    monkeypatch.setattr(build_notebooks, "FOLDER", tmp_path)
    return Path(shutil.copy(LESSONS[0], tmp_path))


def build(monkeypatch, repository: str) -> None:
    monkeypatch.setattr(address, "declared", lambda: repository)
    monkeypatch.setattr(sys, "argv", ["build_notebooks.py", "--colab"])
    build_notebooks.main()


@each_lesson
def test_the_committed_lessons_begin_as_the_declared_address_and_version_say(path):
    notebook = read(path)
    changed = put_first(notebook, colab.first_cell(address.declared(), trm_nav.__version__))
    assert not changed, "run make notebooks ARGS=--colab"


@each_lesson
def test_with_an_address_a_lesson_has_one_such_cell_as_its_first_and_its_outputs_stay_valid(path):
    notebook = read(path)
    put_first(notebook, "")
    without, stored = nbformat.writes(notebook), notebook.metadata["trm_nav"]["cells"]
    source = colab.first_cell(ADDRESS, "1.0.0")
    assert put_first(notebook, source) and not put_first(notebook, source)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [colab.is_for_colab(cell) for cell in code] == [True] + [False] * (len(code) - 1)
    numbers = [cell.execution_count for cell in code if cell.source.strip()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert fingerprint(notebook) == stored
    put_first(notebook, "")
    assert nbformat.writes(notebook) == without


def test_the_command_writes_the_cell_follows_the_version_and_takes_the_cell_out_again(lesson, monkeypatch):
    before = lesson.read_bytes()
    build(monkeypatch, ADDRESS)
    with_cell = lesson.read_bytes()
    build(monkeypatch, ADDRESS)
    assert lesson.read_bytes() == with_cell != before
    monkeypatch.setattr(build_notebooks, "__version__", "7.8.9")
    build(monkeypatch, ADDRESS)
    [cell] = [cell for cell in read(lesson).cells if colab.is_for_colab(cell)]
    assert "@v7.8.9" in cell.source
    build(monkeypatch, "")
    assert lesson.read_bytes() == before


def test_its_line_asks_for_the_tag_of_this_version_and_for_pinned_packages_that_a_lesson_imports():
    ours, *others = requirements(colab.installation(ADDRESS, trm_nav.__version__))
    assert (ours.name, ours.url, ours.extras) == ("trm_nav", f"git+{ADDRESS}@v{trm_nav.__version__}", set())
    pins = {line for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    assert {str(other) for other in others} <= pins
    sources = [path.read_text() for path in (ROOT / "trm_nav").rglob("*.py")]
    for other in others:
        assert any(f"\nimport {other.name}\n" in source for source in sources)
    assert requirements(colab.installation(ADDRESS))[0].url == f"git+{ADDRESS}"


def test_it_installs_on_colab_and_does_nothing_elsewhere(monkeypatch):
    code = TransformerManager().transform_cell(colab.first_cell(ADDRESS, "1.0.0"))
    ran: list[str] = []

    class Shell:
        def run_line_magic(self, name: str, line: str) -> None:
            ran.append(f"%{name} {line}")

    exec(code, {"get_ipython": Shell})
    assert ran == []
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    exec(code, {"get_ipython": Shell})
    assert ran == [colab.installation(ADDRESS, "1.0.0")]


def test_the_book_leaves_the_cell_out_and_does_not_ask_for_another_one():
    notebook = read(LESSONS[0])
    for source in ("", colab.first_cell(ADDRESS, "1.0.0")):
        put_first(notebook, source)
        page = prepared(deepcopy(notebook), "notebooks/00_grids.ipynb", ADDRESS, lambda text: text)
        ways = page["cells"][0]["source"]
        assert ("in a new cell" in ways) == (not source) and ("its first cell" in ways) == bool(source)
        assert all(colab.HIDDEN in cell["metadata"]["tags"] for cell in page["cells"] if colab.is_for_colab(cell))
