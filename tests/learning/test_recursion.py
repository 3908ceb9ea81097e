"""How training applies the model: cells within reach by brute force, and gradients that stop where they should."""

import numpy as np
import pytest
import torch
from tiny import assert_close, rounding
from waves import mazes_of_all_kinds, random_wave, tokens_of

from trm_nav import create_model
from trm_nav.learning.recursion import unroll, within_reach
from trm_nav.mazes.encoding import FREE, GOAL, MOVES, WALL, encode
from trm_nav.mazes.expert import distances

LOCAL = ("conv", "cross")


def reached_by_hand(walls, goal, steps):
    """The cells from which so many steps lead to the goal, found by taking them one at a time: bool (n, n)."""
    reached = {tuple(goal)}
    for _ in range(steps):
        beside = {(row + down, column + right) for row, column in reached for down, right in MOVES.tolist()}
        reached = {(row, column) for row, column in beside
                   if 0 <= row < len(walls) and 0 <= column < len(walls) and not walls[row, column]}  # fmt: skip
    found = np.zeros_like(walls)
    found[tuple(np.array(sorted(reached)).T)] = True
    return found


@pytest.mark.parametrize(("recursions", "depth"), [(0, 1), (1, 1), (4, 1), (1, 2), (3, 2), (40, 1)])
def test_the_cells_within_reach_are_those_found_by_taking_one_step_at_a_time(recursions, depth):
    mazes = mazes_of_all_kinds(5, 7)
    reached = within_reach(torch.from_numpy(distances(mazes.walls, mazes.goals)), recursions, depth)
    for walls, goal, cells in zip(mazes.walls, mazes.goals, reached.numpy(), strict=True):
        np.testing.assert_array_equal(cells, reached_by_hand(walls, goal, recursions * depth))


def answers(model, tokens, recursions):
    """The policy and the halting flags after so many recursions: float (B, n*n, 6)."""
    with torch.no_grad():
        latent = unroll(model, tokens, recursions)
    return torch.cat([model.policy(latent), latent.knows.transpose(0, 1).double()], dim=-1)


@pytest.mark.parametrize("halting", [False, True])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("mixing", LOCAL)
def test_in_an_open_field_an_answer_out_of_reach_does_not_depend_on_where_the_goal_is(mixing, depth, halting):
    model, n = random_wave(mixing=mixing, depth=depth, halting=halting), 9
    tokens = encode(np.zeros((2, n, n), bool), np.array([[0, 0], [1, 1]]))
    rows, columns = np.indices((n, n))
    # A block with 3 x 3 mixing also carries information diagonally.
    away = rows + columns if mixing == "cross" else np.maximum(rows, columns)
    for recursions in (1, 2, 3):
        one, other = answers(model, torch.from_numpy(tokens), recursions)
        changed = ((one - other).abs().amax(dim=-1) > rounding(torch.float64)).view(n, n).numpy()
        farthest = recursions * depth + (2 if mixing == "cross" else 1)  # from the goal at (0, 0): (1, 1) is nearer
        assert not changed[away > farthest].any()
        assert changed[0, 0] and changed[1, 1]


def test_behind_walls_a_wave_hears_of_the_goal_along_paths_alone():
    model, rng, seen = random_wave(), np.random.default_rng(0), 0
    mazes = mazes_of_all_kinds(6, 9)
    moved = np.array([rng.permutation(np.argwhere(~walls))[0] for walls in mazes.walls])
    steps = [torch.from_numpy(distances(mazes.walls, goals)).flatten(1) for goals in (mazes.goals, moved)]
    tokens = [torch.from_numpy(encode(mazes.walls, goals)) for goals in (mazes.goals, moved)]
    free = tokens[0] != WALL
    for recursions in range(1, 12):
        one, other = (answers(model, goals, recursions) for goals in tokens)
        changed = (one - other).abs().amax(dim=-1) > rounding(torch.float64)
        reached = within_reach(steps[0], recursions) | within_reach(steps[1], recursions)
        assert not (changed & free & ~reached).any()
        seen = max(seen, int((changed & free).sum()))
    assert seen > len(moved)  # the goals themselves and cells around them


def gradients(model, latent):
    """Of a scalar that every answer has a part in: one tensor for each parameter."""
    model.zero_grad()
    (model.policy(latent).sin().sum() + latent.knows.sin().sum()).backward()
    return [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in model.parameters()]


def unrolled_by_hand(model, tokens, recursions, with_gradient):
    inputs, latent = model.start(tokens)
    for recursion in range(recursions):
        if recursion == recursions - with_gradient:
            latent = latent._replace(z=latent.z.detach(), knows=latent.knows.detach())
        latent = model.recur(inputs, latent)
    return latent


@pytest.mark.parametrize(("mixing", "halting"), [("conv", False), ("cross", False), ("conv", True), ("cross", True)])
def test_only_the_last_recursions_carry_a_gradient(mixing, halting):
    model, tokens = random_wave(mixing=mixing, halting=halting), tokens_of(mazes_of_all_kinds(2, 5))
    whole = gradients(model, unrolled_by_hand(model, tokens, 5, 5))
    for count in (1, 2, 4, 5, 9, None):
        latent = unroll(model, tokens, 5, count)
        found = gradients(model, latent)
        by_hand = gradients(model, unrolled_by_hand(model, tokens, 5, min(count or 5, 5)))
        for one, other in zip(found, by_hand, strict=True):
            assert_close(one, other)
        differs = any((one - other).abs().max() > 1e-3 for one, other in zip(found, whole, strict=True))
        assert differs == (count in (1, 2, 4))


@pytest.mark.parametrize("mixing", ["mlp", "conv", "cross"])
def test_unrolling_as_many_recursions_as_the_model_has_is_its_forward_pass_in_training(mixing):
    model = create_model(5, dim=8, recursions=3, mixing=mixing, dropout=0.0).train()
    tokens = tokens_of(mazes_of_all_kinds(2, 5))
    assert torch.equal(model.policy(unroll(model, tokens, 3)), model(tokens))


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("mixing", LOCAL)
def test_with_the_experts_flags_exactly_the_cells_within_reach_are_decided(mixing, depth):
    model, mazes = random_wave(mixing=mixing, depth=depth), mazes_of_all_kinds(3, 6)
    tokens, steps = tokens_of(mazes), torch.from_numpy(distances(mazes.walls, mazes.goals)).flatten(1)
    for recursions in (1, 2, 5):
        latent = unroll(model, tokens, recursions, expert=steps)
        assert torch.equal(latent.decided[..., 0].t(), within_reach(steps, recursions, depth))
        waited = ~within_reach(steps, recursions - 1, depth) if recursions > 1 else torch.ones_like(steps, dtype=bool)
        assert torch.equal(latent.asked[..., 0].t(), waited & ((tokens == FREE) | (tokens == GOAL)))
