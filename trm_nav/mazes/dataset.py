"""Data sets: mazes with the expert's optimal sets, built in pairs that share no maze, and saved to files.

A file is a plain dictionary of tensors and plain values, which `torch.load(..., weights_only=True)` reads.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from trm_nav.errors import UserError
from trm_nav.files import load_tensors, write_together
from trm_nav.settings import DataSettings, MazeSettings

from .encoding import encode
from .expert import optimal_actions
from .grids import BATCH_CELLS, Mazes, stream_mazes
from .symmetry import cell_permutations

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
    each batch of mazes as it becomes ready. Raises UserError for a density at which there are no mazes, and if the
    test set holds nearly all mazes there are, which happens on the smallest grids.
    """
    test = _collect(settings.num_test, settings, settings.test_seed, np.array([]), progress)
    taken = np.unique(maze_keys(test))
    train = _collect(settings.num_train, settings, settings.train_seed, taken, progress)
    return (
        _labelled(train, settings, settings.train_seed, settings.augment),
        _labelled(test, settings, settings.test_seed, augment=False),
    )


def _labelled(mazes: Mazes, settings: DataSettings, seed: int, augment: bool) -> Dataset:
    optimal = optimal_actions(mazes.walls, mazes.goals)
    sampling = MazeSettings.of(MazeSettings.part_of(settings.model_dump()))
    return Dataset(mazes.walls, mazes.starts, mazes.goals, optimal, augment, sampling, seed)


def _collect(num: int, settings: MazeSettings, seed: int, taken: np.ndarray, progress: Callable[[int], None]) -> Mazes:
    """The first `num` mazes of a stream whose key is not among `taken`."""
    batches: list[Mazes] = []
    found, sampled = 0, 0
    for batch in stream_mazes(settings, seed):
        sampled += len(batch)
        if len(taken):
            batch = batch[~np.isin(maze_keys(batch), taken)]
        batches.append(batch[: num - found])
        found += len(batches[-1])
        progress(len(batches[-1]))
        if found == num:
            break
        if sampled > 200_000 + 1000 * found:
            raise UserError(
                f"the test set holds nearly every {settings.grid_size} x {settings.grid_size} maze there is of "
                f"{settings.described()}, which leaves none for training: lower `num_test` ({len(taken)} different "
                "mazes now) or raise `grid_size`"
            )
    return Mazes.join(batches)


def maze_keys(mazes: Mazes) -> np.ndarray:
    """A key for each maze, the same for its 8 orientations and different for other mazes: whole numbers, float64 (N,).

    Every pair of a cell and its content has a random weight below 2**40, or less on large grids. A maze's sum in each
    orientation is exact, because it stays below 2**53, and the smallest of the eight is the key. The probability that
    two different mazes share a key is about 10**-12, and 10**-9 at n = 1024; the only consequence is that a maze is
    sampled again without need.
    """
    n = mazes.grid_size
    most = n * n + 2  # weights in a sum
    bits = min(40, 53 - most.bit_length())
    weights = np.random.default_rng(0).integers(0, 2**bits, (3, n * n)).astype(np.float64)
    # Transforming the weights instead of the mazes turns the eight sums of all mazes into one matrix product.
    cells = cell_permutations(n)  # (8, n*n)
    wall = weights[0, cells]  # (8, n*n)
    sums = (weights[1, cells[:, mazes.starts @ (n, 1)]] + weights[2, cells[:, mazes.goals @ (n, 1)]]).T  # (N, 8)
    part = max(1, BATCH_CELLS // n**2)  # the walls of all mazes as floats might not fit into memory
    for first in range(0, len(mazes), part):
        sums[first : first + part] += mazes.walls[first : first + part].reshape(-1, n * n).astype(np.float64) @ wall.T
    return sums.min(axis=1)


def count_distinct(mazes: Mazes) -> int:
    """The number of mazes that differ, up to rotation and reflection."""
    return len(np.unique(maze_keys(mazes)))


def save(dataset: Dataset, path: str | Path) -> None:
    """Write one data set atomically. Raises UserError if the file cannot be written."""
    save_together({path: dataset})


def save_together(datasets: Mapping[str | Path, Dataset]) -> None:
    """Write several data sets, or none if one of them cannot be written."""
    import torch  # here and below, so that importing this module does not load torch

    write_together({path: partial(torch.save, _content(dataset)) for path, dataset in datasets.items()})


def load(path: str | Path) -> Dataset:
    """Read a data set and validate all of it, including the labels, which must be the expert's.

    Raises UserError for a file that is missing, truncated, of another kind, or inconsistent.
    """
    content = load_tensors(path, "data set", REMEDY)
    try:
        return _checked(content)
    except ValueError as problem:
        raise UserError(f"{path} is not a usable data set: {problem}; {REMEDY}") from None


def _content(dataset: Dataset) -> dict[str, Any]:
    import torch

    return {
        "format": FORMAT,
        "version": VERSION,
        "about": ABOUT,
        **dataset.sampling.plain(),
        "walls": torch.tensor(dataset.walls),
        "starts": torch.tensor(dataset.starts.astype(np.int16)),
        "goals": torch.tensor(dataset.goals.astype(np.int16)),
        "optimal": torch.tensor(dataset.optimal),
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
        raise ValueError(f"it has version {version} of the format, and this trm_nav reads 1 to {VERSION}")
    sampled_with = [name for name in MazeSettings.model_fields if version > 1 or name not in ("kind", "holes")]
    names = ("augment", "seed", *sampled_with, "walls", "starts", "goals", "optimal")
    if missing := [name for name in names if name not in content]:
        raise ValueError(f"it lacks {', '.join(missing)}")
    for name, kind in {"augment": bool, "seed": int}.items():
        if type(content[name]) is not kind:
            raise ValueError(f"its {name} is {content[name]!r}, not of type {kind.__name__}")
    try:
        sampling = MazeSettings.of({name: content[name] for name in sampled_with})
    except UserError as problem:
        raise ValueError("its " + str(problem).replace("`", "")) from None

    size, position = sampling.grid_size, "uint8" if version == 1 else "int16"
    dataset = Dataset(
        walls=_array(content, "walls", "bool", (size, size)),
        starts=_array(content, "starts", position, (2,)).astype(np.int64),
        goals=_array(content, "goals", position, (2,)).astype(np.int64),
        optimal=_array(content, "optimal", "uint8", (size, size)),
        augment=content["augment"],
        sampling=sampling,
        seed=content["seed"],
    )
    maze = np.arange(len(dataset))
    if len(maze) == 0 or {len(dataset.starts), len(dataset.goals), len(dataset.optimal)} != {len(maze)}:
        raise ValueError("its arrays walls, starts, goals and optimal must have the same non-zero length")
    for name, positions in (("start", dataset.starts), ("goal", dataset.goals)):
        _refuse((positions != positions.clip(0, size - 1)).any(axis=1), f"the {name} is outside")
        _refuse(dataset.walls[maze, *positions.T], f"the {name} is on a wall")
    _refuse((dataset.starts == dataset.goals).all(axis=1), "start and goal are the same cell")
    expert = optimal_actions(dataset.walls, dataset.goals)
    _refuse(expert[maze, *dataset.starts.T] == 0, "no path leads from the start to the goal")
    _refuse((dataset.optimal != expert).any(axis=(1, 2)), "the optimal actions are not the expert's")
    return dataset


def _array(content: dict[str, Any], name: str, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """One of the tensors as an array. Raises ValueError unless it has this dtype, and this shape for each maze."""
    import torch

    tensor, expected = content[name], f"{dtype} of shape (N, {', '.join(map(str, shape))})"
    if not isinstance(tensor, torch.Tensor):
        raise ValueError(f"its {name} should be a tensor, {expected}, not of type {type(tensor).__name__}")
    if tensor.dtype != getattr(torch, dtype) or tensor.shape[1:] != shape:
        found = f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"
        raise ValueError(f"its {name} should be {expected}, not {found}")
    return tensor.numpy()


def _refuse(wrong: np.ndarray, problem: str) -> None:
    """Raise ValueError, naming the first maze for which `wrong`, bool (N,), is true."""
    if wrong.any():
        raise ValueError(f"in maze {wrong.argmax()} {problem}")
