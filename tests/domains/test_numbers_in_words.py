from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.domains.answers import integer, last_integer


@given(st.integers(0, 999), st.sampled_from(["\\boxed{%s}", "Answer: %s", "<answer>%s</answer>"]))
def test_numbers_in_words_and_figures(number: int, form: str) -> None:
    assert last_integer(form % number) == str(number)
    assert last_integer(form % in_words(number)) == str(number)


# fmt: off
ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
# fmt: on


def in_words(number: int) -> str:
    if number < 20:
        return ONES[number]
    if number < 100:
        rest = f"-{ONES[number % 10]}" if number % 10 else ""
        return TENS[number // 10 - 2] + rest
    rest = f" and {in_words(number % 100)}" if number % 100 else ""
    return f"{ONES[number // 100]} hundred{rest}"


@pytest.mark.parametrize(
    "text",
    ["", "and", "hundred", "two hundred and", "twenty thirty", "five six", "one of them",
     "twenty-zero", "a dozen", "two hundred hundred", "and one", "ten one", "zero hundred"],
)  # fmt: skip
def test_what_is_no_number_in_words(text: str) -> None:
    assert integer(text) is None
