"""The section on a GPU as Markdown."""

from typing import Any

from benchmarks.machine import load_text
from benchmarks.markdown import MEDIANS, headline, ratio_text, significant, table

CPU = "CPU, one thread"
GUIDE = {"production": "30 to 60 minutes", "maximum": "2 to 4 hours"}  # on an RTX 3080


def report(result: dict[str, Any]) -> str:
    """The section as Markdown, from the result of `measure.measure`."""
    if "missing" in result:
        return f"## A GPU\n\nSkipped: {result['missing']}."
    points = result["points"]
    names = list(points[0]["systems"])
    lines = [
        "## A GPU",
        "",
        f"{result['device']} in {result['machine']}. Depth 2, batches of {points[0]['batch']}; the ways to compute a "
        f"step take turns over {points[0]['systems'][CPU]['faster_by']['repeats']} rounds. {MEDIANS} "
        f"{load_text(result['load'])}",
        "",
        "Samples per second:",
        "",
        *table(
            ["dim", "recursions", *names],
            [
                [
                    str(point["dim"]),
                    str(point["recursions"]),
                    *(ratio_text(point["systems"][name]["samples_per_second"]) for name in names),
                ]
                for point in points
            ],
        ),
    ]
    if result["recipes"]:
        lines += [
            "",
            "Whole recipes, seed 42, evaluated in one pass on 4,000 held-out mazes:",
            "",
            *table(
                ["recipe", "minutes", "the guide's, on an RTX 3080", "success", "validation accuracy"],
                [
                    [
                        f"`{name}`",
                        significant(run["seconds"] / 60),
                        GUIDE.get(name, ""),
                        f"{run['success']:.2%}",
                        f"{run['val_acc']:.2%}",
                    ]
                    for name, run in result["recipes"].items()
                ],
            ),
        ]
    return "\n".join(lines)


def headlines(result: dict[str, Any]) -> list[list[str]]:
    return [
        headline(
            f"training step, dim {point['dim']}, {point['recursions']} recursions: {name} on the GPU / {CPU}",
            numbers["faster_by"],
        )
        for point in result.get("points", [])
        for name, numbers in point["systems"].items()
        if name != CPU
    ]
