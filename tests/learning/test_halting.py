"""Cells that decide: once and for all, from what their decided neighbours say, whoever shares the batch."""

import math
import sys

import numpy as np
import pytest
import torch
from tiny import assert_close, assert_same
from waves import mazes_of_all_kinds, random_wave, tokens_of, trained_wave

from trm_nav import cli, plan
from trm_nav import train as command
from trm_nav.learning import model as model_module
from trm_nav.learning.model import Latent
from trm_nav.learning.recursion import halting_loss
from trm_nav.mazes.encoding import FREE, GOAL, WALL, encode
from trm_nav.navigation.plan import make_plans

each_form = pytest.mark.parametrize(("mixing", "binary"), [("conv", False), ("cross", False), ("cross", True)])


def latents(model, tokens, recursions):
    """The latent states after each of so many recursions, however soon every cell has decided."""
    found = []
    with torch.no_grad():
        inputs, latent = model.start(tokens)
        for _ in range(recursions):
            latent = model.recur(inputs, latent)
            found.append(latent)
    return found


@pytest.fixture(scope="module")
def mazes():
    return mazes_of_all_kinds(3, 8)


@pytest.mark.parametrize("training", [True, False])
@each_form
def test_a_cell_that_has_decided_never_changes(mazes, mixing, binary, training):
    model, tokens = random_wave(mixing=mixing, binary=binary).train(training), tokens_of(mazes)
    found, decided_later = latents(model, tokens, 30), 0
    for before, after in zip(found, found[1:], strict=False):
        kept = before.decided[..., 0]
        assert (after.decided[..., 0] | ~kept).all()
        assert torch.equal(after.z[kept], before.z[kept])
        assert_close(model.policy(after)[kept.t()], model.policy(before)[kept.t()])
        decided_later += int((after.decided & ~before.decided).sum())
    assert found[0].decided.any() and decided_later > 0


@pytest.mark.parametrize("training", [True, False])
@each_form
def test_a_cell_that_waits_has_no_memory_and_is_not_seen(mazes, mixing, binary, training):
    model, tokens = random_wave(mixing=mixing, binary=binary).train(training), tokens_of(mazes)
    inputs, _ = model.start(tokens)
    latent = latents(model, tokens, 2)[-1]
    assert 0 < latent.decided.sum() < latent.decided.numel()
    noise = torch.randn(latent.z.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    other = latent._replace(z=torch.where(latent.decided, latent.z, 100 * noise))
    outcomes = []
    for state in (latent, other):
        torch.manual_seed(0)  # binary states have noise while training
        with torch.no_grad():
            outcomes.append(model.recur(inputs, state))
    assert all(torch.equal(*parts) for parts in zip(*outcomes, strict=True))


@each_form
def test_walls_never_decide(mazes, mixing, binary):
    model, tokens = random_wave(mixing=mixing, binary=binary), tokens_of(mazes)
    model.halt.bias.data += 100  # every cell that may decide does
    for latent in latents(model, tokens, 3):
        assert torch.equal(latent.decided[..., 0].t(), tokens != WALL)


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("mixing", ["conv", "cross"])
def test_the_same_weights_decide_alike_whatever_else_is_in_the_batch(mazes, mixing, trained):
    if trained and mixing == "conv":
        pytest.skip("the trained model has mixing cross")
    model = trained_wave().double() if trained else random_wave(mixing=mixing)
    tokens = tokens_of(mazes)
    with torch.no_grad():
        together, decided_in = model(tokens), plan_in(model, mazes)
        for maze in range(len(mazes)):
            assert_close(model(tokens[maze : maze + 1])[0], together[maze])
            alone = plan_in(model, mazes[maze : maze + 1])
            np.testing.assert_array_equal(alone[0], decided_in[maze])
    assert len(np.unique(decided_in)) > 2


def plan_in(model, mazes):
    """The recursion in which each cell decided."""
    return make_plans(model, mazes.walls, mazes.goals).decided_in


@pytest.mark.parametrize("recursions", [1, 12])
@each_form
def test_evaluation_ends_by_itself_and_going_on_would_change_nothing(mazes, mixing, binary, recursions):
    model, tokens = random_wave(mixing=mixing, binary=binary), tokens_of(mazes)
    model.recursions = recursions
    with torch.no_grad():
        found = list(model.unfold(tokens))
        decided = [int(latent.decided.sum()) for latent in found]
        assert decided[:-1] == sorted(set(decided)) and decided[-2] == decided[-1]  # all but the last decide something
        inputs, _ = model.start(tokens)
        after = model.recur(inputs, found[-1])
        assert torch.equal(after.z, found[-1].z) and torch.equal(after.decided, found[-1].decided)
        assert len(list(model.train().unfold(tokens))) == recursions


def test_a_trained_model_ends_after_as_many_recursions_as_the_longest_path_has_steps():
    walls = np.ones((1, 9, 9), bool)
    walls[0, 4] = False  # a corridor of 9 cells, the goal at one end
    model = trained_wave()
    with torch.no_grad():
        found = list(model.unfold(torch.from_numpy(encode(walls, np.array([[4, 0]])))))
    assert [int(latent.decided.sum()) for latent in found] == [2, 3, 4, 5, 6, 7, 8, 9, 9]


def test_binary_states_are_exactly_one_or_minus_one_in_evaluation_and_between_them_in_training(mazes):
    model, tokens = random_wave(binary=True), tokens_of(mazes)
    latent = latents(model, tokens, 5)[-1]
    states = latent.z[latent.decided[..., 0]]
    assert set(states.flatten().tolist()) == {-1.0, 1.0}
    latent = latents(model.train(), tokens, 5)[-1]
    states = latent.z[latent.decided[..., 0]].abs()
    assert states.max() <= 1 and 0 < states.median() < 1


def test_without_its_noise_a_binary_state_in_training_is_the_tanh_of_what_evaluation_takes_the_sign_of(monkeypatch):
    monkeypatch.setattr(model_module, "STATE_NOISE", 0.0)
    model = random_wave(binary=True)
    raw = torch.randn(4, 3, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert_close(model.train()._settled(raw), raw.tanh())
    assert torch.equal(model.eval()._settled(raw), raw.sign())


def test_the_loss_of_the_flags_equals_a_loop_over_the_cells_that_had_not_decided():
    generator = torch.Generator().manual_seed(0)
    knows = 3 * torch.randn(7, 4, 1, generator=generator, dtype=torch.float64)
    asked, reached = (torch.rand(shape, generator=generator) < 0.5 for shape in ((7, 4, 1), (4, 7)))
    losses = []
    for maze in range(4):
        for cell in range(7):
            if asked[cell, maze, 0]:
                p = 1 / (1 + math.exp(-knows[cell, maze, 0].item()))
                losses.append(-math.log(p if reached[maze, cell] else 1 - p))
    latent = Latent(torch.zeros(7, 4, 2), ~asked, asked, knows.requires_grad_())
    loss = halting_loss(latent, reached)
    assert loss.item() == pytest.approx(np.mean(losses))
    loss.backward()
    assert (knows.grad[~asked] == 0).all() and (knows.grad[asked] != 0).all()
    nobody = latent._replace(asked=torch.zeros_like(asked))
    assert halting_loss(nobody, reached).item() == 0


def test_a_plan_leaves_the_mode_of_the_model_and_its_weights_as_they_were(mazes):
    model = trained_wave().train()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    assert (plan(model, mazes.walls, mazes.goals) == plan(model.eval(), mazes.walls, mazes.goals)).all()
    model.train()
    plan(model, mazes.walls, mazes.goals)
    assert model.training
    assert_same(dict(model.state_dict()), weights)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--halting"], "--halting needs --mixing conv or --mixing cross, not mlp"),
        (["--mixing", "cross", "--binary"], "--binary needs --halting: only the states of decided cells are binary"),
        (["--mixing", "conv", "--teacher-forcing", "0.5"], "--teacher-forcing needs --halting: without it no cell"),
        (["--within-reach"], "--within-reach needs --mixing conv or --mixing cross: with mlp, a cell hears from all"),
    ],
)
def test_flags_that_do_not_fit_together_are_refused_before_any_work(words, sentence, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["train.py", *words])
    with pytest.raises(SystemExit) as left:
        cli.run(command.main, command.PROG)
    said, complaint = capsys.readouterr()
    assert (left.value.code, said) == (2, "") and complaint.startswith(f"{command.PROG}: error: {sentence}")


def test_a_flag_knows_free_cells_and_the_goal_alike():
    model = random_wave()
    _, latent = model.start(torch.tensor([[FREE, WALL, GOAL, FREE]]))
    assert latent.asked[:, 0, 0].tolist() == [True, False, True, True] and not latent.decided.any()
