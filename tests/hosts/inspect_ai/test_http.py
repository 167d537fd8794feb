"""Curves over HTTP: Inspect's `openai-api` provider, the `openai` package and a local server."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import openai
import pytest
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.model import Model, get_model
from tenacity import wait_fixed

from anytime.domains.trip import TRIP
from anytime.hosts.inspect_ai import driver
from anytime.models import Respond, load_model
from anytime.protocol import Message, Reply
from tests.inspect_trips import BUDGETS, curves, forced_ones, run_trips, samples
from tests.serving import PASSING, Body, Fault, Faults, Server, always, first_try, serving

PROBLEMS = TRIP.load("builtin", None, 0).problems
PLANNER = load_model("planner", {})
THINKER = load_model("planner", {"reasoning": True})
CLIENT_TIMEOUT = 15
"""Seconds: far above what an answer takes on a busy machine, so that only stalls are given up."""

Run = Callable[..., EvalLog]


@pytest.fixture(autouse=True)
def reach_local_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the trip task on a model; keywords are those of the task and of `inspect_ai.eval`."""
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    return partial(run_trips, tmp_path)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    """The built-in provider's run, cut exactly, with no server in between."""
    log_dir = tmp_path_factory.mktemp("clean")
    return run_trips(log_dir, "anytime/planner", problems=8, logprobs=True)


def over_http(server: Server, provider: str = "openai-api", **client: Any) -> Model:
    # Not memoized: every server has an address of its own.
    return get_model(
        f"{provider}/planner/planner",
        base_url=server.url,
        api_key="none",
        memoize=False,
        **client,
    )


def model_events(sample: EvalSample) -> list[ModelEvent]:
    return [event for event in sample.events if isinstance(event, ModelEvent)]


def is_about(problem: int, body: Body) -> bool:
    return PROBLEMS[problem].prompt in body["messages"][0]["content"]


def is_forced(body: Body) -> bool:
    return "time is up" in body["messages"][-1]["content"]


def nobody_asked_twice(server: Server) -> bool:
    return set(server.answered().values()) == {1}


# The same curve


@pytest.mark.slow
def test_the_exact_curve_is_that_of_the_built_in_provider(run: Run, clean: EvalLog) -> None:
    with serving(PLANNER) as server:
        log = run(over_http(server), problems=8, logprobs=True)
    assert log.status == "success"
    assert len(curves(log)) == 8
    assert curves(log) == curves(clean)
    assert {c["cut"] for s in samples(log) for c in forced_ones(s)} == {"exact"}
    assert nobody_asked_twice(server)
    caps = Counter(exchange.body["max_tokens"] for exchange in server.exchanges)
    forced = {(s.id, c["tokens"]) for s in samples(log) for c in forced_ones(s)}
    assert caps == {BUDGETS[-1]: 8, TRIP.answer_tokens: len(forced)}


@pytest.mark.slow
def test_reasoning_shown_apart_is_cut_at_the_same_tokens(run: Run) -> None:
    expected = run(get_model("anytime/planner", reasoning=True, memoize=False), logprobs=True)
    with serving(THINKER) as server:
        log = run(over_http(server), logprobs=True)
    assert len(curves(log)) == 3
    assert curves(log) == curves(expected)
    assert {c["cut"] for s in samples(log) for c in forced_ones(s)} == {"exact"}


@pytest.mark.slow
def test_without_token_texts_cuts_are_calibrated_and_counts_are_the_servers(run: Run) -> None:
    with serving(PLANNER) as server:
        log = run(over_http(server), problems=8)
    assert log.status == "success"
    forced = [c for s in samples(log) for c in forced_ones(s)]
    assert {c["cut"] for c in forced} == {"calibrated"}
    assert {c["continuation"] for c in forced} == {"reprompt"}
    counts: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    for exchange in server.exchanges:
        assert exchange.answer is not None
        is_trace = exchange.body["max_tokens"] == BUDGETS[-1]
        counts[is_trace][exchange.answer["usage"]["completion_tokens"]] += 1
    assert Counter(sample.store["anytime"]["tokens"] for sample in samples(log)) == counts[True]
    # Budgets that fall on one cut share its answer, so an answer can stand twice: compare by cut.
    cuts = {(s.id, c["tokens"]): c for s in samples(log) for c in forced_ones(s)}
    assert Counter(c["answer_tokens"] for c in cuts.values()) == counts[False]


@pytest.mark.slow
def test_a_raw_prompt_is_continued_to_the_same_curve(run: Run) -> None:
    expected = run("anytime/planner", continuation="prefill", logprobs=True)
    with serving(PLANNER, questions=[TRIP.ask(problem) for problem in PROBLEMS]) as server:
        model = over_http(server, "openai-api-completions")
        log = run(model, continuation="auto", logprobs=True)
    assert {e.path for e in server.exchanges} == {"/v1/completions"}
    assert {c["continuation"] for s in samples(log) for c in forced_ones(s)} == {"prefill"}
    assert len(curves(log)) == 3
    assert curves(log) == curves(expected)


def test_token_texts_that_a_server_does_not_tell_are_missed_aloud(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    def silent(messages: Any, max_tokens: int, seed: int) -> Reply:
        return replace(PLANNER(messages, max_tokens, seed), token_bytes=None)

    driver._tell_no_token_texts.cache_clear()
    with serving(silent, questions=[TRIP.ask(problem) for problem in PROBLEMS]) as server:
        model = over_http(server, "openai-api-completions")
        log = run(model, continuation="auto", logprobs=True)
    assert {c["cut"] for s in samples(log) for c in forced_ones(s)} == {"calibrated"}
    assert caplog.text.count("--logprobs brought no token texts") == 1


def test_token_ids_without_a_tokenizer_are_refused_before_anything_is_paid(run: Run) -> None:
    with serving(PLANNER) as server:
        model = over_http(server, "openai-api-completions")
        log = run(model, continuation="token_ids", fail_on_error=True)
    assert log.status == "error"
    assert log.error is not None
    assert "name the model's own tokenizer" in log.error.message
    assert server.exchanges == []


@pytest.mark.parametrize(("name", "said"), [("Tiny-1B-Instruct", 1), ("tiny-1b-base", 0)])
def test_a_tuned_model_behind_raw_prompts_is_said_to_be_out_of_its_element(
    run: Run, caplog: pytest.LogCaptureFixture, name: str, said: int
) -> None:
    driver._tell_no_template.cache_clear()
    with serving(PLANNER, questions=[TRIP.ask(problem) for problem in PROBLEMS]) as server:
        model = get_model(
            f"openai-api-completions/local/{name}",
            base_url=server.url,
            api_key="none",
            memoize=False,
        )
        assert run(model, continuation="auto", problems=1).status == "success"
    assert caplog.text.count("looks tuned on conversations") == said


@pytest.mark.quick("openai-api")
@pytest.mark.parametrize("provider", ["openai-api", "openai-api-completions"])
def test_contract_mode_gives_the_same_curve(run: Run, provider: str) -> None:
    expected = run("anytime/planner", mode="contract")
    with serving(PLANNER, questions=[TRIP.ask(problem) for problem in PROBLEMS]) as server:
        log = run(over_http(server, provider), mode="contract")
    assert len(curves(log)) == 3
    assert curves(log) == curves(expected)
    caps = Counter(e.body["max_tokens"] for e in server.exchanges)
    assert caps == dict.fromkeys(BUDGETS, 3)


@pytest.mark.slow
def test_the_command_line_finds_the_server_by_the_providers_variables(
    run: Run, clean: EvalLog, tmp_path: Path
) -> None:
    with serving(PLANNER) as server:
        command = [sys.executable, "-m", "inspect_ai", "eval", "anytime/trip"]
        command += ["-T", "dataset=builtin", "-T", f"budgets={','.join(map(str, BUDGETS))}"]
        command += ["--model", "openai-api/planner/planner", "--seed", "1", "--logprobs"]
        command += ["--limit", "3", "--display", "none", "--log-dir", str(tmp_path / "cli")]
        names = {"PLANNER_BASE_URL": server.url, "PLANNER_API_KEY": "none"}
        done = subprocess.run(
            command, env={**os.environ, **names}, capture_output=True, text=True, timeout=600
        )
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = (tmp_path / "cli").glob("*.eval")
    log = read_eval_log(str(file))
    assert len(curves(log)) == 3
    assert curves(log) == curves(clean, 3)


# Faults that pass


SOON: tuple[Fault, ...] = tuple(kind for kind in PASSING if kind != "stall")
"""What is heard of at once, without a clock."""


def one_stalls(body: Body, tries: int) -> Fault | None:
    """One trace stalls, which costs a whole timeout; all else fails soon."""
    stalls = is_about(0, body) and not is_forced(body)
    return first_try(["stall"] if stalls else SOON)(body, tries)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "faults", "kinds"),
    [
        ("inspect", first_try(SOON), SOON),
        pytest.param("inspect", one_stalls, PASSING, marks=pytest.mark.slow),
        pytest.param("client", one_stalls, PASSING, marks=pytest.mark.slow),
    ],
    ids=["inspect", "inspect-a stall", "client-a stall"],
)
def test_first_tries_that_fail_are_tried_again_to_the_same_curve(
    run: Run,
    clean: EvalLog,
    who: str,
    faults: Faults,
    kinds: Sequence[Fault],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(PLANNER, faults=faults) as server:
        if who == "client":
            model = over_http(server, client_timeout=float(CLIENT_TIMEOUT))
            options = {"max_retries": 0}
        else:
            model = over_http(server, max_retries=0)
            retry_soon(model, monkeypatch)
            options = {"max_retries": 1}
            if "stall" in kinds:
                options["attempt_timeout"] = CLIENT_TIMEOUT
        log = run(model, problems=8, logprobs=True, **options)
    assert log.status == "success"
    assert curves(log) == curves(clean)
    assert nobody_asked_twice(server)
    told = [exchange.fault for exchange in server.exchanges]
    assert told.count(None) == len(told) / 2
    assert set(told) == {*kinds, None}  # drawn by content: another prompt may want a seed


def retry_soon(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    # Inspect waits 3 to 6 seconds before its first retry, and users have no option for that.
    monkeypatch.setattr(model.api, "retry_wait", lambda: wait_fixed(0.1))


# Faults that stay


@pytest.mark.quick("429")
@pytest.mark.parametrize("kind", ["429", "drop", "bad-json", "no-choices"])
def test_a_failing_problem_is_an_error_and_harms_no_other(
    run: Run, clean: EvalLog, kind: Fault
) -> None:
    def fails(body: Body) -> bool:
        return is_about(0, body) or (is_about(1, body) and is_forced(body))

    with serving(PLANNER, faults=always(kind, fails)) as server:
        log = run(over_http(server, max_retries=0), logprobs=True, max_retries=0)
    no_trace, no_answers, unharmed = samples(log)
    assert no_trace.error is not None
    assert no_answers.error is not None
    assert unharmed.error is None
    expected = curves(clean)[unharmed.id]
    assert curves(log) == {unharmed.id: expected}
    # What had been generated is not lost.
    assert model_events(no_answers)[0].output.completion == samples(clean)[1].output.completion
    # The failed ones are left out of the means: they are no zeros.
    assert log.results is not None
    assert log.results.completed_samples == 1
    means = {score.name: score.metrics.get("mean") for score in log.results.scores}
    for budget in BUDGETS:
        mean = means[f"q@{budget}"]
        assert mean is not None
        assert mean.value == expected[f"q@{budget}"]


def test_by_default_a_failing_problem_fails_the_run(run: Run) -> None:
    with serving(PLANNER, faults=always("500", partial(is_about, 0))) as server:
        log = run(over_http(server, max_retries=0), max_retries=0, fail_on_error=True)
    assert log.status == "error"
    assert samples(log)[0].error is not None
    assert samples(log)[0].id not in curves(log)


@pytest.mark.quick("bad-json")
@pytest.mark.parametrize(
    "kind",
    [
        "500",
        "bad-json",
        pytest.param(
            "no-choices",
        ),
    ],
)
def test_a_run_repeated_with_the_cache_asks_only_what_had_failed(
    run: Run, clean: EvalLog, kind: Fault
) -> None:
    def fails(body: Body) -> bool:
        return is_about(0, body) and is_forced(body)

    with serving(PLANNER, faults=always(kind, fails)) as server:
        model = over_http(server, max_retries=0)
        log = run(model, logprobs=True, cache=True, max_retries=0)
        assert samples(log)[0].error is not None
        before = len(server.exchanges)
        server.faults = lambda body, tries: None
        log = run(over_http(server), logprobs=True, cache=True)
    assert curves(log) == curves(clean, 3)
    assert nobody_asked_twice(server)
    again = [exchange.body for exchange in server.exchanges[before:]]
    assert again
    assert all(fails(body) for body in again)


def test_a_sample_retried_with_the_cache_pays_for_no_trace_twice(run: Run, clean: EvalLog) -> None:
    # Neither the client nor Inspect tries again after broken JSON; Inspect's retry of samples does.
    with serving(PLANNER, faults=first_try(["bad-json"])) as server:
        log = run(over_http(server), logprobs=True, cache=True, retry_on_error=2)
    assert curves(log) == curves(clean, 3)
    assert nobody_asked_twice(server)
    assert len(server.exchanges) == 2 * len(server.answered())


def test_tries_end_where_max_retries_says(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(PLANNER, faults=always("503", partial(is_about, 0))) as server:
        model = over_http(server, max_retries=0)
        retry_soon(model, monkeypatch)
        log = run(model, max_retries=2)
    failed = samples(log)[0]
    assert failed.error is not None
    assert [e.fault for e in server.exchanges].count("503") == 3
    assert len(model_events(failed)) == 3
    assert all("not now" in (event.error or "") for event in model_events(failed))


# Odd back ends


def test_empty_completions_have_quality_0_and_are_counted_unparsed(run: Run) -> None:
    silent = Reply("", output_tokens=0, input_tokens=1, token_bytes=())
    with serving(lambda messages, max_tokens, seed: silent) as server:
        log = run(over_http(server))
    assert log.status == "success"
    assert len(curves(log)) == 3
    for value in curves(log).values():
        assert [value[f"q@{budget}"] for budget in BUDGETS] == [0, 0, 0, 0]
        assert value["unparsed"] == 1
    assert len(server.exchanges) == 3


def hiding(respond: Respond) -> Respond:
    """A provider that counts reasoning and does not show it."""

    def hidden(messages: Any, max_tokens: int, seed: int) -> Reply:
        return replace(respond(messages, max_tokens, seed), reasoning="", token_bytes=None)

    return hidden


def test_hidden_reasoning_ends_the_run_with_a_sentence_that_names_contract_mode(run: Run) -> None:
    with serving(hiding(THINKER)) as server:
        log = run(over_http(server), fail_on_error=True)
    assert log.status == "error"
    assert log.error is not None
    assert "\n" not in log.error.message
    assert "reasoning is hidden" in log.error.message
    assert "mode=contract" in log.error.message
    assert curves(log) == {}


@pytest.mark.slow
def test_contract_mode_runs_with_hidden_reasoning(run: Run) -> None:
    expected = run(get_model("anytime/planner", reasoning=True, memoize=False), mode="contract")
    with serving(hiding(THINKER)) as server:
        log = run(over_http(server), mode="contract")
    assert log.status == "success"
    assert len(curves(log)) == 3
    assert curves(log) == curves(expected)


def test_a_cap_spent_on_nothing_visible_is_hidden_reasoning(run: Run) -> None:
    def respond(messages: Any, max_tokens: int, seed: int) -> Reply:
        return Reply("", output_tokens=max_tokens, input_tokens=1, finish="length")

    with serving(respond) as server:
        log = run(over_http(server), fail_on_error=True)
    assert log.status == "error"
    assert log.error is not None
    assert "reasoning is hidden" in log.error.message


def uncounted(messages: Any, max_tokens: int, seed: int) -> Reply:
    return replace(PLANNER(messages, max_tokens, seed), output_tokens=None)


def test_without_any_count_the_run_asks_for_a_tokenizer_in_one_sentence(run: Run) -> None:
    with serving(uncounted) as server:
        log = run(over_http(server), fail_on_error=True)
    assert log.status == "error"
    assert log.error is not None
    assert "\n" not in log.error.message
    assert "name a tokenizer" in log.error.message


@pytest.mark.slow
def test_without_usage_token_texts_alone_give_the_curve(run: Run, clean: EvalLog) -> None:
    with serving(uncounted) as server:
        log = run(over_http(server), logprobs=True)
    assert log.status == "success"
    found, expected = curves(log), curves(clean, 3)
    for name in ("answer_tokens", *(f"answer_tokens@{budget}" for budget in BUDGETS)):
        assert all(math.isnan(value.pop(name, math.nan)) for value in found.values())
        for value in expected.values():
            value.pop(name, None)
    assert found == expected
    assert not any("answer_tokens" in c for s in samples(log) for c in forced_ones(s))


# The server itself, by the `openai` package


@pytest.fixture
def question() -> str:
    return TRIP.ask(PROBLEMS[0])


def client(server: Server) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.url, api_key="none", max_retries=0)


def test_the_server_continues_an_assistant_turn_only_where_asked_to(question: str) -> None:
    begun = "Here is my plan. **Day 1-"
    turns: list[Any] = [
        {"role": "user", "content": question},
        {"role": "assistant", "content": begun},
    ]
    with serving(PLANNER) as server, client(server) as api:
        said = api.chat.completions.create(
            model="planner", messages=turns, extra_body={"continue_final_message": True}
        )
        with pytest.raises(openai.BadRequestError, match="continue_final_message"):
            api.chat.completions.create(model="planner", messages=turns)
    reply = PLANNER([Message("user", question), Message("assistant", begun)], 4096, 0)
    assert said.choices[0].message.content == reply.text
    assert said.usage is not None
    assert said.usage.completion_tokens == reply.output_tokens


def test_the_server_caps_counts_and_tells_reasoning_apart(question: str) -> None:
    with serving(THINKER) as server, client(server) as api:
        said = api.chat.completions.create(
            model="planner",
            messages=[{"role": "user", "content": question}],
            max_completion_tokens=50,
            logprobs=True,
            seed=7,
        )
    reply = THINKER([Message("user", question)], 50, 7)
    (choice,) = said.choices
    assert choice.finish_reason == "length"
    assert choice.message.content == reply.text == ""
    assert choice.message.model_extra == {"reasoning_content": reply.reasoning}
    assert choice.logprobs is not None
    assert choice.logprobs.content is not None
    assert tuple(bytes(t.bytes or ()) for t in choice.logprobs.content) == reply.token_bytes
    assert said.usage is not None
    assert said.usage.completion_tokens == 50
    assert said.usage.completion_tokens_details is not None
    assert said.usage.completion_tokens_details.reasoning_tokens == 50


def test_the_server_answers_a_list_of_raw_prompts_and_stops_at_stop_strings(question: str) -> None:
    begun = "I think.\n\n"
    prompts = [f"{question}\n\n", f"{question}\n\n{begun}", "Hello?"]
    with serving(PLANNER, questions=[question]) as server, client(server) as api:
        said = api.completions.create(model="planner", prompt=prompts, max_tokens=300)
        stopped = api.completions.create(model="planner", prompt="Hello?", stop=[" plan"])
        (model,) = api.models.list()
    asked = [
        [Message("user", prompts[0])],
        [Message("user", question), Message("assistant", begun)],
        [Message("user", "Hello?")],
    ]
    expected = [PLANNER(messages, 300, 0).text for messages in asked]
    assert [choice.text for choice in said.choices] == expected
    assert stopped.choices[0].text == expected[2].partition(" plan")[0] == "I can only"
    assert stopped.usage is not None
    assert stopped.usage.completion_tokens == 3
    assert model.id == "planner"
