"""Whether a run evaluates what it learns from, known before anything is asked."""

from __future__ import annotations

import dataclasses
import logging
import re
from typing import Any

import pytest

from anytime import AnytimeError, Problem
from anytime.domains.aime import AIME
from anytime.domains.base import fingerprint
from anytime.methods.base import Lesson, Material, Recipe, fingerprints, material_from
from anytime.methods.overlap import Evaluated, check_material, check_pool, check_sampled
from tests.pooling import ListPool, pair, problem, trace
from tests.refusals import is_one_sentence

A, B, C = (
    problem(name, f"How many of the things are there in {name}, all told?") for name in "abc"
)
BUDGETS = (8, 16)


def evaluated(*problems: Problem, split: str = "-T split=test") -> Evaluated:
    return Evaluated(tuple(fingerprint(AIME.content(p.prompt)) for p in problems), split)


def refused(check: Any) -> str:
    with pytest.raises(AnytimeError) as caught:
        check()
    assert is_one_sentence(str(caught.value)), str(caught.value)
    return str(caught.value)


def pool(*problems: Problem, wrong: str = "abc") -> ListPool:
    """Of each problem a right and, if it is named, a wrong trace."""
    return ListPool(
        [
            trace(one, draw, [0, float(draw == 1 or one.id not in wrong)])
            for one in problems
            for draw in (1, 2)
        ]
    )


def test_problems_are_recognised_by_their_content() -> None:
    shouted = dataclasses.replace(A, id="other", prompt=f" {A.prompt.upper()}\n")
    subjects = [fingerprints(AIME, A.prompt)]
    assert evaluated(shouted, B).among(subjects) == list(evaluated(A).contents)
    assert evaluated(B).among(subjects) == []
    assert Evaluated().among(subjects) == []


@pytest.mark.parametrize(
    ("split", "what_to_do"),
    [
        ("-T split=test", "add -T split=test, or name pairs or a pool of other problems"),
        ("", "name pairs or a pool of other problems"),
    ],
)
def test_a_pool_of_evaluated_problems_is_not_paid_for(split: str, what_to_do: str) -> None:
    run = evaluated(C, A, B, split=split)
    message = refused(lambda: check_sampled(run, AIME, [A, B]))
    assert message.startswith("2 of the 3 evaluated problems are among the 2 dev problems")
    assert message.endswith(f": {what_to_do}")
    check_sampled(evaluated(C), AIME, [A, B])
    check_sampled(Evaluated(), AIME, [A, B])


@pytest.mark.parametrize(
    ("recipe", "given", "share"),
    [
        (Recipe("pdp"), pool(A, B), ""),
        (Recipe("pdp"), pool(A), "1 of the 2"),
        (Recipe("leap"), pool(A, B), "2 of the 2"),
        (Recipe("leap"), pool(A, B, C, wrong="bc"), "1 of the 2"),
        (Recipe("leap"), pool(A, B, C, wrong="c"), ""),
        (Recipe("leap", principles="low"), pool(A, B), ""),
        (Recipe("leap", principles="low"), pool(A, B, wrong="b"), "1 of the 2"),
    ],
    ids=str,
)
def test_a_pool_that_leaves_nothing_is_not_learned_from(
    recipe: Recipe, given: ListPool, share: str
) -> None:
    def check() -> None:
        check_pool(recipe, given, AIME, evaluated(A, B))

    if not share:
        check()
        return
    message = refused(check)
    assert re.match(
        rf"{share} evaluated problems (is|are) among those that {recipe.method}", message
    )
    assert message.endswith("add -T split=test, or name pairs or a pool of other problems")
    check_pool(recipe, given, AIME, Evaluated())


def material(*problems: Problem, further: tuple[Problem, ...] = ()) -> Material:
    pairs = [pair(AIME, one.prompt, name=one.id) for one in problems]
    rest = [pair(AIME, one.prompt, name=one.id) for one in further]
    pairs += [dataclasses.replace(one, runner_up=True) for one in rest]
    return material_from(pairs, lambda _: AIME)


def test_what_is_shown_is_looked_at_for_each_problem(caplog: pytest.LogCaptureFixture) -> None:
    def check(known: Material, method: str = "pdp", **options: Any) -> None:
        check_material(Recipe(method, **options), known, BUDGETS, evaluated(B, A))

    with caplog.at_level(logging.WARNING):
        check(material(C))
    assert caplog.records == []
    message = refused(lambda: check(material(A)))
    assert message == (
        "every pair is about this very problem, which must not stand in its own prompt (1 of the 2 "
        "evaluated problems): add -T split=test, or use pairs of other problems"
    )
    for known in (material(A, C), material(A, further=(C,))):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            check(known, pair_tokens=1)  # whether they fit is another question
        assert "1 of the 2 evaluated problems is among those" in caplog.text
    lesson = Lesson("Check.", fingerprints(AIME, A.prompt))
    message = refused(lambda: check(Material(lessons=(lesson,)), "leap", principles="low"))
    assert "among those the principles were learned from (1 of the 2 evaluated problems)" in message


def test_pairs_that_cannot_be_matched_without_its_own_are_refused_too() -> None:
    known = material_from(
        [pair(AIME, A.prompt, 8, name="a"), pair(AIME, C.prompt, 7, name="c")], lambda _: AIME
    )
    recipe = Recipe("pdp", show="matched")
    check_material(recipe, known, BUDGETS, evaluated(B))
    message = refused(lambda: check_material(recipe, known, BUDGETS, evaluated(B, A)))
    assert "show=matched finds no pair of the run's budgets" in message
