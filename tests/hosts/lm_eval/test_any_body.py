"""Any JSON a service may send, read before lm-eval's own classes: a text or a reason, always."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from anytime.hosts.lm_eval.asking import failure
from anytime.hosts.lm_eval.services import Failed, Hidden, listening
from tests.odd_texts import json_values, texts


class Chats:
    """As `local-chat-completions` reads them."""

    def parse_generations(self, outputs: Any, **options: Any) -> list[str | None]:
        return [choice["message"]["content"] for choice in outputs["choices"]]


class Completions:
    """As `local-completions` reads them."""

    def parse_generations(self, outputs: Any, **options: Any) -> list[str | None]:
        return [choice["text"] for choice in outputs["choices"]]


def fields(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of the fields, good or bad."""
    each = {name: st.one_of(good, json_values) for name, good in known.items()}
    return st.fixed_dictionaries({}, optional=each)


finishes = st.sampled_from(["stop", "length", "STOP", "Length", None, "eos", "content_filter"])
usages = fields(
    completion_tokens=st.sampled_from([1, 0, -7, 12.5, True, "12", float("nan"), 10**9, 10**30]),
    completion_tokens_details=fields(reasoning_tokens=st.integers(-2, 40)),
)
messages = fields(
    content=texts,
    refusal=st.sampled_from([None, "", "No."]),
    tool_calls=st.sampled_from([None, [], [{"id": "1"}]]),
    reasoning=texts,
    reasoning_content=texts,
)
choices = fields(index=st.integers(0, 2), message=messages, text=texts, finish_reason=finishes)
bodies = st.one_of(
    fields(choices=st.lists(choices, max_size=3), usage=usages, error=json_values), json_values
)


@given(bodies, st.sampled_from([Chats, Completions]), st.integers(1, 3))
def test_every_prompt_has_a_text_or_a_reason(body: Any, kind: type, count: int) -> None:
    lm = kind()
    with listening(lm):
        found = lm.parse_generations(outputs=body, contexts=["a"] * count)
    assert len(found) == count
    for text in found:
        assert isinstance(text, str)
        text.encode()
        if isinstance(text, Failed):
            assert failure(text)
        elif not text.strip():
            # Said so: the model stopped at once, or what it was allowed went where nobody sees it.
            ends = [c.get("finish_reason") for c in body["choices"] if isinstance(c, dict)]
            assert isinstance(text, Hidden) or any(str(e).lower() in ("stop", "eos") for e in ends)
