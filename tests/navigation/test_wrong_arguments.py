"""Models, mazes and plans of every wrong kind: one sentence, before any work."""

from functools import cache

import numpy as np
import pytest
import torch
from strange import VALUES, assert_refused
from torch import nn

from trm_nav import create_model, generate_mazes, memory, plan
from trm_nav.mazes.grids import Mazes
from trm_nav.navigation.evaluation import evaluate, evaluate_astar
from trm_nav.navigation.walk import path, walk

MAZES = generate_mazes(3, 5, seed=1)
ACTIONS = np.zeros((3, 5, 5), np.uint8)


@cache
def model():
    return created()


def created(**settings):
    return create_model(**{"grid_size": 5, "dim": 8, "depth": 1, "recursions": 2, **settings})


class Half(nn.Module):
    """It has one of the attributes of a model."""

    mixing = "conv"


NO_MODELS = {**VALUES, "a path as text": "best.pt", "a layer": nn.Linear(3, 3), "half a model": Half()}


@pytest.mark.parametrize("name", NO_MODELS)
def test_what_is_no_model_neither_plans_nor_is_evaluated(name):
    value = NO_MODELS[name]
    for call in (lambda: plan(value, MAZES.walls, MAZES.goals), lambda: evaluate(value, MAZES)):
        sentence = assert_refused(call)
        assert "a plan needs a model from `create_model` or `load_model`, not of type " in sentence
        assert ("load a checkpoint" in sentence) == (type(value).__name__ in ("str", "PosixPath", "WindowsPath"))


@pytest.mark.parametrize("value", VALUES)
def test_a_plan_refuses_walls_goals_and_switches_of_other_types(value):
    assert "walls must be" in assert_refused(plan, model(), VALUES[value], MAZES.goals)
    assert "goals must be" in assert_refused(plan, model(), MAZES.walls, VALUES[value])
    sentence = assert_refused(plan, model(), MAZES.walls, MAZES.goals, VALUES[value])
    assert "`average_symmetries` must be True or False" in sentence


def test_who_gives_the_mazes_instead_of_their_walls_is_told_so():
    assert "walls must be a NumPy array, not of type Mazes" in assert_refused(plan, model(), MAZES, MAZES.goals)


@pytest.mark.parametrize("settings", [{}, {"mixing": "conv"}, {"mixing": "cross", "halting": True}])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_model_whose_training_diverged_does_not_plan(settings, number):
    for name in ("head.bias", "embedding.weight", "blocks.0.mix_channels.channels_in.weight"):
        broken = created(**settings)
        broken.get_parameter(name).data.view(-1)[-1] = number
        assert f"its weights {name} hold NaN or infinity" in assert_refused(plan, broken, MAZES.walls, MAZES.goals)
        assert f"its weights {name} hold NaN or infinity" in assert_refused(evaluate, broken, MAZES)


def test_a_model_without_numbers_does_not_plan():
    assert "meta device, which holds no weights" in assert_refused(plan, created().to("meta"), MAZES.walls, MAZES.goals)


def test_plans_that_do_not_fit_into_memory_are_refused(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 10**6)
    walls, goals = np.zeros((1, 512, 512), bool), np.zeros((1, 2), int)
    wide = created(mixing="conv", dim=128)
    sentence = assert_refused(plan, wide, walls, goals)
    assert sentence.startswith("planning for 1 mazes of 512 x 512 would need about ")


@pytest.mark.parametrize("value", VALUES)
def test_an_evaluation_refuses_what_is_no_mazes(value):
    for call in (lambda mazes: evaluate(model(), mazes), evaluate_astar):
        assert "the mazes must be of the type that `generate_mazes` returns" in assert_refused(call, VALUES[value])
        for part in ("walls", "starts", "goals"):
            assert f"{part} must be" in assert_refused(call, Mazes(**{**vars(MAZES), part: VALUES[value]}))


@pytest.mark.parametrize(
    ("start", "words"),
    [([-1, 0], "the start of maze 1 is (-1, 0), outside its 5 x 5 cells"), ([0, 5], "(0, 5), outside"),
     (None, "is a wall")],
)  # fmt: skip
def test_a_start_that_is_no_free_cell_is_refused_by_evaluations_and_walks(start, words):
    starts = MAZES.starts.copy()
    starts[1] = np.argwhere(MAZES.walls[1])[0] if start is None else start
    mazes = Mazes(MAZES.walls, starts, MAZES.goals)
    assert words in assert_refused(evaluate, model(), mazes)
    assert words in assert_refused(evaluate_astar, mazes)
    assert words in assert_refused(walk, ACTIONS, MAZES.walls, starts, MAZES.goals)
    words = words.replace("maze 1", "maze 0")  # a path has one maze only
    assert words in assert_refused(path, ACTIONS[1], MAZES.walls[1], starts[1], MAZES.goals[1])


def test_mazes_as_lists_and_tensors_are_evaluated_like_arrays():
    halting = created(mixing="cross", halting=True)
    expected = evaluate(halting, MAZES)
    for turn in (np.ndarray.tolist, torch.tensor):
        result = evaluate(halting, Mazes(*(turn(array) for array in (MAZES.walls, MAZES.starts, MAZES.goals))))
        assert {**result.summary()} == {**expected.summary()}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("argument", range(4))
def test_walks_refuse_actions_walls_starts_and_goals_of_other_types(argument, value):
    name = ("actions", "walls", "start", "goal")[argument]
    whole = [ACTIONS, MAZES.walls, MAZES.starts, MAZES.goals]
    single = [array[1] for array in whole]
    whole[argument] = single[argument] = VALUES[value]
    assert f"{name}" in assert_refused(walk, *whole)
    assert f"{name}" in assert_refused(path, *single)


@pytest.mark.parametrize("actions", [ACTIONS + 5, ACTIONS.astype(int) - 1, ACTIONS.astype(float), ACTIONS > 1])
def test_what_is_no_action_is_not_walked(actions):
    expected = "actions must be whole numbers from 0 to 4"
    assert expected in assert_refused(walk, actions, MAZES.walls, MAZES.starts, MAZES.goals)
    assert expected in assert_refused(path, actions[0], MAZES.walls[0], MAZES.starts[0], MAZES.goals[0])
