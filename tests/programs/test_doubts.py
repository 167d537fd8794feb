"""What is said of a run's numbers, and that nothing is said where all is well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from anytime.cutting.tokens import cut_error
from anytime.programs.checkpoints import Checkpoint, Elicited
from anytime.programs.doubts import Doubts

POINT = Checkpoint(
    budget=64,
    answer="204",
    forced=True,
    tokens=64,
    answer_tokens=4,
    leaked_reasoning_tokens=0,
    finish="stop",
    cut="exact",
)


def elicited(*budgets: int, **point: Any) -> Elicited:
    points = tuple(replace(POINT, budget=budget, tokens=budget, **point) for budget in budgets)
    return Elicited("interrupt", 512, "stop", points)


def said(*traces: Elicited, **known: Any) -> list[str]:
    doubts = Doubts()
    for trace in traces:
        doubts.add(trace)
    return doubts.sentences(**known)


def test_where_all_is_well_nothing_is_said() -> None:
    assert said(elicited(64, 128), elicited(64, 128), unparsed=0.2) == []
    assert said() == []


@pytest.mark.parametrize(("failed", "told"), [(1, False), (2, True)])
def test_failures_are_told_above_five_percent(failed: int, told: bool) -> None:
    traces = [elicited(64, failed="refusal") for _ in range(failed)]
    found = said(*traces, *[elicited(64)] * (20 - failed))
    assert bool(found) is told
    if told:
        assert found[0].startswith("2 of 20 traces have a budget at which the model gave no answer")
        assert "(2 refusal)" in found[0]


def test_failures_that_were_left_out_before_count_too() -> None:
    (found,) = said(*[elicited(64)] * 6, left_out={"empty reply": 4})
    assert found.startswith("4 of 10 traces")


def test_answers_that_end_at_their_cap() -> None:
    (found,) = said(elicited(64, 128, finish="length"), elicited(64))
    assert found.startswith("2 of 3 forced answers end at their cap")
    assert said(elicited(64, finish="length"), elicited(64)) == []


def test_leaks_are_large_against_their_budget() -> None:
    (found,) = said(elicited(64, 2048, leaked_reasoning_tokens=212))
    assert "212 at 64 tokens on average" in found
    assert "2048" not in found
    assert "not budget-limited" in found
    assert said(elicited(64, leaked_reasoning_tokens=12)) == []


def test_a_curve_of_answers_that_are_not_read() -> None:
    (found,) = said(elicited(64), unparsed=0.68)
    assert found.startswith("68% of the answers cannot be read")


def test_tags_counts_and_ends_that_were_inferred() -> None:
    odd = replace(
        elicited(64, unframed="<think>"),
        ended_by="tokens",
        doubt="1 tokens reported for 900 characters",
    )
    found = said(odd, replace(elicited(64), ended_by="frame"))
    assert [sentence for sentence in found if "(1 <think>)" in sentence]
    assert [sentence for sentence in found if "counts that cannot be for 1 of 2" in sentence]
    assert [s for s in found if "no reason for their end" in s and s.startswith("1 of 2")]
    assert [s for s in found if "never closed their reasoning" in s and s.startswith("1 of 2")]


def test_cuts_that_are_off_by_more_than_a_step() -> None:
    coarse = said(elicited(64, 128, cut="calibrated"))
    assert coarse == []
    (fine,) = said(elicited(100, 104, cut="calibrated"))
    assert fine.startswith("cuts at 104 tokens may be off by 9%")
    assert "only 4% less" in fine
    assert said(elicited(100, 104, cut="tokenizer")) == []


def test_cuts_of_several_kinds_are_named() -> None:
    (found,) = said(elicited(64, 128), elicited(64, 128, cut="calibrated"))
    assert found == "cuts were found in several ways (2 calibrated, 2 exact)"


def test_answer_tokens_by_budget() -> None:
    doubts = Doubts()
    doubts.add(elicited(64, 128, answer_tokens=4))
    doubts.add(elicited(64, answer_tokens=8))
    doubts.add(elicited(64, forced=False, answer_tokens=0))
    doubts.add(elicited(64, answer_tokens=None))
    assert doubts.answer_tokens == {64: 6.0, 128: 4.0}


def test_errors_fall_with_the_budget_and_exact_cuts_have_none() -> None:
    sizes = [cut_error("calibrated", budget) for budget in (4, 8, 16, 64, 100, 256, 1024, 99999)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[1] == 0.25
    assert cut_error("exact", 64) == cut_error("tokenizer", 64) == cut_error("calibrated", 0) == 0
    assert all(cut_error("estimated", b) > cut_error("calibrated", b) for b in (16, 64, 4096))
