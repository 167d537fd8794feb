"""Any output of a provider, in the words of the protocol: a reply or a reason, always."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    ContentReasoning,
    ContentText,
    Logprob,
    Logprobs,
    ModelOutput,
    ModelUsage,
)
from inspect_ai.tool import ToolCall

from anytime.hosts.inspect_ai.replies import nothing_said, reply_from, why_unanswered
from tests.odd_texts import texts

counts = st.sampled_from([-7, 0, 1, 2, 40, 10**9])
parts = st.one_of(
    st.builds(ContentText, text=texts, refusal=st.sampled_from([None, None, None, True])),
    st.builds(
        ContentReasoning,
        reasoning=texts,
        redacted=st.booleans(),
        summary=st.one_of(st.none(), texts),
    ),
)
tokens = st.builds(
    Logprob,
    token=texts,
    logprob=st.just(-0.1),
    bytes=st.one_of(st.none(), st.lists(st.integers(-1, 300), max_size=4)),
)
choices = st.builds(
    ChatCompletionChoice,
    message=st.builds(
        ChatMessageAssistant,
        content=st.one_of(texts, st.lists(parts, max_size=3)),
        tool_calls=st.sampled_from(
            [None, None, None, [], [ToolCall(id="1", function="search", arguments={})]]
        ),
    ),
    stop_reason=st.sampled_from(
        ["stop", "max_tokens", "model_length", "tool_calls", "content_filter", "unknown"]
    ),
    logprobs=st.one_of(st.none(), st.builds(Logprobs, content=st.lists(tokens, max_size=3))),
)
outputs = st.builds(
    ModelOutput,
    model=st.just("planner"),
    choices=st.lists(choices, max_size=2),
    usage=st.one_of(
        st.none(),
        st.builds(
            ModelUsage,
            output_tokens=counts,
            input_tokens=counts,
            reasoning_tokens=st.one_of(st.none(), counts),
        ),
    ),
    error=st.sampled_from([None, None, "not now"]),
)


@given(outputs, st.booleans())
def test_an_output_is_an_answer_or_there_is_a_reason(output: ModelOutput, in_process: bool) -> None:
    reason = why_unanswered(output, in_process)
    if not output.choices:
        assert reason
        output = nothing_said(output)
    reply = reply_from(output)
    for text in (reply.text, reply.reasoning):
        text.encode()
    shown = reply.text.strip() or reply.reasoning.strip() or reply.hidden_reasoning
    if reason or in_process or shown:
        return
    # An answer that shows nothing: what was told says that the model gave it.
    told = output.choices[0].stop_reason
    if told not in ("max_tokens", "model_length") and not (reply.reasoning_tokens or 0) > 0:
        assert told == "stop"
        assert reply.output_tokens in (0, 1, 2)
