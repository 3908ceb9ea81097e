"""trm_nav: a Tiny Recursive Model learns from A* to walk grid mazes.

Importing the package loads none of its rooms; each public name is fetched from its own when it is first used.
"""

from importlib import import_module

__version__ = "0.1.0"

_ROOM = {
    "generate_mazes": "grids",
    "optimal_actions": "expert",
    "create_model": "model",
    "load_model": "checkpoint",
    "plan": "rollout",
    "set_seed": "reproducibility",
    "UserError": "errors",
}
__all__ = sorted(_ROOM)


def __getattr__(name: str):
    if name not in _ROOM:
        raise AttributeError(f"module 'trm_nav' has no attribute {name!r}")
    return getattr(import_module(f".{_ROOM[name]}", __name__), name)


def __dir__():
    return sorted([*globals(), *__all__])
