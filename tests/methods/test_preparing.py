"""What a method learns before the first question, without a host."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anytime import AnytimeError, BudgetGrid, Cue, Dataset, Message, Problem, Reply, get_domain
from anytime.domains.aime import AIME
from anytime.domains.base import fingerprint
from anytime.domains.gpqa import GPQA
from anytime.domains.trip import TRIP
from anytime.methods.base import Lesson, Material, Recipe, material_from
from anytime.methods.leap import MERGE
from anytime.methods.learning import learned
from anytime.methods.preparing import (
    Study,
    pool_path,
    read_material,
    study_of,
    trace_program,
    write_material,
)
from anytime.preferences.judge import COMPARE
from anytime.preferences.pairs import Pair, Side, build_pairs
from anytime.preferences.pool import PoolCost, pool_trace
from anytime.preferences.pool_file import GrowingPool
from tests.feeding import feed
from tests.pooling import ListPool, pair, problem, trace

GRID = BudgetGrid([2, 4, 8])
PROBLEMS = tuple(problem(name) for name in "abcde")


def dataset(*problems: Problem, name: str = "mine.jsonl", **changes: Any) -> Dataset:
    return Dataset(**{
        "name": name,
        "revision": "r1",
        "split": "dev",
        "problems": problems or PROBLEMS,
        **changes,
    })  # fmt: skip


def study(**changes: Any) -> Study:
    return Study(**{
        "domain": AIME,
        "dataset": dataset(),
        "problems": PROBLEMS[:2],
        "traces": 3,
        "budgets": GRID,
        "continuation": "reprompt",
        "answer_tokens": 50,
        **changes,
    })  # fmt: skip


# Which runs make a pool


@pytest.mark.parametrize("domain", [TRIP, AIME, GPQA], ids=lambda domain: domain.name)
def test_a_study_is_of_the_first_problems_of_the_dev_split(domain: Any) -> None:
    options: Any = {"budgets": GRID, "continuation": "prefill", "answer_tokens": 9}
    dev = domain.load("builtin", "dev", 3).problems
    few = study_of(Recipe("pdp", problems=2), domain, "builtin", 3, **options)
    assert few.problems == dev[:2]
    assert (few.traces, few.budgets, few.continuation, few.answer_tokens) == (
        64,
        GRID,
        "prefill",
        9,
    )
    assert few.dataset.split == "dev"
    assert study_of(Recipe("pdp", problems=999), domain, "builtin", 3, **options).problems == dev


def test_leap_needs_only_the_end_of_each_trace() -> None:
    options: Any = {"budgets": GRID, "continuation": "prefill", "answer_tokens": 9}
    made = study_of(Recipe("leap"), AIME, "builtin", 0, **options)
    assert made.budgets == BudgetGrid([4, 8])
    assert made.traces == 15


@pytest.mark.parametrize("loaded", ["empty", "missing"])
def test_without_a_dev_split_there_is_nothing_to_learn_from(loaded: str) -> None:
    def load(name: str, split: Any, seed: int) -> Dataset:
        if loaded == "missing":
            raise AnytimeError("dataset 'x' has no dev split")
        return dataclasses.replace(dataset(), problems=())

    domain = dataclasses.replace(AIME, load=load)
    with pytest.raises(AnytimeError, match="dev split"):
        study_of(
            Recipe("pdp"), domain, "x", 0, budgets=GRID, continuation="prefill", answer_tokens=9
        )


def test_missing_traces_come_draw_by_draw() -> None:
    everything = [(one.id, draw) for one, draw in study().missing(())]
    assert everything == [("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3), ("b", 3)]


@given(st.sets(st.tuples(st.sampled_from("abz"), st.integers(0, 4))))
def test_nothing_finished_is_missing_and_nothing_missing_is_forgotten(
    done: set[tuple[str, int]],
) -> None:
    everything = [(one.id, draw) for one, draw in study().missing(())]
    left = [(one.id, draw) for one, draw in study().missing(done)]
    assert left == [key for key in everything if key not in done]


def test_a_pool_tells_where_it_is_from(tmp_path: Path) -> None:
    info = study().info(tmp_path / "pool.jsonl", "some/model")
    assert dataclasses.asdict(info) == {
        "source": str(tmp_path / "pool.jsonl"),
        "domain": "aime",
        "dataset": "mine.jsonl",
        "revision": "r1",
        "split": "dev",
        "model": "some/model",
        "budgets": GRID,
        "judge": "metric",
    }


@pytest.mark.parametrize("system", ["", "Be brief."])
def test_a_trace_is_sampled_as_the_run_asks(system: str) -> None:
    one = PROBLEMS[0]
    words = [f"w{n} ".encode() for n in range(6)]
    reply = Reply(b"".join(words).decode(), token_bytes=tuple(words), output_tokens=6)

    def answer(request: Any) -> Reply:
        return reply if request.kind == "trace" else Reply("\\boxed{42}", output_tokens=3)

    elicited, (first, second) = feed(trace_program(study(system=system), one, None), answer)
    asked = Message("user", AIME.ask(one))
    assert first[0].messages == ((Message("system", system), asked) if system else (asked,))
    assert first[0].max_tokens == 8
    assert [request.budget for request in second] == [2, 4]
    assert second[0].max_tokens == 50
    assert second[0].messages[-1] == Message("user", AIME.cue(one).ask)
    graded = pool_trace(AIME, one, 1, elicited)
    assert graded.scored.quality == (1.0, 1.0, 0.0)
    assert graded.tokens == 6 + 3 + 3


# Where a pool is kept


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANYTIME_CACHE_DIR", str(tmp_path))
    return tmp_path


SAMPLING = {"temperature": 0.7, "seed": 1}


def changed(**changes: Any) -> tuple[Study, str, dict[str, Any]]:
    return study(**changes), "some/model", SAMPLING


def with_domain(**changes: Any) -> tuple[Study, str, dict[str, Any]]:
    return changed(domain=dataclasses.replace(AIME, **changes))


DETERMINING = {
    "domain": with_domain(name="aimless"),
    "prompt": with_domain(ask=lambda problem: f"Please: {problem.prompt}"),
    "cue": with_domain(cue=lambda problem: Cue("Time is up.", "Answer: ")),
    "revision": changed(dataset=dataset(revision="r2")),
    "problems": changed(problems=PROBLEMS[:3]),
    "order": changed(problems=PROBLEMS[1::-1]),
    "id": changed(problems=(dataclasses.replace(PROBLEMS[0], id="A"), PROBLEMS[1])),
    "statement": changed(problems=(PROBLEMS[0], dataclasses.replace(PROBLEMS[1], prompt="Else?"))),
    "traces": changed(traces=4),
    "budgets": changed(budgets=BudgetGrid([2, 4, 9])),
    "continuation": changed(continuation="prefill"),
    "answer_tokens": changed(answer_tokens=51),
    "system": changed(system="Be brief."),
    "model": (study(), "some/other", SAMPLING),
    "temperature": (study(), "some/model", {**SAMPLING, "temperature": 0.8}),
    "another-setting": (study(), "some/model", {**SAMPLING, "top_p": 0.9}),
    "nested": (study(), "some/model", {**SAMPLING, "config": {"top_p": 0.9}}),
    "nested-otherwise": (study(), "some/model", {**SAMPLING, "config": {"top_p": 0.8}}),
}


def test_all_that_determines_a_pool_is_in_its_name(cache: Path) -> None:
    paths = {name: pool_path(*given) for name, given in DETERMINING.items()}
    paths["none"] = pool_path(study(), "some/model", SAMPLING)
    assert len(set(paths.values())) == len(paths)
    assert {path.parent for path in paths.values()} == {cache / "pools"}
    assert {path.suffix for path in paths.values()} == {".jsonl"}
    assert paths["traces"].name.startswith("aime-")


@pytest.mark.parametrize(
    "given",
    [
        pytest.param((study(), "some/model", {"seed": 1, "temperature": 0.7}), id="order"),
        pytest.param(changed(dataset=dataset(name="renamed.jsonl")), id="name"),
        pytest.param(changed(dataset=dataset(note="A stand-in.")), id="note"),
        pytest.param(changed(dataset=dataset(*PROBLEMS[:2])), id="problems-not-taken"),
        pytest.param(changed(budgets=BudgetGrid(["2", 4.0, 8])), id="grid-as-typed"),
        pytest.param(with_domain(budgets="1,2", answer_tokens=7), id="defaults-of-the-domain"),
        pytest.param(with_domain(strip=str.upper), id="how-traces-are-shown"),
    ],
)
def test_nothing_else_is_in_its_name(cache: Path, given: Any) -> None:
    assert pool_path(*given) == pool_path(study(), "some/model", SAMPLING)


def test_two_recipes_of_one_pool_share_it(cache: Path) -> None:
    options: Any = {"budgets": GRID, "continuation": "prefill", "answer_tokens": 9}
    paths = [
        pool_path(study_of(recipe, GPQA, "builtin", 0, **options), "m", {})
        for recipe in (
            Recipe("pdp"),
            Recipe("pdp_plus", judge="self", per_budget=3, min_gap=0.5, pair_tokens=7),
        )
    ]
    assert paths[0] == paths[1]
    other = study_of(Recipe("pdp"), GPQA, "builtin", 1, **options)  # other options, other problems
    assert pool_path(other, "m", {}) != paths[0]


def test_a_pool_is_grown_again_after_its_dataset_was_renamed(cache: Path) -> None:
    one = study()
    path = pool_path(one, "some/model", SAMPLING)
    growing = GrowingPool(path, one.info(path, "some/model"))
    growing.add(trace(PROBLEMS[0], 1, [0, 0, 1]))
    growing.close()
    renamed = study(dataset=dataset(name="renamed.jsonl"))
    again = GrowingPool(path, renamed.info(path, "some/model"))
    assert next(renamed.missing(again.done))[0] == PROBLEMS[1]
    again.close()


# What is learned


POOL = ListPool(
    [
        trace(PROBLEMS[0], 1, [0, 0], ["a-bad", "a-bad"], tokens=5),
        trace(PROBLEMS[0], 2, [0, 1], ["a-bad", "a-good"], tokens=6),
        trace(PROBLEMS[1], 1, [1, 0], ["b-good", "b-bad"], tokens=7),
        trace(PROBLEMS[1], 2, [0, 1], ["b-bad", "b-good"], tokens=8),
    ]
)
COST = PoolCost(problems=2, traces=4, tokens=26)


def prints(*problems: Problem) -> tuple[str, ...]:
    return tuple(fingerprint(AIME.content(one.prompt)) for one in problems)


def at_once(program: Any) -> Any:
    with pytest.raises(StopIteration) as stop:
        next(program)
    return stop.value.value


@pytest.mark.parametrize("method", ["pdp", "pdp_plus"])
def test_pairs_by_the_metric_need_nobody_asked(method: Any) -> None:
    made = at_once(learned(Recipe(method, per_budget=2), POOL, AIME))
    pairs = build_pairs(POOL, AIME, per_budget=2)
    assert made == Material(
        pairs=tuple(pairs),
        contents=tuple(prints(problem(one.problem)) for one in pairs),
        domain="aime",
        pool=COST,
        tokens=26,
    )
    assert [(one.problem, one.budget) for one in made.pairs] == [("b", 8), ("a", 16), ("b", 16)]


def test_the_recipes_least_gap_counts() -> None:
    halves = ListPool([trace(PROBLEMS[0], 1, [0, 0]), trace(PROBLEMS[0], 2, [0, 0.5])])
    assert len(at_once(learned(Recipe("pdp", min_gap=0.5), halves, AIME)).pairs) == 1
    with pytest.raises(AnytimeError, match=r"no budget has a gap of 0[.]6 or more"):
        next(learned(Recipe("pdp", min_gap=0.6), halves, AIME))


def test_pairs_by_the_model_itself_tell_what_judging_took() -> None:
    def judge(request: Any) -> Reply:
        shown = request.messages[-1].content.partition("## Answer")[2]
        good = "good" in shown.split("\n\n")[1]
        if COMPARE in request.messages[-1].content:
            return Reply(f"Better: {1 if good else 2}", output_tokens=3)
        return Reply(f"Score: {90 if good else 10}", output_tokens=2)

    made, batches = feed(learned(Recipe("pdp", judge="self"), POOL, AIME), judge)
    assert {one.judge for one in made.pairs} == {"self"}
    assert [one.budget for one in made.pairs] == [8, 16]
    assert made.contents == tuple(prints(problem(one.problem)) for one in made.pairs)
    assert made.agreement == 1.0
    assert made.pool == COST
    assert made.tokens == 26 + 2 * len(batches[0]) + 3 * len(batches[1])


WRONG = ListPool(
    [
        trace(PROBLEMS[2], 1, [0, 0], tokens=4),
        trace(PROBLEMS[2], 2, [0, 1], tokens=4),
        trace(PROBLEMS[3], 1, [0, 0], tokens=4),
        trace(PROBLEMS[4], 1, [0, 1], tokens=4),
    ]
)


def teacher(request: Any) -> Reply:
    text = request.messages[-1].content
    return Reply("- Merged.\n- Else." if MERGE in text else "- One.\n- Two.", output_tokens=10)


def test_low_lessons_know_the_problem_each_is_from() -> None:
    made, _ = feed(learned(Recipe("leap", principles="low"), WRONG, AIME), teacher)
    c, d = prints(PROBLEMS[2]), prints(PROBLEMS[3])
    assert made == Material(
        lessons=(Lesson("One.", c), Lesson("Two.", c), Lesson("One.", d), Lesson("Two.", d)),
        domain="aime",
        pool=PoolCost(3, 4, 16),
        tokens=16 + 20,
    )


def test_high_lessons_are_from_every_mistake_and_from_no_other_problem() -> None:
    made, _ = feed(learned(Recipe("leap"), WRONG, AIME), teacher)
    both = prints(PROBLEMS[2], PROBLEMS[3])
    assert made.lessons == (Lesson("Merged.", both), Lesson("Else.", both))
    assert made.tokens == 16 + 30


def test_without_mistakes_leap_is_one_sentence() -> None:
    with pytest.raises(AnytimeError, match="every trace on the dev problems ended right"):
        next(learned(Recipe("leap"), ListPool(WRONG.kept[1:2]), AIME))


@pytest.mark.parametrize("method", ["pdp", "leap"])
def test_an_empty_pool_is_one_sentence(method: Any) -> None:
    with pytest.raises(AnytimeError, match=r"the pool is empty|nothing to learn from"):
        next(learned(Recipe(method), ListPool([]), AIME))


def test_pairs_of_several_domains_name_them_all() -> None:
    question = GPQA.load("builtin", "dev", 0).problems[0].prompt
    made = material_from([pair(GPQA, question), pair(AIME, "How many?")], get_domain)
    assert made.domain == "aime gpqa"
    assert fingerprint(GPQA.content(question)) in made.contents[0]
    assert made.contents[1] == (fingerprint("How many?"),)


# Kept beside the pool

texts = st.text(st.characters())  # lone surrogates, too
qualities = st.floats(0, 1)
sides = st.builds(Side, text=texts, quality=qualities, draw=st.integers(1, 99))
costs = st.builds(PoolCost, *[st.integers(0, 10**9)] * 3)
pairs = st.builds(
    Pair,
    **dict.fromkeys(
        ("domain", "dataset", "revision", "model", "judge", "problem", "content", "statement"),
        texts,
    ),
    budget=st.integers(1, 10**6),
    chosen=sides,
    rejected=sides,
    pool=costs,
)
prints_of = st.lists(texts, max_size=3).map(tuple)
materials = st.builds(
    Material,
    pairs=st.lists(pairs, max_size=2).map(tuple),
    contents=st.lists(prints_of, max_size=2).map(tuple),
    lessons=st.lists(st.builds(Lesson, texts, prints_of), max_size=2).map(tuple),
    domain=texts,
    pool=costs,
    tokens=st.integers(0, 10**9),
    agreement=st.none() | qualities,
)


@given(materials)
@settings(max_examples=60, deadline=None)
def test_what_is_kept_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, made: Material
) -> None:
    path = tmp_path_factory.getbasetemp() / "material.json"
    write_material(path, made)
    assert read_material(path) == made


@pytest.mark.parametrize(
    "program",
    [
        lambda: learned(Recipe("leap"), WRONG, AIME),
        lambda: learned(Recipe("leap", principles="low"), WRONG, AIME),
        lambda: learned(Recipe("pdp", per_budget=2), POOL, AIME),
    ],
)
def test_what_was_learned_is_what_is_read(tmp_path: Path, program: Callable[[], Any]) -> None:
    running = program()
    try:
        batch: Sequence[Any] = next(running)
        while True:
            batch = running.send([teacher(request) for request in batch])
    except StopIteration as stop:
        made = stop.value
    path = tmp_path / "material.json"
    write_material(path, made)
    assert read_material(path) == made
    assert list(tmp_path.iterdir()) == [path]


def test_the_cost_of_joined_files_is_the_sum_of_their_pools() -> None:
    one, other = pair(AIME, "First problem?", 8), pair(AIME, "Second problem?", 16)
    other = dataclasses.replace(other, pool=PoolCost(2, 8, 500))
    made = material_from([one, other, one], get_domain)
    assert made.tokens == one.pool.tokens + 500
