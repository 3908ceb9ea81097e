"""The parts of a notebook that answer: pictures that follow sliders, and curves that grow while a model trains."""

import io
import time
from collections.abc import Callable

import ipywidgets
import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure

from trm_nav.course.plots.curves import draw_curves, new_curves
from trm_nav.learning.training import Training

LABEL = {"style": {"description_width": "9em"}}


def slider(description: str, low: float, high: float, value: float, step: float = 1) -> ipywidgets.Widget:
    """A slider that reports when it is let go; for whole numbers if all of its numbers are."""
    whole = all(isinstance(number, int) for number in (low, high, value, step))
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return kind(
        value=value,
        min=low,
        max=high,
        step=step,
        description=description,
        continuous_update=False,
        layout={"width": "32em"},
        **LABEL,
    )


def choice(description: str, options, value=None) -> ipywidgets.Widget:
    """A drop-down list of options, or of (label, option) pairs."""
    first = options[0][1] if isinstance(options[0], tuple) else options[0]
    return ipywidgets.Dropdown(
        options=options,
        value=first if value is None else value,
        description=description,
        layout={"width": "32em"},
        **LABEL,
    )


def explore(draw: Callable[..., Figure], **controls: ipywidgets.Widget) -> None:
    """Show controls above the picture that `draw(**values)` makes of their values, and draw it again when one moves.

    `draw` is a plain function that returns a figure; a cell calls it once by itself before, so that the picture is
    there without a kernel and an error in it fails the run. Here an error shows as a line under the controls.
    """
    picture, problem = ipywidgets.Image(format="png", layout={"max_width": "100%"}), ipywidgets.HTML()

    def redraw(_=None) -> None:
        try:
            figure = draw(**{name: control.value for name, control in controls.items()})
            picture.value = png(figure)
            problem.value = ""
        except Exception as error:
            problem.value = f"<b>{type(error).__name__}:</b> {error}"

    for control in controls.values():
        control.observe(redraw, "value")
    redraw()
    display(ipywidgets.VBox([*controls.values(), problem, picture], layout={"align_items": "flex-start"}))


def png(figure: Figure) -> bytes:
    """The figure as a PNG file; it is closed."""
    buffer = io.BytesIO()
    frame = figure.bbox_inches.padded(0.15)  # inches; a "tight" one would change with the picture and make it jump
    figure.savefig(buffer, format="png", bbox_inches=frame)
    plt.close(figure)
    return buffer.getvalue()


class LiveCurves:
    """Loss and accuracy, drawn again in place as epochs finish, at most twice a second; one figure stays behind."""

    def __init__(self, epochs: int):
        self.epochs = epochs
        self.figure, self.axes = new_curves()
        plt.close(self.figure)  # the display below is the only one
        self.shown = display(self.figure, display_id=True)
        self.drawn = time.monotonic()

    def update(self, run: Training) -> None:
        """An `on_epoch` for `train.fit`."""
        last = run.epoch == self.epochs or run.out_of_patience
        if last or time.monotonic() - self.drawn > 0.5:
            draw_curves(run.history, self.axes, self.epochs)
            self.shown.update(self.figure)
            self.drawn = time.monotonic()
