"""What a class will see in the laboratory, and what thirty students need. `__main__.py` says how to measure it."""
