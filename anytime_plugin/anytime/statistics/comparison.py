"""Two runs on the same problems: is the difference between their curves more than luck?

Everything is paired by problem, since a hard problem is hard for both runs (arXiv 2411.00640).
Where the problems are all there are, what is asked about is other traces of them
(`anytime.statistics.paired_within`). Needs numpy and scipy; scipy is imported when something is
compared.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from anytime.errors import AnytimeError
from anytime.settings import (
    Envelope,
    Estimator,
    IndexOptions,
    Population,
    QMax,
    Scale,
    options_named,
)
from anytime.statistics.bounded import Interval
from anytime.statistics.compared import Comparison, Difference
from anytime.statistics.curve import Curve, FloatArray
from anytime.statistics.index import Reading, check_confidence, index_of_means, read_index
from anytime.statistics.paired import even_means, flip_p_values, paired_interval
from anytime.statistics.paired_runs import (
    Run,
    check_several,
    listed,
    on_problems,
    shared_problems,
    trace_counts,
)
from anytime.statistics.paired_within import (
    Side,
    detectable_within,
    difference_within,
    p_within,
    sides,
)
from anytime.statistics.shown import Several

__all__ = [
    "Comparison",
    "Difference",
    "Run",
    "compare",
    "compare_all",
    "difference_of_means",
    "holm",
]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How runs are compared, checked.

    Attributes:
        options: Of the index: those that were named, and the baseline's own.
        named: Names of the former.
        confidence: Of intervals.
        resamples: Of the permutation test.
        common_only: Whether problems are left out that one of two runs lacks.
        budget: The one that was planned.
    """

    options: IndexOptions
    named: Collection[str]
    confidence: float
    resamples: int
    common_only: bool
    budget: int | None

    def __post_init__(self) -> None:
        check_confidence(self.confidence)
        if self.resamples < 1:
            raise AnytimeError(f"{self.resamples} resamples: at least 1 is needed")


def compare(
    a: Run,
    b: Run,
    *,
    envelope: Envelope | None = None,
    scale: Scale | None = None,
    q_max: QMax | None = None,
    estimator: Estimator | None = None,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int | None = None,
    common_only: bool = False,
    budget: int | None = None,
    population: Population | None = None,
) -> Comparison:
    """Run a minus run b, paired by problem.

    The problem is the unit: traces are averaged per problem first. Intervals are Student's of the
    paired differences, with half a pseudo-pair at either limit; that of the index under the
    envelope `mean` holds both readings of it, along the path of all problems and along paths that
    others chose. P-values come from giving a problem's two results to the runs at random: all 2**n
    ways where they are at most `resamples`, else that many. Where a problem has more traces in one
    run than in the other, they are of a seeded choice of as many of each, since more traces make a
    mean spread less. They are adjusted over the budgets by Holm's method. docs/methods.md has
    formulas and reasons.

    Args:
        a: The run of interest.
        b: What it is compared with, at the same budgets and on the same problems. Options of the
            index that are not named are those it was made with, where it knows of any.
        envelope: As in `anytime_index`; so are `scale`, `q_max` and `estimator`.
        scale: Distance between budgets.
        q_max: Quality that counts as 1.
        estimator: Of the index.
        confidence: Share of intervals meant to cover the true difference.
        resamples: Of the permutation test.
        seed: Of all draws; equal seeds give equal results, in whatever order the problems come.
        common_only: Compare the problems that both have, instead of refusing where others exist.
        budget: The one budget that a claim was planned for, before the runs were seen: its p-value
            needs no adjustment for the others, which are adjusted among themselves.
        population: `problems`: these are a sample of such problems. `traces`: they are all there
            are, and other traces of them are asked about; each needs two of either run, and
            intervals and p-values are those of `anytime.statistics.paired_within`.

    Raises:
        AnytimeError: Other budgets, other problems, fewer than two of them; an unknown option, a
            confidence outside (0, 1), fewer than 1 resample, a budget at which nothing was run;
            loaded runs of other domains, modes, scorers or versions of the problems;
            over traces, a problem with a single one, envelope `problem` or q_max `achieved`.

    Example:
        >>> a = Run("a", [8, 16], {problem: [0, 1] for problem in range(6)})
        >>> b = Run("b", [8, 16], {problem: [0, 0] for problem in range(6)})
        >>> compare(a, b, budget=16).final.p  # 2 of the 64 ways to flip six signs
        0.03125
    """
    named = options_named(envelope, scale, q_max, seed, estimator, population)
    how = (confidence, resamples, common_only, budget)
    return _adjusted([_compare(a, b, _Plan(_options(b, named), named.keys(), *how))])[0]


def compare_all(
    runs: Sequence[Run],
    *,
    envelope: Envelope | None = None,
    scale: Scale | None = None,
    q_max: QMax | None = None,
    estimator: Estimator | None = None,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int | None = None,
    common_only: bool = False,
    budget: int | None = None,
    population: Population | None = None,
) -> tuple[Comparison, ...]:
    """Every further run minus the first, the baseline; arguments as in `compare`.

    More claims, larger families: p-values are adjusted over all comparisons of the index, over all
    of the average, over all budgets of all comparisons, and over the planned budget of all.

    Example:
        >>> runs = [Run(n, [8, 16], {"x": [0, q], "y": [q, q]}) for n, q in [("b", 0), ("c", 1)]]
        >>> [(each.a, each.b) for each in compare_all(runs)]
        [('c', 'b')]
    """
    if len(runs) < 2:
        raise AnytimeError(f"{len(runs)} runs: a comparison needs at least two")
    baseline, *others = runs
    named = options_named(envelope, scale, q_max, seed, estimator, population)
    how = (confidence, resamples, common_only, budget)
    plan = _Plan(_options(baseline, named), named.keys(), *how)
    return Several(_adjusted([_compare(run, baseline, plan) for run in others]))


def _options(baseline: Run, named: dict[str, Any]) -> IndexOptions:
    """Those that were named, and the baseline's own, or the usual ones."""
    if not isinstance(baseline, Run):
        raise _no_run(baseline)
    return (baseline.options or IndexOptions())._replace(**named)


def _no_run(value: object) -> AnytimeError:
    return AnytimeError(
        f"a comparison is of runs, which {type(value).__name__} is none of: anytime.load(logs) "
        f"gives them, and Run(name, budgets, quality) makes one"
    )


def _taken_otherwise(a: Run, b: Run, plan: _Plan) -> list[str]:
    """Options of its index that a run was made with, and that are not those of the comparison."""
    own = a.options or plan.options
    return [
        f"{a.name} was run with {name}={value}; compared with {used}, as {b.name} was."
        for name, value, used in zip(own._fields, own, plan.options, strict=True)
        if value != used and name not in plan.named and name != "seed"
    ]


def _compare(a: Run, b: Run, plan: _Plan) -> Comparison:
    """Everything but the adjustment of p-values."""
    if not isinstance(a, Run):
        raise _no_run(a)
    notes = (*a.beside(b), *_taken_otherwise(a, b, plan))
    problems = shared_problems(a, b, plan.common_only)
    if plan.budget is not None and plan.budget not in a.curve.budgets:
        raise AnytimeError(
            f"nothing was run at budget {plan.budget}: the budgets are {listed(a.curve.budgets)}"
        )
    first, second = (on_problems(run, problems) for run in (a, b))
    if plan.options.population == "traces":
        check_several(a.name, first)
        check_several(b.name, second)
    judge = _over_traces if plan.options.population == "traces" else _over_problems
    index, average, *by_budget = judge(first, second, plan)
    counts = (trace_counts(first), trace_counts(second))
    return Comparison(
        a=a.name,
        b=b.name,
        budgets=a.curve.budgets,
        index=index,
        average=average,
        by_budget=tuple(by_budget),
        planned=plan.budget,
        problems=len(problems),
        traces=(int(counts[0].sum()), int(counts[1].sum())),
        left_out=(len(a.problems) - len(problems), len(b.problems) - len(problems)),
        tested=int(np.minimum(*counts).sum()) if judge is _over_problems else None,
        identical=bool(np.array_equal(first.by_problem, second.by_problem)),
        confidence=plan.confidence,
        population=plan.options.population,
        notes=notes,
    )


def _over_problems(a: Curve, b: Curve, plan: _Plan) -> list[Difference]:
    """Of the index, of the average and at every budget, as other such problems might have it."""
    readings = (read_index(a, plan.options), read_index(b, plan.options))
    p_index, p_average, *p_budgets = _p_values(a, b, plan)
    one, other = a.by_problem, b.by_problem
    values = [(one.mean(axis=1), other.mean(axis=1), p_average)]
    values += [(one[:, t], other[:, t], p) for t, p in enumerate(p_budgets)]
    index = _of_index(*readings, p_index, plan.confidence)
    return [index, *(difference_of_means(x, y, p, plan.confidence) for x, y, p in values)]


def _over_traces(a: Curve, b: Curve, plan: _Plan) -> list[Difference]:
    """The same as other traces of these problems might have it."""
    pairs = zip(sides(a, plan.options), sides(b, plan.options), strict=True)
    return [_of_sides(x, y, plan.confidence) for x, y in pairs]


def _of_sides(a: Side, b: Side, confidence: float) -> Difference:
    interval, p = difference_within(a, b, confidence), p_within(a, b)
    detectable = detectable_within(a, b, confidence)
    return Difference(a.value, b.value, a.value - b.value, interval, p, p, detectable)


def difference_of_means(a: FloatArray, b: FloatArray, p: float, confidence: float) -> Difference:
    """Difference of two means over problems.

    Args:
        a: Values of the problems in one run, shape (n,), in [0, 1].
        b: In the other.
        p: The p-value.
        confidence: Of the interval.
    """
    differences = a - b
    interval = paired_interval(differences, confidence)
    value_a, value_b = float(a.mean()), float(b.mean())
    detectable = _detectable(differences, confidence)
    return Difference(value_a, value_b, value_a - value_b, interval, p, p, detectable)


def _of_index(a: Reading, b: Reading, p: float, confidence: float) -> Difference:
    """Difference of two indices.

    Problems read along paths that others chose are unbiased, and spread less than their mean does,
    since each is an average over paths; read along the path of all they spread as they should, and
    are biased where one run has fewer traces. The interval holds both.
    """
    fair, plugin = (_shares(x) - _shares(y) for x, y in ((a.low, b.low), (a.high, b.high)))
    limits = [paired_interval(each, confidence) for each in (fair, plugin)]
    interval = Interval(min(i.low for i in limits), max(i.high for i in limits))
    detectable = max((_detectable(each, confidence) for each in (fair, plugin)), key=_or_none)
    return Difference(a.value, b.value, a.value - b.value, interval, p, p, detectable)


def _shares(pairs: FloatArray) -> FloatArray:
    """What each problem contributes to the index, whose mean is the index to first order."""
    part, whole = pairs.mean(axis=0)
    if whole == 0:
        return np.zeros(len(pairs))
    ratio = part / whole
    shares: FloatArray = ratio + (pairs[:, 0] - ratio * pairs[:, 1]) / whole
    return shares


def _p_values(a: Curve, b: Curve, plan: _Plan) -> list[float]:
    """Sign-flip p-values of index, average and every budget, from the same flips."""
    options = plan.options
    mean_a, mean_b = best_a, best_b = even_means(a.quality, b.quality, options.seed)
    if options.envelope == "trace":
        best_a, best_b = even_means(a.best("trace"), b.best("trace"), options.seed)
    elif options.envelope == "problem":
        best_a, best_b = (np.maximum.accumulate(means, axis=1) for means in (mean_a, mean_b))
    length = mean_a.shape[1]

    def claims(x: FloatArray, y: FloatArray) -> FloatArray:
        index = [index_of_means(each[:, :length], a.budgets, options) for each in (x, y)]
        budgets = x[:, length:] - y[:, length:]
        return np.column_stack([index[0] - index[1], budgets.mean(axis=1), budgets])

    found = flip_p_values(
        np.hstack([best_a, mean_a]),
        np.hstack([best_b, mean_b]),
        claims,
        plan.resamples,
        options.seed,
    )
    return [float(p) for p in found]


def _or_none(value: float) -> float:
    return -1.0 if math.isnan(value) else value


def _detectable(differences: FloatArray, confidence: float, power: float = 0.8) -> float:
    """Minimum detectable effect of a paired t-test; NaN where no spread was seen to tell it."""
    from scipy.special import stdtrit  # type: ignore[import-untyped]

    n, spread = len(differences), differences.std(ddof=1)
    if spread < 1e-9:
        return math.nan
    quantiles = stdtrit(n - 1, (1 + confidence) / 2) + stdtrit(n - 1, power)
    return float(quantiles * spread / math.sqrt(n))


def _adjusted(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Holm's method over families: all indices, all averages, all budgets of all runs.

    Budgets that were planned are a family of their own.
    """
    index = holm([c.index.p for c in comparisons])
    average = holm([c.average.p for c in comparisons])
    planned = iter(holm([d.p for c in comparisons for b, d in _claims(c) if b == c.planned]))
    others = iter(holm([d.p for c in comparisons for b, d in _claims(c) if b != c.planned]))
    return tuple(
        replace(
            c,
            index=replace(c.index, p_holm=p_index),
            average=replace(c.average, p_holm=p_average),
            by_budget=tuple(
                replace(d, p_holm=next(planned if budget == c.planned else others))
                for budget, d in _claims(c)
            ),
        )
        for c, p_index, p_average in zip(comparisons, index, average, strict=True)
    )


def _claims(comparison: Comparison) -> list[tuple[int, Difference]]:
    return list(zip(comparison.budgets, comparison.by_budget, strict=True))


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjustment of a family of p-values, in their order.

    Step-down: the smallest of m p-values times m, the next times m - 1, ..., never falling.
    """
    values = np.asarray(p)
    order = np.argsort(values)
    steps = values[order] * np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(steps))
    return [float(value) for value in adjusted]
