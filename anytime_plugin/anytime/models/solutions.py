"""What the simulator is told: right and wrong answers of the problems loaded in this process.

A simulator with a known profile has to know which answer is right. Hosts tell it when they load a
dataset; nothing but `simulated` ever asks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from anytime.domains.base import Domain, Grade, Problem

__all__ = ["Solution", "Solutions", "recall", "remember"]

WRONG_ANSWERS = 3
"""So many different wrong answers are enough for a simulator to waver between."""


@dataclass(frozen=True, slots=True)
class Solution:
    """What the simulator is told about a problem.

    Attributes:
        right: A right answer in the domain's answer format, such as "Answer: C".
        wrong: Wrong answers in the same format, at least one.
    """

    right: str
    wrong: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a problem that cannot be answered wrongly."""
        if not self.wrong or self.right in self.wrong:
            raise ValueError("a solution needs wrong answers, all of them unlike the right one")


Solutions = Callable[[str], Solution | None]
"""The solution of the problem that a user's text states; None where it states none."""

_loaded: dict[tuple[str, ...], tuple[Domain, tuple[Problem, ...]]] = {}


def remember(domain: Domain, problems: Sequence[Problem]) -> None:
    """Let `recall` know these problems; of two sets that hold one problem the later counts."""
    key = (domain.name, *(problem.prompt for problem in problems))
    _loaded.pop(key, None)  # to stand last
    _loaded[key] = (domain, tuple(problems))
    recall.cache_clear()


@functools.lru_cache(maxsize=4096)
def recall(text: str) -> Solution | None:
    """The solution of the problem that is stated last in `text`; None where none is known."""
    found: tuple[int, Domain, Problem, tuple[Problem, ...]] | None = None
    for domain, problems in reversed(_loaded.values()):
        for problem in problems:
            place = text.rfind(problem.prompt)
            if place >= 0 and (found is None or place > found[0]):
                found = (place, domain, problem, problems)
    if found is None:
        return None
    _, domain, problem, problems = found
    for right in _phrasings(domain, problem, problem.gold):
        if _grade(domain, problem, right).quality == 1:
            return Solution(right, _wrong(domain, problem, problems))
    return None


def _wrong(domain: Domain, problem: Problem, problems: Sequence[Problem]) -> tuple[str, ...]:
    """Answers to other problems that are worth nothing here."""
    answers: list[str] = []
    for other in problems:
        for answer in _phrasings(domain, problem, other.gold):
            grade = _grade(domain, problem, answer)
            if grade.parsed and grade.quality == 0 and answer not in answers:
                answers.append(answer)
                break
        if len(answers) == WRONG_ANSWERS:
            break
    return tuple(answers) or ("I do not know.",)


def _phrasings(domain: Domain, problem: Problem, gold: str) -> tuple[str, str]:
    """A gold answer as a model may write it: as it stands, or in the words of the domain's cue."""
    begin = domain.cue(problem).begin
    close = "}" * (begin.count("{") - begin.count("}"))
    return (gold, f"{begin}{gold}{close}")


def _grade(domain: Domain, problem: Problem, answer: str) -> Grade:
    # After other words, as it will be stated: a bare letter or number is then no answer.
    return domain.grade(problem, f"Let me think.\n\n{answer}")
