"""The table of measures, by hand."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest

from anytime import Curve, Summary, summarize
from anytime.domains.base import Grade
from anytime.programs.checkpoints import Checkpoint
from anytime.settings import IndexOptions
from anytime.statistics.measures import MEASURES, higher_is_better, measured, measures_of
from anytime.statistics.traces import trace_values

NAN = math.nan
QUALITY = np.array([[[0, 1, 0.5], [1, 1, 1]], [[0, 0, 1], [NAN] * 3]])
UNPARSED = np.array([[[1, 0, 0], [0, 0, 0]], [[1, 1, 0], [NAN] * 3]])


def told(**inputs: object) -> dict[str, float]:
    given = {"quality": QUALITY, **inputs}
    return measured(Curve([1, 2, 3], QUALITY), IndexOptions("none"), given)  # type: ignore[arg-type]


def test_names_are_unique_and_sentences_are_there() -> None:
    names = [measure.name for measure in MEASURES]
    assert len(set(names)) == len(names)
    assert all(measure.about for measure in MEASURES)


def test_every_measure_can_be_computed_unless_a_method_tells_it() -> None:
    for measure in MEASURES:
        known = measure.of_curve is not None or measure.of_traces is not None
        assert known == (measure.of != "prompt"), measure.name
        bound = measure.bound_of
        assert not bound or higher_is_better(bound) == measure.higher_is_better


def test_what_is_of_traces_is_a_mean_over_problems_of_their_means() -> None:
    found = told(unparsed=UNPARSED)
    assert found["overthinking"] == pytest.approx((1 / 2 + 0) / 2)
    assert found["unparsed"] == pytest.approx(((1 / 3 + 0) / 2 + 2 / 3) / 2)
    assert found["final"] == pytest.approx((0.75 + 1) / 2)
    assert list(found) == [measure.name for measure in measures_of("quality", "unparsed")]


def test_an_unknown_share_is_not_a_share_of_what_is_known() -> None:
    unknown = np.where(UNPARSED == 1, NAN, UNPARSED)
    assert math.isnan(told(unparsed=unknown)["unparsed"])
    assert "unparsed" not in told()
    assert "leaked_reasoning_tokens" not in told()


def test_a_summary_holds_the_measures_of_its_fields() -> None:
    curve = Curve([1, 2, 3], QUALITY)
    summary, found = summarize(curve), measured(curve, IndexOptions(), {"quality": QUALITY})
    names = {"raw": "anytime_index_raw", "plugin": "anytime_index_plugin"}
    of = {"name": "", "budgets": (1, 2, 3), "confidence": 0.95, "population": "problems"}
    of |= {"quality": tuple(curve.mean), "by_budget": summary.by_budget}
    for field in fields(Summary):
        if field.name in of:
            assert getattr(summary, field.name) == of[field.name]
        elif "interval" not in field.name:
            assert getattr(summary, field.name) == found[names.get(field.name, field.name)]
    assert tuple(summary.interval) == (found["anytime_index_low"], found["anytime_index_high"])
    assert summary.drift_interval.low == found["drift_low"]
    assert summary.by_budget[-1] == summary.final_interval


def test_options_of_the_index_are_heeded() -> None:
    curve = Curve([1, 2, 4], QUALITY)
    usual = measured(curve, IndexOptions(), {"quality": QUALITY})
    other = measured(curve, IndexOptions("none", "log2", "achieved"), {"quality": QUALITY})
    assert other["anytime_index"] == other["anytime_index_raw"] != usual["anytime_index_raw"]


def test_the_values_of_a_trace() -> None:
    def point(budget: int, leaked: int | None) -> Checkpoint:
        forced = leaked is not None
        return Checkpoint(budget, "x", forced, budget, 5, leaked or 0, "stop")

    grades = [Grade(1.0, True, "x"), Grade(0.5, False, ""), Grade(0.5, True, "y")]
    value = trace_values([point(1, 4), point(2, 0), point(3, None)], grades)
    assert value == {
        **{"q@1": 1.0, "q@2": 0.5, "q@3": 0.5},
        **{"final": 0.5, "overthinking": 1.0},
        **{"unparsed": pytest.approx(1 / 3), "leaked_reasoning_tokens": 2.0},
        "answer_tokens": 5.0,
    }
    unknown = trace_values([point(1, None)], [Grade(1.0, None, "x")])
    assert math.isnan(unknown["unparsed"])
    # A trace without a forced answer counts for nothing in its means, not as 0.
    assert math.isnan(unknown["leaked_reasoning_tokens"])
    assert math.isnan(unknown["answer_tokens"])
