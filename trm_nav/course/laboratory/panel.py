"""The overfitting laboratory with its sliders and buttons, for a notebook: `Laboratory().show()`.

It trains in a thread of its own, so that the page and its Stop button answer meanwhile. What an experiment is stands in
`laboratory.py`, and how one looks in `diagnosis_plots.py`.
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
from trm_nav.learning.model import count_parameters

from .experiment import SHOWN, Experiment, Stopped, describe
from .presets import DEFAULTS, PRESETS

CHOICES = {  # name: (label, values)
    "num_train": ("mazes", [100, 200, 300, 500, 1000, 2000, 3000, 5000, 10_000, 20_000]),
    "epochs": ("epochs", [5, 10, 12, 15, 16, 20, 30, 40, 60]),
    "dim": ("dim", [2, 4, 8, 16, 32, 64, 128]),
    "depth": ("depth", [1, 2, 3, 4]),
    "recursions": ("recursions", [1, 2, 3, 4, 6, 8]),
    "lr": ("learning rate", [1e-4, 5e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0]),
    "dropout": ("dropout", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
    "weight_decay": ("weight decay", [0.0, 0.01, 0.05, 0.1, 0.3, 1.0, 10.0]),
}
KEPT = 6  # earlier experiments
PAUSE = 0.6  # seconds between two pictures
COPY = """
const text = this.parentElement.querySelector('textarea');
text.select();
if (navigator.clipboard) navigator.clipboard.writeText(text.value); else document.execCommand('copy');
this.textContent = 'Copied';
"""


class Laboratory:
    """Sliders, Train and Stop, live curves, a diagnosis with its remedies, presets, and earlier experiments.

    first: an experiment that has been trained already and is shown until another one is. base: settings without a
    slider (grid_size, num_test, the seeds and so on) and where the sliders begin, over `laboratory.DEFAULTS`.
    """

    def __init__(self, first: Experiment | None = None, **base: Any):
        self.base = {**DEFAULTS, **(first.changes if first else {}), **base}
        self.experiments: list[Experiment] = [first] if first else []
        self.shown: Experiment | None = first
        self.thread = Thread()
        self.stopping = Event()

        self.controls: dict[str, ipywidgets.Widget] = {
            name: ipywidgets.SelectionSlider(
                options=[(f"{value:,}" if value >= 1000 else f"{value:g}", value) for value in values],
                description=label,
                continuous_update=False,
                layout={"width": "26em"},
                **LABEL,
            )
            for name, (label, values) in CHOICES.items()
        }
        self.controls["augment"] = ipywidgets.Checkbox(description="augmentation", layout={"width": "26em"}, **LABEL)
        self.controls["supervision"] = ipywidgets.Dropdown(
            options=[("the agent's cell", "action"), ("every cell", "policy")],
            description="the loss reads",
            layout={"width": "26em"},
            **LABEL,
        )
        self.set_controls(self.base)
        self.presets = [self._button(name, lambda _, name=name: self.start(PRESETS[name])) for name in PRESETS]
        self.train = self._button("Train", lambda _: self.start(), "success")
        self.stop = self._button("Stop", lambda _: self.stopping.set(), "danger")
        self.progress = ipywidgets.FloatProgress(max=1, layout={"width": "12em"})
        self.status, self.words, self.copy = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.picture = ipywidgets.Image(format="png", layout={"max_width": "100%", "min_height": "200px"})
        self.offered: list[Remedy] = []
        self.cures = ipywidgets.HBox(layout={"flex_flow": "row wrap"})
        self.maze = ipywidgets.IntSlider(
            value=1, max=SHOWN - 1, description="maze shown", continuous_update=False, layout={"width": "26em"}, **LABEL
        )
        self.maze.observe(lambda _: self._draw(), "value")
        self.earlier = ipywidgets.Dropdown(description="experiments", layout={"width": "36em"}, **LABEL)
        self.restore = self._button("Restore", lambda _: self.show_again(self.earlier.value))
        self.panel = ipywidgets.VBox(
            [
                ipywidgets.HBox([ipywidgets.Label("Show me:"), *self.presets]),
                ipywidgets.GridBox(
                    [self.controls[name] for name in (*CHOICES, "augment", "supervision")],
                    layout={"grid_template_columns": "repeat(2, 27em)"},
                ),
                ipywidgets.HBox([self.train, self.stop, self.progress, self.status]),
                self.picture,
                ipywidgets.VBox(
                    [self.words, self.cures], layout={"min_height": "130px"}
                ),  # so that what is below stays
                self.maze,
                ipywidgets.HBox([self.earlier, self.restore]),
                self.copy,
            ]
        )
        self.panel.add_class("trm-laboratory")
        self._show()
        self._running(False)

    def show(self) -> None:
        """Put the laboratory into the output of the cell."""
        display(self.panel)

    def set_controls(self, settings: Mapping[str, Any]) -> None:
        """Move the sliders; a value between their steps becomes one."""
        for name, control in self.controls.items():
            if name not in settings:
                continue
            value = settings[name]
            if name in CHOICES and value not in [option for _, option in control.options]:
                options = sorted([*control.options, (f"{value:,}", value)], key=lambda option: option[1])
                control.options = options
            control.value = value

    def settings(self) -> dict[str, Any]:
        """What a click on Train would train."""
        return {**self.base, **{name: control.value for name, control in self.controls.items()}}

    def start(self, changes: Mapping[str, Any] | None = None) -> None:
        """Train with the settings as they stand, or with changes, for which a run still going on is stopped.

        Without changes, a call while a run goes on does nothing.
        """
        if self.thread.is_alive():
            if changes is None:
                return
            self.stopping.set()
            self.thread.join()
        self.set_controls(changes or {})
        self.stopping.clear()
        self._running(True)
        self.thread = Thread(target=self._train, args=(self.settings(),), daemon=True)
        self.thread.start()

    def show_again(self, number: int | None) -> None:
        """Bring back one of the experiments: its settings, its curves, its policies."""
        if number is not None and not self.thread.is_alive():
            self.shown = self.experiments[number]
            self.set_controls({**self.base, **self.shown.changes})
            self._show()

    def _train(self, settings: dict[str, Any]) -> None:
        """What the thread does: one experiment, from its mazes to the last picture."""
        try:
            self.words.value = "Making the mazes …"
            experiment = Experiment(**settings)
            self.shown, self.drawn = experiment, 0.0
            self._tell()
            experiment.train(self._epoch, self._step)
            if experiment.history["val_loss"]:
                self.experiments = [*self.experiments, experiment][-KEPT - 1 :]
            self._show()
        except UserError as mistake:
            self.words.value = html.escape(str(mistake))
        except Exception as error:  # in a thread nobody else would say it
            self.words.value = f"<b>{type(error).__name__}:</b> {html.escape(str(error))}"
        finally:
            self._running(False)

    def _step(self, share: float) -> None:
        if self.stopping.is_set():
            raise Stopped
        done = (self.shown.run.epoch + share) / self.shown.settings.epochs
        if done - self.progress.value > 0.01 or done < self.progress.value:
            self.progress.value = done

    def _epoch(self, experiment: Experiment) -> None:
        if time.monotonic() - self.drawn > PAUSE and not experiment.ended:
            self._draw()
            self._tell()
            self.drawn = time.monotonic()

    def _running(self, running: bool) -> None:
        self.train.disabled = self.restore.disabled = running
        self.stop.disabled = not running

    def _show(self) -> None:
        """Everything that belongs to the experiment shown, and the list of all."""
        self.earlier.options = [
            (f"{number + 1} · {self._label(experiment)}", number) for number, experiment in enumerate(self.experiments)
        ]
        if self.shown is None:
            self.words.value = "Choose a preset, or set the sliders and press Train."
            return
        if self.shown in self.experiments:
            self.earlier.value = self.experiments.index(self.shown)
        self._draw()
        self._tell()

    def _label(self, experiment: Experiment) -> str:
        finding = f", {experiment.findings[0].name}" if experiment.ended else ", stopped"
        changed = {
            name: value
            for name, value in experiment.changes.items()
            if name in self.controls and value != DEFAULTS[name]
        }
        return f"{describe(changed)}: {experiment.history['val_acc'][-1]:.0%} held-out{finding}"

    def _draw(self) -> None:
        if self.shown is not None:
            others = {
                str(number + 1): other.history
                for number, other in enumerate(self.experiments)
                if other is not self.shown
            }
            self.picture.value = png(draw_laboratory(self.shown, self.maze.value, others))

    def _tell(self) -> None:
        """The experiment in words: how far it is, what it says, what to try, how to repeat it."""
        experiment = self.shown
        parameters, labels = count_parameters(experiment.model), experiment.labels
        self.progress.value = experiment.run.epoch / experiment.settings.epochs
        self.status.value = (
            f"epoch {experiment.run.epoch} of {experiment.settings.epochs} · {parameters:,} parameters for {labels:,} "
            f"labels: <b>{experiment.parameters_per_label:.2g} per label</b>"
        )
        findings = experiment.findings
        self.words.value = "<br>".join(
            f"<b>{finding.name.capitalize()}{f' since epoch {finding.epoch}' if finding.epoch else ''}.</b> "
            f"{html.escape(finding.evidence.capitalize())}."
            for finding in findings
        )
        self._offer(
            [
                remedy
                for remedy in (findings[0].remedies if findings else [])
                if remedy.changes and remedy.changes.keys() <= self.controls.keys()
            ]
        )
        self.copy.value = (
            f"<div><button class='jupyter-button widget-button' onclick=\"{html.escape(COPY)}\">Copy commands</button> "
            f"for a shell in the repository: the same run as a notebook, and as commands"
            f"<textarea readonly rows=3 aria-label='commands' style='width: 98%; white-space: pre; font-family: "
            f"monospace'>{html.escape(experiment.commands())}</textarea></div>"
        )

    def _offer(self, remedies: list[Remedy]) -> None:
        """A button for each remedy; those that are there already stay, so that a click does not miss them."""
        if remedies != self.offered:
            self.offered = remedies
            self.cures.children = [ipywidgets.Label("Try:")] * bool(remedies) + [
                self._button(str(remedy), lambda _, changes=remedy.changes: self.start(changes), width="auto")
                for remedy in remedies
            ]

    def _button(self, label: str, clicked, style: str = "", width: str = "10em") -> ipywidgets.Button:
        button = ipywidgets.Button(description=label, button_style=style, layout={"width": width})
        button.on_click(clicked)
        return button
