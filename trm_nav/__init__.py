"""trm_nav: a Tiny Recursive Model learns from A* to walk grid mazes.

Importing the package loads none of its modules; each public name is imported from its module on first use.
"""

from importlib import import_module

__version__ = "1.0.0"

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
__all__ = sorted(_MODULE)


def __getattr__(name: str):
    if name not in _MODULE:
        raise AttributeError(f"module 'trm_nav' has no attribute {name!r}")
    return getattr(import_module(f".{_MODULE[name]}", __name__), name)


def __dir__():
    return sorted([*globals(), *__all__])
