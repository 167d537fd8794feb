"""Where a trace is cut: hand-checked tables and properties."""

from __future__ import annotations

import json
import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anytime.cutting.calibration import spread
from anytime.cutting.tokens import Tokenizer, load_tokenizer, measure
from anytime.errors import AnytimeError
from anytime.protocol import Reply
from tests.byte_characters import byte_of_character
from tests.scaling import grows_linearly

tokenizers = pytest.importorskip("tokenizers")

ODD_TEXT = st.text(
    st.one_of(
        st.sampled_from("abc XY 12 \n\t.,_\\({"),
        st.sampled_from("🙂👩‍🚀字漢é\u0301\u200d½²θЖ✅\ufffd"),
        st.characters(),
    ),
    max_size=60,
)


def byte_level(texts: list[str], size: int) -> object:
    from tokenizers import models, pre_tokenizers, trainers

    model = tokenizers.Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    model.train_from_iterator(texts, trainer)
    return model


@pytest.fixture(scope="session")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    # The emoji are there so that merges end inside a character.
    model = byte_level([Path(__file__).read_text(encoding="utf-8"), "🙂🙃 🙂🙃 字学 字学"] * 3, 600)
    model.enable_truncation(5)  # as many published files have it; it must not matter here
    model.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


@pytest.fixture(scope="session")
def tokenizer(tokenizer_file: Path) -> Tokenizer:
    return load_tokenizer(str(tokenizer_file))


def cuts(reply: Reply, budgets: range) -> list[tuple[str, str, int, bool]]:
    ruler = measure(reply)
    found = [ruler.cut(b) for b in budgets]
    return [(c.reasoning, c.text, c.tokens, c.in_reasoning) for c in found]


def test_token_texts_of_a_plain_answer():
    reply = Reply("Hi there.", token_bytes=(b"Hi", b" there", b".", b"<eos>"), output_tokens=4)
    assert measure(reply).length == 4
    assert cuts(reply, range(6)) == [
        ("", "", 0, False),
        ("", "Hi", 1, False),
        ("", "Hi there", 2, False),
        ("", "Hi there.", 3, False),
        ("", "Hi there.", 4, False),
        ("", "Hi there.", 4, False),
    ]


def test_wrappers_around_reasoning_and_text_count_as_tokens():
    tokens = (b"<think>", b"\n", b"a", b" b", b"\n", b"</think>", b"\n\n", b"4", b"<|im_end|>")
    reply = Reply("4", reasoning="a b", token_bytes=tokens)
    assert cuts(reply, range(10)) == [
        ("", "", 0, True),
        ("", "", 1, True),
        ("", "", 2, True),
        ("a", "", 3, True),
        ("a b", "", 4, True),
        ("a b", "", 4, True),  # inside the end tag: back to the end of the reasoning
        ("a b", "", 4, True),
        ("a b", "", 7, False),  # the end tag is complete
        ("a b", "4", 8, False),
        ("a b", "4", 9, False),
    ]


def test_a_short_answer_is_not_found_inside_a_wrapper():
    tokens = (b"<think>", b"hm", b"</think>", b"\n\n", b"i", b"<|im_end|>")
    ruler = measure(Reply("i", reasoning="hm", token_bytes=tokens))
    assert [ruler.cut(b).text for b in range(7)] == ["", "", "", "", "", "i", "i"]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        pytest.param(
            (b"a", b"\xf0\x9f", b"\x99\x82", b"b"), ["", "a", "a", "a🙂", "a🙂b"], id="emoji"
        ),
        pytest.param((b"a\xf0", b"\x9f\x99\x82b"), ["", "a", "a🙂b"], id="token-over-two"),
        pytest.param((b"a\xf0", b"\x9f", b"\x99\x82b"), ["", "a", "a", "a🙂b"], id="three"),
    ],
)
def test_a_cut_ends_before_an_incomplete_character(tokens: tuple[bytes, ...], expected: list[str]):
    ruler = measure(Reply("a🙂b", token_bytes=tokens))
    found = [ruler.cut(b) for b in range(len(tokens) + 1)]
    assert [c.text for c in found] == expected
    assert all(b"".join(tokens[: c.tokens]).startswith(c.text.encode()) for c in found)


def test_tokens_of_an_incomplete_character_are_not_counted():
    ruler = measure(Reply("a🙂b", token_bytes=(b"a", b"\xf0\x9f", b"\x99\x82", b"b")))
    assert [ruler.cut(b).tokens for b in range(5)] == [0, 1, 1, 3, 4]


def test_white_space_stripped_by_the_provider():
    tokens = (b" ok", b".\n", b"</think>", b"\n\n So", b".\n")
    ruler = measure(Reply("So.", reasoning="ok.", token_bytes=tokens))
    assert [ruler.cut(b).end for b in range(6)] == [0, 2, 3, 3, 5, 6]


@pytest.mark.parametrize("tokens", [(b"4",), (b"x",), (b"\xef\xbf\xbd", b"4")])
def test_token_texts_that_do_not_cover_the_reasoning_are_not_used(tokens: tuple[bytes, ...]):
    reply = Reply("4", reasoning="two and two", output_tokens=5, token_bytes=tokens)
    assert measure(reply).source == "calibrated"


def test_exact_wins_over_a_named_tokenizer(tokenizer: Tokenizer):
    assert measure(Reply("ab", token_bytes=(b"a", b"b")), tokenizer).source == "exact"
    ruler = measure(Reply("ab", output_tokens=99), tokenizer)
    assert (ruler.source, ruler.length) == ("tokenizer", len(tokenizer.encode("ab")))


def test_an_empty_trace_needs_no_source():
    ruler = measure(Reply(""))
    assert (ruler.length, ruler.cut(0).end, ruler.cut(9).tokens) == (0, 0, 0)


@pytest.mark.parametrize("count", [None, 0])
def test_no_source_says_what_to_name(count: int | None):
    with pytest.raises(AnytimeError, match=r"name a tokenizer \(tokenizer=FILE"):
        measure(Reply("text", output_tokens=count))


def test_a_negative_budget_is_refused():
    with pytest.raises(ValueError, match="negative"):
        measure(Reply("a", output_tokens=1)).cut(-1)


def check(reply: Reply, tokenizer: Tokenizer | None) -> None:
    ruler = measure(reply, tokenizer)
    found = [ruler.cut(b) for b in range(ruler.length + 2)]
    for budget, cut in enumerate(found):
        assert cut.tokens <= budget
        assert reply.reasoning.startswith(cut.reasoning)
        assert reply.text.startswith(cut.text)
        assert not cut.text or cut.reasoning == reply.reasoning
        assert ruler.cut(cut.tokens) == cut
    assert all(a.end <= b.end and a.tokens <= b.tokens for a, b in pairwise(found))
    assert found[0].tokens == 0
    assert found[-1].end == len(reply.reasoning) + len(reply.text)
    assert found[-1].tokens == ruler.length


@settings(max_examples=150, deadline=None)
@given(ODD_TEXT, ODD_TEXT, st.integers(1, 200))
def test_properties_calibrated(reasoning: str, text: str, count: int):
    check(Reply(text, reasoning=reasoning, output_tokens=count), None)


@settings(max_examples=150, deadline=None)
@given(reasoning=ODD_TEXT, text=ODD_TEXT)
def test_properties_tokenizer(tokenizer: Tokenizer, reasoning: str, text: str):
    check(Reply(text, reasoning=reasoning), tokenizer)


def test_lone_surrogates_do_not_crash(tokenizer: Tokenizer):
    reply = Reply("a\ud800b\udfff", reasoning="\ud83d", output_tokens=4, token_bytes=(b"a", b"b"))
    check(reply, None)
    check(reply, tokenizer)


@settings(max_examples=200, deadline=None)
@given(text=ODD_TEXT.filter(bool), pieces=st.lists(st.integers(1, 5), min_size=1, max_size=20))
def test_properties_exact(text: str, pieces: list[int]):
    """Bytes split anywhere: the cut is the whole characters of the first so many tokens."""
    data = text.encode("utf-8", "surrogatepass")
    edges = [0]
    while edges[-1] < len(data):
        edges.append(min(len(data), edges[-1] + pieces[len(edges) % len(pieces)]))
    tokens = tuple(data[a:b] for a, b in pairwise(edges))
    reply = Reply(text, token_bytes=tokens)
    check(reply, None)
    ruler = measure(reply)
    assert ruler.source == "exact"
    for budget in range(len(tokens) + 1):
        joined = b"".join(tokens[:budget])
        cut = ruler.cut(budget).text
        assert joined.startswith(cut.encode("utf-8", "surrogatepass"))
        rest = text[len(cut) :]
        assert not rest or not joined.startswith((cut + rest[0]).encode("utf-8", "surrogatepass"))


@settings(max_examples=150, deadline=None)
@given(text=ODD_TEXT.filter(lambda text: text and not re.search("[\ud800-\udfff]", text)))
def test_tokenizer_and_its_token_texts_cut_alike(
    tokenizer: Tokenizer, tokenizer_file: Path, text: str
):
    table = byte_of_character()
    names = {i: t for t, i in json.loads(tokenizer_file.read_text())["model"]["vocab"].items()}
    tokens = tuple(bytes(table[c] for c in names[i]) for i in tokenizer.encode(text))
    exact, named = measure(Reply(text, token_bytes=tokens)), measure(Reply(text), tokenizer)
    assert exact.length == named.length
    for budget in range(exact.length + 1):
        assert exact.cut(budget).text == named.cut(budget).text


def test_spread_covers_the_text_and_ends_at_the_count():
    ends, counts = spread("Let $x_1 = 12345$.\n\n字 🙂", 14)
    assert (ends[-1], counts[-1]) == (24 - 1, 14)
    assert counts == sorted(counts)


@pytest.mark.parametrize(
    "text",
    ["a" * 60_000, " " * 60_000, "\n" * 60_000, "7" * 60_000, "🙂" * 30_000, "(" * 60_000,
     "So $x_{12} = 345$, and\n\n" * 2_500],
    ids=["letters", "blanks", "breaks", "digits", "emoji", "signs", "prose"],
)  # fmt: skip
def test_calibration_is_quick_on_any_text(text: str):
    def look(times: int) -> None:
        ruler = measure(Reply(text * times, output_tokens=16_000 * times))
        for exponent in range(7):
            ruler.cut(256 << exponent)

    assert grows_linearly(look, lambda times: times)


def test_a_directory_and_a_file_name_the_same_tokenizer(tokenizer_file: Path):
    text = "a longer text than five tokens, which the file would truncate to"
    by_file = load_tokenizer(str(tokenizer_file))
    assert load_tokenizer(str(tokenizer_file.parent)).encode(text) == by_file.encode(text)
    assert len(by_file.encode(text)) > 5


def test_a_hub_id_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch):
    class Unreachable:
        @staticmethod
        def from_pretrained(name: str) -> None:
            raise OSError(name)

    monkeypatch.setattr(tokenizers, "Tokenizer", Unreachable)
    with pytest.raises(AnytimeError, match="some/model is neither a file here nor"):
        load_tokenizer("some/model")


def test_what_is_no_tokenizer_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(AnytimeError, match="is not a tokenizer"):
        load_tokenizer(str(tmp_path / "x.json"))
    with pytest.raises(AnytimeError, match=r"holds no tokenizer\.json"):
        load_tokenizer(str(tmp_path))
    with pytest.raises(AnytimeError, match="there is no tokenizer file"):
        load_tokenizer(str(tmp_path / "absent.json"))
    with pytest.raises(AnytimeError, match="there is no tokenizer file"):
        load_tokenizer("a/b/c")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(AnytimeError, match=r"pip install 'anytime-eval\[hf\]'"):
        load_tokenizer("some/model")
