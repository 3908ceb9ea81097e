"""Data sets: mazes with the expert's optimal sets, two or three that share no maze, and saved to files.

A file is a plain dictionary of tensors and plain values, which `torch.load(..., weights_only=True)` reads.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from trm_nav.errors import UserError, shown
from trm_nav.files import write_together
from trm_nav.settings import DataSettings, MazeSettings, Seed
from trm_nav.tensor_files import load_tensors, tensors

from .encoding import encode, stored_array
from .expert import optimal_actions
from .grids import BATCH_CELLS, Mazes, require_memory, stream_mazes
from .symmetry import count_distinct as count_distinct  # lesson 02 takes it from here
from .symmetry import maze_keys

FORMAT = "trm_nav data set"
VERSION = 2  # version 1 had no kind and no holes, and positions as uint8: its mazes are of kind "random"
REMEDY = "create one with scripts/generate_dataset.py"
ABOUT = (
    "N mazes, n x n cells. walls: bool (N, n, n). starts, goals: int16 (N, 2) as (row, col). optimal: uint8 (N, n, n), "
    "for every cell the set of actions on some shortest path to the goal, bit a standing for action a: UP 0, DOWN 1, "
    "LEFT 2, RIGHT 3, STAY 4; 0 on walls and on cells that cannot reach the goal. augment: whether training applies a "
    "random one of the 8 symmetries of the square to every sample. kind, obstacle_density, holes, seed: what the mazes "
    "were sampled with; a range, such as 0.02..0.5, is one from which each maze draws its own value."
)
# Bytes at the peak, for each cell and each maze, measured for n from 3 to 1000. It comes when a set is saved: walls and
# labels are in memory three times, and the positions as well. A file that was read leaves its positions to copy.
SAVED_BYTES = 6, 64
LOADED_BYTES = 0, 64
# Sampling ends when it finds fewer new mazes than these numbers say: the other sets hold nearly all there are.
SAMPLED_AT_LEAST = 200_000
SAMPLED_PER_MAZE = 100
# What is said then, by the number of the other sets: which they are, what needs mazes, and what to lower.
FULL = {
    1: ("the test set holds", "training", "`num_test`"),
    2: ("the training and the test set hold", "the final set", "`num_train` or `num_test`"),
}


class Origin(MazeSettings):
    """What the mazes of a file were sampled with, and what training does with them."""

    seed: Seed = 0
    "seed of the mazes"
    augment: bool = False
    "whether training applies a random one of the 8 symmetries to every sample"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Mazes, their labels, and what they were sampled with.

    walls: bool (N, n, n). starts, goals: int64 (N, 2). optimal: uint8 (N, n, n), the sets of `expert.optimal_actions`.
    augment: whether training applies a random one of the 8 symmetries to every sample. sampling, seed: what the mazes
    were sampled with.
    """

    walls: np.ndarray
    starts: np.ndarray
    goals: np.ndarray
    optimal: np.ndarray
    augment: bool
    sampling: MazeSettings
    seed: int

    def __len__(self) -> int:
        return len(self.walls)

    @property
    def grid_size(self) -> int:
        return self.walls.shape[1]

    @property
    def mazes(self) -> Mazes:
        return Mazes(self.walls, self.starts, self.goals)

    @cached_property
    def tokens(self) -> np.ndarray:
        """The input of a model: uint8 (N, n*n)."""
        return encode(self.walls, self.goals)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the mazes, their labels and `augment`, in hexadecimal; it tells different data sets apart."""
        digest = hashlib.sha256(f"{self.walls.shape} {self.augment}".encode())
        for array in (self.walls, self.starts, self.goals, self.optimal):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def build(settings: DataSettings, progress: Callable[[int], None] = lambda mazes: None) -> tuple[Dataset, Dataset]:
    """Build a training and a test set that share no maze, not even rotated or reflected.

    The test set is sampled first; a training maze that is in it is sampled again. `progress` is called with the size of
    each batch of mazes as it becomes ready, labels included. Raises UserError for a density at which there are no
    mazes, for sets that do not fit into memory while they are saved, and if the test set holds nearly all mazes there
    are, which happens on the smallest grids. `build_final` builds the third set, and changes nothing about these two.
    """
    num = settings.num_train + settings.num_test + settings.num_final  # all are in memory when they are saved
    require_memory(num, settings.grid_size, *SAVED_BYTES)
    test = _collect(settings.num_test, settings, settings.test_seed, [], progress)
    train = _collect(settings.num_train, settings, settings.train_seed, [test], progress)
    return replace(train, augment=settings.augment), test


def build_final(
    settings: DataSettings, train: Dataset, test: Dataset, progress: Callable[[int], None] = lambda mazes: None
) -> Dataset:
    """Build the set on which nothing is ever chosen: `num_final` mazes that are neither in `train` nor in `test`.

    Not even rotated or reflected. The two are those that `build` returns for the same settings. Raises UserError as
    `build` does.
    """
    return _collect(settings.num_final, settings, settings.final_seed, [train, test], progress)


def _collect(
    num: int, settings: MazeSettings, seed: int, others: Sequence[Dataset], progress: Callable[[int], None]
) -> Dataset:
    """The first `num` mazes of a stream that are in none of the other sets, with their labels."""
    n = settings.grid_size
    taken = np.unique(np.concatenate([np.array([]), *(maze_keys(other.mazes) for other in others)]))
    mazes, optimal = Mazes.empty(num, n), np.empty((num, n, n), np.uint8)
    found, sampled = 0, 0
    for batch in stream_mazes(settings, seed):
        sampled += len(batch)
        if len(taken):
            batch = batch[~np.isin(maze_keys(batch), taken)]
        batch = batch[: num - found]
        mazes.put(found, batch)
        optimal[found : found + len(batch)] = optimal_actions(batch.walls, batch.goals)
        found += len(batch)
        progress(len(batch))
        if found == num:
            break
        if sampled > SAMPLED_AT_LEAST + SAMPLED_PER_MAZE * found:
            holds, purpose, lower = FULL[len(others)]
            raise UserError(
                f"{holds} nearly every {n} x {n} maze there is of {settings.described()}, which leaves none "
                f"for {purpose}: lower {lower} ({len(taken)} different mazes now) or raise `grid_size`"
            )
    sampling = MazeSettings.of(MazeSettings.part_of(settings.model_dump()))
    return Dataset(mazes.walls, mazes.starts, mazes.goals, optimal, False, sampling, seed)


def save(dataset: Dataset, path: str | Path) -> None:
    """Write one data set atomically. Raises UserError if the file cannot be written."""
    save_together({path: dataset})


def save_together(datasets: Mapping[str | Path, Dataset]) -> None:
    """Write several data sets, or none if one of them cannot be written."""
    write_together({path: tensors(_content(dataset)) for path, dataset in datasets.items()})


def load(path: str | Path) -> Dataset:
    """Read a data set and validate all of it, including the labels, which must be the expert's.

    Raises UserError for a file that is missing, truncated, of another kind, or inconsistent.
    """

    def check(content: Any) -> Dataset:
        try:
            return _checked(content)
        except UserError:  # no fault of the file: there is too little memory
            raise
        except ValueError as problem:
            raise UserError(f"{path} is not a usable data set: {problem}; {REMEDY}") from None

    return load_tensors(path, "data set", REMEDY, check)


def _content(dataset: Dataset) -> dict[str, Any]:
    import torch  # here and below, so that importing this module does not load torch

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.require(array, requirements=["C", "W"]))  # without a copy

    return {
        "format": FORMAT,
        "version": VERSION,
        "about": ABOUT,
        **dataset.sampling.plain(),
        "walls": tensor(dataset.walls),
        "starts": tensor(dataset.starts.astype(np.int16)),
        "goals": tensor(dataset.goals.astype(np.int16)),
        "optimal": tensor(dataset.optimal),
        "augment": bool(dataset.augment),
        "seed": int(dataset.seed),
    }


def _checked(content: object) -> Dataset:
    """The data set that a file contains. Raises ValueError with a clause that says what is wrong with it."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        is_checkpoint = isinstance(content, dict) and "model_state_dict" in content
        raise ValueError("it is a checkpoint" if is_checkpoint else "it contains something else")
    version = content.get("version")
    if type(version) is not int or not 1 <= version <= VERSION:
        raise ValueError(f"it has version {shown(version)} of the format, and this trm_nav reads 1 to {VERSION}")
    plain = [name for name in Origin.model_fields if version > 1 or name not in ("kind", "holes")]
    if missing := [name for name in (*plain, "walls", "starts", "goals", "optimal") if name not in content]:
        raise ValueError(f"it lacks {', '.join(missing)}")
    origin = _origin({name: content[name] for name in plain})

    n, position = origin.grid_size, "uint8" if version == 1 else "int16"
    walls, optimal = stored_array(content, "walls", "bool", (n, n)), stored_array(content, "optimal", "uint8", (n, n))
    starts, goals = (stored_array(content, name, position, (2,)) for name in ("starts", "goals"))
    if len(walls) == 0 or {len(starts), len(goals), len(optimal)} != {len(walls)}:
        raise ValueError("its arrays walls, starts, goals and optimal must have the same non-zero length")
    require_memory(len(walls), n, *LOADED_BYTES)
    sampling = MazeSettings.of(MazeSettings.part_of(origin.model_dump()))
    dataset = Dataset(
        walls, starts.astype(np.int64), goals.astype(np.int64), optimal, origin.augment, sampling, origin.seed
    )
    _check_mazes(dataset)
    return dataset


def _origin(values: dict[str, Any]) -> Origin:
    for name, value in values.items():
        if type(value) not in (str, int, float, bool):
            raise ValueError(f"its {name} should be a plain value, not of type {type(value).__name__}")
    try:
        return Origin.of(values)
    except UserError as problem:
        raise ValueError("its " + str(problem).replace("`", "")) from None


def _check_mazes(dataset: Dataset) -> None:
    """Raise ValueError unless every maze can be solved and has the expert's labels."""
    maze, last = np.arange(len(dataset)), dataset.grid_size - 1
    for name, cells in (("start", dataset.starts), ("goal", dataset.goals)):
        _refuse(((cells < 0) | (cells > last)).any(axis=1), f"the {name} is outside")
        _refuse(dataset.walls[maze, *cells.T], f"the {name} is on a wall")
    _refuse((dataset.starts == dataset.goals).all(axis=1), "start and goal are the same cell")
    part = max(1, BATCH_CELLS // dataset.grid_size**2)
    with tqdm(total=len(dataset), desc="checking", unit=" mazes", delay=2, disable=None, leave=False) as bar:
        for first in range(0, len(dataset), part):
            some = slice(first, first + part)
            walls, starts = dataset.walls[some], dataset.starts[some]
            _refuse((walls.view(np.uint8) > 1).any(axis=(1, 2)), "a wall is neither true nor false", first)
            expert = optimal_actions(walls, dataset.goals[some])
            _refuse(expert[maze[: len(walls)], *starts.T] == 0, "no path leads from the start to the goal", first)
            wrong = (dataset.optimal[some] != expert).any(axis=(1, 2))
            _refuse(wrong, "the optimal actions are not the expert's", first)
            bar.update(len(walls))


def _refuse(wrong: Any, problem: str, first: int = 0) -> None:
    """Raise ValueError, naming the first maze for which `wrong`, bool (N,), is true; they count from `first`."""
    if wrong.any():
        raise ValueError(f"in maze {first + wrong.argmax()} {problem}")
