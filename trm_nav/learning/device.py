"""Where and how PyTorch computes: the device a run asks for, and the state of the processor while it trains."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from trm_nav.errors import UserError


def choose_device(name: str) -> torch.device:
    """`auto` is a CUDA device where there is one. Raises UserError for a device that is not here."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UserError(
            f"there is no device {name} here: PyTorch finds {torch.cuda.device_count()} CUDA devices; "
            "use --device cpu, or leave --device out"
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UserError("there is no device mps here: it needs a Mac with an Apple chip; use --device cpu")
    return device


@contextmanager
def processor_set(threads: int | None) -> Iterator[None]:
    """Compute on so many CPU threads, and take numbers too small for full precision as 0: gradients that vanish would
    otherwise slow a CPU down. Both hold for the calling thread, and are as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)
