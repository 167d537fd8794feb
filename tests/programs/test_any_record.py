"""Records read from files, any JSON in any field: one sentence, or numbers that can be used."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime import BudgetGrid, Elicited, Message, Reply, interrupt
from anytime.domains.base import Grade
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.records import KEY
from anytime.logs.inspect_ai.log_file import LoggedSample
from anytime.programs.doubts import Doubts
from anytime.programs.elicit import GENERIC_CUE
from anytime.rows import rows_of_trace
from anytime.runs import GradedTrace, RunInfo
from tests.feeding import feed
from tests.odd_texts import json_values

BUDGETS = BudgetGrid([1, 2, 64])
PROGRAM = interrupt(
    (Message("user", "?"),),
    BUDGETS,
    cue=GENERIC_CUE,
    continuation="reprompt",
    answer_tokens=8,
)
GOOD = feed(PROGRAM, lambda request: Reply("one two three", output_tokens=3, seconds=0.5))[
    0
].to_json()
INFO = RunInfo(
    harness=None,
    log="a",
    run="b",
    task="c",
    domain=None,
    dataset="d",
    revision=None,
    split=None,
    model="e",
    scorers=("f",),
    envelope="mean",
    scale="linear",
    q_max=1.0,
    seed=0,
)


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A good record with something else in one of its fields, or without it."""
    record: dict[str, Any] = copy.deepcopy(GOOD)
    holder = draw(st.sampled_from([record, *record["checkpoints"]]))
    name = draw(st.sampled_from([*holder, "cost", "doubt", "failed", "frame", "trace", "other"]))
    if draw(st.booleans()):
        holder[name] = draw(json_values)
    else:
        holder.pop(name, None)
    return record


@given(damaged())
def test_a_damaged_record_is_refused_in_a_sentence_or_can_be_used(record: dict[str, Any]) -> None:
    try:
        elicited = Elicited.from_json(record)
    except ValueError as error:
        refused = str(error)
    else:
        refused = ""
        grades = [Grade(1.0, True, "1")] * len(elicited.checkpoints)
        list(rows_of_trace(INFO, GradedTrace("p", 1, elicited, {}, grades, "f")))
        doubts = Doubts()
        doubts.add(elicited)
        doubts.sentences(0.0)
        json.dumps(elicited.to_json(), allow_nan=False)
    assert "\n" not in refused


@given(json_values)
def test_what_is_no_record_at_all(kept: Any) -> None:
    with pytest.raises(ValueError, match=r"^its checkpoints are"):
        Elicited.from_json(kept)


@given(st.one_of(damaged(), json_values.map(lambda kept: {"checkpoints": kept})))
def test_a_sample_of_inspect_with_one_is_named(record: dict[str, Any]) -> None:
    sample = LoggedSample("s1", 2, {}, {KEY: record}, None, None, None, None)
    try:
        sample.record()
    except AnytimeError as error:
        told = str(error)
        assert told.startswith("sample s1, epoch 2, is damaged: ")
        assert "\n" not in told
