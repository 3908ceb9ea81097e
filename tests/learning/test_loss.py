"""What can be reached without looking: against a search over all distributions, and by counting."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from trm_nav import generate_mazes, optimal_actions
from trm_nav.learning.loss import chance, policy_loss


def labels(size: int, density: float) -> tuple[torch.Tensor, torch.Tensor]:
    mazes = generate_mazes(200, size, density, seed=4)
    optimal = torch.from_numpy(optimal_actions(mazes.walls, mazes.goals)).flatten(1)
    return optimal, torch.from_numpy(mazes.starts @ (size, 1))


@pytest.mark.parametrize(("size", "density"), [(5, 0.2), (8, 0.2), (8, 0.45)])
def test_no_fixed_distribution_over_the_actions_has_a_lower_loss_than_chance(size, density):
    optimal, agents = labels(size, density)

    def loss(logits):
        return policy_loss(torch.from_numpy(logits).expand(*optimal.shape, 5), optimal).item()

    best = minimize(loss, np.zeros(5), method="BFGS").fun
    assert chance(optimal, agents)["loss"] == pytest.approx(best, abs=1e-4)


def test_no_action_is_right_for_more_agents_than_chance_says():
    optimal, agents = labels(8, 0.2)
    counts = [sum(int(optimal[maze, agent]) >> action & 1 for maze, agent in enumerate(agents)) for action in range(5)]
    assert chance(optimal, agents)["acc"] == pytest.approx(max(counts) / len(agents))


def test_where_all_actions_are_alike_chance_is_one_in_so_many():
    one_each = torch.tensor([[1, 2, 4, 8, 16]], dtype=torch.uint8)
    assert chance(one_each, torch.tensor([0]))["loss"] == pytest.approx(np.log(5))
