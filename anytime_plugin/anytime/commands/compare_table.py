"""Comparisons in a terminal: the decision first, then a table that 80 columns hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from anytime.commands.terminal import print_sentence, print_spent, print_table

if TYPE_CHECKING:
    from anytime.results.spent import Spent
    from anytime.statistics.comparison import Comparison

__all__ = ["print_comparisons"]


def print_comparisons(
    found: Sequence[Comparison],
    called: Sequence[str],
    spent: Sequence[Spent | None],
    differ: str,
) -> None:
    """Print every comparison with the baseline.

    Args:
        found: Each of a further run with the baseline, in order.
        called: The labels of the runs, the baseline's first.
        spent: What each run took.
        differ: What differs between them beside their labels, in a sentence.
    """
    from anytime.results.labels import heads_of

    heads = heads_of(called)
    if heads != list(called):
        for head, name in zip(heads, called, strict=True):
            print_sentence(f"{head}  {name}")
        print_sentence("")
    for head, one in zip(heads[1:], found, strict=True):
        _print(replace(one, a=head, b=heads[0]))
        print_sentence("")
    if differ:
        print_sentence(differ)
    print_spent(heads, [one for one in spent if one is not None])


def _print(one: Comparison) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from anytime.results.labels import WIDEST
    from anytime.statistics.compared import numbers_told, sentences_on, verdict

    print_sentence(verdict(one))
    print_sentence("")
    # As narrow as it can be: 80 columns hold it.
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    difference = f"{one.a}-{one.b}"
    if len(difference) > WIDEST:
        difference = "difference"
    for name in (one.a, one.b, difference, f"{one.confidence:.0%}", "p", "p (Holm)"):
        # Labels may be broken, never shortened: they tell the runs apart. Nor are numbers.
        head = Text(name)
        table.add_column(head, justify="right", overflow="fold", no_wrap="%" in name, min_width=6)
    for row in numbers_told(one):
        table.add_row(*row)
    print_table(table)
    print_sentence("")
    for sentence in sentences_on(one):
        print_sentence(sentence)
