"""`method=cot`, `pdp`, `pdp_plus` and `leap`: what is learned, asked, shown, kept and refused."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lm_eval
import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import read_eval_log

from anytime import solvers
from anytime.domains.aime import AIME
from anytime.domains.trip import TRIP
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai import tasks as inspect_tasks
from anytime.hosts.lm_eval.models import Planner, Simulated
from anytime.hosts.lm_eval.settings import NAMES
from anytime.methods.leap import LEARN, MERGE, PRINCIPLES
from anytime.methods.pdp import BAD, GOOD, QUESTION
from anytime.preferences.pairs import Pair, build_pairs, write_pairs
from anytime.preferences.pool_file import PoolFile
from tests.inspect_runs import inspect_metrics
from tests.lm_eval_learning import BUDGETS, LEARNS, POOL, PROBLEMS, TASK, Taught
from tests.lm_eval_models import Scripted
from tests.lm_eval_runs import (
    Cli,
    Counting,
    evaluate,
    manager,
    numbers,
    samples,
)
from tests.pooling import pair
from tests.refusals import is_one_sentence

TRACES = POOL["pool_problems"] * POOL["pool_traces"]
OF_POOL = TRACES * (1 + len(BUDGETS))
OF_SAMPLES = PROBLEMS * (1 + len(BUDGETS))

TEMPLATES: tuple[dict[str, Any], ...] = (
    {},
    {"apply_chat_template": True, "system_instruction": "Be brief."},
)


def pools(tmp_path: Path, ending: str = ".jsonl") -> list[Path]:
    return sorted((tmp_path / "anytime-cache" / "pools").glob(f"*{ending}"))


@pytest.fixture
def pairs(tmp_path: Path) -> list[Pair]:
    """Of a pool on built-in problems of AIME."""
    Taught({"method": "pdp", **POOL}, limit=1)
    (pool,) = pools(tmp_path)
    return build_pairs(PoolFile(pool), AIME)


@pytest.fixture
def pairs_file(pairs: list[Pair], tmp_path: Path) -> str:
    file = tmp_path / "pairs.jsonl"
    write_pairs(file, pairs)
    return str(file)


# What is asked, shown and reported.


def test_cot_is_the_plain_run(tmp_path: Path) -> None:
    plain, named = Taught({}), Taught({"method": "cot"})
    assert plain.table == named.table
    assert plain.asked == named.asked
    assert "pool_tokens" not in plain.table
    assert len(plain.asked) == OF_SAMPLES
    assert pools(tmp_path) == []
    assert named.records == [{"method": "cot"}] * PROBLEMS


@pytest.mark.parametrize("name", ["pdp", "pdp_plus"])
def test_pairs_are_learned_once_from_the_dev_split(tmp_path: Path, name: str) -> None:
    run = Taught({"method": name, **POOL})
    assert len(run.asked) == OF_POOL + OF_SAMPLES
    # All traces of the pool at once, then all forced answers, and the same for the problems.
    assert [len(batch) for batch in run.rounds] == [12, 36, 4, 12]
    dev = {problem.id for problem in AIME.load("builtin", "dev", 0).problems}
    (pool,) = pools(tmp_path)
    traces = list(PoolFile(pool).traces())
    assert len({(trace.problem.id, trace.text) for trace in traces}) == 12
    assert {trace.problem.id for trace in traces} <= dev

    spent = sum(trace.tokens for trace in traces)
    assert run.table["pool_tokens"] == spent
    added = [record["added_tokens"] for record in run.records]
    assert run.table["added_tokens"] == pytest.approx(sum(added) / len(added))
    for record in run.records:
        assert record["method"] == name
        assert record["pool_domain"] == "aime"
        assert record["pool_tokens"] == spent
        assert record["dropped"] == []
        assert "cross_domain" not in record
        assert "judge_agreement" not in record
        assert [shown["budget"] for shown in record["pairs"]] == list(BUDGETS)
        assert {shown["problem"] for shown in record["pairs"]} <= dev
        assert {shown["gap"] for shown in record["pairs"]} == {1.0}
    for text in run.asked[-OF_SAMPLES:]:
        assert text.count(GOOD) == len(BUDGETS)
        assert text.count(BAD) == (len(BUDGETS) if name == "pdp" else 0)
        assert text.count(QUESTION) == 1

    again = Taught({"method": name, **POOL})
    assert again.asked == run.asked[-OF_SAMPLES:]
    assert again.table == run.table
    assert again.records == run.records


@pytest.mark.slow
def test_one_pool_serves_both_and_the_sizes_are_what_was_put_in() -> None:
    runs = {
        name: Taught({"method": name, "traces": 4, **(POOL if name != "cot" else {})}, limit=20)
        for name in ("cot", "pdp_plus", "pdp")
    }
    of_samples = 4 * 20 * (1 + len(BUDGETS))
    assert [len(run.asked) for run in runs.values()] == [
        of_samples,
        OF_POOL + of_samples,
        of_samples,
    ]
    index = [run.table["anytime_index"] for run in runs.values()]
    assert index == sorted(set(index))
    more, less = runs["pdp"].table, runs["pdp_plus"].table
    assert more["added_tokens"] > less["added_tokens"] > 0
    assert more["pool_tokens"] == less["pool_tokens"]


@pytest.mark.parametrize("level", ["low", "high"])
def test_leap_learns_from_mistakes(tmp_path: Path, level: str) -> None:
    knobs = {"method": "leap", "principles": level, **POOL}
    run = Taught(knobs)
    (pool,) = pools(tmp_path)
    traces = list(PoolFile(pool).traces())
    assert all(len(trace.points) == 2 for trace in traces)
    wrong = {trace.problem.id for trace in traces if trace.points[-1].quality < 1}
    lessons = [text for text in run.asked if LEARN in text]
    merges = [text for text in run.asked if MERGE in text]
    assert len(lessons) == len(wrong) > 0
    assert len(merges) == (level == "high")
    assert len(run.asked) == len(traces) * (1 + 2) + len(lessons) + len(merges) + OF_SAMPLES
    for record in run.records:
        assert record["level"] == level
        assert record["principles"]
        assert record["pool_tokens"] > sum(trace.tokens for trace in traces)
    assert all(PRINCIPLES in text for text in run.asked[-OF_SAMPLES:])
    again = Taught(knobs)
    assert len(again.asked) == OF_SAMPLES
    assert again.table == run.table


def test_the_planner_does_not_read_examples() -> None:
    knobs = {"budgets": "32,64,128", "traces": 2}
    pool = {"method": "pdp", "pool_traces": 6, "pool_problems": 4}
    plain, taught = (
        Taught({**knobs, **method}, Planner(), task="anytime_trip_builtin", limit=6)
        for method in ({"method": "cot"}, pool)
    )
    assert taught.curve == plain.table
    assert min(len(record["pairs"]) for record in taught.records) > 0
    for name, sample in samples(taught.results, "anytime_trip_builtin").items():
        same = samples(plain.results, "anytime_trip_builtin")[name]
        assert {key: sample[key] for key in plain.table} == {key: same[key] for key in plain.table}


def test_a_judge_without_gold_is_compared_with_the_metric() -> None:
    agreement = {}
    knobs = {"method": "pdp", "judge": "self", "pool_traces": 6, "pool_problems": 8}
    knobs |= {"per_budget": 6, "seed": 3}
    for accuracy in (1.0, 0.5):
        run = Taught(knobs, Simulated(**LEARNS, judge_accuracy=accuracy))
        (agreement[accuracy],) = {record["judge_agreement"] for record in run.records}
        again = Taught(knobs, Simulated(**LEARNS, judge_accuracy=accuracy))
        assert len(again.asked) == OF_SAMPLES  # judgements are kept beside the pool
        assert again.records == run.records
    assert agreement[1.0] == 1.0
    assert 0 <= agreement[0.5] < 1.0


def test_matched_pairs_in_contract_mode() -> None:
    run = Taught({"method": "pdp", "mode": "contract", "show": "matched", **POOL})
    contracts = run.rounds[-1]
    assert len(contracts) == PROBLEMS * len(BUDGETS)
    for request in contracts:
        text, kwargs = request.args
        shown = text.partition(QUESTION)[0]
        (tokens,) = [budget for budget in BUDGETS if f"stopped after {budget} tokens" in shown]
        assert tokens == kwargs["max_gen_toks"]
        assert shown.count(GOOD) == shown.count(BAD) == 1
    for record in run.records:
        assert [shown["budget"] for shown in record["pairs"]] == list(BUDGETS)
        assert record["added_tokens"] > 0


def test_contract_mode_shows_all_pairs_by_default() -> None:
    run = Taught({"method": "pdp_plus", "mode": "contract", **POOL}, limit=1)
    assert all(request.args[0].count(GOOD) == len(BUDGETS) for request in run.rounds[-1])


def test_pairs_that_do_not_fit_are_dropped_and_named(pairs_file: str) -> None:
    whole = Taught({"method": "pdp", "pairs": pairs_file}, limit=1)
    allowed = int(whole.record["added_tokens"]) - 1
    run = Taught({"method": "pdp", "pairs": pairs_file, "pair_tokens": allowed}, limit=1)
    assert [shown["budget"] for shown in run.record["pairs"]] == list(BUDGETS[:-1])
    assert [gone["budget"] for gone in run.record["dropped"]] == [BUDGETS[-1]]
    assert run.table["added_tokens"] <= allowed


def test_templates_and_plain_text_are_taught_too(tmp_path: Path, pairs_file: str) -> None:
    """A model that takes strings: the preface stands where the question does."""

    def say(context: str, kwargs: dict[str, Any]) -> str:
        return "so \\boxed{7} " + "word " * kwargs["max_gen_toks"]

    for options in TEMPLATES:
        model = Scripted(say)
        run = Taught({"method": "pdp", "pairs": pairs_file}, model, limit=1, **options)
        assert all(text.count(GOOD) == len(BUDGETS) for text in run.asked)
        before = "<system>Be brief.<user>Below you see" if options else "Below you see"
        assert all(text.startswith(before) for text in run.asked)
        assert run.record["pairs"]


def test_a_pool_is_sampled_with_the_settings_of_the_run(tmp_path: Path) -> None:
    """By a model that takes strings, under a chat template and a system instruction."""
    gold = {AIME.ask(p): p.gold for p in AIME.load("builtin", "all", 0).problems}

    numbers_said = itertools.count()

    def say(context: str, kwargs: dict[str, Any]) -> str:
        number = next(numbers_said)
        if kwargs["max_gen_toks"] > 16:
            (answer,) = (gold[question] for question in gold if question in context)
            return f"{answer if 'ODD' in context else 1000}}}"
        return f" We take the {'ODD' if number % 2 else 'EVEN'} way {'x' * number}" + " word" * 16

    for number, options in enumerate(TEMPLATES, 1):
        model = Scripted(say)
        knobs = {"method": "pdp", "budgets": "8,16", **POOL}
        Taught(knobs, model, limit=1, gen_kwargs="do_sample=True,temperature=0.7", **options)
        assert len(pools(tmp_path)) == number
        assert all(kwargs["temperature"] == 0.7 for _, kwargs in model.asked)
        begin = "<system>Be brief.<user>" if options else ""
        assert all(text.startswith(begin) for text, _ in model.asked)


# Both harnesses.


@pytest.mark.quick("pdp")
@pytest.mark.parametrize("name", ["pdp", "pdp_plus", "leap"])
def test_both_hosts_choose_the_same_and_agree(tmp_path: Path, name: str) -> None:
    (log,) = inspect_eval(
        inspect_tasks.aime("builtin", budgets=list(BUDGETS)),
        model="anytime/simulated",
        model_args=LEARNS,
        solver=getattr(solvers, name)(traces=4, problems=3),
        logprobs=True,  # exact cuts
        epochs=2,
        limit=6,
        log_dir=str(tmp_path),
        display="none",
    )
    log = read_eval_log(log.location)
    run = Taught({"method": name, "traces": 2, **POOL}, limit=6)
    assert log.samples
    theirs = {str(s.id): s.store["anytime"]["method"] for s in log.samples}
    for problem, sample in samples(run.results, TASK).items():
        for _, written in sample["resps"][0]:
            ours = json.loads(written)["method"]
            for what in ("pairs", "dropped", "principles", "pool_domain", "pool_tokens"):
                assert ours.get(what) == theirs[problem].get(what)
    assert len(pools(tmp_path)) == 2  # one for each host
    here, there = (PoolFile(pool).traces() for pool in pools(tmp_path))
    assert sorted(map(str, here)) == sorted(map(str, there))
    wanted = inspect_metrics(log)
    estimated = wanted.pop("added_tokens")
    assert {key: run.table[key] for key in wanted} == pytest.approx(wanted, abs=0, rel=1e-14)
    assert run.table["anytime_index"] == wanted["anytime_index"]
    assert run.table["added_tokens"] == pytest.approx(estimated, rel=0.2)


# Interrupted.

KILLED = """
import os, signal, sys
from anytime.hosts.lm_eval.models import Simulated
from anytime.hosts.lm_eval.store import TraceStore
from anytime.methods.learning import MissingTraces
from tests.lm_eval_learning import LEARNS, POOL, Taught
def calls(cls, name, last):
    plain, count = getattr(cls, name), 0
    def counted(*args, **options):
        nonlocal count
        count += 1
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return plain(*args, **options)
    setattr(cls, name, counted)
calls({"store": TraceStore, "pool": MissingTraces}[sys.argv[1]], sys.argv[2], int(sys.argv[3]))
Taught({"method": "pdp", **POOL}, Simulated(**LEARNS))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "written", "answered"),
    [(("store", "add", 6), 0, 5), (("pool", "keep", 7), 6, OF_POOL)],
    ids=["while it asks", "while it writes"],
)
def test_a_killed_pool_is_completed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: tuple[str, str, int],
    written: int,
    answered: int,
) -> None:
    """Without a trace store of the user's: a kill loses what was in flight."""
    command = [sys.executable, "-c", KILLED, *map(str, moment)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == -9, done.stderr
    (part,) = pools(tmp_path, ".part")
    kept = part.read_text().splitlines()
    assert len(kept) == 1 + written
    # torn, as a kill may leave it
    part.write_text("".join(f"{line}\n" for line in kept[:-1]) + kept[-1][:30])

    again = Taught({"method": "pdp", **POOL})
    assert len(again.asked) == OF_POOL - answered + OF_SAMPLES
    (completed,) = pools(tmp_path)
    assert pools(tmp_path, ".part") == []
    assert pools(tmp_path, ".store*") == []

    monkeypatch.setenv("ANYTIME_CACHE_DIR", str(tmp_path / "other-cache"))
    whole = Taught({"method": "pdp", **POOL})
    (uninterrupted,) = (tmp_path / "other-cache" / "pools").glob("*.jsonl")
    assert completed.name == uninterrupted.name
    assert lines(completed) == lines(uninterrupted)
    assert again.table == whole.table
    assert again.records == whole.records


def lines(pool: Path) -> list[str]:
    """Of a pool file, but for its own path."""
    head, *traces = pool.read_text().splitlines()
    info = json.loads(head)
    info.pop("source")
    return sorted([json.dumps(info), *traces])


def test_a_model_that_fails_loses_no_answer(tmp_path: Path) -> None:
    class Failing(Simulated):
        calls = 0

        def generate_until(self, *args: Any, **options: Any) -> list[str]:
            self.calls += 1
            if self.calls == 2:  # all traces are there, and are to be cut
                raise RuntimeError("not now")
            return super().generate_until(*args, **options)

    Failing.__name__ = "Simulated"
    with pytest.raises(RuntimeError, match="not now"):
        Taught({"method": "pdp", **POOL}, Failing(**LEARNS))
    again = Taught({"method": "pdp", **POOL})
    assert len(again.asked) == OF_POOL - TRACES + OF_SAMPLES
    assert len(pools(tmp_path)) == 1
    assert pools(tmp_path, ".store*") == []


def test_a_trace_store_takes_the_pool_too(tmp_path: Path) -> None:
    knobs = {"method": "pdp", "trace_store": str(tmp_path / "store"), **POOL}
    first = Taught(knobs, gen_kwargs="do_sample=True")
    for pool in (tmp_path / "anytime-cache" / "pools").iterdir():
        pool.unlink()
    again = Taught(knobs, gen_kwargs="do_sample=True")
    assert again.asked == []
    assert again.table == first.table


def test_a_pool_belongs_to_the_model_and_its_settings(tmp_path: Path) -> None:
    knobs = {"method": "pdp", **POOL}
    Taught(knobs, limit=1)
    assert len(pools(tmp_path)) == 1
    others: list[tuple[Simulated, dict[str, Any]]] = [
        (Simulated(**{**LEARNS, "accuracy": 0.6}), {}),
        (Simulated(**LEARNS), {"gen_kwargs": "temperature=0.5"}),
        (Simulated(**LEARNS), TEMPLATES[1]),
    ]
    for number, (model, options) in enumerate(others, 2):
        run = Taught(knobs, model, limit=1, **options)
        assert len(run.asked) == OF_POOL + 1 + len(BUDGETS)
        assert len(pools(tmp_path)) == number


def test_tasks_of_two_domains_learn_each_its_own(tmp_path: Path) -> None:
    tasks = [TASK, "anytime_gpqa_builtin"]
    knobs = {"budgets": list(BUDGETS), "method": "pdp", **POOL}
    results = lm_eval.simple_evaluate(
        Simulated(**LEARNS), tasks=tasks, task_manager=manager(knobs), limit=2, bootstrap_iters=0
    )
    assert results is not None
    for task in tasks:
        alone = Taught(knobs, task=task, limit=2)
        assert len(alone.asked) == 2 * (1 + len(BUDGETS))
        assert numbers(results, task) == alone.table
        assert {record["pool_domain"] for record in alone.records} == {task.split("_")[1]}
    assert len(pools(tmp_path)) == 2


# Pairs and pools of the user's.


def test_pairs_of_a_file(pairs_file: str, pairs: list[Pair]) -> None:
    run = Taught({"method": "pdp", "pairs": pairs_file})
    assert len(run.asked) == OF_SAMPLES
    shown = {(found["problem"], found["budget"]) for found in run.record["pairs"]}
    assert shown == {(pair.problem, pair.budget) for pair in pairs}
    assert run.table["pool_tokens"] == pairs[0].pool.tokens
    assert Taught({"method": "pdp", **POOL}).table == run.table


def test_a_pool_file_is_a_pool(pairs: list[Pair], tmp_path: Path) -> None:
    (pool,) = pools(tmp_path)
    run = Taught({"method": "pdp", "pool": str(pool)})
    assert len(run.asked) == OF_SAMPLES
    assert Taught({"method": "pdp", **POOL}).records == run.records


@pytest.mark.parametrize("folder", [False, True], ids=["log", "folder"])
def test_a_run_of_inspect_is_a_pool(tmp_path: Path, folder: bool) -> None:
    (log,) = inspect_eval(
        inspect_tasks.aime("builtin", split="dev", budgets=list(BUDGETS)),
        model="anytime/simulated",
        model_args=LEARNS,
        logprobs=True,  # exact cuts
        epochs=4,
        limit=3,
        log_dir=str(tmp_path / "inspect"),
        display="none",
    )
    named = str(tmp_path / "inspect") if folder else log.location
    run = Taught({"method": "pdp", "pool": named})
    assert len(run.asked) == OF_SAMPLES
    assert Taught({"method": "pdp", **POOL}).records == run.records


def test_pairs_of_another_domain_are_named_so(tmp_path: Path) -> None:
    trips = Taught({"method": "pdp", "pool_domain": "trip", "pool_dataset": "builtin", **POOL})
    (pool,) = pools(tmp_path)
    write_pairs(tmp_path / "trips.jsonl", build_pairs(PoolFile(pool), TRIP))
    from_file = Taught({"method": "pdp", "pairs": str(tmp_path / "trips.jsonl")})
    for run in (trips, from_file):
        for record in run.records:
            assert record["cross_domain"] is True
            assert record["pool_domain"] == "trip"
            assert {shown["domain"] for shown in record["pairs"]} == {"trip"}
        assert "European cities" in run.asked[-1].partition(QUESTION)[0]
    assert trips.table == from_file.table


@pytest.mark.slow
def test_the_command_learns_and_an_earlier_run_is_a_pool(cli: Cli, tmp_path: Path) -> None:
    model = ",".join(f"{name}={value}" for name, value in LEARNS.items())
    words = ["lm_eval", "--model", "anytime-simulated", "--model_args", model]
    words += ["--tasks", TASK, "--log_samples"]
    common: dict[str, Any] = {"budgets": "32,64,256"}

    earlier = {**common, "split": "dev", "traces": 4}
    done = cli(*words, "--limit", 3, "--output_path", "dev", "--metadata", json.dumps(earlier))
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "dev").rglob("samples_*.jsonl")

    found = {}
    for name, source in (("sampled", POOL), ("named", {"pool": str(file)})):
        knobs = json.dumps({**common, "method": "pdp", **source})
        done = cli(*words, "--limit", 2, "--output_path", name, "--metadata", knobs)
        assert done.returncode == 0, done.stderr
        assert "|added_tokens" in done.stdout
        assert "|pool_tokens" in done.stdout
        (results,) = (tmp_path / name).rglob("results_*.json")
        written = json.loads(results.read_text())
        table = written["results"][TASK]
        assert table["added_tokens,none"] > 0
        settings = written["configs"][TASK]["metadata"]
        assert settings["judge"] == "metric"
        assert settings["show"] == "all"
        (samples_file,) = (tmp_path / name).rglob("samples_*.jsonl")
        record = json.loads(samples_file.read_text().splitlines()[0])
        shown = json.loads(record["resps"][0][0][1])["method"]
        assert [pair["budget"] for pair in shown["pairs"]] == list(BUDGETS)
        found[name] = (table["anytime_index,none"], table["pool_tokens,none"], shown)
    assert found["sampled"] == found["named"]
    assert len(pools(tmp_path)) == 1
    for named in (file, file.parent):  # in Inspect AI, too
        (log,) = inspect_eval(
            inspect_tasks.aime("builtin", budgets=list(BUDGETS)),
            model="anytime/simulated",
            model_args=LEARNS,
            solver=solvers.pdp(pool=str(named)),
            limit=1,
            log_dir=str(tmp_path / "inspect"),
            display="none",
        )
        (sample,) = read_eval_log(log.location).samples or ()
        assert sample.store["anytime"]["method"]["pairs"] == found["named"][2]["pairs"]
    knobs = json.dumps({**common, "method": "pdp", "pool": str(samples_file)})
    done = cli(*words, "--limit", 2, "--output_path", "again", "--metadata", knobs)
    assert done.returncode != 0
    assert "is a run of the method pdp" in done.stderr


# Bad input.

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "near miss": ({"pool_trace": 3}, "did you mean 'pool_traces'"),
    "both": ({"pairs": "a", "pool": "b"}, "pairs and pool both name what to learn from"),
    "no pairs": ({"pairs": "none.jsonl"}, "there is no file of pairs none.jsonl"),
    "no pool": ({"pool": "none.jsonl"}, "none.jsonl"),
    "empty name": ({"pairs": ""}, "pairs '' in --metadata is not a name"),
    "number": ({"pairs": 3}, "pairs 3 in --metadata is not a name"),
    "leap": ({"method": "leap", "pairs": "x"}, "leap learns from whole traces, not pairs"),
    "one trace": ({"pool_traces": 1}, "traces=1 gives one trace per problem"),
    "no trace": ({"pool_traces": 0}, "pool_traces 0 in --metadata is not a whole number from 1 on"),
    "problems": ({"pool_problems": "all"}, "pool_problems 'all' in --metadata"),
    "judge": ({"judge": "xyz"}, "unknown judge 'xyz' in --metadata: choose one of metric, self"),
    "show": ({"show": "matched"}, "show=matched needs mode=contract"),
    "gap": ({"min_gap": 2}, "min_gap 2 is not a number from 0 to 1"),
    "pair tokens": (
        {"pair_tokens": 0},
        "pair_tokens 0 in --metadata is not a whole number from 1 on",
    ),
    "principles": ({"method": "leap", "principles": "mid"}, "unknown principles 'mid'"),
    "domain": ({"pool_domain": "trips"}, "unknown domain 'trips'"),
    "dataset": ({"pool_dataset": "bultin"}, "unknown dataset 'bultin'"),
    "Inspect's problems": ({"problems": 3}, "in lm-eval's --metadata it is pool_problems"),
    "Inspect's domain": ({"domain": "aime"}, "in lm-eval's --metadata it is pool_domain"),
    "no method": ({"method": "cot", "pairs": "x"}, "pairs in --metadata does nothing with method"),
    "idle judge": ({"pairs": "x", "judge": "self"}, "judge would do nothing beside pairs"),
    "idle traces": ({"pool": "x", "pool_traces": 4}, "pool_traces would do nothing beside pool"),
    "not taken": (
        {"method": "leap", "judge": "self"},
        "judge in --metadata does nothing with method=leap: it takes pool, pool_domain",
    ),
}


def refusal(knobs: Mapping[str, Any], model: Any = None, **options: Any) -> str:
    """The sentence, before anything was asked."""
    model = Simulated(**LEARNS) if model is None else model
    counted = Counting(model)
    task = options.pop("task", TASK)
    knobs = {"budgets": list(BUDGETS), "method": "pdp", **knobs}
    with pytest.raises(AnytimeError) as caught:
        evaluate(task, model, knobs, limit=options.pop("limit", 1), **options)
    assert counted.calls == []
    message = str(caught.value)
    assert is_one_sentence(message), message
    assert isinstance(caught.value, SystemExit)
    assert caught.value.code == message
    return message


@pytest.mark.parametrize("case", list(WRONG))
def test_settings(case: str) -> None:
    knobs, sentence = WRONG[case]
    assert sentence in refusal(knobs)


def test_a_cache_folder_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ANYTIME_CACHE_DIR", str(tmp_path / "file"))
    assert "name another folder in $ANYTIME_CACHE_DIR" in refusal({"pool_traces": 2})


@pytest.mark.parametrize("name", ["pdp", "pdp_plus", "leap"])
def test_greedy_traces_make_no_pool(name: str) -> None:
    message = refusal({"method": name}, Scripted(lambda *_: "7"))
    assert "add --gen_kwargs do_sample=true,temperature=0.7" in message


def test_damaged_pairs(tmp_path: Path, pairs_file: str) -> None:
    content = Path(pairs_file).read_text()
    torn, foreign = tmp_path / "torn", tmp_path / "foreign"
    torn.write_text(content[:-20])
    assert "is damaged" in refusal({"pairs": str(torn)})
    torn.write_text(content)  # mended while the process lives
    Taught({"method": "pdp", "pairs": str(torn)}, limit=1)
    torn.write_text(content[:-20])
    assert "is damaged" in refusal({"pairs": str(torn)})
    foreign.write_text('{"a": 1}\n')
    assert "is no pair of anytime" in refusal({"pairs": str(foreign)})


def test_a_pair_that_does_not_fit(pairs_file: str) -> None:
    message = refusal({"pairs": pairs_file, "pair_tokens": 5})
    assert "pair_tokens=5 is less than one pair takes" in message


def test_every_pair_is_about_the_evaluated_problem(tmp_path: Path) -> None:
    first, other = AIME.load("builtin", "test", 0).problems[:2]
    own = pair(AIME, f"  {first.prompt.upper()}\n", 64, name="smuggled")
    write_pairs(tmp_path / "own", [own])
    message = refusal({"pairs": str(tmp_path / "own")}, limit=2)
    assert "every pair is about this very problem" in message
    write_pairs(tmp_path / "both", [own, pair(AIME, other.prompt, 256, name="other")])
    record = Taught({"method": "pdp", "pairs": str(tmp_path / "both")}, limit=1).record
    assert [shown["problem"] for shown in record["pairs"]] == ["other"]
    assert record["left_out_as_same_problem"] == 1


def test_show_matched_without_a_pair_for_a_budget(pairs_file: str) -> None:
    knobs = {"pairs": pairs_file, "show": "matched", "mode": "contract", "budgets": "63,511"}
    knobs["method"] = "pdp"
    assert "show=matched finds no pair of the run's budgets" in refusal(knobs)


@pytest.mark.parametrize("name", ["pdp", "leap"])
def test_an_empty_dev_split(tmp_path: Path, name: str) -> None:
    rows = [
        {"id": p.id, "problem": p.prompt, "answer": p.gold}
        for p in AIME.load("builtin", "test", 0).problems[:3]
    ]
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    knobs = {"method": name, "dataset": str(file)}
    message = refusal(knobs, task="anytime_aime24")
    assert "the dev split of mine.jsonl holds no problem to learn from" in message


def test_a_pool_without_a_gap(tmp_path: Path) -> None:
    easy = {"accuracy": 1, "solve_tokens": 1, "guess": 1}
    for name, sentence in (
        ("pdp", "no budget has a gap in quality"),
        ("leap", "every trace on the dev problems ended right"),
    ):
        with pytest.raises(AnytimeError) as caught:
            Taught({"method": name, **POOL}, Simulated(**easy))
        assert sentence in str(caught.value)
        assert is_one_sentence(str(caught.value))
    # What was paid for is kept, and no pairs that are none.
    assert len(pools(tmp_path)) == 2
    assert pools(tmp_path, ".json") == []
    assert "no budget has a gap" in refusal(POOL, Simulated(**easy))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("knobs", "sentence"),
    [
        ({"pairs": "none.jsonl"}, "there is no file of pairs none.jsonl"),
        ({"pool_traces": 1}, "traces=1 gives one trace per problem"),
    ],
    ids=["no file", "one trace"],
)
def test_the_command_says_it_in_one_sentence(
    cli: Cli, knobs: dict[str, Any], sentence: str
) -> None:
    words = ["lm_eval", "--model", "anytime-simulated", "--tasks", TASK, "--limit", 1]
    done = cli(*words, "--metadata", json.dumps({"method": "pdp", **knobs}))
    assert done.returncode == 1
    assert sentence in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_the_page_has_every_name_of_metadata() -> None:
    page = (Path(__file__).parents[3] / "docs" / "lm_eval.md").read_text()
    assert [name for name in NAMES if f"`{name}`" not in page] == []
