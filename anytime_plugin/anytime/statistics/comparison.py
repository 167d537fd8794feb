"""Two runs on the same problems: is the difference between their curves more than luck?

Everything is paired by problem, since a hard problem is hard for both runs (arXiv 2411.00640).
Needs numpy and scipy; scipy is imported when something is compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.settings import Envelope, QMax, Scale
from anytime.statistics.index import (
    Curve,
    FloatArray,
    Interval,
    _area,
    _enveloped,
    anytime_index,
    bootstrap_means,
    budget_weights,
)

__all__ = ["Comparison", "Difference", "Run", "compare", "compare_all"]

# Signs flipped at a time; scipy holds several arrays of this size.
_BATCH = 1_000_000


@dataclass(frozen=True, eq=False, init=False)
class Run:
    """A curve whose problems have names, by which it is paired with another run.

    Attributes:
        name: What the run is called in tables and errors.
        problems: Name of each problem, in the order of `curve`.
        curve: Quality by problem, trace and budget.

    Raises:
        AnytimeError: Two problems of one name, rows of other lengths, whatever `Curve` refuses.
    """

    name: str
    problems: tuple[str, ...]
    curve: Curve

    def __init__(
        self, name: str, budgets: Sequence[int], quality: Mapping[Any, npt.ArrayLike]
    ) -> None:
        """Pad and freeze.

        Args:
            name: What the run is called.
            budgets: T increasing budgets in tokens.
            quality: By problem, an array of shape (traces, T), or (T,) for a single trace; problems
                may differ in traces. Names are compared as text: hosts disagree whether 7 is "7".
        """
        if not quality:
            raise AnytimeError(f"{name} has no problems")
        grid = BudgetGrid(budgets)
        problems = tuple(str(problem) for problem in quality)
        if len(set(problems)) < len(problems):
            twice = next(problem for problem in problems if problems.count(problem) > 1)
            raise AnytimeError(f"{name} has two problems called {twice!r}")
        rows = [
            _traces(name, problem, values, len(grid))
            for problem, values in zip(problems, quality.values(), strict=True)
        ]
        padded = np.full((len(rows), max(map(len, rows)), len(grid)), np.nan)
        for target, traces in zip(padded, rows, strict=True):
            target[: len(traces)] = traces
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "problems", problems)
        object.__setattr__(self, "curve", Curve(grid, padded))


def _traces(name: str, problem: str, values: npt.ArrayLike, length: int) -> FloatArray:
    try:
        traces = np.atleast_2d(np.array(values, dtype=np.float64))
    except (TypeError, ValueError):
        traces = np.empty((0, 0))
    if traces.ndim != 2 or traces.shape[1] != length or not len(traces):
        raise AnytimeError(
            f"problem {problem} of {name}: quality has to be numbers of shape (traces, {length}), "
            f"at least one trace"
        )
    return traces


@dataclass(frozen=True, slots=True)
class Difference:
    """One number of two runs, and what their difference is worth.

    Attributes:
        a: The number of the first run.
        b: The number of the second.
        difference: a - b.
        interval: Paired interval of the difference.
        p: Sign-flip permutation p-value, two-sided.
        p_holm: The same, adjusted for all claims of its family.
    """

    a: float
    b: float
    difference: float
    interval: Interval
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run a minus run b.

    Attributes:
        a: Name of the first run.
        b: Name of the second.
        budgets: At which both were run.
        index: Difference of the Anytime Index.
        average: Difference of the unweighted mean over budgets.
        by_budget: Difference of mean quality at each budget.
        detectable: Minimum detectable effect: the true difference of the index that this many
            problems, as different as these, would show in 80 of 100 such comparisons.
        problems: How many problems were compared.
        traces: How many traces of a and of b were.
        left_out: How many problems of a and of b the other lacks; (0, 0) unless `common_only`.
        confidence: Of all intervals; 1 - confidence is the level that `detectable` refers to.
    """

    a: str
    b: str
    budgets: BudgetGrid
    index: Difference
    average: Difference
    by_budget: tuple[Difference, ...]
    detectable: float
    problems: int
    traces: tuple[int, int]
    left_out: tuple[int, int]
    confidence: float

    @property
    def final(self) -> Difference:
        """Difference at the largest budget; one of the per-budget claims."""
        return self.by_budget[-1]


def compare(
    a: Run,
    b: Run,
    *,
    envelope: Envelope = "mean",
    scale: Scale = "linear",
    q_max: QMax = 1.0,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    common_only: bool = False,
) -> Comparison:
    """Run a minus run b, paired by problem.

    The problem is the unit: traces are averaged per problem first. Differences that are a mean over
    problems get Student's t interval of the paired differences. The index under the envelope `mean`
    and with `achieved` is no such mean: it gets a bootstrap over problems, drawn for both runs
    together, that recomputes both curves. P-values come from giving a problem's two results to the
    runs at random: all 2**n ways where they are at most `resamples`, else that many. They are
    adjusted over the budgets by Holm's method. docs/methods.md has formulas and reasons.

    Args:
        a: The run of interest.
        b: What it is compared with, at the same budgets and on the same problems.
        envelope: As in `anytime_index`; so are `scale` and `q_max`.
        scale: Distance between budgets.
        q_max: Quality that counts as 1.
        confidence: Share of intervals meant to cover the true difference.
        resamples: Of the bootstrap and of the permutation test.
        seed: Of both; equal seeds give equal results, in whatever order the problems come.
        common_only: Compare the problems that both have, instead of refusing where others exist.

    Raises:
        AnytimeError: Other budgets, other problems, fewer than two of them; an unknown option, a
            confidence outside (0, 1), fewer than 1 resample.
    """
    found = _compare(a, b, envelope, scale, q_max, confidence, resamples, seed, common_only)
    return _adjusted([found])[0]


def compare_all(
    runs: Sequence[Run],
    *,
    envelope: Envelope = "mean",
    scale: Scale = "linear",
    q_max: QMax = 1.0,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    common_only: bool = False,
) -> tuple[Comparison, ...]:
    """Every further run minus the first, the baseline; arguments as in `compare`.

    More claims, larger families: p-values are adjusted over all comparisons of the index, over all
    of the average, and over all budgets of all comparisons.
    """
    if len(runs) < 2:
        raise AnytimeError(f"{len(runs)} runs: a comparison needs at least two")
    baseline, *others = runs
    return _adjusted(
        [
            _compare(
                run, baseline, envelope, scale, q_max, confidence, resamples, seed, common_only
            )
            for run in others
        ]
    )


def _compare(
    a: Run,
    b: Run,
    envelope: Envelope,
    scale: Scale,
    q_max: QMax,
    confidence: float,
    resamples: int,
    seed: int,
    common_only: bool,
) -> Comparison:
    """Everything but the adjustment of p-values."""
    if not 0 < confidence < 1:
        raise AnytimeError(f"confidence {confidence!r} is not between 0 and 1")
    if resamples < 1:
        raise AnytimeError(f"{resamples} resamples: at least 1 is needed")
    problems = _shared(a, b, common_only)
    curves = [_selected(run, problems) for run in (a, b)]
    weights = budget_weights(a.curve.budgets, scale)
    index_a, index_b = (
        anytime_index(curve, envelope=envelope, scale=scale, q_max=q_max) for curve in curves
    )
    plain = _Both(*(curve.by_problem for curve in curves))
    enveloped = _Both(*(_enveloped(curve, envelope) for curve in curves))

    def index_of(means: FloatArray) -> FloatArray:
        if envelope == "mean":
            means = np.maximum.accumulate(means, axis=1)
        return _area(means, weights, q_max)

    shares = _Both(*(_shares(values, envelope, weights, q_max) for values in enveloped))
    if envelope == "mean" or q_max == "achieved":
        interval = _bootstrap_interval(enveloped, index_of, confidence, resamples, seed)
    else:
        interval = _t_interval(shares.difference, confidence, 1 / q_max)
    p_index, p_average, *p_budgets = _p_values(enveloped, plain, index_of, resamples, seed)
    return Comparison(
        a=a.name,
        b=b.name,
        budgets=a.curve.budgets,
        index=Difference(index_a, index_b, index_a - index_b, interval, p_index, p_index),
        average=_of_means(_Both(*(v.mean(axis=1) for v in plain)), confidence, p_average),
        by_budget=tuple(
            _of_means(_Both(*(values[:, t] for values in plain)), confidence, p)
            for t, p in enumerate(p_budgets)
        ),
        detectable=_detectable(shares.difference, confidence),
        problems=len(problems),
        traces=(_count_traces(curves[0]), _count_traces(curves[1])),
        left_out=(len(a.problems) - len(problems), len(b.problems) - len(problems)),
        confidence=confidence,
    )


def _shared(a: Run, b: Run, common_only: bool) -> list[str]:
    """Problems to compare, sorted by name: in whatever order they came, one result."""
    if a.curve.budgets != b.curve.budgets:
        raise AnytimeError(
            f"{a.name} was run at budgets {_listed(a.curve.budgets)} and {b.name} at "
            f"{_listed(b.curve.budgets)}: only runs at the same budgets can be compared"
        )
    common = sorted({*a.problems} & {*b.problems})
    if not common:
        raise AnytimeError(
            f"{a.name} and {b.name} have no problem in common: {a.name} has for example "
            f"{a.problems[0]!r}, {b.name} has {b.problems[0]!r}"
        )
    if not common_only and not len(common) == len(a.problems) == len(b.problems):
        raise AnytimeError(
            f"{a.name} lacks {len(b.problems) - len(common)} of the {len(b.problems)} problems of "
            f"{b.name}, which lacks {len(a.problems) - len(common)} of the {len(a.problems)} of "
            f"{a.name}: common_only=True compares the {len(common)} that both have"
        )
    if len(common) < 2:
        raise AnytimeError(
            f"{a.name} and {b.name} have 1 problem in common: a comparison needs at least 2"
        )
    return common


def _listed(budgets: BudgetGrid) -> str:
    return ",".join(map(str, budgets))


def _selected(run: Run, problems: Sequence[str]) -> Curve:
    row_of = {problem: row for row, problem in enumerate(run.problems)}
    rows = [row_of[problem] for problem in problems]
    return Curve(run.curve.budgets, run.curve.quality[rows])


def _count_traces(curve: Curve) -> int:
    return int(np.count_nonzero(~np.isnan(curve.quality[:, :, 0])))


class _Both(NamedTuple):
    """Values of the two runs, one row per problem, the same problem in the same row."""

    a: FloatArray
    b: FloatArray

    @property
    def difference(self) -> FloatArray:
        return self.a - self.b


def _shares(values: FloatArray, envelope: Envelope, weights: FloatArray, q_max: QMax) -> FloatArray:
    """What each problem contributes to the index: their mean is the index.

    Their spread is that of the index to first order (delta method): where best so far is taken on
    the mean curve, each budget counts as the one at which that best was attained.
    """
    if envelope == "mean":
        means = values.mean(axis=0)
        attained = np.where(means == np.maximum.accumulate(means), np.arange(len(means)), 0)
        values = values[:, np.maximum.accumulate(attained)]
    if q_max != "achieved":
        return _area(values, weights, q_max)
    area, full = values @ weights, values[:, -1]
    if not full.any():
        return np.zeros_like(area)
    ratio = area.mean() / full.mean()
    shares: FloatArray = ratio + (area - ratio * full) / full.mean()
    return shares


def _of_means(pair: _Both, confidence: float, p: float) -> Difference:
    a, b = (float(values.mean()) for values in pair)
    return Difference(a, b, a - b, _t_interval(pair.difference, confidence, 1), p, p)


def _t_interval(differences: FloatArray, confidence: float, limit: float) -> Interval:
    """Student's t interval of a mean of paired differences, cut to what is possible."""
    from scipy.stats import t  # type: ignore[import-untyped]

    n = len(differences)
    half = t.isf((1 - confidence) / 2, n - 1) * differences.std(ddof=1) / math.sqrt(n)
    center = differences.mean()
    return Interval(float(max(-limit, center - half)), float(min(limit, center + half)))


def _bootstrap_interval(
    pair: _Both,
    index_of: Callable[[FloatArray], FloatArray],
    confidence: float,
    resamples: int,
    seed: int,
) -> Interval:
    """Bootstrap over problems, drawn for both runs together.

    The percentiles lie further out than the confidence says, by as much as makes them Student's for
    a plain mean (Hesterberg's expanded percentile interval, arXiv 1411.5279): a bootstrap varies
    too little by sqrt((n - 1) / n) and has normal tails.
    """
    from scipy.stats import norm, t

    n, length = pair.a.shape
    quantile = t.isf((1 - confidence) / 2, n - 1) * math.sqrt(n / (n - 1))
    # A last column that counts up keeps the rows as they are: sorted by problem, not by quality.
    rows = np.column_stack([*pair, np.arange(n)])
    return bootstrap_means(
        rows,
        lambda means: index_of(means[:, :length]) - index_of(means[:, length : 2 * length]),
        1 - 2 * float(norm.sf(quantile)),
        resamples,
        seed,
    )


def _p_values(
    enveloped: _Both,
    plain: _Both,
    index_of: Callable[[FloatArray], FloatArray],
    resamples: int,
    seed: int,
) -> list[float]:
    """Sign-flip p-values of index, average and every budget, from the same flips.

    The signs themselves are what scipy permutes: -1 gives a problem's two results to the other run
    each. So one call serves all claims, and a flip of both mean curves is one matrix product.
    """
    from scipy.stats import permutation_test

    n = len(plain.a)
    middle = (enveloped.a + enveloped.b).mean(axis=0) / 2
    halves = np.column_stack([enveloped.difference / 2, plain.difference])
    length = len(middle)

    def claims(signs: FloatArray) -> FloatArray:
        means = signs @ halves / n
        flip, budgets = means[:, :length], means[:, length:]
        index = index_of(middle + flip) - index_of(middle - flip)
        return np.column_stack([index, budgets.mean(axis=1), budgets])

    observed = claims(np.ones((1, n)))

    def statistic(signs: FloatArray, axis: int) -> FloatArray:
        found = claims(signs.reshape(-1, n))
        # A flip that ties with what was observed must not differ from it by the order of its sums.
        found = np.where(np.isclose(found, observed, rtol=0, atol=1e-12), observed, found)
        return found.reshape(*signs.shape[:-1], -1)

    result = permutation_test(
        (np.ones(n),),
        statistic,
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, _BATCH // n),
        rng=np.random.default_rng(seed),
    )
    return [float(p) for p in result.pvalue]


def _detectable(differences: FloatArray, confidence: float, power: float = 0.8) -> float:
    """Minimum detectable effect of a paired t-test."""
    from scipy.stats import t

    n = len(differences)
    quantiles = t.isf((1 - confidence) / 2, n - 1) + t.ppf(power, n - 1)
    return float(quantiles * differences.std(ddof=1) / math.sqrt(n))


def _adjusted(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Holm's method over three families: all indices, all averages, all budgets of all runs."""
    index = _holm([c.index.p for c in comparisons])
    average = _holm([c.average.p for c in comparisons])
    budgets = iter(_holm([d.p for c in comparisons for d in c.by_budget]))
    return tuple(
        replace(
            c,
            index=replace(c.index, p_holm=p_index),
            average=replace(c.average, p_holm=p_average),
            by_budget=tuple(replace(d, p_holm=next(budgets)) for d in c.by_budget),
        )
        for c, p_index, p_average in zip(comparisons, index, average, strict=True)
    )


def _holm(p: Sequence[float]) -> list[float]:
    """Step-down: the smallest of m p-values times m, the next times m - 1, ..., never falling."""
    values = np.asarray(p)
    order = np.argsort(values)
    steps = values[order] * np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(steps))
    return [float(value) for value in adjusted]
