"""LEAP: principles learned from mistakes (arXiv 2402.05403).

From a question, a wrong solution and the right answer the model is asked for low-level principles;
these are merged into at most 8 high-level ones; either kind stands before the question.

Where we depart from the paper: one mistake per problem (the first drawn), its text shortened to its
end where it is long; right reasoning is a right trace of the same problem where the pool has one,
else the gold answer alone; the wording is ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from anytime.budgets import BudgetGrid
from anytime.cutting.frames import answer_of
from anytime.domains.base import Domain
from anytime.errors import AnytimeError
from anytime.methods.base import (
    LEVELS,
    Lesson,
    Level,
    Material,
    Method,
    OwnProblemError,
    Preface,
    Recipe,
    Target,
    fingerprints,
    of_others,
)
from anytime.preferences.pool import Pool, PoolTrace, Scored, cut_text
from anytime.preferences.selection import pool_cost
from anytime.protocol import Message, Program, Reply, Request

__all__ = [
    "LEAP",
    "LEARN",
    "LEVELS",
    "MERGE",
    "PRINCIPLES",
    "Level",
    "Mistake",
    "Principles",
    "learn",
    "mistakes_in",
    "preface",
]

PRINCIPLES = "## Principles"
"""Heading of the preface; the built-in simulated model knows it, and the two requests, too."""
LEARN = "What can be learned from this mistake?"
MERGE = "Merge these insights into general principles."

MOST_PRINCIPLES = 8
INSIGHT_TOKENS = 1024
SOLUTION_CHARACTERS = 12_000


class Mistake(NamedTuple):
    """A wrong solution beside the right one.

    Attributes:
        problem: Id of the problem.
        question: The problem as it was posed, options included.
        wrong: The trace that ended wrongly.
        wrong_answer: What it came to.
        right: A right trace of the same problem; empty where the pool has none.
        gold: The right answer.
    """

    problem: str
    question: str
    wrong: str
    wrong_answer: str
    right: str
    gold: str


class Principles(NamedTuple):
    """What was learned.

    Attributes:
        texts: One sentence or two each.
        problems: Ids of the problems whose mistakes they come from, in the order of `texts` for
            low-level ones; merged ones come from all.
        tokens: Generated for them.
    """

    texts: tuple[str, ...]
    problems: tuple[str, ...]
    tokens: int


def mistakes_in(traces: Iterable[PoolTrace]) -> list[Mistake]:
    """One mistake per problem: its first trace whose last answer is not right.

    Raises:
        AnytimeError: There is none.
    """
    wrong: dict[str, PoolTrace] = {}
    right: dict[str, PoolTrace] = {}
    for trace in traces:
        kept = right if trace.points[-1].quality == 1 else wrong
        best = kept.get(trace.problem.id)
        if best is None or trace.draw < best.draw:
            kept[trace.problem.id] = trace
    if not wrong and not right:
        raise AnytimeError("the pool is empty: none of its samples has a scored trace")
    if not wrong:
        raise AnytimeError(
            "nothing to learn from: every trace on the dev problems ended right; sample more "
            "traces or harder problems"
        )
    return [_mistake(trace, right.get(name)) for name, trace in sorted(wrong.items())]


def _mistake(wrong: PoolTrace, right: PoolTrace | None) -> Mistake:
    problem, last = wrong.problem, wrong.points[-1]
    return Mistake(
        problem=problem.id,
        question=problem.prompt,
        wrong=_end(cut_text(wrong, len(wrong.points) - 1)),
        wrong_answer=_end(last.answer),
        right=_end(cut_text(right, len(right.points) - 1)) if right else "",
        gold=problem.gold,
    )


def _end(text: str) -> str:
    return text if len(text) <= SOLUTION_CHARACTERS else f"... {text[-SOLUTION_CHARACTERS:]}"


def learn(mistakes: Sequence[Mistake], level: Level) -> Program[Principles]:
    """Ask for principles, and merge them for `high`.

    Requests: one per mistake; then, for `high`, one.

    Raises:
        AnytimeError: The model named none.
    """
    replies = yield [_request(_ask(mistake)) for mistake in mistakes]
    tokens = _tokens(replies)
    found = [
        (text, mistake.problem)
        for mistake, reply in zip(mistakes, replies, strict=True)
        for text in _listed(reply)
    ]
    if not found:
        raise AnytimeError(_NONE)
    texts, problems = (tuple(column) for column in zip(*found, strict=True))
    if level == "low":
        return Principles(texts, problems, tokens)
    (reply,) = yield [_request(_merge(texts))]
    merged = tuple(_listed(reply)[:MOST_PRINCIPLES])
    if not merged:
        raise AnytimeError(_NONE)
    return Principles(merged, tuple(dict.fromkeys(problems)), tokens + _tokens([reply]))


_NONE = (
    "the model was asked for principles, as lines that begin with '- ', and named none: LEAP needs "
    "a model that follows instructions"
)

_LINES = "Write each on a line of its own that begins with '- ', and nothing else."


def _ask(mistake: Mistake) -> str:
    parts = [
        f"A problem:\n{mistake.question}",
        f"A solution that went wrong:\n{mistake.wrong}",
        f"Its answer, which is wrong:\n{mistake.wrong_answer}",
    ]
    if mistake.right:
        parts.append(f"A solution that is right:\n{mistake.right}")
    parts += [
        f"The right answer:\n{mistake.gold}",
        f"{LEARN} Name up to three insights that would help with other problems of this kind; do "
        f"not repeat the particulars of this one. {_LINES}",
    ]
    return "\n\n".join(parts)


def _merge(texts: Sequence[str]) -> str:
    listed = "\n".join(f"- {text}" for text in texts)
    return (
        f"Insights from mistakes on several problems:\n\n{listed}\n\n{MERGE} Name at most "
        f"{MOST_PRINCIPLES}, the most useful ones first. {_LINES}"
    )


def _request(text: str) -> Request:
    return Request((Message("user", text),), INSIGHT_TOKENS, "answer", thinking=False)


def _tokens(replies: Sequence[Reply]) -> int:
    return sum(reply.output_tokens or 0 for reply in replies)


_ITEM = re.compile(r"^[ \t]*(?:[-*•]|\d+[.)])[ \t]+(\S.*)$", re.MULTILINE)


def _listed(reply: Reply) -> list[str]:
    return [found.strip() for found in _ITEM.findall(answer_of(reply))]


def preface(texts: Sequence[str]) -> str:
    """The text before the question."""
    listed = "\n".join(f"- {text}" for text in texts)
    return (
        f"{PRINCIPLES}\n\nThese were learned from mistakes on other problems; keep to them.\n\n"
        f"{listed}\n\n## Your problem\n\n"
    )


def _learn(recipe: Recipe, pool: Pool, domain: Domain) -> Program[Material]:
    mistakes = mistakes_in(pool.traces())
    contents = {mistake.problem: fingerprints(domain, mistake.question) for mistake in mistakes}
    principles = yield from learn(mistakes, recipe.principles)
    if recipe.principles == "low":
        sources = [contents[name] for name in principles.problems]
    else:
        everyone = tuple(one for prints in contents.values() for one in prints)
        sources = [everyone] * len(principles.texts)
    cost = pool_cost(pool.scored())
    return Material(
        lessons=tuple(map(Lesson, principles.texts, sources)),
        domain=domain.name,
        pool=cost,
        tokens=cost.tokens + principles.tokens,
    )


def _write(recipe: Recipe, material: Material, target: Target) -> Preface:
    lessons = of_others(material.lessons, [one.sources for one in material.lessons], target)
    if not lessons:
        raise OwnProblemError(
            "this problem is among those the principles were learned from",
            "learn them from other problems",
        )
    texts = [lesson.text for lesson in lessons]
    text = preface(texts)
    record = {
        "principles": texts,
        "level": recipe.principles,
        "left_out_as_same_problem": len(material.lessons) - len(texts),
    }
    return Preface(text, record, target.count(text))


def _topics(recipe: Recipe, scored: Iterable[Scored]) -> list[set[str]]:
    """Of each mistake its own problem; merged principles come from all of them."""
    wrong = {trace.problem for trace in scored if trace.quality[-1] != 1}
    return [{name} for name in sorted(wrong)] if recipe.principles == "low" else [wrong]


def _last_two(budgets: BudgetGrid) -> BudgetGrid:
    """Final answers alone are read; a grid has two budgets at least."""
    return BudgetGrid(budgets[-2:])


LEAP = Method(
    name="leap",
    write=_write,
    needs="traces",
    learn=_learn,
    traces=15,
    grid=_last_two,
    options=("principles",),
    topics=_topics,
)
