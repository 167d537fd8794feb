"""Mode `stop` by feeding slices: the requests that a rule allows, and no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from anytime import AnytimeError, BudgetGrid, Cue, Elicited, Message, Reply, Request, interrupt
from anytime.domains.aime import AIME
from anytime.domains.base import Problem
from anytime.plugins import get_domain, get_stopping_rule, known_stopping_rules
from anytime.programs.answers import answer_reader
from anytime.programs.elicit import Asked, check_strategy, elicit
from anytime.programs.stopping import stopping
from anytime.settings import Continuation, run_settings
from anytime.statistics.stopped import follow
from anytime.statistics.stopping import Probe, rules_named
from tests.feeding import feed

QUESTION = (Message("user", "What is 6 * 7?"),)
CUE = Cue(ask="Time is up: answer.", begin="Answer: ")
GRID = BudgetGrid([2, 4, 8, 16])


class Model:
    """A trace of one-word tokens, given in the slices it is asked for; answers by its length."""

    def __init__(self, length: int, answers: Sequence[str], *, thinks: bool = False) -> None:
        opening = ["<think>\n"] if thinks else []
        thought = [f"w{n} " for n in range(length - len(opening))]
        if thinks and length > 4:
            thought[-2] = "\n</think>\n"
        self.tokens = [*opening, *thought]
        self.answers = answers
        self.said: list[str] = []

    def __call__(self, request: Request) -> Reply:
        if request.kind == "answer":
            place = sum(budget <= (request.budget or 0) for budget in GRID) - 1
            return Reply(self.answers[max(0, place)], output_tokens=3)
        last = request.messages[-1]
        if request.prefix_ids is not None:
            start = len(request.prefix_ids)
            assert request.prefix_ids == tuple(range(start))
        elif last.role == "assistant":
            start = self.beginning(last.content)
        else:
            start = 0
        return self.part(start, request.max_tokens)

    def beginning(self, text: str) -> int:
        (count,) = [n for n in range(1, len(self.tokens) + 1) if "".join(self.tokens[:n]) == text]
        return count

    def part(self, start: int, count: int) -> Reply:
        tokens = self.tokens[start : start + count]
        return Reply(
            "".join(tokens),
            output_tokens=len(tokens),
            token_bytes=tuple(token.encode() for token in tokens),
            token_ids=tuple(range(start, start + len(tokens))),
            finish="stop" if start + count > len(self.tokens) else "length",
        )


def read(text: str) -> str | None:
    """The word after the cue; None for a dash, and for a trace that ended."""
    answer = text.removeprefix("Answer: ").strip()
    return None if answer == "-" or " " in answer or not answer else answer


def stop(
    model: Callable[[Request], Reply],
    rule: str = "stable:2",
    continuation: Continuation = "prefill",
    grid: BudgetGrid = GRID,
) -> tuple[Elicited, list[list[Request]]]:
    program = stopping(
        QUESTION,
        grid,
        rule=get_stopping_rule(rule),
        read=read,
        cue=CUE,
        continuation=continuation,
        answer_tokens=5,
    )
    return feed(program, model)


@pytest.mark.parametrize("thinks", [False, True])
@pytest.mark.parametrize("continuation", ["prefill", "token_ids"])
def test_slices_until_the_rule_has_seen_enough(continuation: Continuation, thinks: bool) -> None:
    elicited, batches = stop(Model(40, "abbb", thinks=thinks), "stable:2", continuation)
    asked = [request for (request,) in batches]
    assert [(r.kind, r.max_tokens, r.slice) for r in asked] == [
        ("trace", 2, 0),
        ("answer", 5, None),
        ("trace", 2, 1),
        ("answer", 5, None),
        ("trace", 4, 2),
        ("answer", 5, None),
    ]
    assert [(p.budget, p.tokens, p.answer) for p in elicited.checkpoints] == [
        (2, 2, "Answer: a"),
        (4, 4, "Answer: b"),
        (8, 8, "Answer: b"),
        (16, 8, "Answer: b"),
    ]
    assert (elicited.rule, elicited.stopped, elicited.tokens) == ("stable:2", 8, 8)
    assert elicited.strategy == "stop:stable:2"
    assert Elicited.from_json(elicited.to_json()).strategy == "stop:stable:2"


def test_a_trace_that_ends_answers_for_itself() -> None:
    elicited, batches = stop(Model(6, "abcd"))
    assert [request.kind for (request,) in batches] == ["trace", "answer"] * 2 + ["trace"]
    assert [(p.forced, p.tokens) for p in elicited.checkpoints] == [
        (True, 2),
        (True, 4),
        (False, 6),
        (False, 6),
    ]
    assert (elicited.stopped, elicited.finish) == (None, "stop")


def test_vote_goes_to_the_end_and_hands_over_the_plurality() -> None:
    elicited, batches = stop(Model(40, "abbc"), "vote")
    assert len(batches) == 8
    assert [p.answer[-1] for p in elicited.checkpoints] == ["a", "b", "b", "b"]
    assert elicited.checkpoints[-1].tokens == 16
    assert elicited.stopped is None


@given(
    st.integers(3, 24),
    st.lists(st.sampled_from("ab-"), min_size=4, max_size=4),
    st.sampled_from(["stable:2", "stable:3", "vote"]),
    st.booleans(),
)
def test_live_is_what_the_rule_does_on_the_finished_trace(
    length: int, answers: list[str], text: str, thinks: bool
) -> None:
    assume(length not in GRID)  # a slice that is used up does not tell that the trace is over
    model = Model(length, answers, thinks=thinks)
    rule = get_stopping_rule(text)
    whole, _ = feed(
        interrupt(QUESTION, GRID, cue=CUE, continuation="prefill", answer_tokens=5), model
    )
    ended = [p.budget for p in whole.checkpoints if not p.forced]
    points = [p for p in whole.checkpoints if not ended or p.budget <= ended[0]]
    probes = [
        Probe(
            p.budget,
            read(p.answer),
            p.answer,
            None,
            p.tokens or 0,
            p.answer_tokens,
            p is points[-1],
        )
        for p in points
    ]
    found = follow(rule, probes)
    elicited, batches = stop(model, text)
    kinds = [request.kind for (request,) in batches]
    forced = sum(p.forced for p in points[: found.place + 1])
    assert (kinds.count("trace"), kinds.count("answer")) == (found.place + 1, forced)
    last = elicited.checkpoints[-1]
    assert (last.answer, last.tokens) == (points[found.answer].answer, points[found.place].tokens)
    before = [(p.budget, p.answer, p.tokens) for p in points[: found.place]]
    assert [(p.budget, p.answer, p.tokens) for p in elicited.checkpoints][: found.place] == before


def test_a_slice_that_fails_fails_the_trace() -> None:
    model = Model(40, "abcd")

    def failing(request: Request) -> Reply:
        broken = request.kind == "trace" and request.slice == 1
        return Reply("", failed="content filter") if broken else model(request)

    elicited, batches = stop(failing)
    assert len(batches) == 3
    assert elicited.failed == "content filter"


def test_an_answer_that_fails_ends_the_trace() -> None:
    model = Model(40, "abcd")

    def failing(request: Request) -> Reply:
        return Reply("", failed="refusal") if request.kind == "answer" else model(request)

    elicited, batches = stop(failing)
    assert (len(batches), elicited.failed) == (2, "refusal")


def test_what_cannot_be_stopped_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(AnytimeError, match="takes a back end that continues a text"):
        stop(Model(40, "abcd"), continuation="reprompt")
    for named, told in (
        ({"stop": "steady:2"}, "unknown stopping rule 'steady'"),
        ({"stop": 2}, "stop 2 is no rule: write stop=stable:2"),
        ({"stop": "stable:2..3"}, "stable:2..3 is 2 rules, and a run is stopped by one"),
        ({"stop": "fixed:8"}, "name that budget as the largest of budgets instead"),
        ({"stop": "stable:2", "budgets": "0,8"}, "budget 0 is none: leave it out"),
        ({"stop": "stable:2", "mode": "contract"}, "and this is mode=contract"),
        ({"stop": "stable:2", "mode": "vote", "k": 2}, "and this is mode=vote"),
        ({"mode": "stop"}, "mode=stop needs a rule: write stop=stable:2"),
    ):
        with pytest.raises(AnytimeError) as error:
            run_settings({"budgets": "8,16", **named})
        assert told in str(error.value)


def test_a_rule_of_confidence_needs_probabilities() -> None:
    with pytest.raises(AnytimeError, match="this back end tells none: add --logprobs"):
        stop(Model(40, "abcd"), "confident:0.9")
    model = Model(40, "abcd")

    def sure(request: Request) -> Reply:
        reply = model(request)
        told = {2: 0.5, 4: 0.95}.get(request.budget or 0)
        return Reply(reply.text, output_tokens=3, probability=told) if told else reply

    elicited, _ = stop(sure, "confident:0.9")
    assert elicited.stopped == 4


def test_settings_make_it_the_mode_of_its_own() -> None:
    run = run_settings({"budgets": "8,16", "stop": "stable:2", "mode": "interrupt"})
    assert run.mode == "stop"
    asked = Asked(QUESTION, run, CUE, "prefill", read=answer_reader(AIME, Problem("1", "?", "42")))
    (request,) = next(elicit(asked))
    assert (request.max_tokens, request.slice) == (8, 0)


@pytest.mark.parametrize("name", ["aime", "gpqa", "trip"])
def test_what_a_rule_is_shown_does_not_depend_on_what_is_right(name: str) -> None:
    domain = get_domain(name)
    first, second = domain.load("builtin", None, 0).problems[:2]
    same = Problem(first.id, first.prompt, second.gold, first.facts)
    for text in (domain.cue(first).begin + first.gold, f"ANSWER: {first.gold}", "Answer: B", "?"):
        assert answer_reader(domain, first)(text) == answer_reader(domain, same)(text)


def test_tasks_of_others_are_refused_for_their_answers_cannot_be_compared() -> None:
    with pytest.raises(AnytimeError, match="run mode=interrupt and anytime stop LOG"):
        check_strategy("stop", on_domain=False, sampled=True)
    check_strategy("stop", on_domain=True, sampled=False)  # one trace: nothing is drawn twice


def test_every_rule_of_ours_but_fixed_can_be_followed_live() -> None:
    for name, kind in known_stopping_rules().items():
        (rule,) = rules_named(kind.written, known_stopping_rules()).rules
        assert (rule.kind.once is not None) == (name == "fixed")
