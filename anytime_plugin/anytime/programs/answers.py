"""Forced answers: where they end, what is graded of them, and how much of them is reasoning.

A forced answer is an answer and no second chance to think. A model may think in it all the same,
inside a frame or in plain sight; both are counted (`leaked reasoning`).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from anytime.cutting.ends import checked_count, ended
from anytime.cutting.frames import answer_of, separated, unframed_tag
from anytime.cutting.tokens import CutSource
from anytime.domains.base import Domain, Problem
from anytime.programs.checkpoints import Checkpoint
from anytime.protocol import Reply
from anytime.settings import Continuation

__all__ = [
    "NO_RULES",
    "AnswerRules",
    "Place",
    "answer_reader",
    "answer_rules",
    "forced_answer",
    "leaked_tokens",
]


def _unchanged(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """What a domain says of a forced answer's text.

    Attributes:
        stop: Strings that end an answer that was begun in the model's place.
        end: Where the first complete answer ends in such a text: a model that runs on goes to
            problems of its own.
        strip: Removes what states an answer from a text; what it leaves before the answer is
            reasoning. The text itself where none is stated.
    """

    stop: tuple[str, ...] = ()
    end: Callable[[str], int] = len
    strip: Callable[[str], str] = _unchanged


NO_RULES = AnswerRules()
"""For third-party tasks: nothing is known of what their answers look like."""


def answer_rules(domain: Domain | None) -> AnswerRules:
    """The rules of a domain; none for a third-party task."""
    if domain is None:
        return NO_RULES
    return AnswerRules(domain.stop, domain.end_of_answer, domain.strip)


def answer_reader(domain: Domain, problem: Problem) -> Callable[[str], str | None]:
    """What answer to a problem a text states, in normal form; None where none can be read.

    What it is worth is left where it is: rules that stop a trace must not know.
    """

    def read(text: str) -> str | None:
        grade = domain.grade(problem, text)
        return grade.answer if grade.parsed is not False and grade.answer else None

    return read


def answer_checker(domain: Domain, problem: Problem) -> Callable[[str], float] | None:
    """How good a domain finds an answer from the problem alone; None where it cannot tell.

    The checker is handed no gold answer.
    """
    if domain.check is None:
        return None
    return partial(domain.check, replace(problem, gold=""))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a trace was cut for a forced answer.

    Attributes:
        tokens: Trace tokens up to there.
        end: Characters of reasoning + text up to there.
        source: How it was found.
    """

    tokens: int
    end: int
    source: CutSource


def forced_answer(
    budget: int,
    place: Place,
    reply: Reply,
    *,
    begun: str,
    cap: int,
    continuation: Continuation,
    rules: AnswerRules,
    frame: str | None = None,
) -> Checkpoint:
    """The checkpoint that a forced answer gives.

    Args:
        budget: In trace tokens.
        place: Where the trace was cut.
        reply: What the model said.
        begun: The first words of the answer, where they were put into the model's mouth.
        cap: The most tokens it was allowed.
        continuation: How the cut trace was handed back.
        rules: The domain's.
        frame: The user's own pair of tags around reasoning.
    """
    if reply.failed:
        return Checkpoint(
            budget=budget,
            answer="",
            forced=True,
            tokens=place.tokens,
            answer_tokens=None,
            leaked_reasoning_tokens=0,
            finish=reply.finish,
            cut=place.source,
            continuation=continuation,
            end=place.end,
            seconds=reply.seconds,
            cost=reply.cost,
            failed=reply.failed,
        )
    reply, doubt = checked_count(reply, cap)
    said = answer_of(reply, frame)
    whole = begun + said
    answer = whole[: rules.end(whole)] if begun else said
    finish = ended(separated(reply, frame).finish, reply.output_tokens, cap)
    reply = dataclasses.replace(reply, finish=finish)
    return Checkpoint(
        budget=budget,
        answer=answer,
        forced=True,
        tokens=place.tokens,
        answer_tokens=reply.output_tokens,
        leaked_reasoning_tokens=leaked_tokens(reply, begun, rules, frame),
        finish=finish,
        cut=place.source,
        continuation=continuation,
        end=place.end,
        seconds=reply.seconds,
        cost=reply.cost,
        unframed=unframed_tag(answer, frame),
        doubt=doubt or None,
        probability=reply.probability,
    )


def leaked_tokens(reply: Reply, begun: str, rules: AnswerRules, frame: str | None = None) -> int:
    """Reasoning in a forced answer: in a frame, reported by the provider, or in plain sight.

    In plain sight it is what stands before the answer begins, taken by its share of the text.
    Where no answer begins, all of it is reasoning if it was cut off at its cap; if it ended by
    itself it is no reasoning but an answer that cannot be read.

    Args:
        reply: The forced answer.
        begun: The first words of it, where they were put into the model's mouth.
        rules: The domain's.
        frame: The user's own pair of tags.
    """
    answer = separated(reply, frame)
    shown = answer.reasoning + answer.text
    aloud = _thought_aloud(answer_of(reply, frame), begun, rules, capped=reply.finish == "length")
    if reply.output_tokens is None:
        # A floor: most tokenizers make more of a word.
        framed = reply.reasoning_tokens or len(answer.reasoning.split())
        return framed + len(aloud.split())
    if not shown:
        return min(reply.output_tokens, reply.reasoning_tokens or 0)
    framed = 0
    if answer.reasoning:
        framed = max(1, round(reply.output_tokens * len(answer.reasoning) / len(shown)))
    if reply.reasoning_tokens and (reply.reasoning or not answer.reasoning):
        framed = reply.reasoning_tokens
    visible = round((reply.output_tokens - framed) * len(aloud) / max(1, len(answer.text)))
    return min(reply.output_tokens, framed + max(0, visible))


_SENTENCE = re.compile(r"[^\n]{0,400}?(?:[.!?:](?=\s)|\n|\Z)")


def _thought_aloud(said: str, begun: str, rules: AnswerRules, *, capped: bool) -> str:
    """The beginning of a visible text that comes before its answer."""
    if begun:
        whole = begun + said
        said = whole[len(begun) : rules.end(whole)]
    stripped = rules.strip(said)
    if stripped == said:
        whole = begun + said
        # What was begun may state something by itself: it counts if it took the model's words in.
        stated = bool(begun) and not rules.strip(whole).endswith(said)
        return "" if stated or not capped or rules.strip is _unchanged else said
    same = (place for place, (a, b) in enumerate(zip(said, stripped, strict=False)) if a != b)
    before = said[: next(same, min(len(said), len(stripped)))]
    if not begun:
        return before
    # What was begun goes on to the end of its line or sentence, whatever that looks like alone.
    first = _SENTENCE.match(before)
    return before[first.end() :] if first else before
