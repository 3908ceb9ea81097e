"""What a picture that follows sliders shows when drawing it fails."""

from trm_nav.course import widgets


def test_the_text_of_an_error_is_shown_as_text_and_not_as_html(monkeypatch):
    boxes = []
    monkeypatch.setattr(widgets, "display", boxes.append)

    def draw(size):
        raise ValueError("<img src=x> & more")

    widgets.explore(draw, size=widgets.slider("size", 1, 9, 2))
    *_, problem, _picture = boxes[0].children
    assert problem.value == "<b>ValueError:</b> &lt;img src=x&gt; &amp; more"
