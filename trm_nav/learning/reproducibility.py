"""Everything needed to reproduce a run: seeds, random states, versions, the command."""

import platform
import random
import shlex
import sys
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from trm_nav.settings import TrainSettings


def set_seed(seed: int) -> None:
    """Seed Python, NumPy and PyTorch, every CUDA device included, and ask cuDNN for deterministic algorithms.

    Raises UserError for a seed that is no whole number from 0 to 2**32 - 1.
    """
    seed = TrainSettings.of({"seed": seed.item() if isinstance(seed, np.integer) else seed}).seed
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False


def random_states() -> dict[str, Any]:
    """The state of every random number generator, in types that `torch.load(..., weights_only=True)` can read."""
    name, keys, *rest = np.random.get_state(legacy=True)
    return {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(np.asarray(keys, np.int64)), *rest),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_states(states: dict[str, Any]) -> None:
    """Restore the states that `random_states` returned. States of GPUs are skipped on a machine with other GPUs."""
    random.setstate(states["python"])
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(states["torch"])
    if torch.cuda.is_available() and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])


def provenance() -> dict[str, Any]:
    """Where a run came from: the command line, library versions, the platform."""
    libraries = ("trm_nav", "torch", "numpy")
    return {
        "command": shlex.join(sys.orig_argv),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in libraries}},
        "platform": platform.platform(),
    }
