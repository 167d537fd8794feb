"""Answers of status 200 that are none, counts that lie and reasons that are missing, over HTTP.

The index is that of the clean run, or there is none; what failed is counted and asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai import eval_retry
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.model import get_model

from anytime.domains.trip import TRIP
from anytime.hosts.inspect_ai.tasks import trip
from anytime.models import load_model
from tests.serving import Body, Fault, Server, always, serving
from tests.spoiling import LYING, UNANSWERED

BUDGETS = (64, 128, 256, 512)
FIRST = TRIP.load("builtin", None, 0).problems[0].prompt

Run = Callable[..., EvalLog]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving(load_model("planner", {})) as server:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("PLANNER_API_KEY", "none")
        yield server


@pytest.fixture
def run(server: Server, tmp_path: Path) -> Run:
    def run_trips(budgets: Sequence[int] = BUDGETS) -> EvalLog:
        (log,) = inspect_eval(
            trip(dataset="builtin", budgets=list(budgets), continuation="reprompt"),
            model=get_model(
                "openai-api/planner/planner", base_url=server.url, memoize=False, max_retries=0
            ),
            limit=3,
            seed=1,
            max_retries=0,
            fail_on_error=False,
            log_dir=str(tmp_path),
            display="none",
        )
        return log

    return run_trips


def samples(log: EvalLog) -> list[EvalSample]:
    assert log.samples
    return sorted(log.samples, key=lambda sample: str(sample.id))


def curves(log: EvalLog) -> dict[Any, Any]:
    return {s.id: s.scores["curve"].value for s in samples(log) if s.scores and not s.error}


def record(sample: EvalSample) -> dict[str, Any]:
    return dict(sample.store["anytime"])


def first_is_forced(body: Body) -> bool:
    turns = body["messages"]
    return FIRST in turns[0]["content"] and "time is up" in turns[-1]["content"]


@pytest.mark.quick("error-200", "null", "filter-midway")
@pytest.mark.parametrize("kind", UNANSWERED)
def test_what_is_no_answer_is_an_error_of_its_sample_and_asked_again(
    server: Server, run: Run, kind: Fault, tmp_path: Path
) -> None:
    expected = curves(run())
    server.faults = always(kind, first_is_forced)
    log = run()
    failed = next(sample for sample in samples(log) if sample.error)
    assert failed.error is not None
    assert "the model" in failed.error.message
    assert curves(log) == {name: expected[name] for name in expected if name != failed.id}
    server.faults = good
    (again,) = eval_retry(log, log_dir=str(tmp_path), display="none")
    assert again.status == "success"
    assert curves(read_eval_log(again.location)) == expected


def good(body: Body, tries: int) -> Fault | None:
    return None


@pytest.mark.parametrize("kind", ["null", "filter"])
def test_why_a_checkpoint_failed_stands_in_its_record(
    server: Server, run: Run, kind: Fault
) -> None:
    server.faults = always(kind, first_is_forced)
    (failed,) = [sample for sample in samples(run()) if sample.error]
    reason = {"null": "empty reply", "filter": "content filter"}[kind]
    points = record(failed)["checkpoints"]
    assert {point.get("failed") for point in points if point["forced"]} == {reason}
    assert failed.error is not None
    assert reason in failed.error.message
    assert "inspect eval-retry asks again" in failed.error.message


@pytest.mark.quick("usage-1")
@pytest.mark.parametrize("kind", LYING)
def test_counts_that_lie_are_estimates_that_say_so(server: Server, run: Run, kind: Fault) -> None:
    expected = curves(run())
    server.faults = always(kind)
    log = run()
    assert log.status == "success"
    for sample in samples(log):
        assert "tokens reported for" in record(sample)["doubt"]
        cuts = {point.get("cut") for point in record(sample)["checkpoints"]}
        assert cuts - {None} == {"estimated"}
        largest = f"q@{BUDGETS[-1]}"
        found, right = curves(log)[sample.id], expected[sample.id]
        assert found[largest] == pytest.approx(right[largest], abs=0.3)


def test_a_reason_that_is_missing_is_told_by_the_count(server: Server, run: Run) -> None:
    expected = run((64, 256))
    ends = {sample.id: record(sample)["finish"] for sample in samples(expected)}
    assert set(ends.values()) == {"stop", "length"}
    server.faults = always("no-finish")
    log = run((64, 256))
    assert curves(log) == curves(expected)
    for sample in samples(log):
        capped = ends[sample.id] == "length"
        assert record(sample)["finish"] == ("length" if capped else "other")
        assert record(sample).get("ended_by") == ("tokens" if capped else None)
