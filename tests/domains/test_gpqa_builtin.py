import subprocess
import sys
from collections import Counter

import pytest

from anytime.domains import gpqa_builtin
from anytime.domains.answers import LETTERS
from anytime.domains.gpqa import GPQA
from anytime.domains.gpqa_builtin import PER_TEMPLATE, TEMPLATES, generate

SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_options_are_four_and_every_wrong_one_has_its_mistake(seed):
    problems = GPQA.load("builtin", "all", seed).problems
    assert len(problems) == len({p.id for p in problems}) == len({p.prompt for p in problems}) == 48
    for problem in problems:
        options = problem.facts["options"]
        right = options[LETTERS.index(problem.gold)]
        assert len(set(options)) == 4
        assert set(problem.facts["distractors"]) == set(options) - {right}
        assert all(problem.facts["distractors"].values())
        assert GPQA.grade(problem, f"Answer: {problem.gold}").quality == 1.0
        for letter in set(LETTERS) - {problem.gold}:
            assert GPQA.grade(problem, f"Answer: {letter}").quality == 0.0


def test_every_template_is_drawn_equally_often():
    drawn = Counter(p.facts["template"] for p in generate(0))
    assert drawn == {t.__name__.strip("_"): PER_TEMPLATE for t in TEMPLATES}
    assert len(TEMPLATES) >= 10


SHOWN = [
    ((12.345, "m"), "12.3 m"),
    ((0.004567, "mol"), "0.00457 mol"),
    ((4567.8, "W"), "4568 W"),
    ((3.2e9, "cells"), "3.20 x 10^9 cells"),
    ((13.0, ""), "13.0"),
    ((-0.5, "V"), "-0.500 V"),
    ((0.0, "V"), "0.00 V"),
]


@pytest.mark.parametrize(("args", "text"), SHOWN)
def test_values_are_shown_with_three_digits(args, text):
    assert gpqa_builtin._shown(*args) == text


def test_pinned_questions_worked_by_hand():
    gold = {p.id: (p.prompt, p.gold) for p in generate(0)}
    prompt, right = gold["builtin-0-resistors-1"]
    assert "27 ohm and 12 ohm" in prompt
    assert "14 V" in prompt
    assert right == "23.6 W"  # 196 * (1/27 + 1/12)
    prompt, right = gold["builtin-0-titration-1"]
    assert "0.35 mol/L sodium hydroxide neutralises 28 mL of 0.15 mol/L" in prompt
    assert right == "24.0 mL"  # 2 * 28 * 0.15 / 0.35
    prompt, right = gold["builtin-0-nernst-1"]
    assert "0.82 V transfers 3 electrons" in prompt
    assert right == "0.761 V"  # 0.82 - 0.0592 / 3 * 3
    prompt, right = gold["builtin-0-dilation-1"]
    assert "6.7 ns" in prompt
    assert "0.95 c" in prompt
    assert right == "21.5 ns"  # 6.7 / sqrt(0.0975)


@pytest.mark.parametrize("seed", SEEDS)
def test_splits_are_disjoint_by_question_also_across_seeds(seed):
    def questions(split, other):
        problems = GPQA.load("builtin", split, other).problems
        return {" ".join(p.prompt.partition("\n\nA) ")[0].split()).casefold() for p in problems}

    dev = questions("dev", seed)
    assert dev
    assert not any(dev & questions("test", other) for other in SEEDS)
    assert dev | questions("test", seed) == questions("all", seed)


def test_set_says_that_it_is_a_stand_in():
    loaded = GPQA.load("builtin", None, 4)
    assert (loaded.note, loaded.revision, loaded.split) == (gpqa_builtin.NOTE, "seed 4", "test")


def test_same_in_another_process_whatever_the_hash_seed():
    code = "from anytime.domains.gpqa_builtin import generate; print(repr(generate(5)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr(generate(5))
    assert generate(5) != generate(6)
