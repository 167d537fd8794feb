"""The mode `contract`: one run per budget, told its budget and capped at it.

A contract algorithm and an interruptible one are different quantities (Zilberstein 1996), so a
curve holds one kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from anytime.budgets import BudgetGrid
from anytime.cutting.frames import separated
from anytime.programs.checkpoints import Checkpoint, Elicited
from anytime.programs.turns import appended
from anytime.protocol import Message, Program, Request
from anytime.settings import check_mode

__all__ = ["contract"]


def contract(
    messages: Sequence[Message] | Mapping[int, Sequence[Message]], budgets: BudgetGrid
) -> Program[Elicited]:
    """Run once per budget, told the budget and capped at it, and grade whatever was written.

    There is no forced answer: a contract algorithm owes its answer by the deadline, and one that is
    cut off before answering has quality 0 there. Works with hidden reasoning, which nobody has to
    cut.

    Args:
        messages: The conversation up to the assistant's turn; or one for each budget.
        budgets: One run each; all above 0.

    Raises:
        AnytimeError: Budget 0, before anything is asked.
    """
    check_mode("contract", budgets)
    by_budget = messages if isinstance(messages, Mapping) else dict.fromkeys(budgets, messages)
    replies = yield [
        Request(appended(by_budget[budget], _terms(budget)), budget, "trace", budget=budget)
        for budget in budgets
    ]
    checkpoints = tuple(
        Checkpoint(
            budget=budget,
            answer=separated(reply).text,
            forced=False,
            tokens=reply.output_tokens,
            answer_tokens=0,
            leaked_reasoning_tokens=0,
            finish=reply.finish,
            seconds=reply.seconds,
            cost=reply.cost,
        )
        for budget, reply in zip(budgets, replies, strict=True)
    )
    return Elicited(
        "contract", checkpoints[-1].tokens, replies[-1].finish, checkpoints, replies[-1]
    )


def _terms(budget: int) -> str:
    return (
        f"You have a budget of {budget} tokens for everything you write, reasoning included. "
        f"You are cut off when it is spent, so give your final answer before."
    )
