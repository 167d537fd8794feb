"""The mode `stop`: one trace in slices of the grid, until a stopping rule has seen enough.

After each slice the model has to answer at once, and the rule decides from the answers so far
whether the trace goes on. What it does not go on to is not asked for, so the tokens are saved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from anytime.budgets import BudgetGrid
from anytime.cutting.frames import answer_of, unframed_tag
from anytime.cutting.tokens import Cut, Tokenizer
from anytime.domains.base import Cue
from anytime.errors import AnytimeError
from anytime.programs.answers import NO_RULES, AnswerRules, Place, forced_answer
from anytime.programs.checkpoints import Checkpoint, Elicited, own_answer, unanswered
from anytime.programs.going_on import joined, onward
from anytime.programs.interrupt import HandingBack, hand_back
from anytime.programs.traced import Traced, traced
from anytime.protocol import Message, Program, Reply, Request
from anytime.settings import Continuation
from anytime.statistics.stopping import Probe, Rule

__all__ = ["stopping"]


def stopping(
    messages: Sequence[Message],
    budgets: BudgetGrid,
    *,
    rule: Rule,
    read: Callable[[str], str | None],
    cue: Cue,
    continuation: Continuation,
    answer_tokens: int,
    tokenizer: Tokenizer | None = None,
    rules: AnswerRules = NO_RULES,
    frame: str | None = None,
) -> Program[Elicited]:
    """Sample a trace slice by slice, and learn the answer after each, until a rule stops it.

    Requests, each a batch of its own as each depends on the one before: the trace up to the first
    budget; the forced answer there; the trace handed back, to go on to the second budget; and so
    on, until the rule stops or the trace ends.

    Args:
        messages: The conversation up to the assistant's turn.
        budgets: Where slices end; above 0.
        rule: When to stop. It is shown no quality, and nothing that comes later.
        read: The answer that a text states, in normal form, or None.
        cue: How to ask for the answer.
        continuation: How to hand a trace back; `reprompt` cannot make it go on.
        answer_tokens: Cap on the tokens of a forced answer.
        tokenizer: Cuts where replies have no token texts of their own.
        rules: What the domain says of a forced answer's text.
        frame: The user's own pair of tags around reasoning.

    Returns:
        Checkpoints at all budgets: where the rule had stopped, the answer that it stopped with, and
        the tokens as they were spent.

    Raises:
        HiddenReasoningError: The provider withheld the reasoning.
        AnytimeError: The trace cannot go on after a re-prompt; the rule needs probabilities and the
            back end tells none; it cannot be cut, or not be handed back.
    """
    if continuation == "reprompt":
        raise AnytimeError(
            f"stop={rule.written} hands a trace back to go on, which takes a back end that "
            f"continues a text (continuation token_ids or prefill), and this one is asked again "
            f"(reprompt): run mode=interrupt, and judge the rule with anytime stop LOG"
        )
    points: list[Checkpoint] = []
    probes: list[Probe] = []
    whole: Reply | None = None
    so_far: Traced | None = None
    chosen: int | None = None
    for budget in budgets:
        if so_far is None:
            (whole,) = yield [Request(tuple(messages), budget, "trace", slice=0)]
        elif (left := budget - so_far.ruler.length) > 0:
            how = _how(messages, so_far, cue, continuation, answer_tokens, rules, frame)
            (more,) = yield [onward(_all(so_far), how, left, len(points))]
            whole = more if more.failed else joined(so_far.reply, _all(so_far), more, how)
        assert whole is not None  # a slice was asked for before this
        if whole.failed:
            failed = unanswered("stop", budgets, whole, frame)
            return replace(failed, rule=rule.written)
        so_far = traced(whole, budget, tokenizer, frame)
        length = so_far.ruler.length
        ended = so_far.trace.finish != "length" and length <= budget
        if ended:
            own = answer_of(so_far.reply, frame)
            finished = replace(so_far.reply, finish=so_far.trace.finish)
            points.append(
                own_answer(budget, length, finished, answer=own, unframed=unframed_tag(own, frame))
            )
        else:
            cut = so_far.ruler.cut(budget)
            how = _how(messages, so_far, cue, continuation, answer_tokens, rules, frame)
            (reply,) = yield [hand_back(cut, how)]
            points.append(
                forced_answer(
                    budget,
                    Place(cut.tokens, cut.end, so_far.ruler.source),
                    reply,
                    begun=cue.begin,
                    cap=answer_tokens,
                    continuation=continuation,
                    rules=rules,
                    frame=frame,
                )
            )
        probes.append(_probe(points[-1], read, last=ended or budget == budgets.largest))
        _check_told(rule, points[-1])
        chosen = None if points[-1].failed else rule.decide(probes)
        if chosen is not None or ended or points[-1].failed:
            break
    assert so_far is not None  # a grid has budgets
    last = points[-1]
    stopped = last.budget if chosen is not None and not probes[-1].last else None
    if chosen is not None:
        # What was spent is what it took to get there, whichever answer is handed over.
        handed = replace(points[chosen], budget=last.budget, tokens=last.tokens)
        points[-1] = handed
    points += [replace(points[-1], budget=later) for later in budgets[len(points) :]]
    return Elicited(
        "stop",
        so_far.ruler.length,
        so_far.trace.finish,
        tuple(points),
        whole,
        frame,
        so_far.ended_by,
        so_far.doubt,
        rule=rule.written,
        stopped=stopped,
    )


def _how(
    messages: Sequence[Message],
    so_far: Traced,
    cue: Cue,
    continuation: Continuation,
    answer_tokens: int,
    rules: AnswerRules,
    frame: str | None,
) -> HandingBack:
    trace = so_far.trace
    return HandingBack(tuple(messages), trace, cue, continuation, answer_tokens, rules.stop, frame)


def _all(so_far: Traced) -> Cut:
    return so_far.ruler.cut(so_far.ruler.length)


def _probe(point: Checkpoint, read: Callable[[str], str | None], *, last: bool) -> Probe:
    return Probe(
        budget=point.budget,
        answer=None if point.failed else read(point.answer),
        text=point.answer,
        probability=point.probability,
        tokens=point.tokens or 0,
        probe_tokens=point.answer_tokens,
        last=last,
    )


def _check_told(rule: Rule, point: Checkpoint) -> None:
    """Refuse a rule of confidence as soon as it is seen that nobody tells any."""
    blind = "probability" in rule.kind.needs and point.probability is None
    if blind and point.forced and not point.failed:
        raise AnytimeError(
            f"stop={rule.written} needs the token probabilities of forced answers, and this back "
            f"end tells none: add --logprobs where its provider returns them (Inspect alone), or "
            f"name another rule"
        )
