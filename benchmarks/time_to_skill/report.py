"""The section on time to skill as Markdown."""

import math
import statistics
from typing import Any

from benchmarks.markdown import headline, significant, table, verdict
from benchmarks.time_to_skill.runs import Run, seconds_to, success_at
from benchmarks.time_to_skill.systems import BEFORE, SYSTEMS
from benchmarks.timing import summary

LEVELS = (0.95, 0.99, 0.999)
AFTER = (60, 120, 300)  # seconds
OURS = ("local", "tiny")
GOALS = (("tiny", 0.99, 60), ("local", 0.999, 30))

BEFORE_TEXT = (
    "*Before* marks the recipes `tiny` and `local` as they were until November 22, 2026. Since then only settings have "
    "changed: learning rates, epochs, and for `local` half the width and half the batch size."
)
TUNED = (
    "The rivals have the best settings found with `python -m benchmarks.time_to_skill.tune` on 5,000 mazes with seed "
    "0. For the recurrent convolution, 36 settings were tried (12 to 24 channels, 8 to 14 steps, learning rates 0.005 "
    "to 0.03, schedules of 12, 20 or 40 s), and then batches of 32 and 64 over three to five seeds. For the Value "
    "Iteration Network there were 22 (10 to 50 channels, 16 or 24 iterations, 0.002 to 0.02, 60 s); the best one for "
    "seed 0, with 10 channels, ended below 98% for three of five seeds, so the next best one is used. For the CNN "
    "there were 9 (two shapes, 0.002 to 0.02, 15 to 60 s), and batches of 32 for one of them. For the package, which "
    "learns far more slowly, there were three learning rates at dim 32. The settings of `local` were searched for in "
    "the same way, over three to five seeds. A step of the recurrent convolution has only two convolutions; a "
    "recursion of `local` has, twice, a convolution, two layer norms and two linear maps."
)


def text(values: list[float]) -> str:
    """Median and range. A dash means: not reached. If only some runs reached it, their number is added."""
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
    """The section as Markdown, from the result of `measure.measure`."""
    runs = result["runs"]
    levels = [percentage(level) for level in LEVELS]
    return "\n".join(
        [
            "## Time to skill",
            "",
            *conditions(runs),
            "",
            *table(
                ["system", "parameters", *(f"s to {level}" for level in levels)],
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
            "Each system's seconds divided by ours, seed by seed, over the seeds in which ours reached the level "
            "(below 1: the system is sooner; a dash: one of the two did not reach the level):",
            "",
            *table(
                ["system", *(f"{SYSTEMS[ours].title}, to {level}" for ours in OURS for level in levels)],
                [
                    [
                        SYSTEMS[name].title,
                        *(text(times_ours(some, runs.get(ours, []), level)) for ours in OURS for level in LEVELS),
                    ]
                    for name, some in runs.items()
                ],
            ),
            "",
            *([BEFORE_TEXT, ""] if BEFORE.keys() & runs.keys() else []),
            TUNED,
            "",
            f"Aims. {' '.join(aims(runs))}",
        ]
    )


def conditions(runs: dict[str, list[Run]]) -> list[str]:
    """How the runs were made, and how to read the tables."""
    everyone = [run for some in runs.values() for run in some]
    loads = [run["load"] for run in everyone if run["load"] is not None]
    busy = min(run["cpu_seconds"][-1] / run["seconds"][-1] for run in everyone)
    machines = "; ".join(sorted({run["machine"] for run in everyone}))
    counts = sorted({len(some) for some in runs.values()})
    average = f"The load average before the runs was {min(loads):.1f} to {max(loads):.1f}. " if loads else ""
    return [
        f"{machines}. {' or '.join(map(str, counts))} seeds per system; each run is a process of one thread. All "
        "systems have the same 5,000 mazes of 8 x 8, obstacle density 0.2, a random symmetry for every sample, the "
        "loss of the optimal sets at every cell, AdamW and the shape of the learning-rate schedule. The learning rate, "
        "the batch size and the number of epochs were chosen for each system.",
        "",
        "The clock starts with the process, so it counts imports and making the data; for our recipes it also counts "
        "the validation after each epoch. It stands still during the evaluations on 2,000 held-out mazes. These happen "
        "every 2.5 s up to 60 s and every 5 s after that; for tiny-recursive-model, which answers slowly, every 60 s. "
        f"{average}Each process had a core for at least {busy:.0%} of its time.",
        "",
        "The seconds to a level are those at the first evaluation with that success. Figures are medians over the "
        "seeds, with the lowest and the highest value in brackets; a dash means that the level was not reached in "
        "time. After the end of a schedule, its last success counts.",
    ]


def percentage(level: float) -> str:
    return f"{100 * level:.4g}%"


def times_ours(runs: list[Run], ours: list[Run], level: float) -> list[float]:
    """Theirs / ours, for the seeds that both have and in which ours reached the level."""
    seconds = {run["seed"]: seconds_to(run, level) for run in ours}
    reached = {seed: value for seed, value in seconds.items() if math.isfinite(value)}
    return [seconds_to(run, level) / reached[run["seed"]] for run in runs if run["seed"] in reached]


def aims(runs: dict[str, list[Run]]) -> list[str]:
    """The aims, and whether each was reached."""
    sentences = []
    for name, level, wanted in (goal for goal in GOALS if goal[0] in runs):
        seconds = [seconds_to(run, level) for run in runs[name]]
        reached = verdict(statistics.median(seconds) <= wanted)
        sentences.append(
            f"{SYSTEMS[name].title} at {percentage(level)} in at most {wanted} s: {reached}, {text(seconds)} s."
        )
    if "local" in runs:
        sentences.append(f"`local` at 99.9% sooner than every rival: {against_rivals(runs)}.")
    return sentences


def against_rivals(runs: dict[str, list[Run]]) -> str:
    def median(name: str) -> float:
        return statistics.median([seconds_to(run, 0.999) for run in runs[name]])

    if median("local") == math.inf:
        return f"{verdict(False)}, `local` did not get to 99.9%"
    rivals = (name for name in runs if name not in (*OURS, *BEFORE))
    sooner = [SYSTEMS[name].title for name in rivals if median(name) <= median("local")]
    return verdict(not sooner) + (f", as soon or sooner: {', '.join(sooner)}" if sooner else "")


def headlines(result: dict[str, Any]) -> list[list[str]]:
    """Our seconds as a share of the seconds wanted, and each rival's as a multiple of ours, seed by seed."""
    runs, rows = result["runs"], []
    for ours, level, wanted in (goal for goal in GOALS if goal[0] in runs):
        title, goal = SYSTEMS[ours].title, percentage(level)
        shares = [seconds_to(run, level) / wanted for run in runs[ours]]
        rows.append(headline(f"{title} to {goal}: seconds / {wanted}", summary(shares), 1, at_most=True))
        for name, some in runs.items():
            ratios = times_ours(some, runs[ours], level)
            if ratios and name not in OURS and BEFORE.get(name, ours) == ours:
                what = f"seconds to {goal}: {SYSTEMS[name].title} / {title}"
                aim = 1 if ours == "local" and name not in BEFORE else None
                rows.append(headline(what, summary(ratios), aim))
    return rows
