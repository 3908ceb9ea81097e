"""Attacks on the commands, the library, the notebooks and the files of a run. `__main__.py` says how to make them."""
