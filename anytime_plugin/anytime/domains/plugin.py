"""The domains that come with anytime, through the hook that other packages use too.

They are imported when they are asked for: most commands on finished runs never do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anytime.hookspecs import hookimpl

if TYPE_CHECKING:
    from anytime.domains.base import Domain

__all__ = ["anytime_domains"]


@hookimpl
def anytime_domains() -> list[Domain]:
    """The domains that come with anytime."""
    from anytime.domains.aime import AIME
    from anytime.domains.gpqa import GPQA
    from anytime.domains.trip import TRIP

    return [TRIP, AIME, GPQA]
