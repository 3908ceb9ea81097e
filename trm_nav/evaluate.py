"""The evaluation command: the model of a checkpoint walks mazes that training has not seen, side by side with A*.

python -m trm_nav.evaluate --checkpoint checkpoints/best.pt
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from trm_nav import cli
from trm_nav.mazes.grids import generate_mazes
from trm_nav.settings import FilePath, GridSize, MazeSettings, Recursions, Seed

if TYPE_CHECKING:
    from trm_nav.learning.model import TinyRecursiveModel
    from trm_nav.navigation.evaluation import Evaluation

PROG = "python -m trm_nav.evaluate"


class EvaluateSettings(MazeSettings):
    """What `python -m trm_nav.evaluate` evaluates, and on which mazes."""

    checkpoint: FilePath = Path("checkpoints/best.pt")
    "checkpoint of the model to evaluate"
    mazes: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    "number of mazes"
    seed: Seed = 7
    "seed of the mazes; choose another than the data set's (42 and 99999 by default), so that the mazes are new"
    grid_size: GridSize | None = None  # type: ignore[assignment]  # None until the model is known
    "cells along one side of a maze; left out, the model's; only a model with mixing conv or cross accepts another"
    recursions: Recursions | None = None
    "how many times the blocks are applied; left out, as many as in training; not for a model with halting"
    average_symmetries: bool = False
    "average the policy over the 8 symmetries of each maze, with eight forward passes instead of one"


def main() -> None:
    parser = cli.Parser("Evaluate a trained model on new mazes, side by side with A*.", PROG, EvaluateSettings)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    arguments = parser.parse_args()
    settings = EvaluateSettings.of(parser.given(arguments))

    from trm_nav.learning.checkpoint import load_model  # here, so that --help and a mistyped flag answer at once
    from trm_nav.navigation.evaluation import evaluate, evaluate_astar

    model = load_model(settings.checkpoint, settings.recursions)
    grid_size = settings.grid_size or model.grid_size
    settings = settings.model_copy(update={"grid_size": grid_size})
    mazes = generate_mazes(
        settings.mazes, grid_size, settings.obstacle_density, settings.seed, settings.kind, settings.holes
    )
    result = evaluate(model, mazes, settings.average_symmetries)
    astar = evaluate_astar(mazes)
    if arguments.json:
        print(json.dumps(as_json(settings, model, result, astar), indent=1))
    else:
        print(heading(settings, model), overall(result, astar), by_length(result, astar), sep="\n\n")


def heading(settings: EvaluateSettings, model: "TinyRecursiveModel") -> str:
    """The lines that name the model and the mazes."""
    from trm_nav.learning.model import count_parameters

    n, recursions = settings.grid_size, "halting" if model.halting else f"recursions {model.recursions}"
    return (
        f"{settings.checkpoint}: dim {model.dim}, depth {model.depth}, mixing {model.mixing}, {recursions}, "
        f"{count_parameters(model):,} parameters\n"
        f"{settings.mazes:,} mazes of {n} x {n}, {settings.described()}, seed {settings.seed}"
    )


def overall(model: "Evaluation", astar: "Evaluation") -> str:
    """The table of the model and A*, side by side."""
    low, high = model.success_interval
    rows = [
        ("", "model", "A*", ""),
        ("accuracy", f"{model.accuracy:.2%}", f"{astar.accuracy:.2%}", "action at the agent's cell is optimal"),
        ("success", f"{model.success:.2%}", f"{astar.success:.2%}", f"95% interval {low:.2%} to {high:.2%}"),
        ("path ratio", _ratio(model), _ratio(astar), "walked / shortest, where the goal was reached"),
        ("optimal", f"{model.optimal:.2%}", f"{astar.optimal:.2%}", "share of mazes walked by a shortest path"),
        *_every_cell(model),
        (
            "time per maze",
            f"{1000 * model.seconds:.3f} ms",
            f"{1000 * astar.seconds:.3f} ms",
            "on this machine; the model in batches, A* one maze at a time",
        ),
        ("work per maze", f"{model.work.mean():.0f}", f"{astar.work.mean():.1f}", "forward passes; cells expanded"),
    ]
    return "\n".join(f"{name:<13}  {ours:>10}  {theirs:>10}  {note}".rstrip() for name, ours, theirs, note in rows)


def _every_cell(model: "Evaluation") -> list[tuple[str, str, str, str]]:
    """The rows about all cells of a maze; some are of a model with halting alone."""
    assert model.exact is not None  # a model's results have it
    exact = ("exact", f"{model.exact.mean():.2%}", "", "share of mazes with an optimal action in every cell")
    if model.recursions is None or model.undecided is None or model.missed is None:
        return [exact]
    return [
        exact,
        (
            "recursions",
            f"{model.recursions.mean():.1f}",
            "",
            f"until no cell decided any more; {model.recursions.max()} at most",
        ),
        (
            "undecided",
            f"{model.undecided.sum():,}",
            "",
            f"free cells; {model.missed.sum():,} of them can reach the goal",
        ),
    ]


def by_length(model: "Evaluation", astar: "Evaluation") -> str:
    """The table by length of the shortest path, in ranges that double: 1, 2, 3 to 4, 5 to 8, and so on."""
    lines = ["shortest path   mazes  accuracy   success  path ratio   optimal  A* expands"]
    for power in range(int(model.shortest.max() - 1).bit_length() + 1):
        first, last = 2**power // 2 + 1, 2**power
        chosen = (first <= model.shortest) & (model.shortest <= last)
        if chosen.any():
            part, label = model.where(chosen), str(last) if first >= last else f"{first} to {last}"
            lines.append(
                f"{label:>13}  {part.mazes:>6,}  {part.accuracy:>8.2%}  {part.success:>8.2%}  "
                f"{_ratio(part):>10}  {part.optimal:>8.2%}  {np.mean(astar.work[chosen]):>10.1f}"
            )
    return "\n".join(lines)


def _ratio(evaluation: "Evaluation") -> str:
    return f"{evaluation.path_ratio:.4f}" if evaluation.arrived.any() else "-"


def as_json(
    settings: EvaluateSettings, model: "TinyRecursiveModel", result: "Evaluation", astar: "Evaluation"
) -> dict[str, Any]:
    """The same results as plain values, with one entry for each length of the shortest path."""
    from trm_nav.learning.model import count_parameters

    shape = {name: getattr(model, name) for name in ("dim", "depth", "mixing", "halting", "binary", "recursions")}
    return {
        "settings": settings.plain(),
        "model": {**shape, "parameters": count_parameters(model)},
        **result.summary(),
        "seconds_per_maze": result.seconds,
        "astar": {**astar.summary(), "seconds_per_maze": astar.seconds},
        "by_length": [{"length": length, **part.summary()} for length, part in result.by_length.items()],
    }


if __name__ == "__main__":
    cli.run(main, PROG)
