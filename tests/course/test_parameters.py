"""A notebook's parameters: what fits passes, and what does not gets one sentence that says what would."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from trm_nav.course import parameters
from trm_nav.course.parameters import (
    PATHS,
    AstarLesson,
    DiagnosticsLesson,
    GridsLesson,
    ResumeLesson,
    TrainLesson,
    WaveLesson,
    lesson_parameters,
    require,
    run_settings,
)
from trm_nav.declaration import Settings
from trm_nav.errors import UserError
from trm_nav.settings import FIRST_LOOK, RECIPES, DataSettings, TrainSettings

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = {
    name.removesuffix("Lesson").lower(): lesson
    for name, lesson in inspect.getmembers(parameters, inspect.isclass)
    if name.endswith("Lesson") and issubclass(lesson, Settings)
}
GRIDS = {"grid_size": 8, "obstacle_density": 0.2, "num_mazes": 1000, "seed": 1}
RESUME = {"grid_size": 8, "obstacle_density": 0.2, "seed": 0, "num_train": 50, "dim": 8, "epochs": 6, "stop_after": 2}


def as_papermill_injects(line: str) -> list[str]:
    """A notebook's `In` after the cell in which papermill puts the values that it was given."""
    return ["", "grid_size = 8", f"# Parameters\n{line}\n"]


def test_parameters_that_fit_pass_and_other_names_of_the_notebook_do_not_matter():
    lesson_parameters({**GRIDS, "In": as_papermill_injects("grid_size = 16"), "anything": object()}, GridsLesson)
    lesson_parameters({**GRIDS, "obstacle_density": 0}, GridsLesson)  # a whole number is a number


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("grid_size", 3, "`grid_size` must be a whole number from 4 to 32, not 3"),
        ("grid_size", 33, "`grid_size` must be a whole number from 4 to 32, not 33"),
        ("grid_size", 8.0, "`grid_size` must be a whole number from 4 to 32, not 8.0"),
        ("grid_size", True, "`grid_size` must be a whole number from 4 to 32, not True"),
        ("grid_size", "oops", "`grid_size` must be a whole number from 4 to 32, not 'oops'"),
        ("obstacle_density", 0.95, "`obstacle_density` must be a number from 0 to 0.7, not 0.95"),
        ("obstacle_density", float("nan"), "`obstacle_density` must be a number from 0 to 0.7, not nan"),
        ("seed", -1, "`seed` must be a whole number from 0 to 4294967295, not -1"),
    ],
)
def test_a_parameter_that_does_not_fit_gets_a_sentence(name, value, sentence):
    with pytest.raises(UserError) as refused:
        lesson_parameters({**GRIDS, name: value}, GridsLesson)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("lesson", "given", "sentence"),
    [
        (AstarLesson, {"weight": 1.0}, "`weight` must be a number from 1.5 to 10, not 1.0"),
        (DiagnosticsLesson, {"lr": "1e-3"}, "`lr` must be a number from 0.0001 to 0.1, not '1e-3'"),
        (TrainLesson, {"output_dir": 3}, "`output_dir` must be text, not 3"),
        (
            WaveLesson,
            {"short_epochs": 11},
            "`short_epochs` must be at most `epochs`, 10, not 11: the two networks are compared after the same "
            "number of epochs",
        ),
        (ResumeLesson, RESUME | {"stop_after": 6}, "`stop_after` must be less than `epochs`, 6, not 6"),
    ],
)
def test_each_lesson_has_its_own_bounds(lesson, given, sentence):
    with pytest.raises(UserError) as refused:
        lesson_parameters(fitting(lesson) | given, lesson)
    assert str(refused.value) == sentence


def fitting(lesson: type[Settings]) -> dict[str, object]:
    """A value within the bounds of every parameter of a lesson."""
    values = {"grid_size": 8, "obstacle_density": 0.2, "num_mazes": 1000, "weight": 2.0, "seed": 1, "num_train": 100,
              "num_test": 100, "num_final": 100, "dim": 8, "depth": 1, "lr": 1e-2, "epochs": 10, "output_dir": "runs",
              "evaluation_mazes": 10, "evaluation_seed": 1, "local_train": 100, "local_epochs": 1,
              "short_epochs": 1, "large": 16, "huge": 51}  # fmt: skip
    return lesson.part_of(values)


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_lessons_parameters_are_those_of_its_cell_and_their_defaults_fit(path):
    cells = nbformat.read(path, as_version=4).cells
    (source,) = (cell.source for cell in cells if "parameters" in cell.metadata.get("tags", ()))
    defaults = {line.targets[0].id: ast.literal_eval(line.value) for line in ast.parse(source).body}
    lesson = LESSONS[path.stem.partition("_")[2]]
    if lesson is TrainLesson:  # which has all settings of a run besides
        run_settings(defaults)
    else:
        assert set(defaults) == set(lesson.model_fields)
        lesson_parameters(defaults, lesson)


@pytest.mark.parametrize("check", [lambda names: lesson_parameters(names, GridsLesson),
                                   lambda names: run_settings(names)])  # fmt: skip
def test_a_name_that_papermill_brings_and_the_lesson_does_not_have_is_answered_with_the_nearest(check):
    names = {**GRIDS, "In": as_papermill_injects("grid_sise = 16")}
    with pytest.raises(UserError, match="no parameter 'grid_sise'; did you mean 'grid_size'\\?$"):
        check(names)


ALL_NONE = {name: None for name in {**DataSettings.model_fields, **TrainSettings.model_fields} if name not in PATHS}
ELSEWHERE = {"evaluation_mazes": 10, "evaluation_seed": 1}


@pytest.mark.parametrize("name", RECIPES)
def test_left_at_none_everything_is_as_the_recipe_says(name, tmp_path):
    namespace = {**ALL_NONE, **ELSEWHERE, "recipe": name, "output_dir": str(tmp_path)}
    data, training = run_settings(namespace)
    for settings in (data, training):
        as_the_recipe = type(settings).of(type(settings).part_of(RECIPES[name]))
        for field in type(settings).part_of(RECIPES[name]):
            assert getattr(settings, field) == getattr(as_the_recipe, field)
    assert data.output_dir == training.train_path.parent == training.val_path.parent
    assert tmp_path in training.checkpoint_dir.parents


def test_what_is_given_overrides_the_recipe_and_without_one_the_first_look_decides(tmp_path):
    namespace = {**ALL_NONE, **ELSEWHERE, "recipe": None, "output_dir": str(tmp_path), "dim": 16, "num_train": 77}
    data, training = run_settings(namespace)
    assert (training.dim, data.num_train) == (16, 77)
    assert (training.epochs, training.lr) == (FIRST_LOOK["epochs"], FIRST_LOOK["lr"])


def test_a_wrong_setting_of_a_run_gets_a_sentence(tmp_path):
    namespace = {**ALL_NONE, **ELSEWHERE, "recipe": None, "output_dir": str(tmp_path)}
    for wrong, sentence in [
        ({"dim": -3}, "`dim` must be a whole number from 1 to 4096, not -3"),
        ({"evaluation_mazes": 0}, "`evaluation_mazes` must be a whole number from 1 to 100000, not 0"),
    ]:
        with pytest.raises(UserError) as refused:
            run_settings({**namespace, **wrong})
        assert str(refused.value) == sentence


def test_a_package_that_is_missing_is_named_with_the_way_to_install_it():
    require("numpy", "torch")
    with pytest.raises(UserError, match=r"need no_such_package, not installed for .*make lab.*\[course\].*make doctor"):
        require("numpy", "no_such_package")


@pytest.mark.slow
def test_a_lessons_first_import_says_what_is_missing():
    code = """
import importlib.util

find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "ipywidgets" else find(name, *rest)
try:
    from trm_nav.course.parameters import lesson_parameters
except ValueError as error:
    print(type(error).__name__, error)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("UserError the lessons need ipywidgets, not installed for ") and not ran.stderr
