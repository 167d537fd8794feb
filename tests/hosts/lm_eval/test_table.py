"""What lm-eval prints of our tasks."""

from __future__ import annotations

from typing import Any

import pytest
from lm_eval import utils

from anytime.hosts.lm_eval.discovery import _arranged
from anytime.hosts.lm_eval.private import print_arranged
from anytime.hosts.lm_eval.table import NOTE, arranged
from anytime.programs.doubts import NOISE

ROWS = {
    "alias": "anytime_trip",
    **{f"q@{b},none": 0.1 for b in (1024, 128, 2048)},
    **{f"em@{b},none": 0.0 for b in (1024, 128, 2048)},
    "q@128_stderr,none": 0.01,
    "unparsed,none": 0.25,
    "unparsed_stderr,none": 0.01,
    "overthinking,none": 0.0,
    "drift,none": 0.0,
    "drift_low,none": 0.0,
    "anytime_index_raw,none": 0.0,
    "anytime_index,none": 0.0,
    "final,none": 0.0,
    "sample_len": 3,
}
RESULTS: dict[str, Any] = {
    "results": {"anytime_trip": ROWS},
    "versions": {"anytime_trip": 1},
    "n-shot": {},
    "higher_is_better": {"anytime_trip": {"unparsed": False, "q@128": True}},
}


def metrics(text: str) -> list[str]:
    cells = [line.split("|") for line in text.splitlines() if line.startswith("|")]
    return [cell[5].strip() for cell in cells[2:]]


def test_budgets_in_order_the_index_behind_them_and_no_zeros_of_the_rest() -> None:
    shown, note = arranged(RESULTS, "results")
    assert note == NOTE
    text = utils.make_table(shown)
    curve = ["q@128", "q@1024", "q@2048"]
    assert metrics(text) == [*curve, "anytime_index", "anytime_index_raw", "final", "unparsed"]
    assert "↓" in text
    assert "±  |  0.01|" in text, "standard errors are found by their names"
    assert ROWS["drift,none"] == 0, "what is filed keeps every number"


def test_a_limit_of_drift_does_not_stand_alone() -> None:
    rows = {"q@64,none": 0.5, "drift,none": 0.0, "drift_low,none": 0.0, "drift_high,none": 0.2}
    shown, note = arranged({"results": {"a": rows}}, "results")
    assert list(shown["results"]["a"]) == ["q@64,none", "drift,none", "drift_high,none"]
    assert note == NOTE


def test_tokens_of_forced_answers_stand_there_once() -> None:
    tokens = {f"answer_tokens@{b},none": 2.0 for b in (64, 128)}
    rows = {**tokens, "q@64,none": 0.5, "q@128,none": 0.5, "answer_tokens,none": 2.0}
    shown, _ = arranged({"results": {"a": rows}}, "results")
    assert metrics(utils.make_table({**RESULTS, **shown, "versions": {"a": 1}})) == [
        *("q@64", "q@128", "answer_tokens"),
    ]


def test_a_drift_within_noise_is_called_so() -> None:
    rows = {"q@64,none": 0.5, "drift,none": 0.1, "drift_low,none": 0.0, "drift_high,none": 0.2}
    real = rows | {"drift_low,none": 0.05}
    other = {"em@64,strict": 1, "em_drift,strict": 0.1, "em_drift_low,strict": 0.0}
    shown, note = arranged({"results": {"a": rows, "b": real, "c": other}}, "results")
    assert [n for n in shown["results"]["a"] if "drift" in n] == [
        *("drift,none", "drift_low,none", "drift_high,none"),
    ]
    assert "em_drift_low,strict" in shown["results"]["c"]
    said = [NOISE.format(name) for name in ("a (drift)", "c (em_drift, strict)")]
    assert note == " ".join([NOTE, *said])


def test_a_tasks_own_metrics_come_first_and_each_filter_by_itself() -> None:
    rows = {
        **{f"exact_match@{b},{name}": 0.5 for b in (256, 64) for name in ("strict", "flexible")},
        **{f"exact_match,{name}": 0.5 for name in ("strict", "flexible")},
        **{f"anytime_index,{name}": 0.5 for name in ("strict", "flexible")},
        "exact_match_drift,strict": 0.1,
    }
    shown, _ = arranged({"results": {"t": rows}}, "results")
    told = [str(name) for name in sorted(shown["results"]["t"])]
    assert told[:2] == ["exact_match,flexible", "exact_match,strict"]
    assert told[2:6] == [
        *("exact_match@64,flexible", "exact_match@256,flexible"),
        *("exact_match@64,strict", "exact_match@256,strict"),
    ]
    assert told[6:] == [
        "anytime_index,flexible",
        "anytime_index,strict",
        "exact_match_drift,strict",
    ]


def test_a_table_of_others_is_lm_evals_own(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {
        "results": {"arc": {"alias": "arc", "acc,none": 0.0, "acc_stderr,none": 0.0}},
        "versions": {},
    }
    plain = utils.make_table(theirs)
    monkeypatch.setattr(utils, "make_table", utils.make_table)  # put back afterwards
    print_arranged(_arranged)
    assert utils.make_table(theirs) == plain
    assert utils.make_table(RESULTS).endswith(NOTE)


def test_a_run_that_was_paid_for_is_printed_whatever_we_make_of_it() -> None:
    with pytest.warns(UserWarning, match="anytime could not arrange the table"):
        shown, note = _arranged({"results": {"t": None}}, "results")
    assert (shown, note) == ({"results": {"t": None}}, "")
