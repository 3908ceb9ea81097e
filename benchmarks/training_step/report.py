"""The training step's section as Markdown: ratios first, then aims, the whole command and absolute rates."""

import math
from typing import Any

from benchmarks.machine import load_text
from benchmarks.markdown import MEDIANS, headline, ratio_text, significant, table, verdict
from benchmarks.timing import Summary, scaled

OURS = "ours"
PER_SAMPLE, BATCHED, PACKAGE = "ordinary", "ordinary, batched symmetries", "tiny-recursive-model"
SMALL_DIM, SMALL_AIM = 64, 2  # up to this dim, so many times as fast as the ordinary Mixer
LARGE_DIM, LARGE_AIM = 128, 0.6  # from this dim on, this share of the matrix product's rate
COMMAND_AIM = 1.1  # of the bare loop's seconds

Point = tuple[int, dict[str, Any]]  # threads, and what was measured with them at one shape


def report(result: dict[str, Any]) -> str:
    """The section as Markdown, from the result of `measure.measure`."""
    given = result["given"]
    points: list[Point] = [(part["threads"], point) for part in result["threads"] for point in part["points"]]
    installed = PACKAGE in points[0][1]["systems"]
    rivals = [PER_SAMPLE, BATCHED, *([PACKAGE] if installed else [])]
    error = max(point["logits_error"] for _, point in points)
    shape = ["threads", "dim", "recursions"]
    shares = [f"{name}: share" for name in (OURS, *rivals[1:])]
    columns = [text for name in (OURS, *rivals) for text in (f"{name}: samples/s", "GFLOP", "parameters")]
    return "\n".join(
        [
            "## Training step",
            "",
            f"{result['machine']}. {given['size']} x {given['size']} mazes, batches of {given['batch']}, depth "
            f"{given['depth']}, float32, no dropout. Each number of threads has a process of its own, in which all "
            f"systems take turns over {result['threads'][0]['repeats']} rounds. {MEDIANS} {load_text(result['load'])}",
            "",
            "*Ours* is the step of a run: random symmetries, forward, loss, backward, gradient clipping, AdamW, "
            "learning-rate schedule, accuracy. The *ordinary* Mixer computes the same function; with our parameters "
            f"its logits are within {error:.0e} of ours. It has the same loss and a DataLoader that transforms the "
            "mazes one by one; with *batched symmetries* it uses our own code, which transforms whole batches. It "
            "reads loss and accuracy in every step. The package *tiny-recursive-model* has a Mixer with its own "
            "defaults: hidden layers of 4 dim for tokens and dim / 2 for channels, GELU, biases. It trains on one "
            "batch that is ready in memory, by our loss, forward, backward and step alone. Its gradient passes "
            "through all applications; in the package's own loop it passes through the last seven.",
            "",
            "Operations are those of the matrix products, three times the forward ones. Their rate is compared with "
            f"that of {given['side']} x {given['side']} matrices, on the same threads and in the same rounds.",
            "",
            "How many times as fast our step is as each (below 1: slower), and the share of the matrix product's rate:",
            "",
            *table(
                [*shape, *rivals, f"limit beside {PER_SAMPLE}", *shares],
                [ratio_row(point, rivals) for point in points],
            ),
            "",
            "The limit compares the ordinary step with its matrix products alone, made one after another on buffers "
            "that are ready in memory. With these products, no float32 Mixer of this shape can be further ahead. "
            "Besides them, our step consists mostly of layer norm, the gradient of the ReLU and sums of whole states.",
            "",
            aims(points, result["command"]),
            "",
            *([] if installed else [f"{PACKAGE} is not installed and was not measured.\n"]),
            compiled_text(next(part["compiled"] for part in result["threads"] if "compiled" in part)),
            "",
            mixed_text(next(part["mixed"] for part in result["threads"] if "mixed" in part)),
            "",
            *command_lines(result),
            "",
            "Absolute rates: samples per second, 10^9 operations per step, parameters; the matrix product in GFLOP/s:",
            "",
            *table(
                [*shape, "steps per round", "matrix product", *columns], [rate_row(point, rivals) for point in points]
            ),
        ]
    )


def shape_cells(threads: int, point: dict[str, Any]) -> list[str]:
    return [str(threads), str(point["dim"]), str(point["recursions"])]


def ratio_row(measured: Point, rivals: list[str]) -> list[str]:
    threads, point = measured
    systems = point["systems"]
    return [
        *shape_cells(threads, point),
        *(ratio_text(systems[rival]["ours_faster_by"]) for rival in rivals),
        ratio_text(point["limit"]),
        *(percent(systems[name]["share"]) for name in (OURS, *rivals[1:])),
    ]


def rate_row(measured: Point, rivals: list[str]) -> list[str]:
    threads, point = measured
    systems = [point["systems"][name] for name in (OURS, *rivals)]
    return [
        *shape_cells(threads, point),
        str(point["steps"]),
        ratio_text(scaled(point["product_flops_per_second"], 1e-9)),
        *(
            text
            for system in systems
            for text in (
                ratio_text(system["samples_per_second"]),
                significant(system["step_flops"] / 1e9),
                f"{system['parameters']:,}",
            )
        ),
    ]


def percent(share: Summary) -> str:
    return f"{share['median']:.0%} ({share['lowest']:.0%} to {share['highest']:.0%})"


def aims(points: list[Point], command: dict[str, Any]) -> str:
    """The aims, and whether each was reached at the worst shape of its kind."""
    small = [point["systems"] for _, point in points if point["dim"] <= SMALL_DIM]
    large = [point["systems"][OURS]["share"]["median"] for _, point in points if point["dim"] >= LARGE_DIM]
    verdicts = []
    for name in (PER_SAMPLE, BATCHED):
        slowest = min(systems[name]["ours_faster_by"]["median"] for systems in small)
        verdicts.append(
            f"{SMALL_AIM} times as fast as *{name}* up to dim {SMALL_DIM}: {verdict(slowest >= SMALL_AIM)}, at least "
            f"{significant(slowest)}."
        )
    verdicts.append(
        f"{LARGE_AIM:.0%} of the matrix product's rate from dim {LARGE_DIM} on: {verdict(min(large) >= LARGE_AIM)}, "
        f"at least {min(large):.0%}."
    )
    for what, field in (("The command's epochs", "epochs_ratio"), ("The whole command", "whole_ratio")):
        ratio = command[field]["median"]
        verdicts.append(
            f"{what} in at most {COMMAND_AIM:g} times the seconds of the bare loop: "
            f"{verdict(ratio <= COMMAND_AIM)}, {significant(ratio)}."
        )
    return f"Aims, over all shapes. {' '.join(verdicts)}"


def headlines(result: dict[str, Any]) -> list[list[str]]:
    """Each shape on one thread, and the whole command."""
    rows = []
    for point in next(part["points"] for part in result["threads"] if part["threads"] == 1):
        small, ours = point["dim"] <= SMALL_DIM, point["systems"][OURS]
        count = point["recursions"]
        shape = f"dim {point['dim']}, {count} recursion{'' if count == 1 else 's'}"
        ratio = point["systems"][PER_SAMPLE]["ours_faster_by"]
        rows.append(
            headline(f"training step, {shape}: samples/s, ours / {PER_SAMPLE}", ratio, SMALL_AIM if small else None)
        )
        if not small:
            rows.append(headline(f"training step, {shape}: ours / matrix product's rate", ours["share"], LARGE_AIM))
    command = result["command"]
    for what, field in (
        ("epochs of the command / bare loop", "epochs_ratio"),
        ("whole command / process with the bare loop", "processes_ratio"),
        (f"whole command of {command['epochs']} epochs, with its start / bare loop alone", "whole_ratio"),
    ):
        rows.append(headline(f"training, seconds: {what}", command[field], COMMAND_AIM, at_most=True))
    return rows


def compiled_text(compiled: dict[str, Any]) -> str:
    if "missing" in compiled:
        return f"torch.compile was not measured: {compiled['missing']}."
    dim, recursions = compiled["shape"]
    return (
        f"With torch.compile, at dim {dim}, {recursions} recursions and one thread, our step is "
        f"{ratio_text(compiled['gain'])} times as fast; compiling takes {significant(compiled['first_seconds'])} s."
    )


def mixed_text(points: list[dict[str, Any]]) -> str:
    gains = " and ".join(f"{ratio_text(point['gain'])} times as fast at dim {point['dim']}" for point in points)
    return (
        "With mixed precision (bfloat16, by torch.autocast around the loop), 4 recursions and one thread, our step is "
        f"{gains}. This needs a processor with instructions for bfloat16, which most laptops lack, so the library "
        "computes in float32."
    )


def command_lines(result: dict[str, Any]) -> list[str]:
    """The whole command beside its bare loop, and where the difference comes from."""
    command, settings = result["command"], result["command"]["settings"]
    parts = next(part["parts"] for part in result["threads"] if "parts" in part)
    train, val = command["mazes"]
    start = command["command_whole"]["median"] - command["command_epochs"]["median"]
    spare = (COMMAND_AIM - command["epochs_ratio"]["median"]) * command["bare_epochs"]["median"] / command["epochs"]
    enough = (
        f" From {math.ceil(start / spare)} such epochs on, the whole process takes at most {COMMAND_AIM:g} times the "
        "seconds of the bare loop alone."
        if spare > 0
        else ""
    )
    rows = {
        "epochs / bare loop": ("epochs_ratio", "command_epochs", "bare_epochs"),
        "whole process / bare loop": ("whole_ratio", "command_whole", "bare_epochs"),
        "whole process / process with the bare loop": ("processes_ratio", "command_whole", "bare_whole"),
    }
    return [
        f"The whole command, at dim {settings['dim']}, {settings['recursions']} recursions, {settings['threads']} "
        f"thread, {train:,} mazes, {val} validation mazes and {command['epochs']} epochs, beside the bare loop: "
        "forward, backward and step alone, over as many batches:",
        "",
        *table(
            ["", "ratio", "seconds", "seconds, bare loop"],
            [[what, *(ratio_text(command[field]) for field in fields)] for what, fields in rows.items()],
        ),
        "",
        "What the epochs do beyond the bare loop, in milliseconds per step: "
        + "; ".join(f"{name} {ratio_text(part)}" for name, part in parts.items())
        + f" ({val} mazes for every {train:,}). Beyond its epochs the whole process takes {significant(start)} s, "
        "however many epochs there are: to start Python, import PyTorch, read and check the data sets, and write "
        f"checkpoints.{enough}",
    ]
