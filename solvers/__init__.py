"""Inspect solvers, one per file; installed as `anytime.solvers`."""

from anytime.solvers.budget import budget
from anytime.solvers.cot import cot
from anytime.solvers.leap import leap
from anytime.solvers.pdp import pdp
from anytime.solvers.pdp_plus import pdp_plus

__all__ = ["budget", "cot", "leap", "pdp", "pdp_plus"]
