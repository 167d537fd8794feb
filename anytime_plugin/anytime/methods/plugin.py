"""The methods that come with anytime, through the hook that other packages use too.

They are imported when they are asked for: commands on finished runs never do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anytime.hookspecs import hookimpl

if TYPE_CHECKING:
    from anytime.methods.base import Method

__all__ = ["anytime_methods"]


@hookimpl
def anytime_methods() -> list[Method]:
    """The methods that come with anytime; first the problem as it is, the baseline of all."""
    from anytime.methods.base import PLAIN, Method
    from anytime.methods.leap import LEAP
    from anytime.methods.pdp import PDP, PDP_PLUS

    return [Method(PLAIN), PDP, PDP_PLUS, LEAP]
