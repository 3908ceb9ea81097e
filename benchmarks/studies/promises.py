"""The figures that README.md, INSTRUCTORS.md, notebooks/README.md and the lessons' openings promise.

    python -m benchmarks.studies.promises                    # measure everything on this machine, then write
    python -m benchmarks.studies.promises measure lessons    # measure one section (or several)
    python -m benchmarks.studies.promises write              # only write the measured figures into the documents
    python -m benchmarks.studies.promises check              # list the places that differ, and exit with status 1

All figures are kept in benchmarks/results/promises.json, one entry for each machine. A document holds a figure between
two comments that do not show when it is rendered: `<!-- m:KEY -->text<!-- /m -->`. What stands there is the range over
the seeds of *all* machines, so that it holds on either. Measuring presets and trainings goes on where it was
interrupted; with --again it begins anew. Everything takes about an hour of one core.
"""

import argparse
import inspect
import json
import os
import platform
import re
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "promises.json"
SEEDS = 10
CLASS = 30  # students
CORES = (8, 16)  # of the server for which the waiting time of a class is calculated

MARKER = re.compile(r"<!-- m:(?P<key>[^>]+?) -->(?P<text>.*?)<!-- /m -->", re.DOTALL)
AT_THE_START_OF_A_LINE = re.compile(
    r"^\s*(?:[-*+>]\s+|\d+\.\s+)?<!-- m:(?!table\.)", re.MULTILINE
)  # would end Markdown

# How long a lesson takes to read, estimated from its text.
WORDS_A_MINUTE = 150
SECONDS_A_CODE_LINE = 3
SECONDS_A_PREDICTION = 60
EXERCISE_TAGS = {"exercise", "check", "solution"}
EXERCISE = re.compile(r"^### .*?\b(\d+) minutes", re.MULTILINE)

Figures = dict[str, Any]
Form = Callable[[float], str]


# ---------------------------------------------------------------------------------------------------------------------
# Measuring. Each function returns one section for this machine; `keep` saves what there is so far.


def measure_presets(found: Figures, keep: Callable[[Figures], None]) -> Figures:
    """Every preset of the laboratory, alone and with each remedy, with SEEDS seeds; a column of values per figure."""
    from benchmarks.studies import classroom

    for seed in range(SEEDS):
        for label, settings in classroom.preset_runs().items():
            columns = found.setdefault(label, {})
            if seed not in columns.get("seed", []):
                add(columns, classroom.measure_preset(settings, seed))
                keep(found)
    return found


def measure_training(found: Figures, keep: Callable[[Figures], None]) -> Figures:
    """The first look of lesson 04, nine epochs of `tiny` on one thread, with three seeds of mazes and weights."""
    from trm_nav import generate_mazes
    from trm_nav.learning.training import Training
    from trm_nav.mazes import dataset
    from trm_nav.navigation.evaluation import evaluate
    from trm_nav.settings import RECIPES, DataSettings, TrainSettings

    held_out = generate_mazes(2000, 8, 0.2, 7)  # as in the lesson
    for seed in range(3):
        if seed in found.get("seed", []):
            continue
        began = time.process_time()
        settings = {**RECIPES["tiny"], "epochs": 9, "threads": 1, "device": "cpu", "seed": seed}
        settings |= {"train_seed": 10 * seed, "test_seed": 10 * seed + 1}
        data = DataSettings.of({name: settings[name] for name in settings if name in DataSettings.model_fields})
        training = TrainSettings.of({name: settings[name] for name in settings if name in TrainSettings.model_fields})
        run = Training(training, *dataset.build(data))
        for _ in run.epochs():
            pass
        add(
            found,
            {
                "seed": seed,
                "first_val_acc": run.history["val_acc"][0],
                "last_val_acc": run.history["val_acc"][-1],
                "success": evaluate(run.model, held_out).success,
                "cpu_seconds": time.process_time() - began,
            },
        )
        keep(found)
    return found


def measure_labels(found: Figures, keep: Callable[[Figures], None]) -> Figures:
    """What lessons 01 and 02 count about single labels, on 2,000 mazes for each seed. No training, no rounding."""
    import numpy as np

    from trm_nav import generate_mazes, optimal_actions
    from trm_nav.mazes.encoding import contains
    from trm_nav.mazes.symmetry import INVERSE, transform_masks, transform_mazes

    found.clear()
    for seed in range(SEEDS):
        mazes = generate_mazes(2000, 8, 0.2, seed)
        optimal = optimal_actions(mazes.walls, mazes.goals)  # (N, n, n)
        labelled, votes, contradicted = optimal > 0, np.zeros((*optimal.shape, 5), int), []
        for g in range(8):
            transformed = transform_mazes(mazes, g)
            masks = optimal_actions(transformed.walls, transformed.goals)
            label = transform_masks(masks & ~masks + 1, INVERSE[g])  # the lowest bit, in the first orientation again
            votes += contains(label[..., None], np.arange(5))
            contradicted.append(float((label != (optimal & ~optimal + 1))[labelled].mean()))
        add(
            found,
            {
                "seed": seed,
                "quarter_turn": max(contradicted[1], contradicted[3]),
                "half_turn_or_mirror": max(contradicted[2], contradicted[4], contradicted[6]),
                "random_symmetry": float(np.mean(contradicted)),
                "cap": float(votes.max(axis=-1).sum() / votes.sum()),
            },
        )
    return found


def measure_parameters(found: Figures, keep: Callable[[Figures], None]) -> Figures:
    """Sizes of the networks that the documents name."""
    from trm_nav import create_model
    from trm_nav.learning.model import count_parameters
    from trm_nav.settings import RECIPES

    sizes: dict[str, Figures] = {
        f"{mixing}-{dim}": dict(dim=dim, depth=2, mixing=mixing) for mixing in ("mlp", "conv") for dim in DIMS
    }
    sizes |= {
        name: {field: value for field, value in settings.items() if field in ("dim", "depth", "mixing")}
        for name, settings in RECIPES.items()
    }
    return {name: count_parameters(create_model(8, **settings)) for name, settings in sizes.items()}


def measure_quantity(found: Figures, keep: Callable[[Figures], None]) -> Figures:
    """Means over the seeds of the data-quantity study, from its own file, which also names its machine."""
    from trm_nav.course.laboratory.experiment import measured_quantity

    study = measured_quantity()
    accuracies: dict[str, list[float]] = {}
    for point in study["points"]:
        name = f"{point['mazes']}-{point['supervision']}-{'augmented' if point['augment'] else 'plain'}"
        accuracies.setdefault(name, []).append(point["val_acc"])
    means = {name: round(sum(values) / len(values), 4) for name, values in accuracies.items()}
    return {"measured_on": study["machine"], **means}


def measure_diagnosis(found: Figures, keep: Callable[[Figures], None]) -> Figures:
    """How often the diagnosis is right on the judged histories of the fault study, by group of runs."""
    from benchmarks.studies import faults

    results = {group: faults.judge(runs) for group, runs in faults.grouped("judged").items()}
    kept = ("recall", "precision", "false alarms")
    return {group: {name: result[name] for name in kept} for group, result in results.items()}


def measure_lessons(found: Figures, keep: Callable[[Figures], None]) -> Figures:
    """CPU seconds of each committed notebook, executed once with one thread, and an estimate of its reading time."""
    import nbformat
    from nbclient import NotebookClient

    os.environ["OMP_NUM_THREADS"] = "1"  # for the kernels
    found.clear()
    for path in lessons():
        notebook = nbformat.read(path, as_version=4)
        with tempfile.TemporaryDirectory() as folder:
            before = children_seconds()
            NotebookClient(
                notebook, timeout=1800, kernel_name="python3", resources={"metadata": {"path": folder}}
            ).execute()
            seconds = children_seconds() - before
        found[path.stem] = {"cpu_seconds": round(seconds, 1), **reading(path)}
        keep(found)
    return found


def measure_students(found: Figures, keep: Callable[[Figures], None]) -> Figures:
    """Memory and CPU of the kernels of lessons 05 and 04, and of JupyterLab's own server (Linux)."""
    from benchmarks.studies import classroom

    return classroom.measure_students([1], classroom.LESSONS)


SECTIONS: dict[str, Callable[[Figures, Callable[[Figures], None]], Figures]] = {
    "parameters": measure_parameters,
    "quantity": measure_quantity,
    "diagnosis": measure_diagnosis,
    "labels": measure_labels,
    "presets": measure_presets,
    "training": measure_training,
    "lessons": measure_lessons,
    "students": measure_students,
}
DIMS = (32, 64, 128, 256)


def add(columns: Figures, row: Figures) -> None:
    """Append one run's figures to the columns."""
    for name, value in row.items():
        columns.setdefault(name, []).append(round(value, 4) if isinstance(value, float) else value)


def lessons() -> list[Path]:
    return sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def reading(path: Path) -> dict[str, int]:
    """Minutes for reading a lesson, estimated, and for its exercises, as their headings say."""
    seconds = exercises = 0.0
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        text, tags = "".join(cell["source"]), set(cell["metadata"].get("tags", ()))
        if cell["cell_type"] == "markdown":
            exercises += sum(map(int, EXERCISE.findall(text)))
            if "<details" not in text:  # a folded solution is not read on the way
                seconds += len(text.split()) / WORDS_A_MINUTE * 60 + text.count("**Predict**") * SECONDS_A_PREDICTION
        elif not tags & EXERCISE_TAGS:
            seconds += SECONDS_A_CODE_LINE * sum(bool(line.strip()) for line in text.splitlines())
    return {"reading_minutes": 5 * round(seconds / 300), "exercise_minutes": int(exercises)}


def children_seconds() -> float:
    """CPU seconds of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def this_machine() -> tuple[str, str]:
    """A short name of the processor, and the versions that took part."""
    import torch

    from benchmarks.machine import cpu_name

    name = re.sub(r"\s+", " ", re.sub(r"\((R|TM)\)|Processor|CPU|@.*", "", cpu_name())).strip()
    return name, f"Python {platform.python_version()}, PyTorch {torch.__version__}"


def measure(sections: Iterable[str], again: bool = False) -> None:
    """Measure sections on this machine; `again` forgets the seeds that were measured before."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    name, versions = this_machine()
    for section in sections:
        print(f"{section} ...", flush=True)

        def keep(found: Figures, section: str = section) -> None:
            figures = load()  # again each time, as another section may be measured at the same time
            machine = figures["machines"].setdefault(name, {"versions": versions})
            machine |= {section: found, "dates": machine.get("dates", {}) | {section: time.strftime("%Y-%m-%d")}}
            save(figures)

        found = {} if again else load()["machines"].get(name, {}).get(section, {})
        keep(SECTIONS[section](found, keep))


def load() -> Figures:
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"machines": {}}


def save(figures: Figures) -> None:
    """Lists of plain values on one line each, so that a new seed is a small difference."""
    text = json.dumps(figures, indent=1, ensure_ascii=False)
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda found: "[" + re.sub(r"\s*\n\s*", " ", found[1]) + "]", text)
    temporary = RESULTS.with_suffix(".tmp")
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(RESULTS)


# ---------------------------------------------------------------------------------------------------------------------
# Texts. One function for each kind of figure.


def percent(value: float) -> str:
    return f"{value:.0%}"


def tenth_of_a_percent(value: float) -> str:
    return f"{value:.1%}"


def nats(value: float) -> str:
    return f"{value:.2f}"


def whole(value: float) -> str:
    return f"{value:,.0f}"


def short(value: float) -> str:
    """Two digits that mean something: 55, 1.1, 0.088."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def one_decimal(value: float) -> str:
    return f"{value:.1f}"


FORMS: dict[str, Form] = {
    "train_acc": percent,
    "val_acc": percent,
    "lowest_val_loss": nats,
    "last_val_loss": nats,
    "highest_loss": whole,
    "guessing_loss": nats,
    "epoch": whole,
    "parameters_per_label": short,
    "ringed_right_train": whole,
    "ringed_right_held_out": whole,
    "others_right_train": percent,
    "others_right_held_out": percent,
    "cpu_seconds": one_decimal,
    "first_val_acc": percent,
    "last_val_acc": percent,
    "success": percent,
    "quarter_turn": percent,
    "half_turn_or_mirror": percent,
    "random_symmetry": percent,
    "cap": percent,
}


def spread(values: Iterable[float | None], form: Form) -> str:
    """The range: `49 to 56%`, or one figure where all are equal as printed; a dash where there are none."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    low, high = form(min(known)), form(max(known))
    return high if low == high else f"{low.removesuffix('%')} to {high}"


def running(seconds: float) -> str:
    """A running time that errs on the long side: up to the next 5 seconds, from 90 on up to the next half minute."""
    if seconds <= 90:
        return f"{5 * -(-seconds // 5):.0f} s"
    return f"{-(-seconds // 30) / 2:g} min"


def minutes(count: float) -> str:
    return f"{count:.0f} min"


class Promises:
    """The texts for all keys, from the figures of all machines."""

    def __init__(self, figures: Figures):
        self.machines: dict[str, Figures] = figures["machines"]

    def text(self, key: str) -> str:
        """What stands between the markers of a key. Raises KeyError for a key that nothing was measured for."""
        kind, *rest = key.split(".")
        method = getattr(self, f"_{kind}", None)
        if method is None:
            raise KeyError(key)
        try:
            return method(*rest)
        except (KeyError, TypeError, IndexError) as error:
            raise KeyError(key) from error

    def values(self, *keys: str) -> list[Any]:
        """What all machines have measured at this place, one after the other."""
        values: list[Any] = []
        for machine in self.machines.values():
            place: Any = machine
            for key in keys:
                place = place.get(key) if isinstance(place, dict) else None
            values += place if isinstance(place, list) else [] if place is None else [place]
        if not values:
            raise KeyError(".".join(keys))
        return values

    def latest(self, *keys: str) -> Any:
        """The one value of a figure that does not depend on the machine."""
        return self.values(*keys)[-1]

    def _presets(self, label: str, name: str) -> str:
        if name == "finding":
            counts = self.findings(label)
            return next(iter(counts)) if len(counts) == 1 else in_words(counts)
        if name == "verdict":
            counts = self.findings(label)
            runs = sum(counts.values())
            return f"{next(iter(counts))} in all {runs} runs" if len(counts) == 1 else in_words(counts)
        return spread(self.values("presets", label, name), FORMS[name])

    def findings(self, label: str) -> dict[str, int]:
        """How many of the runs had which first finding, the most frequent first."""
        names = [name.split(" and ")[0] for name in self.values("presets", label, "finding")]
        return dict(Counter(names).most_common())

    def _training(self, name: str) -> str:
        return spread(self.values("training", name), FORMS[name])

    def _labels(self, name: str) -> str:
        return spread(self.values("labels", name), FORMS[name])

    def _parameters(self, name: str) -> str:
        return whole(self.latest("parameters", name))

    def _recipes(self, name: str, what: str) -> str:
        return str(next(recipe[what] for recipe in self.values("recipes") if recipe["name"].startswith(f"`{name}`")))

    def _quantity(self, name: str) -> str:
        return percent(self.latest("quantity", name))

    def _lessons(self, name: str, what: str) -> str:
        if what == "running":
            return running(max(self.values("lessons", name, "cpu_seconds")))
        return minutes(
            self.latest("lessons", name, {"reading": "reading_minutes", "exercises": "exercise_minutes"}[what])
        )

    def _students(self, *names: str) -> str:
        what = names[-1]
        if what == "class_memory":
            return f"{CLASS * self.each() / 1000:.0f} GB"
        if what == "two_kernels":
            return f"{(self.each() + max(self.values('students', '04_train', 'resident_mb'))) / 1000:.1f} GB"
        if what == "server_mb":
            return f"{max(self.values('students', 'server_mb')):.0f} MB"
        if what == "kernel_mb":
            return f"{max(self.values('students', '05_diagnostics', 'resident_mb')):.0f} MB"
        if what == "run_all":
            return (
                f"{CLASS * max(self.values('students', '05_diagnostics', 'cpu_seconds')) / CORES[0] / 60:.0f} minutes"
            )
        return spread(self.values("students", *names), whole)

    def each(self) -> float:
        """MB of one student with one kernel, nothing shared."""
        return max(self.values("students", "server_mb")) + max(self.values("students", "05_diagnostics", "resident_mb"))

    def _machines(self, section: str) -> str:
        """Where a section was measured: processor, versions, month and, of what was trained, the number of seeds."""
        parts = []
        for name, machine in self.machines.items():
            if section in machine:
                about = [machine["versions"].replace("+cpu", ""), month(machine["dates"][section])]
                if section == "presets":
                    seeds = min(len(columns["finding"]) for columns in machine[section].values())
                    about.insert(0, f"{seeds} seed{'' if seeds == 1 else 's'}")
                parts.append(f"{name} ({', '.join(about)})")
        return " and ".join(parts)

    def _table(self, name: str) -> str:
        lines = getattr(self, f"table_{name}")()
        return "\n\n" + "\n".join(lines) + "\n\n"

    def table_presets(self) -> Iterator[str]:
        labels = list(dict.fromkeys(label for m in self.machines.values() for label in m.get("presets", ())))
        yield from heading(
            "press",
            "training acc.",
            "held-out acc.",
            "lowest val. loss",
            "last val. loss",
            "first finding",
            "from epoch",
        )
        for label in labels:
            base, _, remedy = label.partition(" + ")
            name = "+ " + remedy.replace("mixing by 3 x 3 neighbourhoods", "3 x 3 mixing") if remedy else f"**{base}**"
            fields = ("train_acc", "val_acc", "lowest_val_loss", "last_val_loss", "finding", "epoch")
            yield row(name, *(self._presets(label, field) for field in fields))

    def table_recipes(self) -> Iterator[str]:
        yield from heading(
            "recipe", "parameters", "success, one pass", "8 symmetries", "path ratio", "validation accuracy", "seconds",
            "command",
        )  # fmt: skip
        for recipe in self.values("recipes"):
            yield row(
                recipe["name"],
                whole(recipe["parameters"]),
                *(recipe.get(name, "") for name in ("success", "success_8", "path_ratio", "val_acc", "seconds")),
                f"`{recipe['command']}`",
            )

    def table_diagnosis(self) -> Iterator[str]:
        groups: Figures = self.latest("diagnosis")
        sides = [
            [result for group, result in groups.items() if ("jittered" in group) == noisy] for noisy in (False, True)
        ]
        yield from heading("finding", "found, of the runs with such a fault", "right, of the runs where it came first",
                           "found, with noise", "right, with noise")  # fmt: skip
        for finding in sides[0][0]["recall"]:
            counts = [[result[name][finding] for result in side] for side in sides for name in ("recall", "precision")]
            yield row(finding, *map(in_total, counts))
        alarms = [in_total([result["false alarms"] for result in side]) for side in sides]
        yield row("any alarm on a healthy run", alarms[0], "", alarms[1], "")

    def table_students(self) -> Iterator[str]:
        yield from heading("one kernel", "most resident memory", "CPU, everything included")
        for lesson, words in (("05_diagnostics", "lesson 05, each preset pressed once"), ("04_train", "lesson 04")):
            yield row(
                words,
                spread(self.values("students", lesson, "resident_mb"), whole) + " MB",
                spread(self.values("students", lesson, "cpu_seconds"), whole) + " s",
            )
        yield row(
            "JupyterLab's own server, for each student",
            spread(self.values("students", "server_mb"), whole) + " MB",
            spread(self.values("students", "server_cpu_seconds"), one_decimal) + " s",
        )

    def table_presses(self) -> Iterator[str]:
        yield from heading(
            "calculated, not measured", "one press, CPU s", *(f"{CLASS} at once on {n} cores" for n in CORES)
        )
        for name in self.machines_first("students", "presses"):
            seconds = self.values("students", "presses", name)
            waits = (f"{CLASS * max(seconds) / cores:.0f} s" for cores in CORES)
            yield row(f"*{name}*", spread(seconds, one_decimal), *waits)

    def machines_first(self, *keys: str) -> Iterable[str]:
        """The names at this place, in the order in which the first machine has them."""
        return dict.fromkeys(name for place in self.values(*keys) for name in place)


def month(date: str) -> str:
    """`November 2026` for `2026-11-23`."""
    return time.strftime("%B %Y", time.strptime(date, "%Y-%m-%d"))


def in_total(counts: Iterable[Iterable[int]]) -> str:
    """`16 of 30` for the sum of several such pairs; a dash where there was nothing to count."""
    part, total = map(sum, zip(*counts, strict=True))
    return f"{part} of {total}" if total else "-"


def in_words(counts: dict[str, int]) -> str:
    return f"{', '.join(f'{name} {count}' for name, count in counts.items())} of {sum(counts.values())} runs"


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def heading(*cells: str) -> Iterator[str]:
    yield row(*cells)
    yield "|" + "---|" * len(cells)


# ---------------------------------------------------------------------------------------------------------------------
# Documents.


def documents() -> list[Path]:
    return [ROOT / "README.md", ROOT / "INSTRUCTORS.md", ROOT / "notebooks" / "README.md", *lessons()]


def write() -> None:
    """Put the measured texts between all markers. Of a notebook nothing else changes, not a byte."""
    promises = Promises(load())
    for path in documents():
        old = path.read_text(encoding="utf-8")
        new = MARKER.sub(lambda found: f"<!-- m:{found['key']} -->{promises.text(found['key'])}<!-- /m -->", old)
        if new != old:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: written")


def differences() -> list[str]:
    """One line for each place that does not hold what was measured, or where a marker is not one."""
    promises, found = Promises(load()), []
    for path in documents():
        text, name = path.read_text(encoding="utf-8"), path.relative_to(ROOT)
        for marker in MARKER.finditer(text):
            try:
                expected = promises.text(marker["key"])
            except KeyError:
                found.append(f"{name}: nothing was measured for {marker['key']}")
                continue
            if marker["text"] != expected:
                says = "differs" if "\n" in expected else f"says {marker['text']!r}, measured is {expected!r}"
                found.append(f"{name}: {marker['key']} {says}")
        if text.count("<!-- m:") != text.count("<!-- /m -->") or text.count("<!-- m:") != len(MARKER.findall(text)):
            found.append(f"{name}: a marker is not closed, or is closed twice")
        if path.suffix == ".md":
            found += [
                f"{name}: a line must not begin with a marker, or the rest of it is not Markdown: {line[0]}"
                for line in AT_THE_START_OF_A_LINE.finditer(text)
            ]
    return found


def main() -> None:
    sys.path.insert(0, str(ROOT))  # so that the file can be run by its path, too
    parser = argparse.ArgumentParser(description=(inspect.getdoc(sys.modules[__name__]) or "").split("\n")[0])
    parser.add_argument("what", choices=("measure", "write", "check"), nargs="?", help="by default measure, then write")
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"to measure; by default all: {', '.join(SECTIONS)}"
    )
    parser.add_argument("--again", action="store_true", help="measure every seed again, after a change of the code")
    given = parser.parse_args()
    for section in given.sections:
        if section not in SECTIONS:
            parser.error(f"there is no section '{section}'; there are {', '.join(SECTIONS)}")
    if given.what in (None, "measure"):
        measure(given.sections or SECTIONS, given.again)
    if given.what in (None, "write"):
        write()
    if given.what == "check":
        found = differences()
        print("\n".join(found) or "Every figure in the documents is the measured one.")
        sys.exit(bool(found))


if __name__ == "__main__":
    main()
