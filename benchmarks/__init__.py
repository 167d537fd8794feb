"""Measured comparisons; `python -m benchmarks.run` prints them."""
