"""Cuts by a count alone are taken at the nearest place, not at the one before."""

from __future__ import annotations

import random

import pytest

from anytime.cutting import calibration
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


@pytest.mark.parametrize("signs", ["ascii", "any"])
def test_a_text_is_split_the_same_however_long_it_is_and_whatever_it_is_written_in(
    signs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alphabet = [chr(code) for code in range(128)] + list(" \n\t a1b2_-.,Zz") * 9
    if signs == "any":
        alphabet += list("éß¼²漢字한글،٣😀\u2003") * 4
    chance = random.Random(7)
    for stretch in (64, 100, 257):
        monkeypatch.setattr(calibration, "STRETCH", stretch)
        for _ in range(300):
            text = "".join(chance.choices(alphabet, k=chance.randrange(1, 900)))
            whole = calibration._PIECE.findall(text)
            assert calibration._pieces(text) == whole
            assert "".join(whole) == text
