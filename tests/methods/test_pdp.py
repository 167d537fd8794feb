"""The words around pairs, and which of them fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime import AnytimeError
from anytime.domains.aime import AIME
from anytime.methods.pdp import BAD, GOOD, QUESTION, fit, preface
from anytime.preferences.pairs import Pair
from tests.pooling import pair


def of(budget: int, name: str = "a", length: int = 1) -> Pair:
    return pair(AIME, f"How many {name} at {budget}?", budget, name=name, good="word " * length)


def words(text: str) -> int:
    return len(text.split())


def test_each_pair_stands_with_its_problem_and_its_budget() -> None:
    text = preface([of(16), of(8)], contrast=True)
    assert text.endswith(f"\n\n{QUESTION}\n\n")
    parts = text.split("## Example ")
    assert [part.partition("\n")[0] for part in parts[1:]] == [
        "1, stopped after 8 tokens",
        "2, stopped after 16 tokens",
    ]
    assert parts[1].split("\n\n")[1:] == [
        "Problem:\nHow many a at 8?",
        GOOD,
        "word ",
        BAD,
        "Guess.",
        "",
    ]


def test_without_contrast_nothing_of_the_rejected_one_shows() -> None:
    with_bad, without = (preface([of(8)], contrast=contrast) for contrast in (True, False))
    assert "Guess." in with_bad
    assert BAD in with_bad
    assert "Guess." not in without
    assert BAD not in without
    assert "bad" not in without.casefold()
    assert words(without) < words(with_bad)


@pytest.mark.parametrize("contrast", [True, False])
def test_whole_pairs_go_from_the_largest_budget_down(contrast: bool) -> None:
    pairs = (of(32), of(8), of(16), of(16, "second"))
    kept = [of(8), of(16), of(16, "second"), of(32)]
    for number in range(4, 0, -1):
        needed = words(preface(kept[:number], contrast=contrast))
        fitted = fit(pairs, needed, words, contrast=contrast)
        assert fitted.pairs == tuple(kept[:number])
        assert fitted.dropped == tuple(reversed(kept[number:]))


def test_an_allowance_below_one_pair_is_an_error() -> None:
    least = words(preface([of(8)], contrast=True))
    message = (
        f"pair_tokens={least - 1} is less than one pair takes: the shortest budget's pair needs "
        f"{least}"
    )
    with pytest.raises(AnytimeError, match=message):
        fit((of(16), of(8)), least - 1, words, contrast=True)


def test_no_allowance_keeps_everything_and_counts_once() -> None:
    counted = []

    def count(text: str) -> int:
        counted.append(text)
        return 7

    for _ in range(2):
        fitted = fit((of(16), of(8)), None, count, contrast=True)
        assert fitted.pairs == (of(8), of(16))
        assert fitted.tokens == 7
    assert counted == [fitted.text]


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 40)), min_size=1, max_size=6),
    st.integers(1, 400),
    st.booleans(),
)
def test_what_is_kept_fits_and_one_more_would_not(
    shapes: list[tuple[int, int]], allowance: int, contrast: bool
) -> None:
    pairs = [of(budget, str(n), length) for n, (budget, length) in enumerate(shapes)]
    ordered = sorted(pairs, key=lambda pair: pair.budget)
    try:
        fitted = fit(tuple(pairs), allowance, words, contrast=contrast)
    except AnytimeError:
        assert words(preface(ordered[:1], contrast=contrast)) > allowance
        return
    number = len(fitted.pairs)
    assert (*fitted.pairs, *reversed(fitted.dropped)) == tuple(ordered)
    assert words(preface(fitted.pairs, contrast=contrast)) <= allowance
    if fitted.dropped:
        assert words(preface(ordered[: number + 1], contrast=contrast)) > allowance
