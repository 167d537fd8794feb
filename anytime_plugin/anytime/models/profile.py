"""The performance profile of the simulated reasoner, and the exact quality it leads to.

Nothing here reasons. A *course* says at which token of a trace the right answer is found, given up
and answered with; `expected_quality` is what many courses come to, in closed form.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

__all__ = ["STATEMENT_TOKENS", "Course", "Profile", "draw_course", "expected_quality"]

STATEMENT_TOKENS = 24
"""Room kept in a trace for one statement of the current answer: none is complete before."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How well a simulated reasoner does, with tokens of reasoning.

    Every number of tokens is drawn from an exponential distribution and rounded up.

    Attributes:
        accuracy: Probability that the problem is ever solved; else the trace never ends by itself.
        solve_tokens: Mean tokens until it is solved.
        guess: Probability that a forced answer is right while the trace holds no answer yet.
        drift: Probability that it is talked out of the right answer, unless it ends before that.
        drift_tokens: Mean tokens from solving to being talked out of it; default `solve_tokens`.
        linger_tokens: Mean tokens from solving to ending by itself; default `solve_tokens`.
        unparsed: Probability that nothing can be extracted from a forced answer.
        fixes: Probability that a trace which is made to go on finds out that its answer is wrong.
        breaks: Probability that it is talked out of a right one.
        systematic: Probability that a wrong answer is the one that is usual for its problem, so
            that traces agree in it; others are drawn evenly.
    """

    accuracy: float = 0.7
    solve_tokens: float = 800.0
    guess: float = 0.0
    drift: float = 0.0
    drift_tokens: float | None = None
    linger_tokens: float | None = None
    unparsed: float = 0.0
    systematic: float = 0.0
    fixes: float = 0.0
    breaks: float = 0.0


class Course(NamedTuple):
    """After how many tokens things happen in one trace; None: never.

    Attributes:
        solved: The right answer has been stated.
        drifted: A wrong answer has been stated instead.
        ends: The reasoning is over and the final answer follows.
    """

    solved: int | None
    drifted: int | None
    ends: int | None


def draw_course(profile: Profile, draw: random.Random) -> Course:
    """Draw what happens in one trace."""
    if draw.random() >= profile.accuracy:
        return Course(None, None, None)
    solved = _draw(draw, profile.solve_tokens, STATEMENT_TOKENS)
    linger = _draw(draw, profile.linger_tokens or profile.solve_tokens, 1)
    drift = _draw(draw, profile.drift_tokens or profile.solve_tokens, STATEMENT_TOKENS)
    drifts = draw.random() < profile.drift and drift <= linger
    return Course(solved, solved + drift if drifts else None, solved + linger)


def expected_quality(profile: Profile, budget: int, closing_tokens: int = 0) -> float:
    """Probability that the answer at a budget is right when one trace is cut there (interrupt).

    Exact, whole tokens included: a trace counts as solved from the token that completes the
    statement of the right answer, so below `STATEMENT_TOKENS` there is `guess` alone. A wrong
    answer counts 0, so for trips this is exact match and a lower bound of the CSR.

    Args:
        profile: The simulated reasoner's.
        budget: In tokens, up to the cap of the trace.
        closing_tokens: Length of the final answer of a trace that ends by itself, blank line
            included. It matters only beside `unparsed`, which spares such answers.
    """
    drift_tokens = profile.drift_tokens or profile.solve_tokens
    linger_tokens = profile.linger_tokens or profile.solve_tokens

    def solved_at(j: int) -> float:
        return _reached(profile.solve_tokens, j, STATEMENT_TOKENS) - _reached(
            profile.solve_tokens, j - 1, STATEMENT_TOKENS
        )

    def drifted_by(k: int) -> float:
        return profile.drift * _reached(drift_tokens, k, STATEMENT_TOKENS)

    def lingers_to(k: int) -> float:
        return 1 - _reached(linger_tokens, k - 1, 1)

    tokens = range(1, budget + 1)
    # By tokens since solving: talked out of it, and ended by itself without that.
    drifted = [
        0.0,
        *accumulate((drifted_by(k) - drifted_by(k - 1)) * lingers_to(k) for k in tokens),
    ]
    ended = [
        0.0,
        *accumulate((lingers_to(k) - lingers_to(k + 1)) * (1 - drifted_by(k)) for k in tokens),
    ]
    solved = right = right_by_itself = 0.0
    for j in tokens:
        solved += solved_at(j)
        right += solved_at(j) * (1 - drifted[budget - j])
        right_by_itself += solved_at(j) * ended[max(0, budget - j - closing_tokens)]
    guessed = (1 - profile.accuracy * solved) * profile.guess
    forced = profile.accuracy * (right - right_by_itself) + guessed
    return profile.accuracy * right_by_itself + (1 - profile.unparsed) * forced


def _draw(draw: random.Random, mean: float, least: int) -> int:
    return max(least, math.ceil(draw.expovariate(1 / mean)))


def _reached(mean: float, tokens: int, least: int) -> float:
    """Probability that `_draw` gives at most so many tokens."""
    return -math.expm1(-tokens / mean) if tokens >= least else 0.0
