"""Settings are declared once, and what does not fit is refused by name wherever it comes from."""

import argparse
import json
from pathlib import Path

import pytest

from trm_nav import UserError, cli
from trm_nav.settings import RECIPES, DataSettings, ModelSettings, TrainSettings, recipe

KINDS = (DataSettings, ModelSettings, TrainSettings)
# For every setting with bounds, its extremes and the values just outside.
BOUNDS = {
    "num_train": ([1, 10_000_000], [0, 10_000_001]),
    "num_test": ([1, 10_000_000], [0, 10_000_001]),
    "grid_size": ([3, 64], [2, 65]),
    "obstacle_density": ([0.0, 0.99], [-0.01, 1.0]),
    "train_seed": ([0, 2**32 - 1], [-1, 2**32]),
    "test_seed": ([0, 2**32 - 1], [-1, 2**32]),
    "threads": ([1, 1024], [0, 1025]),
    "seed": ([0, 2**32 - 1], [-1, 2**32]),
    "dim": ([1, 4096], [0, 4097]),
    "depth": ([1, 64], [0, 65]),
    "recursions": ([1, 256], [0, 257]),
    "dropout": ([0.0, 0.99], [-0.01, 1.0, float("nan")]),
    "batch_size": ([1, 1_000_000], [0, 1_000_001]),
    "lr": ([1e-9, 10.0], [0.0, 10.1, float("nan"), float("inf")]),
    "weight_decay": ([0.0, 100.0], [-0.01, 101.0, float("nan")]),
    "epochs": ([1, 100_000], [0, 100_001]),
    "patience": ([1, 100_000], [0, 100_001]),
    "save_every": ([1, 100_000], [0, 100_001]),
    "mixing": (["mlp", "conv"], ["MLP", ""]),
    "supervision": (["policy", "action"], ["actions", None]),
    "device": (["auto", "cpu", "mps", "cuda", "cuda:3"], ["gpu", "cuda:", "cuda:x", "xcpu"]),
}
CASES = [(kind, name) for kind in KINDS for name in BOUNDS if name in kind.model_fields]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_the_extremes_are_accepted_and_what_lies_beyond_is_refused_by_name(kind, name):
    inside, outside = BOUNDS[name]
    for value in inside:
        assert getattr(kind.of({name: value}), name) == value
        assert kind.from_strings({name: str(value)}) == {name: value}
    for value in outside:
        with pytest.raises(UserError, match=f"^{name} .*, not {value}$|^{name} .*, not '{value}'$"):
            kind.of({name: value})
        with pytest.raises(UserError, match=f"^{name} .*, not '{value}'$"):
            kind.from_strings({name: str(value)})


def test_every_setting_with_bounds_is_tried_and_every_setting_has_help():
    for kind in KINDS:
        for name, field in kind.model_fields.items():
            assert field.description and not field.description.endswith("."), name
            free = bool in (field.annotation, *getattr(field.annotation, "__args__", ())) or "Path" in repr(field)
            assert free or name in BOUNDS, name


@pytest.mark.parametrize("wrong", [{"dim": "64"}, {"dim": 64.0}, {"dim": True}, {"dim": None}, {"lr": "1e-3"},
                                   {"augment": "yes"}, {"augment": 1}, {"train_path": 3}, {"device": 0}])  # fmt: skip
def test_a_value_of_another_type_is_refused_outside_a_command_line(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(UserError, match=f"^{name} must .* not {value!r}"):
        TrainSettings.of(wrong)


def test_a_switch_in_small_letters_is_told_how_papermill_reads_it():
    with pytest.raises(UserError, match=r"augment .*, not 'true' \(papermill reads True and False with a capital"):
        TrainSettings.of({"augment": "true"})


def test_an_unknown_name_is_refused_with_the_nearest_or_with_all():
    with pytest.raises(UserError, match="^there is no setting 'dims'; did you mean 'dim'\\?$"):
        TrainSettings.of({"dims": 8})
    with pytest.raises(UserError, match="^there is no setting 'zzz'; there are grid_size, dim, .*, resume$"):
        TrainSettings.of({"zzz": 8})


def test_settings_cannot_change():
    with pytest.raises(ValueError, match="frozen"):
        TrainSettings().dim = 3


def test_settings_survive_json():
    for kind in KINDS:
        settings = kind.of({"grid_size": 12})
        assert kind.of(json.loads(json.dumps(settings.plain()))) == settings
    assert TrainSettings.of({"train_path": "a/b"}).train_path == Path("a/b")


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_names_only_settings_and_fits_both_commands(name):
    assert set(RECIPES[name]) <= set(DataSettings.model_fields) | set(TrainSettings.model_fields)
    for kind in (DataSettings, TrainSettings):
        part = recipe(name, kind)
        assert part == {key: value for key, value in RECIPES[name].items() if key in kind.model_fields}
        kind.of(part)


def test_the_recipes_are_the_five_that_are_documented_and_no_other_name_is_one():
    assert set(RECIPES) == {"fast", "production", "maximum", "tiny", "local"}
    assert recipe(None, TrainSettings) == {}
    with pytest.raises(UserError, match="^there is no recipe 'locale'; did you mean 'local'\\?$"):
        recipe("locale", TrainSettings)


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_line_has_one_flag_a_setting_and_its_help_tells_the_default(kind):
    parser = cli.Parser("Description.", settings=kind)
    flags = {action.dest: action for action in parser._actions if action.dest != "help"}
    assert list(flags) == list(kind.model_fields)
    shown = " ".join(parser.format_help().split())
    for name, field in kind.model_fields.items():
        assert "--" + name.replace("_", "-") in flags[name].option_strings
        assert flags[name].default is argparse.SUPPRESS
        assert field.description in shown and (field.default is None or f"(default: {field.default})" in shown)


@pytest.mark.parametrize(("mistake", "status"), [(UserError("a sentence"), 2), (KeyboardInterrupt(), 130)])
def test_a_command_leaves_by_one_door_with_one_line(capsys, mistake, status):
    def main():
        raise mistake

    with pytest.raises(SystemExit) as left:
        cli.run(main, "prog")
    said, complaint = capsys.readouterr()
    assert (left.value.code, said) == (status, "")
    assert complaint == ("prog: error: a sentence\n" if status == 2 else "prog: interrupted\n")


def test_a_bug_keeps_its_traceback():
    def main():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cli.run(main, "prog")
