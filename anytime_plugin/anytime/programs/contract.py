"""The mode `contract`: one run per budget, told its budget and capped at it.

A contract algorithm and an interruptible one are different quantities (Zilberstein 1996), so a
curve holds one kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from anytime.budgets import BudgetGrid
from anytime.cutting.ends import checked_count, ended
from anytime.cutting.frames import answer_of, separated, unframed_tag
from anytime.programs.checkpoints import Checkpoint, Elicited
from anytime.programs.turns import appended
from anytime.protocol import Message, Program, Reply, Request
from anytime.settings import check_mode

__all__ = ["contract"]


def contract(
    messages: Sequence[Message] | Mapping[int, Sequence[Message]],
    budgets: BudgetGrid,
    *,
    frame: str | None = None,
) -> Program[Elicited]:
    """Run once per budget, told the budget and capped at it, and grade whatever was written.

    There is no forced answer: a contract algorithm owes its answer by the deadline, and one that is
    cut off before answering has quality 0 there. Works with hidden reasoning, which nobody has to
    cut.

    Args:
        messages: The conversation up to the assistant's turn; or one for each budget.
        budgets: One run each; all above 0.
        frame: The user's own pair of tags around reasoning.

    Raises:
        AnytimeError: Budget 0, before anything is asked.

    Example:
        >>> program = contract((Message("user", "What is 6 * 7?"),), BudgetGrid([2, 8]))
        >>> [request.max_tokens for request in next(program)]
        [2, 8]
        >>> try:
        ...     program.send([Reply("It", output_tokens=2), Reply("It is 42.", output_tokens=4)])
        ... except StopIteration as stop:
        ...     print([point.answer for point in stop.value.checkpoints])
        ['It', 'It is 42.']
    """
    check_mode("contract", budgets)
    by_budget = messages if isinstance(messages, Mapping) else dict.fromkeys(budgets, messages)
    replies = yield [
        Request(appended(by_budget[budget], _terms(budget)), budget, "trace", budget=budget)
        for budget in budgets
    ]
    runs = [_checkpoint(b, r, frame) for b, r in zip(budgets, replies, strict=True)]
    checkpoints = tuple(point for point, _ in runs)
    largest, doubt = runs[-1]
    return Elicited(
        "contract",
        largest.tokens,
        largest.finish,
        checkpoints,
        replies[-1],
        frame,
        _ended_by(largest, replies[-1], frame),
        doubt or None,
    )


def _checkpoint(budget: int, reply: Reply, frame: str | None) -> tuple[Checkpoint, str]:
    """What one run gives, and what is wrong with the count of its tokens, if anything is."""
    reply, doubt = checked_count(reply, budget)
    answer = "" if reply.failed else answer_of(reply, frame)
    finish = ended(separated(reply, frame).finish, reply.output_tokens, budget)
    checkpoint = Checkpoint(
        budget=budget,
        answer=answer,
        forced=False,
        tokens=reply.output_tokens,
        answer_tokens=0,
        leaked_reasoning_tokens=0,
        finish=finish,
        seconds=reply.seconds,
        cost=reply.cost,
        unframed=unframed_tag(answer, frame),
        failed=reply.failed or None,
        doubt=doubt or None,
    )
    return checkpoint, doubt


def _ended_by(
    largest: Checkpoint, reply: Reply, frame: str | None
) -> Literal["tokens", "frame"] | None:
    if separated(reply, frame).finish != reply.finish:
        return "frame"
    return "tokens" if largest.finish != reply.finish else None


def _terms(budget: int) -> str:
    return (
        f"You have a budget of {budget} tokens for everything you write, reasoning included. "
        f"You are cut off when it is spent, so give your final answer before."
    )
