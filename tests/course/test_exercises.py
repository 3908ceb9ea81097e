"""The checks below the exercises, and the pictures that follow a slider."""

import matplotlib
import pytest

from trm_nav.course import widgets
from trm_nav.course.exercises import check

matplotlib.use("agg")

CLAIMS = (("It doubles.", lambda answer: answer(2) == 4), ("Zero stays zero.", lambda answer: answer(0) == 0))


def verdict(answer, capsys) -> str:
    check("9.1", *((sentence, lambda holds=holds: holds(answer)) for sentence, holds in CLAIMS))
    return capsys.readouterr().out.strip()


def test_a_right_answer_is_solved(capsys):
    assert verdict(lambda x: 2 * x, capsys) == "Exercise 9.1: solved."


def test_a_wrong_answer_is_told_the_first_claim_that_it_does_not_meet(capsys):
    assert verdict(lambda x: x + 2, capsys) == "Exercise 9.1: not yet. Zero stays zero."


def test_an_answer_that_raises_is_told_so_and_the_check_does_not_raise(capsys):
    assert verdict(lambda x: x.size, capsys) == (
        "Exercise 9.1: not yet. It doubles. (it raised AttributeError: 'int' object has no attribute 'size')"
    )


def test_a_stub_is_not_yet_solved_and_raises_no_complaint(capsys):
    assert verdict(lambda x: ..., capsys) == "Exercise 9.1: not yet. It doubles."
    check("9.2", ("It is positive.", lambda: ... > 0))
    assert capsys.readouterr().out.strip() == "Exercise 9.2: not yet. It is positive."


@pytest.fixture
def shown(monkeypatch):
    boxes = []
    monkeypatch.setattr(widgets, "display", boxes.append)
    return boxes


def draw(size: int):
    from matplotlib.figure import Figure

    if size > 4:
        raise ValueError("too large")
    return Figure(figsize=(size, 1))


def test_a_picture_follows_its_slider(shown):
    slider = widgets.slider("size", 1, 9, 2)
    widgets.explore(draw, size=slider)
    *_, problem, picture = shown[0].children
    before = picture.value
    assert before.startswith("<img ") and not problem.value
    slider.value = 3
    assert picture.value != before


def test_an_error_while_drawing_is_shown_below_the_controls_and_the_last_picture_stays(shown):
    slider = widgets.slider("size", 1, 9, 2)
    widgets.explore(draw, size=slider)
    *_, problem, picture = shown[0].children
    before = picture.value
    slider.value = 5
    assert "ValueError" in problem.value and "too large" in problem.value and picture.value == before
    slider.value = 4
    assert not problem.value


def test_a_slider_reports_its_value_only_when_it_is_released():
    assert not widgets.slider("size", 1, 9, 2).continuous_update
    assert not widgets.slider("share", 0.0, 1.0, 0.5, 0.1).continuous_update
