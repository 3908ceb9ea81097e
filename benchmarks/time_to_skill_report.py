"""What the runs of time_to_skill.py show: the section as Markdown, and the picture."""

import json
import math
import statistics
from pathlib import Path
from typing import Any

import numpy as np
from rival_navigators import BEFORE, SYSTEMS
from timing import headline, significant, summary, table

LEVELS = (0.95, 0.99, 0.999)
AFTER = (60, 120, 300)  # seconds
OURS = ("local", "tiny")
GOALS = (("tiny", 0.99, 60), ("local", 0.999, 30))
LOOKS = {  # colour and dashes: told apart by colour-blind readers, and in grey print by the dashes
    "local": ("#0072b2", "-"),
    "tiny": ("#d55e00", "-"),
    "tiny-once": ("#d55e00", (0, (1, 1.2))),
    "recurrent": ("#009e73", (0, (6, 1.5))),
    "vin": ("#cc79a7", (0, (4, 1.2, 1, 1.2))),
    "cnn": ("#56b4e9", (0, (3, 1.5))),
    "published": ("#26262b", (0, (6, 1.2, 1, 1.2, 1, 1.2))),
}

TUNED = (
    "The rivals have the best settings that were found with `python benchmarks/time_to_skill.py --tune` on 5,000 mazes "
    "with seed 0: the recurrent convolution of 36 (12 to 24 channels, 8 to 14 steps, learning rates 0.005 to 0.03, "
    "schedules of 12, 20 or 40 s) and then, over three to five seeds, of batches of 32 and 64; the Value Iteration "
    "Network of 22 (10 to 50 channels, 16 or 24 iterations, 0.002 to 0.02, 60 s), of which the best for seed 0, with "
    "10 channels, ended below 98% for three of five seeds and gave way to the next; the CNN of 9 (two shapes, 0.002 to "
    "0.02, 15 to 60 s), one of them with batches of 32 too; the package, which learns far more slowly, of three "
    "learning rates at dim 32. `local` was searched for in the same way, over three to five seeds. The recurrent "
    "convolution has but two convolutions in a step where a recursion of `local` has, twice, a convolution, two layer "
    "norms and two linear maps."
)

Run = dict[str, Any]  # system, seed, threads, load, machine, parameters and, a list each, the COLUMNS
COLUMNS = ("mark", "seconds", "cpu_seconds", "epochs", "success")


def read(folder: Path) -> dict[str, list[Run]]:
    """The finished runs of each system that has any, by seed."""
    runs = {name: [read_run(path) for path in sorted(folder.glob(f"{name}-[0-9]*.jsonl"))] for name in SYSTEMS}
    return {name: some for name, some in runs.items() if some}


def read_run(path: Path) -> Run:
    """A run from its file, which has a line for each evaluation."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    same = {name: lines[0][name] for name in ("system", "seed", "threads", "load", "machine", "parameters")}
    return {**same, **{name: [round(line[name], 4) for line in lines] for name in COLUMNS}}


def seconds_to(run: Run, level: float) -> float:
    """Seconds at the first evaluation with at least this success; infinity if there was none."""
    return next(
        (seconds for seconds, success in zip(run["seconds"], run["success"], strict=True) if success >= level), math.inf
    )


def success_at(run: Run, mark: float) -> float:
    """Success at the last evaluation up to a mark, also where training was over before; nan before the first."""
    reached = [success for at, success in zip(run["mark"], run["success"], strict=True) if at <= mark]
    return reached[-1] if reached else math.nan


def text(values: list[float]) -> str:
    """Median and range; a dash stands for what was not reached, and where only some reached it, how many did."""
    reached = [value for value in values if math.isfinite(value)]
    if not reached:
        return "-"
    middle, low, high = (
        significant(value) if math.isfinite(value) else "-"
        for value in (statistics.median(values), min(values), max(values))
    )
    count = f"; {len(reached)} of {len(values)}" if len(reached) < len(values) else ""
    return f"{middle} ({low} to {high}{count})"


def percent(values: list[float]) -> str:
    """Median and range of shares."""
    if any(map(math.isnan, values)):
        return "-"
    return f"{statistics.median(values):.2%} ({min(values):.2%} to {max(values):.2%})"


def report(result: dict[str, Any]) -> str:
    """The section as Markdown, of what `time_to_skill.measure` returns."""
    runs = result["runs"]
    everyone = [run for some in runs.values() for run in some]
    loads = [run["load"] for run in everyone if run["load"] is not None]
    busy = min(run["cpu_seconds"][-1] / run["seconds"][-1] for run in everyone)
    machines = "; ".join(sorted({run["machine"] for run in everyone}))
    counts = sorted({len(some) for some in runs.values()})
    level_heads = [f"{level:.4g}%" for level in (100 * level for level in LEVELS)]
    return "\n".join(
        [
            "## Time to skill",
            "",
            f"{machines}. {' or '.join(map(str, counts))} seeds a system, each run a process of one "
            "thread; 5,000 mazes of 8 x 8, obstacle density 0.2, a random turn of the 8 for every sample, the loss of the "
            "optimal sets at every cell, AdamW and the shape of the schedule are the same for all; the learning rate, the "
            "size of the batch and the epochs of the schedule were chosen for each. The clock runs from the start of the "
            "process, imports and the making of the data included, and stands still during the evaluations on 2,000 "
            "held-out mazes, every 2.5 s up to 60 s and every 5 s from there, for tiny-recursive-model every 60 s, as it "
            "is slow to answer; ours also validate after each epoch, on the clock. Seconds are those at the first "
            "evaluation that shows the success; medians, and in brackets the lowest and the highest; a dash: not reached "
            "in time. Where a schedule ends sooner, its last success counts from there. Before the runs "
            f"{min(loads, default=0):.1f} to {max(loads, default=0):.1f} processes wanted a core, and the processes had "
            f"one for at least {busy:.0%} of their time.",
            "",
            *table(
                ["system", "parameters", *(f"s to {head}" for head in level_heads)],
                [
                    [
                        SYSTEMS[name].title,
                        f"{some[0]['parameters']:,}",
                        *(text([seconds_to(run, level) for run in some]) for level in LEVELS),
                    ]
                    for name, some in runs.items()
                ],
            ),
            "",
            *table(
                ["system", *(f"success after {mark} s" for mark in AFTER), "at the end", "the end, s"],
                [
                    [
                        SYSTEMS[name].title,
                        *(percent([success_at(run, mark) for run in some]) for mark in AFTER),
                        percent([run["success"][-1] for run in some]),
                        text([run["seconds"][-1] for run in some]),
                    ]
                    for name, some in runs.items()
                ],
            ),
            "",
            "How many times as long each takes as ours, seed by seed, over the seeds in which ours got there (below 1: "
            "sooner; a dash: one of the two never did):",
            "",
            *table(
                ["system", *(f"{SYSTEMS[ours].title}, to {head}" for ours in OURS for head in level_heads)],
                [
                    [
                        SYSTEMS[name].title,
                        *(ratio(some, runs.get(ours, []), level) for ours in OURS for level in LEVELS),
                    ]
                    for name, some in runs.items()
                ],
            ),
            "",
            "*Before* are the recipes `tiny` and `local` as they were until November 22, 2026; only their settings "
            "have changed since: learning rates, epochs, and for `local` half the width and half the batch.",
            "",
            TUNED,
            "",
            f"Aims. {' '.join(aims(runs))}",
        ]
    )


def ratio(runs: list[Run], ours: list[Run], level: float) -> str:
    """Median and range of theirs / ours, over the seeds that both have and in which ours reached the level."""
    of = {run["seed"]: seconds_to(run, level) for run in ours}
    values = [seconds_to(run, level) / of[run["seed"]] for run in runs if math.isfinite(of.get(run["seed"], math.inf))]
    return text(values) if values else "-"


def aims(runs: dict[str, list[Run]]) -> list[str]:
    """What was aimed at, beside what was reached."""
    sentences = []
    for name, level, wanted in (goal for goal in GOALS if goal[0] in runs):
        seconds = [seconds_to(run, level) for run in runs[name]]
        verdict = "reached" if statistics.median(seconds) <= wanted else "not reached"
        sentences.append(
            f"{SYSTEMS[name].title} at {100 * level:.4g}% in at most {wanted} s: {verdict}, {text(seconds)} s."
        )
    if "local" in runs:

        def median(name: str) -> float:
            return statistics.median([seconds_to(run, 0.999) for run in runs[name]])

        rivals = (name for name in runs if name not in (*OURS, *BEFORE))
        before = [SYSTEMS[name].title for name in rivals if median(name) <= median("local")]
        verdict = f"not reached, as soon or sooner: {', '.join(before)}" if before else "reached"
        sentences.append(
            "`local` at 99.9% sooner than every rival: "
            + (verdict if median("local") < math.inf else "not reached, it did not get there")
            + "."
        )
    return sentences


def headlines(result: dict[str, Any]) -> list[list[str]]:
    """Seconds of each rival as a multiple of ours, seed by seed, and ours as a share of the seconds wanted."""
    runs, rows = result["runs"], []
    for ours, level, wanted in (goal for goal in GOALS if goal[0] in runs):
        title, head = SYSTEMS[ours].title, f"{100 * level:.4g}%"
        of = {run["seed"]: seconds_to(run, level) for run in runs[ours]}
        reached = {seed: seconds for seed, seconds in of.items() if seconds < math.inf}
        rows.append(
            headline(
                f"{title} to {head}: seconds / {wanted}",
                summary([seconds / wanted for seconds in of.values()]),
                1,
                at_most=True,
            )
        )
        for name, some in runs.items():
            ratios = [seconds_to(run, level) / reached[run["seed"]] for run in some if run["seed"] in reached]
            if ratios and name not in OURS and BEFORE.get(name, ours) == ours:
                rows.append(
                    headline(
                        f"seconds to {head}: {SYSTEMS[name].title} / {title}",
                        summary(ratios),
                        1 if ours == "local" and name not in BEFORE else None,
                    )
                )
    return rows


def draw(result: dict[str, Any], path: Path) -> None:
    """Success against seconds on the scale of the failures: the median a line for each system, its range shaded."""
    import matplotlib.pyplot as plt

    from trm_nav.course.plots.style import use_style

    use_style()
    figure, axes = plt.subplots(figsize=(10, 5.2))
    lowest = 1 / 4000  # half a failure in 2,000 mazes stands for none
    for name, some in ((name, some) for name, some in result["runs"].items() if name in LOOKS):
        shared = set.intersection(*(set(run["mark"]) for run in some))
        marks = np.array(sorted({*shared, max(run["mark"][-1] for run in some)}))  # schedules end at marks of their own
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
        axes.plot(marks[-1], np.median(failures[:, -1]), "o", color=color, markersize=6)  # the schedule is over
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
