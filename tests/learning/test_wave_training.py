"""Training a wave: a resumed run is the same run, only cells that can know are asked, and it learns a rule."""

from copy import deepcopy

import pytest
import torch
from tiny import assert_same, rounding
from waves import mazes_of_all_kinds

from trm_nav import generate_mazes
from trm_nav.learning import checkpoint
from trm_nav.learning.loss import policy_loss
from trm_nav.learning.recursion import halting_loss, unroll
from trm_nav.learning.training import Training
from trm_nav.mazes import dataset
from trm_nav.mazes.encoding import contains
from trm_nav.mazes.expert import distances
from trm_nav.navigation.evaluation import evaluate
from trm_nav.settings import DataSettings, TrainSettings, recipe

DATA = recipe("wave", DataSettings)
WAVE = {**recipe("wave", TrainSettings), "device": "cpu", "threads": 1}


@pytest.fixture(scope="module")
def sets():
    return dataset.build(DataSettings(**{**DATA, "num_train": 200, "num_test": 40, "grid_size": 5}))


def new_run(sets, **settings):
    return Training(TrainSettings(**{**WAVE, "epochs": 3, **settings}), *sets)


class Stopped(Exception):
    pass


def stop_in_the_middle(share):
    if share > 0.5:
        raise Stopped


@pytest.mark.parametrize(
    ("in_the_middle", "other"), [(False, {}), (True, {"mixing": "conv", "binary": False, "dropout": 0.2})]
)
def test_a_run_that_goes_on_is_bit_for_bit_the_run_that_was_never_stopped(sets, tmp_path, in_the_middle, other):
    whole = new_run(sets, **other)
    list(whole.epochs())
    end = whole.checkpoint()
    stopped = new_run(sets, **other)  # seeds the random numbers, which all runs share, anew
    next(stopped.epochs())
    checkpoint.save(stopped.checkpoint(), tmp_path / "last.pt")
    if in_the_middle:
        with pytest.raises(Stopped):
            list(stopped.epochs(stop_in_the_middle))
    resumed = new_run(sets, **other)
    resumed.restore(checkpoint.load_run(tmp_path / "last.pt"))
    list(resumed.epochs())
    found = resumed.checkpoint()
    for state in (found, end):
        state["history"].pop("seconds")
    for name in ("model_state_dict", "optimizer_state_dict", "scheduler_state_dict", "history", "random_states"):
        assert_same(found[name], end[name], name)
    assert found["epoch"] == 3


def with_random_weights(run):
    """A new model chooses the same action nearly everywhere; this one does not."""
    generator = torch.Generator().manual_seed(0)
    for parameter in run.model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return run


@pytest.mark.parametrize("halting", [False, True])
def test_loss_and_accuracy_read_the_cells_within_reach_alone(sets, halting):
    train_set, recursions = sets[0], 2
    one_batch = {"batch_size": len(train_set), "epochs": 1, "augment": False, "teacher_forcing": 0.0, "binary": False}
    run = with_random_weights(new_run(sets, **one_batch, recursions=recursions, random_recursions=False,
                                      halting=halting))  # fmt: skip
    samples = run.train_samples
    with torch.no_grad():
        latent = unroll(deepcopy(run.model), samples.tokens, recursions)
        logits = run.model.policy(latent)
    steps = torch.from_numpy(distances(train_set.walls, train_set.goals)).flatten(1)
    reached = (steps >= 0) & (steps <= recursions)
    labels = torch.from_numpy(train_set.optimal).flatten(1) * reached
    right, asked = 0, 0
    for maze, cell in enumerate(samples.agents.tolist()):
        if reached[maze, cell]:
            asked += 1
            right += bool(contains(int(labels[maze, cell]), int(logits[maze, cell].argmax())))
    assert 0 < right < asked < len(train_set)
    list(run.epochs())
    assert run.history["train_acc"] == [pytest.approx(right / asked)]
    expected = policy_loss(logits, labels) + (halting_loss(latent, reached) if halting else 0)
    assert run.history["train_loss"] == [pytest.approx(expected.item(), rel=rounding(torch.float32))]


@pytest.mark.slow
def test_each_step_draws_its_recursions_and_every_other_one_or_so_has_a_teacher(sets, monkeypatch):
    drawn = []

    def watch(model, tokens, recursions, gradient_recursions, expert):
        drawn.append((recursions, gradient_recursions, expert is not None))
        return unroll(model, tokens, recursions, gradient_recursions, expert)

    monkeypatch.setattr("trm_nav.learning.training.unroll", watch)
    run = new_run(sets, batch_size=1, epochs=1, recursions=6)
    list(run.epochs())
    recursions, with_gradient, taught = zip(*drawn, strict=True)
    assert set(recursions) == set(range(1, 7)) and set(with_gradient) == {4}
    # 200 steps: 5 standard deviations of their mean, and of a share of one half.
    assert abs(sum(recursions) / 200 - 3.5) < 5 * (35 / 12 / 200) ** 0.5
    assert abs(sum(taught) / 200 - 0.5) < 5 * (0.25 / 200) ** 0.5
    list(new_run(sets, epochs=1, recursions=6, teacher_forcing=0.0, random_recursions=False).epochs())
    assert {(count, taught) for count, _, taught in drawn[200:]} == {(6, False)}


@pytest.mark.slow
def test_a_small_wave_walks_mazes_of_twice_the_size_and_more():
    # With seed 42 and with each of the seeds 0 to 5, all of these walks arrive.
    sets = dataset.build(DataSettings(**{**DATA, "num_train": 3000, "num_test": 50}))
    run = new_run(sets, epochs=4, batch_size=8)
    list(run.epochs())
    for mazes in (generate_mazes(200, 16, seed=7), mazes_of_all_kinds(30, 16)):
        assert evaluate(run.model, mazes).arrived.mean() > 0.95
