"""Training runs with a fault put into them on purpose. `__main__.py` says how to make and judge them."""
