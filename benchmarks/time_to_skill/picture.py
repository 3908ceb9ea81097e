"""Draws held-out mazes solved against seconds."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.time_to_skill.report import AFTER, OURS
from benchmarks.time_to_skill.runs import success_at
from benchmarks.time_to_skill.systems import SYSTEMS
from trm_nav.course.plots.style import use_style

LOOKS: dict[str, tuple[str, Any]] = {  # colours that colour-blind readers can distinguish; dashes for grey prints
    "local": ("#0072b2", "-"),
    "tiny": ("#d55e00", "-"),
    "tiny-once": ("#d55e00", (0, (1, 1.2))),
    "recurrent": ("#009e73", (0, (6, 1.5))),
    "vin": ("#cc79a7", (0, (4, 1.2, 1, 1.2))),
    "cnn": ("#56b4e9", (0, (3, 1.5))),
    "published": ("#26262b", (0, (6, 1.2, 1, 1.2, 1, 1.2))),
}


def draw(result: dict[str, Any], path: Path) -> None:
    """A line for the median of each system's seeds and a shaded range; the success axis is a log scale of failures."""
    use_style()
    figure, axes = plt.subplots(figsize=(10, 5.2))
    lowest = 1 / 4000  # stands for no failure: half a failure in 2,000 mazes
    for name, some in ((name, some) for name, some in result["runs"].items() if name in LOOKS):
        shared = set.intersection(*(set(run["mark"]) for run in some))
        marks = np.array(sorted({*shared, max(run["mark"][-1] for run in some)}))  # and where the schedules end
        failures = 1 - np.array([[success_at(run, mark) for mark in marks] for run in some])  # (seeds, marks)
        known = ~np.isnan(failures).any(axis=0)
        marks, failures = marks[known], failures[:, known].clip(lowest)
        color, dashes = LOOKS[name]
        axes.fill_between(marks, failures.min(axis=0), failures.max(axis=0), color=color, alpha=0.15, linewidth=0)
        axes.plot(
            marks,
            np.median(failures, axis=0),
            color=color,
            linestyle=dashes,
            linewidth=3 if name in OURS else 2,
            label=f"{SYSTEMS[name].title.replace('`', '')}, {some[0]['parameters']:,} parameters",
        )
        axes.plot(marks[-1], np.median(failures[:, -1]), "o", color=color, markersize=6)  # the end of the schedule
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(5, max(AFTER)),
        ylim=(1, lowest * 0.85),
        xlabel="seconds since the process began",
        ylabel="held-out mazes solved (log scale of the failures)",
        title="Time to skill: median and range over the seeds, one thread",
    )
    axes.set_xticks([5, 10, 20, 30, 60, 120, 300], ["5", "10", "20", "30", "60", "120", "300"])
    axes.set_yticks([1, 0.5, 0.1, 0.05, 0.01, 0.001, lowest], ["0%", "50%", "90%", "95%", "99%", "99.9%", "100%"])
    axes.minorticks_off()
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=150)
    plt.close(figure)
