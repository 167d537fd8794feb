"""What runs are called: what differs between them, whatever that is."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.errors import AnytimeError
from anytime.results.curves import RunKey
from anytime.results.labels import Named, also_differ, given_labels, labels, letters, with_given
from tests.finished import info


def named(**differ: Any) -> Named:
    of_curve = {"method": "cot", "mode": "interrupt", "scorer": "aime"}
    about = {name: value for name, value in differ.items() if name not in of_curve}
    run = info(**({"log": "logs/2026-01-01_aime_abc.eval"} | about))
    method, mode, scorer = (differ.get(name, usual) for name, usual in of_curve.items())
    key = RunKey(
        run.harness, run.log, run.run, run.task, run.model, method, mode, scorer, run.source
    )
    return Named(run, key)


@pytest.mark.parametrize(
    ("one", "other", "called"),
    [
        ({"method": "pdp"}, {}, ["pdp", "cot"]),
        ({"model": "openai/gpt-5"}, {}, ["gpt-5", "gpt-4.1"]),
        ({"model": "azure/gpt-4.1"}, {}, ["azure/gpt-4.1", "openai/gpt-4.1"]),
        ({"mode": "contract"}, {"mode": "intrace"}, ["contract", "intrace"]),
        (
            {"settings": {"temperature": "0"}},
            {"settings": {"temperature": "0.7"}},
            ["temperature 0", "temperature 0.7"],
        ),
        (
            {"settings": {"reasoning_effort": "low"}},
            {},
            ["reasoning_effort low", "reasoning_effort unset"],
        ),
        (
            {"settings": {"extra.quantization": "awq"}},
            {"settings": {"extra.quantization": "fp8"}},
            ["quantization awq", "quantization fp8"],
        ),
        (
            {"created": "2026-01-02T09:00:00+00:00"},
            {"created": "2026-01-03T09:00:00+00:00"},
            ["2026-01-02", "2026-01-03"],
        ),
        (
            {"created": "2026-01-02T09:00:00+00:00"},
            {"created": "2026-01-02T09:01:00+00:00"},
            ["2026-01-02 09:00", "2026-01-02 09:01"],
        ),
        ({"log": "a/x.eval"}, {"log": "a/y.eval"}, ["x", "y"]),
        # The date comes last: what was set says more.
        (
            {"settings": {"seed": "1"}, "created": "2026-01-02T09:00:00+00:00"},
            {"settings": {"seed": "2"}, "created": "2026-01-03T09:00:00+00:00"},
            ["seed 1", "seed 2"],
        ),
    ],
)
def test_runs_are_called_by_what_differs(one: Any, other: Any, called: list[str]) -> None:
    assert labels([named(**one), named(**other)]) == called


def test_runs_that_differ_in_nothing_are_counted() -> None:
    made = labels([named(), named(), named()])
    assert [label.rpartition(" ")[2] for label in made] == ["(1)", "(2)", "(3)"]
    assert len(set(made)) == 3


def test_only_those_that_are_alike_are_told_apart_further() -> None:
    runs = [
        named(settings={"temperature": "0"}),
        named(settings={"temperature": "1"}),
        named(model="openai/gpt-5", settings={"temperature": "1"}),
    ]
    assert labels(runs) == ["gpt-4.1, temperature 0", "gpt-4.1, temperature 1", "gpt-5"]


def test_what_differs_beside_the_labels_is_told() -> None:
    cot = named(settings={"temperature": "0", "top_p": "1"})
    pdp = named(method="pdp", settings={"temperature": "0.7", "top_p": "1"}, log="b.eval")
    assert labels([cot, pdp]) == ["cot", "pdp"]
    assert also_differ([cot, pdp]) == {"temperature": ["0", "0.7"]}
    assert also_differ([cot, named(method="pdp", settings=dict(cot.info.settings))]) == {}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["x"], "write it as RUN=LABEL"),
        (["A="], "write it as RUN=LABEL"),
        (["C=x"], "there is no run C; there are A (one), B (two)"),
        (["A=x", "B=x"], "another run is called x already"),
        (["A=x", "one.eval=y"], "that run is called x already"),
        (["same=x"], "2 runs are of same: name one by its letter"),
    ],
)
def test_labels_that_are_refused(given: list[str], told: str) -> None:
    names = ("same", "same") if given == ["same=x"] else ("one", "two")
    runs = [named(log=f"logs/{name}.eval") for name in names]
    with pytest.raises(AnytimeError) as refused:
        given_labels(runs, given)
    assert told in str(refused.value)


def test_a_label_is_given_by_letter_file_or_path() -> None:
    runs = [named(log="logs/one.eval"), named(log="logs/two.eval"), named(log="logs/three.eval")]
    given = given_labels(runs, ["A=first", "two.eval=second", "logs/three.eval=a=b"])
    assert with_given(labels(runs), given) == ["first", "second", "a=b"]
    with pytest.raises(AnytimeError, match="another run is called two already"):
        with_given(labels(runs), given_labels(runs, ["A=two"]))


SETTING = st.dictionaries(st.sampled_from(["temperature", "top_p", "seed"]), st.sampled_from("01"))
RUN = st.builds(
    lambda model, method, settings, log: named(
        model=model, method=method, settings=settings, log=log
    ),
    st.sampled_from(["a/m", "b/m", "a/n"]),
    st.sampled_from(["cot", "pdp"]),
    SETTING,
    st.sampled_from(["x.eval", "y.eval"]),
)


@given(st.lists(RUN, min_size=1, max_size=6))
def test_no_two_labels_are_alike_and_none_is_empty_or_a_path(runs: list[Named]) -> None:
    made = labels(runs)
    assert len(set(made)) == len(runs)
    assert all(made)
    assert not any("logs/" in label or ".eval" in label for label in made)


def known(run: Named) -> str:
    """All that is known of a run: settings are the same in any order."""
    return repr((replace(run.info, settings={}), sorted(run.info.settings.items()), run.key))


@given(st.lists(RUN, min_size=2, max_size=3, unique_by=known))
def test_labels_do_not_hang_on_the_order_of_runs(runs: list[Named]) -> None:
    for order in permutations(range(len(runs))):
        again = labels([runs[place] for place in order])
        assert again == [labels(runs)[place] for place in order]


def test_letters() -> None:
    assert letters(3) == ["A", "B", "C"]
    assert len(set(letters(40))) == 40
