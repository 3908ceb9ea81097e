"""Influence, memory and time of a model, as lesson 03 measures and draws them."""

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from trm_nav import create_model, generate_mazes, optimal_actions
from trm_nav.course import anatomy
from trm_nav.course.plots.network import draw_influences, draw_mixing, draw_size
from trm_nav.learning.model import count_parameters
from trm_nav.mazes.encoding import encode


def samples(n: int, count: int):
    """Tokens (count, n*n) and optimal sets (count, n*n) of random mazes."""
    mazes = generate_mazes(count, n)
    optimal = torch.from_numpy(optimal_actions(mazes.walls, mazes.goals)).flatten(1)
    return torch.from_numpy(encode(mazes.walls, mazes.goals)), optimal


def random_model(mixing: str):
    """A small model in double precision with random weights in place of the zeros it starts with."""
    torch.manual_seed(0)
    model = create_model(3, dim=4, depth=1, dropout=0.0, recursions=2, mixing=mixing).double().eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return model


@pytest.mark.parametrize("mixing", ["mlp", "conv"])
def test_influence_is_the_length_of_the_derivatives_that_finite_differences_give(mixing):
    model, (tokens, _) = random_model(mixing), samples(3, 1)
    step, cell = 1e-6, (1, 2)

    def logits(moved: torch.Tensor):
        hook = model.embedding.register_forward_hook(lambda module, args, output: output + moved)
        with torch.no_grad():
            result = model(tokens)[0, cell[0] * 3 + cell[1]]
        hook.remove()
        return result

    slopes = torch.zeros(9, 4, 5, dtype=torch.float64)
    for index, channel in np.ndindex(9, 4):
        moved = torch.zeros(9, 1, 4, dtype=torch.float64)
        moved[index, 0, channel] = step
        slopes[index, channel] = (logits(moved) - logits(-moved)) / (2 * step)
    expected = slopes.square().sum(dim=(1, 2)).sqrt().view(3, 3).numpy()
    assert np.allclose(anatomy.influence(model, tokens[0], cell), expected, rtol=1e-4, atol=1e-7)


def test_a_new_model_listens_to_no_cell_but_its_own_and_keeps_its_mode():
    model, (tokens, _) = create_model(5, dim=8), samples(5, 1)
    strength = anatomy.influence(model, tokens[0], (2, 3))
    assert np.argwhere(strength > 0).tolist() == [[2, 3]]
    assert model.training


def test_memory_between_the_measured_sizes_is_what_a_model_of_that_size_keeps(monkeypatch):
    monkeypatch.setattr(anatomy, "TIMED_SECONDS", 0)
    monkeypatch.setattr(anatomy, "ROUNDS", 1)
    costs = anatomy.measure_costs(4, batch_size=3, dims=(8, 32))
    tokens, optimal = samples(4, 3)
    for dim, depth, recursions, dropout in [(20, 3, 2, 0.0), (8, 1, 4, 0.2), (32, 2, 3, 0.0)]:
        model = create_model(4, dim, depth, dropout, recursions)
        kept = anatomy.activation_bytes(model, tokens, optimal) + 16 * count_parameters(model)
        assert costs.bytes(dim, depth, recursions, dropout) == pytest.approx(kept)
    assert (costs.seconds > 0).all()


def test_a_step_is_timed_on_one_thread_and_leaves_the_threads_as_they_were(monkeypatch):
    monkeypatch.setattr(anatomy, "TIMED_SECONDS", 0)
    model, seen = create_model(3, dim=8), []
    model.register_forward_hook(lambda *call: seen.append(torch.get_num_threads()))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        anatomy.step_seconds(model, *samples(3, 2))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen and set(seen) == {1}


def test_the_pictures_name_every_axis_and_symbol():
    seconds = np.tile(np.array([0.001, 0.002])[:, None], (2, 1, 2))
    costs = anatomy.Costs(4, 3, (8, 32), np.full((2, 2, 3), 1e6), seconds)
    *_, parameters, memory, time = draw_size(costs, 16, 2, 3, 0.1).axes
    assert [ax.get_ylabel() for ax in (parameters, memory, time)] == ["parameters", "memory (MB)", "time (ms)"]
    maze = generate_mazes(1, 4)
    model = create_model(4, dim=8, recursions=3)
    figure = draw_influences({"new": model}, maze.walls[0], maze.goals[0], tuple(maze.starts[0]), (1, 2))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["agent", "goal", "wall", "no influence"]
    assert model.recursions == 3
    assert draw_mixing({"channels": np.eye(4, dtype=bool)}, 1, 2).legends
    plt.close("all")


def test_influence_uses_one_thread_and_leaves_the_number_of_threads_as_it_was():
    model, before, used = create_model(4, 8, 1, 0.0), torch.get_num_threads(), []
    model.register_forward_hook(lambda module, args, output: used.append(torch.get_num_threads()))
    torch.set_num_threads(2)
    try:
        anatomy.influence(model, torch.zeros(16, dtype=torch.long), (0, 0))
        assert used == [1] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
