"""Cuts by a count alone: early as often as late, whatever the tokenizer is."""

from __future__ import annotations

import random
import statistics
from bisect import bisect_right

import pytest

from anytime.cutting.calibration import estimate, spread
from anytime.cutting.tokens import measure
from anytime.protocol import Reply

PROSE = "We try the next city and see whether the plan still fits. "
LINES = "- **Day 1-4:** Arriving in Reykjavik, then 12 + 345 = 357.\n\n"


def pieces(text: str) -> list[int]:
    """Where the tokens of a text end for a tokenizer that nothing here was fitted to."""
    draw = random.Random(text[:20])
    ends, at = [], 0
    while at < len(text):
        at = min(len(text), at + draw.choice((1, 3, 4, 5, 7)))
        ends.append(at)
    return ends


@pytest.mark.parametrize("text", [PROSE * 80, LINES * 60, (PROSE + LINES) * 40])
def test_cuts_are_early_as_often_as_late(text: str) -> None:
    ends = pieces(text)
    errors = []
    for start in range(0, 40):
        shown = text[start:]
        own = [end - start for end in ends if end > start]
        ruler = measure(Reply(shown, output_tokens=len(own)))
        for budget in (16, 24, 32, 48, 64):
            errors.append(bisect_right(own, ruler.cut(budget).end) - budget)
    # Cutting before the budget every time was early by more than half a token on average.
    assert abs(statistics.mean(errors)) < 0.05 * 40


@pytest.mark.parametrize("budget", range(1, 60, 3))
def test_no_other_place_is_nearer(budget: int) -> None:
    text = (PROSE + LINES) * 3
    ruler = measure(Reply(text, output_tokens=100))
    cut = ruler.cut(budget)
    places = dict(zip(ruler.ends, ruler.counts, strict=True)) | {0: 0.0}
    nearest = min(abs(count - budget) for count in places.values())
    assert abs(places[cut.end] - budget) == pytest.approx(nearest)
    assert cut.tokens <= budget


def test_a_count_tells_how_line_breaks_and_digits_are_split() -> None:
    text = LINES * 30
    for split in ("\n", "digits"):
        apart = text.count("\n") if split == "\n" else sum(c.isdecimal() for c in text)
        assert apart > 60
    few, many = estimate(text) * 8 // 10, estimate(text) * 13 // 10
    for count in (few, estimate(text), many):
        places, counts = spread(text, count)
        assert (places[-1], counts[-1]) == (len(text), count)
        assert sorted(counts) == counts
