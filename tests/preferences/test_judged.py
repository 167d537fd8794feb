"""Pairs by the model's own judgement, by feeding a judge's replies."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime import AnytimeError, Reply, Request
from anytime.domains.aime import AIME
from anytime.preferences.judge import ANSWER, COMPARE, FIRST, SECOND
from anytime.preferences.judged_pairs import Judged, judged_pairs
from tests.feeding import feed
from tests.pooling import GRID, ListPool, problem, trace

A, B, C, D = (problem(name) for name in "abcd")


def parts(request: Request) -> tuple[bool, str, str]:
    """Whether two answers are compared, and the answers shown."""
    text = request.messages[-1].content
    compared = COMPARE in text
    first, second = (FIRST, SECOND) if compared else (ANSWER, "")
    shown = text.partition(first)[2]
    one, _, other = shown.partition(second) if compared else (shown, "", "")
    return compared, one.split("\n\n")[1], other.split("\n\n")[1] if compared else ""


def judge(
    opinion: Mapping[str, float], compared: Callable[[str, str], str] | None = None
) -> Callable[[Request], Reply]:
    """A judge with an opinion on each answer, who compares by it unless told otherwise."""

    def by_opinion(one: str, other: str) -> str:
        return f"Better: {1 if opinion[one] >= opinion[other] else 2}"

    def answer(request: Request) -> Reply:
        comparing, one, other = parts(request)
        if comparing:
            return Reply((compared or by_opinion)(one, other), output_tokens=3)
        return Reply(f"I think so.\nScore: {opinion[one]:g}", output_tokens=5)

    return answer


def run(pool: ListPool, answer: Callable[[Request], Reply], **options: Any) -> tuple[Judged, Any]:
    return feed(judged_pairs(pool, AIME, **options), answer)


POOL = ListPool(
    [
        trace(A, 1, [0, 0], ["a-bad", "a-bad"]),
        trace(A, 2, [0, 1], ["a-bad", "a-good"]),
        trace(B, 1, [1, 1], ["b-good", "b-good"]),
        trace(B, 2, [0, 0], ["b-bad", "b-poor"]),
    ]
)
PERFECT = {"a-bad": 10, "a-good": 90, "b-good": 80, "b-bad": 20, "b-poor": 30}


def test_a_perfect_judge_orders_as_the_metric_does() -> None:
    judged, (scoring, comparing) = run(POOL, judge(PERFECT))
    assert [parts(request)[1] for request in scoring] == [
        "a-bad", "a-good", "b-good", "b-bad", "b-poor",
    ]  # fmt: skip
    assert [parts(request)[1:] for request in comparing] == [
        ("b-good", "b-bad"), ("b-bad", "b-good"),
        ("a-good", "a-bad"), ("a-bad", "a-good"),
        ("b-good", "b-poor"), ("b-poor", "b-good"),
    ]  # fmt: skip
    assert [(p.problem, p.budget, p.chosen.draw, p.rejected.draw) for p in judged.pairs] == [
        ("b", 8, 1, 2),
        ("a", 16, 2, 1),
    ]
    assert [(p.chosen.quality, p.rejected.quality) for p in judged.pairs] == [
        (0.8, 0.2),
        (0.9, 0.1),
    ]
    assert {p.judge for p in judged.pairs} == {"self"}
    assert judged.agreement == 1.0
    assert judged.tokens == 5 * 5 + 6 * 3


def test_the_judge_sees_no_gold_and_is_asked_without_thinking() -> None:
    gold = dataclasses.replace(A, gold="the-gold")
    pool = ListPool([dataclasses.replace(t, problem=gold) for t in POOL.kept[:2]])
    _, batches = run(pool, judge(PERFECT))
    for request in (request for batch in batches for request in batch):
        assert request.kind == "answer"
        assert not request.thinking
        assert A.prompt in request.messages[-1].content
        assert "the-gold" not in request.messages[-1].content


def test_the_metric_plays_no_part() -> None:
    first, _ = run(POOL, judge(PERFECT))
    other = [
        dataclasses.replace(t, points=tuple(p._replace(quality=0.5) for p in t.points))
        for t in POOL.kept
    ]
    second, _ = run(ListPool(other), judge(PERFECT))
    assert second.pairs == first.pairs
    assert second.agreement is None  # the metric tells none apart


def test_agreement_is_the_share_that_the_metric_orders_alike() -> None:
    # b the wrong way round: two of the three confirmed pairs contradict the metric.
    judged, _ = run(POOL, judge({**PERFECT, "b-good": 0, "b-bad": 100, "b-poor": 100}))
    assert [(p.problem, p.chosen.draw) for p in judged.pairs] == [("b", 2), ("b", 2)]
    assert judged.agreement == pytest.approx(1 / 3)


def test_a_pair_whose_comparisons_contradict_its_scores_is_left_out() -> None:
    def b_is_contradicted(one: str, other: str) -> str:
        good = "a-good" if one.startswith("a") else "b-bad"
        return "Better: 1" if one in (good, "b-poor") else "Better: 2"

    judged, _ = run(POOL, judge(PERFECT, b_is_contradicted))
    assert [(p.problem, p.budget) for p in judged.pairs] == [("a", 16)]


@pytest.mark.parametrize(
    "compared",
    [
        pytest.param(lambda one, other: "Better: 1", id="first"),
        pytest.param(lambda one, other: "Better: 2", id="second"),
        pytest.param(
            lambda one, other: f"Better: {1 if PERFECT[one] < PERFECT[other] else 2}", id="contrary"
        ),
    ],
)
def test_an_inconsistent_judge_is_one_sentence(compared: Callable[[str, str], str]) -> None:
    with pytest.raises(
        AnytimeError, match=r"contradict its own scores for every pair.*judge=metric"
    ):
        run(POOL, judge(PERFECT, compared))


def test_a_judge_whose_scores_nobody_can_read_is_one_sentence() -> None:
    with pytest.raises(AnytimeError, match="asked 5 times and answered nothing that could be read"):
        run(POOL, lambda _: Reply("They are all lovely."))


def test_a_judge_whose_comparisons_nobody_can_read_is_one_sentence() -> None:
    with pytest.raises(AnytimeError, match="asked 6 times and answered nothing that could be read"):
        run(POOL, judge(PERFECT, lambda one, other: "They are all lovely."))


def test_a_judge_without_preferences_has_no_pairs() -> None:
    with pytest.raises(AnytimeError, match="no pair to learn from: no budget has a gap"):
        run(POOL, judge(dict.fromkeys(PERFECT, 50)))


def test_a_score_that_nobody_can_read_is_the_lowest() -> None:
    def answer(request: Request) -> Reply:
        comparing, one, _ = parts(request)
        if not comparing and one == "b-bad":
            return Reply("No idea.", output_tokens=5)
        return judge(PERFECT)(request)

    judged, _ = run(POOL, answer)
    assert judged.pairs[0].rejected.quality == 0


def test_a_blank_answer_is_worth_nothing_unasked() -> None:
    pool = ListPool([trace(A, 1, [0, 0], ["", " \n"]), trace(A, 2, [0, 1], ["a-good", "a-good"])])
    judged, (scoring, _) = run(pool, judge({"a-good": 60, "": 0}))
    assert len(scoring) == 1
    assert [(p.chosen.quality, p.rejected.quality) for p in judged.pairs] == [(0.6, 0.0)] * 2


def test_the_same_is_asked_once() -> None:
    answers = [("x", "x"), (" x\n", "y"), ("y", "y"), ("x", "y ")]
    kept = [
        trace(one, draw, [0, 1], list(texts))
        for one in (A, B)
        for draw, texts in enumerate(answers, 1)
    ]
    judged, (scoring, comparing) = run(ListPool(kept), judge({"x": 10, "y": 90}))
    assert len(scoring) == 4  # two answers of two problems
    assert len(set(scoring)) == 4
    # Both budgets have the same pair of answers; what is compared is shown in both orders.
    assert len(comparing) == 4
    assert len(set(comparing)) == 4
    assert [p.budget for p in judged.pairs] == list(GRID)
    assert judged.tokens == 4 * 5 + 4 * 3


def test_the_next_best_pair_takes_the_place_of_a_contradicted_one() -> None:
    kept = [
        trace(one, draw, [float(draw - 1)] * 2, [f"{one.id}{draw}"] * 2)
        for one in (A, B, C, D)
        for draw in (1, 2)
    ]
    gaps = dict(zip("abcd", (40, 30, 20, 10), strict=True))
    opinion = {f"{name}1": 50.0 - gap for name, gap in gaps.items()}
    opinion |= {f"{name}2": 50.0 + gap for name, gap in gaps.items()}

    def shy_of_a(one: str, other: str) -> str:
        if one.startswith("a"):
            return "Better: 1"
        return f"Better: {1 if opinion[one] > opinion[other] else 2}"

    judged, _ = run(ListPool(kept), judge(opinion, shy_of_a), per_budget=2)
    assert [(p.problem, p.budget) for p in judged.pairs] == [
        ("b", 8), ("c", 8), ("b", 16), ("c", 16),
    ]  # fmt: skip
    assert judged.agreement == 1.0


def test_the_least_gap_is_one_of_the_judges_scores() -> None:
    judged, _ = run(POOL, judge(PERFECT), min_gap=0.7)
    assert [(p.problem, p.budget) for p in judged.pairs] == [("a", 16)]
    with pytest.raises(AnytimeError, match=r"no budget has a gap of 0[.]9 or more"):
        run(POOL, judge(PERFECT), min_gap=0.9)


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_a_noisy_judge_gives_pairs_in_its_own_order_or_one_sentence(
    seed: int, nonsense: float
) -> None:
    noise = random.Random(seed)
    kept = [
        trace(one, draw, [q, 1 - q], [f"{one.id}{draw}x", f"{one.id}{noise.choice('12')}y"])
        for one in (A, B, C)
        for draw in (1, 2, 3)
        for q in [noise.choice([0.0, 0.5, 1.0])]
    ]
    given_scores: dict[str, float] = {}

    def answer(request: Request) -> Reply:
        comparing, one, _ = parts(request)
        if noise.random() < nonsense:
            return Reply("Hm.", output_tokens=1)
        if comparing:
            return Reply(noise.choice(["Better: 1", "Better: 2"]), output_tokens=1)
        assert one not in given_scores
        given_scores[one] = noise.randint(0, 100)
        return Reply(f"Score: {given_scores[one]:g}", output_tokens=1)

    pool = ListPool(kept)
    try:
        judged, batches = run(pool, answer)
    except AnytimeError as error:
        refused = str(error)
    else:
        refused = ""
    assert "\n" not in refused
    if refused:
        return
    assert judged.tokens == sum(map(len, batches))
    assert judged.agreement is None or 0 <= judged.agreement <= 1
    texts = {(t.problem.id, t.draw): [p.answer for p in t.points] for t in kept}
    for pair in judged.pairs:
        place = GRID.index(pair.budget)
        for side in (pair.chosen, pair.rejected):
            answered = texts[pair.problem, side.draw][place]
            assert side.quality == given_scores.get(answered, 0) / 100
        assert pair.gap > 0


def test_an_answer_without_a_score_is_no_worst_answer() -> None:
    """Where the judge gave no score a gap of format would be learned: scored ones go before."""
    pool = ListPool(
        [
            trace(A, 1, [0, 0], ["a-bad", "a-bad"]),
            trace(A, 2, [1, 1], ["a-good", "a-good"]),
            trace(B, 1, [1, 1], ["b-good", "b-good"]),
            trace(B, 2, [0, 0], ["b-mumbled", "b-mumbled"]),
        ]
    )
    opinion = {"a-bad": 40, "a-good": 60, "b-good": 90, "b-mumbled": 0}

    def answer(request: Request) -> Reply:
        compared, one, _ = parts(request)
        if not compared and one == "b-mumbled":
            return Reply("Well.", output_tokens=1)
        return judge(opinion)(request)

    judged, _ = run(pool, answer)
    assert {pair.problem for pair in judged.pairs} == {"a"}
    judged, _ = run(pool, judge(opinion))  # told to be the worst, it is
    assert {pair.problem for pair in judged.pairs} == {"b"}
