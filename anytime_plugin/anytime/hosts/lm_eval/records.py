"""What a run leaves in an lm-eval sample: responses, which lm-eval logs as text."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from anytime.cutting.frames import answer_of, opened_by
from anytime.programs.checkpoints import Elicited
from anytime.protocol import Reply

__all__ = [
    "ANNOTATED",
    "PARSED",
    "QUALITY",
    "WRAP",
    "Response",
    "as_written",
    "document_name",
    "no_content",
    "read_response",
    "response",
    "scorer_name",
    "to_record",
]

_ONCE = "LMEVAL_MODEL_NONE_ANSWER_PLACEHOLDER"
"""What a log may hold where a service returned no text: the name of the variable itself."""

ANNOTATED = "anytime"
"""Our key in the lines of a samples file that `anytime annotate` wrote."""

WRAP = "anytime_wrap"
"""Our entry in the metadata of a third-party task, by which its results are recognised."""

QUALITY, PARSED = "q", "parsed"
"""Values of a domain in annotated lines: the quality, and whether an answer could be extracted."""

Response = tuple[str, str | Mapping[str, Any]]
"""The trace as the model wrote it, and its checkpoints as JSON; `anytime annotate` puts them into
the samples file as a JSON object, not as a text."""


def response(elicited: Elicited, method: Mapping[str, Any]) -> Response:
    """Write a response."""
    trace = "" if elicited.trace is None else elicited.trace.text
    return trace, json.dumps(to_record(elicited) | {"method": method}, ensure_ascii=False)


def to_record(elicited: Elicited) -> dict[str, Any]:
    """The checkpoints as JSON values, without answers that are parts of the trace."""
    record = elicited.to_json()
    if elicited.one_trace:
        for checkpoint in record["checkpoints"]:
            if not checkpoint["forced"]:
                del checkpoint["answer"]
    return record


def no_content() -> str:
    """What lm-eval writes where a service returned no text: nothing, or what the user set."""
    return os.environ.get("LMEVAL_MODEL_NONE_ANSWER_PLACEHOLDER", "")


def as_written(text: str, context: Any, frame: str | None = None) -> str:
    """A logged response as the model wrote it, with the tag that opens its reasoning.

    A chat template may have written that tag (DeepSeek-R1's does): then it ends the prompt.
    """
    if text in ("", no_content(), _ONCE):
        return ""
    opening = opened_by(context, frame)
    return text if text.lstrip().startswith(opening.rstrip()) else opening + text


def read_response(response: Response) -> tuple[Elicited, Mapping[str, Any]]:
    """What a response tells: the checkpoints, and what was put into the prompt."""
    trace, written = response
    record = json.loads(written) if isinstance(written, str) else dict(written)
    method = record.pop("method", {})
    # What stands in a beginning of the trace is not repeated: the checkpoint tells where it ends.
    in_trace = record["mode"] == "intrace"
    own = "" if in_trace else answer_of(Reply(trace), record.get("frame"))
    record["checkpoints"] = [{"answer": own} | point for point in record["checkpoints"]]
    return Elicited.from_json(record), method


_IDS = ("id", "ID")
"""Fields by which a document may name itself."""


def document_name(doc: Any, number: Any) -> str:
    """What a document is called: by itself where it says, else by lm-eval's number."""
    fields = doc if isinstance(doc, Mapping) else {}
    return str(next((fields[name] for name in _IDS if fields.get(name) is not None), number))


def scorer_name(metric: str, filter_name: str) -> str:
    """A metric of a third-party task behind a filter, as lm-eval's own results name it."""
    return f"{metric},{filter_name}"
