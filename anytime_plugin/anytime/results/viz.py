"""Finished runs in the columns that Inspect Viz reads."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from anytime.errors import AnytimeError
from anytime.logs.opening import open_runs
from anytime.logs.tables import UNKNOWN
from anytime.places import name_of
from anytime.results.curves import RunCurve, RunKey, curves
from anytime.results.labels import Named, labels
from anytime.results.loading import LoadedRun
from anytime.rows import rows_of
from anytime.runs import RunInfo
from anytime.statistics.bands import curve_band
from anytime.statistics.curve import Curve

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["viz_frame"]


class _Series(NamedTuple):
    """What becomes one line of a plot."""

    info: RunInfo
    key: RunKey
    curve: Curve


def viz_frame(
    logs: str | Path | Iterable[str | Path] | Sequence[LoadedRun],
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Finished runs, one row per run, scorer and budget, for `inspect_viz.Data.from_dataframe`.

    Beside some of its own it has the columns of `inspect_ai.analysis.evals_df` that the views of
    inspect_viz read (read in the source of 0.4.2). `scores_by_limit` takes all rows, with
    `limit="budget"`. Views of one score per run (`scores_by_model`, `scores_by_task`,
    `scores_by_factor`, `scores_heatmap`) take the rows of one budget. `scores_timeline` needs dates
    of models besides: `inspect_ai.analysis.prepare` adds them with `model_info()`, which replaces
    `model_display_name`.

    - `score_headline_value` is the mean quality at the `budget`, that of `curves`;
      `score_headline_stderr` its standard error over problems, which views make intervals of that
      each hold at their own budget.
    - `band_low` and `band_high` are simultaneous 95 % intervals, those of `anytime report`. Both
      are NaN for a single problem, as the standard error is.
    - `model_display_name` is unique among the curves of a task, as views draw one line for each:
      the model and the method, and mode, scorer or what else differs where these are needed; the
      name of a run that was loaded. `model` is bare.
    - `eval_id` is what the harness calls the run; `task_id`, which some views ask for, is the same.

    Args:
        logs: As in `anytime.logs.opening.open_runs`; or runs that `anytime.load` gave.
        columns: Likewise.

    Raises:
        AnytimeError: One cannot be read, has nothing at budgets, or mixes budgets.
    """
    import pandas as pd

    given = [logs] if isinstance(logs, str | Path) else list(logs)
    loaded = [one for one in given if isinstance(one, LoadedRun)]
    if given and len(loaded) == len(given):
        found = [_Series(run.info, run.key, run.curve) for run in loaded]
        names = [run.name for run in loaded]
    else:
        paths = [one for one in given if not isinstance(one, LoadedRun)]
        if loaded:
            raise AnytimeError(f"name runs that were loaded, or logs: {paths[0]} is a log")
        found = [
            _Series(run.info, key, _checked(key, one))
            for run in open_runs(paths, columns)
            for key, one in curves(rows_of(run)).items()
        ]
        names = _names(found)
    return pd.DataFrame(
        [record for one, name in zip(found, names, strict=True) for record in _records(one, name)]
    )


def _checked(key: RunKey, run: RunCurve) -> Curve:
    try:
        return run.curve
    except AnytimeError as error:
        raise AnytimeError(f"{key.log}: {error}") from None


def _names(found: Sequence[_Series]) -> list[str]:
    """What each curve is called: no two of one task alike; legends have room for what differs."""
    scorers = Counter((one.key.log, one.key.run, one.key.task) for one in found)
    names = [_name(one.key, scorers) for one in found]
    alike: dict[tuple[str, str], list[int]] = {}
    for place, (one, name) in enumerate(zip(found, names, strict=True)):
        alike.setdefault((one.key.task, name), []).append(place)
    for (_, name), places in alike.items():
        if len(places) > 1:
            told = labels([Named(found[place].info, found[place].key) for place in places])
            for place, differs in zip(places, told, strict=True):
                names[place] = f"{name}, {differs}"
    return names


def _name(key: RunKey, scorers: Mapping[tuple[str, str, str], int]) -> str:
    parts = [part for part in (key.model, key.method) if part != UNKNOWN] or [name_of(key.log)]
    if key.mode not in ("interrupt", UNKNOWN):
        parts.append(key.mode)
    if scorers[key.log, key.run, key.task] > 1:
        parts.append(key.scorer)
    return ", ".join(parts)


def _records(one: _Series, name: str) -> Iterator[dict[str, Any]]:
    info, key = one.info, one.key
    by_problem = one.curve.by_problem
    problems = len(by_problem)
    errors = (
        by_problem.std(axis=0, ddof=1) / math.sqrt(problems)
        if problems > 1
        else np.full(by_problem.shape[1], math.nan)
    )
    # As Inspect's own frames have it: without the package of the task.
    task = info.task.rpartition("/")[2] if info.harness == "inspect_ai" else info.task
    traces = int((~np.isnan(one.curve.quality[..., 0])).sum())
    band = curve_band(one.curve, seed=info.seed)
    for t, budget in enumerate(one.curve.budgets):
        yield {
            "eval_id": info.run,
            "task_id": info.run,
            "log": info.log,
            "created": info.created,
            "task_name": task,
            "task_display_name": task,
            "dataset_name": info.dataset,
            "model": info.model,
            "model_display_name": name,
            "score_headline_name": key.scorer,
            "score_headline_metric": "mean",
            "score_headline_value": float(one.curve.mean[t]),
            "score_headline_stderr": float(errors[t]),
            "budget": int(budget),
            "band_low": float(band.low[t]),
            "band_high": float(band.high[t]),
            "harness": key.harness,
            "method": key.method,
            "mode": key.mode,
            "source": key.source,
            "problems": problems,
            "traces": traces,
        }
