"""Answers that already stand in a trace: what its beginnings are worth, with nobody asked.

A finished log has traces and no answers at budgets. Where no model shall be asked, each beginning
of a trace is graded as it stands. That is a lower bound of what `interrupt` finds: a model that was
interrupted might have answered where it had not yet written an answer down.
"""

from __future__ import annotations

from typing import NamedTuple

from anytime.budgets import BudgetGrid
from anytime.cutting.calibration import estimate
from anytime.cutting.frames import answer_of, unframed_tag
from anytime.cutting.tokens import Tokenizer
from anytime.programs.checkpoints import Checkpoint, Elicited, own_answer
from anytime.programs.traced import traced
from anytime.protocol import Reply

__all__ = [
    "Standing",
    "doublings",
    "in_trace",
    "trace_tokens",
]


LEAST = 64
"""The largest budget that `doublings` ends with is no smaller."""


class Standing(NamedTuple):
    """What stands in a trace at every budget.

    Attributes:
        elicited: The checkpoints, without their answers, which are parts of the trace.
        texts: What is graded, one per checkpoint: of a trace that had ended its visible text, as
            ever; else all that was written up to the budget, reasoning and text.
    """

    elicited: Elicited
    texts: tuple[str, ...]


def in_trace(
    reply: Reply,
    budgets: BudgetGrid,
    tokenizer: Tokenizer | None = None,
    frame: str | None = None,
    cap: int | None = None,
) -> Standing:
    """Cut a finished trace at every budget below its length.

    Args:
        reply: The trace.
        budgets: Where to cut.
        tokenizer: Cuts where the reply has no token texts. Without either, and without a token
            count, the tokens are estimated from the text, and the cuts say so.
        frame: The user's own pair of tags around reasoning.
        cap: The most tokens it was allowed; None where that is unknown.

    Raises:
        AnytimeError: It is not what the model wrote, or not all of it.
    """
    reply, trace, ruler, ended_by, doubt = traced(reply, cap, tokenizer, frame, finished=True)
    ended = trace.finish != "length"
    own = answer_of(reply, frame)
    unframed = unframed_tag(own, frame)
    checkpoints: list[Checkpoint] = []
    texts: list[str] = []
    for budget in budgets:
        if ended and budget >= ruler.length:
            checkpoints.append(
                own_answer(budget, ruler.length, trace, answer="", unframed=unframed)
            )
            texts.append(own)
            continue
        cut = ruler.cut(budget)
        checkpoints.append(
            Checkpoint(
                budget=budget,
                answer="",
                forced=False,
                tokens=cut.tokens,
                answer_tokens=0,
                leaked_reasoning_tokens=0,
                finish="length",
                cut=cut.source,
                end=cut.end,
            )
        )
        texts.append("\n\n".join(part for part in (cut.reasoning, cut.text) if part))
    elicited = Elicited(
        "intrace",
        ruler.length,
        trace.finish,
        tuple(checkpoints),
        reply,
        frame,
        ended_by,
        doubt,
    )
    return Standing(elicited, tuple(texts))


def trace_tokens(reply: Reply, tokenizer: Tokenizer | None = None) -> int:
    """Length of a trace in tokens, estimated from its text where nobody counted."""
    if tokenizer is None:
        return reply.output_tokens or estimate(reply.reasoning + reply.text)
    return len(tokenizer.ends(reply.reasoning)) + len(tokenizer.ends(reply.text))


def doublings(longest: int, count: int = 7) -> BudgetGrid:
    """A grid that ends at the first power of two that no trace is longer than.

    Args:
        longest: Tokens of the longest trace.
        count: Budgets, each twice the one before.
    """
    last = max(LEAST, 1 << (max(1, longest) - 1).bit_length())
    return BudgetGrid(last >> step for step in reversed(range(count)))
