"""What marks reasoning in a trace, and telling it from the visible answer.

A model's text may hold its reasoning between tags or in a channel of its own. `FRAMES` lists how
the models we know write it; plugins add to them (`anytime_frames`), and a user names one for a run
(`frame_from`). Everything here reads a text once, from left to right, so it takes time in
proportion to the text.

How a text is split:

* A frame may begin after visible text, and there may be several. Reasoning is all up to the last
  closing tag that visible text follows, the tags and the text between two frames included, so that
  reasoning + text are in the order in which they were written. The answer is the last visible part.
* A closing tag without its opening one closes reasoning that began with the text: chat templates
  write the opening tag into the prompt.
* A frame that is never closed was cut off: the trace did not end (`finish` becomes `length`).
* A tag in quotation marks or back ticks is quoted. So is an opening tag in the middle of a sentence
  that nothing closes.
* Special tokens at the end (`<|im_end|>`) are no text.

Known issues: of a channel whose special tokens were stripped (`analysis ... assistantfinal`) the
beginning is known only where the text begins with it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from anytime.errors import AnytimeError, HiddenReasoningError
from anytime.protocol import Reply

__all__ = [
    "FRAMES",
    "THINK_CLOSE",
    "THINK_OPEN",
    "Frame",
    "answer_of",
    "as_frames",
    "closed",
    "frame_from",
    "framed",
    "known_frames",
    "opened_by",
    "separated",
    "trimmed",
    "unframed_tag",
    "unopened",
    "visible",
    "written",
]

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Frame:
    """How one family of models marks its reasoning.

    Attributes:
        name: In plain words, for messages.
        open: The opening tag, as it is written where a cut trace is handed back.
        close: The closing tag, likewise.
        opens: A regular expression of all forms of the opening tag; empty: `open` alone. It matches
            in bounded time, and a form begins with the first sign of `open`, or with all of it
            where that is a letter or digit: those are looked for first.
        closes: The same for the closing tag.
        first: Its opening tag counts at the beginning of a text only.
    """

    name: str
    open: str
    close: str
    opens: str = ""
    closes: str = ""
    first: bool = False

    def __hash__(self) -> int:
        """By its tags: frames are looked up for every text, and there are many."""
        return hash((self.open, self.close))


def _tag(name: str) -> Frame:
    """`<name>...</name>`, in small or capital letters."""
    bare = re.escape(name)
    return Frame(name, f"<{name}>", f"</{name}>", rf"(?i:<{bare}>)", rf"(?i:</{bare}>)")


_CHANNEL = r"(?:<\|end\|>\s{0,4})?(?:<\|start\|>assistant\s{0,4})?<\|channel\|>"
_MESSAGE = r"(?:\s{0,4}<\|constrain\|>\w{1,20})?\s{0,4}<\|message\|>"

FRAMES: tuple[Frame, ...] = (
    _tag("think"),  # DeepSeek-R1, Qwen3, QwQ, GLM, MiniMax, Phi-4 reasoning and many more
    _tag("thinking"),
    _tag("thought"),  # EXAONE Deep
    _tag("thoughts"),
    _tag("reasoning"),
    _tag("seed:think"),  # Seed-OSS
    Frame("[THINK]", "[THINK]", "[/THINK]"),  # Magistral
    Frame("◁think▷", "◁think▷", "◁/think▷"),  # Kimi
    Frame("thought markers", "<|begin_of_thought|>", "<|end_of_thought|>"),  # OpenThinker, Sky-T1
    Frame("thinking markers", "<|START_THINKING|>", "<|END_THINKING|>"),  # Command A
    Frame("inner markers", "<|inner_prefix|>", "<|inner_suffix|>"),  # Apertus
    Frame("gemma channel", "<|channel>thought\n", "<channel|>"),
    Frame(  # gpt-oss: whatever is said on another channel than the final one
        "harmony channels",
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
        rf"{_CHANNEL}(?:analysis|commentary)[^<\n]{{0,60}}{_MESSAGE}",
        rf"{_CHANNEL}final{_MESSAGE}",
    ),
    Frame(  # the same where the special tokens were stripped
        "stripped harmony channels",
        "analysis",
        "assistantfinal",
        r"analysis(?=[A-Z0-9*#(\\$\"'])",
        first=True,
    ),
    Frame(  # s1
        "turns of think and answer",
        "<|im_start|>think\n",
        "\n<|im_start|>answer\n",
        r"<\|im_start\|>think(?![\w-])",
        r"(?:<\|im_end\|>\s{0,4})?<\|im_start\|>answer(?![\w-])",
    ),
)
"""The first one is used where a provider keeps reasoning apart and a trace is handed back as one
text."""

_ENDS = (
    "<|im_end|>",
    "</s>",
    "<|return|>",
    "<|end|>",
    "<|call|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end_of_text|>",
    "<|end_of_turn|>",
    "<|end_of_solution|>",
    "<|end_of_role|>",
    "<|END_OF_TURN_TOKEN|>",
    "<|END_RESPONSE|>",
    "<|endofprompt|>",
    "<|eos|>",
    "<|pad|>",
    "<|user|>",
    "<|observation|>",
    "<end_of_turn>",
    "<end_of_utterance>",
    "<turn|>",
    "<eos>",
    "<pad>",
    "<seed:eos>",
    "[EOS]",
    "[e~[",
    "[|endofturn|]",
    "<｜end▁of▁sentence｜>",
    "<|end▁of▁sentence|>",
    "<\uff5cUser\uff5c>",
)
"""Special tokens that may stand at the end of a text where a back end does not skip them."""


class _Mark(NamedTuple):
    """A tag: where it begins and ends, of which frame it is, and whether it opens."""

    start: int
    end: int
    frame: int
    opens: bool


class _Block(NamedTuple):
    """One frame in a text: where its tags begin and end; `stop` is None where it is not closed."""

    start: int
    inside: int
    stop: int | None
    end: int
    frame: int


def known_frames() -> tuple[Frame, ...]:
    """Our frames, and those that plugins bring."""
    from anytime import plugins

    return FRAMES + plugins.known_frames()


def frame_from(pair: str, where: str = "") -> Frame:
    """Read a user's own pair of tags: `OPEN CLOSE`, a space between the two.

    Args:
        pair: As the user wrote it.
        where: Follows the name of the setting in an error, such as ` in --metadata`.

    Raises:
        AnytimeError: They are no pair.
    """
    parts = pair.split() if isinstance(pair, str) else []
    if len(parts) != 2 or parts[0] == parts[1]:
        raise AnytimeError(
            f"frame {pair!r}{where} is no pair of tags: write the opening and the closing one "
            f"with a space between them, such as '<reason> </reason>'"
        )
    opening, closing = parts
    return Frame("your own frame", opening, closing)


def as_frames(own: str | None) -> tuple[Frame, ...]:
    """The frames a run goes by: the user's own pair, if there is one, before all known ones."""
    return known_frames() if own is None else (frame_from(own), *known_frames())


def separated(reply: Reply, own: str | None = None) -> Reply:
    """The reply with framed reasoning moved from its text to where reasoning belongs.

    Args:
        reply: As a provider gave it.
        own: The user's own pair of tags.

    Returns:
        The reply itself where nothing is framed. Else `opening` and `closing` hold the tags as the
        model wrote them, and `finish` is `length` where the last frame is not closed.
    """
    text = trimmed(reply.text)
    whole = reply if text == reply.text else dataclasses.replace(reply, text=text)
    if whole.reasoning:
        return whole
    frames = as_frames(own)
    blocks = _blocks(text, frames)
    if not blocks:
        return whole
    parts = _visible_parts(text, blocks)
    shown = [place for place, part in enumerate(parts) if part is not None]
    is_open = blocks[-1].stop is None
    if not is_open and shown == [0]:  # the answer, then thoughts on it
        return whole
    opening, begin = "", 0
    if parts[0] is None:
        opening, begin = _opening(text, blocks[0], frames[blocks[0].frame])
    if is_open:
        return dataclasses.replace(
            whole,
            reasoning=text[begin : _before_breaks(text, len(text), begin)],
            text="",
            opening=opening,
            closing="",
            finish="filter" if whole.finish == "filter" else "length",
        )
    last = blocks[(shown[-1] if shown else len(blocks)) - 1]
    stop = _before_breaks(text, len(text) if last.stop is None else last.stop, begin)
    end = _after_breaks(text, last.end, len(text))
    return dataclasses.replace(
        whole,
        reasoning=text[begin:stop],
        text=text[end:],
        opening=opening,
        closing=text[stop:end],
    )


def _opening(text: str, block: _Block, frame: Frame) -> tuple[str, int]:
    """The opening tag of a text that begins with one, and where the reasoning begins."""
    stop = len(text) if block.stop is None else block.stop
    begin = _after_breaks(text, block.inside, stop)
    if block.start < block.inside:
        return text[:begin], begin
    # Its opening tag stands in the prompt, or was stripped to a bare word.
    if text.startswith(frame.open, begin):
        return "", begin
    return _line_of(frame.open) + text[:begin], begin


def answer_of(reply: Reply, own: str | None = None) -> str:
    """The visible text that is graded: the last part of it that no frame holds."""
    text = trimmed(reply.text)
    blocks = _blocks(text, as_frames(own))
    if not blocks:
        return text
    parts = _visible_parts(text, blocks)
    found = next((part for part in reversed(parts) if part is not None), None)
    if found is None:
        return ""
    start, stop = found
    return text[_after_breaks(text, start, stop) : stop]


def unframed_tag(text: str, own: str | None = None) -> str | None:
    """A known tag in a text that is graded, where no frame was read: the first one, as written.

    A quoted one is none.
    """
    frames = as_frames(own)
    for mark in _marks(text, frames):
        return text[mark.start : mark.end].strip()
    return None


def visible(reply: Reply, own: str | None = None) -> Reply:
    """The trace, reasoning and text apart.

    Raises:
        HiddenReasoningError: The provider withheld the reasoning.
    """
    trace = separated(reply, own)
    nothing_shows = not trace.text and not trace.reasoning
    # A cap spent on nothing that shows was spent on reasoning, counted as such or not.
    unseen = nothing_shows and trace.finish == "length" and bool(trace.output_tokens)
    framed = trace.opening is not None  # an empty frame takes tokens and holds none
    withheld = unseen or (bool(reply.reasoning_tokens) and not trace.reasoning and not framed)
    if reply.hidden_reasoning or withheld:
        raise HiddenReasoningError(
            "this model's reasoning is hidden (the provider encrypts, summarises or withholds it), "
            "so its trace cannot be cut: use mode=contract, which runs once per budget instead"
        )
    return trace


def written(trace: Reply, reasoning: str, text: str, *, in_reasoning: bool) -> str:
    """The beginning of a trace as the model wrote it, frame included.

    Args:
        trace: The whole trace, from `separated`.
        reasoning: The beginning of its reasoning.
        text: The beginning of its visible text.
        in_reasoning: The beginning ends before the reasoning does.
    """
    if trace.opening is None and not trace.reasoning:
        return text
    if trace.opening is None:
        opening, closing = _line_of(FRAMES[0].open), _closing_line(FRAMES[0])
    else:
        opening, closing = trace.opening, trace.closing or ""
    return opening + reasoning + ("" if in_reasoning else closing + text)


def framed(reasoning: str, text: str, *, closed: bool) -> str:
    """One text of reasoning that was kept apart and what followed it, as most models write it.

    Args:
        reasoning: All of it.
        text: The visible text.
        closed: The reasoning had come to its end.
    """
    opening = _line_of(FRAMES[0].open)
    return (
        f"{opening}{reasoning}{_closing_line(FRAMES[0])}{text}" if closed else opening + reasoning
    )


def closed(trace: Reply, begun: str, *, in_reasoning: bool, own: str | None = None) -> str:
    """What closes the reasoning that a beginning of a trace breaks off in; empty where none is.

    Args:
        trace: The whole trace, from `separated`.
        begun: Its beginning, from `written`.
        in_reasoning: The beginning ends before the reasoning does.
        own: The user's own pair of tags.
    """
    if not in_reasoning:
        return ""
    if trace.opening is None:
        return _closing_line(FRAMES[0])
    frames = as_frames(own)
    blocks = _blocks(begun, frames)
    if not blocks or blocks[-1].stop is not None:  # between two frames, or before the first
        return ""
    return trace.closing or _closing_line(frames[blocks[-1].frame])


def _line_of(tag: str) -> str:
    """A tag as models write it: the angular ones on a line of their own."""
    return f"{tag}\n" if re.fullmatch(r"<[^|\s]*>", tag) else tag


def _closing_line(frame: Frame) -> str:
    line = _line_of(frame.close)
    return line if line == frame.close else f"\n{line}\n"


def opened_by(context: object, own: str | None = None) -> str:
    """The opening tag that a rendered prompt ends with, and white space; empty where it does not.

    Chat templates of reasoning models begin the reasoning themselves.
    """
    if not isinstance(context, str):
        return ""
    tail = context[-_LONGEST_TAG:]
    end = tail.rstrip()
    marks = list(_marks(end, as_frames(own)))
    if not marks or not marks[-1].opens or marks[-1].end != len(end):
        return ""
    return tail[marks[-1].start :]


def unopened(context: str, prefix: str, own: str | None = None) -> str:
    """A prompt without the opening tag it ends with, where the text that follows brings its own."""
    opening = opened_by(context, own).rstrip()
    if opening and prefix.startswith(opening):
        return context.rstrip().removesuffix(opening)
    return context


def trimmed(text: str) -> str:
    """A text without the special tokens at its end; itself where there are none."""
    shown = end = len(text.rstrip())
    while text.endswith(_ENDS, 0, end):
        token = next(token for token in _ENDS if text.endswith(token, 0, end))
        end = _before_blank(text, end - len(token))
    return text if end == shown else text[:end]


_LONGEST_TAG = 200
_NEAR = 64
"""So many characters before a tag tell whether it begins a sentence: white space alone does."""
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»"}
_BEFORE_QUOTE = " \t\n(["
_SENTENCE_ENDS = ".!?:;…>*)]}\n"
_SHOWS = re.compile(r"\S")


class _Tags(NamedTuple):
    """What to look for: where a tag may begin, and all tags, each a named group."""

    hints: re.Pattern[str]
    forms: re.Pattern[str]


@lru_cache(maxsize=8)
def _tags(frames: tuple[Frame, ...]) -> _Tags:
    forms = []
    for place, frame in enumerate(frames):
        forms.append(f"(?P<opens_{place}>{frame.opens or re.escape(frame.open)})")
        forms.append(f"(?P<closes_{place}>{frame.closes or re.escape(frame.close)})")
    hints = {
        hint
        for frame in frames
        for tag, forms_of_it in ((frame.open, frame.opens), (frame.close, frame.closes))
        for hint in _hints(tag.strip(), bool(forms_of_it) and frame not in FRAMES)
    }
    # Of most texts with very many "<|" none is a tag, which a letter tells sooner than all forms.
    tags = [tag.strip() for frame in frames for tag in (frame.open, frame.close)]
    begins = "|".join(re.escape(hint) + _NEXT_LETTER * _lettered(hint, tags) for hint in hints)
    return _Tags(re.compile(begins), re.compile("|".join(forms)))


_NEXT_LETTER = r"(?=\w)"


def _lettered(hint: str, tags: Sequence[str]) -> bool:
    """Whether a letter or digit follows in all tags that begin with two signs."""
    behind = [tag[len(hint) :] for tag in tags if tag.lower().startswith(hint.lower())]
    return len(hint) == 2 and all(rest[:1].isalnum() for rest in behind)


def _hints(tag: str, other_forms: bool) -> set[str]:
    """What a tag begins with: all forms of ours, and of any tag without forms, with two signs."""
    if tag[0].isalnum():
        return {tag}
    return {tag[0]} if other_forms else {tag[:2], tag[:2].lower(), tag[:2].upper()}


@lru_cache(maxsize=8)  # a trace is looked at for several reasons, one after another
def _marks(text: str, frames: tuple[Frame, ...]) -> tuple[_Mark, ...]:
    """The tags in a text, quoted ones aside."""
    return tuple(_found_marks(text, frames))


def _found_marks(text: str, frames: tuple[Frame, ...]) -> Iterator[_Mark]:
    tags = _tags(frames)
    begin = _SHOWS.search(text)
    done = 0
    # Searching for all forms at once would try each of them at every character.
    for hint in tags.hints.finditer(text):
        found = tags.forms.match(text, hint.start()) if hint.start() >= done else None
        if found is None:
            continue
        start, done = found.span()
        kind, _, number = (found.lastgroup or "").partition("_")
        place, opens = int(number), kind == "opens"
        if opens and frames[place].first and begin is not None and start > begin.start():
            continue
        if not _is_quoted(text, start, done):
            yield _Mark(start, done, place, opens)


def _is_quoted(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    if before == after == "`":
        return True
    # A mark that ends a quotation just before the tag begins none: a blank stands before those.
    opens = start < 2 or text[start - 2] in _BEFORE_QUOTE
    return before != "" and _QUOTES.get(before) == after and opens


@lru_cache(maxsize=4)  # a trace is parted, measured and graded one after the other
def _blocks(text: str, frames: tuple[Frame, ...]) -> tuple[_Block, ...]:
    """The frames in a text, in order; only the last may be open."""
    marks = _marks(text, frames)
    last_close = {mark.frame: mark.start for mark in marks if not mark.opens}
    blocks: list[_Block] = []
    begun: _Mark | None = None
    done = 0
    for mark in marks:
        if begun is None:
            if not mark.opens:
                blocks.append(_Block(done, done, mark.start, mark.end, mark.frame))
                done = mark.end
            elif last_close.get(mark.frame, -1) > mark.start or _begins(text, done, mark.start):
                begun = mark
        elif not mark.opens and (
            mark.frame == begun.frame or last_close.get(begun.frame, -1) < mark.start
        ):
            blocks.append(_Block(begun.start, begun.end, mark.start, mark.end, begun.frame))
            begun, done = None, mark.end
    if begun is not None:
        blocks.append(_Block(begun.start, begun.end, None, len(text), begun.frame))
    return tuple(blocks)


def _begins(text: str, since: int, start: int) -> bool:
    """Whether a tag that nothing closes begins a sentence, as one that opens reasoning does."""
    before = text[max(since, start - _NEAR) : start]
    said = before.rstrip()
    return not said or "\n" in before[len(said) :] or said[-1] in _SENTENCE_ENDS


def _visible_parts(text: str, blocks: Sequence[_Block]) -> list[tuple[int, int] | None]:
    """Where the text before, between and after frames stands; None where it is blank."""
    starts = [0, *(block.end for block in blocks)]
    stops = [*(block.start for block in blocks), len(text)]
    return [
        (start, stop) if _SHOWS.search(text, start, stop) else None
        for start, stop in zip(starts, stops, strict=True)
    ]


def _before_blank(text: str, end: int) -> int:
    while end and text[end - 1].isspace():
        end -= 1
    return end


def _before_breaks(text: str, end: int, since: int) -> int:
    return since + len(text[since:end].rstrip("\n"))


def _after_breaks(text: str, start: int, stop: int) -> int:
    return stop - len(text[start:stop].lstrip("\n"))
