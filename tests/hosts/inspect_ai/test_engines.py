"""Servers of vLLM and SGLang, imitated from what real ones send, behind the providers for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import EvalLog
from inspect_ai.model import get_model

from anytime.domains.trip import TRIP
from anytime.models import load_model
from anytime.models.pieces import make_reply
from anytime.protocol import Reply
from tests.engines import END, as_sglang, as_vllm
from tests.inspect_trips import curves, forced_ones, run_trips, samples
from tests.serving import Dress, Server, serving

PLANNER = load_model("planner", {})
THINKER = load_model("planner", {"reasoning": True})
QUESTIONS = [TRIP.ask(problem) for problem in TRIP.load("builtin", None, 0).problems]
ENGINES: dict[str, Dress] = {"vllm": as_vllm, "sglang": as_sglang}

Run = Callable[..., EvalLog]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def start(model: Any, **options: Any) -> EvalLog:
        return run_trips(tmp_path, model, **options)

    return start


def engine(provider: str, server: Server) -> Any:
    # vLLM's provider keeps the server of a model for the whole process, by the model's name.
    port = server.url.rpartition(":")[2].removesuffix("/v1")
    return get_model(
        f"{provider}/planner-{port}", base_url=server.url, api_key="none", memoize=False
    )


@pytest.mark.quick("False-vllm")
@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("reasoning", [False, True])
def test_a_cut_is_continued_to_the_curve_of_the_built_in_provider(
    run: Run, name: str, reasoning: bool
) -> None:
    built_in = get_model("anytime/planner", reasoning=reasoning, memoize=False)
    expected = run(built_in, continuation="prefill", logprobs=True)
    model = THINKER if reasoning else PLANNER
    with serving(model, dress=ENGINES[name]) as server:
        log = run(engine(name, server), continuation="auto", logprobs=True)
    assert len(curves(log)) == 3
    assert _without_counts(log) == _without_counts(expected)
    points = [point for sample in samples(log) for point in forced_ones(sample)]
    assert {point["cut"] for point in points} == {"exact"}
    assert {point["continuation"] for point in points} == {"prefill"}
    assert not any(END in point["answer"] for point in points)
    forced = [e.body for e in server.exchanges if e.body["messages"][-1]["role"] == "assistant"]
    assert forced
    for body in forced:
        assert body["continue_final_message"] is True
        assert body["add_generation_prompt"] is False
        assert body["chat_template_kwargs"] == {"enable_thinking": False, "thinking": False}


def _without_counts(log: EvalLog) -> dict[Any, dict[str, float]]:
    """Curves; the engines count the end of an answer's turn as one more token of it."""
    return {
        id_: {name: value for name, value in values.items() if not name.startswith("answer_tokens")}
        for id_, values in curves(log).items()
    }


@pytest.mark.quick("sglang")
@pytest.mark.parametrize("name", ENGINES)
def test_a_trace_of_reasoning_alone_is_no_empty_reply(run: Run, name: str) -> None:
    """With a reasoning parser a trace that was capped has null content."""

    def thinks_on(messages: Any, max_tokens: int, seed: int) -> Reply:
        if messages[-1].role == "assistant":
            return make_reply(messages, max_tokens, "I have no plan.")
        return make_reply(messages, max_tokens, "Never said.", "And one more thought. " * 200)

    with serving(thinks_on, dress=ENGINES[name]) as server:
        log = run(engine(name, server), continuation="auto", logprobs=True)
    traces = [e.answer for e in server.exchanges if e.body["max_tokens"] == 512]
    assert [t and t["choices"][0]["message"]["content"] for t in traces] == [None] * 3
    assert len(curves(log)) == 3
    for sample in samples(log):
        assert sample.store["anytime"]["finish"] == "length"
        assert [point["tokens"] for point in forced_ones(sample)] == [64, 128, 256, 512]
        assert {point["cut"] for point in forced_ones(sample)} == {"exact"}


@pytest.mark.slow
def test_token_ids_are_the_first_that_the_server_makes_of_the_trace(run: Run) -> None:
    expected = run("anytime/planner", continuation="prefill", logprobs=True)
    with serving(PLANNER, questions=QUESTIONS, dress=as_vllm) as server:
        log = run(engine("vllm-completions", server), continuation="auto", logprobs=True)
    assert _without_counts(log) == _without_counts(expected)
    assert {e.path for e in server.exchanges} == {"/v1/completions"}
    points = [point for sample in samples(log) for point in forced_ones(sample)]
    assert {point["continuation"] for point in points} == {"token_ids"}
    prompts = [e.body["prompt"] for e in server.exchanges]
    assert {type(prompt) for prompt in prompts} == {str, list}


def test_a_prompt_that_leaves_no_room_is_an_error_and_its_text_no_trace(run: Run) -> None:
    sentence = (
        "This model's maximum context length is 512 tokens. However, you requested 612 tokens "
        "(100 in the messages, 512 in the completion). Please reduce the length of the messages "
        "or completion."
    )

    def too_long(body: Any, answer: dict[str, Any]) -> dict[str, Any]:
        return {
            "error": {"message": sentence, "type": "BadRequestError", "param": None, "code": 400}
        }

    with serving(PLANNER, dress=too_long) as server:
        log = run(engine("vllm", server))
    assert curves(log) == {}
    for sample in samples(log):
        assert sample.error is not None
        assert "the prompt is too long" in sample.error.message
