"""The machine that runs a measurement: its processor, the versions installed on it, and how busy it is."""

import os
import platform
import time
from pathlib import Path


def cpu_name() -> str:
    """The processor's model name, or its architecture where the system gives no name."""
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(": ", 1)[1]
    return platform.processor() or platform.machine()


def processor() -> str:
    """The model name and the number of cores. Results from different processors are never mixed."""
    return f"{cpu_name()}, {os.cpu_count()} cores"


def machine() -> str:
    """The processor, PyTorch's threads, the versions and today's date, in one line."""
    import torch

    threads = torch.get_num_threads()
    return (
        f"{processor()}, {threads} thread{'' if threads == 1 else 's'}; Python {platform.python_version()}, "
        f"PyTorch {torch.__version__}; {time.strftime('%Y-%m-%d')}"
    )


def load() -> float | None:
    """The load average of the last minute: how many processes wanted a core. None where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def load_text(load: float | None) -> str:
    """A sentence for a report. Other work distorts times, above all the gain from a second core."""
    return "" if load is None else f"The load average before the first round was {load:.1f}."
