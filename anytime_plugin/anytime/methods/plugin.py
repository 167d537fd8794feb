"""The methods that come with anytime, through the hook that other packages use too."""

from __future__ import annotations

from anytime.hookspecs import hookimpl
from anytime.methods.base import PLAIN, Method
from anytime.methods.leap import LEAP
from anytime.methods.pdp import PDP, PDP_PLUS

__all__ = ["COT", "anytime_methods"]

COT = Method(PLAIN)
"""The problem as it is: the baseline of all methods."""


@hookimpl
def anytime_methods() -> list[Method]:
    """The methods that come with anytime."""
    return [COT, PDP, PDP_PLUS, LEAP]
