"""Forced answers by feeding replies: graded, leaked, failed, counted."""

from __future__ import annotations

import dataclasses

import pytest

from anytime import BudgetGrid, Cue, Elicited, Message, Reply, Request, contract, interrupt
from anytime.cutting.ends import checked_count, ended
from anytime.domains.base import Domain
from anytime.plugins import get_domain
from anytime.programs.answers import AnswerRules, answer_rules, leaked_tokens
from anytime.settings import Continuation
from tests.feeding import feed

QUESTION = (Message("user", "What is 100 + 104?"),)
CUE = Cue(ask="Time is up: answer.", begin="Answer: \\boxed{")
PAD = "We add the two numbers slowly and check each digit with care. " * 12
AIME = get_domain("aime")


def end_of_box(text: str) -> int:
    """Behind the first closing brace."""
    return text.index("}") + 1 if "}" in text else len(text)


RULES = AnswerRules(stop=("}",), end=end_of_box, strip=AIME.strip)


def ask(
    trace: Reply,
    answer: Reply,
    budgets: tuple[int, ...] = (16, 1024),
    continuation: Continuation = "reprompt",
    rules: AnswerRules = RULES,
    answer_tokens: int = 512,
) -> tuple[Elicited, list[list[Request]]]:
    program = interrupt(
        QUESTION,
        BudgetGrid(budgets),
        cue=CUE,
        continuation=continuation,
        answer_tokens=answer_tokens,
        rules=rules,
    )
    return feed(program, lambda request: trace if request.kind == "trace" else answer)


TRACE = Reply(PAD + "\\boxed{204}", output_tokens=170)


def test_prefilled_answers_stop_where_they_end_and_others_do_not() -> None:
    _, (_, prefilled) = ask(TRACE, Reply("204", output_tokens=2), continuation="prefill")
    assert [request.stop for request in prefilled] == [("}",)]
    _, (first, reprompted) = ask(TRACE, Reply("204", output_tokens=2))
    assert [request.stop for request in (*first, *reprompted)] == [(), ()]


def test_the_first_complete_answer_after_the_cue_is_graded() -> None:
    ran_on = Reply("204}. Problem 2: what is 1 + 6? \\boxed{7}", output_tokens=20)
    elicited, _ = ask(TRACE, ran_on, continuation="prefill")
    assert elicited.checkpoints[0].answer == "Answer: \\boxed{204}"
    assert elicited.checkpoints[0].leaked_reasoning_tokens == 0
    # In its own words the model may come to its answer late.
    elicited, _ = ask(TRACE, Reply("\\boxed{100}? No: \\boxed{204}", output_tokens=20))
    assert elicited.checkpoints[0].answer == "\\boxed{100}? No: \\boxed{204}"


@pytest.mark.parametrize(
    ("said", "begun", "tokens", "low", "high"),
    [
        ("\\boxed{204}", "", 5, 0, 0),
        ("The answer is \\boxed{204}.", "", 8, 0, 0),
        (PAD + "\\boxed{204}", "", 174, 165, 173),
        (PAD + "</think>\n\n\\boxed{204}", "", 174, 160, 174),
        ("<think>" + PAD + "</think>" + PAD + "\\boxed{204}", "", 340, 325, 339),
        (PAD, "", 170, 170, 170),
        ("204}", "\\boxed{", 2, 0, 0),
        ("204}. " + PAD, "\\boxed{", 170, 0, 0),
        (PAD + "\\boxed{204}", "\\boxed{", 174, 145, 173),
        ("I cannot say yet.", "", 5, 0, 0),
    ],
    ids=[
        "bare",
        "sentence",
        "aloud",
        "closing-tag",
        "framed-and-aloud",
        "no-answer-at-the-cap",
        "begun",
        "begun-and-run-on",
        "begun-and-aloud",
        "ended-without-answer",
    ],
)
def test_reasoning_in_plain_sight_is_leaked(
    said: str, begun: str, tokens: int, low: int, high: int
) -> None:
    finish = "length" if said == PAD else "stop"
    reply = Reply(said, output_tokens=tokens, finish=finish)  # type: ignore[arg-type]
    assert low <= leaked_tokens(reply, begun, RULES) <= high


def test_without_rules_nothing_in_plain_sight_is_taken_for_reasoning() -> None:
    reply = Reply(PAD + "\\boxed{204}", output_tokens=174, finish="length")
    assert leaked_tokens(reply, "", AnswerRules()) == 0


def test_the_rules_of_a_domain() -> None:
    rules = answer_rules(AIME)
    assert rules == AnswerRules(AIME.stop, AIME.end_of_answer, AIME.strip)
    assert answer_rules(None) == AnswerRules()
    assert Domain.__dataclass_fields__["stop"].default == ()


@pytest.mark.parametrize("reason", ["content filter", "empty reply"])
def test_a_trace_that_failed_is_asked_nothing_more(reason: str) -> None:
    failed = Reply("", finish="filter", failed=reason)
    elicited, batches = ask(failed, Reply("204", output_tokens=2))
    assert len(batches) == 1
    assert [point.failed for point in elicited.checkpoints] == [reason, reason]
    assert elicited.failed == reason
    again = Elicited.from_json(elicited.to_json())
    assert again == dataclasses.replace(elicited, trace=None)


def test_a_forced_answer_that_failed_is_told_from_one_that_cannot_be_read() -> None:
    elicited, _ = ask(TRACE, Reply("", failed="refusal"))
    assert [point.failed for point in elicited.checkpoints] == ["refusal", None]
    assert elicited.failed == "refusal"
    elicited, _ = ask(TRACE, Reply("", output_tokens=1))
    assert elicited.failed == ""


def test_a_contract_run_that_failed() -> None:
    replies = {16: Reply("", failed="empty reply"), 64: Reply("204", output_tokens=2)}
    program = contract(QUESTION, BudgetGrid([16, 64]))
    elicited, _ = feed(program, lambda request: replies[request.max_tokens])
    assert [point.failed for point in elicited.checkpoints] == ["empty reply", None]


@pytest.mark.parametrize(
    ("finish", "tokens", "cap", "expected"),
    [
        ("other", 1024, 1024, "length"),
        ("other", 1023, 1024, "length"),
        ("other", 1014, 1024, "length"),
        ("other", 1000, 1024, "other"),
        ("other", 15, 16, "length"),
        ("other", 14, 16, "other"),
        ("other", None, 16, "other"),
        ("other", 2000, 1024, "length"),
        ("stop", 1024, 1024, "stop"),
        ("filter", 1024, 1024, "filter"),
        ("length", 3, 1024, "length"),
    ],
)
def test_tokens_at_the_cap_mean_cut_off(
    finish: str, tokens: int | None, cap: int, expected: str
) -> None:
    assert ended(finish, tokens, cap) == expected  # type: ignore[arg-type]


def test_exact_counts_have_no_slack_and_guessed_ones_much() -> None:
    assert ended("other", 15, 16, exact=True) == "other"
    assert ended("other", 16, 16, exact=True) == "length"
    assert ended("other", 900, 1024, guessed=True) == "length"


def test_a_capped_trace_without_a_reason_is_forced_at_the_largest_budget_too() -> None:
    capped = Reply(PAD, output_tokens=168, finish="other")
    elicited, _ = ask(capped, Reply("204", output_tokens=2), budgets=(16, 168))
    assert [point.forced for point in elicited.checkpoints] == [True, True]
    assert (elicited.finish, elicited.ended_by) == ("length", "tokens")
    assert Elicited.from_json(elicited.to_json()).ended_by == "tokens"


def test_an_open_frame_is_cut_off_whatever_the_server_says() -> None:
    elicited, _ = ask(Reply("<think>" + PAD, output_tokens=168), Reply("204", output_tokens=2))
    assert all(point.forced for point in elicited.checkpoints)
    assert (elicited.finish, elicited.ended_by) == ("length", "frame")


def test_a_contract_run_at_its_cap_was_cut_off() -> None:
    program = contract(QUESTION, BudgetGrid([16, 168]))
    elicited, _ = feed(program, lambda request: Reply(PAD, output_tokens=168, finish="other"))
    assert elicited.checkpoints[-1].finish == "length"
    assert elicited.ended_by == "tokens"


@pytest.mark.parametrize(
    ("reported", "text", "cap", "doubtful"),
    [
        (170, PAD, 1024, False),
        (90, PAD, 1024, False),
        (700, PAD, 1024, False),
        (1, PAD, 1024, True),
        (0, PAD, 1024, True),
        (-5, PAD, 1024, True),
        (10**9, PAD, 1024, True),
        (1025, PAD, 1024, True),
        (600, PAD, 512, True),
        (520, PAD * 3, 512, False),
        (1, "\\boxed{204}", 512, False),
        (0, "", 512, False),
        (3, "", 512, False),
        (170, "\\boxed{7}", 512, True),
        (10**9, "", 512, True),
    ],
)
def test_counts_that_cannot_be(reported: int, text: str, cap: int, doubtful: bool) -> None:
    reply, doubt = checked_count(Reply(text, output_tokens=reported), cap)
    assert bool(doubt) is doubtful
    if not doubtful:
        assert reply.output_tokens == reported
    elif text == PAD:
        assert 150 < (reply.output_tokens or 0) < 190
    if doubtful:
        assert f"{reported} tokens reported for {len(text)} characters" == doubt


def test_hidden_reasoning_takes_more_tokens_than_show() -> None:
    hidden = Reply("204", hidden_reasoning=True, output_tokens=900)
    assert checked_count(hidden, 1024) == (hidden, "")
    counted = Reply("204", reasoning_tokens=890, output_tokens=900)
    assert checked_count(counted, 1024) == (counted, "")


@pytest.mark.parametrize("reported", [1, 10**9, -1, 0])
def test_usage_that_lies_is_replaced_by_an_estimate_that_says_so(reported: int) -> None:
    trace = dataclasses.replace(TRACE, output_tokens=reported)
    elicited, _ = ask(trace, Reply("204", output_tokens=2))
    assert 150 < (elicited.tokens or 0) < 190
    assert [point.cut for point in elicited.checkpoints] == ["estimated", None]
    assert elicited.doubt == f"{reported} tokens reported for {len(TRACE.text)} characters"
    assert elicited.checkpoints[-1].answer == TRACE.text


def test_answer_tokens_that_lie_are_estimated() -> None:
    elicited, _ = ask(TRACE, Reply("\\boxed{204}", output_tokens=10**9))
    point = elicited.checkpoints[0]
    assert point.answer_tokens is not None
    assert point.answer_tokens < 12
    assert point.doubt == "1000000000 tokens reported for 11 characters"


def test_a_tag_in_a_graded_answer_is_told() -> None:
    elicited, _ = ask(TRACE, Reply("the <think> tag, 204", output_tokens=6))
    assert [point.unframed for point in elicited.checkpoints] == ["<think>", None]
