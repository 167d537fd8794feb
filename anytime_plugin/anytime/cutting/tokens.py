"""Where a trace is cut: the text of its first so many tokens.

The boundaries come from the best source there is, and the source is recorded with every cut:

* `exact`: the token texts that came with the reply.
* `tokenizer`: a tokenizer run over the trace's text. It may split otherwise than the model did
  while writing, and it sees no token that the text does not show (end of turn, think tags).
* `calibrated`: the back end's token count, spread over the text (`anytime.cutting.calibration`).
* `estimated`: a count that was itself estimated from the text, where a finished log has none.

A cut never ends inside a character: where a token ends within one, the cut ends before it. A
character is a code point; a letter and its combining accent may be parted, as tokens part them.
"""

from __future__ import annotations

import copy
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import ceil
from pathlib import Path
from typing import Any, Literal, Protocol, overload

from anytime import distribution
from anytime.cutting.calibration import estimate, spread
from anytime.cutting.texts import encodable
from anytime.errors import AnytimeError
from anytime.protocol import Reply

__all__ = [
    "Cut",
    "CutSource",
    "Ruler",
    "Tokenizer",
    "counter",
    "cut_error",
    "from_tokenizers",
    "load_tokenizer",
    "measure",
]

CutSource = Literal["exact", "tokenizer", "calibrated", "estimated"]  # best first

_CUT_ERRORS: dict[str, dict[int, float]] = {
    "calibrated": {16: 0.125, 64: 0.094, 256: 0.051, 1024: 0.043, 4096: 0.027},
    "estimated": {16: 0.19, 64: 0.17, 256: 0.19, 1024: 0.12, 4096: 0.12},
}
"""By budget, the share of it that 95 % of cuts are off by at most: measured by
`python -m benchmarks.calibration` on real traces with four real tokenizers (docs/methods.md)."""


def cut_error(source: str, budget: int) -> float:
    """How far off a cut may be, as a share of its budget: 95 % keep to it; 0 for exact ones.

    Below the smallest budget that was measured it grows as one token does against the budget.
    """
    known = _CUT_ERRORS.get(source)
    if known is None or budget < 1:
        return 0.0
    smaller = [at for at in known if at <= budget]
    smallest = min(known)
    return known[max(smaller)] if smaller else known[smallest] * smallest / budget


class Tokenizer(Protocol):
    """What cutting needs of a tokenizer."""

    def __hash__(self) -> int:
        """Tell it from others, for caches."""

    def ends(self, text: str) -> Sequence[int]:
        """Say, for each token of the text, how many whole characters there are up to its end."""

    def encode(self, text: str) -> list[int]:
        """Return the ids of the text's tokens, without special tokens around them."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The beginning of a trace.

    Attributes:
        reasoning: Prefix of the trace's reasoning.
        text: Prefix of its visible text; empty while the cut lies in the reasoning.
        tokens: Tokens in the prefix, at most the budget it was cut at. Of a reply that has
            `token_ids` and was cut `exact`, they are the first so many ids.
        in_reasoning: The reasoning is still open: the prefix holds no visible text, nor the end
            tag of the reasoning where the token texts show one.
        source: What the cut's place was taken from.
    """

    reasoning: str
    text: str
    tokens: int
    in_reasoning: bool
    source: CutSource

    @property
    def end(self) -> int:
        """Character offset of the cut in reasoning + text."""
        return len(self.reasoning) + len(self.text)


@dataclass(frozen=True, slots=True)
class Ruler:
    """The token boundaries of one trace (reasoning, then text), in the tokens of its source.

    Attributes:
        reasoning: All of it, as is `text`.
        text: The visible text.
        length: Tokens of the whole trace: the token texts (an end-of-turn token included), the
            tokenizer's own count whatever the back end counted, so that budgets and lengths are
            counted alike, or the back end's count.
        source: Where the boundaries came from.
        counts: Places where the trace may be cut, as tokens up to there, ascending; fractions
            where they are estimated.
        ends: The same places as character offsets in reasoning + text, not descending.
        closed_at: Tokens up to and including the end tag of the reasoning; None where the source
            does not show one.
    """

    reasoning: str
    text: str
    length: int
    source: CutSource
    counts: Sequence[float]
    ends: Sequence[int]
    closed_at: int | None = None

    def cut(self, budget: int) -> Cut:
        """Cut the trace after `budget` tokens; everything where it has no more than that.

        A negative budget raises ValueError.
        """
        if budget < 0:
            raise ValueError(f"a budget cannot be negative: {budget}")
        place = bisect_right(self.counts, budget) - 1
        if self.source == "tokenizer":
            # A token that completes no character is no place to cut.
            while place >= 0 and self.ends[place] == (self.ends[place - 1] if place else 0):
                place -= 1
        tokens, end = (ceil(self.counts[place]), self.ends[place]) if place >= 0 else (0, 0)
        if self.source in ("calibrated", "estimated"):
            # Counts are expectations here. The place before the budget would be early every time,
            # by half a piece of text; the nearest one is early as often as late.
            before = self.counts[place] if place >= 0 else 0.0
            if place + 1 < len(self.counts) and self.counts[place + 1] + before < 2 * budget:
                place += 1
                tokens, end = min(budget, round(self.counts[place])), self.ends[place]
        if budget >= self.length:
            tokens, end = self.length, len(self.reasoning) + len(self.text)
        closed = self.closed_at is not None and tokens >= self.closed_at
        return Cut(
            reasoning=self.reasoning[:end],
            text=self.text[: max(0, end - len(self.reasoning))],
            tokens=tokens,
            in_reasoning=0 < len(self.reasoning) >= end and not closed,
            source=self.source,
        )


def measure(reply: Reply, tokenizer: Tokenizer | None = None, *, estimated: bool = False) -> Ruler:
    """Find the token boundaries of a trace from the best source the reply allows.

    Args:
        reply: The trace; its reasoning is not hidden.
        tokenizer: Used where the reply has no token texts that cover the whole trace.
        estimated: Where nobody counted either, estimate the count from the text, as is only right
            where it is too late to ask for one.

    Raises:
        AnytimeError: There are neither token texts, nor a tokenizer, nor a token count.
    """
    reasoning, text = reply.reasoning, reply.text
    trace = reasoning + text
    if not trace:
        return Ruler("", "", 0, "exact", (), ())
    if reply.token_bytes:
        exact = _exact(reply.token_bytes, reasoning, text)
        if exact is not None:
            return exact
    if tokenizer is not None:
        # Separately, as an end tag stood between them that no token spans.
        ends = _Joined(reasoning, tokenizer.ends(reasoning), text, tokenizer.ends(text))
        return Ruler(reasoning, text, len(ends), "tokenizer", range(1, len(ends) + 1), ends)
    if reply.output_tokens or estimated:
        count = reply.output_tokens or max(1, estimate(trace))
        places, spent = spread(trace, count)
        source: CutSource = "calibrated" if reply.output_tokens else "estimated"
        return Ruler(reasoning, text, count, source, spent, places)
    raise AnytimeError(
        "this back end reports neither token texts nor a token count, so its traces cannot be cut: "
        "name a tokenizer (tokenizer=FILE, DIRECTORY or HUB_ID)"
    )


class _Joined(Sequence[int]):
    """Ends of the tokens of two texts, as offsets in both together, looked up where asked for.

    Text after a part's last token, white space say, belongs to that token.
    """

    def __init__(self, first: str, ends: Sequence[int], second: str, more: Sequence[int]) -> None:
        self._first, self._second = (len(first), len(ends), ends), (len(second), len(more), more)

    def __len__(self) -> int:
        return self._first[1] + self._second[1]

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> list[int]: ...
    def __getitem__(self, place: int | slice) -> int | list[int]:
        if isinstance(place, slice):
            return [self[k] for k in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(place)
        base = 0
        size, tokens, ends = self._first
        if place >= tokens:
            base, place = size, place - tokens
            size, tokens, ends = self._second
        return base + (size if place == tokens - 1 else min(ends[place], size))


def _exact(token_bytes: Sequence[bytes], reasoning: str, text: str) -> Ruler | None:
    """Align the trace with its token texts; None where they do not cover it."""
    joined = b"".join(token_bytes)
    edges = list(accumulate(map(len, token_bytes)))
    raw_reasoning, raw_text = (part.encode("utf-8", "surrogatepass") for part in (reasoning, text))
    places = _align(joined, {0, *edges}, raw_reasoning, raw_text)
    if places is None:
        return None
    reasoning_at, text_at = places
    reasoning_ends, text_ends = _byte_ends(reasoning), _byte_ends(text)
    reasoning_stop = reasoning_at + len(raw_reasoning)
    # An end tag stands between the two; without one only visible text closes the reasoning.
    tagged = bool(reasoning) and bool(joined[reasoning_stop:text_at].strip())
    counts, ends, before = [], [], 0
    closed_at: int | None = None
    for count, edge in enumerate(edges, 1):
        if edge < text_at:
            base, size, known = 0, edge - reasoning_at, reasoning_ends
        else:
            base, size, known = len(reasoning), edge - text_at, text_ends
        whole = bisect_right(known, size)
        end = base + whole
        inside_character = 0 < size < (known[-1] if known else 0) and known[whole - 1] != size
        # A cut inside the end tag goes back to the end of the reasoning: half a tag handed back
        # would be closed twice.
        inside_tag = reasoning_stop < edge < text_at
        if end > before or not (inside_character or inside_tag):
            counts.append(count)
            ends.append(end)
        if tagged and closed_at is None and edge >= text_at:
            closed_at = count
        before = end
    return Ruler(reasoning, text, len(edges), "exact", counts, ends, closed_at)


def _align(joined: bytes, edges: set[int], reasoning: bytes, text: bytes) -> tuple[int, int] | None:
    """Byte offsets of reasoning and text in the joined token texts.

    Wrappers stand around them: think tags or channel headers before, an end-of-turn token after.
    A short text can also occur inside a wrapper, so places that begin and end with a token, white
    space aside (providers strip it), come first; and of these the last, as only single end tokens
    follow the text, while the header before it may hold plain words.
    """
    text_at = _find(joined, text, edges, last=True) if text else len(joined)
    if text_at is None:
        return None
    if not reasoning:
        return text_at, text_at
    reasoning_at = _find(joined[:text_at], reasoning, edges, last=False)
    return None if reasoning_at is None else (reasoning_at, text_at)


def _find(joined: bytes, part: bytes, edges: set[int], *, last: bool) -> int | None:
    find = joined.rfind if last else joined.find
    first = start = find(part)
    while start >= 0:
        begin, end = start, start + len(part)
        while begin not in edges and joined[begin - 1 : begin].isspace():
            begin -= 1
        while end not in edges and joined[end : end + 1].isspace():
            end += 1
        if begin in edges and end in edges:
            return start
        start = find(part, 0, start + len(part) - 1) if last else find(part, start + 1)
    # A stop string may have taken the text's end from within a token.
    return first if first >= 0 else None


def _byte_ends(text: str) -> Sequence[int]:
    """Byte offset at which each character of the text ends."""
    if text.isascii():
        return range(1, len(text) + 1)
    return list(accumulate(1 + (c > "\x7f") + (c > "\u07ff") + (c > "\uffff") for c in text))


class _HFTokenizer:
    def __init__(self, tokenizer: Any) -> None:
        # Files saved for training may cut off or pad everything they encode.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        # A trace is counted, then cut.
        self._encoding = lru_cache(maxsize=1)(self._encode)

    def ends(self, text: str) -> Sequence[int]:
        return _EncodingEnds(self._encoding(text))

    def encode(self, text: str) -> list[int]:
        return list(self._encoding(text).ids)

    def _encode(self, text: str) -> Any:
        return self._tokenizer.encode(encodable(text), add_special_tokens=False)


class _EncodingEnds(Sequence[int]):
    """Where the tokens of an encoding end, looked up one by one: a list of all takes far longer."""

    def __init__(self, encoding: Any) -> None:
        self._encoding = encoding

    def __len__(self) -> int:
        return len(self._encoding)

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> list[int]: ...
    def __getitem__(self, place: int | slice) -> int | list[int]:
        if isinstance(place, slice):
            return [self[k] for k in range(*place.indices(len(self)))]
        start, end = self._span(place)
        if start == end:  # a token that shows nothing ends where the one before it does
            return self[place - 1] if place else 0
        # A token that holds the first bytes of a character claims all of it, and so do the tokens
        # with its other bytes: it is whole only where the next token starts after it.
        for later in range(place + 1, len(self)):
            start, stop = self._span(later)
            if start != stop:
                return min(end, start)
        return end

    def _span(self, place: int) -> tuple[int, int]:
        if not 0 <= place < len(self):
            raise IndexError(place)
        span: tuple[int, int] | None = self._encoding.token_to_chars(place)
        return span or (0, 0)


def from_tokenizers(tokenizer: Any) -> Tokenizer:
    """Wrap a `tokenizers.Tokenizer` that a host has loaded; the host's own is not changed."""
    return _HFTokenizer(copy.deepcopy(tokenizer))


@lru_cache(maxsize=8)
def counter(tokenizer: Tokenizer | None) -> Callable[[str], int]:
    """Counts tokens of texts, estimated without a tokenizer; the same one for each tokenizer."""
    return estimate if tokenizer is None else lambda text: len(tokenizer.ends(text))


def load_tokenizer(name: str) -> Tokenizer:
    """Load a tokenizer from a tokenizer.json, from a directory that holds one, or from the hub.

    Raises:
        AnytimeError: The package `tokenizers` is missing, or there is no such tokenizer.
    """
    try:
        import tokenizers
    except ImportError:
        raise AnytimeError(
            f"naming a tokenizer needs the package tokenizers: {distribution.extra('hf')}"
        ) from None
    path = Path(name).expanduser()
    file = path / "tokenizer.json" if path.is_dir() else path
    if file.is_file():
        try:
            return _HFTokenizer(tokenizers.Tokenizer.from_file(str(file)))
        except Exception as error:  # the package raises bare Exception
            message = f"{file} is not a tokenizer ({error}): name a tokenizer.json"
            raise AnytimeError(message) from error
    if path.is_dir():
        raise AnytimeError(f"the directory {path} holds no tokenizer.json: name one that does")
    # A hub id is NAME or OWNER/NAME.
    if (
        path.is_absolute()
        or path.suffix == ".json"
        or not re.fullmatch(r"[\w.-]*\w(/[\w.-]+)?", name)
    ):
        raise AnytimeError(
            f"there is no tokenizer file {name}: name an existing tokenizer.json, a directory that "
            "holds one, or a hub id such as OWNER/MODEL"
        )
    try:
        return _HFTokenizer(tokenizers.Tokenizer.from_pretrained(name))
    except Exception as error:  # whatever the hub client of the day raises
        raise AnytimeError(
            f"the tokenizer {name} is neither a file here nor to be had from the hub "
            f"({type(error).__name__}): name a tokenizer.json or a directory that holds one"
        ) from error
