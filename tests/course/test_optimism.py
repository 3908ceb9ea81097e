"""The best of many: the theory against simulation, the study's file against its script, lesson 08's pictures."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest

from benchmarks.studies import optimism as study
from trm_nav.course.optimism import (
    expected_maximum,
    expected_optimism,
    measured_choices,
    noise_and_spread,
    packed,
    right_at_agents,
    unpacked,
    winners,
)
from trm_nav.course.plots.choosing import (
    draw_choice,
    draw_epochs,
    draw_grid_and_random,
    draw_optimism,
    draw_places,
    draw_settings,
)
from trm_nav.course.plots.style import ALTERNATIVES
from trm_nav.learning.training import Training
from trm_nav.mazes import dataset
from trm_nav.settings import DataSettings, TrainSettings


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def choices():
    return measured_choices()


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def title(ax):
    return ax.get_title(loc="left") or ax.get_title()  # the course's style puts it on the left


def normal_scores(rng, count, noise, spread, repetitions=20_000):
    """Scores and true accuracies of `count` configurations in many searches, each (repetitions, count)."""
    true = spread * rng.standard_normal((repetitions, count))
    return true + noise * rng.standard_normal(true.shape), true


@pytest.mark.parametrize(("count", "exact"), [(1, 0), (2, 1 / np.sqrt(np.pi)), (3, 1.5 / np.sqrt(np.pi))])
def test_the_expected_maximum_is_exact_where_a_formula_is_known(count, exact):
    assert expected_maximum(count) == pytest.approx(exact, abs=1e-3)


@pytest.mark.parametrize("count", [2, 10, 100])
def test_the_expected_maximum_is_the_mean_of_simulated_maxima(count, rng):
    largest = rng.standard_normal((20_000, count)).max(axis=1)
    assert abs(expected_maximum(count) - largest.mean()) < 5 * largest.std() / np.sqrt(len(largest)) + 1e-3


@pytest.mark.parametrize(("noise", "spread"), [(0.05, 0), (0.05, 0.04), (0.01, 0.04)])
def test_the_expected_optimism_is_that_of_simulated_searches(noise, spread, rng):
    scores, true = normal_scores(rng, 30, noise, spread)
    won = np.arange(len(scores)), scores.argmax(axis=1)
    gaps = scores[won] - true[won]
    assert abs(expected_optimism(30, noise, spread) - gaps.mean()) < 5 * gaps.std() / np.sqrt(len(gaps)) + 1e-4


def test_without_noise_or_without_a_choice_there_is_no_optimism():
    assert expected_optimism(100, noise=0, spread=0) == expected_optimism(100, noise=0, spread=0.1) == 0
    assert expected_optimism(1, noise=0.1, spread=0.1) == pytest.approx(0, abs=1e-6)


def test_noise_and_spread_are_found_in_simulated_answers_and_shared_difficulty_is_not_noise(rng):
    quality = 0.05 * rng.standard_normal((400, 1))
    difficulty = rng.choice([-0.3, 0.3], size=(1, 3000))
    chance = 0.5 + quality + difficulty
    right = rng.random(chance.shape) < chance
    own = np.sqrt((chance * (1 - chance)).mean())  # standard deviation of an answer around its own chance
    noise, spread = noise_and_spread(right, mazes=100)
    assert noise == pytest.approx(own / 10, rel=0.05)
    assert noise < 0.9 * right.std() / 10
    assert spread == pytest.approx(0.05, rel=0.15)


def test_answers_that_are_alike_in_all_configurations_have_neither_noise_nor_spread(rng):
    right = np.tile(rng.random(50) < 0.5, (6, 1))
    assert noise_and_spread(right, mazes=50) == pytest.approx((0, 0), abs=1e-9)


def test_the_winners_are_those_of_a_loop(rng):
    right, test = rng.random((12, 40)) < 0.6, rng.random(12)
    promised, true = winners(right, test, mazes=10, draws=1, rng=np.random.default_rng(3))
    same = np.random.default_rng(3)
    mazes, order = same.permutation(40)[:10], same.permutation(12)
    for count in range(1, 13):
        scores = [right[each, mazes].mean() for each in order[:count]]
        assert promised[count - 1] == pytest.approx(max(scores))
        assert true[count - 1] == test[order[int(np.argmax(scores))]]


def test_the_winner_of_all_configurations_on_all_mazes_is_in_every_draw_the_best(rng):
    right, test = rng.random((9, 501)) < np.linspace(0.1, 0.9, 9)[:, None], rng.random(9)
    promised, true = winners(right, test, mazes=501, draws=7, rng=rng)
    assert promised[-1] == pytest.approx(right.mean(axis=1).max()) and true[-1] == pytest.approx(test[-1])
    assert (np.diff(promised) >= -1e-12).all()


@pytest.mark.parametrize("count", [1, 8, 2000, 2003])
def test_packed_answers_come_back(count, rng):
    right = rng.random(count) < 0.5
    assert np.array_equal(unpacked(packed(right), count), right)


def test_the_file_holds_the_runs_that_the_script_asks_for(choices):
    assert choices.settings == [run["settings"] for run in study.of_configurations()]
    assert [run["settings"] for run in choices.grid] == [run["settings"] for run in study.of_grid()]
    assert (choices.about["data"], choices.about["training"]) == (study.DATA, study.TRAINING)
    assert choices.right.shape == (study.CONFIGURATIONS, study.DATA["num_test"])


def test_the_places_of_the_file_are_its_best_configurations_with_new_seeds(choices):
    order = np.argsort(-choices.right.sum(axis=1), kind="stable")[: study.PLACES]
    best = [choices.settings[index] for index in order]
    assert [(run["settings"], run["seed"]) for run in choices.places] == list(itertools.product(best, study.SEEDS))
    others = [settings for settings in choices.settings if settings["lr"] >= study.OTHERS_LR][: study.OTHERS]
    assert [(run["settings"], run["seed"]) for run in choices.others] == list(itertools.product(others, study.SEEDS))
    assert min(settings["lr"] for settings in best) >= study.OTHERS_LR


def test_the_accuracies_of_the_file_are_plausible_and_its_answers_agree_with_them(choices):
    validation = choices.right.mean(axis=1)
    assert choices.test.min() > 0.3 and choices.test.max() < 0.7
    assert np.corrcoef(validation, choices.test)[0, 1] > 0.9
    assert abs(validation.mean() - choices.test.mean()) < 0.03


def test_accuracy_at_the_agents_is_what_training_calls_validation_accuracy():
    train_set, val_set = dataset.build(DataSettings.of(dict(num_train=20, num_test=60, augment=False)))
    run = Training(TrainSettings.of({**study.TRAINING, "dim": 4, "depth": 1, "epochs": 1}), train_set, val_set)
    for _ in run.epochs():
        pass
    assert right_at_agents(run.model, val_set).mean() == pytest.approx(run.history["val_acc"][-1])


def test_the_panels_are_the_settings_that_vary_and_their_lines_the_means(choices):
    figure = draw_settings(choices.grid)
    assert [title(ax) for ax in figure.axes] == ["dim", "depth", "dropout", "learning rate"]
    line = figure.axes[0].lines[-1].get_ydata()
    of_dim_8 = [run["test"] for run in choices.grid if run["settings"]["dim"] == 8]
    assert line[0] == pytest.approx(np.mean(of_dim_8))


def test_a_grid_of_nine_tries_three_learning_rates_and_nine_random_points_try_nine(rng):
    lr = 10 ** rng.uniform(-3, -1, 9)
    figure = draw_grid_and_random(lr, rng.uniform(0.1, 0.25, 9), limits=(1e-3, 1e-1))
    titles = [title(ax) for ax in figure.axes]
    assert titles == ["Grid: 9 runs, 3 learning rates", "Random: 9 runs, 9 learning rates"]


def test_the_winner_that_is_drawn_has_the_highest_score_and_not_the_highest_test_accuracy():
    figure = draw_choice(np.array([0.5, 0.7, 0.6]), np.array([0.5, 0.55, 0.65]), 50)
    assert title(figure.axes[0]) == "Best of 3: promised 70.0%, true 55.0%"
    assert "70.0% and 55.0%; the highest test accuracy is 65.0%" in ALTERNATIVES[figure]


def test_the_pictures_of_places_epochs_and_optimism_can_be_drawn():
    places = draw_places(np.array([0.6, 0.59]), np.array([[0.57, 0.58, 0.6], [0.56, 0.6, 0.58]]), 0.01)
    assert len(places.axes[0].get_yticks()) == 2
    assert draw_epochs(np.array([0.4, 0.6, 0.5]), np.array([0.4, 0.5, 0.55]), 50).axes
    curve = np.array([0.0, 0.02, 0.03])
    assert len(draw_optimism({50: curve}, {50: 0.5 + curve}, {50: {1: 0.0, 3: 0.03}}).axes) == 2
