"""What each remedy really does to a training with a known fault. `__main__.py` says how to run it."""
