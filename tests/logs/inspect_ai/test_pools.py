"""Finished Inspect logs as pools."""

from __future__ import annotations

import json
import math
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task, task_with
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, EvalSample, EvalSampleLimit, read_eval_log, write_eval_log
from inspect_ai.model import ChatMessageAssistant, GenerateConfig, ModelOutput, get_model
from inspect_ai.scorer import exact
from inspect_ai.solver import generate

from anytime.domains.aime import AIME
from anytime.domains.base import Domain
from anytime.errors import AnytimeError
from anytime.hookspecs import hookimpl
from anytime.hosts.inspect_ai.scoring import curve
from anytime.hosts.inspect_ai.tasks import aime, gpqa, trip
from anytime.logs.inspect_ai.pools import InspectPool
from anytime.plugins import get_domain, plugin_manager
from anytime.preferences.pairs import build_pairs
from anytime.preferences.pool import cut_text, merged
from anytime.solvers.budget import budget
from tests.inspect_runs import Run, says, scripted, values

BUDGETS = [32, 64, 128, 256]
WAVERING = {"accuracy": 0.8, "solve_tokens": 60, "drift": 0.7, "guess": 0.25, "unparsed": 0.1}


def waver(run: Run, task: Callable[..., Task] = gpqa, **options: Any) -> EvalLog:
    model = get_model("anytime/simulated", **WAVERING)
    how = {"limit": 5, "epochs": 4, **options}
    return run(task("builtin", budgets=BUDGETS), model, **how)


def path_of(log: EvalLog) -> Path:
    return Path(log.location.removeprefix("file://"))


@pytest.mark.quick("eval-trip")
@pytest.mark.parametrize("task", [trip, aime, gpqa])
@pytest.mark.parametrize("format", ["eval", "json"])
def test_the_pool_is_what_the_log_says(run: Run, task: Callable[..., Task], format: str) -> None:
    log = waver(run, task, log_format=format)
    pool = InspectPool(path_of(log))
    logged = {key: tuple(v[f"q@{b}"] for b in BUDGETS) for key, v in values(log).items()}
    scored = list(pool.scored())
    assert {(s.problem, s.draw): s.quality for s in scored} == logged
    assert len(scored) == 20
    traces = list(pool.traces())
    assert {trace.scored for trace in traces} == set(scored)
    ids = [trace.problem.id for trace in traces]
    assert ids == sorted(ids, key=ids.index)  # a problem's own one after another
    assert pool.info.domain == task.__name__
    assert pool.info.model == "anytime/simulated"
    assert pool.info.budgets == tuple(BUDGETS)
    assert (pool.info.dataset, pool.info.split) == ("builtin", "test")
    assert pool.info.revision == log.eval.dataset.location
    assert not pool.skipped
    domain = get_domain(pool.info.domain)
    problems = {p.id: p for p in domain.load("builtin", "test", 0).problems}
    for sample, trace in zip(_sorted(log), sorted(traces, key=_key), strict=True):
        assert trace.problem == problems[trace.problem.id]
        assert trace.text == sample.output.completion
        assert trace.tokens == sum(u.output_tokens for u in sample.model_usage.values())
        for place, point in enumerate(trace.points):
            whole = cut_text(trace, place)
            assert trace.text.startswith(whole)
            assert (whole == trace.text) == (point.end in (None, len(trace.text)))
    assert build_pairs(pool, domain)


def _key(trace: Any) -> tuple[str, int]:
    return trace.problem.id, trace.draw


def _sorted(log: EvalLog) -> list[EvalSample]:
    return sorted(log.samples or [], key=lambda sample: (str(sample.id), sample.epoch))


def test_wanted_traces_alone_are_read(run: Run) -> None:
    pool = InspectPool(path_of(waver(run)))
    everything = {(t.problem.id, t.draw): t for t in pool.traces()}
    wanted = sorted(everything)[3:9:2]
    found = list(pool.traces([*wanted, ("nobody", 1)]))
    assert {(t.problem.id, t.draw): t for t in found} == {key: everything[key] for key in wanted}
    assert list(pool.traces([])) == []


def test_shown_reasoning_is_cut_where_it_was(run: Run) -> None:
    model = get_model("anytime/simulated", reasoning=True, **WAVERING)
    log = run(aime("builtin", budgets=BUDGETS), model, limit=3, epochs=2)
    within = 0
    for trace in InspectPool(path_of(log)).traces():
        assert trace.reasoning
        for place, point in enumerate(trace.points):
            if point.end is not None and point.end <= len(trace.reasoning):
                assert cut_text(trace, place) == trace.reasoning[: point.end]
                within += 1
    assert within


@pytest.mark.slow
def test_an_unscored_log_is_graded(run: Run) -> None:
    def unscore(sample: EvalSample) -> None:
        sample.scores = None

    scored = InspectPool(path_of(waver(run)))
    unscored = InspectPool(edit(waver(run), unscore))
    assert sorted(unscored.scored()) == sorted(scored.scored())


@pytest.mark.slow
def test_two_runs_are_one_pool(run: Run) -> None:
    pools = [InspectPool(path_of(waver(run, epochs=epochs))) for epochs in (2, 3)]
    both = merged(pools)
    scored = list(both.scored())
    assert {s.draw for s in scored} == {1, 2, 3, 4, 5}
    assert len(scored) == 25
    assert {t.scored for t in both.traces()} == set(scored)
    # The second run draws the same first two traces.
    quality = {(s.problem, s.draw): s.quality for s in scored}
    assert all(quality[p, 1] == quality[p, 3] for p, draw in quality if draw == 1)
    (trace,) = both.traces([(scored[0].problem, 5)])
    assert trace.draw == 5


@pytest.mark.slow
def test_runs_of_two_models_are_two_pools(run: Run) -> None:
    one = InspectPool(path_of(waver(run, trip)))
    other = InspectPool(path_of(run(trip("builtin", budgets=BUDGETS), "anytime/planner", limit=2)))
    with pytest.raises(AnytimeError, match="is of another model than"):
        merged([one, other])


class Sums:
    """A plugin whose domain is AIME by another name."""

    @hookimpl
    def anytime_domains(self) -> list[Domain]:
        return [replace(AIME, name="sums")]


def test_a_domain_of_a_plugin_makes_a_pool(run: Run) -> None:
    def rename(sample: EvalSample) -> None:
        sample.metadata["anytime"]["domain"] = "sums"

    path = edit(waver(run, aime), rename)
    with pytest.raises(AnytimeError, match="unknown domain 'sums'"):
        list(InspectPool(path).traces())
    plugin = Sums()
    plugin_manager().register(plugin)
    try:
        pool = InspectPool(path)
        assert pool.info.domain == "sums"
        assert len(list(pool.traces())) == 20
    finally:
        plugin_manager().unregister(plugin)


def test_samples_without_a_scored_trace_are_counted(run: Run) -> None:
    calls = 0

    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        nonlocal calls
        if isinstance(messages[-1], ChatMessageAssistant) or len(messages) > 1:
            return says("Answer: A", 3)
        calls += 1
        if calls == 2:
            raise RuntimeError("the service is down")
        return says("word " * 200 + "Answer: B", 200)

    task = gpqa("builtin", budgets=BUDGETS)
    log = run(task, scripted(script), limit=4, epochs=2, fail_on_error=False, max_samples=1)
    pool = InspectPool(path_of(log))
    assert pool.skipped == {"ended with an error": 1}
    assert len(list(pool.scored())) == len(list(pool.traces())) == 7


def test_limits_nan_and_missing_records_are_counted(run: Run) -> None:
    log = waver(run)
    samples = log.samples or []
    first, second, third = samples[:3]
    assert first.scores is not None
    first.scores["curve"].value = math.nan
    second.store["anytime"] = {}
    second.scores = None
    third.limit = EvalSampleLimit(type="token", limit=10)
    log.status = "cancelled"
    write_eval_log(log, log.location)
    pool = InspectPool(path_of(log))
    assert len(list(pool.scored())) == len(list(pool.traces())) == 17
    assert pool.skipped == {
        "not scored": 1,
        "stopped by its token limit": 1,
        "without checkpoints": 1,
    }


def edit(log: EvalLog, change: Callable[[EvalSample], None]) -> Path:
    for sample in log.samples or []:
        change(sample)
    write_eval_log(log, log.location)
    return path_of(log)


def test_records_that_do_not_tell_their_cuts_are_refused(run: Run) -> None:
    def forget(sample: EvalSample) -> None:
        for checkpoint in sample.store["anytime"]["checkpoints"]:
            checkpoint.pop("end", None)

    path = edit(waver(run), forget)
    with pytest.raises(AnytimeError, match="does not tell where its traces were cut"):
        InspectPool(path)


def test_a_log_without_any_scored_trace_is_refused_with_the_reasons(run: Run) -> None:
    def unscore(sample: EvalSample) -> None:
        assert sample.scores is not None
        sample.scores["curve"].value = math.nan

    path = edit(waver(run), unscore)
    with pytest.raises(AnytimeError, match=r"no trace that was cut and scored \(20 not scored\)"):
        InspectPool(path)


def test_a_run_without_a_curve_is_refused(run: Run) -> None:
    task = task_with(gpqa("builtin"), solver=generate())
    log = run(task, get_model("anytime/guesser"), limit=2)
    with pytest.raises(AnytimeError, match=r"\(2 without checkpoints\)"):
        InspectPool(path_of(log))


def test_contract_mode_is_refused(run: Run) -> None:
    log = run(trip("builtin", budgets=BUDGETS, mode="contract"), "anytime/planner", limit=2)
    with pytest.raises(AnytimeError, match=r"mode=contract.* needs mode=interrupt"):
        InspectPool(path_of(log))


@pytest.mark.slow
def test_mixed_budgets_are_refused(run: Run) -> None:
    log = waver(run)
    task = gpqa("builtin", budgets=[16, 32])
    other = run(task, get_model("anytime/simulated", **WAVERING), limit=5, epochs=4)
    assert log.samples
    assert other.samples
    log.samples[-1] = other.samples[-1]
    write_eval_log(log, log.location)
    pool = InspectPool(path_of(log))
    for read in (pool.scored, pool.traces):
        with pytest.raises(AnytimeError, match=r"mixes budgets: .* cut at 16,32, others at 32,64"):
            list(read())


def test_the_log_of_another_task_is_refused(run: Run) -> None:
    sums = [Sample(input="2+2?", target="4")]
    theirs = Task(sums, solver=generate(), scorer=exact(), name="sums")
    model = scripted(lambda messages, config: says("4"))
    solved = task_with(theirs, solver=budget(BUDGETS), scorer=[exact(), curve()])
    for task in (theirs, solved):
        log = run(task, model)
        with pytest.raises(AnytimeError, match="is a log of sums, which is no task of anytime"):
            InspectPool(path_of(log))


def test_a_log_without_samples_is_refused(run: Run) -> None:
    log = run(trip("builtin"), "anytime/planner", limit=1, log_samples=False)
    with pytest.raises(AnytimeError, match="holds no samples"):
        InspectPool(path_of(log))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is no log of Inspect AI, or a damaged one"),
        (b"PK\x03\x04 and so on", "is no log of Inspect AI, or a damaged one"),
        (b"\x00\xff\xfe", "is no log of Inspect AI, or a damaged one"),
        (b"Dear diary", "is no log of Inspect AI, or a damaged one"),
        (b'{"results": {}, "configs": {}}', "is no log of Inspect AI, or a damaged one"),
    ],
    ids=["missing", "empty", "half a zip", "binary", "text", "other JSON"],
)
@pytest.mark.parametrize("suffix", [".eval", ".json", ".txt"])
def test_what_is_no_log_is_refused(
    tmp_path: Path, content: bytes | None, sentence: str, suffix: str
) -> None:
    path = tmp_path / f"some{suffix}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AnytimeError, match=sentence) as caught:
        InspectPool(path)
    assert "\n" not in str(caught.value)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnytimeError, match="cannot be read: Is a directory"):
        InspectPool(tmp_path)


def test_a_truncated_log_and_a_damaged_sample_are_refused(run: Run, tmp_path: Path) -> None:
    log = waver(run)
    whole = path_of(log)
    cut = tmp_path / "cut.eval"
    cut.write_bytes(whole.read_bytes()[:-2000])
    with pytest.raises(AnytimeError, match="or a damaged one"):
        InspectPool(cut)
    odd = tmp_path / "odd.eval"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(odd, "w") as made:
        # Of one whose answers could all be read the summary tells everything.
        *_, (id_, epoch) = [key for key, value in values(log).items() if value["unparsed"] == 0]
        damaged = f"samples/{id_}_epoch_{epoch}.json"
        for name in source.namelist():
            if name != damaged:
                made.writestr(name, source.read(name))
        made.writestr(damaged, json.dumps({"id": 1}))
    pool = InspectPool(odd)
    assert len(list(pool.scored())) == 20
    with pytest.raises(AnytimeError, match="or a damaged one"):
        list(pool.traces())


def test_which_answers_could_be_read_is_told(run: Run) -> None:
    log = waver(run)
    unread = {
        (scored.problem, scored.draw): len(scored.unread) / len(BUDGETS)
        for scored in InspectPool(path_of(log)).scored()
    }
    assert unread == {key: value["unparsed"] for key, value in values(log).items()}
    assert 0 < sum(share > 0 for share in unread.values()) < len(unread)


def test_the_name_does_not_matter(run: Run, tmp_path: Path) -> None:
    log = waver(run)
    path = tmp_path / "pool of mine"
    shutil.copy(path_of(log), path)
    assert len(list(InspectPool(path).traces())) == 20
    assert read_eval_log(log.location).status == "success"
