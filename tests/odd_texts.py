"""Hypothesis strategies of what a model or a service may send, however odd."""

from __future__ import annotations

import itertools

from hypothesis import strategies as st

from anytime.cutting.frames import FRAMES
from anytime.protocol import Reply

__all__ = ["counts", "json_values", "replies", "tags", "texts"]

SPECIAL = ("<|im_end|>", "</s>", "<|return|>", "<|end|>", "<|eot_id|>", "<｜end▁of▁sentence｜>")

tags = st.sampled_from(
    [
        *itertools.chain.from_iterable((frame.open, frame.close) for frame in FRAMES),
        "<THINK>",
        "<|start|>assistant<|channel|>commentary to=functions.x<|message|>",
        "<|channel|>final <|constrain|>json<|message|>",
        "<reason>",
        "</reason>",
        *SPECIAL,
    ]
)
"""The tags that are known, further forms of some, a user's own, and special tokens."""

_words = st.sampled_from(
    [
        " ",
        "\n",
        "\n\n",
        "\t",
        "\u3000",
        "\0",
        "`",
        '"',
        "'",
        "<",
        "<|",
        "analysis",
        "assistant",
        "so",
        "I am done. ",
        "Let me see: ",
        "ANSWER: 204",
        "Answer: B",
        r"\boxed{",
        r"\boxed{204}",
        "}",
        "- Rome: 1-3\n",
        "Day 4: fly from Rome to Oslo",
        "204",
        "1-3",
        "\u0663",
        "²",
        "é",
        "e\u0301",
        "我需要",
        "😀",
        "\ud83d",
        "|",
        "{",
        "#### ",
        "**",
        "$",
        "(C)",
    ]
)

texts = st.one_of(
    st.sampled_from(["", " ", "\n", "<|im_end|>", "<think>", "</think>", "<think></think>"]),
    st.lists(st.one_of(tags, _words), max_size=24).map("".join),
    st.text(max_size=40),
    st.lists(_words, min_size=1, max_size=4).map(lambda some: "".join(some) * 60),
)
"""Pieces of traces in any order, and anything else."""

counts = st.one_of(
    st.none(), st.sampled_from([-7, 0, 1, 2, 16, 64, 10**9, 10**30]), st.integers(0, 400)
)
"""Numbers of tokens as services tell them."""


@st.composite
def _token_bytes(draw: st.DrawFn, text: str) -> tuple[bytes, ...] | None:
    """Token texts that add up to a text, cut anywhere; or that do not add up to it."""
    kind = draw(st.sampled_from(["none", "exact", "holes", "other", "empty", "around"]))
    if kind == "none":
        return None
    if kind == "other":
        return tuple(draw(st.lists(st.binary(max_size=4), max_size=8)))
    raw = text.encode(errors="replace")
    size = draw(st.integers(1, 7))
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
    if kind == "holes":
        pieces = pieces[::2]
    if kind == "empty":
        pieces = [part for piece in pieces for part in (piece, b"")]
    if kind == "around":
        pieces = [b"<|start|>", *pieces, b"\n", b"<|end|>"]
    return tuple(pieces)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """Whatever a host may hand to a program."""
    text = draw(texts)
    reasoning = draw(st.one_of(st.just(""), texts))
    ids = draw(st.one_of(st.none(), st.lists(st.integers(0, 9), max_size=20)))
    return Reply(
        text,
        reasoning=reasoning,
        hidden_reasoning=draw(st.sampled_from([False, False, False, True])),
        output_tokens=draw(counts),
        reasoning_tokens=draw(st.one_of(st.none(), st.none(), counts)),
        input_tokens=draw(counts),
        token_bytes=draw(_token_bytes(reasoning + text)),
        token_ids=None if ids is None else tuple(ids),
        finish=draw(st.sampled_from(["stop", "length", "filter", "other"])),
        seconds=draw(st.sampled_from([None, 0.0, 2.5])),
        cost=draw(st.sampled_from([None, 0.0, 0.1])),
        failed=draw(st.sampled_from(["", "", "", "", "refusal", "content filter"])),
    )


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.sampled_from([0, 1, -1, 10**9, 10**30, 0.5, -2.5, float("nan"), float("inf")]),
        st.sampled_from(["", " ", "x", "stop", "length", "STOP", "max_tokens", "many", "12"]),
        texts,
    ),
    lambda inside: st.one_of(
        st.lists(inside, max_size=3),
        st.dictionaries(st.sampled_from(["x", "text", "type", "index"]), inside, max_size=3),
    ),
    max_leaves=6,
)
"""Any JSON, NaN included, which Python's own reader takes."""
