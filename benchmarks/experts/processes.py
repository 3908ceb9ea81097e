"""Two processes that label mazes side by side, for the measurements on two cores."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Self

from trm_nav.mazes.grids import Mazes


class TwoProcesses:
    """Two processes, each with one half of every system's mazes in memory; they label them on request.

    label(name, mazes) labels mazes with the system of that name. It must be a function of a module, so that a new
    process can import it.
    """

    def __init__(self, label: Callable[[str, Mazes], object], batches: dict[str, Mazes]):
        context = multiprocessing.get_context("spawn")
        self.workers, self.pipes = [], []
        for half in range(2):
            ours, theirs = context.Pipe()
            self.workers.append(context.Process(target=_work, args=(label, theirs), daemon=True))
            self.workers[-1].start()
            theirs.close()
            self.pipes.append(ours)
            ours.send({name: _half(batch, half) for name, batch in batches.items()})

    def label(self, name: str) -> None:
        for pipe in self.pipes:
            pipe.send(name)
        for pipe in self.pipes:
            pipe.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self.pipes:
            pipe.close()
        for worker in self.workers:
            worker.join()


def _half(mazes: Mazes, half: int) -> Mazes:
    return mazes[half * len(mazes) // 2 : (half + 1) * len(mazes) // 2]


def _work(label: Callable[[str, Mazes], object], pipe: Connection) -> None:
    halves = pipe.recv()
    while True:
        try:
            name = pipe.recv()
        except EOFError:  # the other end was closed: there is no more work
            return
        label(name, halves[name])
        pipe.send(None)
