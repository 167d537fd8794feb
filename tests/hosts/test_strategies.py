"""Modes that share a budget, live: what a server is sent and counts is what the records say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import read_eval_log
from inspect_ai.model import get_model

from anytime.domains.trip import TRIP
from anytime.hosts.inspect_ai.tasks import trip
from anytime.models import load_model
from anytime.models.slices import one_slice
from anytime.programs.extend import WAIT
from anytime.protocol import Message, Reply
from tests.lm_eval_models import Rounds
from tests.lm_eval_runs import evaluate
from tests.serving import Body, serving
from tests.small_runs import apart  # noqa: F401

PROBLEMS = TRIP.load("builtin", None, 0).problems[:3]
PLANNER = load_model("planner", {})
MODES: dict[str, dict[str, Any]] = {
    "vote": {"mode": "vote", "k": 4, "budgets": [64, 256, 1024]},
    "check": {"mode": "check", "k": 4, "budgets": [64, 256, 1024]},
    "tree": {"mode": "tree", "width": 2, "branch": 2, "thought": 48, "budgets": [64, 512, 1024]},
    "extend": {"mode": "extend", "waits": 2, "budgets": [64, 256, 2048]},
}


def said(messages: Sequence[Message], max_tokens: int, seed: int) -> Reply:
    """The planner as a text model: it answers where it was told to, and goes on behind Wait."""
    last = messages[-1]
    if last.role == "assistant" and last.content.endswith(WAIT):
        return one_slice(PLANNER, messages, max_tokens, seed)
    return PLANNER(messages, max_tokens, seed)


def is_answer(body: Body) -> bool:
    return str(body["prompt"]).endswith("**Day 1-")


@pytest.mark.parametrize("mode", list(MODES))
def test_the_bill_is_what_the_server_counted(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    questions = [TRIP.ask(problem) for problem in PROBLEMS]
    with serving(said, questions=questions) as server:
        model = get_model(
            "openai-api-completions/planner/planner",
            base_url=server.url,
            api_key="none",
            memoize=False,
        )
        (log,) = inspect_eval(
            trip("builtin", **MODES[mode]),
            model,
            limit=3,
            log_dir=str(tmp_path),
            display="none",
            seed=1,
            logprobs=True,
        )
        assert log.status == "success"
        exchanges = list(server.exchanges)
    samples = read_eval_log(log.location).samples or []
    records = [sample.store["anytime"] for sample in samples]
    generated = sum(one.answer["usage"]["completion_tokens"] for one in exchanges)
    assert sum(record["bill"]["tokens"] for record in records) == generated
    assert sum(record["bill"]["calls"] for record in records) == len(exchanges)
    traces = [one.body for one in exchanges if not is_answer(one.body)]
    if mode == "tree":
        spent = [record["bill"]["tokens"] - forced(record) for record in records]
        assert [record["tokens"] for record in records] == spent
        assert max(spent) <= 1024
        return
    for question in questions:
        own = [body for body in traces if str(body["prompt"]).startswith(question)]
        if mode in ("vote", "check"):  # trips are checked without a request
            # Four draws of one request: another seed each, or they would come out alike.
            assert [body["max_tokens"] for body in own] == [256] * 4
            assert sorted(body["seed"] for body in own) == [1, 2, 3, 4]
        else:
            assert own[0]["max_tokens"] == 2048
            assert all(str(body["prompt"]).endswith(WAIT) for body in own[1:])
    if mode == "extend":
        assert sum(record["extended"] for record in records) == len(traces) - 3 > 0
        for record in records:
            last = record["checkpoints"][-1]
            assert last["tokens"] == record["tokens"] <= 2048


def forced(record: dict[str, Any]) -> int:
    """Tokens of the forced answers of a tree, one for each level that budgets end with."""
    return sum(
        {point["tokens"]: point["answer_tokens"] for point in record["checkpoints"]}.values()
    )


@pytest.mark.parametrize("k", [2, 8])
def test_a_vote_takes_two_rounds_of_lm_eval_whatever_k(k: int) -> None:
    model = Rounds()
    knobs = {"mode": "vote", "k": k, "budgets": [64, 256, 1024]}
    found = evaluate("anytime_trip_builtin", model, knobs, limit=3)
    assert len(model.rounds) == 2
    assert model.rounds[0] == 3 * k
    records = [
        json.loads(one["resps"][0][0][1]) for one in found["samples"]["anytime_trip_builtin"]
    ]
    # Equal requests of a round are asked once; the planner's draws differ.
    assert sum(record["bill"]["calls"] for record in records) == sum(model.rounds)
    assert len({one["resps"][0][0][0] for one in found["samples"]["anytime_trip_builtin"]}) == 3
