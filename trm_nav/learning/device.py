"""Where and how PyTorch computes: the device of a run, its CPU threads, and the state of the processor."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from trm_nav.errors import UserError
from trm_nav.settings import ModelSettings, TrainSettings

WIDE = 64  # channels from which a second thread pays off
MOST_THREADS = 2  # more were not measured
THREADS_PER_PROCESSOR = 8  # a run of a larger machine must be able to go on; hundreds for each would not get anywhere


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is a CUDA device if there is one. Raises UserError if there is no such device."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = name.partition(":")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise UserError(
            f"there is no device {name} here: PyTorch finds {torch.cuda.device_count()} CUDA devices; use "
            "`device=cpu`, or leave `device` out"
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise UserError("there is no device mps here: it needs a Mac with an Apple chip; use `device=cpu`")
    return torch.device(name)


def default_threads(model: ModelSettings) -> int:
    """CPU threads for training a model when none are asked for; see `benchmarks/studies/threads.py`.

    Small models gain nothing from a second thread. Large ones do, but only if a thread that waits for the other one
    sleeps: one that spins instead makes training several times slower on a machine that is busy with something else.
    `trm_nav` asks for sleeping threads when it is imported before torch.
    """
    sleeps = os.environ.get("OMP_WAIT_POLICY", "").upper() == "PASSIVE"
    pays_off = model.mixing == "mlp" and model.dim >= WIDE
    return min(MOST_THREADS, torch.get_num_threads()) if sleeps and pays_off else 1


def choose_threads(settings: TrainSettings) -> int:
    """CPU threads for a training: those asked for, or the default.

    Raises UserError for so many that they would mostly wait for each other, on this machine.
    """
    most = THREADS_PER_PROCESSOR * (os.cpu_count() or 1)
    if settings.threads is not None and settings.threads > most:
        raise UserError(
            f"`threads={settings.threads}` was given, and {most} are the most that make sense on this machine with "
            f"{os.cpu_count()} processors; leave it out, or ask for fewer"
        )
    return settings.threads or default_threads(settings)


@contextmanager
def processor_set(threads: int | None) -> Iterator[None]:
    """Compute on so many CPU threads, None for as many as now, and round denormal numbers to zero.

    Denormals, too small for full precision, come from vanishing gradients and slow a CPU down. Both settings apply to
    the calling thread, and the previous state is restored afterwards.
    """
    threads_before, flushed_before = torch.get_num_threads(), flushes_denormals()
    torch.set_num_threads(threads or threads_before)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed_before)
        torch.set_num_threads(threads_before)


def flushes_denormals() -> bool:
    """Whether the processor rounds denormals to zero in the calling thread; Python's own floats show it."""
    smallest = sys.float_info.min
    return smallest / 2 == 0
