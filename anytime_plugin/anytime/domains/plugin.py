"""The domains that come with anytime, through the hook that other packages use too."""

from __future__ import annotations

from anytime.domains.aime import AIME
from anytime.domains.base import Domain
from anytime.domains.gpqa import GPQA
from anytime.domains.trip import TRIP
from anytime.hookspecs import hookimpl

__all__ = ["anytime_domains"]


@hookimpl
def anytime_domains() -> list[Domain]:
    """The domains that come with anytime."""
    return [TRIP, AIME, GPQA]
