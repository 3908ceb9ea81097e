"""Data sets: mazes with the expert's optimal sets, how two that share no maze are made, and the file that holds one.

The file is a plain dictionary of tensors and plain values, which `torch.load(..., weights_only=True)` reads.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from trm_nav.errors import UserError
from trm_nav.files import load_tensors, write_together
from trm_nav.settings import LARGEST_GRID, DataSettings

from .encoding import encode
from .expert import optimal_actions
from .grids import BATCH_CELLS, Mazes, stream_mazes
from .symmetry import cell_permutations

FORMAT = "trm_nav data set"
VERSION = 1
REMEDY = "make one with scripts/generate_dataset.py"
ABOUT = (
    "N mazes, n x n cells. walls: bool (N, n, n). starts, goals: uint8 (N, 2) as (row, col). optimal: uint8 (N, n, n), "
    "for every cell the set of actions on some shortest path to the goal, bit a standing for action a: UP 0, DOWN 1, "
    "LEFT 2, RIGHT 3, STAY 4; 0 on walls and on cells that cannot reach the goal. augment: whether training draws one "
    "of the 8 symmetries of the square for every sample. obstacle_density, seed: what the mazes were drawn with."
)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Mazes and their labels, with what they were made from.

    walls bool (N, n, n); starts, goals int64 (N, 2); optimal uint8 (N, n, n), the sets of `expert.optimal_actions`.
    augment: whether training is to draw one of the 8 symmetries for every sample.
    """

    walls: np.ndarray
    starts: np.ndarray
    goals: np.ndarray
    optimal: np.ndarray
    augment: bool
    obstacle_density: float
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
        """What a model reads: uint8 (N, n*n)."""
        return encode(self.walls, self.goals)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the mazes, their labels and `augment`, in hexadecimal: two data sets that differ differ in it."""
        digest = hashlib.sha256(f"{self.walls.shape} {self.augment}".encode())
        for array in (self.walls, self.starts, self.goals, self.optimal):
            digest.update(np.ascontiguousarray(array))
        return digest.hexdigest()


def build(settings: DataSettings, progress: Callable[[int], None] = lambda mazes: None) -> tuple[Dataset, Dataset]:
    """The training and the test set. No maze of one is in the other, in any of its 8 orientations.

    The test set is drawn first; training mazes that it holds already are drawn again. `progress` is told of each batch
    of mazes that is ready. Raises UserError for a density at which there are no mazes, and where hardly any maze is
    left that is not in the test set, as happens on the smallest grids.
    """
    size, density = settings.grid_size, settings.obstacle_density
    test = _collect(settings.num_test, size, density, settings.test_seed, np.array([]), progress)
    taken = np.unique(maze_keys(test))
    train = _collect(settings.num_train, size, density, settings.train_seed, taken, progress)
    return tuple(
        Dataset(
            mazes.walls, mazes.starts, mazes.goals, optimal_actions(mazes.walls, mazes.goals), augment, density, seed
        )
        for mazes, augment, seed in ((train, settings.augment, settings.train_seed), (test, False, settings.test_seed))
    )


def _collect(num: int, size: int, density: float, seed: int, taken: np.ndarray, progress) -> Mazes:
    """The first `num` mazes of a stream whose key is not among `taken`."""
    batches, found, drawn = [], 0, 0
    for batch in stream_mazes(size, density, seed):
        drawn += len(batch)
        if len(taken):
            batch = batch[~np.isin(maze_keys(batch), taken)]
        batches.append(batch[: num - found])
        found += len(batches[-1])
        progress(len(batches[-1]))
        if found == num:
            return Mazes.join(batches)
        if drawn > 200_000 + 1000 * found:
            raise UserError(
                f"the test set holds nearly every {size} x {size} maze there is at an obstacle density of "
                f"{density}, which leaves none for training: lower --num-test ({len(taken)} different "
                "mazes now) or raise --grid-size"
            )


def maze_keys(mazes: Mazes) -> np.ndarray:
    """A number for each maze that its 8 orientations share and other mazes do not: float64 (N,), whole numbers.

    Every (cell, what stands there) has a random weight below 2**40; a maze's sum in each orientation is exact, being
    below 2**53, and the smallest of the eight is the key. Two different mazes share a key at odds of about 1 in
    10**12; all that happens then is that a good maze is drawn again.
    """
    n = mazes.grid_size
    weights = np.random.default_rng(0).integers(0, 2**40, (3, n * n)).astype(np.float64)
    # Turning the weights instead of the mazes makes the eight sums of all mazes one matrix product.
    wall, start, goal = weights[:, cell_permutations(n)]  # (8, n*n) each
    sums = start.T[mazes.starts @ (n, 1)] + goal.T[mazes.goals @ (n, 1)]  # (N, 8)
    part = max(1, BATCH_CELLS // n**2)  # as floats, the walls of all mazes at once might not fit into memory
    for first in range(0, len(mazes), part):
        sums[first : first + part] += mazes.walls[first : first + part].reshape(-1, n * n).astype(np.float64) @ wall.T
    return sums.min(axis=1)


def count_distinct(mazes: Mazes) -> int:
    """How many of the mazes differ from each other in more than orientation."""
    return len(np.unique(maze_keys(mazes)))


def save(dataset: Dataset, path: str | Path) -> None:
    """Write one data set, atomically. Raises UserError if the file cannot be written."""
    save_together({path: dataset})


def save_together(datasets: Mapping[str | Path, Dataset]) -> None:
    """Write several data sets or, where one of them cannot be written, none."""
    import torch  # here and below, so that importing the room stays cheap

    write_together({path: partial(torch.save, _content(dataset)) for path, dataset in datasets.items()})


def load(path: str | Path) -> Dataset:
    """Read a data set and check all of it, the labels against the expert's too.

    Raises UserError for a file that is missing, truncated, of another kind, or at odds with itself.
    """
    content = load_tensors(path, "data set", REMEDY)
    try:
        return _checked(content)
    except ValueError as problem:
        raise UserError(f"{path} is not a usable data set: {problem}; {REMEDY}") from None


def _content(dataset: Dataset) -> dict:
    import torch

    return {
        "format": FORMAT,
        "version": VERSION,
        "about": ABOUT,
        "grid_size": dataset.grid_size,
        "walls": torch.tensor(dataset.walls),
        "starts": torch.tensor(dataset.starts.astype(np.uint8)),
        "goals": torch.tensor(dataset.goals.astype(np.uint8)),
        "optimal": torch.tensor(dataset.optimal),
        "augment": bool(dataset.augment),
        "obstacle_density": float(dataset.obstacle_density),
        "seed": int(dataset.seed),
    }


def _checked(content: object) -> Dataset:
    """The data set in what a file held. Raises ValueError with the clause that says what is wrong."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        is_checkpoint = isinstance(content, dict) and "model_state_dict" in content
        raise ValueError("it is a checkpoint" if is_checkpoint else "it holds something else")
    if content.get("version") != VERSION:
        raise ValueError(f"it has version {content.get('version')} of the format, and this trm_nav reads {VERSION}")
    kinds = {"grid_size": int, "augment": bool, "obstacle_density": float, "seed": int}
    if missing := [name for name in (*kinds, "walls", "starts", "goals", "optimal") if name not in content]:
        raise ValueError(f"it lacks {', '.join(missing)}")
    for name, kind in kinds.items():
        if type(content[name]) is not kind:
            raise ValueError(f"its {name} is {content[name]!r}, not of type {kind.__name__}")
    size = content["grid_size"]
    if not 3 <= size <= LARGEST_GRID:
        raise ValueError(f"its grid_size is {size}, not from 3 to {LARGEST_GRID}")

    dataset = Dataset(
        walls=_array(content, "walls", "bool", (size, size)),
        starts=_array(content, "starts", "uint8", (2,)).astype(np.int64),
        goals=_array(content, "goals", "uint8", (2,)).astype(np.int64),
        optimal=_array(content, "optimal", "uint8", (size, size)),
        **{name: content[name] for name in ("augment", "obstacle_density", "seed")},
    )
    maze = np.arange(len(dataset))
    if len(maze) == 0 or {len(dataset.starts), len(dataset.goals), len(dataset.optimal)} != {len(maze)}:
        raise ValueError("its walls, starts, goals and optimal do not tell of the same number of mazes, at least one")
    for name, positions in (("start", dataset.starts), ("goal", dataset.goals)):
        _refuse((positions >= size).any(axis=1), f"the {name} is outside")
        _refuse(dataset.walls[maze, *positions.T], f"the {name} is on a wall")
    _refuse((dataset.starts == dataset.goals).all(axis=1), "start and goal are the same cell")
    expert = optimal_actions(dataset.walls, dataset.goals)
    _refuse(expert[maze, *dataset.starts.T] == 0, "no way leads from the start to the goal")
    _refuse((dataset.optimal != expert).any(axis=(1, 2)), "the optimal actions are not the expert's")
    return dataset


def _array(content: dict, name: str, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """One of the file's tensors, of any length, as an array of that dtype and of that shape for each maze."""
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
