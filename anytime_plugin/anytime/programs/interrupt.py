"""The mode `interrupt`: one trace, cut at every budget, each cut answered at once.

One trace is sampled and cut at every budget below its length; each cut is handed back and the model
has to answer at once. Where the trace had already ended, its own answer stands (anytime reasoning
as in arXiv 2601.11038).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from anytime.budgets import BudgetGrid
from anytime.cutting.frames import answer_of, closed, unframed_tag, written
from anytime.cutting.tokens import Cut, Tokenizer
from anytime.domains.base import Cue
from anytime.errors import AnytimeError
from anytime.programs.answers import NO_RULES, AnswerRules, Place, forced_answer
from anytime.programs.checkpoints import Elicited, own_answer, unanswered
from anytime.programs.traced import traced
from anytime.programs.turns import appended
from anytime.protocol import Message, Program, Reply, Request
from anytime.settings import Continuation

__all__ = ["HandingBack", "as_written", "hand_back", "interrupt"]


def interrupt(
    messages: Sequence[Message],
    budgets: BudgetGrid,
    *,
    cue: Cue,
    continuation: Continuation,
    answer_tokens: int,
    tokenizer: Tokenizer | None = None,
    sampled: Reply | None = None,
    cap: int | None = None,
    rules: AnswerRules = NO_RULES,
    frame: str | None = None,
) -> Program[Elicited]:
    """Sample one trace and learn the answer it gives at every budget.

    Requests: one, capped at the largest budget; then, in one batch in the order of budgets, one per
    budget below the trace's length. A trace that was stopped by the cap has not ended, so the
    largest budget too is answered by force.

    Args:
        messages: The conversation up to the assistant's turn.
        budgets: Where to cut; 0 is the answer without reasoning.
        cue: How to ask for the answer.
        continuation: How to hand a cut trace back.
        answer_tokens: Cap on the tokens of a forced answer.
        tokenizer: Cuts where the reply has no token texts of its own.
        sampled: The trace, where it is there already and is not to be asked for.
        cap: The most tokens that one was allowed; None where that is unknown.
        rules: What the domain says of a forced answer's text.
        frame: The user's own pair of tags around reasoning.

    Raises:
        HiddenReasoningError: The provider withheld the reasoning.
        AnytimeError: The trace cannot be cut for lack of a token count, or cannot be handed back as
            token ids for lack of them.

    Example:
        >>> cue = Cue(ask="Answer now.", begin="Answer:")
        >>> asked = (Message("user", "What is 6 * 7?"),)
        >>> grid = BudgetGrid([2, 8])
        >>> program = interrupt(asked, grid, cue=cue, continuation="reprompt", answer_tokens=5)
        >>> (request,) = next(program)
        >>> request.max_tokens  # the trace; a host would now send it a `Reply`
        8
    """
    reply = sampled
    if reply is None:
        (reply,) = yield [Request(tuple(messages), budgets.largest, "trace")]
    if reply.failed:
        return unanswered("interrupt", budgets, reply, frame)
    if sampled is None:
        cap = budgets.largest
    reply, trace, ruler, ended_by, doubt = traced(
        reply, cap, tokenizer, frame, finished=sampled is not None
    )
    complete = trace.finish != "length" and ruler.length <= budgets.largest
    length, source = ruler.length, ruler.source
    cuts = {b: ruler.cut(b) for b in budgets if not complete or b < length}
    spent = {budget: Place(cut.tokens, cut.end, source) for budget, cut in cuts.items()}
    # A trace stopped below its cap (a full context window, say) is the same cut at all budgets
    # beyond: asked once.
    alike = {Place(cut.tokens, cut.end, source): cut for cut in cuts.values()}
    how = HandingBack(tuple(messages), trace, cue, continuation, answer_tokens, rules.stop, frame)
    pending = [[hand_back(cut, how) for cut in alike.values()]]
    # A host may hold thousands of programs at the next line, so none holds its cuts and requests.
    # The trace in parts, reasoning and text, is a copy of the whole.
    finish = trace.finish
    del ruler, trace, cuts, alike, how
    replies = (yield pending.pop()) if spent else []
    answers = dict(zip(dict.fromkeys(spent.values()), replies, strict=True))

    checkpoints = []
    own = answer_of(reply, frame)
    unframed = unframed_tag(own, frame)
    ended = replace(reply, finish=finish)
    for budget in budgets:
        if budget in spent:
            place = spent[budget]
            checkpoints.append(
                forced_answer(
                    budget,
                    place,
                    answers[place],
                    begun="" if continuation == "reprompt" else cue.begin,
                    cap=answer_tokens,
                    continuation=continuation,
                    rules=rules,
                    frame=frame,
                )
            )
        else:
            checkpoints.append(own_answer(budget, length, ended, answer=own, unframed=unframed))
    return Elicited(
        "interrupt",
        length,
        finish,
        tuple(checkpoints),
        reply,
        frame,
        ended_by,
        doubt,
    )


class HandingBack(NamedTuple):
    """What the requests for forced answers have in common."""

    messages: tuple[Message, ...]
    trace: Reply
    cue: Cue
    continuation: Continuation
    answer_tokens: int
    stop: tuple[str, ...]
    frame: str | None


def hand_back(cut: Cut, how: HandingBack) -> Request:
    """The request for the forced answer at a cut.

    Args:
        cut: The beginning of the trace.
        how: What such requests of a trace have in common.

    Raises:
        AnytimeError: It is to be handed back as token ids, and has none.
    """
    trace = how.trace
    prefix_ids: tuple[int, ...] | None = None
    words = ""
    stop = how.stop
    if how.continuation == "token_ids":
        if trace.token_ids is None:
            raise AnytimeError(
                "continuation token_ids needs the trace's token ids, which this back end does not "
                "give: use continuation=prefill or continuation=reprompt"
            )
        prefix_ids = trace.token_ids[: cut.tokens]
        words = _turn_to_answer(cut, how)
        handed = how.messages
    elif how.continuation == "prefill":
        text = as_written(cut, trace) + _turn_to_answer(cut, how)
        handed = (*how.messages, Message("assistant", text))
    else:
        said = "\n\n".join(part for part in (cut.reasoning, cut.text) if part.strip())
        so_far = appended(how.messages, said, "assistant", "") if said else how.messages
        handed = appended(so_far, how.cue.ask)
        stop = ()  # they end what was begun; an answer in the model's own words may hold them
    return Request(
        handed,
        how.answer_tokens,
        "answer",
        thinking=False,
        prefix_ids=prefix_ids,
        cue=words,
        budget=cut.tokens,
        stop=stop,
    )


def as_written(cut: Cut, trace: Reply) -> str:
    """The cut as the model wrote it, for chat templates that keep reasoning between tags."""
    return written(trace, cut.reasoning, cut.text, in_reasoning=cut.in_reasoning)


def _turn_to_answer(cut: Cut, how: HandingBack) -> str:
    """The first words of the answer, and what separates them from the cut trace.

    White space that they begin with is separation enough: a task may want them on the same line.
    """
    begin = how.cue.begin
    begun = as_written(cut, how.trace)
    if closing := closed(how.trace, begun, in_reasoning=cut.in_reasoning, own=how.frame):
        return closing + begin
    return f"\n\n{begin}" if cut.text and not begin[:1].isspace() else begin
