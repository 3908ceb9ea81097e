"""The tables that are made of the measured figures."""

from collections.abc import Callable, Iterator

from benchmarks.studies.classroom import hub_report
from benchmarks.studies.promises import texts
from benchmarks.studies.promises.formats import in_total, one_decimal, spread, whole
from benchmarks.studies.promises.results import Figures, Measured


def table(measured: Measured, name: str) -> str:
    """The table of this name in Markdown, with an empty line before and after it."""
    return "\n\n" + "\n".join(TABLES[name](measured)) + "\n\n"


def presets(measured: Measured) -> Iterator[str]:
    labels = list(dict.fromkeys(label for m in measured.machines.values() for label in m.get("presets", ())))
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
        yield row(name, *(texts.presets(measured, label, field) for field in fields))


def recipes(measured: Measured) -> Iterator[str]:
    yield from heading(
        "recipe", "parameters", "success, one pass", "8 symmetries", "path ratio", "validation accuracy", "seconds",
        "command",
    )  # fmt: skip
    for recipe in measured.values("recipes"):
        yield row(
            recipe["name"],
            whole(recipe["parameters"]),
            *(recipe.get(name, "") for name in ("success", "success_8", "path_ratio", "val_acc", "seconds")),
            f"`{recipe['command']}`",
        )


def diagnosis(measured: Measured) -> Iterator[str]:
    groups: Figures = measured.latest("diagnosis")
    sides = [[result for group, result in groups.items() if ("jittered" in group) == noisy] for noisy in (False, True)]
    yield from heading("finding", "found, of the runs with such a fault", "right, of the runs where it came first",
                       "found, with noise", "right, with noise")  # fmt: skip
    for finding in sides[0][0]["recall"]:
        counts = [[result[name][finding] for result in side] for side in sides for name in ("recall", "precision")]
        yield row(finding, *map(in_total, counts))
    alarms = [in_total([result["false alarms"] for result in side]) for side in sides]
    yield row("any alarm on a healthy run", alarms[0], "", alarms[1], "")


def students(measured: Measured) -> Iterator[str]:
    yield from heading("one kernel", "most resident memory", "CPU, everything included")
    for lesson, words in (("05_diagnostics", "lesson 05, each preset pressed once"), ("04_train", "lesson 04")):
        yield row(
            words,
            spread(measured.values("students", lesson, "resident_mb"), whole) + " MB",
            spread(measured.values("students", lesson, "cpu_seconds"), whole) + " s",
        )
    yield row(
        "JupyterLab's own server, for each student",
        spread(measured.values("students", "server_mb"), whole) + " MB",
        spread(measured.values("students", "server_cpu_seconds"), one_decimal) + " s",
    )


def hub(measured: Measured) -> Iterator[str]:
    """One column for each number of students. It has a file of its own: a class is measured whole or not at all."""
    yield from hub_report.table(hub_report.classes())


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def heading(*cells: str) -> Iterator[str]:
    yield row(*cells)
    yield "|" + "---|" * len(cells)


TABLES: dict[str, Callable[[Measured], Iterator[str]]] = {
    "presets": presets,
    "recipes": recipes,
    "diagnosis": diagnosis,
    "students": students,
    "hub": hub,
}
