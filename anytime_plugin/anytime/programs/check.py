"""The mode `check`: several traces share every budget, and the answer that is liked best wins.

As `vote`, but who decides has looked at the answers: a checker of the domain that knows no gold
(a trip's constraints stand in its prompt), or else the model itself, which is shown the problem and
the different answers and names the best; its tokens are spent like any others. Among equally good
ones a plurality decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from anytime.cutting.frames import answer_of
from anytime.programs.checkpoints import Checkpoint, Elicited
from anytime.protocol import Message, Program, Reply, Request

__all__ = ["CHOOSE", "PROBLEM", "answer_heading", "check"]

PROBLEM = "## Problem"
CHOOSE = (
    "Which of these answers to the problem above is the best? Do not solve the problem again. "
    "Reply with its number alone, as in: Best: 1"
)
"""What the model is shown and asked; the built-in simulated model knows these, too."""

ANSWER_CHARACTERS = 4_000
"""Of a longer answer its end is shown: that is where it answers."""

_BEST = re.compile(r"\d+")


def answer_heading(number: int) -> str:
    """What stands above an answer that is to be judged."""
    return f"## Answer {number}"


def check(
    votes: Program[Elicited],
    *,
    read: Callable[[str], str | None],
    checker: Callable[[str], float] | None,
    question: str,
    judge_tokens: int,
    draw: int,
) -> Program[Elicited]:
    """Let a checker choose among the answers that traces have at every budget.

    Requests: those of `votes`; then, where there is no checker, in one batch one for each budget at
    which answers differ.

    Args:
        votes: The program of the traces (`anytime.programs.vote.vote`).
        read: The answer that a text states, in normal form, or None.
        checker: How good an answer is, without the gold answer; None asks the model.
        question: What the model was asked, as it is shown it again.
        judge_tokens: Cap on a judgement.
        draw: Of these requests.

    Returns:
        Checkpoints whose `among` are the answers that are liked best, all of the same reading where
        the model chose. A judgement that cannot be read leaves the vote as it was, and is counted
        in `unjudged`; tokens of judgements are among `tokens`.
    """
    found = yield from votes
    contested: dict[int, list[str]] = {}
    points = list(found.checkpoints)
    for place, point in enumerate(points):
        readings = _readings(point, read)
        if point.failed or len(readings) < 2:
            continue
        if checker is not None:
            points[place] = _liked(point, read, checker)
        else:
            contested[place] = readings
    asked = [
        _judgement(points[place], readings, read, question, judge_tokens, draw)
        for place, readings in contested.items()
    ]
    replies = (yield asked) if asked else []
    unjudged = 0
    for (place, readings), reply in zip(contested.items(), replies, strict=True):
        points[place], told = _chosen(points[place], readings, reply, read)
        unjudged += not told
    return replace(
        found,
        mode="check",
        checkpoints=tuple(points),
        tokens=points[-1].tokens,
        unjudged=unjudged if contested else None,
    )


def _readings(point: Checkpoint, read: Callable[[str], str | None]) -> list[str]:
    """The different answers at a checkpoint, in the order of the traces."""
    read_of = (read(text) for text in point.among or ())
    return list(dict.fromkeys(reading for reading in read_of if reading is not None))


def _liked(
    point: Checkpoint, read: Callable[[str], str | None], checker: Callable[[str], float]
) -> Checkpoint:
    texts = [text for text in point.among or () if read(text) is not None]
    scores = [checker(text) for text in texts]
    most = max(scores)
    best = tuple(text for text, score in zip(texts, scores, strict=True) if score >= most - 1e-9)
    return replace(point, among=best)


def _judgement(
    point: Checkpoint,
    readings: Sequence[str],
    read: Callable[[str], str | None],
    question: str,
    judge_tokens: int,
    draw: int,
) -> Request:
    shown = {read(text): text for text in reversed(point.among or ())}
    parts = [f"{PROBLEM}\n\n{question}"]
    for number, reading in enumerate(readings, 1):
        parts.append(f"{answer_heading(number)}\n\n{shown[reading][-ANSWER_CHARACTERS:].strip()}")
    text = "\n\n".join([*parts, CHOOSE])
    return Request(
        (Message("user", text),),
        judge_tokens,
        "answer",
        thinking=False,
        budget=point.budget,
        draw=draw,
    )


def _chosen(
    point: Checkpoint, readings: Sequence[str], reply: Reply, read: Callable[[str], str | None]
) -> tuple[Checkpoint, bool]:
    """The checkpoint with what the model chose, and whether that could be read."""
    if reply.failed:
        return replace(point, failed=reply.failed), False
    spent = point.tokens
    if spent is not None:
        spent = None if reply.output_tokens is None else spent + reply.output_tokens
    depth = point.depth
    if depth is not None:
        depth = None if reply.output_tokens is None else depth + reply.output_tokens
    point = replace(point, tokens=spent, depth=depth)
    said = _BEST.findall(answer_of(reply))
    number = int(said[-1]) if said and len(said[-1]) < 4 else 0
    if not 1 <= number <= len(readings):
        return point, False
    best = readings[number - 1]
    return replace(point, among=tuple(t for t in point.among or () if read(t) == best)), True
