"""docs/guide.md names what exists: its commands parse, its flags, files, links and figures are there, no cell is empty.

`test_guide.py` runs the guide's own lines; here the page is read that says where each of them works.
"""

import argparse
import ast
import importlib
import importlib.util
import json
import re
import runpy
import shlex
import sys
from pathlib import Path

import nbformat
import pytest
from test_guide import DATA_LINES, RECIPE_LINES, TABLES

from benchmarks.markdown import between
from benchmarks.studies import guide_times, one_at_a_time, recipe_2
from benchmarks.studies.promises import markers, results
from trm_nav import cli
from trm_nav.settings import RECIPES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guide.md"
TEXT = PAGE.read_text(encoding="utf-8")
CODE = re.findall(r"`([^`]+)`", TEXT)
COMMANDS = sorted({code for code in CODE if code.split()[0] in ("python", "make", "papermill", "pytest")})
# What the guide says, row by row, without the tables of studies of our own.
OURS = {"#one-setting-at-a-time": one_at_a_time, "#recipe-2-epoch-by-epoch": recipe_2}
GUIDE = TEXT
for study in OURS.values():
    GUIDE = GUIDE.replace(between(TEXT, study.BEGIN), "")
ROWS = [line.strip("|").split(" | ") for line in GUIDE.splitlines() if line.startswith("|")]
CELLS = [row for row in ROWS if row[0].strip() != "the guide says" and not set("".join(row)) <= set(" -|")]
LINK = re.compile(r"\]\(([^)#\s]+)")
# A figure with its unit, or a count such as `20 of 20`. What stands in a marker is compared with what was measured.
FIGURE = re.compile(r"(?<![\w.])(\d[\d,.]*\d|\d)(?= ?(?:%|s\b|ms\b|times\b|attacks\b|trainings\b|disturbances\b))")
COUNT = re.compile(r"\b\d+ of \d+\b")


PARSE = {parser: parser.parse_args for parser in (argparse.ArgumentParser, cli.Parser)}


class Read(Exception):
    """The command has read its command line."""


@pytest.fixture
def read(monkeypatch, tmp_path):
    """Let a command read its words as its own `main` does, with its own parser, and stop there. Returns the parser."""
    monkeypatch.chdir(tmp_path)

    def call(command):
        program, *words = shlex.split(command)
        assert program == "python"
        if words[0] == "-m":
            _, name, *words = words
            if name == "trm_nav.search" and importlib.util.find_spec(name) is None:
                pytest.skip("this copy of the project has no search")
            module = importlib.import_module(name)
            if "parse_args" not in Path(module.__file__).read_text(encoding="utf-8"):
                assert words == [], f"{name} takes no words"
                return None
            main = module.main
        else:
            main = runpy.run_path(str(ROOT / words.pop(0)))["main"]
        for parser, parse in PARSE.items():
            monkeypatch.setattr(parser, "parse_args", reading(parse, words))
        with pytest.raises(Read) as reached:
            main()
        return reached.value.args[0]

    return call


def reading(parse, words):
    """A `parse_args` that reads these words, validates the settings among them, and ends the command."""

    def parse_args(self, *_):
        arguments = parse(self, words)
        if isinstance(self, cli.Parser):
            self.given(arguments)
        raise Read(self)

    return parse_args


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("python ")])
def test_the_command_reads_the_line_with_its_own_parser(read, command):
    read(command)


def test_a_line_that_a_command_does_not_take_is_noticed(read):
    with pytest.raises(cli.UserError, match="no flag --dimension"):
        read("python -m trm_nav.train --dimension 64")


def test_a_value_that_a_command_does_not_take_is_noticed(read):
    with pytest.raises(cli.UserError, match="`dim` must be"):
        read("python -m trm_nav.train --dim many")


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make ")])
def test_make_has_the_target_and_the_variables(command):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    _, target, *words = shlex.split(command)
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    for name, _, value in (word.partition("=") for word in words):
        assert re.search(rf"^{name} +\?=", makefile, re.MULTILINE)
        assert name != "RECIPE" or value in RECIPES
        if target == "bench":
            section, *flags = value.split()
            assert (ROOT / "benchmarks" / section / "measure.py").exists()
            assert set(flags) <= {"--long"}


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("papermill ")])
def test_the_notebook_has_the_parameters_that_papermill_is_given(command):
    _, notebook, _, *words = shlex.split(command)
    cells = nbformat.read(ROOT / notebook, as_version=4).cells
    (source,) = (cell.source for cell in cells if "parameters" in cell.metadata.get("tags", ()))
    names = {line.targets[0].id for line in ast.parse(source).body}
    assert set(words[1::3]) <= names


def test_every_flag_belongs_to_a_command(read):
    known = {"--write"}
    for command in ("python scripts/generate_dataset.py", "python -m trm_nav.train", "python -m trm_nav.search",
                    "python -m trm_nav.evaluate", "python -m benchmarks.studies.recipes tiny",
                    "python -m benchmarks.bench"):  # fmt: skip
        if "search" not in command or importlib.util.find_spec("trm_nav.search"):
            known |= set(read(command)._option_string_actions)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", re.sub(r"<!--.*?-->", "", TEXT)))
    assert named and named <= known


def test_every_row_has_three_cells_and_none_is_empty():
    assert len(CELLS) > 90
    for row in ROWS:
        assert len(row) == 3 or set("".join(row)) <= set(" -|"), row
    for row in CELLS:
        assert all(re.search(r"\w", cell) for cell in row), row


def test_every_row_that_was_not_measured_says_why_or_how_to():
    for row in CELLS:
        for reason in re.findall(r"not measured(?: yet)?([^;|]*)", row[2]):
            assert ":" in reason, row[2]


def test_every_link_leads_to_a_file():
    targets = [target for target in LINK.findall(TEXT) if "://" not in target]
    assert len(targets) > 50
    assert not [target for target in targets if not (PAGE.parent / target).exists()]


def test_every_path_of_the_repository_exists():
    paths = {code for code in CODE if re.match(r"(trm_nav|tests|benchmarks|docs|notebooks|scripts)/\S+$", code)}
    assert not [path for path in paths if not (ROOT / path).exists()]


def test_other_documents_lead_here():
    for name in ("README.md", "docs/design.md"):
        assert "guide.md)" in (ROOT / name).read_text(encoding="utf-8"), name


def test_every_marked_figure_is_the_measured_one():
    measured, found = results.Measured(results.load()), list(markers.MARKER.finditer(TEXT))
    assert found and TEXT.count("<!-- m:") == TEXT.count("<!-- /m -->") == len(found)
    for marker in found:
        assert marker["text"] == markers.text(measured, marker["key"]), marker["key"]


def test_every_other_figure_is_in_a_file_that_its_row_links():
    checked = 0
    for line in GUIDE.replace(between(TEXT, guide_times.BEGIN), "").splitlines():
        cell = line.rpartition(" | ")[2]
        quoted = markers.MARKER.sub("", cell)
        figures = [figure.replace(",", "") for figure in FIGURE.findall(quoted)] + COUNT.findall(quoted)
        if not line.startswith("|") or not figures:
            continue
        linked = "".join((PAGE.parent / target).read_text(encoding="utf-8") for target in LINK.findall(cell))
        linked += "".join(between(TEXT, study.BEGIN) for place, study in OURS.items() if f"({place})" in cell)
        linked = re.sub(r"(?<=\d),(?=\d{3})", "", linked)
        for figure in figures:
            assert re.search(rf"(?<![\d.]){re.escape(figure)}(?![\d]|\.\d)", linked), (figure, cell)
            checked += 1
    assert checked > 20


def test_every_value_of_the_guides_tables_and_every_line_of_its_recipes_is_on_the_page():
    given = {name: set() for name in TABLES}
    for command in COMMANDS:
        words = shlex.split(command)
        for flag, value in zip(words, words[1:], strict=False):
            name = flag.removeprefix("--").replace("-", "_")
            if flag.startswith("--") and name in TABLES:
                given[name].add(float(value))
            elif flag == "--search" and value.partition("=")[0] in TABLES and ":" not in value:
                name, _, values = value.partition("=")
                given[name] |= {float(each) for each in values.split(",")}
    assert not {name: set(values) - given[name] for name, values in TABLES.items() if set(values) - given[name]}
    for data, training in RECIPE_LINES.values():
        assert f"python scripts/generate_dataset.py {data}" in COMMANDS
        assert f"python -m trm_nav.train {training}" in COMMANDS
    for line in DATA_LINES:
        assert f"python scripts/generate_dataset.py {line}" in COMMANDS


@pytest.mark.parametrize("study", [guide_times, one_at_a_time, recipe_2])
def test_the_page_shows_what_the_studies_measured(study):
    assert between(TEXT, study.BEGIN) == study.report(json.loads(study.RESULT.read_text()))


# The study of the guide's times.


def test_a_size_that_was_not_measured_says_so_and_a_whole_run_is_its_epochs_times_the_mean():
    result = {"machine": "a machine", "load": 0.25, "mazes": 9, "threads": 1, "recursions": [1, 2, 4],
              "seconds": [10.0, 20.0, 60.0]}  # fmt: skip
    rows = guide_times.report({"fast": result}).splitlines()[2:]
    assert "15 min for the 30 epochs of its recipe, 50 min for the default of 100 epochs. a machine" in rows[0]
    assert [row.count("not measured yet") for row in rows] == [0, 1, 1]


@pytest.fixture
def in_this_process(monkeypatch):
    """The studies' commands are called here; to start Python and load PyTorch for each takes longer than they do."""

    def run(*words):
        command = words[1:] if words[0] == "-m" else words
        monkeypatch.setattr(sys, "argv", list(map(str, command)))
        main = importlib.import_module(words[1]).main if words[0] == "-m" else runpy.run_path(ROOT / words[0])["main"]
        main()

    for study in (guide_times, recipe_2):
        monkeypatch.setattr(study, "run", run)


@pytest.mark.slow
def test_a_size_is_trained_for_an_epoch_of_each_number_of_recursions_once_and_goes_on_if_interrupted(
    tmp_path, monkeypatch, in_this_process
):
    tiny = {"dim": 8, "depth": 1, "threads": 1, "save_every": 1}
    measured = guide_times.measure("fast", tmp_path, mazes=40, **tiny)
    assert (measured["mazes"], measured["threads"], measured["recursions"]) == (40, 1, [1, 2, 4])
    assert len(measured["seconds"]) == guide_times.EPOCHS and min(measured["seconds"]) > 0
    with monkeypatch.context() as patch:
        patch.setattr(guide_times, "run", None)
        assert guide_times.measure("fast", tmp_path, mazes=40, **tiny) == measured

    first = (tmp_path / "fast" / "checkpoint_epoch_1.pt").read_bytes()
    for path in (tmp_path / "fast").iterdir():
        path.unlink()
    (tmp_path / "fast" / "last.pt").write_bytes(first)  # as after one epoch
    again = guide_times.measure("fast", tmp_path, mazes=40, **tiny)
    assert len(again["seconds"]) == guide_times.EPOCHS and again["seconds"][0] == measured["seconds"][0]


def test_a_size_that_does_not_exist_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["guide_times.py", "small"])
    with pytest.raises(SystemExit) as left:
        guide_times.main()
    assert left.value.code == 2 and "there is no size small; there are fast" in capsys.readouterr().err


# The study of Recipe 2.


def test_the_study_of_recipe_2_has_the_guides_lines():
    assert RECIPE_LINES["production"] == (recipe_2.DATA, recipe_2.TRAINING)


@pytest.mark.slow
def test_recipe_2_goes_on_after_its_last_finished_epoch_and_stays_as_it_is_when_it_is_over(
    tmp_path, monkeypatch, in_this_process
):
    data = "--num-train 40 --num-test 20 --grid-size 5"
    training = "--dim 8 --depth 1 --threads 1 --save-every 1 --epochs 3 --patience 3"
    recipe_2.train(tmp_path, data, training)
    checkpoints = tmp_path / "checkpoints"
    whole = json.loads((checkpoints / "history.json").read_text())
    assert len(whole["val_loss"]) == 3 and recipe_2.over(whole)

    first = (checkpoints / "checkpoint_epoch_1.pt").read_bytes()
    for path in checkpoints.iterdir():
        path.unlink()
    (checkpoints / "last.pt").write_bytes(first)  # as after one epoch
    recipe_2.train(tmp_path, data, training)
    again = json.loads((checkpoints / "history.json").read_text())
    assert again["val_loss"] == whole["val_loss"] and again["seconds"][0] == whole["seconds"][0]

    with monkeypatch.context() as patch:
        patch.setattr(recipe_2, "run", None)
        recipe_2.train(tmp_path, data, training)

    walked = {"success": 0.5, "success_8_symmetries": 0.625, "path_ratio": 1.0}
    monkeypatch.setattr(recipe_2, "figures", lambda _: walked)
    result = recipe_2.collected(checkpoints)
    assert str(tmp_path) not in json.dumps(result)
    text = recipe_2.report(result)
    assert [line.split(" | ")[:2] for line in text.splitlines()[2:5]] == [["| 1", "1"], ["| 2", "2"], ["| 3", "4"]]
    assert "3 of 3 epochs" in text and "not yet 99.5%" in text and "in 50.00% of 4,000" in text
