"""The interactive parts of a notebook: pictures that follow sliders, and curves that grow while a model trains."""

import html
import io
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets
import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure

from trm_nav.course.plots.curves import draw_curves, new_curves
from trm_nav.course.plots.style import ALTERNATIVES, html_image

if TYPE_CHECKING:  # lessons that train nothing need not load PyTorch
    from trm_nav.learning.training import Training

LABEL: dict[str, Any] = {"style": {"description_width": "9em"}}
WIDTH = "32em"  # of a control with its label
REDRAW_SECONDS = 0.5  # the shortest time between two drawings of live curves
MARGIN = 0.15  # inches around a figure that is saved


def slider(description: str, low: float, high: float, value: float, step: float = 1) -> ipywidgets.Widget:
    """A slider that reports its value when it is released: an int if all four numbers are ints, else a float."""
    whole = all(isinstance(number, int) for number in (low, high, value, step))
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return kind(
        value=value,
        min=low,
        max=high,
        step=step,
        description=description,
        continuous_update=False,
        layout={"width": WIDTH},
        **LABEL,
    )


def choice(description: str, options: Sequence[Any], value: Any = None) -> ipywidgets.Widget:
    """A drop-down list of options, or of (label, option) pairs; the first is chosen unless `value` names another."""
    first = options[0][1] if isinstance(options[0], tuple) else options[0]
    return ipywidgets.Dropdown(
        options=options,
        value=first if value is None else value,
        description=description,
        layout={"width": WIDTH},
        **LABEL,
    )


def explore(draw: Callable[..., Figure], **controls: ipywidgets.Widget) -> None:
    """Show controls above the picture that `draw(**values)` makes of their values; draw again when a value changes.

    `draw` is a plain function that returns a figure. A cell of the notebook calls it once by itself before, so that a
    reader without a kernel sees the picture and an error in `draw` fails the run. Here, an error appears as a line
    under the controls, and the last picture stays.
    """
    picture, problem = ipywidgets.HTML(layout={"max_width": "100%"}), ipywidgets.HTML()

    def redraw(_change: object = None) -> None:
        try:
            figure = draw(**{name: control.value for name, control in controls.items()})
            picture.value = image(figure)
            problem.value = ""
        except Exception as error:
            problem.value = f"<b>{type(error).__name__}:</b> {html.escape(str(error))}"

    for control in controls.values():
        control.observe(redraw, "value")
    redraw()
    display(ipywidgets.VBox([*controls.values(), problem, picture], layout={"align_items": "flex-start"}))


def image(figure: Figure) -> str:
    """The figure as an HTML image with its text alternative, which ipywidgets has no other way to give; closes it."""
    return html_image(b64encode(png(figure)).decode(), ALTERNATIVES.get(figure, ""))


def png(figure: Figure) -> bytes:
    """The figure as a PNG file; closes the figure."""
    buffer = io.BytesIO()
    frame = figure.bbox_inches.padded(MARGIN)  # a "tight" frame would change with the content and make the page jump
    figure.savefig(buffer, format="png", bbox_inches=frame)
    plt.close(figure)
    return buffer.getvalue()


class LiveCurves:
    """Loss and accuracy in one figure that is drawn again in place as epochs finish, at most twice a second."""

    def __init__(self, epochs: int):
        self.epochs = epochs
        self.figure, self.axes = new_curves()
        plt.close(self.figure)  # the display below is the only one
        self.shown = display(self.figure, display_id=True)
        self.drawn = time.monotonic()

    def update(self, run: "Training") -> None:
        """Draw what the run has reached; pass this method to `trm_nav.learning.run.fit` as `on_epoch`."""
        last = run.epoch == self.epochs or run.out_of_patience
        if last or time.monotonic() - self.drawn > REDRAW_SECONDS:
            draw_curves(run.history, self.axes, self.epochs)
            self.shown.update(self.figure)
            self.drawn = time.monotonic()
