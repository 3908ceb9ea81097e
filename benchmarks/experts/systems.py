"""The searches that are compared, and the check that all of them give the same labels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.experts.report import BITBOARD, MANY, OURS, PER_MAZE, QUEUE
from benchmarks.experts.rivals import astar, numba_bitboard, numba_queue, scipy_graphs
from trm_nav.mazes.encoding import contains
from trm_nav.mazes.expert import distances, optimal_actions
from trm_nav.mazes.grids import Mazes, generate_mazes

SIZES = {8: 100_000, 16: 20_000, 32: 5_000}  # mazes in a batch
SEED = 7


@dataclass(frozen=True)
class System:
    """A search, and how many mazes of each size it labels in a round: all, or enough for some tenths of a second.

    per_start: the search also takes starts and labels one cell of each maze. threads: the same search on two threads.
    """

    search: Callable[..., Any]
    mazes: dict[int, int]
    per_start: bool = False
    threads: Callable[..., Any] | None = None

    def label(self, mazes: Mazes) -> Any:
        starts = (mazes.starts,) if self.per_start else ()
        return self.search(mazes.walls, *starts, mazes.goals)


SYSTEMS = {
    OURS: System(optimal_actions, SIZES),
    QUEUE: System(numba_queue.numba_queue, SIZES, threads=numba_queue.numba_queue_threads),
    BITBOARD: System(numba_bitboard.numba_bitboard, SIZES, threads=numba_bitboard.numba_bitboard_threads),
    MANY: System(scipy_graphs.scipy_many, {8: 10_000, 16: 2_000, 32: 500}),
    PER_MAZE: System(scipy_graphs.scipy_per_maze, {8: 1_000, 16: 600, 32: 300}),
    "networkx A*": System(astar.networkx_astar, {8: 300, 16: 80, 32: 20}, per_start=True),
    "pyastar2d": System(astar.pyastar2d_astar, {8: 5_000, 16: 4_000, 32: 2_000}, per_start=True),
}


def label(name: str, mazes: Mazes) -> Any:
    return SYSTEMS[name].label(mazes)


def missing() -> dict[str, str]:
    """The systems that cannot run here, each with the reason."""
    two = generate_mazes(2, seed=SEED)
    reasons = {}
    for name, system in SYSTEMS.items():
        try:
            system.label(two)
        except ImportError as problem:
            reasons[name] = f"not run: {problem}"
    return reasons


def check(name: str, mazes: Mazes) -> None:
    """Raise AssertionError unless the system agrees with our expert about every maze."""
    system, optimal = SYSTEMS[name], optimal_actions(mazes.walls, mazes.goals)
    if system.per_start:
        maze = np.arange(len(mazes))
        steps, actions = system.label(mazes)
        assert np.array_equal(steps, distances(mazes.walls, mazes.goals)[maze, *mazes.starts.T]), name
        assert contains(optimal[maze, *mazes.starts.T], actions).all(), name
    else:
        assert np.array_equal(system.label(mazes), optimal), name
        if system.threads:
            assert np.array_equal(system.threads(mazes.walls, mazes.goals), optimal), name
