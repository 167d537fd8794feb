"""Cuts by a count alone are taken at the nearest place, not at the one before."""

from __future__ import annotations

import pytest

from anytime.cutting.calibration import estimate, spread
from anytime.cutting.tokens import measure
from anytime.protocol import Reply

PROSE = "We try the next city and see whether the plan still fits. "
LINES = "- **Day 1-4:** Arriving in Reykjavik, then 12 + 345 = 357.\n\n"


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
        assert apart >= 60
    few, many = estimate(text) * 8 // 10, estimate(text) * 13 // 10
    for count in (few, estimate(text), many):
        places, counts = spread(text, count)
        assert (places[-1], counts[-1]) == (len(text), count)
        assert sorted(counts) == counts
