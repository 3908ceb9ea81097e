"""Training on counter-examples ends with a certificate, and asks in every situation for what is optimal there."""

import numpy as np
import pytest
import torch
from tiny import assert_same
from waves import mazes_of_all_kinds, random_wave, trained_wave

from trm_nav import UserError, create_model
from trm_nav.mazes.encoding import DOWN, FREE, GOAL, STAY, UP
from trm_nav.mazes.expert import optimal_actions
from trm_nav.navigation.plan import make_plans
from trm_nav.proof.certificate import A_WALL, OUTSIDE, THE_GOAL, WAITING, Situations, certify
from trm_nav.proof.repair import repair, situation_loss


def damaged_wave():
    """A trained model whose flags are less ready to rise, until its certificate no longer holds."""
    model = trained_wave()
    while certify(model).holds:
        model.halt.bias.data -= 6
    return model


@pytest.fixture(scope="module")
def repaired():
    """A damaged model after its repair, what was found in each round, the last of it, and the random number then."""
    model, rounds = damaged_wave(), []
    torch.manual_seed(3)
    found = repair(model, seed=5, on_round=rounds.append)
    return model, rounds, found, torch.rand(3)


@pytest.mark.slow
def test_a_damaged_model_is_repaired_and_right_again(repaired):
    model, rounds, found, _ = repaired
    assert found.holds and rounds[-1] is found and not any(before.holds for before in rounds[:-1])
    assert certify(model).holds
    for n in (5, 16):
        mazes = mazes_of_all_kinds(20, n)
        labels = optimal_actions(mazes.walls, mazes.goals)
        actions = make_plans(model, mazes.walls, mazes.goals).actions
        assert ((labels >> actions & 1 == 1) | (labels == 0)).all()


@pytest.mark.slow
def test_the_same_seed_repairs_in_the_same_way_and_leaves_the_random_state_alone(repaired):
    one, _, _, after = repaired
    other = damaged_wave()
    torch.manual_seed(4)
    repair(other, seed=5)
    assert_same(one.state_dict(), other.state_dict())
    torch.manual_seed(3)
    assert torch.equal(after, torch.rand(3))


def test_a_model_that_is_certified_is_left_as_it_is():
    model = trained_wave().train()
    before, rounds = {name: value.clone() for name, value in model.state_dict().items()}, []
    assert repair(model, on_round=rounds.append).holds and len(rounds) == 1 and model.training
    assert_same(dict(model.state_dict()), before)


def test_what_is_optimal_in_a_situation():
    situations = Situations(
        tokens=torch.tensor([FREE, FREE, FREE, GOAL]),
        cells=torch.tensor([4, 4, 0, 4]),
        neighbours=torch.tensor(
            [[A_WALL, WAITING, WAITING, A_WALL], [3, 7, WAITING, A_WALL], [OUTSIDE, THE_GOAL, OUTSIDE, WAITING],
             [WAITING] * 4]
        ),
    )  # fmt: skip
    assert situations.optimal.tolist() == [0, 1 << UP | 1 << DOWN, 1 << DOWN, 1 << STAY]


def test_the_loss_asks_for_flags_everywhere_and_for_actions_only_where_a_cell_must_decide():
    model = random_wave(0).eval()
    waiting = Situations(torch.tensor([FREE]), torch.tensor([4]), torch.tensor([[A_WALL, WAITING, WAITING, A_WALL]]))
    _, knows, _ = waiting.answers(model)
    assert situation_loss(model, waiting).item() == pytest.approx(np.log1p(np.exp(knows.item())), rel=1e-4)
    goal = Situations(torch.tensor([GOAL]), torch.tensor([4]), torch.tensor([[WAITING] * 4]))
    _, knows, z = goal.answers(model)
    stay = model.head(model.head_norm(z)).log_softmax(dim=-1)[0, STAY]
    expected = -stay.item() + np.log1p(np.exp(-knows.item()))
    assert situation_loss(model, goal).item() == pytest.approx(expected, rel=1e-4)


def test_a_model_without_binary_states_cannot_be_repaired():
    with pytest.raises(UserError, match="`binary`"):
        repair(create_model(dim=8, depth=1, mixing="cross", halting=True))
