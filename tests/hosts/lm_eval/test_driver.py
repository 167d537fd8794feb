"""Rounds, equal requests, cutting, caching and resuming, with models of the tests' own."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import lm_eval
import pytest
from lm_eval.api.model import CachingLM

from anytime import get_domain
from anytime.domains.aime import AIME
from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.driver import drive
from anytime.hosts.lm_eval.models import Planner, Simulated
from anytime.hosts.lm_eval.store import TraceStore, model_name
from anytime.protocol import Message, Program, Reply, Request
from tests.lm_eval_models import Scripted, counting
from tests.lm_eval_runs import (
    Counting,
    checkpoints,
    evaluate,
    manager,
    numbers,
    samples,
)

TRIP = "anytime_trip_builtin"
KNOBS = {"budgets": "32,64,128,2048"}


def program(number: int, rounds: int) -> Program[int]:
    for step in range(rounds):
        words = [f"{number}-{step}-{k}" for k in "ab"]
        replies = yield [Request((Message("user", word),), 1, "trace") for word in words]
        assert [reply.text for reply in replies] == [f"{word}!" for word in words]
    return number


def test_programs_advance_in_lockstep_and_drop_out() -> None:
    asked = []

    def ask(requests: Iterable[tuple[int, Request]]) -> list[Reply]:
        batch = list(requests)
        asked.append([request.messages[0].content for _, request in batch])
        return [Reply(f"{request.messages[0].content}!") for _, request in batch]

    assert drive([program(0, 1), program(1, 3), program(2, 0)], ask) == [0, 1, 2]
    assert asked == [["0-0-a", "0-0-b", "1-0-a", "1-0-b"], ["1-1-a", "1-1-b"], ["1-2-a", "1-2-b"]]


@pytest.mark.parametrize("problems", [1, 7])
def test_two_calls_whatever_the_number_of_documents(problems: int) -> None:
    model = Planner()
    counting = Counting(model)
    results = evaluate(TRIP, model, KNOBS, limit=problems)
    traces, answers = counting.calls
    assert len(traces) == problems
    forced = [c for s in samples(results, TRIP).values() for c in checkpoints(s) if c["forced"]]
    assert len(answers) == len(forced)


def test_contract_mode_is_one_call() -> None:
    model = Planner()
    counting = Counting(model)
    evaluate(TRIP, model, {**KNOBS, "mode": "contract"}, limit=3)
    assert [len(call) for call in counting.calls] == [12]


def test_equal_greedy_requests_are_sent_once_and_sampled_ones_are_not() -> None:
    model = Scripted(counting)
    evaluate(TRIP, model, {"budgets": "8,16", "traces": 3}, limit=2)
    assert len(model.asked) == 2 + 4
    model = Scripted(counting)
    knobs = {"budgets": "8,16", "traces": 3}
    evaluate(TRIP, model, knobs, limit=2, gen_kwargs="do_sample=True,temperature=0.7")
    assert len(model.asked) == 6 + 12
    assert all(kwargs["temperature"] == 0.7 for _, kwargs in model.asked)
    ends = [kwargs["until"] for _, kwargs in model.asked]
    assert ends.count([]) == 6  # a trace is ended by nothing of ours, an answer where it is one
    assert ends.count(list(get_domain("trip").stop)) == 12


def test_a_prefix_is_handed_back_to_the_character() -> None:
    model = Scripted(counting)
    results = evaluate(TRIP, model, {"budgets": "8,16"}, limit=1)
    (sample,) = samples(results, TRIP).values()
    prompt, *answers = (context for context, _ in model.asked)
    for budget, context in zip((8, 16), answers, strict=True):
        prefix = "".join(f" {number}" for number in range(budget))
        assert context.startswith(f"{prompt}{prefix}\n\n")
        assert context.endswith("**Day 1-")
    assert [kwargs["max_gen_toks"] for _, kwargs in model.asked] == [16, 1024, 1024]
    assert [c["continuation"] for c in checkpoints(sample)] == ["prefill", "prefill"]
    assert prompt.endswith("\n\n")


def test_a_chat_template_renders_the_turns_of_a_reprompt() -> None:
    model = Scripted(counting)
    knobs = {"budgets": "8,16", "continuation": "reprompt"}
    evaluate(TRIP, model, knobs, limit=1, apply_chat_template=True, system_instruction="Be brief.")
    prompt, first, _ = (context for context, _ in model.asked)
    assert prompt.startswith("<system>Be brief.<user>You plan to visit")
    assert first.startswith(prompt.removesuffix("<assistant>"))
    assert "<assistant> 0 1 2 3 4 5 6 7<user>Your time is up" in first
    assert first.endswith("<assistant>")


def test_thinking_is_switched_off_for_forced_answers_where_the_template_can() -> None:
    class Switched(Scripted):
        def apply_chat_template(self, *args: Any, **options: Any) -> str:
            return f"{self.chat_template_args}{super().apply_chat_template(*args, **options)}"

    model = Switched(counting)
    model.chat_template_args = {"a": 1}
    knobs = {"budgets": "8,16", "continuation": "reprompt"}
    evaluate(TRIP, model, knobs, limit=1, apply_chat_template=True)
    trace, forced, _ = (context for context, _ in model.asked)
    assert trace.startswith("{'a': 1}<user>")
    assert forced.startswith("{'a': 1, 'enable_thinking': False, 'thinking': False}<user>")
    assert model.chat_template_args == {"a": 1}


def test_a_template_that_opens_the_thinking_is_not_opened_twice() -> None:
    class Thinking(Scripted):
        def apply_chat_template(self, *args: Any, **options: Any) -> str:
            return super().apply_chat_template(*args, **options) + "<think>\n"

    def think(context: str, kwargs: dict[str, Any]) -> str:
        if kwargs["max_gen_toks"] == 1024:
            return "done"
        return "first I think\n</think>\n\nthen I answer"

    model = Thinking(think)
    results = evaluate(TRIP, model, {"budgets": "2,64"}, limit=1, apply_chat_template=True)
    prompt, forced = (context for context, _ in model.asked)
    assert forced.count("<think>") == 1
    assert forced.startswith(prompt.removesuffix("<think>\n"))
    assert "<think>\nfirst I\n</think>\n\n" in forced
    (sample,) = samples(results, TRIP).values()
    assert checkpoints(sample)[0]["forced"]
    assert not checkpoints(sample)[1]["forced"]


def test_several_tasks_share_their_rounds() -> None:
    """And `simulated` is told the answers of them all."""
    tasks = [TRIP, "anytime_gpqa_builtin", "anytime_aime_builtin"]
    model = Simulated()
    calls = Counting(model).calls
    results = lm_eval.simple_evaluate(
        model,
        tasks=tasks,
        task_manager=manager({"budgets": "64,4096"}),
        limit=2,
        bootstrap_iters=0,
    )
    assert results is not None
    first, _ = calls
    assert len(first) == 6
    assert set(results["results"]) == set(tasks)


def test_the_years_of_aime_are_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = AIME.load("builtin", None, 0)
    years = [
        dataclasses.replace(loaded, name=name, problems=loaded.problems[start : start + 2])
        for start, name in enumerate(("aime24", "aime25", "aime26"))
    ]
    by_name = {year.name: year for year in years}
    domain = dataclasses.replace(AIME, load=lambda name, *rest: by_name[name])
    monkeypatch.setattr("anytime.hosts.lm_eval.task.get_domain", lambda name: domain)
    results = evaluate("anytime_aime", Simulated(), {"budgets": "64,4096"})
    names = {"anytime_aime24", "anytime_aime25", "anytime_aime26"}
    assert names <= set(results["results"])
    assert set(results["group_subtasks"]["anytime_aime"]) == names


def test_few_shots_come_from_the_dev_split_with_their_answers() -> None:
    model = Scripted(counting)
    evaluate(TRIP, model, {"budgets": "8,16"}, limit=1, num_fewshot=2)
    prompt = model.asked[0][0]
    assert prompt.count("You plan to visit") == 3
    assert prompt.count("Here is the trip plan for visiting") == 5  # 3 formats, 2 answers
    results = evaluate(TRIP, Planner(), {"budgets": "64,2048"}, limit=3, num_fewshot=2)
    assert numbers(results, TRIP)["q@2048"] == 1


def test_the_cache_serves_greedy_requests(tmp_path: Path) -> None:
    path = str(tmp_path / "cache")
    first = evaluate(TRIP, Planner(), KNOBS, limit=4, use_cache=path)
    model = Planner()
    calls = Counting(model).calls
    second = evaluate(TRIP, model, KNOBS, limit=4, use_cache=path)
    assert calls == []
    assert numbers(first, TRIP) == numbers(second, TRIP)


def test_the_cache_leaves_sampled_requests_out(tmp_path: Path) -> None:
    for _ in range(2):
        model = Scripted(counting)
        cached = CachingLM(model, str(tmp_path / "cache.db"))
        assert cached.lm is model
        evaluate(TRIP, cached.lm, KNOBS, limit=1, gen_kwargs="do_sample=True")
        assert model.asked


SAMPLED = "do_sample=True"


def test_a_store_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    store = tmp_path / "store"
    knobs = {**KNOBS, "traces": 2, "trace_store": str(store)}
    whole = evaluate(TRIP, Simulated(), knobs, limit=4, gen_kwargs=SAMPLED)
    with sqlite3.connect(store) as file:
        texts = dict(file.execute("SELECT key, text FROM traces"))
        lost = sorted(texts)[::2]
        file.executemany("DELETE FROM traces WHERE key = ?", [(key,) for key in lost])
    model = Simulated()
    calls = Counting(model).calls
    again = evaluate(TRIP, model, knobs, limit=4, gen_kwargs=SAMPLED)
    assert sum(map(len, calls)) == len(lost)
    assert numbers(whole, TRIP) == numbers(again, TRIP)
    with sqlite3.connect(store) as file:
        assert dict(file.execute("SELECT key, text FROM traces")) == texts


def test_a_store_takes_over_what_the_version_before_kept(tmp_path: Path) -> None:
    knobs = {**KNOBS, "traces": 2}
    options: dict[str, Any] = {"limit": 4, "gen_kwargs": SAMPLED}
    whole = evaluate(TRIP, Simulated(), {**knobs, "trace_store": str(tmp_path / "new")}, **options)
    with sqlite3.connect(tmp_path / "new") as file:
        kept = [
            {"key": key, "text": text.decode()}
            for key, text in file.execute("SELECT key, text FROM traces")
        ]
    header = {"format": "anytime traces 1", "model": model_name(Simulated())}
    records = [header, *kept[: len(kept) // 2]]
    old = tmp_path / "old"
    # Torn in the middle of a line, as a kill left it.
    old.write_text("".join(json.dumps(record) + "\n" for record in records) + '{"key": "')
    model = Simulated()
    calls = Counting(model).calls
    again = evaluate(TRIP, model, {**knobs, "trace_store": str(old)}, **options)
    assert sum(map(len, calls)) == len(kept) - len(kept) // 2
    assert numbers(whole, TRIP) == numbers(again, TRIP)


KILLED = """
import os, signal, sys
from anytime.hosts.lm_eval.models import Simulated
from anytime.hosts.lm_eval import keeping
from tests.lm_eval_runs import evaluate
from tests.lm_eval_models import Scripted, counting
keeping.SLICE = 3
seen = []
def answers(context, kwargs):
    seen.append(context)
    if len(seen) == 11:
        os.kill(os.getpid(), signal.SIGKILL)
    return counting(context, kwargs)
class Telling(Simulated):
    def _answer(self, context, kwargs):
        seen.append(context)
        if len(seen) == 11:
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._answer(context, kwargs)
Telling.__name__ = "Simulated"
knobs = {"budgets": "64,256", "traces": 3, "trace_store": sys.argv[1]}
model = Telling() if sys.argv[2] == "each" else Scripted(answers)
evaluate("anytime_aime_builtin", model, knobs, limit=4, gen_kwargs="do_sample=True")
"""


@pytest.mark.quick("each-10")
@pytest.mark.parametrize(("tells", "kept"), [("each", 10), ("of a call", 9)])
def test_killed_and_run_again_nothing_kept_is_asked_twice(
    tells: str, kept: int, tmp_path: Path
) -> None:
    task = "anytime_aime_builtin"
    store = tmp_path / "store"
    command = [sys.executable, "-c", KILLED, str(store), tells]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == -9, done.stderr
    knobs = {"budgets": "64,256", "traces": 3}
    options: dict[str, Any] = {"limit": 4, "gen_kwargs": SAMPLED}
    results, calls = [], []
    for more in ({"trace_store": str(store)}, {}):
        model = Simulated() if tells == "each" else Scripted(counting)
        calls.append(Counting(model).calls)
        results.append(numbers(evaluate(task, model, {**knobs, **more}, **options), task))
    again, fresh = (sum(map(len, one)) for one in calls)
    assert again == fresh - kept
    assert results[0] == results[1]


def test_a_store_that_fails_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    knobs = {**KNOBS, "trace_store": str(tmp_path / "store")}
    add, kept = TraceStore.add, []

    def full(self: TraceStore, texts: Mapping[str, str]) -> None:
        if len(kept) == 3:
            raise AnytimeError("trace store cannot be used: database or disk is full")
        kept.append(texts)
        add(self, texts)

    monkeypatch.setattr(TraceStore, "add", full)
    answered: list[str] = []

    class Telling(Planner):
        def _answer(self, context: str, kwargs: Mapping[str, Any]) -> str:
            answered.append(context)
            return super()._answer(context, kwargs)

    with pytest.raises(AnytimeError, match="disk is full"):
        evaluate(TRIP, Telling(), knobs, limit=5)
    assert len(answered) == 4, "no more is paid for"


def test_a_store_of_another_run_is_one_sentence(tmp_path: Path) -> None:
    knobs = {**KNOBS, "trace_store": str(tmp_path / "store")}
    evaluate(TRIP, Planner(), knobs, limit=2)
    with pytest.raises(AnytimeError, match="holds traces of Planner"):
        evaluate(TRIP, Simulated(), knobs, limit=2)


BAD = {
    "think_end_token": ({}, {"think_end_token": "</think>"}, "drop think_end_token from"),
    "no tokenizer": ({}, {"tokenizer": None}, "has no tokenizer to cut traces with"),
    "reprompt": ({"continuation": "reprompt"}, {}, "add --apply_chat_template"),
    "token ids": ({"continuation": "token_ids"}, {}, "not token ids"),
    "too long": ({}, {"max_length": 100}, "of the model's 100"),
    "budget name": ({"budget": "1,2"}, {}, "did you mean 'budgets'"),
    "budget type": ({"budgets": {"a": 1}}, {}, "is no grid"),
    "budgets": ({"budgets": "5,5"}, {}, "budget 5 is given twice"),
    "bare number": ({"256": ""}, {}, "quoted as JSON"),
    "traces": ({"traces": "many"}, {}, "traces 'many' in --metadata is not a whole number"),
    "no traces": ({"traces": 0}, {}, "not a whole number from 1 on"),
    "seed": ({"seed": -1}, {}, "not a whole number from 0 on"),
    "method": ({"method": "lepa"}, {}, "unknown method 'lepa'"),
    "greedy pool": ({"method": "leap"}, {}, "add --gen_kwargs do_sample=true"),
    "mode": ({"mode": "fast"}, {}, "unknown mode 'fast'"),
    "greedy vote": ({"mode": "vote", "k": 4}, {}, "at temperature 0 they are one and the same"),
    "vote of nobody": ({"mode": "vote"}, {}, "mode=vote in --metadata needs k, such as k=4"),
    "vote of odd shares": (
        {"mode": "vote", "k": 3},
        {},
        "budget 8 in --metadata is not divided evenly among k=3 traces",
    ),
    "contract": ({"mode": "contract", "budgets": "0,8"}, {}, "cannot run with budget 0"),
    "split": ({"split": "train"}, {}, "unknown split 'train'"),
    "scale": ({"scale": "log2", "budgets": "0,8"}, {}, "no place on the scale log2"),
    "q_max": ({"q_max": "best"}, {}, "q_max 'best'"),
    "store": ({"trace_store": 3}, {}, "trace_store 3 in --metadata is not a name"),
    "twin": ({"dataset": "official"}, {}, "use the task anytime_trip"),
    "tokenizer file": ({"tokenizer": "none.json"}, {"tokenizer": None}, "no tokenizer file"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input_is_one_sentence(case: str) -> None:
    knobs, attributes, sentence = BAD[case]
    model = Scripted(counting)
    for name, value in attributes.items():
        setattr(model, name, value)
    with pytest.raises(AnytimeError) as error:
        evaluate(TRIP, model, {"budgets": "8,16", **knobs}, limit=1)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)
    assert isinstance(error.value, SystemExit)
    assert error.value.code == str(error.value)
    assert model.asked == []


def test_lengths_in_gen_kwargs_are_refused() -> None:
    with pytest.raises(AnytimeError, match="max_gen_toks in --gen_kwargs"):
        evaluate(TRIP, Scripted(counting), KNOBS, limit=1, gen_kwargs="max_gen_toks=10")


def test_reasoning_kept_apart_by_a_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMEVAL_MODEL_NONE_ANSWER_PLACEHOLDER", "NOTHING")
    model = Scripted(lambda *_: "NOTHING")
    with pytest.raises(AnytimeError, match="use mode=contract"):
        evaluate(TRIP, model, KNOBS, limit=1)
    contract = evaluate(TRIP, model, {**KNOBS, "mode": "contract"}, limit=1)
    table = numbers(contract, TRIP)
    assert table["failed"] == 1
    assert "anytime_index" not in table, "of no answer at all there is no index"


def test_a_model_in_this_process_that_says_nothing_has_said_so() -> None:
    table = numbers(evaluate(TRIP, Scripted(lambda *_: ""), KNOBS, limit=1), TRIP)
    assert (table["failed"], table["unparsed"], table["anytime_index"]) == (0, 1, 0)


class Service(Scripted):
    """Looks like a class of lm-eval's that asks a service, to which empty texts are failures."""


Service.__name__ = "TemplateAPI"


def test_failures_are_left_out_counted_not_kept_and_asked_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    knobs = {**KNOBS, "trace_store": str(tmp_path / "store.jsonl")}
    clean = numbers(evaluate(TRIP, Service(counting), KNOBS, limit=3), TRIP)
    names = set(samples(evaluate(TRIP, Scripted(counting), KNOBS, limit=3), TRIP))
    broken: list[str] = []

    def failing(context: str, kwargs: dict[str, Any]) -> str:
        """Nothing for every forced answer to the problem that is asked of first."""
        if not broken:
            broken.append(context[:200])
        forced = kwargs["max_gen_toks"] != 2048
        return "" if forced and context[:200] == broken[0] else counting(context, kwargs)

    results = evaluate(TRIP, Service(failing), knobs, limit=3)
    table = numbers(results, TRIP)
    found = samples(results, TRIP)
    failed = {name for name, sample in found.items() if sample["failed"]}
    assert len(failed) == 1
    assert set(found) == names
    assert table["failed"] == pytest.approx(1 / 3)
    assert "gave no answer (1 no content)" in caplog.text
    assert 0 <= table["anytime_index"] <= 1
    again = Service(counting)
    assert numbers(evaluate(TRIP, again, knobs, limit=3), TRIP) == pytest.approx(clean, nan_ok=True)
    assert again.asked, "what failed is asked again"
    assert all(broken[0] == context[:200] for context, _ in again.asked), "and nothing else"


def test_contract_mode_needs_no_tokenizer() -> None:
    model = Scripted(counting)
    model.tokenizer = None
    results = evaluate(TRIP, model, {**KNOBS, "mode": "contract"}, limit=1)
    (sample,) = samples(results, TRIP).values()
    assert [point.get("tokens") for point in checkpoints(sample)] == [None] * 4


def test_names_of_model_arguments_pass() -> None:
    knobs = {**KNOBS, "model": "m", "base_url": "u", "max_length": 3, "tokenizer_backend": "None"}
    evaluate(TRIP, Planner(), knobs, limit=1)


def test_requests_cached_with_other_settings_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lm_eval.caching.cache.PATH", str(tmp_path))
    evaluate(TRIP, Planner(), KNOBS, limit=2, cache_requests=True)
    evaluate(TRIP, Planner(), KNOBS, limit=2, cache_requests=True)
    with pytest.raises(AnytimeError, match="--cache_requests refresh"):
        evaluate(TRIP, Planner(), {"budgets": "8,16"}, limit=2, cache_requests=True)
