"""The figures that the documents and the lessons promise. `__main__.py` says how to measure and write them."""
