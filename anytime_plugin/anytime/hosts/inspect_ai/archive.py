"""The file format of Inspect's logs, as far as it is read and written here; nothing is imported.

Inspect's own readers parse and validate all of a sample, and most of it is the transcript, which
nobody looks at here; its writer cannot write a sample that was not parsed. And to import Inspect
takes longer than to read most logs. `tests/hosts/inspect_ai/test_private.py` tells when a later
Inspect writes in another way.
"""

from __future__ import annotations

__all__ = [
    "BEHIND_TRANSCRIPT",
    "HEADER_MEMBER",
    "REDUCTIONS_MEMBER",
    "RESULTS",
    "START_MEMBER",
    "SUMMARIES_MEMBER",
    "TRANSCRIPT",
    "TROUBLE",
    "VERSION",
    "is_sample_member",
    "sample_member",
]

VERSION = 2
"""The format of today's logs. Older ones are converted by Inspect, later ones are refused."""

HEADER_MEMBER = "header.json"
START_MEMBER = "_journal/start.json"
"""What is known when a run begins: all there is of one that was killed."""

REDUCTIONS_MEMBER = "reductions.json"
SUMMARIES_MEMBER = "summaries.json"

TRANSCRIPT = b',"events":['
"""Where the bulk of a sample begins. Quotation marks within a JSON text are escaped, so this stands
at a key; where it is a key of something else, what comes before it is no JSON object."""

RESULTS = b',"scores":{'
"""Where messages and output, the other bulk of a sample, end."""

BEHIND_TRANSCRIPT = b'],"model_usage":{'
"""What follows the transcript, or stands within it."""

TROUBLE = (b'"error":{', b'"limit":{', b'"invalidation":{')
"""Where what comes after the transcript has to be looked at too."""


def sample_member(id_: str | int, epoch: int) -> str:
    """The member of an `.eval` archive that a sample is."""
    return f"samples/{id_}_epoch_{epoch}.json"


def is_sample_member(name: str) -> bool:
    """Whether a member of an `.eval` archive is a sample."""
    return name.startswith("samples/") and name.endswith(".json")
