"""trm_nav: a Tiny Recursive Model learns from A* to walk grid mazes.

Importing the package loads none of its modules; each public name is imported from its module on first use.
"""

import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "1.0.0"

# A thread that waits for another one sleeps instead of spinning: see learning.device.default_threads. PyTorch reads
# this variable when it is imported.
if "torch" not in sys.modules:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Until a command is loaded, Ctrl-C ends it without a traceback; cli.run takes over from there. While Python looks for
# the module in `python -m trm_nav.train`, argv[0] is "-m".
_loading_a_command = os.path.basename(sys.argv[0]) in ("-m", "generate_dataset.py")
if _loading_a_command and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

if TYPE_CHECKING:
    from .diagnosis.findings import diagnose
    from .errors import UserError
    from .learning.checkpoint import load_model
    from .learning.model import create_model
    from .learning.reproducibility import set_seed
    from .mazes.expert import optimal_actions
    from .mazes.grids import generate_mazes
    from .navigation.plan import plan

__all__ = [
    "UserError",
    "create_model",
    "diagnose",
    "generate_mazes",
    "load_model",
    "optimal_actions",
    "plan",
    "set_seed",
]
_MODULE = {
    "generate_mazes": "mazes.grids",
    "optimal_actions": "mazes.expert",
    "create_model": "learning.model",
    "load_model": "learning.checkpoint",
    "set_seed": "learning.reproducibility",
    "plan": "navigation.plan",
    "diagnose": "diagnosis.findings",
    "UserError": "errors",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module 'trm_nav' has no attribute {name!r}")
    return getattr(import_module(f".{_MODULE[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
