"""The overfitting laboratory for a notebook: `Laboratory().show()`.

The front end is that of the page, in trm_nav/course/web; here is who trains. It trains in a thread of its own, so that
the kernel and the Stop button respond meanwhile. `experiment` says what an experiment is.
"""

import time
from collections.abc import Mapping
from threading import Event, Lock, RLock, Thread
from typing import Any

import anywidget
import traitlets
from IPython.display import display

from trm_nav.course.web import presets, tables
from trm_nav.course.web.bundle import bundled
from trm_nav.errors import UserError

from .controls import CONTROLLED, MazeNumber, Setting, Switch, checked
from .experiment import CHANGEABLE, SEEDS, Experiment, Stopped
from .presets import DEFAULTS
from .snapshot import policies, settings_of, snapshot, started

KEPT = 6  # experiments beside the newest
PAUSE = 0.2  # seconds between two pictures
STEP = 0.01  # of the progress bar
WEB = tables.RESULT.parent
LOADED = {"diagnosis_tables.js": f"export const tables = {tables.text()};"}  # a page loads the table from a file


class Laboratory(anywidget.AnyWidget):
    """Sliders, Train and Stop, live curves, a diagnosis with its remedies, presets, and earlier experiments.

    Every control is a trait: `laboratory.dim = 64` moves its slider, `laboratory.maze = 3` shows the third maze, and
    `laboratory.three_seeds = True` ticks the box. Setting one to a wrong value raises UserError. `running` and
    `progress`, from 0 to 1, tell how far a run is. `experiments` are those in the list, at most seven, and `shown` is
    the one that is drawn, or None.

    first: an experiment that has been trained already; it is shown until another one is. base: settings that have no
    slider (grid_size, num_test, the seeds and so on) and the values where the sliders start, instead of DEFAULTS.
    """

    _esm = bundled(WEB / "laboratory_notebook.js", LOADED)
    _css = "\n".join((WEB / name).read_text(encoding="utf-8") for name in ("page.css", "curves.css", "laboratory.css"))
    num_train = Setting().tag(sync=True)
    epochs = Setting().tag(sync=True)
    dim = Setting().tag(sync=True)
    depth = Setting().tag(sync=True)
    recursions = Setting().tag(sync=True)
    lr = Setting().tag(sync=True)
    dropout = Setting().tag(sync=True)
    weight_decay = Setting().tag(sync=True)
    augment = Setting().tag(sync=True)
    supervision = Setting().tag(sync=True)
    mixing = Setting().tag(sync=True)
    seed = Setting().tag(sync=True)
    three_seeds = Switch(False).tag(sync=True)
    maze = MazeNumber(2).tag(sync=True)
    running = traitlets.Bool(False, read_only=True).tag(sync=True)
    progress = traitlets.Float(0.0, read_only=True).tag(sync=True)
    problem = traitlets.Unicode("", read_only=True).tag(sync=True)
    table = traitlets.Dict(read_only=True).tag(sync=True)  # as in trainer/settings.json
    run = traitlets.Dict(read_only=True).tag(sync=True)  # the snapshot of `shown`, with policies; empty for none
    runs: Any = traitlets.List(read_only=True).tag(sync=True)  # snapshots of `experiments`

    def __init__(self, first: Experiment | None = None, **base: Any):
        self.base = {**DEFAULTS, **(first.changes if first else {}), **base}
        self.numbered: dict[int, Experiment] = {1: first} if first else {}
        self.shown, self.number = first, len(self.numbered)  # what is drawn, and the number of that run
        self.count = len(self.numbered)  # of the runs so far: no number is given twice
        self.training: Experiment | None = None  # the one in progress, with all its seeds
        self.seeds = 1  # of the run in progress, or of the last one
        self.due = 0.0  # when the picture may be drawn again, on time.monotonic()'s clock
        self.thread, self.stopping, self.drawing, self.deciding = Thread(), Event(), Lock(), RLock()
        super().__init__(**{name: checked(name, self.base[name]) for name in CONTROLLED})
        table = presets.settings()
        self.set_trait("table", {**table, "defaults": settings_of(self.base)})
        self.observe(self._moved, [*CONTROLLED, "maze"])
        self.on_msg(self._hear)
        self._list()
        self._draw()
        self.set_trait("progress", float(first is not None))

    @property
    def experiments(self) -> list[Experiment]:
        """Those that have ended, the oldest first: at most KEPT and the newest."""
        return list(self.numbered.values())

    def show(self) -> None:
        """Put the laboratory into the output of the cell."""
        display(self)

    def settings(self) -> dict[str, Any]:
        """The settings that a click on Train would train with."""
        return {**self.base, **{name: getattr(self, name) for name in CONTROLLED}}

    def start(self, changes: Mapping[str, Any] | None = None) -> None:
        """Train with the settings of the controls. With changes, move the controls first, and stop a run in progress.

        Without changes, a call while a run is in progress does nothing. Calls may come from several threads, as those
        of a notebook do. Raises UserError for a change that no control can make; a run in progress then goes on.
        """
        changes = (
            {name: checked(name, value) for name, value in (changes or {}).items()} if changes is not None else None
        )
        with self.deciding:
            if self.running and changes is None:
                return
            self.stop()
            self._move(changes or {})
            self.stopping.clear()
            self.count += 1
            self.set_trait("problem", "")
            self.set_trait("progress", 0.0)
            self.set_trait("run", started(self.settings(), self.count))
            self.set_trait("running", True)
            seeds = SEEDS if self.three_seeds else 1
            self.thread = Thread(target=self._train, args=(self.count, self.settings(), seeds), daemon=True)
            self.thread.start()

    def stop(self) -> None:
        """Stop the run in progress, if there is one, with all its seeds; what it has shown stays."""
        with self.deciding:
            self.stopping.set()
            if self.thread.is_alive():
                self.thread.join()

    def show_again(self, index: int | None) -> None:
        """Bring back one of the experiments: its settings, its curves, its policies. Does nothing while a run goes on.

        Raises UserError if there is no experiment with this index.
        """
        if index is None or self.running:
            return
        if not 0 <= index < len(self.numbered):
            raise UserError(f"there is no experiment {index}: the list has {len(self.numbered)}, counted from 0")
        self.number, self.shown = list(self.numbered.items())[index]
        self._move({name: value for name, value in {**self.base, **self.shown.changes}.items() if name in CONTROLLED})
        self._draw()

    def _move(self, values: Mapping[str, Any]) -> None:
        """Move controls, in one message to the page."""
        with self.hold_sync():
            for name, value in values.items():
                setattr(self, name, value)

    def _moved(self, change: Any) -> None:
        """A control was moved, by a reader or in Python: what counts at once is passed on."""
        if change.name == "maze":
            self._draw()
        elif self.training and change.name in CHANGEABLE:
            (self.training.repeating or self.training).change(change.name, change.new)

    def _hear(self, _panel: Any, message: dict[str, Any], _buffers: Any) -> None:
        """What a reader has pressed. Every message is answered, so that the page knows that Python listens."""
        self.send({"type": "heard"})
        try:
            if message["type"] == "start":
                self.start(message["changes"])
            elif message["type"] == "stop":
                self.stop()
            elif message["number"] in self.numbered:
                self.show_again(list(self.numbered).index(message["number"]))
        except UserError as mistake:
            self.set_trait("problem", _sentence(mistake))

    def _train(self, number: int, settings: dict[str, Any], seeds: int) -> None:
        """What the thread does: one experiment, from its mazes to the last picture, then the same with other seeds."""
        try:
            experiment = self.training = Experiment(**settings)
            self.shown, self.number, self.seeds, self.due = experiment, number, seeds, 0.0
            for name in CHANGEABLE:  # moved while the mazes were made
                if getattr(self, name) != settings[name]:
                    experiment.change(name, getattr(self, name))
            self._draw()
            experiment.train(self._epoch, self._step)
            goes_on = experiment.ended
            while goes_on and len(experiment.repetitions) < seeds - 1:
                goes_on = experiment.repeat(self._epoch, self._step)
        except UserError as mistake:
            self.set_trait("problem", _sentence(mistake))
        except Exception as error:  # nobody else would report what a thread raises
            self.set_trait("problem", f"{type(error).__name__}: {error}")
        finally:
            self._end(number)

    def _step(self, share: float) -> None:
        if self.stopping.is_set():
            raise Stopped
        assert self.training is not None
        done = (self.training.epochs_trained + share) / (self.seeds * self.training.settings.epochs)
        if not 0 <= done - self.progress <= STEP:
            self.set_trait("progress", min(1.0, done))

    def _epoch(self, _experiment: Experiment) -> None:
        if time.monotonic() >= self.due:
            self._draw()
            self.due = time.monotonic() + PAUSE

    def _end(self, number: int) -> None:
        """The run in progress goes into the list, if there is anything to see of it."""
        ended, self.training = self.training, None
        if ended and (ended.history["val_loss"] or ended.run.diverged):
            self.numbered[number] = ended
            self.numbered = dict(list(self.numbered.items())[-KEPT - 1 :])
        self._draw()
        self._list()
        self.set_trait("progress", 1.0)
        self.set_trait("running", False)

    def _draw(self) -> None:
        """Send what is shown to the page. The thread and the kernel may both want to."""
        with self.drawing:
            run = {}
            if self.shown is not None:
                run = snapshot(self.shown, self.number, running=self.shown is self.training)
                run["policies"] = policies(self.shown, self.maze)
            self.set_trait("run", run)

    def _list(self) -> None:
        self.set_trait("runs", [snapshot(experiment, number) for number, experiment in self.numbered.items()])


def _sentence(mistake: UserError) -> str:
    words = str(mistake)
    return f"{words[:1].upper()}{words[1:]}."
