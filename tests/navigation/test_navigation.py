"""Plans, walks and what is counted about them, against walkers and policies written out one maze at a time."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import binomtest
from tiny import rounding
from torch import nn

from trm_nav import UserError, create_model, generate_mazes, optimal_actions, plan
from trm_nav.mazes.encoding import DOWN, LEFT, MOVES, RIGHT, STAY, UP, contains, decode, encode
from trm_nav.mazes.grids import Mazes
from trm_nav.mazes.symmetry import INVERSE, transform_actions, transform_cells, transform_mazes
from trm_nav.navigation.evaluation import Evaluation, evaluate, evaluate_astar
from trm_nav.navigation.walk import path, walk

SIZES = (3, 5, 16)


class Expert(nn.Module):
    """A model that has nothing to learn: each optimal action has the logit 1, the others 0, plus what noise adds."""

    mixing, dim = "conv", 1

    def __init__(self, noise=0.0):
        super().__init__()
        self.noise = nn.Parameter(torch.tensor(noise))

    def forward(self, tokens):
        sets = optimal_actions(*decode(tokens.numpy())).reshape(*tokens.shape, 1)
        return torch.from_numpy(sets >> np.arange(5) & 1) + self.noise


def random_model(**settings):
    """A model whose cells hear from each other, as those of a new one do not: its blocks start by changing nothing."""
    model = create_model(dim=16, depth=1, recursions=3, **settings)
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            parameter.data.normal_(0, 0.5, generator=generator)
    model.head.bias.data[
        STAY
    ] = -3  # STAY means the same in every orientation of the maze, so an average would favour it
    return model


def policies(model, mazes):
    """The model's probabilities for a batch of mazes, float64 (N, n, n, 5)."""
    n = mazes.grid_size
    with torch.no_grad():
        logits = model(torch.from_numpy(encode(mazes.walls, mazes.goals)))
    return logits.softmax(dim=-1).view(-1, n, n, 5).numpy()


def mean_policies(model, mazes):
    """The mean over the 8 symmetries: what the model says of each, action by action where it came from."""
    total = 0
    for g in range(8):
        transformed = policies(model, transform_mazes(mazes, g))
        for action in range(5):
            back = transform_actions(np.full((1, 1, 1), action, np.uint8), g).item()  # the action's name in symmetry g
            total = total + np.eye(5)[action] * transform_cells(transformed[..., back], INVERSE[g])[..., None]
    return total / 8


def assert_likeliest(actions, policies):
    """Each action is the likeliest of its policy, up to rounding: of two that are equally likely, either will do."""
    chosen = np.take_along_axis(policies, actions[..., None].astype(int), axis=-1)[..., 0]
    assert (chosen >= policies.max(axis=-1) - rounding(torch.float64)).all()


def lowest(sets):
    """The first action of each set, 0 for the empty one."""
    return (sets[..., None] >> np.arange(5) & 1).argmax(axis=-1).astype(np.uint8)


def walk_one(actions, walls, start, goal):
    """The walk by its definition, all 4*n*n steps of it: (success, steps)."""
    n, (row, column) = len(walls), start
    for step in range(4 * n * n + 1):
        if (row, column) == tuple(goal):
            return True, step
        move_row, move_column = MOVES[actions[row, column]]
        inside = 0 <= row + move_row < n and 0 <= column + move_column < n
        if inside and not walls[row + move_row, column + move_column]:
            row, column = row + move_row, column + move_column
    return False, 4 * n * n


@pytest.mark.parametrize("n", SIZES)
def test_walks_are_those_of_a_walker_that_takes_one_maze_and_one_step_at_a_time(n):
    mazes = generate_mazes(60, n, seed=1)
    rng = np.random.default_rng(2)
    noise = rng.integers(0, 5, mazes.walls.shape).astype(np.uint8)
    expert = lowest(optimal_actions(mazes.walls, mazes.goals))
    # Good enough that many walks arrive, after detours, and bad enough that many do not.
    actions = np.where(rng.random(mazes.walls.shape) < 1.5 / n, noise, expert)
    walks = walk(actions, mazes.walls, mazes.starts, mazes.goals)
    one_by_one = zip(actions, mazes.walls, mazes.starts, mazes.goals, strict=True)
    success, steps = zip(*(walk_one(*maze) for maze in one_by_one), strict=True)
    assert 0 < sum(success) < 60
    np.testing.assert_array_equal(walks.success, success)
    np.testing.assert_array_equal(walks.steps, steps)


@pytest.mark.parametrize("n", SIZES)
def test_a_path_ends_at_the_goal_exactly_if_the_walk_succeeds_and_has_its_steps(n):
    mazes = generate_mazes(60, n, seed=3)
    noise = np.random.default_rng(4).integers(0, 4, mazes.walls.shape).astype(np.uint8)
    walks = walk(noise, mazes.walls, mazes.starts, mazes.goals)
    assert 0 < walks.success.sum() < 60
    for i in range(60):
        cells = path(noise[i], mazes.walls[i], mazes.starts[i], mazes.goals[i])
        assert cells[0] == tuple(mazes.starts[i]) and not any(mazes.walls[i][cell] for cell in cells)
        assert all(abs(a - c) + abs(b - d) <= 1 for (a, b), (c, d) in zip(cells, cells[1:], strict=False))
        assert len(set(cells[:-1])) == len(cells) - 1
        if walks.success[i]:
            assert cells[-1] == tuple(mazes.goals[i]) and len(cells) - 1 == walks.steps[i]
        else:
            assert cells[-1] in cells[:-1]


def test_steps_into_walls_and_off_the_grid_stay_where_they_are_and_circles_end():
    walls = np.zeros((1, 3, 3), bool)
    walls[0, 1, 1] = True
    start, goal = np.array([[1, 0]]), np.array([[2, 2]])
    for action, cells in [
        (LEFT, [(1, 0), (1, 0)]),
        (RIGHT, [(1, 0), (1, 0)]),
        (STAY, [(1, 0), (1, 0)]),
        (UP, [(1, 0), (0, 0), (0, 0)]),
        (DOWN, [(1, 0), (2, 0), (2, 0)]),
    ]:
        actions = np.full((1, 3, 3), action, np.uint8)
        assert path(actions[0], walls[0], (1, 0), (2, 2)) == cells
        walks = walk(actions, walls, start, goal)
        assert (walks.success.tolist(), walks.steps.tolist()) == ([False], [36])
    ring = np.array([[[RIGHT, RIGHT, DOWN], [UP, STAY, DOWN], [UP, LEFT, LEFT]]], np.uint8)
    cells = path(ring[0], walls[0], (1, 0), (1, 1))
    assert len(cells) == 9 and cells[-1] == cells[0] and len(set(cells)) == 8
    assert walk(ring, walls, start, goal).steps.tolist() == [5]


def test_who_starts_at_the_goal_has_arrived():
    walls, here = np.zeros((1, 4, 4), bool), np.array([[2, 1]])
    actions = np.full((1, 4, 4), UP, np.uint8)
    walks = walk(actions, walls, here, here)
    assert (walks.success.tolist(), walks.steps.tolist()) == ([True], [0])
    assert path(actions[0], walls[0], here[0], here[0]) == [(2, 1)]


def test_a_walk_changes_none_of_its_arguments():
    mazes = generate_mazes(20, 5, seed=5)
    arguments = lowest(optimal_actions(mazes.walls, mazes.goals)), mazes.walls, mazes.starts, mazes.goals
    copies = [array.copy() for array in arguments]
    walk(*arguments)
    for argument, copy in zip(arguments, copies, strict=True):
        np.testing.assert_array_equal(argument, copy)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("average_symmetries", [False, True])
def test_the_expert_as_a_model_plans_optimal_actions_and_always_arrives_by_a_shortest_path(n, average_symmetries):
    mazes = generate_mazes(50, n, seed=6)
    expert, optimal = Expert(), optimal_actions(mazes.walls, mazes.goals)
    actions = plan(expert, mazes.walls, mazes.goals, average_symmetries)
    assert actions.dtype == np.uint8
    assert contains(optimal, actions)[optimal > 0].all()
    result = evaluate(expert, mazes, average_symmetries)
    assert (result.accuracy, result.success, result.path_ratio, result.optimal) == (1, 1, 1, 1)
    assert set(result.work) == {8 if average_symmetries else 1}


def test_of_equal_logits_the_first_action_is_planned():
    mazes = generate_mazes(50, 5, seed=6)
    sets = optimal_actions(mazes.walls, mazes.goals)  # whose logits are whole numbers
    np.testing.assert_array_equal(plan(Expert(), mazes.walls, mazes.goals), lowest(sets))


def test_an_averaged_plan_takes_the_likeliest_action_of_all_symmetries_and_transforms_with_the_maze():
    # In double precision, and with every cell hearing from every other, hardly any two actions come out alike.
    model, mazes = random_model(grid_size=8).double().eval(), generate_mazes(40, 8, seed=7)
    averaged, plain = (plan(model, mazes.walls, mazes.goals, average) for average in (True, False))
    assert set(np.unique(averaged)) >= {UP, DOWN, LEFT, RIGHT}
    expected, alone, differently = mean_policies(model, mazes), policies(model, mazes), 0
    assert_likeliest(averaged, expected)
    assert_likeliest(plain, alone)
    for g in range(1, 8):
        transformed = transform_mazes(mazes, g)
        back = transform_actions(plan(model, transformed.walls, transformed.goals, True), INVERSE[g])
        assert_likeliest(back, expected)
        differently += (plan(model, transformed.walls, transformed.goals) != transform_actions(plain, g)).sum()
    assert differently > 0  # the model alone knows nothing of symmetry


def test_a_plan_is_the_largest_logit_however_the_mazes_are_batched(monkeypatch):
    model, mazes = random_model(grid_size=5).double().eval(), generate_mazes(50, 5, seed=8)
    sizes = []
    model.register_forward_pre_hook(lambda model, inputs: sizes.append(len(inputs[0])))
    for numbers, expected in ((1, [1] * 50), (3000, [7] * 7 + [1]), (10**9, [50])):
        monkeypatch.setattr("trm_nav.navigation.plan.LATENT_NUMBERS", numbers)
        actions = plan(model, mazes.walls, mazes.goals)
        assert sizes == expected
        sizes.clear()
        assert_likeliest(actions, policies(model, mazes))
        sizes.clear()


def test_a_plan_is_made_without_dropout_and_leaves_the_mode_as_it_was():
    model, mazes = random_model(grid_size=5, dropout=0.9), generate_mazes(50, 5, seed=9)
    for mode in (True, False):
        model.train(mode)
        first, second = (plan(model, mazes.walls, mazes.goals) for _ in range(2))
        np.testing.assert_array_equal(first, second)
        assert all(module.training is mode for module in model.modules())
    with pytest.raises(UserError):
        plan(model.train(), np.zeros((1, 8, 8), bool), np.zeros((1, 2), int))
    assert model.training


def test_only_a_convolutional_model_plans_on_another_grid_size():
    mazes = generate_mazes(3, 8, seed=10)
    with pytest.raises(UserError, match="the mazes are 8 x 8, .* 5 x 5; a model with .*conv"):
        plan(random_model(grid_size=5), mazes.walls, mazes.goals)
    assert plan(random_model(grid_size=5, mixing="conv"), mazes.walls, mazes.goals).shape == (3, 8, 8)


def test_arrays_that_do_not_fit_together_are_refused():
    mazes = generate_mazes(3, 5, seed=11)
    with pytest.raises(UserError, match="walls must be bool"):
        plan(Expert(), mazes.walls.astype(int), mazes.goals)
    with pytest.raises(UserError, match=r"actions must .*\(3, 5, 5\), not .*\(2, 5, 5\)"):
        walk(np.zeros((2, 5, 5), np.uint8), mazes.walls, mazes.starts, mazes.goals)
    for unusable in (mazes[:0], Mazes(mazes.walls, mazes.goals, mazes.goals)):
        for evaluation in (evaluate_astar, lambda mazes: evaluate(Expert(), mazes)):
            with pytest.raises(UserError, match="start.* goal"):
                evaluation(unusable)


def test_an_evaluation_counts_what_walks_of_single_mazes_show():
    mazes, noise = generate_mazes(300, 5, seed=12), np.random.default_rng(12).normal(0, 0.7, (25, 5))
    model = Expert(noise)
    result = evaluate(model, mazes)
    sets, actions = optimal_actions(mazes.walls, mazes.goals), plan(model, mazes.walls, mazes.goals)
    shortest = [walk_one(*maze)[1] for maze in zip(lowest(sets), mazes.walls, mazes.starts, mazes.goals, strict=True)]
    walks = [walk_one(*maze) for maze in zip(actions, mazes.walls, mazes.starts, mazes.goals, strict=True)]
    right = [bool(sets[i][tuple(start)] >> actions[i][tuple(start)] & 1) for i, start in enumerate(mazes.starts)]
    ratios = [steps / best for (success, steps), best in zip(walks, shortest, strict=True) if success]
    assert result.mazes == 300 and 0 < result.optimal < result.success < 1
    assert math.isclose(result.accuracy, sum(right) / 300)
    assert math.isclose(result.success, len(ratios) / 300)
    assert math.isclose(result.path_ratio, sum(ratios) / len(ratios))
    assert math.isclose(result.optimal, sum(ratio == 1 for ratio in ratios) / 300)
    assert list(result.by_length) == sorted(set(shortest))
    for length, part in result.by_length.items():
        of_it = [i for i, best in enumerate(shortest) if best == length]
        assert (part.mazes, part.arrived.sum(), part.right.sum()) == (
            len(of_it),
            sum(walks[i][0] for i in of_it),
            sum(right[i] for i in of_it),
        )


def test_astar_always_arrives_by_a_shortest_path():
    for n in SIZES:
        result = evaluate_astar(generate_mazes(100, n, obstacle_density=0.35, seed=13))
        assert (result.accuracy, result.success, result.path_ratio, result.optimal) == (1, 1, 1, 1)
        assert (result.work > result.shortest).all()  # it expands at least the cells of the path, both ends included


@pytest.mark.parametrize(("arrivals", "mazes"), [(0, 7), (3, 7), (3996, 4000), (4000, 4000)])
def test_the_interval_of_the_success_is_wilsons(arrivals, mazes):
    arrived = np.arange(mazes) < arrivals
    result = Evaluation(arrived, arrived, *np.ones((3, mazes), int), seconds=0.0)
    expected = binomtest(arrivals, mazes).proportion_ci(method="wilson")
    assert result.success_interval == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_where_nobody_arrives_there_is_no_path_ratio():
    nobody = np.zeros(4, bool)
    result = Evaluation(nobody, nobody, *np.ones((3, 4), int), seconds=0.0)
    assert math.isnan(result.path_ratio) and result.summary()["path_ratio"] is None
