"""A notebook's parameters: what fits passes, and what does not gets one sentence that says what would."""

import pytest

from trm_nav.course.parameters import PLACES, check_parameters, lesson_parameters, run_settings
from trm_nav.errors import UserError
from trm_nav.settings import RECIPES, DataSettings, TrainSettings

EXPECTED = dict(grid_size=range(3, 65), obstacle_density=(0.0, 0.9), augment=bool, name=str, mixing=("mlp", "conv"))
FITTING = dict(grid_size=8, obstacle_density=0.2, augment=True, name="a", mixing="mlp")


def test_parameters_that_fit_pass():
    lesson_parameters({**FITTING, "In": ["grid_size = 8", "# Parameters\ngrid_size = 16\n"]}, **EXPECTED)
    check_parameters({**FITTING, "obstacle_density": 0}, **EXPECTED)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("grid_size", 2, "grid_size must be a whole number from 3 to 64, not 2"),
        ("grid_size", 8.0, "grid_size must be a whole number from 3 to 64, not 8.0"),
        ("grid_size", True, "grid_size must be a whole number from 3 to 64, not True"),
        ("grid_size", "oops", "grid_size must be a whole number from 3 to 64, not 'oops'"),
        ("obstacle_density", 0.95, "obstacle_density must be a number from 0 to 0.9, not 0.95"),
        ("obstacle_density", float("nan"), "obstacle_density must be a number from 0 to 0.9, not nan"),
        (
            "augment",
            "true",
            "augment must be True or False, not 'true' (papermill reads True and False with a capital letter)",
        ),
        ("augment", 1, "augment must be True or False, not 1"),
        ("name", 3, "name must be text, not 3"),
        ("mixing", "mpl", "mixing must be 'mlp' or 'conv', not 'mpl'"),
    ],
)
def test_a_parameter_that_does_not_fit_gets_a_sentence(name, value, sentence):
    with pytest.raises(UserError) as caught:
        check_parameters({**FITTING, name: value}, **EXPECTED)
    assert str(caught.value) == sentence


def test_a_name_that_papermill_brings_and_nobody_knows_is_answered_with_the_nearest():
    with pytest.raises(UserError, match="no parameter 'grid_sise'; did you mean 'grid_size'?"):
        lesson_parameters({**FITTING, "In": ["", "# Parameters\ngrid_sise = 16\n"]}, **EXPECTED)


ALL_NONE = {name: None for name in {**DataSettings.model_fields, **TrainSettings.model_fields} if name not in PLACES}


@pytest.mark.parametrize("name", RECIPES)
def test_left_at_none_everything_is_as_the_recipe_says(name, tmp_path):
    namespace = {**ALL_NONE, "recipe": name, "output_dir": str(tmp_path)}
    data, training = run_settings(namespace, first_look={})
    for settings in (data, training):
        for field in type(settings).model_fields:
            if field in RECIPES[name]:
                assert getattr(settings, field) == RECIPES[name][field]
    assert data.output_dir == training.train_path.parent == training.val_path.parent
    assert tmp_path in training.checkpoint_dir.parents


def test_what_is_given_overrides_the_recipe_and_without_one_the_first_look_decides(tmp_path):
    namespace = {**ALL_NONE, "recipe": None, "output_dir": str(tmp_path), "dim": 16, "num_train": 77}
    data, training = run_settings(namespace, first_look={"dim": 4, "epochs": 3, "num_test": 9})
    assert (training.dim, training.epochs, data.num_train, data.num_test) == (16, 3, 77, 9)
