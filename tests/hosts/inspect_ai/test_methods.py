"""`anytime/cot`, `pdp`, `pdp_plus` and `leap`: what is learned, asked, shown, kept and refused."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import GenerateConfig, ModelOutput, get_model
from inspect_ai.scorer import match
from inspect_ai.util import LimitExceededError

from anytime import AnytimeError
from anytime.domains.aime import AIME
from anytime.domains.base import Dataset
from anytime.domains.trip import TRIP
from anytime.hosts.inspect_ai.models import AnytimeAPI
from anytime.hosts.inspect_ai.tasks import aime, gpqa, trip
from anytime.methods.leap import LEARN, MERGE, PRINCIPLES
from anytime.methods.pdp import BAD, GOOD, QUESTION
from anytime.preferences.judge import ANSWER, FIRST
from anytime.preferences.pairs import Pair, build_pairs, write_pairs
from anytime.preferences.pool import PoolTrace
from anytime.preferences.pool_file import GrowingPool, PoolFile
from anytime.solvers import budget, cot, leap, pdp, pdp_plus
from tests.inspect_runs import (
    Cli,
    Run,
    logs_in,
    metrics,
    model_events,
    samples,
    says,
    scripted,
    values,
)
from tests.pooling import pair
from tests.refusals import is_one_sentence, refusal
from tests.slow_inspect import calls as calls_in
from tests.slow_inspect import start, wait_for

BUDGETS = (32, 64, 256)
# No trace ends by itself: each takes one call, and one for every budget.
LEARNS: dict[str, Any] = {"accuracy": 0.8, "solve_tokens": 60, "linger_tokens": 1e9}
LEARNS |= {"examples_speedup": 2, "contrast_speedup": 4, "principles_speedup": 3}
POOL: dict[str, Any] = {"traces": 4, "problems": 3}
PROBLEMS = 4
OF_POOL = POOL["problems"] * POOL["traces"] * (1 + len(BUDGETS))
OF_SAMPLES = PROBLEMS * (1 + len(BUDGETS))

METHODS = {"pdp": pdp, "pdp_plus": pdp_plus, "leap": leap}
Asked = list[str]


def on_aime(run: Run, solver: Any, **options: Any) -> EvalLog:
    task = options.pop("task", None) or aime("builtin", budgets=list(BUDGETS))
    model = {"model_args": LEARNS, "limit": PROBLEMS}
    return run(task, options.pop("model", "anytime/simulated"), solver=solver, **model | options)


def pools(tmp_path: Path, ending: str = ".jsonl") -> list[Path]:
    return sorted((tmp_path / "anytime-cache" / "pools").glob(f"*{ending}"))


def method(sample: EvalSample) -> dict[str, Any]:
    found: dict[str, Any] = sample.store["anytime"]["method"]
    return found


def prompts(sample: EvalSample) -> list[str]:
    return [event.input[0].text for event in model_events(sample)]


def without(block: dict[str, float], *names: str) -> dict[str, float]:
    return {name: value for name, value in block.items() if name not in names}


@pytest.fixture
def pairs(run: Run, tmp_path: Path) -> list[Pair]:
    """Of a pool on built-in problems of AIME."""
    on_aime(run, pdp(**POOL), limit=1)
    (pool,) = pools(tmp_path)
    return build_pairs(PoolFile(pool), AIME)


@pytest.fixture
def pairs_file(pairs: list[Pair], tmp_path: Path) -> Path:
    file = tmp_path / "pairs.jsonl"
    write_pairs(file, pairs)
    return file


# What is asked, shown and reported.


def test_cot_is_the_plain_run(run: Run, asked: Asked, tmp_path: Path) -> None:
    plain, baseline = (on_aime(run, solver, epochs=2) for solver in (budget(), cot()))
    assert values(baseline) == values(plain)
    assert metrics(baseline) == metrics(plain)
    assert "pool_tokens" not in metrics(baseline)["curve"]
    assert len(asked) == 2 * 2 * OF_SAMPLES
    assert pools(tmp_path) == []
    assert {sample.store["anytime"]["method"]["method"] for sample in samples(baseline)} == {"cot"}


@pytest.mark.parametrize("name", ["pdp", "pdp_plus"])
def test_pairs_are_learned_once_from_the_dev_split(
    run: Run, asked: Asked, tmp_path: Path, name: str
) -> None:
    log = on_aime(run, METHODS[name](**POOL))
    assert log.status == "success"
    assert len(asked) == OF_POOL + OF_SAMPLES
    dev = {problem.id for problem in AIME.load("builtin", "dev", 0).problems}
    (pool,) = pools(tmp_path)
    traces = list(PoolFile(pool).traces())
    assert len(traces) == POOL["problems"] * POOL["traces"]
    assert {trace.problem.id for trace in traces} <= dev

    spent = sum(trace.tokens for trace in traces)
    block = metrics(log)["curve"]
    assert block["pool_tokens"] == spent
    assert block["anytime_index"] > 0
    for sample in samples(log):
        record = method(sample)
        assert record["method"] == name
        assert record["pool_domain"] == "aime"
        assert record["pool_tokens"] == spent
        assert record["dropped"] == []
        assert "cross_domain" not in record
        assert "judge_agreement" not in record
        assert [shown["budget"] for shown in record["pairs"]] == list(BUDGETS)
        assert {shown["problem"] for shown in record["pairs"]} <= dev
        assert {shown["gap"] for shown in record["pairs"]} == {1.0}
        preface, _, question = prompts(sample)[0].rpartition(f"{QUESTION}\n\n")
        assert question == sample.input
        assert preface.count(GOOD) == len(BUDGETS)
        assert preface.count(BAD) == (len(BUDGETS) if name == "pdp" else 0)
        assert len(set(prompts(sample))) == 1
    added = [method(sample)["added_tokens"] for sample in samples(log)]
    assert block["added_tokens"] == pytest.approx(sum(added) / len(added))
    assert log.eval.solver_args is not None
    assert log.eval.solver_args["judge"] == "metric"

    again = on_aime(run, METHODS[name](**POOL))
    assert len(asked) == OF_POOL + 2 * OF_SAMPLES
    assert metrics(again) == metrics(log)
    assert [method(sample) for sample in samples(again)] == [method(s) for s in samples(log)]


def test_the_budget_solver_takes_any_method_and_its_options(run: Run, asked: Asked) -> None:
    named = on_aime(run, pdp(**POOL))
    chosen = on_aime(run, budget(method="pdp", **POOL))
    assert len(asked) == OF_POOL + 2 * OF_SAMPLES
    assert metrics(chosen) == metrics(named)
    assert [method(s) for s in samples(chosen)] == [method(s) for s in samples(named)]
    assert chosen.eval.solver == "anytime/budget"
    given = chosen.eval.solver_args or {}
    assert {name: given[name] for name in ("method", *POOL)} == {"method": "pdp", **POOL}


@pytest.mark.slow
def test_one_pool_serves_both_and_the_sizes_are_what_was_put_in(run: Run, asked: Asked) -> None:
    index = {}
    for solver in (cot(), pdp_plus(**POOL), pdp(**POOL)):
        log = on_aime(run, solver, limit=20, epochs=4)
        index[log.eval.solver] = metrics(log)["curve"]
    assert len(asked) == OF_POOL + 3 * 4 * 20 * (1 + len(BUDGETS))
    in_order = [index[f"anytime/{name}"]["anytime_index"] for name in ("cot", "pdp_plus", "pdp")]
    assert in_order == sorted(set(in_order))
    more, less = index["anytime/pdp"], index["anytime/pdp_plus"]
    assert more["added_tokens"] > less["added_tokens"] > 0
    assert more["pool_tokens"] == less["pool_tokens"]


@pytest.mark.quick("low")
@pytest.mark.parametrize("level", ["low", "high"])
def test_leap_learns_from_mistakes(run: Run, asked: Asked, tmp_path: Path, level: Any) -> None:
    log = on_aime(run, leap(**POOL, principles=level))
    (pool,) = pools(tmp_path)
    traces = list(PoolFile(pool).traces())
    assert all(len(trace.points) == 2 for trace in traces)
    wrong = {trace.problem.id for trace in traces if trace.points[-1].quality < 1}
    lessons = [text for text in asked if LEARN in text]
    merges = [text for text in asked if MERGE in text]
    assert len(lessons) == len(wrong) > 0
    assert len(merges) == (level == "high")
    of_pool = len(traces) * (1 + 2)
    assert len(asked) == of_pool + len(lessons) + len(merges) + OF_SAMPLES
    spent = sum(trace.tokens for trace in traces)
    for sample in samples(log):
        record = method(sample)
        assert record["level"] == level
        assert record["principles"]
        assert record["pool_tokens"] > spent
        assert prompts(sample)[0].startswith(PRINCIPLES)
        assert all(f"- {text}" in prompts(sample)[0] for text in record["principles"])
    block = metrics(log)["curve"]
    assert 0 < block["added_tokens"] < 1000
    before = len(asked)
    assert metrics(on_aime(run, leap(**POOL, principles=level))) == metrics(log)
    assert len(asked) == before + OF_SAMPLES


@pytest.mark.slow
def test_the_planner_does_not_read_examples(run: Run) -> None:
    task = trip("builtin", budgets=[32, 64, 128])
    plain, taught = (
        on_aime(run, solver, task=task, model="anytime/planner", model_args={}, limit=6, epochs=2)
        for solver in (cot(), pdp(traces=6, problems=4))
    )
    pairs_shown = [len(method(sample)["pairs"]) for sample in samples(taught)]
    assert min(pairs_shown) > 0
    with_costs = metrics(taught)
    block = without(with_costs.pop("curve"), "added_tokens", "pool_tokens")
    assert {**with_costs, "curve": block} == metrics(plain)
    for key, value in values(taught).items():
        assert without(value, "added_tokens", "pool_tokens") == values(plain)[key]


@pytest.mark.slow
def test_a_judge_without_gold_is_compared_with_the_metric(run: Run, asked: Asked) -> None:
    agreement = {}
    for accuracy in (1.0, 0.5):
        model = {**LEARNS, "judge_accuracy": accuracy}
        solver = pdp(traces=6, problems=8, per_budget=6, judge="self")
        task = aime("builtin", budgets=list(BUDGETS), seed=3)
        log = on_aime(run, solver, model_args=model, task=task)
        assert log.status == "success", log.error
        found = {method(sample)["judge_agreement"] for sample in samples(log)}
        (agreement[accuracy],) = found
        before = len(asked)
        on_aime(run, solver, model_args=model, task=task)
        assert len(asked) == before + OF_SAMPLES  # judgements are kept beside the pool
    judged = [text for text in asked if f"\n\n{ANSWER}\n\n" in text or f"\n\n{FIRST}\n\n" in text]
    assert len(judged) > 0
    assert agreement[1.0] == 1.0
    assert 0 <= agreement[0.5] < 1.0


def test_matched_pairs_in_contract_mode(run: Run) -> None:
    log = on_aime(run, pdp(**POOL, mode="contract", show="matched"))
    assert log.status == "success", log.error
    for sample in samples(log):
        by_cap = {e.config.max_tokens: e.input[0].text for e in model_events(sample)}
        assert set(by_cap) == set(BUDGETS)
        for tokens, text in by_cap.items():
            shown = text.partition(QUESTION)[0]
            assert [b for b in BUDGETS if f"stopped after {b} tokens" in shown] == [tokens]
            assert shown.count(GOOD) == shown.count(BAD) == 1
            assert f"you have a budget of {tokens} tokens" in text.casefold()
        record = method(sample)
        assert [found["budget"] for found in record["pairs"]] == list(BUDGETS)
        assert record["added_tokens"] > 0


def test_contract_mode_shows_all_pairs_by_default(run: Run) -> None:
    log = on_aime(run, pdp_plus(**POOL, mode="contract"), limit=1)
    (sample,) = samples(log)
    assert all(text.count(GOOD) == len(BUDGETS) for text in prompts(sample))


def test_pairs_that_do_not_fit_are_dropped_and_named(run: Run, pairs_file: Path) -> None:
    whole = on_aime(run, pdp(pairs=str(pairs_file)), limit=1)
    everything = method(samples(whole)[0])
    allowed = int(everything["added_tokens"]) - 1
    log = on_aime(run, pdp(pairs=str(pairs_file), pair_tokens=allowed), limit=1)
    record = method(samples(log)[0])
    assert [shown["budget"] for shown in record["pairs"]] == list(BUDGETS[:-1])
    assert [gone["budget"] for gone in record["dropped"]] == [BUDGETS[-1]]
    assert record["added_tokens"] <= allowed


# Settings.


@pytest.mark.slow
def test_the_tasks_budgets_are_kept_and_the_solvers_go_before(cli: Cli, tmp_path: Path) -> None:
    words = ["eval", "anytime/aime", "-T", "dataset=builtin", "-T", "budgets=32,64,256"]
    words += ["--model", "anytime/simulated", "-M", "solve_tokens=200", "--limit", "2"]
    words += ["--solver", "anytime/pdp", "-S", "traces=4", "-S", "problems=3"]
    for further, grid in (([], BUDGETS), (["-S", "budgets=128,512"], (128, 512))):
        done = cli(*words, *further)
        assert done.returncode == 0, done.stdout + done.stderr
        log = logs_in(tmp_path / "logs")[-1]
        assert "added_tokens" in done.stdout
        assert "pool_tokens" in done.stdout
        for value in values(log).values():
            assert [name for name in value if name.startswith("q@")] == [f"q@{b}" for b in grid]
        for sample in samples(log):
            assert {shown["budget"] for shown in method(sample)["pairs"]} <= set(grid)


def test_the_task_says_how_and_the_solver_says_otherwise(run: Run) -> None:
    task = aime("builtin", budgets=[32, 512], mode="contract", continuation="reprompt")
    taught = on_aime(run, pdp(**POOL), task=task, limit=1)
    assert samples(taught)[0].store["anytime"]["mode"] == "contract"
    other = pdp(**POOL, mode="interrupt", budgets="16,128")
    (sample,) = samples(on_aime(run, other, task=task, limit=1))
    entry = sample.store["anytime"]
    assert entry["mode"] == "interrupt"
    assert [point["budget"] for point in entry["checkpoints"]] == [16, 128]
    assert entry["checkpoints"][0]["continuation"] == "reprompt"


# What belongs to the run and not to a sample.


def test_the_pool_leaves_no_trace_in_the_sample_that_builds_it(run: Run) -> None:
    first, second = (on_aime(run, pdp(**POOL), max_samples=1, token_limit=None) for _ in range(2))
    for building, reading in zip(samples(first), samples(second), strict=True):
        assert building.id == reading.id
        assert len(model_events(building)) == 1 + len(BUDGETS)
        assert [e.event for e in building.events] == [e.event for e in reading.events]
        assert building.model_usage == reading.model_usage
    # The run's own statistics hold both.
    assert first.stats.model_usage["anytime/simulated"].output_tokens == (
        second.stats.model_usage["anytime/simulated"].output_tokens
        + method(samples(first)[0])["pool_tokens"]
    )


@pytest.mark.parametrize(
    "limit", [{"token_limit": 10_000}, {"turn_limit": 1 + len(BUDGETS)}], ids=str
)
def test_limits_of_samples_do_not_count_the_pool(run: Run, limit: dict[str, int]) -> None:
    log = on_aime(run, pdp(traces=16, problems=3), **limit)
    assert [sample.limit for sample in samples(log)] == [None] * PROBLEMS
    assert method(samples(log)[0])["pool_tokens"] > 10_000
    assert log.status == "success"


@pytest.mark.slow
def test_waiting_for_the_pool_is_no_work(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import anyio

    generate = AnytimeAPI.generate

    async def slow(self: Any, input: Any, *rest: Any, **options: Any) -> ModelOutput:
        if input[0].text.count(QUESTION) == 0:  # of the pool
            await anyio.sleep(0.5)
        return await generate(self, input, *rest, **options)

    monkeypatch.setattr(AnytimeAPI, "generate", slow)
    log = on_aime(run, pdp(**POOL))
    for sample in samples(log):
        assert sample.total_time is not None
        assert sample.working_time is not None
        # A trace and its answers, one after the other.
        assert sample.total_time - sample.working_time > 2 * 0.49


@pytest.mark.slow
def test_inspects_cache_does_not_make_all_draws_one(run: Run, asked: Asked, tmp_path: Path) -> None:
    cached = on_aime(run, pdp(**POOL), cache=True)
    (pool,) = pools(tmp_path)
    kept = {(trace.problem.id, trace.text) for trace in PoolFile(pool).traces()}
    assert len(kept) == POOL["problems"] * POOL["traces"]
    assert len(asked) == OF_POOL + OF_SAMPLES
    again = on_aime(run, pdp(**POOL), cache=True)
    assert len(asked) == OF_POOL + OF_SAMPLES
    assert metrics(again) == metrics(cached)


@pytest.mark.slow
def test_a_pool_belongs_to_the_model_and_its_settings(
    run: Run, asked: Asked, tmp_path: Path
) -> None:
    solver = pdp(**POOL)
    model = get_model("anytime/simulated", **LEARNS)
    other = get_model("anytime/simulated", **{**LEARNS, "accuracy": 0.6})
    settings: list[tuple[Any, dict[str, Any]]] = [
        (model, {}),
        (model, {"temperature": 0.5}),
        (model, {"system_message": "Be brief."}),
        (other, {}),
    ]
    for number, (who, how) in enumerate(settings, 1):
        for _ in range(2):
            on_aime(run, solver, model=who, model_args={}, limit=1, **how)
            assert len(asked) == number * OF_POOL + len(asked) % OF_POOL
        assert len(pools(tmp_path)) == number
    on_aime(run, pdp(**POOL), model=model, model_args={}, limit=1, max_connections=3, max_retries=2)
    assert len(pools(tmp_path)) == len(settings)


# Interrupted, failing, at the same time.


def test_a_failing_model_keeps_what_it_said(run: Run, tmp_path: Path) -> None:
    broken = {1, 2}  # of the tries of the first draw of a problem
    tries: dict[str, int] = {}
    log: list[str] = []

    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        question = messages[0].text.rpartition(f"{QUESTION}\n\n")[2]
        if len(messages) > 1:
            return says("\\boxed{7}" if "seven" in messages[1].text else "\\boxed{8}")
        tries[question] = tries.get(question, 0) + 1
        log.append(question)
        if failing and tries[question] in broken:
            raise RuntimeError("not now")
        return says(f"{'seven' if len(log) % 2 else 'eight'} {len(log)} {'word ' * 40}")

    dev = AIME.load("builtin", "dev", 0).problems[:3]
    failing = True
    task = aime("builtin", budgets=[4, 16])
    first = on_aime(run, pdp(**POOL), task=task, model=scripted(script), model_args={}, limit=2)
    assert first.status == "error"
    assert first.error is not None
    assert "not now" in first.error.message
    assert len(log) >= 12
    (part,) = pools(tmp_path, ".part")
    kept = part.read_text().splitlines()[1:]
    assert len(kept) == 12 - 3 * len(broken)
    assert pools(tmp_path) == []

    failing = False
    log.clear()
    task = aime("builtin", budgets=[4, 16])
    second = on_aime(run, pdp(**POOL), task=task, model=scripted(script), model_args={}, limit=2)
    asked_again = [question for question in log if question in {AIME.ask(p) for p in dev}]
    assert len(asked_again) == 3 * len(broken)
    # The gold answers of these three are neither 7 nor 8, or there is a pair to learn from.
    (pool,) = pools(tmp_path)
    assert set(kept) < set(pool.read_text().splitlines())
    assert second.error is None or "no budget has a gap" in second.error.message


@pytest.mark.slow
def test_a_sample_that_is_tried_again_tries_the_pool_again(run: Run) -> None:
    failed: list[str] = []

    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        if len(messages) > 1:
            return says(f"\\boxed{{{gold[messages[0].text] if len(failed) % 2 else 1000}}}")
        failed.append(messages[0].text)
        if len(failed) == 1:
            raise RuntimeError("not now")
        return says(f"We try it this way: {'x' * len(failed)} {'word ' * 40}")

    gold = {AIME.ask(p): p.gold for p in AIME.load("builtin", "dev", 0).problems}
    gold |= {AIME.ask(p): p.gold for p in AIME.load("builtin", "test", 0).problems}
    script_of = script

    def asked(messages: Any, config: GenerateConfig) -> ModelOutput:
        messages = list(messages)
        question = messages[0].text.rpartition(f"{QUESTION}\n\n")[2]
        messages[0] = messages[0].model_copy(update={"content": question})
        return script_of(messages, config)

    task = aime("builtin", budgets=[8, 16])
    log = on_aime(
        run, pdp(**POOL), task=task, model=scripted(asked), model_args={}, retry_on_error=1
    )
    assert log.status == "success", log.error
    assert len(failed) == 12 + 1 + PROBLEMS


def test_a_limit_that_holds_for_the_pool_stops_it(run: Run, tmp_path: Path) -> None:
    traces = []

    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        if len(messages) > 1:
            return says("\\boxed{7}")
        traces.append(messages[0].text)
        if len(traces) == 3:
            raise LimitExceededError("cost", value=2, limit=1)
        return says("word " * 40)

    task = aime("builtin", budgets=[8, 16])
    options: dict[str, Any] = {"model": scripted(script), "model_args": {}, "limit": 1}
    log = on_aime(run, pdp(traces=16, problems=3), task=task, max_connections=1, **options)
    (sample,) = samples(log)
    assert sample.limit is not None
    assert sample.limit.type == "cost"
    assert len(traces) < 12  # those that stood next in line for the one connection
    assert len(pools(tmp_path, ".part")) == 1


SOLVER = ["--solver", "anytime/pdp", "-S", "traces=4", "-S", "problems=3"]
COMMAND = ["eval", "anytime/aime", "-T", "dataset=builtin", "-T", "budgets=32,64,256"]
COMMAND += ["--model", "anytime/simulated", "--limit", "2", "--logprobs"]
COMMAND += [word for name, value in LEARNS.items() for word in ("-M", f"{name}={value}")]


@pytest.mark.slow
def test_a_killed_pool_is_completed(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    words = [*COMMAND, *SOLVER, "--max-connections", "6"]
    broken = start(folder, *words, "--log-dir", folder / "broken", seconds=0.3)
    wait_for(
        lambda: any(len(p.read_text().splitlines()) > 5 for p in pools(tmp_path, ".part")), broken
    )
    broken.send_signal(signal.SIGKILL)
    broken.communicate(timeout=600)
    (part,) = pools(tmp_path, ".part")
    done = part.read_text().count("\n") - 1
    assert 5 <= done < 12
    before = len(calls_in(folder))

    again = start(folder, *words, "--log-dir", folder / "again", seconds=0)
    said, _ = again.communicate(timeout=600)
    assert again.returncode == 0, said
    assert len(calls_in(folder)) - before == (12 - done + 2) * (1 + len(BUDGETS))
    (completed,) = pools(tmp_path)
    assert pools(tmp_path, ".part") == []

    monkeypatch.setenv("ANYTIME_CACHE_DIR", str(tmp_path / "other-cache"))
    fresh = start(folder, *words, "--log-dir", folder / "fresh", seconds=0)
    said, _ = fresh.communicate(timeout=600)
    assert fresh.returncode == 0, said
    (uninterrupted,) = (tmp_path / "other-cache" / "pools").glob("*.jsonl")
    assert completed.name == uninterrupted.name
    assert lines(completed) == lines(uninterrupted)
    (one,), (other) = logs_in(folder / "again"), logs_in(folder / "fresh")
    assert metrics(one) == metrics(other[0])
    assert [method(s) for s in samples(one)] == [method(s) for s in samples(other[0])]


def lines(pool: Path) -> list[str]:
    """Of a pool file, but for its own path."""
    head, *traces = pool.read_text().splitlines()
    info = json.loads(head)
    info.pop("source")
    return sorted([json.dumps(info), *traces])


@pytest.mark.slow
def test_two_runs_at_once_build_one_pool(folder: Path, tmp_path: Path) -> None:
    both = [
        start(folder, *COMMAND, *SOLVER, "--log-dir", folder / name, seconds=0.3)
        for name in ("one", "other")
    ]
    for process in both:
        said, _ = process.communicate(timeout=600)
        assert process.returncode == 0, said
    assert len(calls_in(folder)) == OF_POOL + 2 * 2 * (1 + len(BUDGETS))
    (one,), (other,) = logs_in(folder / "one"), logs_in(folder / "other")
    assert one.status == other.status == "success"
    assert metrics(one) == metrics(other)
    assert len(pools(tmp_path)) == 1
    assert pools(tmp_path, ".part") == []


# Pairs and pools of the user's.


def test_pairs_of_a_file(run: Run, asked: Asked, pairs_file: Path, pairs: list[Pair]) -> None:
    before = len(asked)
    log = on_aime(run, pdp(pairs=str(pairs_file)))
    assert len(asked) == before + OF_SAMPLES
    shown = {(found["problem"], found["budget"]) for found in method(samples(log)[0])["pairs"]}
    assert shown == {(pair.problem, pair.budget) for pair in pairs}
    assert metrics(log)["curve"]["pool_tokens"] == pairs[0].pool.tokens
    sampled = on_aime(run, pdp(**POOL))
    assert metrics(sampled) == metrics(log)


@pytest.mark.slow
def test_an_earlier_run_is_a_pool(run: Run, asked: Asked) -> None:
    task = aime("builtin", split="dev", budgets=list(BUDGETS))
    earlier = on_aime(run, budget(), task=task, limit=3, epochs=4)
    before = len(asked)
    log = on_aime(run, pdp(pool=earlier.location))
    assert len(asked) == before + OF_SAMPLES
    sampled = on_aime(run, pdp(**POOL))
    assert [method(s)["pairs"] for s in samples(sampled)] == [
        method(s)["pairs"] for s in samples(log)
    ]
    assert metrics(sampled) == metrics(log)
    assert on_aime(run, leap(pool=earlier.location)).status == "success"


def test_pairs_of_another_domain_are_named_so(run: Run, asked: Asked, tmp_path: Path) -> None:
    trips = on_aime(run, pdp(**POOL, domain="trip", dataset="builtin"))
    assert trips.status == "success", trips.error
    (pool,) = pools(tmp_path)
    write_pairs(tmp_path / "trips.jsonl", build_pairs(PoolFile(pool), TRIP))
    from_file = on_aime(run, pdp(pairs=str(tmp_path / "trips.jsonl")))
    for log in (trips, from_file):
        for sample in samples(log):
            record = method(sample)
            assert record["cross_domain"] is True
            assert record["pool_domain"] == "trip"
            assert {shown["domain"] for shown in record["pairs"]} == {"trip"}
            assert "European cities" in prompts(sample)[0].partition(QUESTION)[0]
    assert metrics(trips) == metrics(from_file)


def sums() -> Task:
    asked = {"What is 3 + 4?": "7", "What is 20 + 22?": "42"}
    dataset = MemoryDataset([Sample(id=q, input=q, target=a) for q, a in asked.items()])
    return Task(dataset=dataset, scorer=match(numeric=True), name="sums")


def test_a_task_of_others_takes_pairs(run: Run, pairs_file: Path) -> None:
    seen = []

    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        seen.append(messages[0].text)
        return says("so 7" if len(messages) == 1 else "7")

    log = run(
        sums(), scripted(script), solver=pdp(budgets="1,16", pairs=str(pairs_file)), max_samples=1
    )
    assert log.status == "success", log.error
    assert metrics(log)["match"]["accuracy"] == 0.5
    assert all(text.count(GOOD) == len(BUDGETS) for text in seen)
    assert {text.rpartition(f"{QUESTION}\n\n")[2] for text in seen} == {
        "What is 3 + 4?",
        "What is 20 + 22?",
    }
    for sample in samples(log):
        assert method(sample)["cross_domain"] is True
        assert method(sample)["pool_domain"] == "aime"


# Bad input.


def failure(log: EvalLog) -> str:
    assert log.status == "error"
    assert log.error is not None
    print(log.error)
    assert is_one_sentence(log.error.message), log.error.message
    return log.error.message


def test_a_task_of_others_needs_to_be_told_where_to_learn(run: Run) -> None:
    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        raise AssertionError("asked")

    message = failure(run(sums(), scripted(script), solver=pdp()))
    assert "name pairs=FILE, pool=LOG, or domain=NAME" in message


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: pdp(trace=3), "unknown option 'trace': did you mean traces?"),
        (lambda: cot(pairs="x"), "unknown option 'pairs'"),
        (lambda: leap(pairs="x"), "unknown option 'pairs'"),
        (lambda: leap(judge="self"), "unknown option 'judge'"),
        (lambda: pdp(pairs="a", pool="b"), "pairs= and pool= both name what to learn from"),
        (lambda: pdp(pairs="none.jsonl"), "there is no file of pairs none.jsonl"),
        (lambda: pdp(pool="none.eval"), "log none.eval cannot be read"),
        (lambda: pdp(pairs=3), "pairs 3 is not a name"),
        (lambda: pdp(pairs=None), "pairs None is not a name"),  # -S pairs= and nothing behind it
        (lambda: pdp(pool=True), "pool True is not a name"),
        (lambda: pdp(domain=3), "domain 3 is not a name"),
        (lambda: pdp(pairs="x", judge="self"), "judge would do nothing beside pairs"),
        (lambda: pdp(pool="x", traces=9, dataset="y"), "traces, dataset would do nothing beside"),
        (lambda: pdp(domain="trips"), "unknown domain 'trips'"),
        (lambda: pdp(traces=1), "traces=1 gives one trace per problem"),
        (lambda: pdp(traces=0), "traces 0 is not a whole number above 0"),
        (lambda: pdp(problems="all"), "problems 'all' is not a whole number above 0"),
        (lambda: pdp(per_budget=0), "per_budget 0 is not"),
        (lambda: pdp(min_gap=2), "min_gap 2 is not a number from 0 to 1"),
        (lambda: pdp(judge="xyz"), "unknown judge 'xyz': choose one of metric, self"),
        (lambda: pdp(show="some"), "unknown show 'some': choose one of all, matched"),
        (lambda: pdp(show="matched", mode="interrupt"), "show=matched needs mode=contract"),
        (lambda: pdp(pair_tokens=0), "pair_tokens 0 is not"),
        (lambda: leap(principles="middle"), "unknown principles 'middle': choose one of low, high"),
        (lambda: budget(method="pdq"), "unknown method 'pdq': choose one of cot, pdp, pdp_plus"),
        (lambda: budget(method="pdp", trace=3), "unknown option 'trace': did you mean traces?"),
        (lambda: budget(pairs="x"), "pairs does nothing with method=cot: name a method"),
        (lambda: budget(method="leap", judge="self"), "judge does nothing with method=leap"),
        (lambda: budget(method="leap", pairs="x"), "leap learns from whole traces, not pairs"),
        (lambda: budget(method="pdp", pairs=3), "pairs 3 is not a name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_options(make: Callable[[], Any], sentence: str) -> None:
    assert sentence in refusal(make)


def test_a_full_disk_ends_the_sampling(
    run: Run, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: GrowingPool, trace: PoolTrace) -> None:
        raise AnytimeError("the pool cannot be written: No space left on device")

    monkeypatch.setattr(GrowingPool, "add", full)
    log = on_aime(run, pdp(traces=60, problems=3), limit=1, max_connections=4)
    assert "No space left on device" in failure(log)
    assert len(asked) < 60  # of 180 traces


def test_a_cache_folder_that_is_none(
    run: Run, asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ANYTIME_CACHE_DIR", str(tmp_path / "file"))
    message = failure(on_aime(run, pdp(**POOL), limit=1))
    assert "name another folder in $ANYTIME_CACHE_DIR" in message
    assert asked == []


def test_show_matched_on_a_task_that_interrupts(run: Run, asked: Asked) -> None:
    message = failure(on_aime(run, pdp(show="matched"), limit=1))
    assert "show=matched needs mode=contract" in message
    assert asked == []


def test_damaged_pairs(tmp_path: Path, pairs_file: Path) -> None:
    content = pairs_file.read_text()
    (tmp_path / "torn").write_text(content[:-20])
    assert "is damaged" in refusal(lambda: pdp(pairs=str(tmp_path / "torn")))
    (tmp_path / "foreign").write_text('{"a": 1}\n')
    assert "is no pair of anytime" in refusal(lambda: pdp(pairs=str(tmp_path / "foreign")))
    (tmp_path / "empty").write_text("")
    assert "holds no pairs" in refusal(lambda: pdp(pairs=str(tmp_path / "empty")))
    assert "is a directory" in refusal(lambda: pdp(pairs=str(tmp_path))).casefold()


def test_a_pair_that_does_not_fit(run: Run, asked: Asked, pairs_file: Path) -> None:
    before = len(asked)
    message = failure(on_aime(run, pdp(pairs=str(pairs_file), pair_tokens=5), limit=1))
    assert "pair_tokens=5 is less than one pair takes" in message
    assert len(asked) == before


def test_every_pair_is_about_the_evaluated_problem(run: Run, asked: Asked, tmp_path: Path) -> None:
    (problem, other) = AIME.load("builtin", "test", 0).problems[:2]
    own = pair(AIME, f"  {problem.prompt.upper()}\n", 64, name="smuggled")
    write_pairs(tmp_path / "own", [own])
    message = failure(on_aime(run, pdp(pairs=str(tmp_path / "own")), limit=1))
    assert "every pair is about this very problem" in message
    assert asked == []
    write_pairs(tmp_path / "both", [own, pair(AIME, other.prompt, 256, name="other")])
    log = on_aime(run, pdp(pairs=str(tmp_path / "both")), limit=1)
    record = method(samples(log)[0])
    assert [shown["problem"] for shown in record["pairs"]] == ["other"]
    assert record["left_out_as_same_problem"] == 1


def test_show_matched_without_a_pair_for_a_budget(run: Run, asked: Asked, pairs_file: Path) -> None:
    before = len(asked)
    solver = pdp(pairs=str(pairs_file), show="matched", mode="contract", budgets="63,511")
    assert "show=matched finds no pair of the run's budgets" in failure(
        on_aime(run, solver, limit=1)
    )
    assert len(asked) == before


def without_dev(tmp_path: Path) -> str:
    """A user's file so small that none of its problems is in the dev split."""
    everyone: Dataset = AIME.load("builtin", "test", 0)
    rows = [{"id": p.id, "problem": p.prompt, "answer": p.gold} for p in everyone.problems[:3]]
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(file)


@pytest.mark.parametrize("solver", [pdp, leap])
def test_an_empty_dev_split(run: Run, asked: Asked, tmp_path: Path, solver: Any) -> None:
    task = aime(without_dev(tmp_path), budgets=list(BUDGETS))
    message = failure(on_aime(run, solver(), task=task))
    assert "the dev split of mine.jsonl holds no problem to learn from" in message
    assert asked == []


def test_a_pool_without_a_gap(run: Run, asked: Asked, tmp_path: Path) -> None:
    easy = {"accuracy": 1, "solve_tokens": 1, "guess": 1}
    message = failure(on_aime(run, pdp(**POOL), model_args=easy))
    assert "no budget has a gap in quality" in message
    assert "every trace on the dev problems ended right" in failure(
        on_aime(run, leap(**POOL), model_args=easy)
    )
    # What was paid for is kept, and no pairs that are none.
    assert len(pools(tmp_path)) == 2
    assert pools(tmp_path, ".json") == []
    before = len(asked)
    failure(on_aime(run, pdp(**POOL), model_args=easy))
    assert len(asked) == before


def test_a_pool_of_one_trace_per_problem(run: Run, asked: Asked) -> None:
    task = aime("builtin", split="dev", budgets=list(BUDGETS))
    earlier = on_aime(run, budget(), task=task, limit=3)
    before = len(asked)
    message = failure(on_aime(run, pdp(pool=earlier.location), limit=1))
    assert "the pool has one trace per problem" in message
    assert len(asked) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-S", "pairs=none.jsonl"], "there is no file of pairs none.jsonl"),
        (["-S", "pair=none.jsonl"], "unknown option 'pair'"),
        (["-S", "show=matched"], "show=matched needs mode=contract"),
    ],
    ids=["no file", "misspelt", "matched"],
)
def test_the_command_says_it_in_one_sentence(
    cli: Cli, tmp_path: Path, words: Sequence[str], sentence: str
) -> None:
    done = cli(*COMMAND, "--solver", "anytime/pdp", *words)
    said = done.stdout + done.stderr
    assert sentence in " ".join(said.split())
    assert "Traceback" not in said
    assert all(log.status == "error" for log in logs_in(tmp_path / "logs"))


def test_gpqa_pairs_show_options_with_letters(run: Run) -> None:
    log = on_aime(run, pdp(**POOL), task=gpqa("builtin", budgets=list(BUDGETS)))
    assert log.status == "success", log.error
    for sample in samples(log):
        for example in prompts(sample)[0].partition(QUESTION)[0].split("## Example ")[1:]:
            assert all(f"\n{letter}) " in example for letter in "ABCD")


def test_a_run_of_a_method_is_no_pool(run: Run, pairs_file: Path) -> None:
    log = on_aime(run, pdp(pairs=str(pairs_file)), epochs=2)
    message = refusal(lambda: pdp(pool=log.location))
    assert "a run of the method pdp" in message
