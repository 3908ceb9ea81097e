"""What is said of a figure in words is what is drawn in it."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.ticker import PercentFormatter

from trm_nav.course.plots.alternatives import in_words
from trm_nav.course.plots.curves import curves_in_words, draw_curves, new_curves
from trm_nav.course.plots.style import ALTERNATIVES, use_style


@pytest.fixture(autouse=True)
def styled():
    with plt.rc_context():
        use_style()
        yield
    plt.close("all")


def test_a_curve_is_told_by_its_ends_and_by_what_lies_beyond_them():
    figure, ax = plt.subplots()
    ax.plot([0, 1, 2, 3], [1, 5, 2, 3], label="hill")
    ax.plot([0, 1, 2, 3], [4, 4.01, 4, 1], label="cliff")
    ax.plot([0, 1, 2, 3], [2, -1, 0, 2], label="valley")
    ax.plot([0, 3], [9, 9])  # without a label
    ax.axvline(2, label="threshold")
    ax.axhline(7, label="limit")
    ax.set(title="Three curves", xlabel="step")
    ax.legend(title="kinds")
    assert in_words(figure) == (
        "Three curves (kinds), by step from 0 to 3: hill from 1 to 3, highest 5 at 1; cliff from 4 to 1; "
        "valley: 2, lowest -1 at 1; threshold at 2; limit: 7."
    )


def test_values_are_written_as_their_axis_writes_them_and_what_is_not_finite_is_passed_over():
    figure, ax = plt.subplots()
    ax.plot([100, 1000, 20_000], [np.nan, 0.25, 0.5], label="share")
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(ylabel="mazes", xlabel="cells")
    assert in_words(figure) == "Mazes, by cells: share from 25% to 50%."


def test_bars_are_told_with_their_names_on_the_axis_whichever_way_they_lie():
    figure, (upright, flat) = plt.subplots(1, 2)
    upright.bar([0, 1], [3, 4], label="one")
    upright.set_xticks([0, 1], ["few", "many"])
    flat.barh(["long\nname", "b"], [0.5, 1])
    flat.set(title="Flat")
    assert in_words(figure) == "Values: one, few: 3, many: 4. Flat: long name: 0.5, b: 1."


def test_a_panel_with_an_image_is_told_by_its_title_and_what_stands_below_it():
    figure, axes = plt.subplots(1, 3)
    for ax in axes[:2]:
        ax.imshow(np.eye(3))
        ax.plot([0, 1], [0, 1], label="a walk")
    axes[0].set(title="A maze", xlabel="3 steps")
    axes[1].set(title="Another")
    assert in_words(figure) == "A maze (3 steps). Another."


def test_the_curves_of_a_run_say_where_they_are_at_their_best():
    history = dict(train_loss=[2, 1, 0.5], val_loss=[2, 1.5, 1.75], train_acc=[0.1, 0.5, 1], val_acc=[0.1, 0.2, 0.25])
    figure, axes = new_curves()
    draw_curves({name: [] for name in history}, axes, epochs=3)
    assert "no epoch" in ALTERNATIVES[figure]
    draw_curves(history, axes, epochs=3)
    assert curves_in_words(history) in ALTERNATIVES[figure]
    for said in ("from 2.00 to 0.50 nats", "from 2.00 to 1.75", "1.50 at its lowest, in epoch 2", "100%", "25%"):
        assert said in ALTERNATIVES[figure]


@pytest.mark.parametrize(("lowest", "between"), [(0.02, True), (0.0001, False)])
def test_losses_are_written_as_plain_numbers_and_not_too_many_of_them(lowest, between):
    figure, axes = new_curves()
    loss = [1.0, lowest]
    draw_curves(dict(train_loss=loss, val_loss=loss, train_acc=[0, 1], val_acc=[0, 1]), axes)
    figure.canvas.draw()
    labels = [label.get_text() for label in axes[0].get_yticklabels(which="both")]
    assert "0.1" in labels and not [label for label in labels if "10" in label and "^" in label]
    assert ("0.2" in labels) == between
