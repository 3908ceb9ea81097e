"""Benchmarks and studies: this project measured beside its rivals. README.md says how to run and extend them.

Every module is run from the root of the repository with `python -m`, for example `python -m benchmarks.bench`.
"""
