"""What a method learns, by feeding what a host would: the contract of every method and harness."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from anytime import AnytimeError, BudgetGrid, Message, Method, Preface, Reply, Request, plugins
from anytime.domains.aime import AIME
from anytime.domains.base import fingerprint
from anytime.domains.gpqa import GPQA
from anytime.hookspecs import hookimpl
from anytime.methods.base import Lesson, Material, Recipe, material_name
from anytime.methods.leap import LEARN, MERGE
from anytime.methods.learning import Lock, MissingTraces, Sampling, learning
from anytime.methods.overlap import Evaluated
from anytime.methods.prompting import prompted
from anytime.methods.source import (
    Source,
    Spelling,
    check_source,
    check_taken,
    completed,
    recipe_and_source,
    samples_pool,
)
from anytime.plugins import get_method
from anytime.preferences.pairs import RUNNERS_UP, build_pairs, write_pairs
from anytime.preferences.pool_file import PoolFile
from tests.feeding import feed

BUDGETS = BudgetGrid([2, 4, 8])
DEV = Source(domain="aime", dataset="builtin")
FEW = {"traces": 2, "problems": 2}
OTHER = Spelling(
    {name: f"pool_{name}" for name in ("domain", "dataset", "traces", "problems")},
    where=" in --metadata",
)


def sampling(**changes: Any) -> Sampling:
    return Sampling(**{
        "budgets": BUDGETS,
        "continuation": "reprompt",
        "answer_tokens": None,
        "tokenizer": None,
        "system": "",
        "model": "some/model",
        "identity": "some/model []",
        "settings": {"temperature": 0.7},
        **changes,
    })  # fmt: skip


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANYTIME_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pools"


GOLD = {problem.prompt: problem.gold for problem in AIME.load("builtin", "dev", 0).problems}


class Host:
    """Does what a program of learning asks for, and keeps a list of it."""

    def __init__(self, most: int = 10**9) -> None:
        self.done: list[Any] = []
        self.asked: list[Request] = []
        self.most = most
        self.traces = 0

    def run(self, program: Any) -> Material:
        outcome = None
        try:
            while True:
                try:
                    step = program.send(outcome)
                except StopIteration as stop:
                    material: Material = stop.value
                    return material
                outcome = self.take(step)
        finally:
            program.close()

    def take(self, step: Any) -> Material | None:
        if isinstance(step, Lock):
            self.done.append("lock")
            assert step.path.exists()
            return None
        if isinstance(step, MissingTraces):
            self.done.append("traces")
            for problem, draw in step.missing():
                if self.traces == self.most:
                    raise KeyboardInterrupt
                self.traces += 1
                elicited, _ = feed(step.program(problem), self.answer(good=draw == 1))
                step.keep(problem, draw, elicited)
                assert step.progress[1] == 4
            return None
        self.done.append("program")
        material, _ = feed(step, self.answer(good=True))
        return material

    def answer(self, *, good: bool) -> Callable[[Request], Reply]:
        def say(request: Request) -> Reply:
            self.asked.append(request)
            said = request.messages[-1].content
            if LEARN in said or MERGE in said:
                return Reply("- Count twice.", output_tokens=5)
            if request.kind == "trace":
                words = [f"{'good' if good else 'poor'}{n} ".encode() for n in range(8)]
                return Reply(
                    b"".join(words).decode(),
                    token_bytes=tuple(words),
                    output_tokens=8,
                    finish="length",
                )
            asked = "".join(message.content for message in request.messages)
            (gold,) = (gold for prompt, gold in GOLD.items() if prompt in asked)
            return Reply(f"\\boxed{{{gold if good else 1000}}}", output_tokens=3)

        return say


def pools(cache: Path) -> set[str]:
    """What stands behind the one pool's name."""
    return {path.name[path.name.index(".") :] for path in cache.iterdir()}


@pytest.mark.parametrize(
    ("method", "kept"),
    [
        ("pdp", ".pairs_2-metric-1-0.json"),
        ("pdp_plus", ".pairs_2-metric-1-0.json"),
        ("leap", ".leap-high.json"),
    ],
)
def test_a_pool_is_sampled_once_and_what_is_learned_is_kept(
    method: str, kept: str, cache: Path
) -> None:
    recipe = Recipe(method, **FEW)
    first = Host()
    made = first.run(learning(recipe, DEV, sampling()))
    assert first.done == ["lock", "traces", "program"]
    assert first.traces == 4
    assert made.pairs or made.lessons
    assert made.domain == "aime"
    assert made.pool is not None
    assert made.tokens >= made.pool.tokens > 0
    assert pools(cache) == {".jsonl", ".lock", kept}
    again = Host()
    assert again.run(learning(recipe, DEV, sampling())) == made
    assert again.done == ["lock"]


def test_methods_that_learn_the_same_share_it(cache: Path) -> None:
    Host().run(learning(Recipe("pdp", **FEW), DEV, sampling()))
    host = Host()
    host.run(learning(Recipe("pdp_plus", **FEW, show="all"), DEV, sampling()))
    assert host.done == ["lock"]
    host = Host()
    host.run(learning(Recipe("pdp", **FEW, per_budget=2), DEV, sampling()))
    assert host.done == ["lock", "program"]  # of the same pool


def test_an_interrupted_pool_goes_on(cache: Path) -> None:
    program = learning(Recipe("pdp", **FEW), DEV, sampling())
    with pytest.raises(KeyboardInterrupt):
        Host(most=3).run(program)
    assert pools(cache) == {".jsonl.part", ".lock"}
    host = Host()
    host.run(learning(Recipe("pdp", **FEW), DEV, sampling()))
    assert host.traces == 1
    assert host.done == ["lock", "traces", "program"]


def test_traces_are_asked_as_the_run_asks(cache: Path) -> None:
    host = Host()
    how = sampling(system="Be brief.", answer_tokens=7)
    host.run(learning(Recipe("pdp", **FEW), DEV, how))
    traces = [request for request in host.asked if request.kind == "trace"]
    assert {request.messages[0] for request in traces} == {Message("system", "Be brief.")}
    assert {request.max_tokens for request in traces} == {8}
    assert {request.max_tokens for request in host.asked if request.kind == "answer"} == {7}


@pytest.mark.parametrize(
    "changes",
    [{"identity": "other"}, {"settings": {}}, {"system": "Be brief."}, {"continuation": "prefill"}],
    ids=str,
)
def test_another_way_to_ask_makes_another_pool(changes: dict[str, Any], cache: Path) -> None:
    for how in (sampling(), sampling(**changes)):
        host = Host()
        host.run(learning(Recipe("pdp", **FEW), DEV, how))
        assert host.traces == 4


def test_a_named_pool_and_named_pairs_need_no_sampling(cache: Path, tmp_path: Path) -> None:
    recipe = Recipe("pdp", **FEW)
    made = Host().run(learning(recipe, DEV, sampling()))
    (pool,) = cache.glob("*.jsonl")
    host = Host()
    assert host.run(learning(Recipe("pdp"), Source(pool=str(pool)), sampling())) == made
    assert host.done == ["program"]
    pairs = build_pairs(PoolFile(pool), AIME, runners_up=RUNNERS_UP)
    write_pairs(tmp_path / "pairs", pairs)
    host = Host()
    named = Source(pairs=str(tmp_path / "pairs"))
    assert host.run(learning(Recipe("pdp"), named, sampling())) == made
    assert host.done == []
    assert not samples_pool(recipe, named)
    assert not samples_pool(recipe, Source(pool=str(pool)))
    assert samples_pool(recipe, DEV)


def test_a_problem_that_is_evaluated_is_found_before_anything_is_done(
    cache: Path, tmp_path: Path
) -> None:
    dev = [fingerprint(problem.prompt) for problem in AIME.load("builtin", "dev", 0).problems]
    recipe = Recipe("pdp", **FEW)
    host = Host()
    with pytest.raises(
        AnytimeError, match=r"1 of the 2 evaluated problems is .*: add split=test, or"
    ):
        # Two dev problems make the pool.
        host.run(learning(recipe, DEV, sampling(), Evaluated((dev[1], dev[2]), "split=test")))
    assert (host.done, host.asked) == ([], [])
    assert not cache.exists()
    made = Host().run(learning(recipe, DEV, sampling(), Evaluated(tuple(dev[2:]), "split=test")))
    (pool,) = cache.glob("*.jsonl")
    write_pairs(tmp_path / "pairs", made.pairs[:1])
    own = Evaluated((dev[0], dev[1]))
    for source in (Source(pool=str(pool)), Source(pairs=str(tmp_path / "pairs"))):
        host = Host()
        program = learning(Recipe("pdp"), source, sampling(), own)
        if source.pool:  # two problems: each is shown what is about the other
            host.run(program)
        else:
            with pytest.raises(AnytimeError, match=r"every pair is about this very problem"):
                host.run(program)
        assert host.asked == []
    host = Host()
    with pytest.raises(AnytimeError, match="among those that leap would learn from"):
        host.run(learning(Recipe("leap"), Source(pool=str(pool)), sampling(), own))
    assert host.asked == []


def test_the_plain_method_learns_nothing() -> None:
    host = Host()
    assert host.run(learning(Recipe(), Source(), sampling())) == Material()
    assert host.done == []
    assert not samples_pool(Recipe(), Source())


def test_a_third_party_task_has_no_dev_split() -> None:
    source = completed(Source(), None, "", 0)
    with pytest.raises(AnytimeError, match="name pairs=FILE, pool=LOG, or domain=NAME"):
        Host().run(learning(Recipe("pdp"), source, sampling()))


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (Source(), ("aime", "mine.jsonl")),
        (Source(domain="aime"), ("aime", "mine.jsonl")),
        (Source(dataset="aime24"), ("aime", "aime24")),
        (Source(domain="trip"), ("trip", "official")),
        (Source(domain="trip", dataset="builtin"), ("trip", "builtin")),
    ],
    ids=str,
)
def test_what_is_not_named_is_the_runs_own(named: Source, expected: tuple[str, str]) -> None:
    source = completed(named, AIME, "mine.jsonl", 3)
    assert (source.domain, source.dataset) == expected
    assert source.seed == 3
    assert completed(Source(), GPQA, "", 0).dataset == "official"


# One set of checks, with each harness's names.


@pytest.mark.parametrize(
    ("recipe", "source", "usual", "other"),
    [
        (
            {"traces": 3},
            {"pool": "x", "dataset": "y"},
            "traces, dataset would do nothing beside pool",
            "pool_traces, pool_dataset would do nothing beside pool",
        ),
        (
            {"problems": 3, "judge": "self"},
            {"pairs": "x"},
            "problems, judge would do nothing beside pairs",
            "pool_problems, judge would do nothing beside pairs",
        ),
        ({}, {"domain": 3}, "domain 3 is not a name", "pool_domain 3 is not a name"),
    ],
)
def test_names_are_those_of_the_harness(
    recipe: dict[str, Any], source: dict[str, Any], usual: str, other: str
) -> None:
    for spelling, sentence in ((Spelling(), usual), (OTHER, other)):
        with pytest.raises(AnytimeError, match=sentence):
            check_source(Recipe("pdp", **recipe), Source(**source), spelling)


@pytest.mark.parametrize(
    ("method", "named", "sentence"),
    [
        ("cot", ["pairs"], "pairs does nothing with method=cot: name a method, such as pdp"),
        ("cot", ["traces", "judge"], "traces, judge do nothing with method=cot"),
        ("leap", ["judge"], "judge does nothing with method=leap: it takes pool, domain, dataset"),
        ("leap", ["pairs"], "leap learns from whole traces, not pairs: name a pool"),
        ("pdp", ["principles"], "principles does nothing with method=pdp: it takes pairs, pool"),
    ],
)
def test_what_a_method_does_not_take_is_refused(
    method: str, named: list[str], sentence: str
) -> None:
    with pytest.raises(AnytimeError, match=sentence):
        check_taken(get_method(method), named)
    with pytest.raises(AnytimeError, match=sentence):
        recipe_and_source(method, dict.fromkeys(named, "x"))


def test_options_become_a_recipe_and_a_source() -> None:
    options = {"pool": "x", "traces": 3, "principles": "low"}
    assert recipe_and_source("leap", options) == (
        Recipe("leap", traces=3, principles="low"),
        Source(pool="x"),
    )
    with pytest.raises(AnytimeError, match="unknown method 'pdq': choose one of cot, pdp"):
        recipe_and_source("pdq", {})


# A method of another package.


def learn(recipe: Recipe, pool: Any, domain: Any) -> Any:
    texts = []
    for trace in pool.traces():
        (reply,) = yield [Request((Message("user", f"{LEARN} {trace.text}"),), 9, "answer")]
        texts.append(Lesson(reply.text, ()))
    return Material(lessons=tuple(texts), domain=domain.name)


def write(recipe: Recipe, material: Material, target: Any) -> Preface:
    return Preface(f"{material.lessons[0].text}\n\n", {"shown": 1})


MINE = Method("mine", write, "traces", learn, traces=2, options=("principles",))


@pytest.fixture
def mine() -> Iterator[Method]:
    class Plugin:
        @staticmethod
        @hookimpl
        def anytime_methods() -> list[Method]:
            return [MINE]

    manager = plugins.plugin_manager()
    manager.register(Plugin)
    try:
        yield MINE
    finally:
        manager.unregister(Plugin)


def test_a_method_of_another_package_learns_and_shows(mine: Method, cache: Path) -> None:
    recipe = Recipe("mine", problems=2)
    assert material_name(recipe) == "mine-high"
    host = Host()
    made = host.run(learning(recipe, DEV, sampling()))
    assert host.done == ["lock", "traces", "program"]
    assert len(made.lessons) == 4
    assert Host().run(learning(recipe, DEV, sampling())) == made  # a material without a pool
    shown = prompted(
        recipe,
        made,
        (Message("user", "How many?"),),
        "How many?",
        budgets=BUDGETS,
        count=len,
        domain="gpqa",
    )
    assert shown.messages == (Message("user", "- Count twice.\n\nHow many?"),)
    assert shown.record == {
        "method": "mine",
        "shown": 1,
        "pool_domain": "aime",
        "added_tokens": 16,
        "pool_tokens": 0,
        "cross_domain": True,
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "my method"}, "'my method' is no name of a method"),
        ({"name": "../up"}, "'../up' is no name of a method"),
        ({"material": "a/b"}, "'a/b' is no name of a method"),
        ({"needs": "gold"}, "needs 'gold': choose one of nothing, pairs, traces"),
        ({"needs": "nothing"}, "needs nothing and has a program that learns"),
        ({"learn": None}, "needs traces and has no program that learns"),
        ({"options": ("colour",)}, "takes unknown options colour"),
    ],
    ids=str,
)
def test_a_method_whose_parts_do_not_go_together(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(AnytimeError, match=sentence):
        dataclasses.replace(MINE, **changes)
