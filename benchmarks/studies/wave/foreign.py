"""Mazes that nobody here wrote: those of the packages maze-dataset and mazelib, as grids without their rims.

maze-dataset: Ivanitskiy et al., "A Configurable Library for Generating and Manipulating Maze Datasets" (arXiv
2309.10498). mazelib: John Stilley, https://github.com/john-science/mazelib. Both are in the benchmarks' environment.
"""

import importlib
import random
from collections.abc import Callable, Iterator

import numpy as np

from trm_nav.mazes.grids import Mazes

LATTICES = (15, 50)  # cells along one side of a lattice: grids of 29 and 99 cells along one side
COUNTS = {15: 200, 50: 10}
MAZE_DATASET = ("gen_dfs", "gen_wilson", "gen_kruskal", "gen_percolation", "gen_dfs_percolation")
# mazelib's Ellers cannot make large mazes with NumPy 2: it counts its sets in int8.
MAZELIB = ("AldousBroder", "BacktrackingGenerator", "BinaryTree", "CellularAutomaton", "Division", "DungeonRooms",
           "GrowingTree", "HuntAndKill", "Kruskal", "Prims", "Sidewinder", "Wilsons")  # fmt: skip
NAMES = (*(f"maze-dataset {name}" for name in MAZE_DATASET), *(f"mazelib {name}" for name in MAZELIB))


def foreign_mazes(name: str, lattice: int, count: int, seed: int = 7) -> Iterator[Mazes]:
    """So many mazes of a generator, each with its goal on any free cell, in parts; the start is the goal."""
    random.seed(seed)
    np.random.seed(seed)  # both packages draw from the global generators
    package, generator = name.split()
    draw = (_maze_dataset if package == "maze-dataset" else _mazelib)(generator, lattice)
    for _ in range(count):
        walls = draw()
        goals = random.choice(np.argwhere(~walls))[None]
        yield Mazes(walls[None], goals, goals)


def _maze_dataset(generator: str, lattice: int) -> Callable[[], np.ndarray]:
    generators = importlib.import_module("maze_dataset.generation").LatticeMazeGenerators

    def draw() -> np.ndarray:
        downwards, rightwards = getattr(generators, generator)(np.array([lattice, lattice])).connection_list
        walls = np.ones((2 * lattice - 1, 2 * lattice - 1), dtype=bool)
        walls[::2, ::2] = False
        walls[1::2, ::2] = ~downwards[:-1]
        walls[::2, 1::2] = ~rightwards[:, :-1]
        return walls

    return draw


def _mazelib(generator: str, lattice: int) -> Callable[[], np.ndarray]:
    source = getattr(importlib.import_module(f"mazelib.generate.{generator}"), generator)

    def draw() -> np.ndarray:
        walls: np.ndarray = source(lattice, lattice).generate()[1:-1, 1:-1] != 0
        return walls

    return draw
