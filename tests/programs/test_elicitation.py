"""The programs, by feeding replies."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime import (
    AnytimeError,
    BudgetGrid,
    Cue,
    Elicited,
    HiddenReasoningError,
    Message,
    Reply,
    Request,
    contract,
    interrupt,
)
from anytime.cutting.frames import separated
from anytime.settings import Continuation
from tests.feeding import feed

QUESTION = (Message("system", "Be brief."), Message("user", "What is 6 * 7?"))
CUE = Cue(ask="Time is up: answer.", begin="Answer: ")


def words(count: int, finish: str = "stop", reasoning: int = 0) -> Reply:
    """A reply of so many one-word tokens, the first `reasoning` of them thought."""
    tokens = [f"w{i} " for i in range(count)]
    return Reply(
        text="".join(tokens[reasoning:]),
        reasoning="".join(tokens[:reasoning]),
        output_tokens=count,
        token_bytes=tuple(token.encode() for token in tokens),
        token_ids=tuple(range(100, 100 + count)),
        finish=finish,  # type: ignore[arg-type]
    )


def ask(
    trace: Reply,
    budgets: list[int],
    continuation: Continuation = "reprompt",
    answer: Reply | None = None,
) -> tuple[Elicited, list[list[Request]]]:
    program = interrupt(
        QUESTION, BudgetGrid(budgets), cue=CUE, continuation=continuation, answer_tokens=50
    )
    forced = answer or Reply("42", output_tokens=1)
    return feed(program, lambda request: trace if request.kind == "trace" else forced)


def test_one_trace_then_one_forced_answer_per_budget_below_its_length() -> None:
    elicited, (first, second) = ask(words(10), [2, 4, 8, 16, 32])
    assert first == [Request(QUESTION, 32, "trace")]
    assert [request.budget for request in second] == [2, 4, 8]
    assert [c.forced for c in elicited.checkpoints] == [True, True, True, False, False]
    assert [c.tokens for c in elicited.checkpoints] == [2, 4, 8, 10, 10]
    assert [c.answer for c in elicited.checkpoints] == ["42"] * 3 + [words(10).text] * 2
    assert {c.cut for c in elicited.checkpoints} == {"exact", None}
    assert all(not request.thinking and request.max_tokens == 50 for request in second)


def test_reprompting_interrupts_the_model_in_its_own_words() -> None:
    _, (_, second) = ask(words(5), [2, 9])
    (request,) = second
    assert request.messages == (
        *QUESTION,
        Message("assistant", "w0 w1 "),
        Message("user", "Time is up: answer."),
    )


def test_a_budget_of_zero_asks_for_the_answer_at_once() -> None:
    elicited, (_, second) = ask(words(5), [0, 3])
    assert second[0].messages == (
        QUESTION[0],
        Message("user", "What is 6 * 7?\n\nTime is up: answer."),
    )
    assert elicited.checkpoints[0].tokens == 0


def test_prefill_begins_the_answer_and_grades_what_was_begun() -> None:
    elicited, (_, second) = ask(words(5), [2, 9], "prefill")
    assert second[0].messages[-1] == Message("assistant", "w0 w1 \n\nAnswer: ")
    assert elicited.checkpoints[0].answer == "Answer: 42"
    assert elicited.checkpoints[1].answer == words(5).text


def test_prefill_closes_the_reasoning_it_cuts() -> None:
    _, (_, second) = ask(words(9, reasoning=6), [2, 8, 12], "prefill")
    assert second[0].messages[-1].content == "<think>\nw0 w1 \n</think>\n\nAnswer: "
    assert second[1].messages[-1].content == (
        "<think>\nw0 w1 w2 w3 w4 w5 \n</think>\n\nw6 w7 \n\nAnswer: "
    )


def test_token_ids_are_handed_back_verbatim() -> None:
    _, (_, second) = ask(words(5), [0, 2, 9], "token_ids")
    assert [request.prefix_ids for request in second] == [(), (100, 101)]
    assert [request.cue for request in second] == ["Answer: ", "\n\nAnswer: "]
    assert second[0].messages == QUESTION


def test_token_ids_that_nobody_told_are_missed_in_words() -> None:
    trace = dataclasses.replace(words(5), token_ids=None)
    with pytest.raises(AnytimeError, match="use continuation=prefill or continuation=reprompt"):
        ask(trace, [2, 9], "token_ids")


def test_a_trace_stopped_by_the_cap_is_answered_by_force_everywhere() -> None:
    elicited, (_, second) = ask(words(8, finish="length"), [2, 4, 8])
    assert len(second) == 3
    assert all(checkpoint.forced for checkpoint in elicited.checkpoints)


def test_a_trace_stopped_below_its_cap_is_not_asked_twice_for_one_cut() -> None:
    elicited, (_, second) = ask(words(6, finish="length"), [2, 8, 16])
    assert len(second) == 2
    assert [checkpoint.tokens for checkpoint in elicited.checkpoints] == [2, 6, 6]


def test_a_back_end_that_ignores_the_cap_is_cut_at_it() -> None:
    elicited, (_, second) = ask(words(20), [2, 8])
    assert [request.budget for request in second] == [2, 8]
    assert elicited.checkpoints[-1].forced


def test_an_empty_completion_is_an_answer_of_nothing_everywhere() -> None:
    elicited, batches = ask(Reply("", output_tokens=0), [2, 8])
    assert len(batches) == 1
    assert [(c.answer, c.tokens, c.forced) for c in elicited.checkpoints] == [("", 0, False)] * 2


@pytest.mark.parametrize(
    "trace",
    [
        Reply("4", hidden_reasoning=True, output_tokens=900),
        Reply("4", reasoning="I multiplied.", hidden_reasoning=True, output_tokens=900),
        Reply("4", reasoning_tokens=880, output_tokens=900),
        Reply("", reasoning_tokens=900, output_tokens=900, finish="length"),
    ],
    ids=["encrypted", "summarised", "withheld", "withheld-and-capped"],
)
def test_hidden_reasoning_is_named_and_so_is_the_way_out(trace: Reply) -> None:
    with pytest.raises(HiddenReasoningError, match=r"reasoning is hidden.*use mode=contract"):
        ask(trace, [2, 8])


def test_without_any_count_the_error_names_the_tokenizer() -> None:
    with pytest.raises(AnytimeError, match="name a tokenizer"):
        ask(Reply("some text"), [2, 8])


@pytest.mark.parametrize(
    ("answer", "leaked", "graded"),
    [
        (Reply("42", reasoning="hm", reasoning_tokens=7, output_tokens=8), 7, "42"),
        (Reply("4" * 10, reasoning="a" * 30, output_tokens=40), 30, "4" * 10),
        (Reply("<think>\nlet me see\n</think>\n\n42", output_tokens=8), 7, "42"),
        (Reply("<think>\nlet me see", output_tokens=4), 4, ""),
        (Reply("42", reasoning="a b c"), 3, "42"),
        (Reply("42", output_tokens=1), 0, "42"),
    ],
    ids=["counted", "by-share", "inline", "inline-unclosed", "no-count", "none"],
)
def test_reasoning_sneaked_into_a_forced_answer_is_counted(
    answer: Reply, leaked: int, graded: str
) -> None:
    elicited, _ = ask(words(5), [2, 9], answer=answer)
    assert elicited.checkpoints[0].leaked_reasoning_tokens == leaked
    assert elicited.checkpoints[0].answer == graded
    assert elicited.checkpoints[1].leaked_reasoning_tokens == 0


def test_inline_thinking_of_a_trace_is_not_part_of_its_answer() -> None:
    trace = Reply("<think>\nsix sevens\n</think>\n\n42", output_tokens=9)
    elicited, (_, second) = ask(trace, [2, 16], "prefill")
    assert elicited.checkpoints[-1].answer == "42"
    assert second[0].messages[-1].content.count("<think>") == 1


def test_a_quoted_think_tag_is_text() -> None:
    reply = Reply("The tag <think> opens reasoning.")
    assert separated(reply) == reply


def test_contract_runs_once_per_budget_and_tells_it() -> None:
    def answer(request: Request) -> Reply:
        return words(request.max_tokens - 1)

    elicited, (batch,) = feed(contract(QUESTION, BudgetGrid([3, 9])), answer)
    assert [request.max_tokens for request in batch] == [3, 9]
    assert "budget of 3 tokens" in batch[0].messages[-1].content
    assert batch[0].messages[-1].content.startswith("What is 6 * 7?\n\n")
    assert [checkpoint.tokens for checkpoint in elicited.checkpoints] == [2, 8]
    assert elicited.mode == "contract"
    assert not any(checkpoint.forced for checkpoint in elicited.checkpoints)


def test_contract_takes_hidden_reasoning() -> None:
    hidden = Reply("42", hidden_reasoning=True, reasoning_tokens=5, output_tokens=6)
    elicited, _ = feed(contract(QUESTION, BudgetGrid([8, 16])), lambda request: hidden)
    assert [checkpoint.answer for checkpoint in elicited.checkpoints] == ["42", "42"]


def test_contract_refuses_budget_zero_before_it_asks() -> None:
    with pytest.raises(AnytimeError, match="contract mode cannot run with budget 0"):
        next(contract(QUESTION, BudgetGrid([0, 8])))


def test_what_is_logged_reads_back() -> None:
    elicited, _ = ask(words(10), [2, 16])
    assert Elicited.from_json(elicited.to_json()) == dataclasses.replace(elicited, trace=None)


@given(
    length=st.integers(0, 60),
    reasoning=st.integers(0, 60),
    capped=st.booleans(),
    budgets=st.sets(st.integers(0, 70), min_size=2, max_size=8).map(sorted),
)
def test_calls_and_tokens_follow_from_the_length(
    length: int, reasoning: int, capped: bool, budgets: list[int]
) -> None:
    length = min(length, budgets[-1])
    capped = capped and length == budgets[-1] > 0
    trace = words(length, "length" if capped else "stop", min(reasoning, length))
    elicited, batches = ask(trace, budgets)
    below = [b for b in budgets if b < length or capped]
    assert sum(map(len, batches)) == 1 + len(below)
    assert [c.budget for c in elicited.checkpoints] == budgets
    assert [c.forced for c in elicited.checkpoints] == [b in below for b in budgets]
    assert [c.tokens for c in elicited.checkpoints] == [min(b, length) for b in budgets]
