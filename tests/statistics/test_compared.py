"""What is said of a comparison, in a terminal and on a page."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from anytime import Comparison, Run, compare
from anytime.statistics.bounded import Interval
from anytime.statistics.compared import p_told, sentences_on, verdict


def compared(gain: float, seed: int = 0) -> Comparison:
    quality = np.random.default_rng(seed).random((2, 20, 2, 3)) / 2
    quality[0] += gain
    a, b = (
        Run(name, [1, 2, 3], dict(enumerate(each)))
        for name, each in zip("ab", quality, strict=True)
    )
    return compare(a, b, resamples=500)


def test_a_verdict_claims_no_more_than_was_shown() -> None:
    shown = compared(0.3)
    d = shown.index
    assert verdict(shown).startswith(
        f"Over all budgets a is better than b by {d.difference:.3f} (index {d.a:.3f} and "
        f"{d.b:.3f}; 95%: {d.interval.low:+.3f} to {d.interval.high:+.3f}): shown, as luck alone "
    )
    open_ = compared(0)
    said = verdict(open_)
    assert "): not shown; a true difference" in said
    assert said.endswith(f"of {open_.detectable:.3f} would have been, 8 times of 10.")


def test_a_verdict_is_of_the_budget_that_was_planned() -> None:
    quality = np.random.default_rng(3).random((2, 20, 2, 3)) / 2
    quality[1, :, :, 1] += 0.4
    a, b = (
        Run(name, [10, 2000, 30_000], dict(enumerate(each)))
        for name, each in zip("ab", quality, strict=True)
    )
    planned = verdict(compare(a, b, resamples=500, budget=2000))
    assert planned.startswith("At 2,000 tokens a is worse than b by 0.")
    assert "(quality 0." in planned
    assert ": shown, as luck" in planned
    assert "not shown" in verdict(compare(a, b, resamples=500, budget=10))


def test_no_p_value_is_shown_as_0() -> None:
    assert [p_told(p) for p in (0.04321, 0.0001, 0.00009, 1e-9)] == [
        *("0.0432", "0.0001", "<0.0001", "<0.0001"),
    ]
    rows = np.linspace(0, 0.1, 160).reshape(20, 4, 2)
    a, b = (Run(n, [1, 2], dict(enumerate(rows + gain))) for n, gain in (("a", 0.8), ("b", 0)))
    found = compare(a, b, population="traces", budget=2)
    assert found.index.p < 0.0001
    assert "as luck alone gives so much in less than 0.01% of comparisons" in verdict(found)


def test_where_no_spread_was_seen_no_number_is_named() -> None:
    found = compared(0)
    unknown = replace(found, index=replace(found.index, difference=1e-5, detectable=float("nan")))
    for said in (verdict(unknown), *sentences_on(unknown)):
        assert "nan" not in said
    assert verdict(unknown).startswith("Over all budgets a and b are level (index, 95%: ")
    assert verdict(unknown).endswith("): not shown.")


def test_an_interval_that_holds_0_beside_a_small_p_value_is_explained() -> None:
    quality = np.random.default_rng(1).random((20, 2, 3)) / 2
    a, b = (Run(n, [1, 2, 3], dict(enumerate(quality + g))) for n, g in (("a", 0.02), ("b", 0.0)))
    for population, told in (("problems", True), ("traces", False)):
        found = compare(a, b, resamples=500, population=population)
        said = " ".join(sentences_on(found))
        assert ("The interval of the index holds 0 beside a small p-value" in said) == told
    assert "beside a small p-value" not in " ".join(sentences_on(compared(0.3)))
    odd = compare(a, b, resamples=500)
    assert odd.index.p_holm <= 0.05
    assert "shown" not in verdict(odd).partition(", yet problems")[0]
    assert verdict(odd).endswith("of comparisons, yet problems unlike these may not show it.")
    assert odd.index.interval.low <= 0 <= odd.index.interval.high


def test_an_interval_without_0_beside_a_larger_p_value_is_explained() -> None:
    one = compared(0.3)
    for p, p_holm, reason in (
        (0.02, 0.2, "adjusted for all that are claimed beside it"),
        (0.2, 0.2, "of another test"),
        (0.001, 0.01, ""),
    ):
        index = replace(one.index, interval=Interval(0.01, 0.5), p=p, p_holm=p_holm)
        seen = replace(one, index=index, planned=None)
        said = " ".join(sentences_on(seen))
        assert ("The interval of the index leaves 0 out" in said) == bool(reason)
        assert reason in said
        assert ("not shown" in verdict(seen)) == bool(reason)
