"""Samples that are written again: what was not touched is what it was, whatever stands in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.logs.inspect_ai.raw_samples import raw_sample

WORDS = st.sampled_from(
    [
        "plain",
        "\u00e9",
        "\ud800",
        "\U0001f600",
        '"scores":{',
        ',"events":[',
        '","store":{',
        "\\",
        "\n",
    ]
)
NAMES = WORDS | st.sampled_from(["scores", "store", "events", "error", "limit", "model_usage"])
VALUES = st.recursive(
    WORDS | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
SCORES = st.none() | st.dictionaries(NAMES, VALUES, max_size=2)


@st.composite
def samples(draw: st.DrawFn) -> dict[str, Any]:
    """Fields as Inspect has them, some missing; those before the transcript in any order."""
    fields = {
        "id": 1,
        "input": draw(VALUES),
        "messages": draw(VALUES),
        "output": draw(VALUES),
        "scores": draw(SCORES),
        "metadata": draw(VALUES),
        "store": draw(st.dictionaries(NAMES, VALUES, max_size=2)),
        "events": draw(st.lists(VALUES, max_size=2)),
        "model_usage": {},
        "error": draw(st.none() | st.just({"message": "no"})),
    }
    first = list(fields)[:-3]
    names = [*(draw(st.permutations(first)) if draw(st.booleans()) else first), *list(fields)[-3:]]
    left_out = draw(st.sets(st.sampled_from(["scores", "metadata", "events", "output"])))
    return {name: fields[name] for name in names if name not in left_out}


def as_logged(fields: dict[str, Any], ascii_alone: bool) -> bytes:
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=ascii_alone)
    return text.encode("utf-8", "surrogatepass")


@given(samples(), st.booleans())
def test_a_sample_is_written_with_what_was_put_into_it(
    fields: dict[str, Any], ascii_alone: bool
) -> None:
    if not ascii_alone and "\ud800" in str(fields):
        ascii_alone = True  # no UTF-8 has it
    raw = raw_sample("samples/1_epoch_1.json", as_logged(fields, ascii_alone))
    raw.fields["store"] = {**(raw.fields.get("store") or {}), "anytime": {"answer": "\u00fc"}}
    raw.fields["scores"] = {**(raw.fields.get("scores") or {}), "new": {"value": 0.5}}
    expected = dict(fields)
    expected["store"] = {**(fields.get("store") or {}), "anytime": {"answer": "\u00fc"}}
    expected["scores"] = {**(fields.get("scores") or {}), "new": {"value": 0.5}}
    assert json.loads(raw.text()) == expected


def test_what_comes_before_the_scores_is_copied() -> None:
    fields = {
        "id": 1,
        "messages": ["\u00e9", 1.50],
        "scores": {},
        "store": {},
        "events": [],
        "uuid": "u",
    }
    data = as_logged(fields, ascii_alone=False).replace(b"1.5", b"1.50")
    raw = raw_sample("samples/1_epoch_1.json", data)
    raw.fields["store"] = {"a": 1}
    before, _, _ = data.partition(b',"scores"')
    assert raw.text().startswith(before + b',"scores": {}, "store": {"a": 1},"events":[')


@pytest.mark.parametrize(
    "data",
    [
        b'{"id":1,"store":{"a":1},"scores":{"s":1},"store":{"b":2},"events":[]}',
        b'{"id":1,"id":2,"scores":{"s":1},"store":{},"events":[]}',
        b'{"id":1,"scores":{"s":1},"scores":{"t":2},"store":{},"events":[]}',
    ],
)
def test_a_key_that_stands_there_twice_is_what_json_makes_of_it(data: bytes) -> None:
    raw = raw_sample("samples/1_epoch_1.json", data)
    assert json.loads(raw.text()) == json.loads(data)
