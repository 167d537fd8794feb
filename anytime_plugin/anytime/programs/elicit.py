"""Which program a mode stands for, and what tasks that are no domain of ours are asked with."""

from __future__ import annotations

from anytime.domains.base import Cue

__all__ = ["GENERIC_CUE"]

GENERIC_CUE = Cue(
    ask=(
        "Your time is up. Give your final answer now, without any further reasoning, in exactly "
        "the format that was asked for."
    ),
    begin="My time is up. My final answer, in the format that was asked for:\n\n",
)
"""For tasks that are no domain of ours."""
