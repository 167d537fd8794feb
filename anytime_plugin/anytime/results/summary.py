"""What a finished run comes to, recomputed from its rows: the numbers of the hosts' own tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from anytime.errors import AnytimeError
from anytime.results.curves import RunCurve, RunKey, curves
from anytime.rows import rows_of
from anytime.runs import FinishedRun
from anytime.settings import Envelope, QMax, Scale
from anytime.statistics.index import Summary, summarize

__all__ = ["RunSummary", "summaries", "summary_of"]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The numbers of one run.

    Attributes:
        key: What it is of.
        problems: How many have a curve.
        traces: How many there are, over all problems.
        quality: Q_t by budget.
        summary: The index and what is always reported beside it.
        unparsed: Share of checkpoints without an extractable answer; None where nobody told.
        skipped: Samples without a curve, by reason.
    """

    key: RunKey
    problems: int
    traces: int
    quality: Mapping[int, float]
    summary: Summary
    unparsed: float | None
    skipped: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """As JSON values; of a single problem there is no interval."""
        low, high = self.summary.interval
        single = self.problems < 2
        return self.key._asdict() | {
            "problems": self.problems,
            "traces": self.traces,
            "anytime_index": self.summary.anytime_index,
            "anytime_index_low": None if single else low,
            "anytime_index_high": None if single else high,
            "anytime_index_raw": self.summary.raw,
            "final": self.summary.final,
            "average": self.summary.average,
            "drift": self.summary.drift,
            "overthinking": self.summary.overthinking,
            "unparsed": self.unparsed,
            "quality": {str(budget): value for budget, value in self.quality.items()},
            "skipped": dict(self.skipped),
        }


def summaries(
    runs: Iterable[FinishedRun],
    *,
    envelope: Envelope | None = None,
    scale: Scale | None = None,
    q_max: QMax | None = None,
) -> list[RunSummary]:
    """Sum up runs with the envelope, scale and seed each was run with, or those that are named.

    Raises:
        AnytimeError: One has nothing at budgets, or mixes budgets; an unknown option.
    """
    found = []
    for run in runs:
        info = run.info
        for key, curve in curves(rows_of(run)).items():
            found.append(
                summary_of(
                    key,
                    curve,
                    envelope=envelope or info.envelope,
                    scale=scale or info.scale,
                    q_max=info.q_max if q_max is None else q_max,
                    seed=info.seed,
                    skipped=run.skipped,
                )
            )
    return found


def summary_of(
    key: RunKey,
    run: RunCurve,
    *,
    envelope: Envelope = "mean",
    scale: Scale = "linear",
    q_max: QMax = 1.0,
    seed: int = 0,
    skipped: Mapping[str, int] | None = None,
) -> RunSummary:
    """Sum up one curve; options as in `anytime.statistics.index.summarize`."""
    try:
        curve = run.curve
    except AnytimeError as error:
        raise AnytimeError(f"{key.log}: {error}") from None
    with_traces = ~np.isnan(run.quality[..., 0])
    # As in the hosts: shares of a trace, then means over a problem's traces, then over problems.
    unparsed = np.nanmean(run.unparsed.mean(axis=2), axis=1) if _told(run) else None
    return RunSummary(
        key=key,
        problems=len(run.problems),
        traces=int(with_traces.sum()),
        quality=dict(zip(run.budgets, map(float, curve.mean), strict=True)),
        summary=summarize(curve, envelope=envelope, scale=scale, q_max=q_max, seed=seed),
        unparsed=None if unparsed is None else float(unparsed.mean()),
        skipped=dict(skipped or {}),
    )


def _told(run: RunCurve) -> bool:
    return bool((np.isnan(run.unparsed) == np.isnan(run.quality)).all())
