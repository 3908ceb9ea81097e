"""The overfitting laboratory with its sliders and buttons, for a notebook: `Laboratory().show()`.

It trains in a thread of its own, so that the page and the Stop button respond meanwhile. `experiment` says what an
experiment is, and `plots.overfitting` draws it.
"""

import html
import time
from collections.abc import Mapping
from threading import Event, Thread
from typing import Any

import ipywidgets
from IPython.display import display

from trm_nav.course.plots.overfitting import draw_laboratory
from trm_nav.course.widgets import LABEL, png
from trm_nav.diagnosis.remedies import Remedy
from trm_nav.errors import UserError

from . import words
from .controls import CHOICES, WIDE, button, printed, sliders
from .experiment import SEEDS, SHOWN, Experiment, Stopped
from .presets import DEFAULTS, PRESETS

KEPT = 6  # experiments beside the newest
PAUSE = 0.6  # seconds between two pictures
SHARE = 1 / 4  # of the time that drawing may take: on a machine that a class shares, a picture takes long


class Laboratory:
    """Sliders, Train and Stop, live curves, a diagnosis with its remedies, presets, and earlier experiments.

    first: an experiment that has been trained already; it is shown until another one is. base: settings that have no
    slider (grid_size, num_test, the seeds and so on) and the values where the sliders start, instead of DEFAULTS.
    """

    def __init__(self, first: Experiment | None = None, **base: Any):
        self.base = {**DEFAULTS, **(first.changes if first else {}), **base}
        self.experiments: list[Experiment] = [first] if first else []
        self.shown: Experiment | None = first
        self.seeds = 1  # of the run in progress, or of the last one
        self.draw_at = 0.0  # when the picture may be drawn again, on time.monotonic()'s clock
        self.thread = Thread()
        self.stopping = Event()
        self.offered: list[Remedy] = []

        self.controls = sliders()
        self.set_controls(self.base)
        self.presets = [self._preset(name) for name in PRESETS]
        self.train = button("Train", lambda _: self.start(), "success")
        self.stop = button("Stop", lambda _: self.stopping.set(), "danger")
        self.three = ipywidgets.Checkbox(description="three seeds", indent=False, layout={"width": "8em"})
        self.progress = ipywidgets.FloatProgress(max=1, layout={"width": "12em"})
        self.status, self.words, self.copy = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.picture = ipywidgets.Image(format="png", layout={"max_width": "100%", "min_height": "200px"})
        self.cures = ipywidgets.HBox(layout={"flex_flow": "row wrap"})
        self.maze = ipywidgets.IntSlider(
            value=1, max=SHOWN - 1, description="maze shown", continuous_update=False, layout=WIDE, **LABEL
        )
        self.maze.observe(lambda _: self._draw(), "value")
        self.earlier = ipywidgets.Dropdown(description="experiments", layout={"width": "36em"}, **LABEL)
        self.restore = button("Restore", lambda _: self.show_again(self.earlier.value))
        self.panel = self._panel()
        self._show()
        self._running(False)

    def show(self) -> None:
        """Put the laboratory into the output of the cell."""
        display(self.panel)

    def set_controls(self, settings: Mapping[str, Any]) -> None:
        """Move the sliders; a value that a slider does not have is added to it."""
        for name, control in self.controls.items():
            if name not in settings:
                continue
            value = settings[name]
            if name in CHOICES and value not in [option for _, option in control.options]:
                options = sorted([*control.options, (printed(value), value)], key=lambda option: option[1])
                control.options = options
            control.value = value

    def settings(self) -> dict[str, Any]:
        """The settings that a click on Train would train with."""
        return {**self.base, **{name: control.value for name, control in self.controls.items()}}

    def start(self, changes: Mapping[str, Any] | None = None) -> None:
        """Train with the settings of the sliders. With changes, move the sliders first, and stop a run in progress.

        Without changes, a call while a run is in progress does nothing.
        """
        if self.thread.is_alive():
            if changes is None:
                return
            self.stopping.set()
            self.thread.join()
        self.set_controls(changes or {})
        self.stopping.clear()
        self._running(True)
        self.thread = Thread(target=self._train, args=(self.settings(), SEEDS if self.three.value else 1), daemon=True)
        self.thread.start()

    def show_again(self, index: int | None) -> None:
        """Bring back one of the experiments: its settings, its curves, its policies."""
        if index is not None and not self.thread.is_alive():
            experiment = self.experiments[index]
            self.seeds = 1 + len(experiment.repetitions)
            self._look_at(experiment)
            self.set_controls({**self.base, **experiment.changes})
            self._show()

    def _look_at(self, experiment: Experiment) -> None:
        """Choose what is shown. The slider of mazes must not lead beyond those that it keeps."""
        self.shown = None  # nothing is drawn while the slider moves
        self.maze.max = experiment.mazes_kept - 1
        self.shown = experiment

    def _train(self, settings: dict[str, Any], seeds: int) -> None:
        """What the thread does: one experiment, from its mazes to the last picture, then the same with other seeds."""
        try:
            self.words.value = "Making the mazes …"
            experiment = Experiment(**settings)
            self.draw_at, self.seeds = 0.0, seeds
            self._look_at(experiment)
            self._tell(experiment)
            experiment.train(self._epoch, lambda share: self._step(experiment, share))
            if experiment.history["val_loss"]:
                self.experiments = [*self.experiments, experiment][-KEPT - 1 :]
            self._show()
            goes_on = experiment.ended
            while goes_on and len(experiment.repetitions) < seeds - 1:
                goes_on = experiment.repeat(self._epoch, lambda share: self._step(experiment, share))
                self._show()
        except UserError as mistake:
            self.words.value = html.escape(str(mistake))
        except Exception as error:  # nobody else would report what a thread raises
            self.words.value = f"<b>{type(error).__name__}:</b> {html.escape(str(error))}"
        finally:
            self._running(False)

    def _step(self, experiment: Experiment, share: float) -> None:
        if self.stopping.is_set():
            raise Stopped
        done = (experiment.epochs_trained + share) / (self.seeds * experiment.settings.epochs)
        if done - self.progress.value > 0.01 or done < self.progress.value:
            self.progress.value = done

    def _epoch(self, experiment: Experiment) -> None:
        began = time.monotonic()
        if began >= self.draw_at and (experiment.repeating or not experiment.ended):
            self._draw()
            self._tell(experiment)
            ended = time.monotonic()
            self.draw_at = ended + max(PAUSE, (ended - began) * (1 / SHARE - 1))

    def _running(self, running: bool) -> None:
        self.train.disabled = self.restore.disabled = running
        self.stop.disabled = not running

    def _show(self) -> None:
        """Everything that belongs to the experiment shown, and the list of all."""
        self.earlier.options = [
            (f"{index + 1} · {words.label(experiment)}", index) for index, experiment in enumerate(self.experiments)
        ]
        if self.shown is None:
            self.words.value = "Choose a preset, or set the sliders and press Train."
            return
        if self.shown in self.experiments:
            self.earlier.value = self.experiments.index(self.shown)
        self._draw()
        self._tell(self.shown)

    def _draw(self) -> None:
        if self.shown is not None:
            others = {
                str(index + 1): other.history for index, other in enumerate(self.experiments) if other is not self.shown
            }
            self.picture.value = png(draw_laboratory(self.shown, self.maze.value, others))

    def _tell(self, experiment: Experiment) -> None:
        """The experiment in words: how far it is, what it shows, what to try, how to reproduce it."""
        self.progress.value = experiment.epochs_trained / (self.seeds * experiment.settings.epochs)
        self.status.value = words.status(experiment)
        self.words.value = words.diagnosis(experiment)
        first = experiment.findings[:1]
        self._offer([remedy for finding in first for remedy in finding.remedies if self._can(remedy)])
        self.copy.value = words.commands(experiment)

    def _can(self, remedy: Remedy) -> bool:
        """Whether the panel has the sliders for a remedy."""
        return bool(remedy.changes) and remedy.changes.keys() <= self.controls.keys()

    def _offer(self, remedies: list[Remedy]) -> None:
        """A button for each remedy. Unchanged remedies keep their buttons, so that a click does not miss them."""
        if remedies != self.offered:
            self.offered = remedies
            buttons = [self._cure(remedy) for remedy in remedies]
            self.cures.children = [ipywidgets.Label("Try:"), *buttons] if buttons else []

    def _cure(self, remedy: Remedy) -> ipywidgets.Button:
        return button(str(remedy).replace("`", ""), lambda _: self.start(remedy.changes), width="auto")

    def _preset(self, name: str) -> ipywidgets.Button:
        return button(name, lambda _: self.start(PRESETS[name]))

    def _panel(self) -> ipywidgets.VBox:
        """All of it, from top to bottom."""
        grid = ipywidgets.GridBox(list(self.controls.values()), layout={"grid_template_columns": "repeat(2, 27em)"})
        diagnosis = ipywidgets.VBox(
            [self.words, self.cures],
            layout={"min_height": "130px"},  # so that what is below does not move
        )
        panel = ipywidgets.VBox(
            [
                ipywidgets.HBox([ipywidgets.Label("Show me:"), *self.presets]),
                grid,
                ipywidgets.HBox(
                    [self.train, self.three, self.stop, self.progress, self.status], layout={"flex_flow": "row wrap"}
                ),
                self.picture,
                diagnosis,
                self.maze,
                ipywidgets.HBox([self.earlier, self.restore]),
                self.copy,
            ]
        )
        panel.add_class("trm-laboratory")
        return panel
