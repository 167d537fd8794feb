"""Which program a mode stands for. A new mode is a file here, its word in `Mode`, and an entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from anytime.budgets import BudgetGrid
from anytime.cutting.tokens import Tokenizer
from anytime.domains.base import Cue
from anytime.errors import AnytimeError
from anytime.plugins import get_stopping_rule
from anytime.programs.accounting import accounted
from anytime.programs.answers import NO_RULES, AnswerRules
from anytime.programs.check import check
from anytime.programs.checkpoints import Elicited
from anytime.programs.contract import contract
from anytime.programs.extend import extend
from anytime.programs.interrupt import interrupt
from anytime.programs.stopping import stopping
from anytime.programs.tree import TreeShape, tree
from anytime.programs.vote import vote
from anytime.protocol import Message, Program, Reply
from anytime.settings import Continuation, Mode, RunSettings

__all__ = [
    "GENERIC_CUE",
    "PROGRAMS",
    "Asked",
    "ModeProgram",
    "check_strategy",
    "elicit",
    "hands_back",
]

GENERIC_CUE = Cue(
    ask=(
        "Your time is up. Give your final answer now, without any further reasoning, in exactly "
        "the format that was asked for."
    ),
    begin="My time is up. My final answer, in the format that was asked for:\n\n",
)
"""For third-party tasks, which have no domain that words it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One problem as it is put to the model: what a program of any mode may need of it.

    Attributes:
        messages: The conversation up to the assistant's turn; or one for each budget.
        run: The settings.
        cue: How to ask for the answer.
        continuation: How a cut trace is handed back, which the host found out from its back end;
            None where the mode hands none back (`hands_back`).
        tokenizer: Cuts where a reply has no token texts of its own.
        sampled: The trace, where it is there already and is not to be asked for.
        cap: The most tokens that one was allowed; None where that is unknown.
        rules: What the domain says of a forced answer's text.
        draw: Which of the problem's traces this is, from 1 on.
        read: What answer a text states, in normal form, or None; for modes that compare answers.
        checker: How good an answer is, without the gold answer; None where the domain has none.
    """

    messages: Sequence[Message] | Mapping[int, Sequence[Message]]
    run: RunSettings
    cue: Cue
    continuation: Continuation | None
    tokenizer: Tokenizer | None = None
    sampled: Reply | None = None
    cap: int | None = None
    rules: AnswerRules = NO_RULES
    draw: int = 1
    read: Callable[[str], str | None] | None = None
    checker: Callable[[str], float] | None = None


class ModeProgram(NamedTuple):
    """What a mode is.

    Attributes:
        start: Makes its program for a problem.
        hands_back: Whether it cuts traces and hands them back, so that the host has to know how.
        compares: Whether it compares answers, so that only problems of a domain will do.
        samples: Whether it asks the same several times, so that a model has to sample.
    """

    start: Callable[[Asked], Program[Elicited]]
    hands_back: bool
    compares: bool = False
    samples: bool = False


def _interrupt(asked: Asked) -> Program[Elicited]:
    return _one_trace(asked, asked.run.budgets)


def _one_trace(asked: Asked, budgets: BudgetGrid) -> Program[Elicited]:
    messages, continuation = _handed_back(asked)
    return interrupt(
        messages,
        budgets,
        cue=asked.cue,
        continuation=continuation,
        answer_tokens=asked.run.answer_tokens,
        tokenizer=asked.tokenizer,
        sampled=asked.sampled,
        cap=asked.cap,
        rules=asked.rules,
        frame=asked.run.frame,
    )


def _handed_back(asked: Asked) -> tuple[Sequence[Message], Continuation]:
    """The conversation, and how a text is handed back, of a mode that does so."""
    if isinstance(asked.messages, Mapping):
        raise AnytimeError("show=matched needs mode=contract")
    if asked.continuation is None:
        raise AnytimeError(f"mode {asked.run.mode} hands texts back: name a continuation")
    return asked.messages, asked.continuation


def _asked_live(asked: Asked) -> tuple[Sequence[Message], Continuation]:
    """The same of a mode that a trace which is there already is no beginning of."""
    if asked.sampled is not None:
        raise AnytimeError(
            f"mode={asked.run.mode} asks a model as it goes, and this trace is finished: what its "
            f"answers tell of votes and of rules say anytime spend and anytime stop"
        )
    return _handed_back(asked)


def _contract(asked: Asked) -> Program[Elicited]:
    return contract(asked.messages, asked.run.budgets, frame=asked.run.frame)


def _vote(asked: Asked) -> Program[Elicited]:
    return accounted(_votes(asked)[0])


def _votes(asked: Asked) -> tuple[Program[Elicited], int]:
    """The program of traces that share every budget, and the draw of the first."""
    _asked_live(asked)
    k = asked.run.k
    if k is None:
        raise AnytimeError(f"mode={asked.run.mode} needs k, the traces that share a budget")
    first = (asked.draw - 1) * k + 1
    return vote(partial(_one_trace, asked), asked.run.budgets, k, first), first


def _check(asked: Asked) -> Program[Elicited]:
    messages, _ = _asked_live(asked)
    if asked.read is None:
        raise AnytimeError("mode=check compares answers, and nobody reads those of this task")
    votes, first = _votes(asked)
    questions = [turn.content for turn in messages if turn.role == "user"]
    return accounted(
        check(
            votes,
            read=asked.read,
            checker=asked.checker,
            question=questions[-1],
            judge_tokens=asked.run.answer_tokens,
            draw=first,
        )
    )


def _tree(asked: Asked) -> Program[Elicited]:
    messages, continuation = _asked_live(asked)
    run = asked.run
    if run.width is None or run.branch is None or run.thought is None:
        raise AnytimeError("mode=tree needs width, branch and thought")
    shape = TreeShape(run.width, run.branch, run.thought)
    return accounted(
        tree(
            messages,
            run.budgets,
            shape,
            cue=asked.cue,
            continuation=continuation,
            answer_tokens=run.answer_tokens,
            first=(asked.draw - 1) * shape.width * shape.branch + 1,
            rules=asked.rules,
            frame=run.frame,
        )
    )


def _stop(asked: Asked) -> Program[Elicited]:
    messages, continuation = _asked_live(asked)
    if asked.run.stop is None or asked.read is None:
        raise AnytimeError("mode=stop needs a rule, such as stop=stable:2")
    return accounted(
        stopping(
            messages,
            asked.run.budgets,
            rule=get_stopping_rule(asked.run.stop),
            read=asked.read,
            cue=asked.cue,
            continuation=continuation,
            answer_tokens=asked.run.answer_tokens,
            tokenizer=asked.tokenizer,
            rules=asked.rules,
            frame=asked.run.frame,
        )
    )


def _extend(asked: Asked) -> Program[Elicited]:
    messages, continuation = _asked_live(asked)
    if asked.run.waits is None:
        raise AnytimeError("mode=extend needs waits, such as waits=2")
    return accounted(
        extend(
            messages,
            asked.run.budgets,
            waits=asked.run.waits,
            cue=asked.cue,
            continuation=continuation,
            answer_tokens=asked.run.answer_tokens,
            tokenizer=asked.tokenizer,
            rules=asked.rules,
            frame=asked.run.frame,
        )
    )


PROGRAMS: dict[Mode, ModeProgram] = {
    "interrupt": ModeProgram(_interrupt, hands_back=True),
    "contract": ModeProgram(_contract, hands_back=False),
    "vote": ModeProgram(_vote, hands_back=True, compares=True, samples=True),
    "check": ModeProgram(_check, hands_back=True, compares=True, samples=True),
    "tree": ModeProgram(_tree, hands_back=True, samples=True),
    "stop": ModeProgram(_stop, hands_back=True, compares=True),
    "extend": ModeProgram(_extend, hands_back=True),
}
"""By mode."""


def elicit(asked: Asked) -> Program[Elicited]:
    """The program that finds out what a model answers to a problem at every budget.

    Raises:
        AnytimeError: The mode cannot do what was asked of it.
    """
    return PROGRAMS[asked.run.mode].start(asked)


def check_strategy(mode: Mode, *, on_domain: bool, sampled: bool) -> None:
    """Refuse, before anything is asked, a mode that would come to nothing.

    Args:
        mode: The mode.
        on_domain: Whether the task's problems are of a domain, which tells answers apart.
        sampled: Whether two equal requests may be answered differently.

    Raises:
        AnytimeError: It compares answers, and there are none that can be compared, or all are one.
    """
    if PROGRAMS[mode].compares and not on_domain:
        then = "and anytime stop LOG"
        if mode != "stop":
            then = "with several traces, then anytime spend LOG"
        raise AnytimeError(
            f"mode={mode} compares answers as a domain reads them, and this task is on none: run "
            f"mode=interrupt {then}, where the task's scorer tells the answer that it read "
            f"(Score.answer)"
        )
    if PROGRAMS[mode].samples and not sampled:
        raise AnytimeError(
            f"mode={mode} samples several traces, and at temperature 0 they are one and the same: "
            f"set a temperature"
        )


def hands_back(mode: Mode) -> bool:
    """Whether a mode cuts traces and hands them back."""
    return PROGRAMS[mode].hands_back
