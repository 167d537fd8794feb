"""What a run reads on Inspect's event loop, which all samples share, and how often it reads it."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai.event import ScoreEvent
from inspect_ai.model import GenerateConfig, Logprob, Logprobs, ModelOutput
from inspect_ai.solver import generate

from anytime import hookimpl
from anytime.domains.base import Domain, Grade, Problem
from anytime.domains.trip import TRIP
from anytime.hosts.inspect_ai import aside, driver
from anytime.hosts.inspect_ai.tasks import domain_task
from anytime.plugins import get_domain, plugin_manager
from anytime.solvers import pdp
from tests.inspect_runs import Run, samples, says, scripted, values

BUDGETS = [64, 512, 4096, 16384]
PLAN = "**Day 1-3:** Arriving in Rome and visit Rome for 3 days.\n"


@dataclasses.dataclass
class Watch:
    """Reads for a domain, and writes down what, how often, and where.

    Attributes:
        graded: How often each text was graded, by problem.
        apart: Characters that were read in other threads than the loop's.
        steps: Characters that were read in each step of the loop.
    """

    graded: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    apart: int = 0
    steps: list[int] = dataclasses.field(default_factory=lambda: [0])

    def read(self, text: str) -> None:
        if threading.current_thread() is threading.main_thread():
            self.steps[-1] += len(text)
        else:
            self.apart += len(text)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    watch = Watch()

    def grade(problem: Problem, text: str) -> Grade:
        watch.graded[problem.id, text] += 1
        watch.read(text)
        return TRIP.grade(problem, text)

    def reading(of: Callable[[str], Any]) -> Callable[[str], Any]:
        def read(text: str) -> Any:
            watch.read(text)
            return of(text)

        return read

    domain = dataclasses.replace(
        TRIP,
        name="watched",
        grade=grade,
        strip=reading(TRIP.strip),
        end_of_answer=reading(TRIP.end_of_answer),
    )

    class Plugin:
        @hookimpl
        def anytime_domains(self) -> list[Domain]:
            return [domain]

    step = asyncio.Handle._run

    def counted(self: asyncio.Handle) -> None:
        watch.steps.append(0)
        step(self)

    monkeypatch.setattr(asyncio.Handle, "_run", counted)
    plugin = Plugin()
    plugin_manager().register(plugin)
    yield watch
    plugin_manager().unregister(plugin)


def trips() -> Task:
    return domain_task(get_domain("watched"))("builtin", split="all", budgets=BUDGETS)


def test_an_answer_is_graded_once_however_often_a_run_needs_its_grade(
    run: Run, watch: Watch
) -> None:
    log = run(trips(), "anytime/planner", limit=6, epochs=1)
    answers = {
        (str(sample.id), point["answer"])
        for sample in samples(log)
        for point in sample.store["anytime"]["checkpoints"]
    }
    assert len(answers) > 6, "they differ"
    assert watch.graded == dict.fromkeys(answers, 1)
    for sample in samples(log):
        # Each checkpoint was shown and scored all the same.
        shown = [e for e in sample.events if isinstance(e, ScoreEvent) and e.intermediate]
        assert len(shown) == len(BUDGETS)
    # Of samples that another test scored outside of a run nobody says that they ended.
    ended = {str(sample.uuid) for sample in samples(log)}
    assert not ended & aside._running.keys(), "no grade outlives its sample"


def test_equal_answers_of_two_samples_are_two(run: Run, watch: Watch) -> None:
    model = scripted(lambda messages, config: says(PLAN, tokens=16384, stop="max_tokens"))
    run(trips(), model, limit=2, epochs=3)
    assert set(watch.graded.values()) == {3}, "once for each epoch, whose answers are equal"
    assert len({problem for problem, _ in watch.graded}) == 2


def long_answers(messages: Any, config: GenerateConfig) -> ModelOutput:
    """A trace of 100,000 characters, and answers of 30,000, each another one."""
    if config.max_tokens == BUDGETS[-1]:
        return says(PLAN * 1700, tokens=BUDGETS[-1], stop="max_tokens")
    return says(PLAN * 500 + f"{sum(len(m.text) for m in messages)}", tokens=900)


def test_the_loop_never_reads_long_texts(run: Run, watch: Watch) -> None:
    cuts: list[bool] = []
    take = driver.advance

    def advance(*given: Any) -> Any:
        if len(given) > 1:
            cuts.append(threading.current_thread() is threading.main_thread())
        return take(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "advance", advance)
        log = run(trips(), scripted(long_answers), limit=3)
    assert len(values(log)) == 3
    assert cuts == [False] * 6, "one trace and one batch of answers of each"
    assert max(watch.steps) < aside.LONG
    assert watch.apart > 3 * len(BUDGETS) * 2 * 25_000, "stripped and graded elsewhere"


def test_many_short_answers_are_read_in_many_steps(run: Run, watch: Watch) -> None:
    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        if config.max_tokens == BUDGETS[-1]:
            return says(PLAN * 1700, tokens=BUDGETS[-1], stop="max_tokens")
        return says(PLAN * 60 + f"{sum(len(m.text) for m in messages)}", tokens=900)

    run(trips(), scripted(script), limit=4, epochs=2)
    read = sorted(step for step in watch.steps if step)
    assert len(read) >= 4 * 2 * len(BUDGETS), "a step for each checkpoint of each sample at least"
    assert read[-1] < aside.LONG


def test_a_long_answer_without_a_curve_is_read_apart(run: Run, watch: Watch) -> None:
    task = trips()
    task.solver = generate()
    log = run(task, scripted(lambda *_: says(PLAN * 500)), limit=2)
    assert all("final" in value for value in values(log).values())
    assert max(watch.steps) < aside.LONG
    assert watch.apart >= 2 * len(PLAN) * 500


def test_the_texts_of_many_tokens_are_read_apart(
    run: Run, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[int, bool] = {}
    take = driver.reply_from

    def reply_from(output: ModelOutput) -> Any:
        told = output.choices[0].logprobs
        seen[len(told.content) if told else 0] = (
            threading.current_thread() is threading.main_thread()
        )
        return take(output)

    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        output = says("day " * (8192 if config.max_tokens == BUDGETS[-1] else 9))
        output.choices[0].logprobs = Logprobs(
            content=[
                Logprob(token=f"{word} ", logprob=-1.0, bytes=list(f"{word} ".encode()))
                for word in output.completion.split()
            ]
        )
        return output

    monkeypatch.setattr(driver, "reply_from", reply_from)
    run(trips(), scripted(script), limit=1, logprobs=True)
    assert seen == {8192: False, 9: True}


def test_traces_of_a_pool_are_graded_apart(run: Run, watch: Watch) -> None:
    problems = TRIP.load("builtin", "dev", 0).problems
    asked: Counter[str] = Counter()

    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        """Every other trace of a problem ends well: in a long answer that is the problem's own."""
        said = "".join(message.text for message in messages)
        if config.max_tokens == BUDGETS[-1]:
            asked[said] += 1
            mark = ("well ", "badly ")[asked[said] % 2]
            return says(mark * 20_000, tokens=BUDGETS[-1], stop="max_tokens")
        gold = next((one.gold for one in problems if one.prompt in said), "")
        return says("So. " * 6000 + (gold if "well well" in said else ""), tokens=900)

    task = trips()
    task.solver = pdp(traces=2, problems=2, pair_tokens=100_000)
    log = run(task, scripted(script), limit=1)
    assert log.status == "success", log.error
    assert len({problem for problem, _ in watch.graded}) == 3, "two that it learns from"
    assert max(watch.steps) < aside.LONG
