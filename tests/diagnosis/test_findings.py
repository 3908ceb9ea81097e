"""What a history is said to show, on made-up ones whose shape is plain."""

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_up import CHANCE, HEALTHY, SHAPES, fall, flat, history, line

from trm_nav.diagnosis.findings import Finding, diagnose
from trm_nav.diagnosis.history import CURVES
from trm_nav.diagnosis.remedies import REMEDIES
from trm_nav.diagnosis.thresholds import THRESHOLDS, Thresholds

CERTAIN = {"overfitting", "memorised", "diverging", "oscillating"}  # what no later epoch can put right


def names(findings):
    return ", ".join(finding.name for finding in findings)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_plain_shape_is_named_with_its_beginning_and_its_evidence(shape):
    made, epoch, words = SHAPES[shape]
    findings = diagnose(made)
    assert names(findings) == shape
    assert findings[0].epoch == epoch and words in findings[0].evidence


def test_memorising_has_a_beginning_of_its_own():
    assert [finding.epoch for finding in diagnose(SHAPES["overfitting, memorised"][0])] == [7, 10]


def test_a_gap_in_accuracy_begins_after_the_last_epoch_without_one():
    made = history(fall(1.1, 0.3), fall(1.1, 0.6), line(0.4, 0.9), [*line(0.4, 0.65, 7), *flat(0.7, 5)])
    assert [(finding.name, finding.epoch) for finding in diagnose(made)] == [("overfitting", 10)]
    closing = {**made, "val_acc": [*made["val_acc"][:-2], 0.6, 0.9]}  # and never after the end
    assert [(finding.name, finding.epoch) for finding in diagnose(closing)] == [("overfitting", 12)]


def test_every_finding_there_is_has_a_shape():
    assert set(", ".join(SHAPES).split(", ")) == set(REMEDIES)


def test_a_finding_in_one_line_says_what_since_when_why_and_what_first():
    line = str(diagnose(SHAPES["overfitting"][0])[0])
    assert line.startswith("overfitting since epoch 7: training loss still falls, ")
    assert line.endswith("; first remedy: augmentation (`augment=True`)")
    assert str(Finding("healthy", None, "all is well")) == "healthy: all is well"


def test_the_heading_of_a_finding_has_its_beginning_if_there_is_one():
    assert Finding("overfitting", 4, "").heading == "overfitting since epoch 4"
    assert Finding("healthy", None, "").heading == "healthy"


def test_every_threshold_is_a_plain_number_with_a_unit_or_a_meaning_beside_it():
    assert json.loads(json.dumps(THRESHOLDS.model_dump())) == THRESHOLDS.model_dump()
    assert all(field.description for field in Thresholds.model_fields.values())


@pytest.mark.parametrize("shape", SHAPES)
def test_while_a_run_goes_on_only_what_is_certain_is_said(shape):
    findings = diagnose(SHAPES[shape][0], finished=False)
    assert names(findings) == (shape if shape.split(", ")[0] in CERTAIN else "too short to say")


def test_without_chance_nothing_is_stuck_there():
    made, *_ = SHAPES["stuck at chance"]
    assert names(diagnose({name: made[name] for name in CURVES})) == "underfitting"


def test_where_guessing_is_always_right_it_is_no_measure():
    one_maze = {part: {"loss": 0.0, "acc": 1.0} for part in ("train", "val")}
    assert names(diagnose({**HEALTHY, "chance": one_maze})) == "healthy"


@pytest.mark.parametrize("epoch", [1, 2, 5])
@pytest.mark.parametrize("value", [math.nan, math.inf, None])
def test_a_loss_that_is_no_number_diverged_in_its_epoch_however_short_the_run(epoch, value):
    made = history(*([*flat(1.0, epoch - 1), value] for _ in range(4)))
    assert [(finding.name, finding.epoch) for finding in diagnose(made)] == [("diverging", epoch)]


@pytest.mark.parametrize("epochs", range(4))
def test_a_run_that_says_it_diverged_did_so_after_its_last_epoch_the_first_included(epochs):
    made = history(*(flat(0.5, epochs) for _ in range(4)), diverged=True)
    assert [(finding.name, finding.epoch) for finding in diagnose(made)] == [("diverging", epochs + 1)]


def test_a_training_loss_far_above_guessing_has_diverged_though_it_is_a_number():
    made = history([1.1, 5.0, 90.0, 40.0], flat(1.1, 4), flat(0.3, 4), flat(0.3, 4))
    (finding,) = diagnose(made)
    assert (finding.name, finding.epoch) == ("diverging", 2) and "rose to 90.0 nats" in finding.evidence


def curves(**elements):
    """Four lists, equally long, of anything."""
    columns = st.integers(0, 30).flatmap(lambda epochs: arrays(float, (4, epochs), elements=st.floats(**elements)))
    return st.tuples(columns, st.booleans(), st.sampled_from([None, CHANCE]))


@pytest.mark.slow
@settings(max_examples=400)
@given(
    st.one_of(curves(min_value=0, allow_infinity=False), curves(min_value=0, max_value=1.5), curves()), st.booleans()
)
def test_four_equally_long_lists_of_numbers_always_have_a_finding(made, finished):
    columns, diverged, chance = made
    assume(diverged or columns.shape[1])
    assume(np.isfinite(columns[1::2]).all() or not np.isfinite(columns[::2]).all())
    columns[1::2] = columns[1::2].clip(0, 1)  # accuracies are shares
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lists = dict(zip(CURVES, columns, strict=True))
        findings = diagnose({**lists, "diverged": diverged, "chance": chance}, finished)
    assert findings and all(str(finding) for finding in findings)
    assert all(finding.epoch is None or 1 <= finding.epoch <= columns.shape[1] + 1 for finding in findings)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("times", [0.5, 2, 10, 500])
def test_a_history_of_more_or_fewer_epochs_has_a_finding(shape, times):
    made = SHAPES[shape][0]
    epochs = len(made["val_loss"])
    at = np.linspace(0, epochs - 1, max(1, int(times * epochs)))
    assert diagnose({**made, **{name: np.interp(at, range(epochs), made[name]) for name in CURVES}})


@pytest.mark.slow
@settings(max_examples=200)
@given(st.integers(0, 2**32 - 1), st.integers(5, 60), st.floats(0.001, 0.3), st.floats(0, 0.05))
def test_a_run_whose_losses_fall_together_never_overfits_whatever_the_noise(seed, epochs, end, noise):
    loss = np.random.default_rng(seed).normal(1, noise, (2, epochs)) * np.geomspace(1.1, end, epochs)
    made = history(loss[0], loss[1], *(1 - loss / 1.6))
    assert not {"overfitting", "memorised", "diverging"} & {finding.name for finding in diagnose(made)}
