"""What a document says for a key: one function for each kind of key, in KINDS. The tables are in tables.py.

The key `labels.cap` calls `labels(measured, "cap")`. A function raises KeyError where nothing was measured.
"""

from collections.abc import Callable

from benchmarks.studies.classroom import hub_report
from benchmarks.studies.promises.formats import FORMS, in_words, minutes, month, percent, running, spread, whole
from benchmarks.studies.promises.results import Measured


def presets(measured: Measured, label: str, name: str) -> str:
    """A figure of a preset or of a preset with a remedy; `finding` and `verdict` say what the diagnosis found."""
    if name == "finding":
        counts = measured.findings(label)
        return next(iter(counts)) if len(counts) == 1 else in_words(counts)
    if name == "verdict":
        counts = measured.findings(label)
        runs = sum(counts.values())
        return f"{next(iter(counts))} in all {runs} runs" if len(counts) == 1 else in_words(counts)
    return spread(measured.values("presets", label, name), FORMS[name])


def training(measured: Measured, name: str) -> str:
    return spread(measured.values("training", name), FORMS[name])


def labels(measured: Measured, name: str) -> str:
    return spread(measured.values("labels", name), FORMS[name])


def parameters(measured: Measured, name: str) -> str:
    return whole(measured.latest("parameters", name))


def recipes(measured: Measured, name: str, what: str) -> str:
    return str(next(recipe[what] for recipe in measured.values("recipes") if recipe["name"].startswith(f"`{name}`")))


def quantity(measured: Measured, name: str) -> str:
    return percent(measured.latest("quantity", name))


def lessons(measured: Measured, name: str, what: str) -> str:
    if what == "running":
        return running(max(measured.values("lessons", name, "cpu_seconds")))
    return minutes(
        measured.latest("lessons", name, {"reading": "reading_minutes", "exercises": "exercise_minutes"}[what])
    )


def students(measured: Measured, *names: str) -> str:
    what = names[-1]
    if what == "two_kernels":
        return f"{(student_mb(measured) + max(measured.values('students', '04_train', 'resident_mb'))) / 1000:.1f} GB"
    if what == "server_mb":
        return f"{max(measured.values('students', 'server_mb')):.0f} MB"
    if what == "kernel_mb":
        return f"{max(measured.values('students', '05_diagnostics', 'resident_mb')):.0f} MB"
    return spread(measured.values("students", *names), whole)


def student_mb(measured: Measured) -> float:
    """MB of one student with one kernel, nothing shared."""
    server, kernel = (measured.values("students", *keys) for keys in (["server_mb"], ["05_diagnostics", "resident_mb"]))
    return max(server) + max(kernel)


def hub(measured: Measured, count: str, what: str) -> str:
    """A figure of a class of so many students; see hub_report.FIGURES."""
    return hub_report.FIGURES[what](hub_report.classes()[count])


def machines(measured: Measured, section: str) -> str:
    """Where a section was measured: processor, versions, month and, of what was trained, the number of seeds."""
    parts = []
    for name, machine in measured.machines.items():
        if section in machine:
            about = [machine["versions"].replace("+cpu", ""), month(machine["dates"][section])]
            if section == "presets":
                seeds = min(len(columns["finding"]) for columns in machine[section].values())
                about.insert(0, f"{seeds} seed{'' if seeds == 1 else 's'}")
            parts.append(f"{name} ({', '.join(about)})")
    return " and ".join(parts)


KINDS: dict[str, Callable[..., str]] = {
    "presets": presets,
    "training": training,
    "labels": labels,
    "parameters": parameters,
    "recipes": recipes,
    "quantity": quantity,
    "lessons": lessons,
    "students": students,
    "hub": hub,
    "machines": machines,
}
