"""Settings are declared once, and what does not fit is refused by name wherever it comes from."""

import argparse
import json
import re
from pathlib import Path

import pytest

from trm_nav import UserError, cli
from trm_nav.declaration import flags
from trm_nav.settings import RECIPES, DataSettings, ModelSettings, TrainSettings, recipe

KINDS = (DataSettings, ModelSettings, TrainSettings)
# For every setting with bounds, its extremes and the values just outside.
BOUNDS = {
    "num_train": ([1, 10_000_000], [0, 10_000_001]),
    "num_test": ([1, 10_000_000], [0, 10_000_001]),
    "num_final": ([0, 10_000_000], [-1, 10_000_001]),
    "grid_size": ([3, 1024], [2, 1025]),
    "kind": (["random", "depth-first,wilson"], ["randm", "", "wilson,wilson"]),
    "obstacle_density": ([0.0, 0.99, "0.02..0.5"], [-0.01, 1.0, "0.5..0.02", "0.1..1", float("nan")]),
    "holes": ([0.0, 1.0, "0.0..0.1"], [-0.01, 1.01, "0.1..", "a..b"]),
    "train_seed": ([0, 2**32 - 1], [-1, 2**32]),
    "test_seed": ([0, 2**32 - 1], [-1, 2**32]),
    "final_seed": ([0, 2**32 - 1], [-1, 2**32]),
    "threads": ([1, 1024], [0, 1025]),
    "seed": ([0, 2**32 - 1], [-1, 2**32]),
    "dim": ([1, 4096], [-3, 0, 4097]),
    "depth": ([1, 64], [0, 65]),
    "recursions": ([1, 256], [0, 257]),
    "dropout": ([0.0, 0.99], [-0.01, 1.0, float("nan")]),
    "batch_size": ([1, 1_000_000], [0, 1_000_001]),
    "lr": ([1e-9, 10.0], [0.0, 10.1, float("nan"), float("inf")]),
    "weight_decay": ([0.0, 100.0], [-0.01, 101.0, float("nan")]),
    "epochs": ([1, 100_000], [0, 100_001]),
    "patience": ([1, 100_000], [0, 100_001]),
    "save_every": ([1, 100_000], [0, 100_001]),
    "mixing": (["mlp", "conv", "cross"], ["MLP", ""]),
    "gradient_recursions": ([1, 256], [0, 257]),
    "teacher_forcing": ([0.0, 1.0], [-0.01, 1.01, float("nan")]),
    "supervision": (["policy", "action"], ["actions", None]),
    "device": (["auto", "cpu", "mps", "cuda", "cuda:3"], ["gpu", "cuda:", "cuda:x", "xcpu"]),
}
# What a setting needs beside it, so that all of its extremes can be tried.
NEEDS = {"grid_size": {"mixing": "conv"}, "teacher_forcing": {"mixing": "conv", "halting": True}}
CASES = [(kind, name) for kind in KINDS for name in BOUNDS if name in kind.model_fields]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_the_extremes_are_accepted_and_what_lies_beyond_is_refused_by_name(kind, name):
    inside, outside = BOUNDS[name]
    needs = kind.part_of(NEEDS.get(name, {}))
    for value in inside:
        assert getattr(kind.of({name: value, **needs}), name) == value
        words = {key: str(given) for key, given in {name: value, **needs}.items()}
        assert kind.from_strings(words) == {name: value, **needs}
    for value in outside:
        with pytest.raises(UserError, match=f"^`{name}` must be .*, not {re.escape(repr(value))}$"):
            kind.of({name: value})
        with pytest.raises(UserError, match=f"^`{name}` must be .*, not '{value}'$"):
            kind.from_strings({name: str(value)})


def test_every_setting_with_bounds_is_tried_and_every_setting_has_help():
    for kind in KINDS:
        for name, field in kind.model_fields.items():
            assert field.description and not field.description.endswith("."), name
            free = bool in (field.annotation, *getattr(field.annotation, "__args__", ())) or "Path" in repr(field)
            assert free or name in BOUNDS, name


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        (
            ModelSettings,
            {"grid_size": 65},
            "`mixing=mlp` .* needs a `grid_size` of at most 64, not 65; use `mixing=conv`",
        ),
        (
            TrainSettings,
            {"grid_size": 1024},
            "`mixing=mlp` .* at most 64, not 1024; use `mixing=conv` or `mixing=cross`",
        ),
        (ModelSettings, {"halting": True}, "`halting` needs `mixing=conv` or `mixing=cross`, not mlp"),
        (ModelSettings, {"binary": True, "mixing": "cross"}, "`binary` needs `halting`: only the states of decided"),
        (
            TrainSettings,
            {"within_reach": True},
            "`within_reach` needs `mixing=conv` or `mixing=cross`: with mlp, a cell",
        ),
        (TrainSettings, {"teacher_forcing": 0.5, "mixing": "conv"}, "`teacher_forcing` needs `halting`: without it no"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused_with_what_they_need(kind, given, sentence):
    with pytest.raises(UserError, match=f"^{sentence}"):
        kind.of(given)
    with pytest.raises(UserError, match=f"^{sentence}"):
        kind.from_strings({name: str(value) for name, value in given.items()})


@pytest.mark.parametrize("mixing", ["conv", "cross"])
def test_what_local_mixing_allows_is_accepted(mixing):
    given = {"mixing": mixing, "halting": True, "binary": True, "within_reach": True, "teacher_forcing": 0.5}
    settings = TrainSettings.of(given)
    assert {name: getattr(settings, name) for name in given} == given


@pytest.mark.parametrize("wrong", [{"dim": "64"}, {"dim": 64.0}, {"dim": True}, {"dim": None}, {"lr": "1e-3"},
                                   {"augment": "yes"}, {"augment": 1}, {"train_path": 3}, {"device": 0}])  # fmt: skip
def test_a_value_of_another_type_is_refused_outside_a_command_line(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(UserError, match=f"^`{name}` must be .* not {value!r}"):
        TrainSettings.of(wrong)


def test_a_switch_in_small_letters_is_told_how_papermill_reads_it():
    with pytest.raises(UserError, match=r"^`augment` must be True or False, not 'true' \(papermill reads True and"):
        TrainSettings.of({"augment": "true"})


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("dim", "a whole number from 1 to 4096"),
        ("seed", "a whole number from 0 to 4294967295"),
        ("threads", "a whole number from 1 to 1024"),
        ("lr", "a number above 0 and up to 10"),
        ("weight_decay", "a number from 0 to 100"),
        ("augment", "True or False"),
        ("mixing", "'mlp' or 'conv' or 'cross'"),
        ("device", "auto, cpu, mps, cuda or cuda:N"),
        ("train_path", "a path"),
    ],
)
def test_a_refusal_says_in_words_what_is_accepted(name, accepted):
    with pytest.raises(UserError) as refused:
        TrainSettings.of({name: [1]})
    assert str(refused.value) == f"`{name}` must be {accepted}, not [1]"


def test_an_unknown_name_is_refused_with_the_nearest_or_with_all():
    with pytest.raises(UserError, match="^there is no setting 'dims'; did you mean 'dim'\\?$"):
        TrainSettings.of({"dims": 8})
    with pytest.raises(UserError, match="^there is no setting 'zzz'; there are grid_size, dim, .*, overwrite$"):
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


def test_the_recipes_are_the_six_that_are_documented_and_no_other_name_is_one():
    assert set(RECIPES) == {"fast", "production", "maximum", "tiny", "local", "wave"}
    assert recipe(None, TrainSettings) == {}
    with pytest.raises(UserError, match="^there is no recipe 'locale'; did you mean 'local'\\?$"):
        recipe("locale", TrainSettings)


@pytest.fixture
def wide(monkeypatch):
    """A terminal on which no line of help is broken, and no word coloured."""
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_line_has_one_flag_a_setting_and_its_help_tells_the_default(kind, wide):
    parser = cli.Parser("Description.", settings=kind)
    actions = {action.dest: action for action in parser._actions if action.dest != "help"}
    assert list(actions) == list(kind.model_fields)
    shown = " ".join(parser.format_help().split())
    for name, field in kind.model_fields.items():
        assert "--" + name.replace("_", "-") in actions[name].option_strings
        assert actions[name].default is argparse.SUPPRESS
        assert field.description in shown and (field.default is None or f"(default: {field.default})" in shown)


def test_help_lists_the_values_of_a_setting_that_has_only_a_few(wide):
    shown = " ".join(cli.Parser("Description.", settings=TrainSettings).format_help().split())
    assert "--mixing mlp|conv|cross " in shown and "--supervision policy|action " in shown
    assert "--augment, --no-augment " in shown and "--dim DIM " in shown


def test_a_command_line_made_from_settings_is_read_back_as_these_settings():
    given = {"num_train": 50, "augment": True, "obstacle_density": 0.25, "output_dir": Path("a folder/b")}
    words = ["--num-train", "50", "--augment", "--obstacle-density", "0.25", "--output-dir", "a folder/b"]
    assert flags(given) == words
    assert flags({"grow_recursions": False}) == ["--no-grow-recursions"]
    parser = cli.Parser("Description.", settings=DataSettings)
    assert parser.given(parser.parse_args(words)) == given
    assert parser.given(parser.parse_args([])) == {}


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        (["--augment", "true"], "--augment takes no value, not even 'true'"),
        (["--dim", "8", "--augment", "False"], "--augment takes no value, not even 'False'"),
        (["--augment=true"], "--augment takes no value, not even 'true'"),
        (["--augment=perhaps"], "--augment takes no value, not even 'perhaps'"),
        (["--no-augment", "0", "--dim", "8"], "--no-augment takes no value, not even '0'"),
    ],
)
def test_a_switch_with_a_value_is_refused_with_what_to_write(words, taken):
    with pytest.raises(UserError) as refused:
        cli.Parser("Description.", settings=TrainSettings).parse_args(words)
    assert str(refused.value) == f"{taken}: write --augment or --no-augment"


@pytest.mark.parametrize(
    ("message", "printed"),
    [
        ("`dim` must be a whole number", "--dim must be a whole number"),
        ("raise `num_train` or lower `num_test`", "raise --num-train or lower --num-test"),
        ("for example `lr=0.002`", "for example --lr 0.002"),
        ("use `device=cpu`, `dim=64`", "use --device cpu, --dim 64"),
        ("with `augment=True` or `augment=False`", "with --augment or --no-augment"),
        ("`checkpoint_dir=a/b c`", "--checkpoint-dir a/b c"),
        ("call `generate_mazes` or `plan`", "call `generate_mazes` or `plan`"),  # functions, not settings
        ("nothing of the kind", "nothing of the kind"),
    ],
)
def test_a_command_prints_the_settings_that_a_message_names_as_flags(message, printed):
    assert cli.in_flags(message) == printed


@pytest.mark.parametrize(("mistake", "status"), [(UserError("set `dim=8`"), 2), (KeyboardInterrupt(), 130)])
def test_a_command_leaves_by_one_door_with_one_line(capsys, mistake, status):
    def main():
        raise mistake

    with pytest.raises(SystemExit) as left:
        cli.run(main, "prog")
    said, complaint = capsys.readouterr()
    assert (left.value.code, said) == (status, "")
    assert complaint == ("prog: error: set --dim 8\n" if status == 2 else "prog: interrupted\n")


def test_a_bug_keeps_its_traceback():
    def main():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cli.run(main, "prog")
