"""Start workers on this machine, and say how far all machines have come."""

import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from threading import RLock

from tqdm import tqdm

from trm_nav.errors import UserError
from trm_nav.text import short

from .storages import Unreachable, one_sentence, unreachable
from .study import Row, Study
from .worker import Opening, work

POLL_SECONDS = 1.0
PATIENCE = 20  # times as long as a look at the study takes, this process waits before the next
ENDED = "complete", "pruned", "failed"
MISTAKE, NO_STORAGE = 2, 3  # how a worker exits that cannot go on: it has said why; its storage does not answer
BAR = "search: {n}/{total} |{bar}| {postfix} [{elapsed}]"


def search(opening: Opening, workers: int, configurations: int) -> None:
    """Search with so many processes until every configuration has ended, here or on another machine.

    Prints a line for each configuration that ends. Ctrl-C ends the workers after they have given back their trials.
    Raises UserError if the study cannot be opened, and if the workers cannot go on.
    """
    study = opening.open()
    with one_sentence(opening.address):
        study.plan(configurations)
        study.give_back_dead()
        rows = study.rows()
        told = {row.number for row in rows if row.state in ENDED}
        if len(told) < len(rows):
            _until_all_have_ended(study, Processes(opening, workers), told)
    print(summary(study))


def _until_all_have_ended(study: Study, processes: "Processes", told: set[int]) -> None:
    """Print a line for each configuration that ends and is not among `told`, and draw a bar; then end the processes."""
    with tqdm(total=study.configurations, initial=len(told), bar_format=BAR, leave=False, disable=None) as bar:
        try:
            while True:
                asked, rows = time.monotonic(), study.rows()
                for row in rows:
                    if row.state in ENDED and row.number not in told:
                        told.add(row.number)
                        tqdm.write(line(row, len(rows)))
                        sys.stdout.flush()
                bar.n, bar.total = len(told), len(rows)
                bar.set_postfix_str(in_words(rows))
                if len(told) == len(rows):
                    break
                study.give_back_dead()
                processes.keep_up()
                time.sleep(max(POLL_SECONDS, PATIENCE * (time.monotonic() - asked)))
        finally:
            processes.end()


class Processes:
    """The workers of this machine. One that is killed is replaced; one that ends with a mistake ends all."""

    def __init__(self, opening: Opening, count: int):
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # before a worker imports torch, so that none makes many
        self.opening, self.context = opening, _context()
        self.running = [self._begin() for _ in range(count)]

    def _begin(self) -> BaseProcess:
        process: BaseProcess = self.context.Process(  # type: ignore[attr-defined]
            target=_worker, args=(self.opening,)
        )
        with _ctrl_c_waits():  # also for the process from which workers are made, while it imports
            process.start()
        return process

    def keep_up(self) -> None:
        """Replace workers that were killed. Raises UserError if one cannot go on."""
        for place, process in enumerate(self.running):
            if process.exitcode is not None and process.exitcode < 0:
                self.running[place] = self._begin()
            elif process.exitcode == NO_STORAGE:
                raise unreachable(self.opening.address)
            elif process.exitcode:
                raise UserError("a worker could not go on; what it said stands above, and the same command goes on")

    def end(self) -> None:
        """End all workers: they give back their trials."""
        for process in self.running:
            if process.is_alive() and process.pid is not None:
                with suppress(OSError):
                    os.kill(process.pid, signal.SIGINT)
        for process in self.running:
            process.join()


def _context() -> BaseContext:
    """How processes are made: where the system can, from one that has imported torch once for all."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([work.__module__])
    return context


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Hold Ctrl-C back, in this process and in those that it starts, where the system can."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _worker(opening: Opening) -> None:
    """What a process of `Processes` does: work, until nothing is left, or its parent is gone."""
    parent = multiprocessing.parent_process()
    tqdm.set_lock(RLock())  # it would make one for several processes, which a killed one leaves to the system
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        work(opening, alone=lambda: parent is not None and not parent.is_alive())
    except KeyboardInterrupt:
        sys.exit(0)
    except Unreachable:  # all workers meet it at once, and the process that started them says it for all
        sys.exit(NO_STORAGE)
    except UserError as problem:
        print(f"worker: {problem}", file=sys.stderr)
        sys.exit(MISTAKE)


def line(row: Row, configurations: int) -> str:
    """A configuration that has ended, in one line."""
    if row.state == "failed":
        outcome = f"failed: {row.about.get('problem') or 'its workers were killed'}"
    else:
        seconds = f"{row.about.get('seconds', 0):.0f} s, {row.about.get('epochs', 0)} epochs"
        outcome = f"pruned after {seconds}" if row.state == "pruned" else f"val acc {row.value:.4f} ({seconds})"
    return f"{row.number + 1}/{configurations} - {described(row)}: {outcome}"


def described(row: Row) -> str:
    """The settings of a configuration, in one line."""
    return ", ".join(f"{name} {short(value)}" for name, value in row.settings.items())


def in_words(rows: list[Row]) -> str:
    """How far a search has come: what runs, what was pruned or failed, the best so far, the time left."""
    count = Counter(row.state for row in rows)
    words = [f"{count['running']} running"]
    words += [f"{count[state]} {state}" for state in ("pruned", "failed") if count[state]]
    complete = [row for row in rows if row.state == "complete"]
    if complete:
        words.append(f"best {max(row.value for row in complete):.4f}")
        each = sum(row.about.get("seconds", 0) for row in complete) / len(complete)
        left = each * (count["waiting"] + count["running"] / 2) / max(1, count["running"])
        words.append(f"about {_duration(left)} left")
    return ", ".join(words)


def summary(study: Study) -> str:
    """The line at the end: how many configurations ended in which way, the best one, and its folder."""
    rows = study.rows()
    count = Counter(row.state for row in rows)
    words = ", ".join(f"{count[state]} {state}" for state in ENDED if count[state])
    complete = [row for row in rows if row.state == "complete"]
    if not complete:
        return f"{words}; no trial has a result"
    best = max(complete, key=lambda row: (row.value, -row.number))
    return f"{words}. Best: {described(best)}: val acc {best.value:.4f}; {best.folder}"


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"
