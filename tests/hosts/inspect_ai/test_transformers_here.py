"""Chat templates of the provider `hf`, in which an assistant's last turn stays open."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, GenerateConfig, get_model

from anytime import Message
from anytime.hosts.inspect_ai import transformers_here
from anytime.hosts.inspect_ai.driver import requester
from anytime.hosts.inspect_ai.private import own_chat_template, rendered
from anytime.hosts.inspect_ai.transformers_here import PLAIN, as_sent, continuing, opened_at_the_end
from anytime.programs.turns import raw_prompt
from tests.tiny_transformer import TEMPLATE, of_characters

transformers = pytest.importorskip("transformers", reason="transformers is not installed")

ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
CUT = {"role": "assistant", "content": "Since it"}

SYSTEM_APART = """{%- if messages[0].role == 'system' -%}
    {%- set first = messages[0].content + '\\n' -%}
    {%- set messages = messages[1:] -%}
{%- else -%}
    {%- set first = '' -%}
{%- endif -%}
{{ first }}{% for m in messages %}
  <{{ m.role }}>{{ m.content.strip() }}</{{ m.role }}>
{% endfor %}
{%- if add_generation_prompt %}<assistant>{% endif %}
"""
MACROS = """
{% macro turn(m) %}[{{ m.role }}] {{ m.content }}{% endmacro %}
{% set ns = namespace(users=0) %}
{% for m in messages %}{% if m.role == 'user' %}{% set ns.users = ns.users + 1 %}{% endif %}
{{ turn(m) }}{% if m.role == 'assistant' %}{% generation %}x{% endgeneration %}{% endif %}
{% endfor %}({{ ns.users }}){% if add_generation_prompt %}[assistant] {% endif %}"""
THINKS = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|><think>\n{% endif %}"
)


def tokenizer(template: str | None = None) -> Any:
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=of_characters(), eos_token="<eos>", chat_template=template
    )


def render(template: str, messages: list[dict[str, str]]) -> str:
    text: str = tokenizer().apply_chat_template(
        messages, chat_template=template, add_generation_prompt=True, tokenize=False
    )
    return text


@pytest.mark.parametrize("template", [TEMPLATE, SYSTEM_APART, MACROS, THINKS])
def test_what_comes_last_of_the_assistant_follows_the_prompt(template: str) -> None:
    opened = opened_at_the_end(template)
    prompt = render(template, ASKED)
    assert render(opened, ASKED) == prompt
    assert render(opened, [*ASKED, CUT]) == f"{prompt}Since it"
    finished = [*ASKED, CUT, {"role": "user", "content": "Now?"}]
    assert render(opened, finished) == render(template, finished)


@pytest.mark.parametrize(
    "messages",
    [
        [Message("user", "Why?")],
        [Message("system", "Be brief."), Message("user", "Why?")],
        [Message("user", "Q: Why?\n\n"), Message("assistant", "Since")],
        [Message("user", "{{ 1 }}"), Message("assistant", " {% raw %}")],
    ],
)
def test_the_plain_template_writes_raw_prompts(messages: list[Message]) -> None:
    turns = [{"role": message.role, "content": message.content} for message in messages]
    assert render(PLAIN, turns) == raw_prompt(messages)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Inspect's own provider around a tokenizer, and no weights."""

    def make(template: str | None, **options: Any) -> Any:
        from inspect_ai.model._providers import hf

        monkeypatch.setattr(
            hf.AutoModelForCausalLM, "from_pretrained", lambda *names, **how: SimpleNamespace()
        )
        monkeypatch.setattr(
            hf.AutoTokenizer, "from_pretrained", lambda *names, **how: tokenizer(template)
        )
        return get_model("hf/nothing", memoize=False, device="cpu", **options)

    return make


QUESTION = ChatMessageUser(content="Why?")


def test_a_model_without_a_template_gets_no_roles_written_into_its_prompt(here: Any) -> None:
    model = here(None)
    assert rendered(model, [QUESTION]) == "user: Why?\n"
    made = continuing(model, GenerateConfig())
    assert rendered(made, [QUESTION]) == "Why?\n\n"
    assert rendered(made, [QUESTION, ChatMessageAssistant(content="Since")]) == "Why?\n\nSince"
    assert rendered(model, [QUESTION]) == "user: Why?\n", "the model is shared, and left as it was"


@pytest.mark.parametrize(
    ("options", "own"),
    [({}, TEMPLATE), ({"chat_template": THINKS}, THINKS), ({"use_chat_template": False}, None)],
)
def test_the_users_own_choice_of_a_template_holds(
    here: Any, options: dict[str, Any], own: str | None
) -> None:
    model = here(TEMPLATE, **options)
    assert own_chat_template(model) == own
    whole = rendered(continuing(model, GenerateConfig()), [QUESTION])
    assert whole == ("Why?\n\n" if own is None else render(own, [ASKED[1]]))


@pytest.mark.parametrize("begun", ["<think>\nSince", "<think>Since", "<think>\n\nSince"])
def test_reasoning_that_the_template_opens_is_not_opened_twice(here: Any, begun: str) -> None:
    model = continuing(here(THINKS), GenerateConfig())
    sent = as_sent(model, [QUESTION, ChatMessageAssistant(content=begun)])
    text = rendered(model, sent)
    assert text.count("<think>") == 1
    assert text.endswith("Since")
    assert as_sent(model, [QUESTION]) == [QUESTION]


def test_temperature_0_is_greedy_and_says_so(here: Any, caplog: pytest.LogCaptureFixture) -> None:
    model = here(TEMPLATE)
    transformers_here._tell_greedy.cache_clear()
    assert continuing(model, GenerateConfig()).api.do_sample  # type: ignore[attr-defined]
    assert caplog.text == ""
    for _ in range(2):
        made: Any = continuing(model, GenerateConfig(temperature=0.0))
        assert not made.api.do_sample
    assert caplog.text.count("hf at temperature 0 does not sample") == 1
    assert model.api.do_sample


def test_asking_leaves_the_shared_model_alone(here: Any) -> None:
    model = here(None)
    requester(model, epoch=1, token_ids=False)
    assert model.api.chat_template is None


def test_the_copy_has_the_settings_of_the_run(here: Any) -> None:
    """Inspect gives them to the model under test alone, and the copy is another."""
    settings = GenerateConfig(temperature=0.7, top_p=0.9, logprobs=True)
    assert continuing(here(None), settings).config == settings
