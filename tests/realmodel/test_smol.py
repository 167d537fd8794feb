"""A real language model in both harnesses: what must hold of its traces, never what they say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.event import ModelEvent
from inspect_ai.model import get_model

from tests.realmodel.running import Run, Traced, in_inspect, in_lm_eval
from tests.tiny_transformer import hf

pytestmark = pytest.mark.realmodel

BUDGETS = [16, 32, 64]
ANSWER_TOKENS = 8
TASK, PROBLEMS = "gpqa", 1

Ids = Callable[[str], list[int]]


@pytest.fixture(scope="module")
def tokens(smol_folder: Path) -> Any:
    import transformers

    return transformers.AutoTokenizer.from_pretrained(smol_folder)


@pytest.fixture(scope="module", autouse=True)
def server_settings(smol_server: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMOL_BASE_URL", smol_server)
        patch.setenv("SMOL_API_KEY", "none")
        patch.setenv("OPENAI_API_KEY", "none")
        yield


def inspect_model(kind: str, folder: Path) -> Any:
    if kind == "hf":
        return get_model(
            "hf/smol", model_path=str(folder), dtype="float32", device="cpu", do_sample=False
        )
    return get_model(f"{kind}/smol/smollm2", max_retries=2)


@pytest.fixture(scope="module")
def kept() -> dict[Any, Run]:
    """Runs that several tests look at."""
    return {}


@pytest.fixture
def inspect_run(kept: dict[Any, Run], smol_folder: Path, tmp_path: Path) -> Callable[..., Run]:
    def run(kind: str, budgets: list[int] = BUDGETS, **options: Any) -> Run:
        key = ("inspect", kind, *budgets, json.dumps(options, sort_keys=True))
        if key not in kept:
            kept[key] = start(kind, budgets, **options)
        return kept[key]

    def start(kind: str, budgets: list[int], **options: Any) -> Run:
        from anytime.solvers.budget import budget

        of_run = {name: options.pop(name) for name in ("logprobs",) if name in options}
        greedy = {} if kind == "hf" else {"temperature": 0.0}
        return in_inspect(
            f"anytime/{TASK}",
            inspect_model(kind, smol_folder),
            tmp_path,
            task_args={"dataset": "builtin", "budgets": budgets},
            solver=budget(budgets=budgets, answer_tokens=ANSWER_TOKENS, **options),
            limit=PROBLEMS,
            max_connections=1,
            **greedy,
            **of_run,
        )

    return run


@pytest.fixture(scope="module")
def lm_eval_models(smol_folder: Path, smol_server: str) -> Callable[[str], Any]:
    made: dict[str, Any] = {}

    def model(kind: str) -> Any:
        if kind not in made:
            made[kind] = hf(smol_folder, 1) if kind == "hf" else of_server(kind)
        return made[kind]

    def of_server(kind: str) -> Any:
        from lm_eval.models.openai_completions import LocalChatCompletion, LocalCompletionsAPI

        if kind == "local-completions":
            return LocalCompletionsAPI(
                base_url=f"{smol_server}/completions",
                model="smollm2",
                tokenizer=str(smol_folder),
                tokenizer_backend="huggingface",
                tokenized_requests=False,
                max_length=4096,
            )
        return LocalChatCompletion(base_url=f"{smol_server}/chat/completions", model="smollm2")

    return model


@pytest.fixture
def lm_eval_run(
    kept: dict[Any, Run], smol_folder: Path, lm_eval_models: Callable[[str], Any]
) -> Callable[..., Run]:
    def run(kind: str, budgets: list[int] = BUDGETS, template: bool = False, **knobs: Any) -> Run:
        key = ("lm_eval", kind, *budgets, template, json.dumps(knobs, sort_keys=True))
        if key not in kept:
            named = {
                "budgets": ",".join(map(str, budgets)),
                "answer_tokens": ANSWER_TOKENS,
                "tokenizer": str(smol_folder),
                **knobs,
            }
            kept[key] = in_lm_eval(
                f"anytime_{TASK}_builtin",
                lm_eval_models(kind),
                named,
                limit=PROBLEMS,
                apply_chat_template=template,
            )
        return kept[key]

    return run


def only(run: Run) -> Traced:
    (trace,) = run.traces.values()
    return trace


def generated(run: Run) -> list[tuple[str, list[int]]]:
    """Kind and token ids of each call of a server, as it told them: the trace, then the answers."""
    found = []
    for event in run.log.samples[0].events:
        if isinstance(event, ModelEvent):
            assert event.call is not None
            assert isinstance(event.call.response, dict)
            (choice,) = event.call.response["choices"]
            ids = [token["id"] for token in choice["logprobs"]["content"]]
            found.append((choice["finish_reason"], ids))
    return found


def same_text(left: str, right: str) -> bool:
    """Whether two texts are one, but for a character that a cut went through."""
    return left.rstrip("\ufffd") == right.rstrip("\ufffd")


@pytest.mark.parametrize("kind", ["openai-api", "openai-api-completions"])
def test_a_cut_is_the_first_tokens_that_a_server_generated(
    kind: str, inspect_run: Callable[..., Run], tokens: Any, smol_folder: Path
) -> None:
    run = inspect_run(kind, logprobs=True, tokenizer=str(smol_folder))
    trace, calls = only(run), generated(run)
    finish, ids = calls[0]
    assert (finish, len(ids)) == ("length", BUDGETS[-1])
    assert [(budget, count) for budget, count, _ in trace.cuts] == [(b, b) for b in BUDGETS]
    for budget, count, end in trace.cuts:
        assert count == budget
        assert same_text(trace.text[:end], tokens.decode(ids[:budget]))
    assert len(calls) == 1 + len(BUDGETS)
    for _, said in calls[1:]:
        assert len(said) <= ANSWER_TOKENS


def test_a_cut_is_the_first_tokens_that_transformers_generated(
    inspect_run: Callable[..., Run],
    lm_eval_run: Callable[..., Run],
    lm_eval_models: Callable[[str], Any],
    smol_folder: Path,
    tokens: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[list[int]] = []

    def keep(model: Any) -> None:
        ask = model.generate

        def generate(input_ids: Any, **options: Any) -> Any:
            found = ask(input_ids=input_ids, **options)
            rows = getattr(found, "sequences", found)
            made.extend(row[input_ids.shape[1] :].tolist() for row in rows)
            return found

        monkeypatch.setattr(model, "generate", generate)

    keep(inspect_model("hf", smol_folder).api.model)
    keep(lm_eval_models("hf").model)
    for start in (lambda: inspect_run("hf"), lambda: lm_eval_run("hf", template=True)):
        made.clear()
        trace = only(start())
        ids, *answers = made
        assert len(trace.cuts) >= len(BUDGETS) - 1
        for budget, count, end in trace.cuts:
            assert count == min(budget, len(ids))
            assert same_text(trace.text[:end], tokens.decode(ids[:budget]))
        for said in answers:
            assert len(said) <= ANSWER_TOKENS


PAIRS = [
    pytest.param("hf", "hf", True, id="hf"),
    pytest.param("openai-api-completions", "local-completions", False, id="completions"),
    pytest.param("openai-api", "local-chat-completions", True, id="chat"),
]


@pytest.mark.parametrize(("there", "here", "template"), PAIRS)
def test_equal_traces_are_cut_at_equal_places_in_both_harnesses(
    there: str,
    here: str,
    template: bool,
    inspect_run: Callable[..., Run],
    lm_eval_run: Callable[..., Run],
    smol_folder: Path,
) -> None:
    named = {} if there == "hf" else {"logprobs": True, "tokenizer": str(smol_folder)}
    left, right = only(inspect_run(there, **named)), only(lm_eval_run(here, template=template))
    assert left.text == right.text
    assert len(left.cuts) >= len(BUDGETS) - 1
    shared = {budget for budget, _, _ in left.cuts} & {budget for budget, _, _ in right.cuts}
    assert [c for c in left.cuts if c[0] in shared] == [c for c in right.cuts if c[0] in shared]
    for point, other in zip(left.points, right.points, strict=True):
        assert point.get("continuation") == other.get("continuation")
        if point["budget"] in shared:
            assert point["answer"] == other["answer"]
            assert point["answer_tokens"] <= ANSWER_TOKENS
            assert other["answer_tokens"] <= ANSWER_TOKENS


RUNS = [
    *(pytest.param("inspect", kind, id=f"inspect-{kind}") for kind in ("hf", "openai-api")),
    pytest.param("inspect", "openai-api-completions", id="inspect-completions"),
    pytest.param("lm_eval", "hf", id="lm_eval-hf"),
    pytest.param("lm_eval", "local-completions", id="lm_eval-completions"),
    pytest.param("lm_eval", "local-chat-completions", id="lm_eval-chat"),
]


def started(
    harness: str,
    kind: str,
    inspect_run: Callable[..., Run],
    lm_eval_run: Callable[..., Run],
    folder: Path,
    budgets: list[int] = BUDGETS,
) -> Traced:
    if harness == "lm_eval":
        return only(lm_eval_run(kind, budgets, template=kind != "local-completions"))
    named = {} if kind == "hf" else {"logprobs": True, "tokenizer": str(folder)}
    return only(inspect_run(kind, budgets, **named))


@pytest.mark.parametrize(("harness", "kind"), RUNS)
def test_a_trace_at_its_cap_is_forced_at_every_budget(
    harness: str,
    kind: str,
    inspect_run: Callable[..., Run],
    lm_eval_run: Callable[..., Run],
    smol_folder: Path,
) -> None:
    capped = BUDGETS[:2]  # no run ends by itself before
    trace = started(harness, kind, inspect_run, lm_eval_run, smol_folder, capped)
    assert trace.finish == "length"
    assert [point["forced"] for point in trace.points] == [True] * len(capped)


@pytest.mark.parametrize(("harness", "kind"), RUNS)
def test_a_truncated_trace_answers_as_a_run_that_was_capped_there(
    harness: str,
    kind: str,
    inspect_run: Callable[..., Run],
    lm_eval_run: Callable[..., Run],
    smol_folder: Path,
) -> None:
    whole = started(harness, kind, inspect_run, lm_eval_run, smol_folder)
    short = started(harness, kind, inspect_run, lm_eval_run, smol_folder, BUDGETS[:2])
    assert whole.text.startswith(short.text)
    assert short.cuts == whole.cuts[: len(short.cuts)]
    assert short.answers[: len(short.cuts)] == whole.answers[: len(short.cuts)]
