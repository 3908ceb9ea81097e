"""What can be searched, and what is said about what cannot."""

import pytest

from trm_nav.errors import UserError
from trm_nav.searching.space import GRID, RANGES, grid, in_words, space_of


def test_the_guides_grid_has_its_27_combinations_and_the_last_setting_changes_fastest():
    everything = grid(space_of(GRID, ()))
    assert len(everything) == 27
    assert everything[:2] == [
        {"dim": 64, "depth": 2, "dropout": 0.1},
        {"dim": 64, "depth": 2, "dropout": 0.15},
    ]
    assert everything[-1] == {"dim": 256, "depth": 4, "dropout": 0.2}


def test_the_guides_ranges_are_its_table():
    assert {name: each.choices for name, each in space_of(RANGES, ()).items()} == {
        "dim": (64, 128, 256),
        "depth": (2, 3, 4),
        "dropout": (0.1, 0.15, 0.2, 0.25),
        "lr": (1e-3, 5e-4, 1e-4),
        "weight_decay": (0.01, 0.02, 0.05),
    }


@pytest.mark.parametrize("text", ["1e-4:0.01:log", "0:0.5", "16:64:log", "8,16,32", "conv,mlp", "True,False"])
def test_a_range_in_words_is_read_back_as_the_same_range(text):
    name = {"1e-4:0.01:log": "lr", "0:0.5": "dropout", "conv,mlp": "mixing", "True,False": "augment"}.get(text, "dim")
    space = space_of({name: text}, ())
    assert space_of({name: in_words(space[name])}, ()) == space


@pytest.mark.parametrize(
    "name, text, sentence",
    [
        ("dimm", "8,16", "'dimm' is no setting that can be searched; did you mean 'dim'?"),
        ("threads", "1,2", "'threads' is no setting that can be searched"),
        ("dim", "0,16", "`dim` must be a whole number from 1 to 4096, not '0'"),
        ("dim", "16:8192", "`dim` must be a whole number from 1 to 4096, not '8192'"),
        ("dim", "16,16", "the values of `dim` are not all different: 16,16"),
        ("lr", "1e-2:1e-4", "the range 1e-2:1e-4 of `lr` ends where it begins, or before"),
        ("lr", "1e-4:1e-3:1e-2", "a range of `lr` is two numbers"),
        ("lr", "1e-4:1e-2:linear", "a range of `lr` is two numbers"),
        ("lr", "1e-4:1e-2:logarithm", "a range of `lr` is two numbers"),
        ("dropout", "0:0.5:log", "a logarithmic range of `dropout` begins above 0, not at 0"),
        ("mixing", "mlp:conv", "a range of `mixing` is two numbers"),
        ("dim", "", "`dim` must be a whole number from 1 to 4096, not ''"),
    ],
)
def test_what_cannot_be_searched_is_said_in_one_sentence(name, text, sentence):
    with pytest.raises(UserError) as mistake:
        space_of({name: text}, ())
    assert str(mistake.value).startswith(sentence)


def test_a_grid_of_a_range_is_refused():
    with pytest.raises(UserError, match="a grid needs a list of values for `lr`"):
        grid(space_of({"lr": "1e-4:1e-2"}, ()))
