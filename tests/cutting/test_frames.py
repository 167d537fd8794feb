"""What marks reasoning: how models write it, what is quoted, what was cut off."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime import AnytimeError, HiddenReasoningError, hookimpl
from anytime.cutting.frames import (
    FRAMES,
    Frame,
    answer_of,
    closed,
    frame_from,
    known_frames,
    opened_by,
    separated,
    trimmed,
    unframed_tag,
    unopened,
    visible,
    written,
)
from anytime.plugins import plugin_manager
from anytime.protocol import Reply
from tests.scaling import grows_linearly

HARMONY_CLOSE = "<|end|><|start|>assistant<|channel|>final<|message|>"
PAIRS = [
    ("<think>\n", "\n</think>\n\n"),
    ("<think>", "</think>"),
    ("<THINK>", "</THINK>"),
    ("<thinking>", "</thinking>"),
    ("<thought>\n", "\n</thought>\n"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<|channel>thought\n", "<channel|>"),
    ("<|channel|>analysis<|message|>", HARMONY_CLOSE),
    ("<|start|>assistant<|channel|>analysis<|message|>", HARMONY_CLOSE),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    ("analysis", "assistantfinal"),
    ("<|im_start|>think\n", "\n<|im_start|>answer\n"),
    ("<|im_start|>think\n", "<|im_end|>\n<|im_start|>answer\n"),
]
IDS = [re.sub(r"\s", "", opening + closing) for opening, closing in PAIRS]
THOUGHT = 'We add. "Perhaps 100"?\n\nNo: 100 + 104.'


@pytest.mark.parametrize(("opening", "closing"), PAIRS, ids=IDS)
def test_every_frame_is_told_from_the_answer(opening: str, closing: str) -> None:
    reply = Reply(f"{opening}{THOUGHT}{closing}**204**")
    trace = separated(reply)
    assert (trace.reasoning, trace.text, trace.finish) == (THOUGHT, "**204**", "stop")
    assert (trace.opening, trace.closing) == (opening, closing)
    assert answer_of(reply) == answer_of(trace) == "**204**"
    assert separated(trace) == trace


@pytest.mark.parametrize(("opening", "closing"), PAIRS, ids=IDS)
def test_a_closing_tag_alone_closes_what_the_prompt_opened(opening: str, closing: str) -> None:
    trace = separated(Reply(f"{THOUGHT}{closing}204"))
    assert (trace.reasoning, trace.text, trace.closing) == (THOUGHT, "204", closing)
    # What is handed back has an opening tag, which may stand in the template.
    again = separated(Reply(written(trace, THOUGHT, "204", in_reasoning=False)))
    assert (again.reasoning, again.text) == (THOUGHT, "204")


@pytest.mark.parametrize(("opening", "closing"), PAIRS, ids=IDS)
def test_a_frame_that_is_never_closed_was_cut_off(opening: str, closing: str) -> None:
    reply = Reply(f"{opening}{THOUGHT}")
    trace = separated(reply)
    assert (trace.reasoning, trace.text, trace.finish) == (THOUGHT, "", "length")
    assert trace.closing == ""
    assert answer_of(reply) == ""


@pytest.mark.parametrize(("opening", "closing"), PAIRS, ids=IDS)
def test_a_cut_trace_is_handed_back_as_it_was_written(opening: str, closing: str) -> None:
    whole = f"{opening}{THOUGHT}{closing}So 204."
    trace = separated(Reply(whole))
    assert written(trace, THOUGHT, "So 204.", in_reasoning=False) == whole
    begun = written(trace, "We add.", "", in_reasoning=True)
    assert begun == f"{opening}We add."
    assert closed(trace, begun, in_reasoning=True) == closing
    assert closed(trace, whole, in_reasoning=False) == ""


def test_what_a_provider_kept_apart_is_handed_back_between_think_tags() -> None:
    trace = Reply("204", reasoning="We add.")
    begun = written(trace, "We", "", in_reasoning=True)
    assert begun == "<think>\nWe"
    assert closed(trace, begun, in_reasoning=True) == "\n</think>\n\n"
    assert written(trace, "We add.", "20", in_reasoning=False) == (
        "<think>\nWe add.\n</think>\n\n20"
    )
    assert written(Reply("204"), "", "20", in_reasoning=False) == "20"


@pytest.mark.parametrize(
    ("text", "reasoning", "visible_text", "answer"),
    [
        ("Sure! <think>hm</think>42", "Sure! <think>hm", "42", "42"),
        ("<think>a</think> Again. <think>b</think>42", "a</think> Again. <think>b", "42", "42"),
        ("a</think>b</think>42", "a</think>b", "42", "42"),
        ("<think>a<think>b</think>42", "a<think>b", "42", "42"),
        ("<think>a</thinking>42", "a", "42", "42"),
        ("<think></think>\n\n42", "", "42", "42"),
        ("<think>a</think>42<think>sure</think>\n", "a", "42<think>sure</think>\n", "42"),
        ("42\n<think>sure</think>\n", "", "42\n<think>sure</think>\n", "42\n"),
        ("<think>a</think>42\n<think>or 4", "a</think>42\n<think>or 4", "", "42\n"),
        ("\n <think>\n\na\n</think>\n\n42<|im_end|>", "a", "42", "42"),
        ("analysisA.assistantanalysisB.assistantfinal42", "A.assistantanalysisB.", "42", "42"),
        ("<|channel|>final<|message|>42<|return|>", "", "42", "42"),
        (
            "<|channel|>analysis<|message|>A<|end|><|start|>assistant<|channel|>commentary"
            f"<|message|>B{HARMONY_CLOSE}42",
            "A<|end|><|start|>assistant<|channel|>commentary<|message|>B",
            "42",
            "42",
        ),
    ],
)
def test_several_frames_and_text_around_them(
    text: str, reasoning: str, visible_text: str, answer: str
) -> None:
    trace = separated(Reply(text))
    assert (trace.reasoning, trace.text) == (reasoning, visible_text)
    assert answer_of(Reply(text)) == answer


@pytest.mark.parametrize(
    "text",
    [
        "The tag <think> opens reasoning.",
        "Between `<think>` and `</think>` stands reasoning.",
        'Write "<think>" first and "</think>" last.',
        "It is called (“</think>”).",
        "analysis of the matter: 42",
        "an analysisWe did",
        "[think] 42 [/think]",
        "<thinker>42</thinker>",
    ],
)
def test_a_quoted_tag_is_text(text: str) -> None:
    assert separated(Reply(text)) == Reply(text)
    assert answer_of(Reply(text)) == text


def test_a_closing_tag_that_is_quoted_while_thinking_closes_nothing() -> None:
    trace = separated(Reply("<think>I must write `</think>` before it.</think>42"))
    assert trace.reasoning == "I must write `</think>` before it."
    assert trace.text == "42"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("The tag <think> opens reasoning. 42", "<think>"),
        ("so 42 </THINKING>", "</THINKING>"),
        ("Only `<think>` is quoted.", None),
        ("42", None),
    ],
)
def test_a_tag_in_what_is_graded_is_named(text: str, tag: str | None) -> None:
    assert unframed_tag(text) == tag


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Answer: C<|im_end|>", "Answer: C"),
        ("204</s>\n", "204"),
        ("C<|return|> \n<|endoftext|><|endoftext|>", "C"),
        ("204<｜end▁of▁sentence｜>", "204"),
        ("<|im_end|>", ""),
        ("a </s> b\n", "a </s> b\n"),
        ("204 \n", "204 \n"),
    ],
)
def test_special_tokens_at_the_end_are_no_text(text: str, left: str) -> None:
    assert trimmed(text) == left
    assert separated(Reply(text)).text == left
    assert separated(Reply(text, reasoning="hm")).text == left


def test_reasoning_that_is_hidden_is_told_from_an_empty_frame() -> None:
    assert visible(Reply("<think>\n\n</think>\n\n42", reasoning_tokens=3)).text == "42"
    with pytest.raises(HiddenReasoningError):
        visible(Reply("42", reasoning_tokens=300))


@pytest.mark.parametrize(
    ("context", "opening"),
    [
        ("<|im_start|>assistant\n<think>\n", "<think>\n"),
        ("[INST]42?[/INST][THINK]", "[THINK]"),
        ("... <|im_start|>think\n", "<|im_start|>think\n"),
        ("<|start|>assistant<|channel|>analysis<|message|>", None),
        ("<think>\n\n</think>\n\n", ""),
        ("What is 6 * 7?", ""),
        ([{"role": "user"}], ""),
    ],
)
def test_templates_that_open_the_reasoning(context: Any, opening: str | None) -> None:
    opening = context if opening is None else opening
    assert opened_by(context) == opening
    if opening:
        assert separated(Reply(f"{opening}hm")).reasoning == "hm"
        assert unopened(context, f"{opening}hm") == context.rstrip().removesuffix(opening.rstrip())
    else:
        assert not isinstance(context, str) or unopened(context, "<think>hm") == context


def test_a_pair_of_the_users_own() -> None:
    trace = separated(Reply("((hm)) <think>100</think> 42"), "(( ))")
    assert trace.text == " 42"
    assert separated(Reply("((hm))42"), "(( ))").reasoning == "hm"
    assert separated(Reply("((hm")).finish == "stop"
    assert separated(Reply("((hm"), "(( ))").finish == "length"
    assert answer_of(Reply("((hm))42"), "(( ))") == "42"
    for wrong in ("", "((", "<a> <a>", "<a> <b> <c>"):
        with pytest.raises(AnytimeError, match="is no pair of tags"):
            frame_from(wrong)


def test_a_plugin_adds_a_frame() -> None:
    class Plugin:
        @hookimpl
        def anytime_frames(self) -> list[Frame]:
            return [Frame("mine", "{{", "}}")]

    plugin = Plugin()
    manager = plugin_manager()
    manager.register(plugin)
    try:
        assert known_frames()[-1].name == "mine"
        assert separated(Reply("{{hm}}42")).reasoning == "hm"
    finally:
        manager.unregister(plugin)
    assert separated(Reply("{{hm}}42")).reasoning == ""


def test_names_of_frames_differ() -> None:
    assert len({frame.name for frame in FRAMES}) == len(FRAMES)


pieces = st.sampled_from(
    [
        *("<think>", "</think>", "analysis", "assistantfinal", "[THINK]", "[/THINK]"),
        *("<|channel|>analysis<|message|>", HARMONY_CLOSE, "<|im_end|>"),
        *("\n", " ", "so ", "42", ".", "`", '"'),
    ]
)


@given(st.lists(pieces, max_size=12).map("".join))
def test_nothing_is_lost_and_nothing_comes_twice(text: str) -> None:
    trace = separated(Reply(text))
    if trace.opening is None:
        assert trace.text == trimmed(text)
        assert trace.reasoning == ""
        return
    whole = trace.opening + trace.reasoning + (trace.closing or "") + trace.text
    assert whole.rstrip("\n").endswith(trimmed(text).rstrip("\n"))
    assert answer_of(Reply(text)) in text
    assert trace.finish in ("stop", "length")


@pytest.mark.parametrize(
    "unit",
    [
        "<think>",
        "</think>",
        "<think></think>",
        "the <think> ",
        "`<think>`",
        "analysis",
        "assistantfinal",
        "<|end|>    ",
        "<|channel|>",
        "x</s> ",
        "</s>",
        "\n",
    ],
)
def test_time_is_in_proportion_to_the_text(unit: str) -> None:
    def read(text: str) -> None:
        separated(Reply(text))
        answer_of(Reply(text))

    assert grows_linearly(read, lambda size: unit * (size * 40_000 // len(unit)))


CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"


@pytest.mark.parametrize(
    ("case", "answer", "finish"),
    [
        ("03-harmony-special-tokens", "**204**", "stop"),
        ("04-harmony-stripped", "**204**", "stop"),
        ("06-thinking-tag", "204", "stop"),
        ("07-two-think-blocks", "204", "stop"),
        ("09-unclosed-think-drops", "", "length"),
    ],
)
def test_cases_from_real_models(case: str, answer: str, finish: str) -> None:
    file = CASES / case / "samples_aime24.jsonl"
    if not file.is_file():
        pytest.skip("../shared/cases is not here")
    (line,) = file.read_text(encoding="utf-8").splitlines()
    reply = Reply(json.loads(line)["resps"][0][0])
    assert answer_of(reply) == answer
    assert separated(reply).finish == finish
