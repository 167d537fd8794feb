"""lm-eval's own API models against a local server with the planner behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anytime.domains.trip import TRIP
from anytime.hosts.lm_eval import backends
from anytime.hosts.lm_eval.models import Planner
from anytime.models import load_model
from tests.lm_eval_runs import checkpoints, evaluate, numbers, samples
from tests.serving import Fault, Server, first_try, serving

TASK = "anytime_trip_builtin"
BUDGETS = "64,128,256,512"
PROBLEMS = 4
QUESTIONS = [TRIP.ask(problem) for problem in TRIP.load("builtin", None, 0).problems]
PASSING: tuple[Fault, ...] = ("429", "500", "503", "drop")

pytest.importorskip("tokenizers")


@pytest.fixture(scope="module")
def direct() -> dict[str, Any]:
    """The planner without a server in between."""
    return evaluate(TASK, Planner(), {"budgets": BUDGETS}, limit=PROBLEMS)


def over_http(
    server: Server, model: str, knobs: dict[str, Any], concurrent: int = 8, **options: Any
) -> dict[str, Any]:
    path = "chat/completions" if "chat" in model else "completions"
    arguments = {
        "model": "planner",
        "base_url": f"{server.url}/{path}",
        "tokenizer_backend": None,
        "num_concurrent": concurrent,
        "max_retries": 6,
        "seed": 1,
    }
    return evaluate(
        TASK, model, {"budgets": BUDGETS, **knobs}, model_args=arguments, limit=PROBLEMS, **options
    )


def curve(results: dict[str, Any]) -> dict[str, float]:
    found = {name: value for name, value in numbers(results, TASK).items() if name[0] in "qa"}
    # An answer that is begun for the model takes fewer.
    return {name: found[name] for name in found if not name.startswith("answer_tokens")}


@pytest.mark.parametrize("concurrent", [1, 8])
def test_completions_give_the_same_curve(
    direct: dict[str, Any], tokenizer_file: str, concurrent: int
) -> None:
    with serving(load_model("planner", {}), questions=QUESTIONS) as server:
        found = over_http(server, "local-completions", {"tokenizer": tokenizer_file}, concurrent)
    assert curve(found) == curve(direct)
    for sample in samples(found, TASK).values():
        forced = [point for point in checkpoints(sample) if point["forced"]]
        assert {(point["cut"], point["continuation"]) for point in forced} <= {
            ("tokenizer", "prefill")
        }


def test_chats_give_the_same_curve(direct: dict[str, Any], tokenizer_file: str) -> None:
    with serving(load_model("planner", {})) as server:
        found = over_http(
            server,
            "local-chat-completions",
            {"tokenizer": tokenizer_file},
            apply_chat_template=True,
        )
    assert curve(found) == curve(direct)
    sample = next(iter(samples(found, TASK).values()))
    assert checkpoints(sample)[0]["continuation"] == "reprompt"


@pytest.mark.slow  # lm-eval waits at least a second before it tries again
@pytest.mark.parametrize("model", ["local-completions", "local-chat-completions"])
def test_faults_lose_nothing(direct: dict[str, Any], tokenizer_file: str, model: str) -> None:
    chat = "chat" in model
    faults = first_try(PASSING, share=0.5)
    with serving(load_model("planner", {}), questions=QUESTIONS, faults=faults) as server:
        found = over_http(server, model, {"tokenizer": tokenizer_file}, apply_chat_template=chat)
        assert any(exchange.fault for exchange in server.exchanges)
        assert set(server.answered().values()) == {1}
    assert curve(found) == curve(direct)


def test_sampled_draws_are_sent_with_seeds_of_their_own(tokenizer_file: str) -> None:
    knobs = {"tokenizer": tokenizer_file, "traces": 2}
    with serving(load_model("planner", {}), questions=QUESTIONS) as server:
        found = over_http(
            server, "local-completions", knobs, gen_kwargs={"do_sample": True, "temperature": 0.8}
        )
        bodies = [exchange.body for exchange in server.exchanges]
    assert {body["seed"] for body in bodies} == {1, 2}
    assert {body["temperature"] for body in bodies} == {0.8}
    again = evaluate(TASK, Planner(), {"budgets": BUDGETS, "traces": 2}, limit=PROBLEMS)
    assert curve(found) == curve(again)


def test_a_cached_run_asks_the_server_nothing(
    direct: dict[str, Any], tokenizer_file: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"use_cache": str(tmp_path / "cache")}
    with serving(load_model("planner", {}), questions=QUESTIONS) as server:
        for _ in range(2):
            found = over_http(server, "local-completions", {"tokenizer": tokenizer_file}, **options)
        assert set(server.answered().values()) == {1}
    assert curve(found) == curve(direct)


@pytest.mark.parametrize(("name", "said"), [("tiny-chat", 1), ("planner", 0)])
def test_a_tuned_model_without_its_template_is_said_to_be(
    tokenizer_file: str, caplog: pytest.LogCaptureFixture, name: str, said: int
) -> None:
    backends._tell_no_template.cache_clear()
    with serving(load_model("planner", {}), questions=QUESTIONS) as server:
        arguments = {"model": name, "base_url": f"{server.url}/completions"}
        evaluate(
            TASK,
            "local-completions",
            {"budgets": BUDGETS, "tokenizer": tokenizer_file},
            model_args={**arguments, "tokenizer_backend": None},
            limit=1,
        )
    assert caplog.text.count("add --apply_chat_template, unless it is a base model") == said


REFUSED = {
    "prefill": ({"continuation": "prefill"}, True, "does not continue a prefix"),
    "no template": ({}, False, "add --apply_chat_template"),
    "no tokenizer": ({"tokenizer": None}, True, "has no tokenizer"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_a_chat_service_cannot_do(tokenizer_file: str, case: str) -> None:
    knobs, template, sentence = REFUSED[case]
    with (
        serving(load_model("planner", {})) as server,
        pytest.raises(SystemExit, match=sentence),
    ):
        over_http(
            server,
            "local-chat-completions",
            {"tokenizer": tokenizer_file, **knobs},
            apply_chat_template=template,
        )
