"""The stopping rules that come with anytime, through the hook that other packages use too.

They are imported when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anytime.hookspecs import hookimpl

if TYPE_CHECKING:
    from anytime.statistics.stopping import StoppingRule

__all__ = ["anytime_stopping_rules"]


@hookimpl
def anytime_stopping_rules() -> list[StoppingRule]:
    """The stopping rules that come with anytime; first the one that others are compared with."""
    from anytime.statistics.stopping import CONFIDENT, DYNASOR, FIXED, STABLE, VOTE

    return [FIXED, STABLE, DYNASOR, VOTE, CONFIDENT]
