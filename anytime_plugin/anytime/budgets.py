"""Budget grids: how users write them, and what makes one valid."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from anytime.errors import AnytimeError

__all__ = ["BudgetGrid", "parse_budgets"]

LARGEST_BUDGET = 10_000_000
"""More trace tokens than any model generates: a larger number is a slip of the keyboard."""


class BudgetGrid(tuple[int, ...]):
    """Strictly increasing budgets in trace tokens, at least two of them, the first 0 or more.

    Raises:
        AnytimeError: Fewer than two budgets, not increasing, negative, or not whole numbers.

    Example:
        >>> BudgetGrid([128, 256, 512])
        BudgetGrid(128, 256, 512)
        >>> BudgetGrid([128, 256, 512]).largest
        512
        >>> BudgetGrid([512, 256])
        Traceback (most recent call last):
        anytime.errors.AnytimeError: budgets must increase: 256 stands after 512; write 256,512
    """

    __slots__ = ()

    def __new__(cls, budgets: Iterable[int | float | str]) -> BudgetGrid:
        """Validate at construction, so that no run starts with a grid that cannot be scored."""
        values = [_whole(budget) for budget in budgets]
        if not values:
            raise AnytimeError("no budgets given: name at least two, for example 128,256,512")
        if len(values) == 1:
            raise AnytimeError(
                f"one budget ({values[0]}) makes no curve: name at least two, for example "
                f"{values[0] or 128},{2 * (values[0] or 128)}"
            )
        for before, after in itertools.pairwise(values):
            if after == before:
                raise AnytimeError(f"budget {after} is given twice")
            if after < before:
                raise AnytimeError(
                    f"budgets must increase: {after} stands after {before}; "
                    f"write {','.join(str(v) for v in sorted(set(values)))}"
                )
        return super().__new__(cls, values)

    def __repr__(self) -> str:
        """As one would type it."""
        return f"BudgetGrid({', '.join(str(b) for b in self)})"

    @property
    def largest(self) -> int:
        """The last budget: no trace is generated beyond it."""
        return self[-1]


def parse_budgets(spec: str | int | float | Iterable[int | float | str]) -> BudgetGrid:
    """Read a budget grid as users write it.

    Args:
        spec: A list of numbers; or text: `128,256,512`, `geom:128:4096:6` (6 budgets in equal
            ratios from 128 to 4096, rounded to whole tokens) or `linear:0:4000:5`.

    Raises:
        AnytimeError: What is wrong with it, in one sentence.

    Example:
        >>> parse_budgets("128,256,512")
        BudgetGrid(128, 256, 512)
        >>> parse_budgets("geom:128:4096:6")
        BudgetGrid(128, 256, 512, 1024, 2048, 4096)
    """
    if isinstance(spec, int | float):  # a command line turns `budgets=512` into a number
        return BudgetGrid([spec])
    if not isinstance(spec, str):
        if not isinstance(spec, Iterable) or isinstance(spec, bytes):
            raise AnytimeError(f"budgets {spec!r}: write for example 128,256,512")
        return BudgetGrid(spec)
    text = spec.strip()
    kind, colon, rest = text.partition(":")
    if colon:
        return BudgetGrid(_spaced(kind.strip(), rest.split(":"), text))
    return BudgetGrid(part.strip() for part in text.split(",")) if text else BudgetGrid([])


def _spaced(kind: str, parts: Sequence[str], spec: str) -> list[int]:
    if kind not in ("geom", "linear"):
        raise AnytimeError(
            f"unknown spacing {kind!r} in budgets {spec!r}: use geom:FIRST:LAST:COUNT, "
            f"linear:FIRST:LAST:COUNT or a list such as 128,256,512"
        )
    if len(parts) != 3:
        raise AnytimeError(f"budgets {spec!r} need three numbers: {kind}:FIRST:LAST:COUNT")
    first, last, count = (_whole(part) for part in parts)
    if count < 2:
        raise AnytimeError(f"budgets {spec!r} ask for {count} of them: a curve needs at least two")
    if first >= last:
        raise AnytimeError(f"budgets {spec!r} must increase: {first} is not below {last}")
    if count > last - first + 1:
        raise AnytimeError(f"budgets {spec!r}: no {count} whole numbers lie in {first}..{last}")
    if kind == "linear":
        return [round(first + (last - first) * i / (count - 1)) for i in range(count)]
    if first == 0:
        raise AnytimeError(
            f"budgets {spec!r} cannot start at 0 in equal ratios: start at 1 or more, or use linear"
        )
    return [round(first * (last / first) ** (i / (count - 1))) for i in range(count)]


def _whole(budget: int | float | str) -> int:
    try:
        if isinstance(budget, bool):
            raise ValueError
        number = float(budget)
        if not math.isfinite(number) or number != int(number):
            raise ValueError
    except (TypeError, ValueError):
        raise AnytimeError(
            f"budget {budget!r} is not a whole number of tokens; write for example 128,256,512"
        ) from None
    if number < 0:
        raise AnytimeError(f"budget {int(number)} is negative: a budget is a number of tokens")
    if number > LARGEST_BUDGET:
        raise AnytimeError(f"budget {int(number)} is larger than {LARGEST_BUDGET} tokens")
    return int(number)
