"""What a run asks of the model, and what it leaves in the log of each sample."""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
from inspect_ai.event import ScoreEvent
from inspect_ai.log import EvalSample
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelOutput,
    ModelUsage,
    get_model,
)

from anytime import AnytimeError, Cue, Message, Reply, Request
from anytime.domains.gpqa import GPQA
from anytime.hosts.inspect_ai import providers
from anytime.hosts.inspect_ai.driver import drive, raw_prompt, reply_from
from anytime.hosts.inspect_ai.providers import resolve_continuation, without_thinking
from anytime.hosts.inspect_ai.records import domain_of
from anytime.hosts.inspect_ai.tasks import aime, gpqa, trip
from tests.inspect_runs import (
    Run,
    model_events,
    samples,
    says,
    scripted,
    table,
    values,
)

BUDGETS = (64, 128, 256, 512)


def intermediate(sample: EvalSample) -> list[ScoreEvent]:
    return [e for e in sample.events if isinstance(e, ScoreEvent) and e.intermediate]


@pytest.mark.quick("reprompt")
@pytest.mark.parametrize("continuation", ["prefill", "reprompt"])
def test_checkpoints_are_visible_and_the_trace_stays_the_completion(
    run: Run, continuation: str
) -> None:
    task = trip("builtin", budgets=list(BUDGETS), continuation=continuation)
    log = run(task, "anytime/planner", limit=6, epochs=2, logprobs=True)
    lengths = set()
    for sample in samples(log):
        record = sample.store["anytime"]
        trace, *answers = model_events(sample)
        # The sample is what the model itself said.
        assert sample.output.completion == trace.output.completion
        assert [m.role for m in sample.messages] == ["user", "assistant"]
        assert sample.messages[0].text == sample.input == trace.input[0].text
        assert sample.messages[1].text == trace.output.completion
        # One intermediate score for each budget, in their order, as in the final score.
        final = values(log)[sample.id, sample.epoch]
        shown = [event.score.value for event in intermediate(sample)]
        assert [next(iter(value)) for value in shown] == [f"q@{budget}" for budget in BUDGETS]
        assert all(value.items() <= final.items() for value in shown)
        # 1 call, and 1 for each budget below the length; for all where the cap ended the trace.
        capped = trace.output.stop_reason == "max_tokens"
        below = [b for b in BUDGETS if capped or b < record["tokens"]]
        assert len(answers) == len(below)
        assert [c["forced"] for c in record["checkpoints"]] == [b in below for b in BUDGETS]
        assert trace.config.max_tokens == BUDGETS[-1]
        # Each forced answer continues the same prompt with more of the same trace.
        cuts = []
        for event in answers:
            assert event.input[0].text == sample.input
            handed = event.input[1]
            assert handed.role == "assistant"
            begin = cue_of(sample).begin if continuation == "prefill" else ""
            assert handed.text.endswith(begin)
            text = handed.text.removesuffix(begin).rstrip("\n")
            assert trace.output.completion.startswith(text)
            cuts.append(text)
        assert all(
            long.startswith(short) for short, long in itertools.pairwise(sorted(cuts, key=len))
        )
        lengths.add((capped, len(below)))
    assert len(lengths) >= 3
    assert {capped for capped, _ in lengths} == {True, False}


def cue_of(sample: EvalSample) -> Cue:
    known = domain_of(sample.metadata)
    assert known is not None
    domain, problem = known
    return domain.cue(problem)


def test_forced_answers_run_at_the_same_time(run: Run) -> None:
    asked: list[int] = []
    everybody = anyio.Event()

    async def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        if len(messages) == 1:
            return says(("word " * 40).strip())  # a token each
        asked.append(len(messages[1].text.split()))
        if len(asked) == 3:
            everybody.set()
        with anyio.fail_after(10):
            await everybody.wait()
        return says("Answer: A")

    log = run(gpqa("builtin", budgets=[8, 16, 32, 64]), scripted(script), limit=1)
    assert log.status == "success"
    assert sorted(asked) == [8, 16, 32]


def test_thinking_is_switched_off_for_forced_answers_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    can = providers.Provider(effort_none=True)
    monkeypatch.setitem(providers.PROVIDERS, "scripted", can)

    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        return says("word " * 40) if len(messages) == 1 else says("Answer: A")

    log = run(gpqa("builtin", budgets=[8, 16, 64]), scripted(script), limit=1)
    trace, *answers = model_events(samples(log)[0])
    assert trace.config.reasoning_effort is None
    assert [event.config.reasoning_effort for event in answers] == ["none", "none"]


@dataclass
class Stand:
    """Stands for a model of a provider that is not installed here."""

    name: str
    config: GenerateConfig = field(default_factory=GenerateConfig)

    def __str__(self) -> str:
        return self.name


def test_servers_with_templates_are_told_not_to_think_beside_what_they_were_told() -> None:
    told = GenerateConfig(extra_body={"top_k": 3, "chat_template_kwargs": {"x": 1}})
    model: Any = Stand("vllm/some", told)
    assert without_thinking(model).extra_body == {
        "top_k": 3,
        "chat_template_kwargs": {"x": 1, "enable_thinking": False, "thinking": False},
    }
    assert told.extra_body == {"top_k": 3, "chat_template_kwargs": {"x": 1}}
    other: Any = Stand("mistral/some")
    assert without_thinking(other) == GenerateConfig()


@pytest.mark.parametrize(
    ("provider", "best"),
    [("vllm", "prefill"), ("openai", "reprompt"), ("vllm-completions", "token_ids")],
)
def test_auto_is_the_best_continuation_of_the_provider(provider: str, best: str) -> None:
    model: Any = Stand(f"{provider}/some")
    assert resolve_continuation("auto", model) == best


def test_a_cached_run_asks_no_model_again(run: Run) -> None:
    calls = []

    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        calls.append(messages)
        return says("word " * 40) if len(messages) == 1 else says("Answer: A")

    task = gpqa("builtin", budgets=[8, 16, 64])
    first = run(task, scripted(script), limit=3, epochs=2, cache=True)
    assert len(calls) == 3 * 2 * 3
    second = run(task, scripted(script), limit=3, epochs=2, cache=True)
    assert len(calls) == 3 * 2 * 3
    assert {e.cache for s in samples(second) for e in model_events(s)} == {"read"}
    assert values(second) == values(first)


@pytest.mark.slow
def test_epochs_are_different_traces_of_the_built_in_models(run: Run) -> None:
    log = run(trip("builtin", budgets=list(BUDGETS)), "anytime/planner", limit=4, epochs=3)
    texts: dict[Any, set[str]] = {}
    for sample in samples(log):
        texts.setdefault(sample.id, set()).add(sample.output.completion)
    assert [len(drawn) for drawn in texts.values()] == [3] * 4
    again = run(trip("builtin", budgets=list(BUDGETS)), "anytime/planner", limit=4, epochs=3)
    assert values(again) == values(log)


def test_budget_0_is_answered_without_any_trace(run: Run) -> None:
    seen = []

    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        seen.append([message.role for message in messages])
        return says("Answer: B" if "time is up" in messages[-1].text else "word " * 9)

    log = run(gpqa("builtin", budgets=[0, 16]), scripted(script), limit=1)
    assert seen == [["user"], ["user"]]
    (sample,) = samples(log)
    zero, whole = sample.store["anytime"]["checkpoints"]
    assert (zero["tokens"], zero["forced"], zero["answer"]) == (0, True, "Answer: B")
    assert (whole["tokens"], whole["forced"]) == (9, False)


def test_scores_come_by_hand_from_a_scripted_trace(run: Run) -> None:
    """Right from the 20th word on, and talked out of it again in the last ones."""
    problem = GPQA.load("builtin", None, 0).problems[0]
    wrong = "ABCD"[("ABCD".index(problem.gold) + 1) % 4]

    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        if len(messages) == 1:
            return says(f"{'so ' * 19}found {'or ' * 20}no. Answer: {wrong}")
        cut = messages[1].text
        return says(f"Answer: {problem.gold if 'found' in cut else wrong}")

    log = run(gpqa("builtin", budgets=[10, 20, 40, 80]), scripted(script), limit=1)
    assert table(log, [10, 20, 40, 80]).tolist() == [[[0, 1, 1, 0]]]
    (value,) = values(log).values()
    assert (value["final"], value["overthinking"], value["unparsed"]) == (0, 1, 0)


# The driver itself


def echo(
    batches: Sequence[Sequence[str]],
) -> Generator[Sequence[Request], Sequence[Reply], list[str]]:
    said = []
    for batch in batches:
        replies = yield [Request((Message("user", word),), 9, "trace") for word in batch]
        said += [reply.text for reply in replies]
    return said


@dataclass
class Answers:
    """Answers with the question in capitals, the later ones first; raises on `bad`."""

    done: list[str] = field(default_factory=list)

    async def __call__(self, request: Request) -> tuple[Reply, ModelOutput]:
        word = request.messages[0].content
        if word == "bad":
            raise RuntimeError("no answer")
        for _ in range(10 * (5 - len(word))):
            await anyio.lowlevel.checkpoint()
        self.done.append(word)
        return Reply(word.upper()), ModelOutput.from_content("m", word)


def test_replies_stand_in_the_order_of_requests() -> None:
    ask = Answers()
    said, first = anyio.run(drive, echo([["a", "bbb"], ["cc"]]), ask)
    assert said == ["A", "BBB", "CC"]
    assert ask.done == ["bbb", "a", "cc"]
    assert [output.completion for output in first] == ["a", "bbb"]


def test_a_failure_waits_for_the_rest_of_its_batch_and_closes_the_program() -> None:
    ask, program = Answers(), echo([["bad", "a", "bbb"], ["cc"]])
    with pytest.raises(RuntimeError, match="no answer"):
        anyio.run(drive, program, ask)
    assert ask.done == ["bbb", "a"]
    assert next(program, "closed") == "closed"


def test_a_reply_is_read_whole_from_an_output() -> None:
    content = [ContentReasoning(reasoning="Hm."), ContentText(text="So"), ContentText(text="7")]
    tokens = [
        Logprob(token="é", logprob=0.0, bytes=[195]),
        Logprob(token="7", logprob=math.log(0.5)),
    ]
    output = ModelOutput(
        model="m",
        choices=[
            ChatCompletionChoice(
                message=ChatMessageAssistant(content=content),
                stop_reason="model_length",
                logprobs=Logprobs(content=tokens),
            )
        ],
        usage=ModelUsage(
            input_tokens=5,
            output_tokens=9,
            input_tokens_cache_read=3,
            input_tokens_cache_write=2,
            reasoning_tokens=4,
            total_cost=0.5,
        ),
        time=1.5,
    )
    assert reply_from(output) == Reply(
        text="So\n7",
        reasoning="Hm.",
        output_tokens=9,
        reasoning_tokens=4,
        input_tokens=10,
        token_bytes=(b"\xc3", b"7"),
        finish="length",
        seconds=1.5,
        cost=0.5,
        probability=0.75,
    )
    tokens[0].logprob = math.nan  # what an engine that cannot tell may send
    assert reply_from(output).probability is None


@pytest.mark.parametrize(
    "part",
    [
        ContentReasoning(reasoning="gAAAA", redacted=True),
        ContentReasoning(reasoning="", summary="It thought."),
    ],
    ids=["encrypted", "summarised"],
)
def test_reasoning_that_is_not_the_models_own_words_is_hidden(part: ContentReasoning) -> None:
    output = says("7")
    output.choices[0].message.content = [part, ContentText(text="7")]
    reply = reply_from(output)
    assert reply.hidden_reasoning
    assert (reply.text, "gAAAA" in reply.reasoning) == ("7", False)


def test_an_output_without_choices_is_an_error_that_says_why() -> None:
    with pytest.raises(AnytimeError, match="returned no choice: overloaded"):
        reply_from(ModelOutput(model="m", error="overloaded"))


def test_a_raw_prompt_begins_the_assistants_turn() -> None:
    turns = [Message("system", "Be brief."), Message("user", "6 * 7?")]
    assert raw_prompt(turns) == "Be brief.\n\n6 * 7?\n\n"
    assert raw_prompt([*turns, Message("assistant", "It is")]) == "Be brief.\n\n6 * 7?\n\nIt is"


@pytest.mark.parametrize("reasoning", [False, True])
def test_leaked_reasoning_is_counted_per_forced_answer(run: Run, reasoning: bool) -> None:
    model = get_model("anytime/simulated", leak=7, accuracy=0.0, reasoning=reasoning)
    log = run(aime("builtin", budgets=[32, 64]), model, limit=2)
    assert {value["leaked_reasoning_tokens"] for value in values(log).values()} == {7.0}
