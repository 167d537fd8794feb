"""Cuts by a count alone are taken at the nearest place, not at the one before."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

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


PARTS = [
    "step",
    " so",
    "12",
    " 3456",
    "\n",
    "\r\n",
    "\n\n ",
    "  ",
    "\t",
    "\x1c",
    " \x0b",
    "_",
    "'s",
    "...",
]
OTHERS = ["\u00a0", "\u3000", "\u00e9t\u00e9", "\u6771", "\u0663", "\u00bd", "\u2028", "\U0001f600"]


@given(st.text(st.characters(max_codepoint=127)) | st.lists(st.sampled_from(PARTS)).map("".join))
@example("".join(map(chr, range(128))))
@example(" ".join(map(chr, range(128))))
def test_texts_without_other_letters_have_the_same_pieces(text: str) -> None:
    assert text.isascii()
    assert calibration._ASCII_PIECE.findall(text) == calibration._PIECE.findall(text)
    assert "".join(calibration._pieces(text)) == text


@given(st.lists(st.sampled_from(PARTS + OTHERS), min_size=1).map("".join))
def test_one_other_letter_takes_the_pattern_that_knows_them(text: str) -> None:
    text = f"{text}\u00df"
    assert calibration._pieces(text) == calibration._PIECE.findall(text)
    assert "".join(calibration._pieces(text)) == text


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
