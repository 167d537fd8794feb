"""A logged sample as far as it is parsed, which is as far as its transcript, and written again."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any, NamedTuple

from anytime.hosts.inspect_ai.archive import BEHIND_TRANSCRIPT, RESULTS, TRANSCRIPT, TROUBLE

__all__ = ["RawSample", "between", "raw_sample"]


class RawSample(NamedTuple):
    """A sample as it is to be written again.

    Attributes:
        name: Its member in an archive; empty in a `.json` log.
        fields: As JSON values: those before the transcript, or all.
        rest: What follows them, from the comma on; empty where all were parsed.
        head: The text of the first of them, up to the scores; empty where it was not looked for.
        named: How many of them that text holds.
    """

    name: str
    fields: dict[str, Any]
    rest: bytes
    head: bytes = b""
    named: int = 0

    def text(self) -> bytes:
        """The sample as JSON, with what was changed in its fields from the scores on."""
        if not self.head:
            whole = json.dumps(self.fields).encode()
            return whole[:-1] + self.rest if self.rest else whole
        changed = dict(islice(self.fields.items(), self.named, None))
        return b"%b,%b%b" % (self.head, json.dumps(changed).encode()[1:-1], self.rest)


def raw_sample(name: str, data: bytes) -> RawSample:
    """The sample that a member of an archive is."""
    end = data.find(TRANSCRIPT)
    behind = max(end, data.find(BEHIND_TRANSCRIPT, end))
    if end > 0 and not any(data.find(mark, behind) > 0 for mark in TROUBLE):
        begin = data.find(RESULTS, 0, end)
        if begin > 0 and (head := _object(data[:begin] + b"}")) is not None:
            behind_head = between(data, begin + 1, end)
            if behind_head is not None and not head.keys() & behind_head.keys():
                return RawSample(name, head | behind_head, data[end:], data[:begin], len(head))
        fields = between(data, 1, end)
        if fields is not None:
            return RawSample(name, fields, data[end:])
    whole = json.loads(data)
    if not isinstance(whole, dict):
        raise ValueError(f"{name} is no sample")
    return RawSample(name, whole, b"")


def between(data: bytes, begin: int, end: int) -> dict[str, Any] | None:
    """The fields that stand there; None where the marks were keys of something else."""
    found = _object(b"{%b}" % data[begin:end])
    return found if found is not None and "store" in found else None


def _object(data: bytes) -> dict[str, Any] | None:
    """A JSON object; None where it is none by itself."""
    try:
        found: dict[str, Any] = json.loads(data)
    except ValueError:
        return None
    return found
