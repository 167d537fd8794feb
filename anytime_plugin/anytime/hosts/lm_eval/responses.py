"""What a run leaves in an lm-eval sample: responses, which lm-eval logs as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from anytime.elicitation import Elicited, separated
from anytime.protocol import Reply

__all__ = ["WRAP", "Response", "read_response", "response", "scorer_name"]

WRAP = "anytime_wrap"
"""Our entry in the metadata of a task of others, by which its results are known."""

Response = tuple[str, str]
"""The trace as the model wrote it, and its checkpoints as JSON."""


def response(elicited: Elicited, method: Mapping[str, Any]) -> Response:
    """Write a response."""
    trace = "" if elicited.trace is None else elicited.trace.text
    record = elicited.to_json() | {"method": method}
    if elicited.mode == "interrupt":
        for checkpoint in record["checkpoints"]:
            if not checkpoint["forced"]:
                del checkpoint["answer"]  # the end of the trace, which stands beside
    return trace, json.dumps(record, ensure_ascii=False)


def read_response(response: Response) -> tuple[Elicited, Mapping[str, Any]]:
    """What a response tells: the checkpoints, and what was put into the prompt."""
    trace, written = response
    record = json.loads(written)
    method = record.pop("method", {})
    own = separated(Reply(trace)).text
    for checkpoint in record["checkpoints"]:
        checkpoint.setdefault("answer", own)
    return Elicited.from_json(record), method


def scorer_name(metric: str, filter_name: str) -> str:
    """A metric of a task of others behind a filter, as lm-eval's own results name it."""
    return f"{metric},{filter_name}"
