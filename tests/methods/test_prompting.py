"""First prompts, and what must never stand in them: the evaluated problem itself."""

from __future__ import annotations

import csv
import dataclasses
import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anytime import AnytimeError, BudgetGrid, Domain, Message, Problem, Reply, get_domain
from anytime.domains.aime import AIME
from anytime.domains.base import fingerprint
from anytime.domains.gpqa import GPQA
from anytime.domains.trip import TRIP
from anytime.methods import leap, pdp
from anytime.methods.base import Lesson, Material, Recipe, material_from, material_name
from anytime.methods.learning import learned
from anytime.methods.prompting import Prompted, prefixed, prompted
from anytime.methods.source import check_recipe
from anytime.preferences.pairs import Pair, build_pairs, read_pairs, write_pairs
from anytime.preferences.pool import PoolCost
from tests.feeding import feed
from tests.pooling import INFO, ListPool, pair, trace

DOMAINS = {domain.name: domain for domain in (TRIP, AIME, GPQA)}
GRID = BudgetGrid([8, 16, 32])
QUESTION = "How many?"


@functools.cache
def builtin(name: str) -> tuple[Problem, ...]:
    return DOMAINS[name].load("builtin", "all", 0).problems


def ask(
    recipe: Recipe,
    material: Material,
    content: str = QUESTION,
    messages: Sequence[Message] = (Message("user", QUESTION),),
    budgets: Sequence[int] = GRID,
) -> Prompted:
    return prompted(
        recipe, material, messages, content, budgets=budgets, count=lambda text: len(text.split())
    )


def material(*pairs: Pair) -> Material:
    return material_from(pairs, get_domain)


def text_of(made: Prompted) -> str:
    assert not isinstance(made.messages, Mapping)
    return made.messages[-1].content


def three(domain: Domain = AIME) -> list[Pair]:
    return [pair(domain, f"What is {budget} + 1?", budget, name=f"p{budget}") for budget in GRID]


# What a prompt looks like


def test_cot_leaves_the_conversation_as_it_is() -> None:
    messages = [Message("system", "Be brief."), Message("user", QUESTION)]
    made = ask(Recipe("cot"), Material(), messages=messages)
    assert made == (tuple(messages), {"method": "cot"}, 0.0)


@pytest.mark.parametrize("method", ["pdp", "pdp_plus", "leap"])
def test_the_preface_stands_before_the_question_and_nothing_else_moves(method: str) -> None:
    messages = (
        Message("system", "Be brief."),
        Message("user", "An example?"),
        Message("assistant", "Its answer."),
        Message("user", QUESTION),
    )
    known = dataclasses.replace(material(*three()), lessons=(Lesson("Check units.", ("x",)),))
    made = ask(Recipe(method), known, messages=messages)
    assert not isinstance(made.messages, Mapping)
    assert made.messages[:-1] == messages[:-1]
    text = text_of(made)
    assert text.endswith(f"\n\n{pdp.QUESTION}\n\n{QUESTION}")
    before = text.removesuffix(QUESTION)
    if method == "leap":
        assert before == leap.preface(["Check units."])
    else:
        assert before == pdp.preface(three(), contrast=method == "pdp")
    assert made.added_tokens == len(before.split())


def test_the_log_tells_what_was_shown_and_what_it_took() -> None:
    first, second, third = three()
    allowance = len(pdp.preface([first, second], contrast=True).split())
    made = ask(Recipe("pdp", pair_tokens=allowance), material(first, second, third))
    shown = {"domain": "aime", "gap": 1.0, "chosen": 1, "rejected": 2}
    assert made.record == {
        "method": "pdp",
        "pairs": [
            {**shown, "problem": "p8", "budget": 8},
            {**shown, "problem": "p16", "budget": 16},
        ],
        "dropped": [{**shown, "problem": "p32", "budget": 32}],
        "left_out_as_same_problem": 0,
        "pool_domain": "aime",
        "added_tokens": allowance,
        "pool_tokens": 600,
    }
    assert made.added_tokens == allowance


def test_an_allowance_below_one_pair_is_an_error() -> None:
    for show in ("all", "matched"):
        with pytest.raises(AnytimeError, match="pair_tokens=5 is less than one pair takes"):
            ask(Recipe("pdp", pair_tokens=5, show=show), material(*three()))


@pytest.mark.parametrize("method", ["pdp", "pdp_plus"])
def test_matched_pairs_make_one_conversation_per_budget(method: str) -> None:
    pairs = three()
    messages = (Message("system", "Be brief."), Message("user", QUESTION))
    made = ask(Recipe(method, show="matched"), material(*pairs), messages=messages)
    assert isinstance(made.messages, Mapping)
    assert list(made.messages) == list(GRID)
    added = []
    for one in pairs:
        preface = pdp.preface([one], contrast=method == "pdp")
        assert made.messages[one.budget] == (messages[0], Message("user", preface + QUESTION))
        added.append(len(preface.split()))
    assert made.added_tokens == made.record["added_tokens"] == sum(added) / 3
    assert [named["problem"] for named in made.record["pairs"]] == ["p8", "p16", "p32"]


def test_matched_pairs_of_one_budget_are_fitted_on_their_own() -> None:
    pairs = three()
    spare = pair(AIME, "What is it?", 8, name="spare", good="word " * 500)
    most = max(len(pdp.preface([one], contrast=True).split()) for one in pairs)
    recipe = Recipe("pdp", show="matched", pair_tokens=most)
    made = ask(recipe, material(pairs[0], spare, *pairs[1:]))
    assert [named["problem"] for named in made.record["pairs"]] == ["p8", "p16", "p32"]
    assert [named["problem"] for named in made.record["dropped"]] == ["spare"]


@pytest.mark.parametrize("own", [False, True])
def test_a_budget_without_a_pair_of_its_own_is_shown_the_nearest(own: bool) -> None:
    smallest, _, largest = three()
    middle = [pair(AIME, QUESTION, 16)] if own else []  # about the evaluated problem itself
    made = ask(Recipe("pdp", show="matched"), material(smallest, *middle, largest))
    # 16 is as far from 8 as from 32, by ratio: the smaller one.
    assert [shown["budget"] for shown in made.record["pairs"]] == [8, 8, 32]
    assert made.record["left_out_as_same_problem"] == own


def test_pairs_of_another_grid_cannot_be_matched() -> None:
    others = [pair(AIME, "Quite another question about numbers?", at) for at in (7, 100)]
    with pytest.raises(AnytimeError, match="no pair of the run's budgets: the pairs have 7, 100"):
        ask(Recipe("pdp", show="matched"), material(*others))


@pytest.mark.parametrize(
    "messages",
    [(), (Message("system", "x"),), (Message("user", "x"), Message("assistant", "y"))],
)
def test_a_conversation_that_does_not_end_with_a_question(messages: tuple[Message, ...]) -> None:
    with pytest.raises(AnytimeError, match="a prompt that ends with the user's question"):
        prefixed(messages, "before")


# Leakage

BLANKS = [" ", "  ", "\n", "\n\n", "\r\n", "\t", "\v", "\x85", "\xa0", "\u2003", "\u2028", "\u3000"]
UNSEEN = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\xad", "\u200e", "\u202e", "\x00"]
CASES: list[Callable[[str], str]] = [
    str,
    str.upper,
    str.lower,
    str.title,
    str.swapcase,
    str.casefold,
]
SPACES: list[Callable[[str], str]] = [
    str,
    lambda text: " ".join(text.split()),
    lambda text: text.replace(" ", "\n \t"),
]
OPTIONS = "\n\nA) one\nB) two\nC) three\nD) four"
WORDS = st.one_of(
    st.just(""),
    st.sampled_from(["Consider this:\n\n", f"An example{OPTIONS}\n\n", OPTIONS, "\nThink twice."]),
    st.text(max_size=20),
)


def reordered(statement: str, order: Sequence[int]) -> str:
    """A question of GPQA with its options in another order."""
    stem = GPQA.content(statement)
    options = [line.partition(") ")[2] for line in statement[len(stem) :].strip().split("\n")]
    assert len(options) == 4
    lines = [f"{letter}) {options[place]}" for letter, place in zip("ABCD", order, strict=True)]
    return stem + "\n\n" + "\n".join(lines)


@st.composite
def smuggled(draw: st.DrawFn) -> tuple[Domain, Problem, str]:
    """An evaluated problem, and a statement that is the same one in disguise."""
    domain = DOMAINS[draw(st.sampled_from(sorted(DOMAINS)))]
    evaluated = draw(st.sampled_from(builtin(domain.name)))
    text = evaluated.prompt
    if domain is GPQA:
        text = reordered(text, draw(st.permutations(range(4))))
        stem = GPQA.content(text)
        text = stem + draw(WORDS) + text[len(stem) :]
    text = draw(st.sampled_from(SPACES))(draw(st.sampled_from(CASES))(text))
    noise = st.tuples(st.integers(0, 3000), st.sampled_from(BLANKS + UNSEEN))
    for place, blank in draw(st.lists(noise, max_size=6)):
        at = place % (len(text) + 1)
        text = text[:at] + blank + text[at:]
    if draw(st.booleans()):
        text = draw(st.sampled_from(UNSEEN)).join(text)
    return domain, evaluated, draw(WORDS) + text + draw(WORDS)


def check_alone(made: Prompted, domain: Domain, evaluated: Problem) -> None:
    """The question is the only place where the evaluated problem stands."""
    own = fingerprint(domain.content(evaluated.prompt))
    question = domain.ask(evaluated)
    by_budget = made.messages if isinstance(made.messages, Mapping) else {0: made.messages}
    for messages in by_budget.values():
        assert messages[-1].content.endswith(question)
        preface = messages[-1].content.removesuffix(question)
        assert "## " in preface
        assert own not in fingerprint(preface)
        assert not any(own in fingerprint(turn.content) for turn in messages[:-1])


@given(
    smuggled(),
    st.sampled_from(["pdp", "pdp_plus"]),
    st.sampled_from(["all", "matched"]),
    st.integers(0, 3),
    st.sampled_from(["some-problem", "trip-1", ""]),
)
@settings(max_examples=300, deadline=None)
def test_no_disguise_brings_a_problem_into_its_own_prompt(
    case: tuple[Domain, Problem, str], method: str, show: Any, place: int, name: str
) -> None:
    domain, evaluated, statement = case
    own = pair(domain, statement, GRID[min(place, 2)], name=name or evaluated.id)
    others = [
        pair(domain, other.prompt, budget, name=other.id)
        for other, budget in zip(
            (p for p in builtin(domain.name) if p.id != evaluated.id), GRID, strict=False
        )
    ]
    question = (Message("system", "Be brief."), Message("user", domain.ask(evaluated)))
    content = domain.content(evaluated.prompt)
    made = ask(
        Recipe(method, show=show),
        material(*others[:place], own, *others[place:]),
        content,
        question,
    )
    check_alone(made, domain, evaluated)
    assert made.record["left_out_as_same_problem"] == 1
    assert [named["budget"] for named in made.record["pairs"]] == list(GRID)
    with pytest.raises(AnytimeError, match="every pair is about this very problem"):
        ask(Recipe(method, show=show), material(own, own), content, question)


@given(smuggled(), st.sampled_from(["pdp", "pdp_plus"]), st.sampled_from(["all", "matched"]))
@settings(max_examples=100, deadline=None)
def test_a_runner_up_of_another_problem_stands_in_for_a_problems_own_pair(
    case: tuple[Domain, Problem, str], method: str, show: Any
) -> None:
    domain, evaluated, statement = case
    others = [one for one in builtin(domain.name) if one.id != evaluated.id][:2]
    own = [pair(domain, statement, budget, name="own") for budget in GRID]
    further = [
        dataclasses.replace(pair(domain, text, budget, name=name, gap=gap), runner_up=True)
        for budget in GRID
        for text, name, gap in [
            (statement, "own-again", 1.0),
            (others[0].prompt, "first", 0.75),
            (others[1].prompt, "second", 0.5),
        ]
    ]
    question = (Message("user", domain.ask(evaluated)),)
    content = domain.content(evaluated.prompt)
    known = material(*own, *further)
    made = ask(Recipe(method, show=show), known, content, question)
    check_alone(made, domain, evaluated)
    assert made.record["left_out_as_same_problem"] == 3
    shown = [(named["problem"], named["budget"]) for named in made.record["pairs"]]
    assert shown == [("first", budget) for budget in GRID]
    assert made.record["instead"] == made.record["pairs"]
    # Nobody else is shown them.
    stranger = ask(Recipe(method, show=show), known)
    assert [named["problem"] for named in stranger.record["pairs"]] == ["own"] * 3
    assert "instead" not in stranger.record


@given(smuggled(), st.sampled_from(["low", "high"]))
@settings(max_examples=120, deadline=None)
def test_no_disguise_brings_lessons_from_a_problem_into_its_own_prompt(
    case: tuple[Domain, Problem, str], level: leap.Level
) -> None:
    domain, evaluated, statement = case
    other = next(p for p in builtin(domain.name) if p.id != evaluated.id)
    pool = ListPool(
        [
            trace(dataclasses.replace(evaluated, id="first", prompt=statement), 1, [0, 0]),
            trace(dataclasses.replace(other, id="second"), 1, [0, 0]),
        ],
        dataclasses.replace(INFO, domain=domain.name),
    )

    def answer(request: Any) -> Reply:
        asked = request.messages[-1].content
        return Reply(f"- From the first: {statement!r}" if statement in asked else "- Else.")

    known, _ = feed(learned(Recipe("leap", principles=level), pool, domain), answer)
    question = (Message("user", domain.ask(evaluated)),)
    content = domain.content(evaluated.prompt)
    if level == "high":  # merged ones come from every problem
        with pytest.raises(AnytimeError, match="among those the principles were learned from"):
            ask(Recipe("leap", principles=level), known, content, question)
        return
    made = ask(Recipe("leap", principles=level), known, content, question)
    check_alone(made, domain, evaluated)
    assert made.record["principles"] == ["Else."]
    assert made.record["left_out_as_same_problem"] == 1
    assert "From the first" not in text_of(made)


@pytest.mark.parametrize("name", sorted(DOMAINS))
def test_an_unrelated_pair_is_never_dropped(name: str) -> None:
    domain, problems = DOMAINS[name], builtin(name)
    strangers = [p for other in DOMAINS if other != name for p in builtin(other)[:8]]
    for evaluated in problems:
        others = [pair(domain, p.prompt, name=p.id) for p in problems if p is not evaluated]
        others += [pair(AIME, p.prompt, name=p.id) for p in strangers]
        made = ask(
            Recipe("pdp"),
            material(*others),
            domain.content(evaluated.prompt),
            (Message("user", domain.ask(evaluated)),),
        )
        assert made.record["left_out_as_same_problem"] == 0
        assert [shown["problem"] for shown in made.record["pairs"]] == [p.problem for p in others]
        check_alone(made, domain, evaluated)


@pytest.mark.parametrize("name", sorted(DOMAINS))
def test_unrelated_lessons_are_never_dropped(name: str) -> None:
    domain, problems = DOMAINS[name], builtin(name)
    prints = [fingerprint(domain.content(p.prompt)) for p in problems]
    for place, evaluated in enumerate(problems):
        lessons = [Lesson(f"Rule {n}.", (p,)) for n, p in enumerate(prints) if n != place]
        made = ask(
            Recipe("leap", principles="low"),
            Material(lessons=tuple(lessons), domain=name),
            domain.content(evaluated.prompt),
        )
        assert made.record["principles"] == [lesson.text for lesson in lessons]
        assert made.record["left_out_as_same_problem"] == 0


@pytest.mark.parametrize("content", ["", " \n", "\u200b"])
def test_a_question_without_words_of_its_own_is_in_no_pair(content: str) -> None:
    made = ask(Recipe("pdp"), material(*three()), content)
    assert made.record["left_out_as_same_problem"] == 0
    ask(Recipe("leap"), Material(lessons=(Lesson("Check.", ("abc",)),)), content)


@pytest.mark.parametrize("name", sorted(DOMAINS))
def test_a_foreign_task_may_word_its_question_around_the_same_problem(name: str) -> None:
    domain = DOMAINS[name]
    evaluated, other = builtin(name)[:2]
    own = [pair(domain, evaluated.prompt)]
    if domain is GPQA:
        orders = itertools.permutations(range(4))
        own += [pair(domain, reordered(evaluated.prompt, order)) for order in orders]
    question = f"You are an expert.\n\n{domain.ask(evaluated)}"
    known = material(*own, pair(domain, other.prompt, 16))
    made = ask(Recipe("pdp"), known, question, (Message("user", question),))
    assert made.record["left_out_as_same_problem"] == len(own)
    assert fingerprint(text_of(made)).count(fingerprint(domain.content(evaluated.prompt))) == 1


def test_options_in_the_order_of_any_seed_make_the_same_problem(tmp_path: Path) -> None:
    path = tmp_path / "questions.csv"
    header = ["Record ID", "Question", "Correct Answer", *(f"Incorrect Answer {n}" for n in "123")]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for one in builtin("gpqa")[:6]:
            options = list(one.facts["options"])
            right = options.pop("ABCD".index(one.gold))
            writer.writerow([one.id, GPQA.content(one.prompt), right, *options])
    by_seed = [GPQA.load(str(path), "all", seed).problems for seed in range(8)]
    assert len({problems[0].prompt for problems in by_seed}) > 4
    for place, evaluated in enumerate(by_seed[0]):
        pairs = [pair(GPQA, problems[place].prompt) for problems in by_seed]
        stranger = pair(GPQA, by_seed[1][place - 1].prompt)
        made = ask(Recipe("pdp"), material(*pairs, stranger), GPQA.content(evaluated.prompt))
        assert made.record["left_out_as_same_problem"] == len(pairs)


def test_a_file_of_pairs_keeps_no_way_in(tmp_path: Path) -> None:
    evaluated, other = builtin("gpqa")[:2]
    own = pair(GPQA, reordered(evaluated.prompt, [3, 2, 1, 0]).upper(), name="else")
    path = tmp_path / "pairs.jsonl"
    write_pairs(path, [own, pair(GPQA, other.prompt)])
    made = ask(
        Recipe("pdp"),
        material(*read_pairs(path, get_domain)),
        GPQA.content(evaluated.prompt),
        (Message("user", GPQA.ask(evaluated)),),
    )
    check_alone(made, GPQA, evaluated)
    assert made.record["left_out_as_same_problem"] == 1


# Letters and their options


@pytest.mark.parametrize("contrast", [True, False])
def test_letters_stand_with_the_options_they_belong_to(contrast: bool) -> None:
    shown = builtin("gpqa")[:4]
    kept = [
        trace(one, draw, [float(q1), float(q2)], text=f"B is out, says draw {draw}. " * 2)
        for one in shown
        for draw, (q1, q2) in enumerate([(0, 0), (1, 0), (0, 1)], 1)
    ]
    info = dataclasses.replace(INFO, domain="gpqa")
    pairs = build_pairs(ListPool(kept, info), GPQA, per_budget=3)
    assert len(pairs) == 6
    made = ask(
        Recipe("pdp" if contrast else "pdp_plus"),
        material(*pairs),
        GPQA.content(builtin("gpqa")[9].prompt),
    )
    head, *examples = text_of(made).split("## Example ")
    assert len(examples) == 6
    assert not any(f"{letter})" in head for letter in "ABCD")
    by_id = {one.id: one for one in shown}
    for example, named in zip(examples, made.record["pairs"], strict=True):
        statement, _, reasoning = example.partition(pdp.GOOD)
        problem = by_id[named["problem"]]
        assert problem.prompt in statement
        for letter, option in zip("ABCD", problem.facts["options"], strict=True):
            assert f"\n{letter}) {option}" in statement
        assert "B is out" in reasoning


# Recipes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "pdq"}, "unknown method 'pdq': choose one of cot, pdp, pdp_plus, leap"),
        ({"judge": "me"}, "unknown judge 'me': choose one of metric, self"),
        ({"show": "some"}, "unknown show 'some': choose one of all, matched"),
        ({"principles": "mid"}, "unknown principles 'mid': choose one of low, high"),
        ({"traces": 0}, "traces 0 is not a whole number above 0"),
        ({"traces": True}, "traces True is not a whole number above 0"),
        ({"problems": None}, "problems None is not a whole number above 0"),
        ({"per_budget": 1.5}, "per_budget 1.5 is not a whole number above 0"),
        ({"pair_tokens": -1}, "pair_tokens -1 is not a whole number above 0"),
        ({"min_gap": 1.1}, "min_gap 1.1 is not a number from 0 to 1"),
        ({"min_gap": float("nan")}, "min_gap nan is not a number from 0 to 1"),
        ({"min_gap": "0"}, "min_gap '0' is not a number from 0 to 1"),
        ({"traces": 1}, "one trace per problem, and a pair needs two"),
        ({"show": "matched"}, "show=matched needs mode=contract"),
    ],
)
def test_what_cannot_be_done_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(AnytimeError, match=message):
        check_recipe(Recipe(**{"method": "pdp", **changes}), "interrupt")


@pytest.mark.parametrize(
    ("recipe", "mode"),
    [
        (Recipe(), "interrupt"),
        (Recipe("pdp", show="matched"), "contract"),
        (Recipe("leap", traces=1, principles="low"), "interrupt"),
        (Recipe("pdp", traces=2, pair_tokens=1, min_gap=1), "interrupt"),
    ],
)
def test_what_can_be_done_is_not_refused(recipe: Recipe, mode: str) -> None:
    check_recipe(recipe, mode)


def test_traces_per_problem_are_the_papers_unless_told() -> None:
    assert [Recipe(m).pool_traces for m in ("pdp", "pdp_plus", "leap")] == [64, 64, 15]
    assert Recipe("leap", traces=3).pool_traces == 3


def test_what_makes_other_material_of_a_pool_has_another_name() -> None:
    recipes = [
        Recipe("pdp"),
        Recipe("pdp", judge="self"),
        Recipe("pdp", per_budget=2),
        Recipe("pdp", min_gap=0.1),
        Recipe("leap"),
        Recipe("leap", principles="low"),
    ]
    assert len({material_name(recipe) for recipe in recipes}) == len(recipes)
    same = [Recipe("pdp"), Recipe("pdp_plus"), Recipe("pdp", show="matched", pair_tokens=9)]
    assert len({material_name(recipe) for recipe in same}) == 1


def test_what_is_added_is_counted_beside_what_it_took() -> None:
    known = Material(
        lessons=(Lesson("Check units.", ("abc",)),),
        domain="gpqa",
        pool=PoolCost(1, 2, 30),
        tokens=40,
    )
    made = ask(Recipe("leap", principles="low"), known)
    added = len(leap.preface(["Check units."]).split())
    assert made.record == {
        "method": "leap",
        "principles": ["Check units."],
        "level": "low",
        "left_out_as_same_problem": 0,
        "pool_domain": "gpqa",
        "added_tokens": added,
        "pool_tokens": 40,
    }
    assert made.added_tokens == added
