"""Arguments of every type and size: the right answer, or one sentence."""

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strange import VALUES, assert_refused

from trm_nav import generate_mazes, memory, optimal_actions
from trm_nav.mazes.astar import astar
from trm_nav.mazes.encoding import decode, encode
from trm_nav.mazes.expert import distances

ACCEPTED = {("holes", "a share"), ("obstacle_density", "a share")}


@pytest.mark.parametrize("argument", ["num", "grid_size", "obstacle_density", "seed", "kind", "holes"])
@pytest.mark.parametrize("value", VALUES)
def test_mazes_are_not_generated_from_what_is_no_number_share_or_kind(argument, value):
    if (argument, value) not in ACCEPTED:
        sentence = assert_refused(generate_mazes, **{"num": 2, argument: VALUES[value]})
        assert f"`{argument}` must be " in sentence


@pytest.mark.parametrize("argument", ["num", "grid_size", "seed"])
@pytest.mark.parametrize("value", [True, 3.0, "3", 2**64, -(2**400), [3], (3,), torch.tensor(3)], ids=str)
def test_what_looks_like_a_whole_number_is_none(argument, value):
    assert f"`{argument}` must be a whole number from " in assert_refused(generate_mazes, **{"num": 2, argument: value})


@pytest.mark.parametrize("number", [np.int8(5), np.uint64(5), np.int32(5), np.array(5)], ids=repr)
def test_whole_numbers_of_numpy_are_whole_numbers(number):
    mazes, same = (generate_mazes(five, five, seed=five) for five in (number, 5))
    assert (mazes.walls == same.walls).all() and mazes.walls.shape == (5, 5, 5)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_bounds_is_refused_and_the_largest_is_not(seed):
    assert "`seed` must be a whole number from 0 to 4294967295" in assert_refused(generate_mazes, 1, seed=seed)
    assert len(generate_mazes(1, seed=2**32 - 1)) == 1


@pytest.mark.parametrize(("num", "n"), [(10**12, 8), (10**10, 1024), (10**12, 3)])
def test_more_mazes_than_fit_into_memory_are_refused_with_how_much_there_is(num, n):
    sentence = assert_refused(generate_mazes, num, n)
    assert sentence.startswith(f"{num:,} mazes of {n} x {n} would need about ") and sentence.endswith(
        " are free; ask for fewer or smaller ones"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("num", "n", "kind"),
    [(1, 3, "random"), (20_000, 3, "random"), (20_000, 8, "random,wilson"), (300, 64, "random"), (5, 150, "wilson")],
)
def test_generating_takes_no_more_memory_than_is_required_of_the_machine(monkeypatch, num, n, kind):
    required = []
    monkeypatch.setattr(memory, "require", lambda needed, *words: required.append(needed))
    tracemalloc.start()
    generate_mazes(num, n, kind=kind)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < required[0]


@pytest.mark.parametrize("label", [optimal_actions, distances, encode])
@pytest.mark.parametrize("value", VALUES)
def test_walls_and_goals_of_any_other_type_are_refused(label, value):
    mazes = generate_mazes(3, 5)
    assert "walls must be" in assert_refused(label, VALUES[value], mazes.goals)
    assert "goals must be" in assert_refused(label, mazes.walls, VALUES[value])
    assert "tokens must be" in assert_refused(decode, VALUES[value])


@pytest.mark.parametrize("label", [optimal_actions, distances])
@pytest.mark.parametrize(
    ("walls", "goals", "words"),
    [
        (np.zeros((2, 0, 0), bool), np.zeros((2, 2), int), r"not bool of shape (2, 0, 0)"),
        (np.zeros((2, 4, 5), bool), np.zeros((2, 2), int), r"not bool of shape (2, 4, 5)"),
        (np.zeros((4, 4), bool), np.zeros((1, 2), int), r"not bool of shape (4, 4)"),
        (np.zeros((2, 4, 4), np.uint8), np.zeros((2, 2), int), "not uint8 of shape"),
        (np.zeros((2, 4, 4), object), np.zeros((2, 2), int), "not object of shape"),
        (np.zeros((2, 4, 4), bool), np.zeros((2, 2)), "not float64 of shape"),
        (np.zeros((2, 4, 4), bool), np.zeros((2, 2), object), "not object of shape"),
        (np.zeros((2, 4, 4), bool), np.zeros((2, 2), bool), "not bool of shape"),
        (np.zeros((2, 4, 4), bool), np.full((2, 2), np.nan), "not float64 of shape"),
        (np.zeros((2, 4, 4), bool), np.zeros((3, 2), int), "not int64 of shape (3, 2)"),
        (np.zeros((2, 4, 4), bool), np.array([[0, 0], [0, -1]]), "goal of maze 1 is (0, -1), outside its 4 x 4"),
        (np.zeros((1, 4, 4), bool), np.array([[2**63, 0]], np.uint64), "is (9223372036854775808, 0), outside"),
        (np.zeros((1, 4, 4), bool), np.array([[2**64 - 1, 0]], np.uint64), "is (18446744073709551615, 0), outside"),
        (np.zeros((0, 4, 4), bool), [], "not float64 of shape (0,)"),
        (np.broadcast_to(False, (10**12, 8, 8)), np.broadcast_to(0, (10**12, 2)), "the goals of 1,000,000,000,000"),
        (np.broadcast_to(False, (1, 10**7, 10**7)), np.zeros((1, 2), int), "1 mazes of 10000000 x 10000000"),
    ],
)  # fmt: skip
def test_arrays_that_are_no_mazes_are_refused_with_what_they_are(label, walls, goals, words):
    assert words in assert_refused(label, walls, goals)


@pytest.mark.parametrize("n", [1, 2, 3, 64, 65, 128, pytest.param(1024, marks=pytest.mark.slow),
                               pytest.param(1025, marks=pytest.mark.slow)])  # fmt: skip
@pytest.mark.parametrize("label", [optimal_actions, distances])
def test_labels_do_not_depend_on_how_the_arrays_lie_in_memory(label, n):
    rng = np.random.default_rng(n)
    walls, goals = rng.random((2, n, n)) < 0.3, rng.integers(0, n, (2, 2))
    walls[[0, 1], *goals.T] = False
    expected = label(walls, goals)
    frozen = walls.copy(), goals.copy()
    for array in frozen:
        array.flags.writeable = False
    backwards = walls[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1], np.asfortranarray(goals)
    tensors = torch.tensor(walls), torch.tensor(goals)
    bytes_of_255 = (walls.astype(np.uint8) * 255).view(bool), goals.astype(">i4")
    lists = (walls.tolist(), goals.tolist()) if n < 200 else frozen
    for other in (frozen, backwards, tensors, bytes_of_255, lists):
        np.testing.assert_array_equal(label(*other), expected)


def test_no_mazes_have_no_labels():
    none, nowhere = np.zeros((0, 9, 9), bool), np.zeros((0, 2), int)
    assert optimal_actions(none, nowhere).shape == distances(none, nowhere).shape == (0, 9, 9)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("argument", ["walls", "start", "goal", "heuristic", "weight"])
def test_astar_refuses_what_is_no_maze_cell_heuristic_or_weight(argument, value):
    known = {"weight": ("a fraction", "a share", "a negative number", "a huge number"), "heuristic": ("a type",)}
    if value not in known.get(argument, ()):
        arguments = {"walls": np.zeros((4, 4), bool), "start": (0, 0), "goal": (3, 3), argument: VALUES[value]}
        assert argument in assert_refused(astar, **arguments)


@given(st.data())
def test_any_small_array_is_labelled_or_refused(data):
    shape = data.draw(st.lists(st.integers(0, 4), max_size=4))
    dtype = data.draw(st.sampled_from([bool, bool, bool, np.int8, np.uint64, float, object, "U1", "V2", "M8[s]"]))
    walls = np.zeros(shape, dtype)
    goals = np.array(data.draw(st.lists(st.tuples(*[st.integers(-2, 5)] * 2), max_size=4)))
    try:
        found = optimal_actions(walls, goals)
    except ValueError:
        assert_refused(optimal_actions, walls, goals)
    else:
        assert walls.dtype == bool and found.shape == walls.shape and (found > 0).all()  # an open field
