"""The training step's section as Markdown: ratios first, then what was aimed at, the whole command, absolute rates."""

import math
from typing import Any

from timing import headline, load_text, ratio_text, significant, table

OURS, PRODUCT = "ours", "matrix product"
ALONE = "products alone"
PER_SAMPLE, BATCHED, PACKAGE = "ordinary", "ordinary, turned in batches", "tiny-recursive-model"


def report(result: dict[str, Any]) -> str:
    """The section as Markdown, of what `training_step.measure` returns."""
    given = result["given"]
    rounds = result["threads"][0]["repeats"]
    points = [(part["threads"], point) for part in result["threads"] for point in part["points"]]
    installed = PACKAGE in points[0][1]["systems"]
    rivals = [PER_SAMPLE, BATCHED, *([PACKAGE] if installed else [])]
    names = ["threads", "dim", "recursions"]
    ratio_rows, rate_rows = [], []
    for threads, point in points:
        shape, systems = [str(threads), str(point["dim"]), str(point["recursions"])], point["systems"]
        ratio_rows.append(
            [
                *shape,
                *(ratio_text(systems[rival]["ours_faster_by"]) for rival in rivals),
                ratio_text(point["limit"]),
                *(percent(systems[name]["share"]) for name in (OURS, *rivals[1:])),
            ]
        )
        rate_rows.append(
            [
                *shape,
                str(point["steps"]),
                ratio_text(scaled(point["product_flops_per_second"], 1e-9)),
                *(
                    text
                    for name in (OURS, *rivals)
                    for text in (
                        ratio_text(systems[name]["samples_per_second"]),
                        significant(systems[name]["step_flops"] / 1e9),
                        f"{systems[name]['parameters']:,}",
                    )
                ),
            ]
        )
    return "\n".join(
        [
            "## Training step",
            "",
            f"{result['machine']}. {given['size']} x {given['size']} mazes, batches of {given['batch']}, depth "
            f"{given['depth']}, float32, no dropout; a process for each number of threads; all systems take turns, in "
            f"{rounds} rounds; medians, and in brackets the lowest and the highest. Ours is the step of a run: mazes "
            "turned, forward, loss, backward, gradient shortened, AdamW, schedule, accuracy. The ordinary Mixer computes "
            "the same function (its logits with our weights were found within "
            f"{max(point['logits_error'] for _, point in points):.0e} of ours) with the same loss, from a DataLoader whose "
            "mazes are turned one by one, or, kinder, in batches by our own code; it reads loss and accuracy out in every "
            "step. The package's Mixer has its own defaults: hidden layers of 4 dim for tokens and dim / 2 for channels, "
            "GELU, biases; it gets one batch that lies ready, our loss, forward, backward and step alone, and a gradient "
            "through all applications, where the package's own loop takes it through the last seven. Operations counted "
            "are those of the matrix products, three times the forward ones; the rate they are compared with is that of "
            f"{given['side']} x {given['side']} matrices, on the same threads and in the same rounds. "
            f"{load_text(result['load'])}",
            "",
            "How many times faster our step is than each (below 1: slower), and the share of the matrix product's rate:",
            "",
            *table(
                [*names, *rivals, f"limit beside {PER_SAMPLE}", *(f"{name}: share" for name in (OURS, *rivals[1:]))],
                ratio_rows,
            ),
            "",
            "The limit is what the ordinary step takes as a multiple of its matrix products alone, made one after the "
            "other on buffers that lie ready: no float32 Mixer of this shape can be further ahead with these products. "
            "What our step has beside them is mostly layer norm, the gradient of the ReLU and sums of whole states.",
            "",
            aims(points, result["command"]),
            "",
            *([] if installed else [f"{PACKAGE} is not installed: no lines for it.\n"]),
            compiled_text(next(part["compiled"] for part in result["threads"] if "compiled" in part)),
            "",
            mixed_text(next(part["mixed"] for part in result["threads"] if "mixed" in part)),
            "",
            *command_lines(result),
            "",
            "Absolute rates: samples per second, 10^9 operations a step, parameters; the matrix product in GFLOP/s:",
            "",
            *table(
                [
                    *names,
                    "steps a round",
                    PRODUCT,
                    *(text for name in (OURS, *rivals) for text in (f"{name}: samples/s", "GFLOP", "parameters")),
                ],
                rate_rows,
            ),
        ]
    )


def scaled(values: dict[str, float], factor: float) -> dict[str, float]:
    return {name: value * factor for name, value in values.items()}


def percent(share: dict[str, float]) -> str:
    return f"{share['median']:.0%} ({share['lowest']:.0%} to {share['highest']:.0%})"


def aims(points: list[tuple[int, dict[str, Any]]], command: dict[str, Any]) -> str:
    """What was aimed at beside what was reached, at the worst shape of each kind."""
    small = [point["systems"] for _, point in points if point["dim"] <= 64]
    large = [point["systems"][OURS]["share"]["median"] for _, point in points if point["dim"] >= 128]
    verdicts = []
    for name in (PER_SAMPLE, BATCHED):
        slowest = min(systems[name]["ours_faster_by"]["median"] for systems in small)
        verdicts.append(
            f"twice as fast as {name} at dim 32 and 64: {'' if slowest >= 2 else 'not '}reached, "
            f"at least {significant(slowest)}"
        )
    verdicts.append(
        f"60% of the matrix product's rate from dim 128 on: {'' if min(large) >= 0.6 else 'not '}reached, "
        f"at least {min(large):.0%}"
    )
    for what, field in (("the command's epochs", "epochs_ratio"), ("the whole command", "whole_ratio")):
        ratio = command[field]["median"]
        verdicts.append(
            f"{what} within 10% of the bare loop: {'' if ratio <= 1.1 else 'not '}reached, {significant(ratio)}"
        )
    return f"Aims, over all shapes measured. {'; '.join(verdicts)}."


def headlines(result: dict[str, Any]) -> list[list[str]]:
    """Each shape on one thread, and the whole command."""
    rows = []
    for point in next(part["points"] for part in result["threads"] if part["threads"] == 1):
        small, ours = point["dim"] <= 64, point["systems"][OURS]
        shape = f"dim {point['dim']}, {point['recursions']} recursions"
        rows.append(
            headline(
                f"training step, {shape}: samples/s, ours / {PER_SAMPLE}",
                point["systems"][PER_SAMPLE]["ours_faster_by"],
                2 if small else None,
            )
        )
        if not small:
            rows.append(headline(f"training step, {shape}: ours / the matrix product's rate", ours["share"], 0.6))
    for what, field in (
        ("epochs of the command / bare loop", "epochs_ratio"),
        ("whole command / process with the bare loop", "processes_ratio"),
        ("whole command of six epochs, its start included / bare loop alone", "whole_ratio"),
    ):
        rows.append(headline(f"training, seconds: {what}", result["command"][field], 1.1, at_most=True))
    return rows


def compiled_text(compiled: dict[str, Any]) -> str:
    if "missing" in compiled:
        return f"torch.compile was not measured: {compiled['missing']}."
    dim, recursions = compiled["shape"]
    return (
        f"torch.compile at dim {dim}, {recursions} recursions, one thread: our step is "
        f"{ratio_text(compiled['gain'])} times as fast with it, once "
        f"{significant(compiled['first_seconds'])} s have gone into compiling."
    )


def mixed_text(points: list[dict[str, Any]]) -> str:
    gains = " and ".join(f"{ratio_text(point['gain'])} times as fast at dim {point['dim']}" for point in points)
    return (
        f"Mixed precision (bfloat16 by torch.autocast around the loop), 4 recursions, one thread: {gains}. It "
        "needs a processor with instructions for it, and laptops have none; the library computes in float32."
    )


def command_lines(result: dict[str, Any]) -> list[str]:
    """The whole command beside its bare loop, and where the difference goes."""
    command, settings = result["command"], result["command"]["settings"]
    parts = next(part["parts"] for part in result["threads"] if "parts" in part)
    train, val = command["mazes"]
    start = command["command_whole"]["median"] - command["command_epochs"]["median"]
    spare = (1.1 - command["epochs_ratio"]["median"]) * command["bare_epochs"]["median"] / command["epochs"]
    enough = (
        ""
        if spare <= 0
        else f"With {math.ceil(start / spare)} epochs or more like these, the whole process is "
        "within 10% of the bare loop alone."
    )
    return [
        f"The whole command, dim {settings['dim']}, {settings['recursions']} recursions, {settings['threads']} thread, "
        f"{train:,} mazes, {val} for validation, {command['epochs']} epochs, beside forward, backward and step alone "
        "over as many batches:",
        "",
        *table(
            ["", "ratio", "seconds", "seconds, bare"],
            [
                [
                    "epochs / bare loop",
                    *(ratio_text(command[name]) for name in ("epochs_ratio", "command_epochs", "bare_epochs")),
                ],
                [
                    "whole process / bare loop",
                    *(ratio_text(command[name]) for name in ("whole_ratio", "command_whole", "bare_epochs")),
                ],
                [
                    "whole process / process with the bare loop",
                    *(ratio_text(command[name]) for name in ("processes_ratio", "command_whole", "bare_whole")),
                ],
            ],
        ),
        "",
        "What the epochs have that the bare loop has not, in milliseconds a step: "
        + "; ".join(f"{name} {ratio_text(part)}" for name, part in parts.items())
        + f" ({val} mazes for every {train:,}). What the whole process has beyond its epochs, "
        f"{significant(start)} s whatever their number: starting Python, importing PyTorch, reading and checking the "
        f"data sets, writing checkpoints. {enough}",
    ]
