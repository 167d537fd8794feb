import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.domains.base import Problem, split_problems
from anytime.errors import AnytimeError


def problems(*prompts):
    return [Problem(id=str(n), prompt=prompt, gold="1") for n, prompt in enumerate(prompts)]


@given(st.lists(st.text()))
def test_two_sides_make_the_whole_and_keep_its_order(prompts):
    whole = problems(*prompts)
    test, dev = (split_problems(whole, split) for split in ("test", "dev"))
    assert split_problems(whole, "all") == tuple(whole)
    assert sorted(test + dev, key=lambda p: int(p.id)) == whole
    assert not {p.prompt for p in test} & {p.prompt for p in dev}


@given(st.text(alphabet="abc \n\tXYZ"))
def test_case_and_white_space_do_not_change_the_side(prompt):
    changed = "  " + prompt.swapcase().replace(" ", " \n")
    sides = {len(split_problems(problems(text), "dev")) for text in (prompt, changed)}
    assert len(sides) == 1


def test_about_one_in_five_is_dev_and_the_choice_is_pinned():
    whole = problems(*(f"Problem {n}?" for n in range(1000)))
    dev = split_problems(whole, "dev")
    assert 160 < len(dev) < 240
    assert [p.id for p in dev[:5]] == ["8", "11", "12", "13", "16"]


def test_unknown_split():
    with pytest.raises(AnytimeError, match="unknown split 'train': choose one of all, test, dev"):
        split_problems([], "train")
