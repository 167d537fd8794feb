"""Mode `stop` live: what a rule saves is not asked for, and the curve is that of the rule."""

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
from anytime.hosts.inspect_ai.tasks import gpqa, trip
from anytime.logs.opening import open_runs
from anytime.models import load_model
from anytime.models.slices import one_slice
from anytime.plugins import get_stopping_rule
from anytime.protocol import Message, Reply
from anytime.results.curves import iter_rows
from anytime.results.loading import load
from anytime.results.stops import trails_of
from anytime.statistics.stopped import follow
from tests.lm_eval_models import Rounds
from tests.lm_eval_runs import checkpoints, evaluate
from tests.serving import Body, serving
from tests.small_runs import Logs, Run, apart, run, run_inspect, run_lm_eval, sentence  # noqa: F401
from tests.tiny_transformer import contexts_of, hf, model_folder, of_characters  # noqa: F401

BUDGETS = [64, 128, 256, 512]
RULE = "stable:2"
PROBLEMS = TRIP.load("builtin", None, 0).problems[:3]
PLANNER = load_model("planner", {})


def stops(log: Path) -> dict[tuple[str, int], tuple[int, int, float]]:
    """Of a finished run in mode interrupt: slices, trace tokens, quality by problem and trace."""
    (opened,) = open_runs(log)
    (found,) = trails_of(opened)
    seen = {}
    draws: dict[str, int] = {}
    for trail in found.trails:
        draw = draws[trail.problem] = draws.get(trail.problem, 0) + 1
        stop = follow(get_stopping_rule(RULE), trail.probes)
        seen[trail.problem, draw] = (
            stop.place + 1,
            trail.probes[stop.place].tokens,
            trail.quality[stop.answer],
        )
    return seen


@pytest.mark.parametrize("harness", ["inspect_ai", "lm_eval"])
def test_live_is_what_the_rule_does_on_a_finished_run(
    harness: str,
    tmp_path: Path,
    run: Run,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    make = run_inspect if harness == "inspect_ai" else run_lm_eval
    finished = make(tmp_path / "whole", "gpqa", continuation="prefill")
    live = make(tmp_path / "live", "gpqa", stop=RULE)
    rows = list(iter_rows(live))
    last = {(row.problem, row.trace): row for row in rows if row.budget == rows[-1].budget}
    expected = stops(finished)
    assert {key: (row.tokens, row.quality) for key, row in last.items()} == {
        key: (tokens, quality) for key, (_, tokens, quality) in expected.items()
    }
    assert {row.mode for row in rows} == {f"stop:{RULE}"}
    whole = [row for row in iter_rows(finished) if row.budget == rows[-1].budget]
    assert sum(row.tokens or 0 for row in last.values()) < sum(row.tokens or 0 for row in whole)
    # It is another kind of curve, and is neither compared with the first nor judged again.
    capsys.readouterr()  # lm-eval's bars
    told = sentence(run("compare", finished, live))
    assert f"they differ in the mode (interrupt, stop:{RULE})" in told
    told = sentence(run("stop", live, "--rule", RULE))
    assert f"is of mode stop:{RULE}" in told
    # A rule that stopped a trace is no budget that cut it off.
    (loaded,) = load(live)
    assert loaded.spent.limited == sum(row.forced and row.tokens == 256 for row in last.values())


def going_on(messages: Sequence[Message], max_tokens: int, seed: int) -> Reply:
    """The planner as a text model: it answers where it was told to, and else goes on."""
    last = messages[-1]
    forced = last.role == "assistant" and "**Day 1-" in last.content[-12:]
    if forced:
        return PLANNER(messages, max_tokens, seed)
    return one_slice(PLANNER, messages, max_tokens, seed)


def is_answer(body: Body) -> bool:
    return str(body["prompt"]).endswith("**Day 1-")


def asked_of(exchanges: Any, problem: int) -> list[tuple[bool, int]]:
    """Whether a request was for a forced answer, and its cap, in order."""
    question = TRIP.ask(PROBLEMS[problem])
    bodies = [one.body for one in exchanges if str(one.body["prompt"]).startswith(question)]
    return [(is_answer(body), 0 if is_answer(body) else body["max_tokens"]) for body in bodies]


def test_a_server_is_sent_what_the_rule_allows_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    questions = [TRIP.ask(problem) for problem in PROBLEMS]
    with serving(going_on, questions=questions) as server:
        model = get_model(
            "openai-api-completions/planner/planner",
            base_url=server.url,
            api_key="none",
            memoize=False,
        )
        logs = []
        for options in ({}, {"stop": RULE}):
            task = trip("builtin", budgets=BUDGETS, tokenizer=None, **options)
            (log,) = inspect_eval(
                task, model, limit=3, log_dir=str(tmp_path), display="none", seed=1, logprobs=True
            )
            assert log.status == "success"
            logs.append(Path(log.location.removeprefix("file://")))
            if not options:
                server.exchanges.clear()
        exchanges = list(server.exchanges)
    expected = stops(logs[0])
    rows = {(r.problem, r.trace): r for r in iter_rows(logs[1]) if r.budget == BUDGETS[-1]}
    caps = [64, 64, 128, 256]
    total = 0
    for number, problem in enumerate(PROBLEMS):
        slices, tokens, quality = expected[problem.id, 1]
        asked = asked_of(exchanges, number)
        assert [cap for answer, cap in asked if not answer] == caps[:slices]
        assert [answer for answer, _ in asked][:2] == [False, True]
        row = rows[problem.id, 1]
        assert (row.tokens, row.quality) == (tokens, quality)
        total += len(asked)
    assert total == len(exchanges) < 2 * len(caps) * len(PROBLEMS)
    # The bill is what the server counted.
    generated = sum(one.answer["usage"]["completion_tokens"] for one in exchanges)
    bills = [sample.store["anytime"]["bill"] for sample in read_eval_log(str(logs[1])).samples]
    assert sum(bill["tokens"] for bill in bills) == generated
    assert sum(bill["calls"] for bill in bills) == len(exchanges)


def test_rounds_of_lm_eval_and_programs_that_drop_out(tmp_path: Path) -> None:
    model = Rounds()
    knobs = {"budgets": BUDGETS, "stop": RULE}
    found = evaluate("anytime_trip_builtin", model, knobs, limit=6)
    records = [
        json.loads(one["resps"][0][0][1]) for one in found["samples"]["anytime_trip_builtin"]
    ]
    assert sum(record["bill"]["calls"] for record in records) == sum(model.rounds)
    slices, answers = model.rounds[::2], model.rounds[1::2]
    assert len(slices) <= len(BUDGETS)
    assert slices[0] == 6
    assert slices == sorted(slices, reverse=True)
    assert slices[-1] < 6
    assert all(a <= s for a, s in zip(answers, slices, strict=False))


def test_what_live_runs_refuse(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="unknown stopping rule 'steady'"):
        gpqa("builtin", stop="steady:2")
    log = inspect_eval(
        trip("builtin", budgets=BUDGETS, stop=RULE, continuation="reprompt"),
        "anytime/planner",
        limit=1,
        log_dir=str(tmp_path),
        display="none",
    )[0]
    assert log.error is not None
    assert "takes a back end that continues a text" in log.error.message


@pytest.mark.slow
@pytest.mark.parametrize("model_folder", [of_characters], indirect=True)
@pytest.mark.parametrize("template", [False, True], ids=["plain", "template"])
def test_slices_of_a_real_transformer_join_to_its_trace(
    model_folder: Path,  # noqa: F811
    template: bool,
) -> None:
    """Greedy, and a token a character: one request and several give one text.

    Of other tokens a slice may end where the text, read anew, is split otherwise.
    """
    traces, caps = [], []
    for options in ({}, {"stop": "vote"}):
        model = hf(model_folder)
        asked = contexts_of(model)
        knobs = {"budgets": "5,12,24", "answer_tokens": 6, **options}
        found = evaluate(
            "anytime_gpqa_builtin", model, knobs, limit=3, apply_chat_template=template
        )
        sample = found["samples"]["anytime_gpqa_builtin"]
        traces.append([one["resps"][0][0][0] for one in sample])
        caps.append(len(asked))
        tokens = [[p["tokens"] for p in checkpoints(one)] for one in sample]
    # What the model says beside text (it is a random one) is lost where text is handed back.
    whole = [place for place, trace in enumerate(traces[0]) if len(trace) == 24]
    assert len(whole) >= 2
    assert [traces[1][place] for place in whole] == [traces[0][place] for place in whole]
    assert caps[1] > caps[0]
    assert all(each == sorted(each) and each[-1] <= 24 for each in tokens)
