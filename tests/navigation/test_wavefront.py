"""Plans computed at the front of the wave alone are those of the whole grid in every recursion."""

import numpy as np
import pytest
import torch
from waves import mazes_of_all_kinds, random_wave, tokens_of, trained_wave

from trm_nav import generate_mazes
from trm_nav.mazes.expert import distances, optimal_actions
from trm_nav.navigation.plan import _decide, make_plans
from trm_nav.navigation.wavefront import advance, follows_the_front


def assert_as_dense(model, mazes):
    """Equal actions in all free cells, decided in the same recursions. Returns the latter, int32 (N, n, n)."""
    actions, decided_in = advance(model, mazes.walls, mazes.goals)
    with torch.no_grad():
        logits, recursions = _decide(model.eval(), tokens_of(mazes))
    free = ~mazes.walls
    np.testing.assert_array_equal(decided_in, recursions.view(mazes.walls.shape).numpy())
    np.testing.assert_array_equal(actions[free], logits.argmax(dim=-1).view(mazes.walls.shape).numpy()[free])
    assert (actions.dtype, decided_in.dtype) == (np.uint8, np.int32)
    return decided_in


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("n", [3, 5, 16])
def test_the_front_finds_what_the_whole_grid_finds_for_random_weights(n, binary):
    longest = 0
    for seed in (1, 2, 5, 6):
        model = random_wave(seed, binary=binary)
        decided_in = assert_as_dense(model, mazes_of_all_kinds(4, n, seed=seed))
        assert (decided_in == 0).any() and (decided_in == 1).any()
        longest = max(longest, decided_in.max())
    assert longest > 1  # some cells decide because others have


@pytest.mark.parametrize("n", [3, 5, 16])
def test_the_front_finds_what_the_whole_grid_finds_for_a_trained_model(n):
    assert_as_dense(trained_wave().double(), mazes_of_all_kinds(6, n, seed=n))


def test_the_front_finds_what_the_whole_grid_finds_in_large_perfect_mazes():
    mazes = generate_mazes(3, 29, kind="depth-first", seed=1)
    assert assert_as_dense(trained_wave().double(), mazes).max() > 100


@pytest.mark.parametrize("n", [3, 8, 21])
def test_cells_of_a_certified_model_decide_after_as_many_recursions_as_they_are_steps_away(n):
    mazes = mazes_of_all_kinds(10, n, seed=n)
    plans = make_plans(trained_wave(), mazes.walls, mazes.goals)
    steps = distances(mazes.walls, mazes.goals)
    np.testing.assert_array_equal(plans.decided_in, np.where(steps < 0, 0, np.maximum(steps, 1)))
    optimal = optimal_actions(mazes.walls, mazes.goals)
    assert ((optimal >> plans.actions & 1 == 1) | (optimal == 0)).all()
    assert (steps < 0)[~mazes.walls].any()  # some free cells cannot reach the goal


def test_progress_counts_every_cell_once_in_the_recursion_in_which_it_decides():
    mazes, counts = mazes_of_all_kinds(2, 9), []
    _, decided_in = advance(random_wave(), mazes.walls, mazes.goals, counts.append)
    numbers = np.bincount(decided_in[decided_in > 0])[1:].tolist()
    assert counts[: len(numbers)] == numbers and not any(counts[len(numbers) :])


def test_only_models_whose_cells_look_no_farther_than_their_neighbours_follow_the_front():
    assert follows_the_front(random_wave()) and follows_the_front(random_wave(binary=True))
    assert not follows_the_front(random_wave(mixing="conv")) and not follows_the_front(random_wave(depth=2))
    assert not follows_the_front(random_wave(halting=False))


@pytest.mark.parametrize(("mixing", "depth"), [("conv", 1), ("cross", 2)])
def test_the_other_models_plan_on_the_whole_grid_and_say_when_their_cells_decided(mixing, depth):
    model, mazes = random_wave(mixing=mixing, depth=depth), mazes_of_all_kinds(3, 8)
    plans = make_plans(model, mazes.walls, mazes.goals)
    with torch.no_grad():
        logits, recursions = _decide(model, tokens_of(mazes))
    np.testing.assert_array_equal(plans.decided_in.reshape(recursions.shape), recursions.numpy())
    np.testing.assert_array_equal(plans.actions.reshape(recursions.shape), logits.argmax(dim=-1).numpy())
    averaged = make_plans(model, mazes.walls, mazes.goals, average_symmetries=True)
    assert averaged.decided_in is None
    assert make_plans(random_wave(halting=False), mazes.walls, mazes.goals).decided_in is None
