"""Which runners-up are shown in place of pairs that must not be."""

from __future__ import annotations

from collections.abc import Sequence

from anytime.preferences.pairs import Pair
from anytime.preferences.selection import merit

__all__ = ["stand_ins"]


def stand_ins(
    shown: Sequence[Pair], missing: Sequence[Pair], runners_up: Sequence[Pair]
) -> list[Pair]:
    """The next best pair of the same budget and pool for each that is missing, where there is one.

    It is of a problem that has no pair at this budget. As in selection, ties go to problems that
    are shown nowhere yet, then to the higher chosen quality, then to the problem's id.

    Args:
        shown: What is shown anyway.
        missing: What must not be shown.
        runners_up: What may be shown instead.
    """
    everywhere = {_problem(pair) for pair in shown}
    by_budget = {(pair.budget, _problem(pair)) for pair in shown}
    found = []
    for gone in sorted(missing, key=lambda pair: pair.budget):
        offers = [
            pair
            for pair in runners_up
            if (pair.budget, pair.origin) == (gone.budget, gone.origin)
            and (pair.budget, _problem(pair)) not in by_budget
        ]
        if not offers:
            continue
        best = min(
            offers,
            key=lambda pair: (
                merit(pair.gap, read=pair.read is not False),
                _problem(pair) in everywhere,
                -pair.chosen.quality,
                pair.problem,
            ),
        )
        everywhere.add(_problem(best))
        by_budget.add((best.budget, _problem(best)))
        found.append(best)
    return found


def _problem(pair: Pair) -> tuple[tuple[str, ...], str]:
    return pair.origin, pair.problem
