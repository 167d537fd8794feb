"""The traces of a finished run as a pool of answers, and the strategies it holds as rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.results.curves import RunKey
from anytime.results.spent import is_shared
from anytime.results.verdicts import are_verdicts
from anytime.rows import Row, rows_of
from anytime.runs import FinishedRun
from anytime.statistics.strategies import Answers, StrategyCurve

__all__ = ["Pooled", "common_budgets", "pooled", "rows_of_strategies", "strategy_name"]

_UNREAD = -1


@dataclass(frozen=True)
class Pooled:
    """What one scorer read of all traces of a run.

    Attributes:
        key: Of which curve.
        like: A row of it, for what all rows have in common.
        budgets: Of each trace.
        problems: Answers by problem, sorted by name.
        unread: Share of answers that could not be read, and do not vote.
        distinct: Of the answers that can be read, how many are different, by problem and budget: a
            share, on average; near 1 no two traces agree.
        uneven: Problems with fewer traces than others, by how many they have.
    """

    key: RunKey
    like: Row
    budgets: BudgetGrid
    problems: dict[str, Answers]
    unread: float
    distinct: float
    uneven: dict[str, int]


def pooled(run: FinishedRun) -> list[Pooled]:
    """Read a run, for each of its scorers.

    Raises:
        AnytimeError: Its checkpoints are of no single traces, its traces have other budgets than
            others, or its answers cannot be compared.
    """
    cells: dict[RunKey, dict[str, dict[int, list[Row]]]] = {}
    for row in rows_of(run):
        by_problem = cells.setdefault(RunKey.of(row), defaultdict(lambda: defaultdict(list)))
        by_problem[row.problem][row.trace].append(row)
    return [_pooled(key, by_problem) for key, by_problem in cells.items()]


def _pooled(key: RunKey, by_problem: dict[str, dict[int, list[Row]]]) -> Pooled:
    if key.mode == "contract" or is_shared(key.mode):
        raise AnytimeError(
            f"{key.log} is a run with mode={key.mode}: each budget has traces of its own there, "
            f"so there is no pool of traces that could be spent otherwise; run mode=interrupt"
        )
    first = next(iter(next(iter(by_problem.values())).values()))
    budgets = sorted(row.budget for row in first)
    _check_answers(key, by_problem)
    problems = {}
    unread = total = 0
    for name in sorted(by_problem):
        codes: dict[str, int] = {}
        traces = []
        for rows in by_problem[name].values():
            rows = sorted(rows, key=lambda row: row.budget)
            if [row.budget for row in rows] != budgets:
                raise AnytimeError(
                    f"{key.log} mixes budgets: a trace of problem {name} has "
                    f"{','.join(str(row.budget) for row in rows)}, others "
                    f"{','.join(map(str, budgets))}"
                )
            traces.append(rows)
        answers = [[_code(row, codes) for row in rows] for rows in traces]
        spent = [[np.nan if r.tokens is None else r.tokens for r in rows] for rows in traces]
        one = Answers(
            np.array(answers, dtype=np.int64),
            np.array([[row.quality for row in rows] for rows in traces], dtype=np.float64),
            np.array(spent, dtype=np.float64),
        )
        problems[name] = one
        unread += int((one.answer == _UNREAD).sum())
        total += one.answer.size
    counts = {name: len(one.answer) for name, one in problems.items()}
    most = max(counts.values())
    uneven = {name: count for name, count in counts.items() if count < most}
    return Pooled(
        key, first[0], BudgetGrid(budgets), problems, unread / total, _distinct(problems), uneven
    )


def _distinct(problems: Mapping[str, Answers]) -> float:
    """How many of a problem's answers at a budget differ, as a mean share; 0 without any."""
    shares = []
    for one in problems.values():
        for column in one.answer.T:
            read = column[column != _UNREAD]
            if len(read) > 1:
                shares.append((len(np.unique(read)) - 1) / (len(read) - 1))
    return float(np.mean(shares)) if shares else 0.0


def _code(row: Row, codes: dict[str, int]) -> int:
    if row.parsed is False or not row.answer:
        return _UNREAD
    return codes.setdefault(row.answer, len(codes))


def _check_answers(key: RunKey, by_problem: dict[str, dict[int, list[Row]]]) -> None:
    """Refuse answers that say nothing of what the model answered.

    Where a scorer of others' tells no answer its verdict stands in the rows. To vote among those
    would be to vote with the gold answer in hand.
    """
    rows = [row for traces in by_problem.values() for rows in traces.values() for row in rows]
    if not any(row.answer or row.parsed is not None for row in rows):
        raise AnytimeError(
            f"{key.log} holds no answers that could be compared, qualities alone: name their "
            f"column, --columns answer=..., or take a scorer that tells them (Score.answer)"
        )
    if are_verdicts(rows):
        said = ", ".join(sorted({row.answer for row in rows if row.answer}))
        raise AnytimeError(
            f"the answers in {key.log} are verdicts of the scorer {key.scorer} ({said}), which "
            f"tell right from wrong: a vote among them would know the gold answer; take a scorer "
            f"that tells what it read (Score.answer)"
        )


def common_budgets(found: Sequence[StrategyCurve]) -> list[int]:
    """Total budgets that all of these strategies have, at least two.

    Raises:
        AnytimeError: There are fewer, so that no curves of them could be compared.
    """
    common = sorted(set.intersection(*(set(one.budgets) for one in found)))
    if len(common) < 2:
        told = "; ".join(f"k={one.k}: {','.join(map(str, one.budgets))}" for one in found)
        raise AnytimeError(
            f"these strategies share {len(common)} total budgets, and a curve needs two: name "
            f"fewer k with --k ({told})"
        )
    return common


def rows_of_strategies(
    pool: Pooled, found: Iterable[StrategyCurve], budgets: Sequence[int]
) -> Iterator[Row]:
    """The curves of strategies as rows, one for each problem and total budget.

    A row's quality is the mean over all subsets of traces, so it stands for no one answer; whether
    that could be read is not told either.

    Args:
        pool: Of what run.
        found: Its strategies.
        budgets: Those that rows are of; each strategy has all of them.
    """
    for one in found:
        for place, (problem, answers) in enumerate(pool.problems.items()):
            spent = one.k * answers.tokens.mean(axis=0)
            for budget in budgets:
                at = one.budgets.index(budget)
                known = not np.isnan(spent[at])
                yield pool.like._replace(
                    # A run of its own: read together, they are no copies of one.
                    run=f"{pool.like.run} {strategy_name(pool.key.mode, one)}",
                    mode=strategy_name(pool.key.mode, one),
                    problem=problem,
                    trace=1,
                    budget=budget,
                    tokens=round(float(spent[at])) if known else None,
                    quality=float(np.clip(one.quality[place, at], 0, 1)),
                    parsed=None,
                    answer=None,
                    forced=False,
                    answer_tokens=None,
                    leaked_reasoning_tokens=0,
                    finish="other",
                    seconds=None,
                    cost=None,
                    trace_tokens=None,
                    trace_finish="other",
                    cut=None,
                    depth=None,
                    metrics={},
                )


def strategy_name(mode: str, one: StrategyCurve) -> str:
    """As rows name it: `vote:4`; `intrace vote:4` where nobody was asked; one trace is the run."""
    if one.k == 1:
        return mode
    named = f"{one.kind}:{one.k}"
    return f"{mode} {named}" if mode == "intrace" else named
