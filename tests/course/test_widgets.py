"""What a picture that follows sliders says to those who cannot see it, and what it shows when drawing it fails."""

import base64
import io
import re

import matplotlib.pyplot as plt

from trm_nav.course import widgets
from trm_nav.course.plots.style import describe


def test_the_text_of_an_error_is_shown_as_text_and_not_as_html(monkeypatch):
    boxes = []
    monkeypatch.setattr(widgets, "display", boxes.append)

    def draw(size):
        raise ValueError("<img src=x> & more")

    widgets.explore(draw, size=widgets.slider("size", 1, 9, 2))
    *_, problem, _picture = boxes[0].children
    assert problem.value == "<b>ValueError:</b> &lt;img src=x&gt; &amp; more"


def test_a_picture_under_sliders_has_the_text_alternative_of_what_is_drawn_now(monkeypatch):
    boxes, open_before = [], plt.get_fignums()
    monkeypatch.setattr(widgets, "display", boxes.append)

    def draw(size):
        figure, ax = plt.subplots(figsize=(size, 2))
        ax.plot([0, size])
        return describe(figure, f"A line to <{size}> & back")

    size = widgets.slider("size", 1, 9, 2)
    widgets.explore(draw, size=size)
    size.value = 3
    *_, problem, picture = boxes[0].children
    assert problem.value == ""
    assert 'alt="A line to &lt;3&gt; &amp; back"' in picture.value
    drawn = base64.b64decode(re.search(r"base64,([^\"]*)", picture.value)[1])
    height, width, _ = plt.imread(io.BytesIO(drawn), format="png").shape
    assert f'width="{width}" height="{height}"' in picture.value
    assert plt.get_fignums() == open_before
