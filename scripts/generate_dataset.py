"""Generate a training and a test set that share no maze, with all optimal actions of every cell as labels.

`--num-final` adds a third set, for one look at the end, after the test set has chosen settings and epochs.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from trm_nav import cli
from trm_nav.errors import UserError
from trm_nav.files import require_writable
from trm_nav.mazes.astar import astar
from trm_nav.mazes.dataset import Dataset, build, build_final, save_together
from trm_nav.mazes.encoding import MOVES, contains
from trm_nav.mazes.expert import distances
from trm_nav.mazes.symmetry import count_distinct
from trm_nav.memory import to_spare
from trm_nav.settings import DataSettings

PROG = "generate_dataset.py"
SAMPLE = 200  # mazes of each set that --verify checks


def main() -> None:
    began = time.perf_counter()
    parser = cli.Parser((__doc__ or "").split("\n")[0], PROG, DataSettings)
    parser.add_argument("--verify", action="store_true", help=f"check the labels of {SAMPLE} mazes of each set with A*")
    arguments = parser.parse_args()
    settings = DataSettings(**parser.given(arguments))
    require_writable(settings.output_dir)

    remedy = "lower `num_train` or `grid_size`"
    with to_spare(remedy):
        sets = sampled(settings)
    if arguments.verify:
        checked = sum(verify(mazes) for mazes in sets.values())
        print(
            f"A* agrees with the expert on all {checked} mazes: equal path lengths, and every step is an optimal action"
        )
    with to_spare(remedy):
        print(*saved({settings.output_dir / name: mazes for name, mazes in sets.items()}), sep="\n")
    older = settings.output_dir / "final.pt"
    if older.exists() and older.name not in sets:
        print(f"{older} was left as it is: it belongs to older sets, and may share mazes with these")
    shared = "both sets" if len(sets) == 2 else "two of the sets"
    print(f"No maze is in {shared}, not even rotated or reflected. {time.perf_counter() - began:.1f} s")


def sampled(settings: DataSettings) -> dict[str, Dataset]:
    """The sets, by the names of their files."""
    with bar("sampling", settings.num_train + settings.num_test + settings.num_final, " mazes") as done:
        train, test = build(settings, progress=done.update)
        sets = {"train.pt": train, "test.pt": test}
        if settings.num_final:
            sets["final.pt"] = build_final(settings, train, test, progress=done.update)
    return sets


def bar(work: str, total: int, unit: str) -> "tqdm[Any]":
    """A progress bar, which appears on a terminal after two seconds."""
    return tqdm(total=total, desc=work, unit=unit, delay=2, disable=None, leave=False)


def saved(sets: dict[str | Path, Dataset]) -> list[str]:
    """Write the sets. Returns a line about each file."""
    lines = []
    with bar("saving and counting", 1 + len(sets), " steps") as done:
        done.refresh()
        save_together(sets)
        done.update()
        for path, mazes in sets.items():
            lines.append(f"{path}: {described(mazes)}, {Path(path).stat().st_size / 1e6:.1f} MB")
            done.update()
    return lines


def described(mazes: Dataset) -> str:
    """The number of mazes and their kinds, in words."""
    text = f"{len(mazes):,} mazes of {mazes.grid_size} x {mazes.grid_size}, {mazes.sampling.described()}"
    if (distinct := count_distinct(mazes.mazes)) < len(mazes):
        text += f" ({distinct:,} different ones, counted up to symmetry)"
    return text + (f", {8 * len(mazes):,} with the 8 symmetries" if mazes.augment else "")


def verify(mazes: Dataset) -> int:
    """Let A* solve the first SAMPLE mazes. Returns how many there are.

    Raises UserError if the length of a path differs from the expert's, or if a step is not optimal.
    """
    sample = mazes.mazes[:SAMPLE]
    steps = distances(sample.walls, sample.goals)
    searched = bar("verifying", len(sample), " mazes")
    for maze, (walls, start, goal) in enumerate(zip(sample.walls, sample.starts, sample.goals, strict=True)):
        path = np.array(astar(walls, start, goal).path)
        actions = (path[1:] - path[:-1] == MOVES[:, None]).all(axis=2).argmax(axis=0)
        optimal = contains(mazes.optimal[maze][*path[:-1].T], actions).all()
        if len(path) - 1 != steps[maze, *start] or not optimal:
            raise UserError(
                f"A* and the expert disagree about maze {maze} of seed {mazes.seed}, which is a bug; please "
                "report it. Nothing was written"
            )
        searched.update()
    searched.close()
    return len(sample)


if __name__ == "__main__":
    cli.run(main, PROG)
