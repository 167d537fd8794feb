"""Inspect AI solvers, one per file: `anytime/budget` and what is built on it."""

from anytime.solvers.budget import budget

__all__ = ["budget"]
