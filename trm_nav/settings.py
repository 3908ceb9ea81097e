"""Every setting of the project, declared once: name, type, bounds, default, help.

The command lines, the notebooks' parameters, validation and the checkpoint's `config` all come from these classes.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, PlainValidator, Strict, model_validator

from .declaration import Settings, nearest
from .errors import UserError

LARGEST_GRID = 1024
MOST_EPOCHS = 100_000
LARGEST_DENSE_GRID = 64  # for models with a dense matrix over all cells
MAZE_KINDS = ("random", "depth-first", "wilson")


def share_bounds(share: Any) -> tuple[float, float]:
    """The lowest and the highest value of a share, which is one number or a range.

    0.2 and "0.2" are one number; "0.02..0.5" and (0.02, 0.5) are a range. Raises ValueError for anything else, for a
    lower end above the upper end, and outside 0 to 1.
    """
    ends = share.split("..") if isinstance(share, str) else share if isinstance(share, tuple | list) else [share]
    if any(isinstance(end, bool) for end in ends):
        raise ValueError("True and False are no numbers")
    try:
        low, high = map(float, [*ends, *ends] if len(ends) == 1 else ends)
    except (TypeError, OverflowError):
        raise ValueError("a share is a number or a range") from None
    if not 0 <= low <= high <= 1:
        raise ValueError("a share is from 0 to 1, and the first end of a range is not above the second")
    return low, high


def _share(share: Any) -> float | str:
    """A share as it is stored: a number, or a range as text, which suits command lines, JSON and data-set files."""
    low, high = share_bounds(share)
    return low if low == high else f"{low}..{high}"


def _share_below_1(share: Any) -> float | str:
    if share_bounds(share)[1] == 1:
        raise ValueError("nothing would be left free")
    return _share(share)


def _mixture(kind: Any) -> str:
    kinds = kind.replace(" ", "").split(",") if isinstance(kind, str) else []
    if not kinds or len(set(kinds)) < len(kinds) or not set(kinds) <= set(MAZE_KINDS):
        raise ValueError("not a list of different kinds")
    return ",".join(kinds)


def _in_unicode(path: Path) -> Path:
    """A path that can be written into a checkpoint, a history and a message, and that a file can have."""
    if "\0" in str(path):
        raise ValueError("no file can have this name")
    str(path).encode()
    return path


GridSize = Annotated[int, Field(ge=3, le=LARGEST_GRID)]
MazeKind = Annotated[
    str,
    PlainValidator(_mixture),
    f"{', '.join(MAZE_KINDS[:-1])} or {MAZE_KINDS[-1]}, or several of these joined by commas",
]
Density = Annotated[
    float | str,
    PlainValidator(_share_below_1),
    "a number from 0 to less than 1, or a range such as 0.02..0.5",
]
Holes = Annotated[float | str, PlainValidator(_share), "a number from 0 to 1, or a range such as 0..0.1"]
Recursions = Annotated[int, Field(ge=1, le=256)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Dimension = Annotated[int, Field(ge=1, le=4096)]
# A string among the annotations says in words what is accepted.
FilePath = Annotated[Path, Strict(False), AfterValidator(_in_unicode), "a path"]
Device = Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:[0-9]{1,3})?)$"), "auto, cpu, mps, cuda or cuda:N"]


class MazeSettings(Settings):
    """What mazes are like. `trm_nav.mazes.grids` describes how they are drawn."""

    grid_size: GridSize = 8
    "cells along one side of a maze"
    kind: MazeKind = "random"
    "random: independent walls; depth-first, wilson: perfect mazes; a list with commas: each maze is of one of them"
    obstacle_density: Density = 0.2
    "share of the cells that are walls, in mazes of kind random; a range: each maze draws its own"
    holes: Holes = 0.0
    "share of the walls of a perfect maze that are opened; a range: each maze draws its own"

    def described(self) -> str:
        """The kinds, and what else decides about mazes of these kinds, in words."""
        kinds = self.kind.split(",")
        words = [f"{'kind' if len(kinds) == 1 else 'kinds'} {', '.join(kinds)}"]
        if "random" in kinds:
            words.append(f"obstacle density {self.obstacle_density}")
        if kinds != ["random"] and self.holes != 0:
            words.append(f"holes {self.holes}")
        return ", ".join(words)


class DataSettings(MazeSettings):
    """How `scripts/generate_dataset.py` generates a data set."""

    num_train: Annotated[int, Field(ge=1, le=10_000_000)] = 5000
    "mazes in the training set"
    num_test: Annotated[int, Field(ge=1, le=10_000_000)] = 500
    "mazes in the test set; none of them is in the training set, not even rotated or reflected"
    num_final: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    "mazes in a third set, final.pt, on which nothing is ever chosen; none of them is in the other two; 0: no such file"
    train_seed: Seed = 42
    "seed of the training mazes"
    test_seed: Seed = 99999
    "seed of the test mazes"
    final_seed: Seed = 77777
    "seed of the mazes in final.pt"
    output_dir: FilePath = Path("data")
    "folder for train.pt, test.pt and, if asked for, final.pt"
    augment: bool = False
    "mark the training set, so that training applies a random one of the 8 symmetries to every sample"


class ModelSettings(Settings):
    """The shape of a model."""

    grid_size: GridSize = 8
    "cells along one side of a maze"
    dim: Dimension = 64
    "hidden dimension: channels of every cell"
    depth: Annotated[int, Field(ge=1, le=64)] = 2
    "Mixer blocks applied in every recursion"
    recursions: Recursions = 4
    "how many times the blocks are applied to the latent state"
    mixing: Literal["mlp", "conv", "cross"] = "mlp"
    "how cells exchange information: a dense matrix over all cells (mlp), a 3 x 3 neighbourhood (conv), or the four "
    "neighbours (cross)"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    "probability of zeroing a hidden activation while training"
    halting: bool = False
    "let every cell decide by itself when it knows its answer, once and for all; needs mixing conv or cross"
    binary: bool = False
    "make the channels of a decided cell -1 or 1; needs halting"

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.mixing == "mlp" and self.grid_size is not None and self.grid_size > LARGEST_DENSE_GRID:
            raise ValueError(
                f"`mixing=mlp` connects every cell with every other and needs a `grid_size` of at most "
                f"{LARGEST_DENSE_GRID}, not {self.grid_size}; use `mixing=conv` or `mixing=cross`"
            )
        if self.halting and self.mixing == "mlp":
            raise ValueError("`halting` needs `mixing=conv` or `mixing=cross`, not mlp")
        if self.binary and not self.halting:
            raise ValueError("`binary` needs `halting`: only the states of decided cells are binary")
        return self


class TrainSettings(ModelSettings):
    """How `python -m trm_nav.train` trains a model. A setting left at None follows the data set or the machine."""

    train_path: FilePath = Path("data/train.pt")
    "training set, from scripts/generate_dataset.py"
    val_path: FilePath = Path("data/test.pt")
    "validation set"
    checkpoint_dir: FilePath = Path("checkpoints")
    "folder for best.pt, last.pt, checkpoint_epoch_N.pt and history.json"
    grid_size: GridSize | None = None  # type: ignore[assignment]  # None until the data set is known
    "cells along one side of a maze; left out, the data set's"
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 64
    "mazes in one gradient step"
    lr: Annotated[float, Field(gt=0, le=10)] = 1e-3
    "peak learning rate"
    weight_decay: Annotated[float, Field(ge=0, le=100)] = 0.01
    "AdamW's decoupled weight decay"
    epochs: Annotated[int, Field(ge=1, le=MOST_EPOCHS)] = 100
    "maximum number of passes over the training set"
    patience: Annotated[int, Field(ge=1, le=100_000)] = 20
    "epochs without a lower validation loss before training stops"
    grow_recursions: bool = True
    "train with a quarter of the recursions, then half, then all, for a third of the epochs each"
    random_recursions: bool = False
    "draw the number of recursions anew for every gradient step, from 1 to as many as there are"
    gradient_recursions: Recursions | None = None
    "how many recursions, the last ones, carry a gradient at most (truncated backpropagation); left out, all"
    within_reach: bool = False
    "ask only the cells that the goal can have reached in so many recursions; needs mixing conv or cross"
    teacher_forcing: Annotated[float, Field(ge=0, le=1)] = 0.0
    "share of the gradient steps in which the expert, not the model, says which cells are decided; needs halting"
    supervision: Literal["policy", "action"] = "policy"
    "what the loss reads: every cell that can reach the goal (policy), or the agent's cell alone (action)"
    augment: bool | None = None
    "apply a random one of the 8 symmetries to every sample; left out, as the training set is marked"
    device: Device = "auto"
    "auto, cpu, cuda, cuda:N or mps"
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    "CPU threads; left out, one for small models and two for large ones; results are reproducible bit for bit with the "
    "same number of threads"
    seed: Seed = 42
    "seed of the weights, the order of the samples, dropout and augmentation"
    save_every: Annotated[int, Field(ge=1, le=100_000)] = 10
    "epochs between two checkpoint_epoch_N.pt files"
    resume: FilePath | None = None
    "checkpoint to resume from"
    overwrite: bool = False
    "replace the run that the folder holds, or with resume its later epochs, when the first new epoch is finished"

    @model_validator(mode="after")
    def _training_fits_the_model(self) -> Self:
        if self.within_reach and self.mixing == "mlp":
            raise ValueError(
                "`within_reach` needs `mixing=conv` or `mixing=cross`: with mlp, a cell hears from all others at once"
            )
        if self.teacher_forcing and not self.halting:
            raise ValueError("`teacher_forcing` needs `halting`: without it no cell decides")
        return self


class SearchSettings(Settings):
    """How `python -m trm_nav.search` searches. What it searches is in `trm_nav.searching.space`."""

    study: FilePath = Path("runs/search")
    "folder of the study, which is named after it; each trial has a folder in it"
    sampler: Literal["grid", "random", "tpe"] | None = None
    "how configurations are chosen: all of a grid, at random, or after the results of earlier ones (tpe); left out, "
    "grid if every setting has a list of values and trials is left out, otherwise random"
    trials: Annotated[int, Field(ge=1, le=100_000)] | None = None
    "configurations to try; left out, all of a grid, otherwise 27"
    pruner: Literal["none", "median", "hyperband"] = "none"
    "which trials are ended early: those below the median, or by the rules of Hyperband"
    workers: Annotated[int, Field(ge=1, le=1024)] = 1
    "processes on this machine, each with one thread; other machines start the same command"
    storage: str | None = None
    "address of the study, for more than one machine: postgresql://user@host/name, mysql://..., journal:PATH or "
    "grpc://host:port; left out, what the environment's TRM_NAV_STORAGE says, or a file in the study's folder"


# fmt: off
RECIPES: dict[str, dict[str, Any]] = {
    # The training guide's Recipes 1 to 3, flag for flag; settings that they leave out keep their defaults.
    "fast": dict(num_train=5000, num_test=500, dim=64, depth=2, dropout=0.1, epochs=30, patience=10),
    "production": dict(num_train=50_000, num_test=2000, augment=True, dim=128, depth=3, dropout=0.15,
                       weight_decay=0.01, lr=5e-4, epochs=100, patience=20),
    "maximum": dict(num_train=100_000, num_test=5000, augment=True, dim=256, depth=4, dropout=0.2,
                    weight_decay=0.02, lr=3e-4, epochs=150, patience=30, batch_size=128),
    # The project's own: small networks applied many times.
    "tiny": dict(num_train=5000, num_test=500, augment=True, dim=32, depth=2, recursions=8, dropout=0.0,
                 lr=2e-2, epochs=36, patience=36),
    "local": dict(num_train=5000, num_test=500, augment=True, dim=16, depth=2, recursions=8, mixing="conv", dropout=0.0,
                  lr=1.5e-2, epochs=8, patience=8, batch_size=32),
    # Learns, from mazes of 8 x 8 alone, a rule that holds on every size.
    "wave": dict(num_train=16_000, num_test=500, kind="random,depth-first", obstacle_density="0.02..0.5",
                 holes="0..1", augment=True, dim=8, depth=1, mixing="cross", dropout=0.0, halting=True, binary=True,
                 recursions=12, random_recursions=True, grow_recursions=False, gradient_recursions=4,
                 within_reach=True, teacher_forcing=0.5, lr=1e-2, epochs=4, patience=4, batch_size=32),
}
# fmt: on
"Named settings for a data set and for training on it. `recipe` looks them up."

FIRST_LOOK = {**RECIPES["tiny"], "epochs": 9}
"What lesson 04 trains if it is given no recipe."


def recipe(name: str | None, settings: type[Settings] | None = None) -> dict[str, Any]:
    """A recipe, or the part of it that belongs to `settings`; empty for None. Raises UserError for an unknown name."""
    if name is None:
        return {}
    if name not in RECIPES:
        raise UserError(f"there is no recipe {name!r}{nearest(str(name), RECIPES)}")
    return settings.part_of(RECIPES[name]) if settings else dict(RECIPES[name])
