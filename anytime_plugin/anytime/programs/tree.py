"""The mode `tree`: several thoughts are tried at every step, and the best states go on.

Tree of Thoughts (Yao et al., arXiv 2305.10601), breadth-first: from each of at most `width` states
`branch` next thoughts are proposed, the model says how promising each state is that they lead to,
and the best `width` go on. Anytime: what would be handed back at a budget is the best state of the
last level that was complete when the budget was spent. All that was generated counts: thoughts that
were thrown away, and judgements. The wording is generic, for any task; a thought is what the model
writes when it is asked for a next step, up to `thought` tokens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from anytime.budgets import BudgetGrid
from anytime.cutting.frames import answer_of, separated
from anytime.cutting.tokens import Cut
from anytime.domains.base import Cue
from anytime.errors import AnytimeError
from anytime.programs.answers import NO_RULES, AnswerRules, Place, forced_answer
from anytime.programs.checkpoints import Checkpoint, Elicited, unanswered
from anytime.programs.interrupt import HandingBack, hand_back
from anytime.programs.turns import appended
from anytime.protocol import Message, Program, Reply, Request
from anytime.settings import Continuation

__all__ = ["FIRST_THOUGHT", "NEXT_THOUGHT", "VALUE", "TreeShape", "tree"]

FIRST_THOUGHT = (
    "Work on this step by step. Write the first step of your reasoning now, in a few sentences, "
    "and then stop. Do not give the final answer yet unless this step settles it."
)
NEXT_THOUGHT = (
    "Write the next step of your reasoning now, in a few sentences, and then stop. Do not give the "
    "final answer yet unless this step settles it."
)
VALUE = (
    "How likely does this reasoning lead to the right answer? Do not go on with it. Reply with a "
    "whole number from 0 to 100 alone."
)
"""What the model is asked; the built-in simulated model knows these, too."""

VALUE_TOKENS = 16
"""Cap on a judgement."""

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class TreeShape:
    """How a tree grows.

    Attributes:
        width: States that go on from a level.
        branch: Thoughts that are proposed from each.
        thought: Cap on a thought, in tokens.
    """

    width: int
    branch: int
    thought: int


class _Level(NamedTuple):
    """A complete level: its best state, all tokens up to its end, and those that had to wait."""

    best: str
    spent: int
    depth: int


def tree(
    messages: Sequence[Message],
    budgets: BudgetGrid,
    shape: TreeShape,
    *,
    cue: Cue,
    continuation: Continuation,
    answer_tokens: int,
    first: int = 1,
    rules: AnswerRules = NO_RULES,
    frame: str | None = None,
) -> Program[Elicited]:
    """Grow a tree of thoughts, and learn the answer of its best state at every budget.

    Requests, level by level: in one batch the thoughts from all states; in one batch the judgements
    of the states that they lead to. A level is begun only where its largest cost still fits into
    the largest budget. Last, in one batch, the forced answers.

    Args:
        messages: The conversation up to the assistant's turn.
        budgets: In tokens of all thoughts and judgements.
        shape: How it grows.
        cue: How to ask for the answer.
        continuation: How a state is handed back for its answer.
        answer_tokens: Cap on the tokens of a forced answer.
        first: The first of the draws of its thoughts.
        rules: What the domain says of an answer's text.
        frame: The user's own pair of tags around reasoning, which is no part of a thought.

    Returns:
        Checkpoints with the forced answer of the best state; `tokens` is what had been spent at the
        end of its level. Before the first level is complete the answer is one without reasoning.
        Judgements that cannot be read count as 0, and in `unjudged`.

    Raises:
        AnytimeError: Nobody counts the tokens, so that no budget can be kept.
    """
    # What is handed back is a text that nobody has the token ids of.
    by = "prefill" if continuation == "token_ids" else continuation
    options = {"width": shape.width, "branch": shape.branch, "thought": shape.thought}
    levels: list[_Level] = []
    states = [""]
    spent = depth = unjudged = 0
    while spent + _most(states, shape) <= budgets.largest:
        parents = [state for state in states for _ in range(shape.branch)]
        thoughts = yield [
            _thought(messages, state, shape, first + place) for place, state in enumerate(parents)
        ]
        if failed := next((one for one in thoughts if one.failed), None):
            return replace(unanswered("tree", budgets, failed, frame), options=options)
        grown = [
            _grown(state, reply, frame) for state, reply in zip(parents, thoughts, strict=True)
        ]
        judged = yield [_value(messages, state, first + place) for place, state in enumerate(grown)]
        if failed := next((one for one in judged if one.failed), None):
            return replace(unanswered("tree", budgets, failed, frame), options=options)
        values = [_read(reply, frame) for reply in judged]
        unjudged += sum(value is None for value in values)
        spent += sum(map(_tokens, (*thoughts, *judged)))
        depth += max(map(_tokens, thoughts)) + max(map(_tokens, judged))
        # Of equally good states the first; what says the same is one state.
        order = sorted(range(len(grown)), key=lambda place: (-(values[place] or 0), place))
        states = list(dict.fromkeys(grown[place] for place in order))[: shape.width]
        levels.append(_Level(states[0], spent, depth))
    how = HandingBack(tuple(messages), Reply(""), cue, by, answer_tokens, rules.stop, frame)
    reached = [_reached(levels, budget) for budget in budgets]
    needed = list(dict.fromkeys(reached))
    replies = yield [_asked(level, how) for level in needed]
    answers = dict(zip(needed, replies, strict=True))
    points = tuple(
        _checkpoint(budget, level, answers[level], how, rules)
        for budget, level in zip(budgets, reached, strict=True)
    )
    return Elicited(
        "tree",
        points[-1].tokens,
        "length",
        points,
        Reply(reached[-1].best),
        frame,
        options=options,
        unjudged=unjudged,
    )


def _most(states: Sequence[str], shape: TreeShape) -> int:
    """The most tokens that a level from these states can take."""
    return len(states) * shape.branch * (shape.thought + VALUE_TOKENS)


def _with(messages: Sequence[Message], state: str) -> tuple[Message, ...]:
    return appended(messages, state, "assistant", "") if state else tuple(messages)


def _thought(messages: Sequence[Message], state: str, shape: TreeShape, draw: int) -> Request:
    asked = NEXT_THOUGHT if state else FIRST_THOUGHT
    turns = appended(_with(messages, state), asked)
    return Request(turns, shape.thought, "answer", thinking=False, draw=draw)


def _value(messages: Sequence[Message], state: str, draw: int) -> Request:
    turns = appended(_with(messages, state), VALUE)
    return Request(turns, VALUE_TOKENS, "answer", thinking=False, draw=draw)


def _grown(state: str, reply: Reply, frame: str | None) -> str:
    """A state with what was thought next: all of it that shows, reasoning in a frame too."""
    seen = separated(reply, frame)
    thought = (seen.reasoning + seen.text).strip()
    return "\n\n".join(part for part in (state, thought) if part)


def _read(reply: Reply, frame: str | None) -> int | None:
    said = _NUMBER.findall(answer_of(reply, frame))
    value = int(said[-1]) if said and len(said[-1]) < 4 else None
    return value if value is not None and value <= 100 else None


def _tokens(reply: Reply) -> int:
    if reply.output_tokens is None:
        raise AnytimeError(
            "mode=tree keeps to a budget of tokens, and this back end counts none: name a "
            "tokenizer (tokenizer=FILE, DIRECTORY or HUB_ID)"
        )
    return reply.output_tokens


def _reached(levels: Sequence[_Level], budget: int) -> _Level:
    """The last level that was complete when so many tokens were spent; none before the first."""
    return next((one for one in reversed(levels) if one.spent <= budget), _Level("", 0, 0))


def _asked(level: _Level, how: HandingBack) -> Request:
    state = Cut("", level.best, level.spent, in_reasoning=False, source="exact")
    return hand_back(state, how._replace(trace=Reply(level.best)))


def _checkpoint(
    budget: int, level: _Level, reply: Reply, how: HandingBack, rules: AnswerRules
) -> Checkpoint:
    point = forced_answer(
        budget,
        Place(level.spent, len(level.best), "exact"),
        reply,
        begun="" if how.continuation == "reprompt" else how.cue.begin,
        cap=how.answer_tokens,
        continuation=how.continuation,
        rules=rules,
        frame=how.frame,
    )
    return replace(point, cut=None, end=None, depth=level.depth)
