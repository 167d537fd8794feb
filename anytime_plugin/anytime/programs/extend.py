"""The mode `extend`: a trace that ended early is handed back with "Wait", and goes on.

Budget forcing of s1 (Muennighoff et al., arXiv 2501.19393): more self-revision on purpose. The end
of the reasoning, and the answer after it, are taken off before the trace is handed back; s1 keeps
them from being generated, which no service lets us do, so they are spent here, and count.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import NamedTuple

from anytime.budgets import BudgetGrid
from anytime.cutting.frames import answer_of, unframed_tag
from anytime.cutting.tokens import Cut, Ruler, Tokenizer
from anytime.domains.base import Cue
from anytime.errors import AnytimeError
from anytime.programs.answers import NO_RULES, AnswerRules, Place, forced_answer
from anytime.programs.checkpoints import Checkpoint, Elicited, own_answer, unanswered
from anytime.programs.going_on import joined, onward
from anytime.programs.interrupt import HandingBack, hand_back
from anytime.programs.traced import Traced, traced
from anytime.protocol import Message, Program, Reply, Request
from anytime.settings import Continuation

__all__ = ["WAIT", "extend"]

WAIT = "\n\nWait"
"""What a trace is made to go on with."""


class _Stage(NamedTuple):
    """A trace as it stood when it ended, or was cut off, and what had been taken off before."""

    so_far: Traced
    taken_off: int

    @property
    def spent(self) -> int:
        """All tokens up to its end."""
        return self.taken_off + self.so_far.ruler.length

    @property
    def ended(self) -> bool:
        return self.so_far.trace.finish != "length"


def extend(
    messages: Sequence[Message],
    budgets: BudgetGrid,
    *,
    waits: int,
    cue: Cue,
    continuation: Continuation,
    answer_tokens: int,
    tokenizer: Tokenizer | None = None,
    rules: AnswerRules = NO_RULES,
    frame: str | None = None,
) -> Program[Elicited]:
    """Sample a trace, make it go on where it ends early, and learn its answer at every budget.

    Requests: the trace, capped at the largest budget; while it ends by itself before that, and at
    most `waits` times, the trace handed back to go on; then in one batch the forced answers.

    Args:
        messages: The conversation up to the assistant's turn.
        budgets: Where to cut, in tokens of all parts, those that were taken off included.
        waits: How often it is made to go on.
        cue: How to ask for the answer.
        continuation: How to hand a trace back; `reprompt` cannot make it go on.
        answer_tokens: Cap on the tokens of a forced answer.
        tokenizer: Cuts where replies have no token texts of their own.
        rules: What the domain says of an answer's text.
        frame: The user's own pair of tags around reasoning.

    Returns:
        Checkpoints whose answer is the trace's own where its budget ends with it, or beyond its
        last end, and a forced one elsewhere; `extended` tells how often it went on.

    Raises:
        HiddenReasoningError: The provider withheld the reasoning.
        AnytimeError: The trace cannot go on after a re-prompt, or cannot be cut.
    """
    if continuation == "reprompt":
        raise AnytimeError(
            "mode=extend hands a trace back to go on, which takes a back end that continues a text "
            "(continuation prefill), and this one is asked again (reprompt): run mode=interrupt"
        )
    # Token ids of a text that was put between are nobody's to know.
    how = HandingBack(tuple(messages), Reply(""), cue, "prefill", answer_tokens, rules.stop, frame)
    (whole,) = yield [Request(tuple(messages), budgets.largest, "trace", slice=0)]
    stages: list[_Stage] = []
    taken_off = 0
    while True:
        if whole.failed:
            return replace(unanswered("extend", budgets, whole, frame), options={"waits": waits})
        so_far = traced(whole, budgets.largest - taken_off, tokenizer, frame)
        stages.append(_Stage(so_far, taken_off))
        left = budgets.largest - stages[-1].spent
        if not stages[-1].ended or len(stages) > waits or left <= 0:
            break
        how = how._replace(trace=so_far.trace)
        kept = _without_answer(so_far, rules)
        (more,) = yield [onward(kept, how, left, len(stages), WAIT)]
        whole = more if more.failed else joined(so_far.reply, kept, more, how, WAIT)
        # What stands behind the cut is spent; the word that was put there was not generated, and
        # stands in the trace as a token.
        taken_off += so_far.ruler.length - kept.tokens
    return (yield from _answered(stages, budgets, how, rules, waits))


def _answered(
    stages: Sequence[_Stage], budgets: BudgetGrid, how: HandingBack, rules: AnswerRules, waits: int
) -> Program[Elicited]:
    """The checkpoints of all stages; their forced answers are asked for in one batch."""
    cuts: dict[int, tuple[_Stage, Cut]] = {}
    for budget in budgets:
        stage = _stage_at(stages, budget)
        if not (stage.ended and budget >= stage.spent):
            cuts[budget] = (stage, stage.so_far.ruler.cut(budget - stage.taken_off))
    asked = [hand_back(cut, how._replace(trace=stage.so_far.trace)) for stage, cut in cuts.values()]
    replies = (yield asked) if asked else []
    answers = dict(zip(cuts, replies, strict=True))
    points = []
    for budget in budgets:
        stage = _stage_at(stages, budget)
        if budget not in answers:
            points.append(_own(budget, stage, how.frame))
            continue
        cut = cuts[budget][1]
        place = Place(cut.tokens, cut.end, stage.so_far.ruler.source)
        point = forced_answer(
            budget,
            place,
            answers[budget],
            begun=how.cue.begin,
            cap=how.answer_tokens,
            continuation=how.continuation,
            rules=rules,
            frame=how.frame,
        )
        points.append(replace(point, tokens=cut.tokens + stage.taken_off))
    last = stages[-1]
    return Elicited(
        "extend",
        last.spent,
        last.so_far.trace.finish,
        tuple(points),
        last.so_far.reply,
        how.frame,
        last.so_far.ended_by,
        last.so_far.doubt,
        options={"waits": waits},
        extended=len(stages) - 1,
    )


def _stage_at(stages: Sequence[_Stage], budget: int) -> _Stage:
    """The first stage that had not ended before so many tokens were spent; else the last."""
    return next((stage for stage in stages if budget <= stage.spent), stages[-1])


def _own(budget: int, stage: _Stage, frame: str | None) -> Checkpoint:
    reply = replace(stage.so_far.reply, finish=stage.so_far.trace.finish)
    own = answer_of(stage.so_far.reply, frame)
    return own_answer(budget, stage.spent, reply, answer=own, unframed=unframed_tag(own, frame))


def _without_answer(so_far: Traced, rules: AnswerRules) -> Cut:
    """A trace up to the end of its reasoning; of one without a frame up to its last paragraph.

    That is taken off if it states an answer: a model would not go on behind one.
    """
    ruler, reply = so_far.ruler, so_far.trace
    end = len(ruler.reasoning)
    if not end:
        body, blank, last = reply.text.rstrip().rpartition("\n\n")
        states = bool(blank) and rules.strip(last) != last
        end = len(body) if states else len(reply.text)
    return _up_to(ruler, end)


def _up_to(ruler: Ruler, end: int) -> Cut:
    """The beginning of a trace of so many characters, or fewer where no token ends there."""
    place = bisect_right(ruler.ends, end) - 1
    tokens, end = (ceil(ruler.counts[place]), ruler.ends[place]) if place >= 0 else (0, 0)
    return Cut(
        reasoning=ruler.reasoning[:end],
        text=ruler.text[: max(0, end - len(ruler.reasoning))],
        tokens=min(tokens, ruler.length),
        in_reasoning=0 < len(ruler.reasoning) >= end,
        source=ruler.source,
    )
