"""Answers of status 200 that are none, over HTTP: left out, counted, not kept and asked again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anytime.domains.trip import TRIP
from anytime.errors import AnytimeError
from anytime.models import load_model
from tests.lm_eval_runs import evaluate, numbers, samples
from tests.serving import Body, Fault, Server, always, serving
from tests.spoiling import UNANSWERED

pytest.importorskip("tokenizers")

TASK = "anytime_trip_builtin"
FIRST = TRIP.load("builtin", None, 0).problems[0]


def run(server: Server, knobs: dict[str, Any]) -> dict[str, Any]:
    arguments = {
        "model": "planner",
        "base_url": f"{server.url}/chat/completions",
        "tokenizer_backend": None,
        "num_concurrent": 4,
        "max_retries": 1,
    }
    knobs = {"budgets": "64,128,256,512", **knobs}
    model = "local-chat-completions"
    return evaluate(TASK, model, knobs, model_args=arguments, limit=3, apply_chat_template=True)


def first_is_forced(body: Body) -> bool:
    turns = body["messages"]
    return FIRST.prompt in turns[0]["content"] and "time is up" in turns[-1]["content"]


@pytest.mark.parametrize("kind", [*UNANSWERED, "no-choices"])
def test_what_is_no_answer_is_left_out_and_asked_again(
    kind: Fault, tokenizer_file: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    knobs = {"tokenizer": tokenizer_file, "trace_store": str(tmp_path / "store.jsonl")}
    with serving(load_model("planner", {})) as server:
        clean = run(server, {"tokenizer": tokenizer_file})
        server.faults = always(kind, first_is_forced)
        results = run(server, knobs)
        assert numbers(results, TASK)["failed"] == pytest.approx(1 / 3)
        assert "1 of 3 traces have a budget at which the model gave no answer" in caplog.text
        found, expected = samples(results, TASK), samples(clean, TASK)
        assert found[FIRST.id]["failed"] == 1
        assert "q@64" not in found[FIRST.id], "no zero in its place"
        for name in set(found) - {FIRST.id}:
            assert found[name]["q@64"] == expected[name]["q@64"]
        server.faults = lambda body, tries: None
        before = len(server.exchanges)
        again = run(server, knobs)
        asked = [exchange.body for exchange in server.exchanges[before:]]
    assert numbers(again, TASK) == pytest.approx(numbers(clean, TASK), nan_ok=True)
    assert asked
    assert all(map(first_is_forced, asked))


def test_a_service_without_any_trace_is_named(tokenizer_file: str) -> None:
    with (
        serving(load_model("planner", {}), faults=always("null")) as server,
        pytest.raises(AnytimeError, match="no content for any trace"),
    ):
        run(server, {"tokenizer": tokenizer_file})
