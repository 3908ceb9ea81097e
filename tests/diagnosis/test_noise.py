"""What a history is said to show does not depend on how many epochs it has, nor on a little noise in them.

The seeds are fixed: twenty runs of each kind. A rule that adds up every rise of the loss calls most of the healthy runs
of 300 epochs oscillating, and half of the flat ones, but none of 20 epochs.
"""

from typing import Any

import numpy as np
import pytest
from made_up import SHAPES, Floats, flat, history

from trm_nav.diagnosis.curves import noise
from trm_nav.diagnosis.findings import diagnose
from trm_nav.diagnosis.history import CURVES

EPOCHS = [20, 100, 300]
SEEDS = range(20)


def jittered(loss: Floats, jitter: float, rng: np.random.Generator) -> Floats:
    return loss * (1 + jitter * rng.standard_normal(len(loss)))


def healthy(epochs: int, jitter: float, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    course = np.geomspace(1.1, 0.05, epochs)
    return history(*(jittered(course, jitter, rng) for _ in range(2)), 1 - course / 1.6, 1 - course / 1.6)


def underfitting(epochs: int, jitter: float, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    losses = [jittered(flat(0.85, epochs), jitter, rng) for _ in range(2)]
    return history(*losses, flat(0.55, epochs), flat(0.54, epochs))


def stretched(shape: str, epochs: int, jitter: float, seed: int) -> dict[str, Any]:
    """A shape with other epochs than its own, and noise on its losses."""
    rng = np.random.default_rng(seed)
    made = SHAPES[shape][0]
    at = np.linspace(0, len(made["val_loss"]) - 1, epochs)
    curves = {name: np.interp(at, range(len(made[name])), made[name]) for name in CURVES}
    return {**made, **curves, **{name: jittered(curves[name], jitter, rng) for name in ("train_loss", "val_loss")}}


@pytest.mark.parametrize("epochs", EPOCHS)
@pytest.mark.parametrize("jitter", [0.0, 0.01, 0.02])
def test_a_healthy_run_with_jitter_is_healthy(epochs, jitter):
    named = [diagnose(healthy(epochs, jitter, seed))[0].name for seed in SEEDS]
    assert named == ["healthy"] * len(SEEDS)


@pytest.mark.parametrize("epochs", EPOCHS)
@pytest.mark.parametrize("jitter", [0.0, 0.005, 0.02])
def test_a_flat_run_with_jitter_underfits_and_has_done_so_from_the_start(epochs, jitter):
    found = [diagnose(underfitting(epochs, jitter, seed))[0] for seed in SEEDS]
    assert {finding.name for finding in found} == {"underfitting"}
    assert sum(finding.epoch > epochs / 4 for finding in found) <= 1


@pytest.mark.parametrize(
    "shape",
    ["overfitting", "overfitting, memorised", "stuck at chance", "crawling", "still improving", "different mazes"],
)
@pytest.mark.parametrize("epochs", EPOCHS)
def test_a_shape_keeps_its_name_over_more_epochs_with_jitter(shape, epochs):
    for seed in SEEDS:
        assert diagnose(stretched(shape, epochs, 0.005, seed))[0].name == shape.split(", ")[0]


@pytest.mark.parametrize("epochs", EPOCHS)
def test_one_large_rise_is_an_oscillation_in_a_run_of_any_length(epochs):
    for seed in SEEDS:
        made = healthy(epochs, 0.005, seed)
        made["train_loss"][epochs // 10] += 0.3
        found = diagnose(made)
        assert [(finding.name, finding.epoch) for finding in found] == [("oscillating", epochs // 10 + 1)]


@pytest.mark.parametrize("epochs", EPOCHS)
@pytest.mark.parametrize("name", ["train_loss", "val_loss"])
def test_a_loss_that_swings_in_every_epoch_oscillates_in_a_run_of_any_length(epochs, name):
    made = healthy(epochs, 0.0, 0)
    made[name] = np.array(made[name]) + 0.2 * (np.arange(epochs) % 2)
    assert diagnose(made)[0].name == "oscillating"


@pytest.mark.parametrize("epochs", [100, 300])
@pytest.mark.parametrize("jitter", [0.005, 0.02, 0.1])
def test_the_noise_that_is_measured_is_the_noise_that_was_put_in(epochs, jitter):
    """The median of n second differences is within 4 standard errors, about 4 x 1.6 / sqrt(n) of itself."""
    rng = np.random.default_rng(5)
    loss = np.geomspace(1.1, 0.05, epochs) * np.exp(jitter * rng.standard_normal(epochs))
    assert noise(loss) == pytest.approx(jitter, rel=6.4 / epochs**0.5)


def test_a_smooth_loss_has_hardly_any_noise_however_steep_it_is():
    assert noise(np.geomspace(3.0, 1e-3, 40)) == pytest.approx(0, abs=1e-12)
    assert noise(np.array([1.0, 0.5])) == 0
