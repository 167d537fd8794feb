"""Inspect's scorers that look at the text alone say of it what they say of a whole sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.model import ModelName
from inspect_ai.scorer import (
    Score,
    Scorer,
    Target,
    answer,
    choice,
    exact,
    f1,
    includes,
    match,
    model_graded_qa,
    pattern,
    scorer,
)
from inspect_ai.solver import TaskState

from anytime.hosts.inspect_ai.private import grades_text_alone, state_of_text
from anytime.logs.inspect_ai.log_scorers import _Answering, _score

OF_TEXT: dict[str, Callable[[], Scorer]] = {
    "pattern": lambda: pattern(r"is (\d+)(?: or (\w+))?"),
    "pattern, all": lambda: pattern(r"(\w+) is (\d+)", match_all=True, ignore_case=False),
    "answer, letter": lambda: answer("letter"),
    "answer, line": lambda: answer("line"),
    "match": match,
    "match, number": lambda: match("any", numeric=True),
    "includes": includes,
    "exact": exact,
    "f1": f1,
}
WORDS = ["ANSWER: B", "ANSWER: 42", "the ", "is 42", "42", "\u00bd", " or b", "\n", "\r", "$1,000"]


def sample(target: str | list[str]) -> dict[str, Any]:
    asked = [{"role": "user", "content": "What?", "source": "input"}]
    return {"id": 1, "epoch": 1, "input": "What?", "target": target, "messages": asked}


@given(
    name=st.sampled_from(sorted(OF_TEXT)),
    text=st.lists(st.sampled_from(WORDS), max_size=6).map("".join) | st.text(max_size=20),
    target=st.sampled_from(["42", "B", "b", "the", ["42", "B"], "", "."]),
)
def test_the_score_is_that_of_a_whole_sample(name: str, text: str, target: Any) -> None:
    asked, wanted = OF_TEXT[name](), Target(target)
    assert grades_text_alone(asked)
    whole = anyio.run(asked, _Answering(sample(target), ModelName("none/none"))(text), wanted)
    assert anyio.run(asked, state_of_text(text), wanted) == whole


@scorer(metrics=[])
def of_others() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=float(state.input_text == "What?"), answer=state.output.completion)

    return score


@pytest.mark.parametrize("made", [choice(), of_others(), model_graded_qa(model="none/none")])
def test_those_that_may_look_at_more_have_the_whole_sample(made: Scorer) -> None:
    assert not grades_text_alone(made)


@pytest.mark.parametrize("taken_for_one_of_text", [False, True])
def test_one_that_looks_at_more_after_all_has_it(
    taken_for_one_of_text: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = of_others()
    if taken_for_one_of_text:
        monkeypatch.setattr(asked, "__module__", match().__module__)
        assert grades_text_alone(asked)
    answering = _Answering(sample("42"), ModelName("none/none"))
    for text in ("one", "other"):
        score = anyio.run(_score, asked, Target("42"), text, answering)
        assert score is not None
        assert (score.value, score.answer) == (1.0, text)
