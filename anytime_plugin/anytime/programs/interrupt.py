"""The mode `interrupt`: one trace, cut at every budget, each cut answered at once.

One trace is sampled and cut at every budget below its length; each cut is handed back and the model
has to answer at once. Where the trace had already ended, its own answer stands (anytime reasoning
as in arXiv 2601.11038).
"""

from __future__ import annotations

from collections.abc import Sequence

from anytime.budgets import BudgetGrid
from anytime.cutting.frames import THINK_CLOSE, THINK_OPEN, separated, visible
from anytime.cutting.tokens import Cut, CutSource, Tokenizer, measure
from anytime.domains.base import Cue
from anytime.errors import AnytimeError
from anytime.programs.checkpoints import Checkpoint, Elicited, own_answer
from anytime.programs.turns import appended
from anytime.protocol import Message, Program, Reply, Request
from anytime.settings import Continuation

__all__ = ["interrupt"]


def interrupt(
    messages: Sequence[Message],
    budgets: BudgetGrid,
    *,
    cue: Cue,
    continuation: Continuation,
    answer_tokens: int,
    tokenizer: Tokenizer | None = None,
    sampled: Reply | None = None,
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

    Raises:
        HiddenReasoningError: The provider withheld the reasoning.
        AnytimeError: The trace cannot be cut for lack of a token count, or cannot be handed back as
            token ids for lack of them.
    """
    reply = sampled
    if reply is None:
        (reply,) = yield [Request(tuple(messages), budgets.largest, "trace")]
    trace = visible(reply)
    ruler = measure(trace, tokenizer, estimated=sampled is not None)
    ended = trace.finish != "length" and ruler.length <= budgets.largest
    length, source = ruler.length, ruler.source
    cuts = {b: ruler.cut(b) for b in budgets if not ended or b < length}
    spent = {budget: (cut.tokens, cut.end) for budget, cut in cuts.items()}
    # A trace stopped below its cap (a full context window, say) is the same cut at all budgets
    # beyond: asked once.
    alike = {(cut.tokens, cut.end): cut for cut in cuts.values()}
    pending = [
        [
            _hand_back(messages, cut, trace, cue, continuation, answer_tokens)
            for cut in alike.values()
        ]
    ]
    # A host may hold thousands of programs at the next line, so none holds its cuts and requests.
    del ruler, cuts, alike
    replies = (yield pending.pop()) if spent else []
    answers = dict(zip(dict.fromkeys(spent.values()), replies, strict=True))

    checkpoints = []
    for budget in budgets:
        if budget in spent:
            place = spent[budget]
            answer = answers[place]
            checkpoints.append(_forced_answer(budget, place, source, answer, cue, continuation))
        else:
            checkpoints.append(own_answer(budget, length, trace, answer=trace.text))
    return Elicited("interrupt", length, trace.finish, tuple(checkpoints), reply)


def _hand_back(
    messages: Sequence[Message],
    cut: Cut,
    trace: Reply,
    cue: Cue,
    continuation: Continuation,
    answer_tokens: int,
) -> Request:
    prefix_ids: tuple[int, ...] | None = None
    words = ""
    if continuation == "token_ids":
        if trace.token_ids is None:
            raise AnytimeError(
                "continuation token_ids needs the trace's token ids, which this back end does not "
                "give: use continuation=prefill or continuation=reprompt"
            )
        prefix_ids = trace.token_ids[: cut.tokens]
        words = _turn_to_answer(cut, trace, cue.begin)
        handed = tuple(messages)
    elif continuation == "prefill":
        text = _as_written(cut, trace) + _turn_to_answer(cut, trace, cue.begin)
        handed = (*messages, Message("assistant", text))
    else:
        said = "\n\n".join(part for part in (cut.reasoning, cut.text) if part.strip())
        so_far = appended(messages, said, "assistant", "") if said else messages
        handed = appended(so_far, cue.ask)
    return Request(
        handed,
        answer_tokens,
        "answer",
        thinking=False,
        prefix_ids=prefix_ids,
        cue=words,
        budget=cut.tokens,
    )


def _as_written(cut: Cut, trace: Reply) -> str:
    """The cut as the model wrote it, for chat templates that keep reasoning between think tags."""
    if not trace.reasoning:
        return cut.text
    if cut.in_reasoning:
        return f"{THINK_OPEN}\n{cut.reasoning}"
    return f"{THINK_OPEN}\n{cut.reasoning}\n{THINK_CLOSE}\n\n{cut.text}"


def _turn_to_answer(cut: Cut, trace: Reply, begin: str) -> str:
    """The first words of the answer, and what separates them from the cut trace.

    White space that they begin with is separation enough: a task may want them on the same line.
    """
    if trace.reasoning and cut.in_reasoning:
        return f"\n{THINK_CLOSE}\n\n{begin}"
    return f"\n\n{begin}" if cut.text and not begin[:1].isspace() else begin


def _forced_answer(
    budget: int,
    place: tuple[int, int],
    source: CutSource,
    reply: Reply,
    cue: Cue,
    continuation: Continuation,
) -> Checkpoint:
    answer = separated(reply)
    begun = "" if continuation == "reprompt" else cue.begin
    return Checkpoint(
        budget=budget,
        answer=begun + answer.text,
        forced=True,
        tokens=place[0],
        answer_tokens=reply.output_tokens,
        leaked_reasoning_tokens=_leaked(answer),
        finish=reply.finish,
        cut=source,
        continuation=continuation,
        end=place[1],
        seconds=reply.seconds,
        cost=reply.cost,
    )


def _leaked(answer: Reply) -> int:
    if answer.reasoning_tokens is not None:
        return answer.reasoning_tokens
    if not answer.reasoning:
        return 0
    if answer.output_tokens is None:
        return len(answer.reasoning.split())  # a floor: most tokenizers make more of a word
    share = len(answer.reasoning) / len(answer.reasoning + answer.text)
    return max(1, round(answer.output_tokens * share))
