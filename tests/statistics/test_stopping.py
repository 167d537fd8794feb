"""Stopping rules on checkpoints, and what following them comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.plugins import known_stopping_rules
from anytime.statistics.stopped import Stop, Trail, follow, judge
from anytime.statistics.stopping import Probe, Rule, StoppingRule, rules_named

KNOWN = known_stopping_rules()


def probes(
    answers: Sequence[str | None],
    texts: Sequence[str] | None = None,
    probabilities: Sequence[float | None] | None = None,
    cost: int = 5,
) -> tuple[Probe, ...]:
    return tuple(
        Probe(
            budget=10 * (place + 1),
            answer=answer,
            text=None if texts is None else texts[place],
            probability=None if probabilities is None else probabilities[place],
            tokens=10 * (place + 1),
            probe_tokens=cost,
            last=place == len(answers) - 1,
        )
        for place, answer in enumerate(answers)
    )


def rule(text: str) -> Rule:
    (one,) = rules_named(text, KNOWN).rules
    return one


def test_a_rule_is_shown_neither_gold_nor_quality() -> None:
    assert {field.name for field in fields(Probe)} == {
        "budget",
        "answer",
        "text",
        "probability",
        "tokens",
        "probe_tokens",
        "last",
    }


@pytest.mark.parametrize(
    ("text", "answers", "stop"),
    [
        ("fixed:20", "abc", Stop(1, 1, 5, 0)),
        ("fixed:30", "abcd", Stop(2, 2, 5, 0)),
        ("stable:2", "abbc", Stop(2, 2, 15, 0)),
        ("stable:3", "abbc", Stop(3, 3, 20, 0)),
        ("stable:2", "--aa", Stop(3, 3, 20, 0)),
        ("stable:2", "aba", Stop(2, 2, 15, 0)),
        ("vote", "aabc", Stop(3, 1, 20, 0)),
        ("vote", "abab", Stop(3, 3, 20, 0)),  # a tie: the later one
        ("vote", "baab", Stop(3, 3, 20, 0)),
        ("vote", "a---", Stop(3, 0, 20, 0)),  # unparsed answers do not vote
        ("vote", "---", Stop(2, 2, 15, 0)),
    ],
)
def test_where_rules_stop(text: str, answers: str, stop: Stop) -> None:
    said = [None if answer == "-" else answer for answer in answers]
    assert follow(rule(text), probes(said)) == stop


def test_dynasor_waits_while_its_words_of_doubt_are_said() -> None:
    texts = ["5", "5. Wait", "5", "5", "5"]
    assert follow(rule("dynasor:2"), probes("55555", texts)).place == 3
    assert follow(rule("dynasor:3"), probes("55555", texts)).place == 4
    assert follow(rule("stable:2"), probes("55555", texts)).place == 1
    # Inside of other words too, as it was published.
    assert follow(rule("dynasor:2"), probes("555", ["x", "it is not x", "x"])).place == 2


def test_confidence_is_the_latest_answers() -> None:
    seen = probes("abcd", probabilities=[None, 0.8, 0.95, 0.5])
    assert [follow(rule(f"confident:{p}"), seen).place for p in (0.7, 0.9, 0.95, 1)] == [1, 2, 2, 3]


def test_tokens_that_nobody_told_are_counted() -> None:
    seen = [replace(probe, probe_tokens=None) for probe in probes("abb")]
    assert follow(rule("stable:2"), seen) == Stop(2, 2, 0, 3)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("stable:2", ["stable:2"]),
        ("stable:2..4", ["stable:2", "stable:3", "stable:4"]),
        ("stable:2,4", ["stable:2", "stable:4"]),
        ("confident:.5...52", ["confident:0.5", "confident:0.51", "confident:0.52"]),
        ("confident:0.9..1", [f"confident:{n / 100:g}" for n in range(90, 101)]),
        ("fixed:0", ["fixed:0"]),
        ("vote", ["vote"]),
    ],
)
def test_how_rules_are_written(text: str, written: list[str]) -> None:
    assert [one.written for one in rules_named(text, KNOWN).rules] == written


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("steady:2", "unknown stopping rule 'steady': choose one of fixed, stable, dynasor, vote"),
        ("", "unknown stopping rule ''"),
        ("stable", "takes a whole number from 2 on, which '' is not: write for example stable:2"),
        ("stable:1", "which '1' is not"),
        ("stable:two", "which 'two' is not"),
        ("stable:3..2", "is no range"),
        ("stable:2..", "is no range"),
        ("stable:2..1e9", "at most 1000 steps of 1"),
        ("stable:2..nan", "is no range"),
        ("stable:2,2", "names 2 twice"),
        ("dynasor:4", "takes a window that was published (8, 5, 3, 2)"),
        ("dynasor:2..8", "have to be listed, with commas"),
        ("confident:0", "a probability above 0, up to 1"),
        ("confident:nan", "a probability above 0, up to 1"),
        ("vote:3", "the stopping rule vote takes no argument"),
        ("vote:", "the stopping rule vote takes no argument"),
        ("fixed:-1", "takes a budget of the run"),
    ],
)
def test_what_is_no_rule(text: str, told: str) -> None:
    with pytest.raises(AnytimeError) as error:
        rules_named(text, KNOWN)
    assert told in str(error.value)


@given(st.text(max_size=12))
def test_any_text_is_a_rule_or_is_refused_in_a_sentence(text: str) -> None:
    for name in KNOWN:
        with suppress(AnytimeError):
            assert rules_named(f"{name}:{text}", KNOWN).rules


def test_a_rule_that_names_no_checkpoint_is_refused() -> None:
    wild = StoppingRule("wild", lambda seen, _: 7)
    with pytest.raises(AnytimeError, match="wild chose checkpoint 7 of 1: it has to return None"):
        follow(wild.with_argument(""), probes("ab"))
    with pytest.raises(AnytimeError, match="no name of a stopping rule"):
        StoppingRule("two words", lambda seen, _: None)


ANSWERS = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=8)


@given(ANSWERS, st.sampled_from(["stable:2", "stable:3", "vote", "fixed:30", "confident:0.5"]))
def test_a_rule_sees_nothing_of_what_comes_later(answers: list[str | None], text: str) -> None:
    seen = probes(answers)
    stop = follow(rule(text), seen)
    changed = [*answers[: stop.place + 1], *("z" for _ in answers[stop.place + 1 :])]
    assert follow(rule(text), probes(changed)) == stop
    assert stop.answer <= stop.place


@given(ANSWERS)
def test_vote_is_the_plurality_and_its_latest_answer(answers: list[str | None]) -> None:
    stop = follow(rule("vote"), probes(answers))
    counts = Counter(answer for answer in answers if answer is not None)
    assert stop.place == len(answers) - 1
    if counts:
        winner = answers[stop.answer]
        most = max(counts.values())
        assert winner is not None
        assert counts[winner] == most
        later = {a for a in answers[stop.answer + 1 :] if a is not None}
        assert all(counts[a] < most for a in later)


# What it all comes to.

GRID = BudgetGrid([10, 20, 30, 40])


def trails(count: int, draws: int = 1, seed: int = 0, cost: int = 5) -> list[Trail]:
    rng = np.random.default_rng(seed)
    found = []
    for problem in range(count):
        ability = rng.random()
        for _ in range(draws):
            right = rng.random(4) < np.linspace(0.3, 1, 4) * ability
            said = ["right" if one else str(rng.integers(3)) for one in right]
            length = int(rng.integers(2, 5))
            seen = probes(said[:length], cost=cost)
            found.append(Trail(str(problem), seen, tuple(map(float, right[:length]))))
    return found


def brute(found: Sequence[Trail], text: str) -> tuple[float, float]:
    """Quality and all tokens of a rule, by the definition."""
    quality: dict[str, list[float]] = {}
    tokens: dict[str, list[float]] = {}
    for trail in found:
        stop = follow(rule(text), trail.probes)
        asked = [p for p in trail.probes[: stop.place + 1] if rule(text).asks(p.budget) or p.last]
        quality.setdefault(trail.problem, []).append(trail.quality[stop.answer])
        spent = trail.probes[stop.place].tokens + sum(p.probe_tokens or 0 for p in asked)
        tokens.setdefault(trail.problem, []).append(spent)
    means = [np.mean([np.mean(each) for each in one.values()]) for one in (quality, tokens)]
    return float(means[0]), float(means[1])


@pytest.mark.parametrize("text", ["stable:2", "stable:3", "vote", "fixed:20"])
@pytest.mark.parametrize("draws", [1, 3])
def test_means_over_traces_then_problems(text: str, draws: int) -> None:
    found = trails(12, draws)[:-1]  # the last problem has a trace fewer, or is gone
    (one,) = judge(found, GRID, [rules_named(text, KNOWN)], resamples=100)
    assert (one.quality, one.cost) == pytest.approx(brute(found, text))
    assert one.difference.difference == pytest.approx(one.quality - one.fixed.quality)
    if one.fixed.equal:
        assert one.fixed.tokens == pytest.approx(one.cost)


@pytest.mark.parametrize("budget", GRID)
def test_a_fixed_budget_is_its_own_equal(budget: int) -> None:
    (one,) = judge(trails(20, 2), GRID, [rules_named(f"fixed:{budget}", KNOWN)], resamples=100)
    assert one.fixed.equal
    assert one.fixed.tokens == pytest.approx(one.cost)
    # Where more budget costs no more, the larger of two budgets is the fixed one.
    assert one.difference.difference <= 1e-9 or budget == GRID[-1]
    if one.fixed.share in (0, 1):
        assert one.difference.difference == pytest.approx(0)


def test_probes_make_a_rule_dearer_than_all_budgets() -> None:
    dear = [Trail("p", probes("abcd", cost=50), (0, 0, 0, 1)), Trail("q", probes("abcd"), (0,) * 4)]
    (one,) = judge(dear, GRID, [rules_named("vote", KNOWN)], resamples=100)
    assert not one.fixed.equal
    assert (one.fixed.low, one.fixed.high) == (40, 40)
    assert one.cost > one.fixed.tokens


def test_a_threshold_is_judged_on_problems_that_it_was_not_chosen_on() -> None:
    found = trails(40, 2, seed=3)
    sweep = rules_named("stable:2..4", KNOWN)
    (one,) = judge(found, GRID, [sweep], resamples=100)
    assert len(one.chosen) == 2
    # A problem's quality is that of the threshold that the other half chose.
    order = np.random.default_rng(0).permutation(40)
    problems = sorted({trail.problem for trail in found})
    halves = [{problems[i] for i in half} for half in (order[:20], order[20:])]
    quality = 0.0
    for chosen, judged_on in zip(one.chosen, reversed(halves), strict=True):
        part = [trail for trail in found if trail.problem in judged_on]
        quality += brute(part, chosen)[0] / 2
    assert one.quality == pytest.approx(quality)
    # What the other half is like makes no difference to the choice.
    spoilt = [
        trail._replace(quality=(0.0,) * len(trail.quality)) if trail.problem in halves[1] else trail
        for trail in found
    ]
    (other,) = judge(spoilt, GRID, [sweep], resamples=100)
    assert other.chosen[0] == one.chosen[0]


def test_what_cannot_be_judged() -> None:
    two = trails(2)
    judge(two, GRID, [rules_named("stable:2", KNOWN)], resamples=10)
    with pytest.raises(AnytimeError, match="is judged on 2 problems or more, and here is 1"):
        judge(trails(1), GRID, [rules_named("stable:2", KNOWN)])
    with pytest.raises(AnytimeError, match="as it is chosen on one half of them"):
        judge(two, GRID, [rules_named("stable:2..3", KNOWN)])
    with pytest.raises(AnytimeError, match=r"fixed:15 asks at a budget .* choose one of 10, 20"):
        judge(two, GRID, [rules_named("fixed:15", KNOWN)])


def test_p_values_are_adjusted_for_all_rules() -> None:
    rules = [rules_named(text, KNOWN) for text in ("stable:2", "stable:3", "vote")]
    found = judge(trails(30), GRID, rules, resamples=500)
    assert all(one.difference.p_holm >= one.difference.p for one in found)
    assert min(one.difference.p_holm for one in found) == pytest.approx(
        min(1, 3 * min(one.difference.p for one in found))
    )


# Rules that stop by lot between two budgets are worth what the fixed budget of equal tokens is.

LOTS = StoppingRule(
    "lots",
    lambda seen, which: len(seen) - 1 if (seen[-1].text or "")[which] == "s" else None,
    int,
    "which of them",
    "0",
    step=1,
)


def by_lot(seed: int, rules: int, problems: int = 30) -> list[Trail]:
    """Traces on which each rule stops at the second or the third checkpoint."""
    rng = np.random.default_rng(seed)
    found = []
    for problem in range(problems):
        right = rng.random(4) < np.linspace(0.1, 1, 4) * rng.random()
        places = rng.integers(1, 3, rules)
        texts = ["".join("s" if place == p else "." for p in places) for place in range(4)]
        found.append(Trail(str(problem), probes("abcd", texts, cost=0), tuple(map(float, right))))
    return found


def test_a_rule_that_is_worth_nothing_is_seldom_shown_to_be() -> None:
    sweep = rules_named("lots:0", {"lots": LOTS})
    found = [
        judge(by_lot(seed, 1), GRID, [sweep], resamples=300)[0].difference for seed in range(200)
    ]
    assert np.mean([one.p <= 0.05 for one in found]) <= 0.08
    assert np.mean([one.interval.low <= 0 <= one.interval.high for one in found]) >= 0.93
    assert abs(np.mean([one.difference for one in found])) < 0.01


def test_a_threshold_chosen_on_other_problems_is_not_better_than_it_is() -> None:
    """The best of eight rules that are worth nothing looks good where it was chosen."""
    honest, naive = [], []
    for seed in range(60):
        trails_ = by_lot(seed, 8)
        sweep = rules_named("lots:0..7", {"lots": LOTS})
        (one,) = judge(trails_, GRID, [sweep], resamples=10)
        honest.append(one.difference.difference)
        each = judge(trails_, GRID, [replace(sweep, rules=(r,)) for r in sweep.rules], resamples=10)
        naive.append(max(one.difference.difference for one in each))
    error = np.std(honest) / np.sqrt(len(honest))
    assert abs(np.mean(honest)) < 3 * error
    assert np.mean(naive) > 3 * np.std(naive) / np.sqrt(len(naive))
    assert np.mean(naive) > np.mean(honest) + 0.03
