"""What a report says of runs: against small runs worked by hand, and against their summaries."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anytime.domains.base import Grade
from anytime.errors import AnytimeError
from anytime.logs.opening import open_runs
from anytime.programs.checkpoints import Checkpoint, Elicited
from anytime.report.digest import PROBLEMS_SHOWN, RunDigest, digests, labelled
from anytime.report.falls import AROUND, LONGEST, Piece, Step, excerpt, steepest
from anytime.report.notes import notes_of
from anytime.results.summary import summaries
from anytime.rows import rows_of_trace
from anytime.runs import UNANSWERED, GradedTrace, RunInfo, TraceId
from anytime.statistics.bands import curve_band
from tests.finished import info
from tests.small_runs import Logs

BUDGETS = (10, 20, 40)


def forced(budget: int, **values: Any) -> Checkpoint:
    about = {"answer_tokens": 4, "cut": "exact", "continuation": "prefill", "end": budget}
    about |= {"finish": "stop", "leaked_reasoning_tokens": 0, "tokens": budget}
    return Checkpoint(**{"budget": budget, "answer": "", "forced": True, **about, **values})


def own(budget: int, **values: Any) -> Checkpoint:
    about = {"answer_tokens": 0, "finish": "stop", "leaked_reasoning_tokens": 0, "tokens": 15}
    return Checkpoint(**{"budget": budget, "answer": "", "forced": False, **about, **values})


def traced(
    quality: Sequence[float],
    points: Sequence[Checkpoint] | None = None,
    *,
    problem: str = "p",
    draw: int = 1,
    mode: Any = "interrupt",
    answers: Sequence[str] | None = None,
    parsed: bool | None = True,
    method: dict[str, Any] | None = None,
    scorer: str = "aime",
) -> GradedTrace:
    points = points or [forced(budget) for budget in BUDGETS[: len(quality)]]
    answers = answers or [f"{value:g}" for value in quality]
    grades = [Grade(q, parsed, answer) for q, answer in zip(quality, answers, strict=True)]
    elicited = Elicited(mode, points[-1].tokens, points[-1].finish, tuple(points))
    return GradedTrace(problem, draw, elicited, method or {}, grades, scorer)


@dataclass
class Run:
    """A run that is there."""

    graded: Sequence[GradedTrace]
    written: dict[TraceId, str] = field(default_factory=dict)
    info: RunInfo = field(default_factory=info)
    skipped: Counter[str] = field(default_factory=Counter)
    regraded: int = 0
    wanted: list[TraceId] = field(default_factory=list)

    def traces(self) -> Iterator[GradedTrace]:
        return iter(self.graded)

    def texts(self, wanted: Collection[TraceId]) -> Iterator[tuple[TraceId, str]]:
        self.wanted += wanted
        # In whatever order the log has them.
        return iter([(place, self.written[place]) for place in self.written if place in wanted])


def digest(run: Run | Sequence[GradedTrace], **options: Any) -> RunDigest:
    (one,) = digests([run if isinstance(run, Run) else Run(run)], **options)
    return one


def step_of(trace: GradedTrace) -> Step | None:
    return steepest(trace, list(rows_of_trace(info(), trace)), "linear")


# Falls.


def test_problems_are_ranked_by_what_their_traces_lost() -> None:
    one = digest(
        [
            # Budgets 10, 20 and 40 weigh 1/6, 1/2 and 1/3.
            traced([1, 1, 0], problem="a", draw=1),  # 1/3, and its other trace nothing: 1/6
            traced([0, 1, 1], problem="a", draw=2),
            traced([0.9, 0.5, 0.7], problem="b", draw=1),  # 0.4 / 2 + 0.2 / 3, and 0.9 / 3
            traced([0.4, 1, 0.1], problem="b", draw=2),
            traced([0.5, 1, 0.5], problem="c"),  # 1/6, like a
            traced([1, 0.3, 1], problem="e"),  # deepest of one budget, and 0.7 / 2 in all
            traced([0, 0.5, 0.5], problem="d"),
        ]
    )
    found = [(fall.problem, fall.loss, fall.fell, fall.traces) for fall in one.falls]
    expected = [
        ("e", 0.35, 1, 1),
        ("b", (0.2 + 0.2 / 3 + 0.3) / 2, 2, 2),
        ("a", 1 / 6, 1, 2),
        ("c", 1 / 6, 1, 1),
    ]
    assert found == [(p, pytest.approx(loss), fell, n) for p, loss, fell, n in expected]
    assert one.fallen == 4
    worst = one.falls[1]
    assert worst.curve == pytest.approx([0.65, 0.75, 0.4])
    assert worst.step.draw == 2
    assert worst.step.loss == pytest.approx(0.3)
    assert one.falls[2].step.draw == 1


def test_no_more_are_shown_than_asked_for_and_all_counted() -> None:
    traces = [traced([1, n / 20, 0], problem=f"{n:02}") for n in range(12)]
    assert len(digest(traces).falls) == PROBLEMS_SHOWN
    one = digest(run := Run(traces), problems_shown=2)
    assert [fall.problem for fall in one.falls] == ["00", "01"]
    assert one.fallen == 12
    assert run.wanted == [("00", 1), ("01", 1)]
    none = digest(run := Run(traces), problems_shown=0)
    assert (none.falls, none.fallen, run.wanted) == ((), 12, [])


def test_without_a_fall_no_text_is_asked_for() -> None:
    one = digest(run := Run([traced([0, 0.5, 0.5])]))
    assert (one.falls, one.fallen, run.wanted) == ((), 0, [])


def test_the_step_is_the_steepest_and_the_loss_the_area() -> None:
    points = [forced(b, end=e) for b, e in ((10, 30), (20, 60), (40, 90), (80, 120))]
    points.append(own(160))
    found = step_of(traced([0.5, 1, 0.7, 0.8, 0.4], points, answers=list("abcde"), draw=3))
    assert found == Step(
        3, pytest.approx(0.3), (80, 160), (0.8, 0.4), ("d", "e"), (120, None)
    )  # 0.3, 0.2 and 0.6 below the best so far, at budgets that weigh 0.2, 0.4 and 4/15
    assert step_of(traced([0, 0.5, 1])) is None
    assert step_of(traced([1, 1, 1])) is None


def test_of_equal_steps_the_first_is_shown_and_of_equal_traces_the_first() -> None:
    found = step_of(traced([1, 0.5, 0]))
    assert found is not None
    assert found.budgets == (10, 20)
    one = digest([traced([1, 0, 0], draw=2), traced([1, 1, 0], draw=5)])
    assert one.falls[0].step.draw == 2


def test_long_answers_are_shortened_and_none_is_none() -> None:
    found = step_of(traced([1, 0], answers=["x" * 300, "word " * 80]))
    assert found is not None
    before, after = found.answers
    assert before == "x" * 300
    assert after == ("word " * 60).rstrip() + " …"
    found = step_of(traced([1, 0], answers=["", ""]))
    assert found is not None
    assert found.answers == (None, None)


# Excerpts.


def stepped(*ends: int | None, answer: str | None = None) -> Step:
    first, last = ends
    return Step(1, 1.0, (10, 20), (1.0, 0.0), ("1", answer), (first, last))


@st.composite
def texts_and_steps(draw: st.DrawFn) -> tuple[str, Step]:
    word = st.text("abcdefghijk", min_size=1, max_size=60)
    length = st.integers(0, 60)
    text = " ".join(draw(st.lists(word, max_size=60)))
    text = text + "z" * draw(st.sampled_from([0, 0, 5, 200, 700, 1500]))
    text += " 42 " * draw(length)
    places = sorted(draw(st.tuples(*[st.integers(0, len(text) + 3)] * 2)))
    ends = draw(st.sampled_from([places, [places[0], None], [None, None]]))
    return text, stepped(*ends, answer=draw(st.sampled_from([None, "42", "zzzzz", "a.*("])))


def spans(pieces: Sequence[Piece]) -> list[tuple[Piece, int]]:
    """Pieces with the place in the text at which they begin."""
    found, place = [], 0
    for piece in pieces:
        found.append((piece, place))
        place += {"text": len(piece.text), "gap": 0, "cut": 0, "end": 0}[piece.kind]
        place += int(piece.text) if piece.kind == "gap" else 0
    return found


@settings(max_examples=100, deadline=None)
@given(texts_and_steps())
def test_an_excerpt_leaves_out_what_it_says_and_marks_the_cuts(example: Any) -> None:
    text, step = example
    pieces = list(excerpt(text, step))
    found = spans(pieces)
    for piece, place in found:
        if piece.kind == "text":
            assert text[place : place + len(piece.text)] == piece.text
        if piece.kind == "gap":
            assert int(piece.text) > 0
    last, place = found[-1]
    shown = {"text": len(last.text), "gap": int(last.text) if last.kind == "gap" else 0}
    assert place + shown.get(last.kind, 0) == len(text)
    marks = [(piece, place) for piece, place in found if piece.kind in ("cut", "end")]
    begin, end = (len(text) if e is None else min(e, len(text)) for e in step.ends)
    second = Piece("end", "") if end == len(text) else Piece("cut", "20")
    assert marks == [(Piece("cut", "10"), begin), (second, end)]
    assert sum(len(piece.text) for piece in pieces if piece.kind == "text") <= 2 * AROUND + LONGEST


def test_a_short_text_is_shown_whole() -> None:
    assert list(excerpt("before between after", stepped(7, 15))) == [
        ("text", "before "),
        ("cut", "10"),
        ("text", "between "),
        ("cut", "20"),
        ("text", "after"),
    ]
    assert list(excerpt("before between", stepped(7, None))) == [
        ("text", "before "),
        ("cut", "10"),
        ("text", "between"),
        ("end", ""),
    ]
    assert next(iter(excerpt("all", stepped(0, None)))) == ("cut", "10")


def test_a_long_beginning_is_left_out_up_to_a_word() -> None:
    first, *_ = pieces = list(excerpt("word " * 100, stepped(500, None)))
    assert first == ("gap", "345")
    assert pieces[1] == ("text", "word " * 31)
    first, *_ = pieces = list(
        excerpt("x" * 338 + " " + "y" * 3 + " " + "z" * 157, stepped(500, 500))
    )
    assert first == ("gap", "343")
    assert pieces[1] == ("text", "z" * 157)
    assert next(iter(excerpt("x" * 500, stepped(500, None)))) == ("gap", "340")


def test_of_much_between_the_place_where_the_new_answer_stands_last_is_shown() -> None:
    between = "-" * 1000 + " 42 " + "-" * 1000 + " 17 " + "142" + "-" * 1000
    for answer, start, stop in (
        ("42", 1001 + 200 - 600, 1001 + 200),
        ("17", 2005 + 200 - 600, 2005 + 200),
        ("99", len(between) - 600, len(between)),
        (None, len(between) - 600, len(between)),
    ):
        _, gap, shown, *rest = excerpt(between, stepped(0, None, answer=answer))
        assert gap == ("gap", f"{start}")
        assert shown == ("text", between[start:stop])
        left = len(between) - stop
        assert rest == ([("gap", f"{left}")] if left else []) + [("end", "")]


def test_the_excerpt_is_of_the_trace_that_lost_most() -> None:
    points = [forced(10, end=3), forced(20, end=6), own(40)]
    run = Run(
        [
            traced([1, 0.5, 1], points, problem="a", draw=1),
            traced([1, 1, 0], points, problem="a", draw=2),
            traced([1, 0, 0], points, problem="b", draw=1),
            traced([1, 0.9, 0.9], points, problem="c", draw=1),
        ],
        {("b", 1): "b1 b1 b1", ("a", 2): "a2 a2 a2", ("a", 1): "never asked"},
    )
    one = digest(run)
    assert run.wanted == [("b", 1), ("a", 2), ("c", 1)]
    shown = {fall.problem: fall.excerpt for fall in one.falls}
    assert shown["b"] == (
        ("text", "b1 "),
        ("cut", "10"),
        ("text", "b1 "),
        ("cut", "20"),
        ("text", "b1"),
    )
    assert shown["a"] == (("text", "a2 a2 "), ("cut", "20"), ("text", "a2"), ("end", ""))
    assert shown["c"] == ()  # the log does not have it


# Spending.


def timed(budget: int, seconds: float, cost: float, **values: Any) -> Checkpoint:
    return forced(budget, seconds=seconds, cost=cost, **values)


def test_spending_by_hand() -> None:
    late = {"seconds": 8.0, "cost": 0.8}
    one = digest(
        [
            # Over after 15 tokens.
            traced(
                [0, 0, 0],
                [timed(10, 1, 0.1), own(20, **late), own(40, **late)],
                problem="a",
                draw=1,
            ),
            traced(
                [0, 0, 0],
                [
                    timed(10, 3, 0.3, answer_tokens=8, finish="length"),
                    timed(20, 5, 0.5, answer_tokens=6, leaked_reasoning_tokens=6),
                    own(40, tokens=30, finish="length", **late),
                ],
                problem="a",
                draw=2,
            ),
            # Cut off at 40: nobody knows what its own call took.
            traced(
                [0, 0, 0],
                [timed(10, 2, 0.2), timed(20, 1, 0.1), timed(40, 4, 0.4)],
                problem="b",
            ),
        ]
    )
    spent = one.spending
    # Of b once as much as of both a together.
    assert spent.tokens == pytest.approx([10, (15 + 20) / 4 + 20 / 2, (15 + 30) / 4 + 40 / 2])
    assert spent.ended == pytest.approx([0, 1 / 4, 1 / 2])
    assert list(spent.forced) == [3, 2, 1]
    assert spent.answer_tokens == pytest.approx([16 / 3, 5, 4])
    assert spent.leaked == pytest.approx([0, 3, 0])
    assert spent.seconds == pytest.approx([2, 3, 4])
    assert set(spent.finishes) == {"stop", "length"}
    assert spent.finishes["length"] == pytest.approx([1 / 3, 0, 1 / 3])
    assert sum(spent.finishes.values()) == pytest.approx([1, 1, 1])
    # Six forced answers, and the two traces that ended: their own call once each.
    assert (spent.calls, spent.unknown) == (8, 1)
    assert spent.total_seconds == pytest.approx(1 + 8 + 3 + 5 + 8 + 2 + 1 + 4)
    assert spent.total_cost == pytest.approx(3.2)
    assert (one.cuts, one.continuations) == (Counter(exact=6), Counter(prefill=6))


def test_the_same_cut_at_several_budgets_was_asked_once() -> None:
    points = [timed(10, 1, 0.1), *(timed(b, 4, 0.4, tokens=17) for b in (20, 40))]
    spent = digest([traced([0, 0, 0], points)]).spending
    assert (spent.calls, spent.unknown) == (2, 1)
    assert (spent.total_seconds, spent.total_cost) == pytest.approx((5, 0.5))
    assert list(spent.forced) == [1, 1, 1]
    assert list(spent.tokens) == [10, 17, 17]


def test_what_nobody_told_is_not_guessed() -> None:
    points = [forced(10, answer_tokens=None), forced(20), own(40)]
    spent = digest([traced([0, 0, 0], points), traced([0, 0, 0], draw=2)]).spending
    assert spent.answer_tokens == pytest.approx([math.nan, 4, 4], nan_ok=True)
    assert np.isnan(spent.seconds).all()
    assert math.isnan(spent.total_seconds)
    assert math.isnan(spent.total_cost)
    ended = digest([traced([0, 0], [own(20), own(40)])]).spending
    assert np.isnan([*ended.answer_tokens, *ended.leaked, *ended.seconds]).all()


def test_totals_are_of_the_calls_that_are_told() -> None:
    points = [timed(10, 1, 0.1), forced(20), own(40, seconds=2.0)]
    spent = digest([traced([0, 0, 0], points)]).spending
    assert (spent.total_seconds, spent.total_cost) == pytest.approx((3, 0.1))


def test_contract_runs_are_calls_of_their_own() -> None:
    points = [
        own(10, tokens=10, finish="length", seconds=1.0, cost=0.1),
        own(20, tokens=12, seconds=2.0, cost=0.2),
        own(40, tokens=None, seconds=6.0, cost=0.6),
    ]
    spent = digest([traced([0, 1, 1], points, mode="contract")]).spending
    assert list(spent.ended) == [0, 1, 1]
    assert list(spent.forced) == [0, 0, 0]
    assert spent.tokens == pytest.approx([10, 12, math.nan], nan_ok=True)
    assert list(spent.seconds) == [1, 2, 6]
    assert np.isnan(spent.answer_tokens).all()
    assert (spent.calls, spent.unknown, spent.total_seconds) == (3, 0, 9)
    assert spent.total_cost == pytest.approx(0.9)


def standing(budget: int, **values: Any) -> Checkpoint:
    """What stood in a finished trace by a budget below its length."""
    return own(budget, **{"tokens": budget, "finish": "length", "cut": "calibrated", **values})


def test_in_a_finished_trace_only_its_own_call_was_made() -> None:
    told = {"seconds": 7.0, "cost": 0.7}
    one = digest(
        [
            traced([0, 1, 1], [standing(10), own(20, **told), own(40, **told)], mode="intrace"),
            traced([0, 0, 0], [standing(b) for b in BUDGETS], mode="intrace", draw=2),
        ]
    )
    spent = one.spending
    assert list(spent.ended) == [0, 0.5, 0.5]
    assert list(spent.forced) == [0, 0, 0]
    assert (spent.calls, spent.unknown) == (1, 1)
    assert (spent.total_seconds, spent.total_cost) == pytest.approx((7, 0.7))
    assert one.cuts == Counter(calibrated=4)
    assert spent.finishes["length"] == pytest.approx([1, 0.5, 0.5])


def test_a_table_of_others_tells_little() -> None:
    points = [own(budget, tokens=None, finish="other", answer_tokens=None) for budget in BUDGETS]
    graded = [traced([0, 1, 1], points, mode="unknown", draw=draw) for draw in (1, 2)]
    spent = digest(Run(graded, info=info(source="table"))).spending
    assert np.isnan([*spent.tokens, *spent.ended, *spent.answer_tokens]).all()
    assert sum(spent.finishes.values()) == pytest.approx([1, 1, 1])
    assert math.isnan(spent.total_seconds)


def test_what_a_method_took() -> None:
    made = {"method": "lift", "added_tokens": 100, "pool_tokens": 5000}
    other = made | {"added_tokens": 200}
    one = digest([traced([0, 1], method=made), traced([0, 1], method=other, draw=2)])
    assert (one.added_tokens, one.pool_tokens) == (150, 5000)
    plain = digest([traced([0, 1])])
    assert (plain.added_tokens, plain.pool_tokens) == (None, None)


# Notes. Each that may stand, with how it begins.

NOTES = {
    "failed": "a budget at which the model gave no answer",
    "unread": "answers cannot be read",
    "several cuts": "Cuts were found in several ways",
    "built-in model": "No language model",
    "built-in problems": "The problems are built-in stand-ins",
    "table": "Taken from a table",
    "intrace": "Nobody was asked",
    "contract": "One run per budget",
    "annotated": "The traces are from an earlier run",
    "leaked": "The model went on reasoning",
    "calibrated": "found from token counts",
    "estimated": "estimated from the text alone",
    "method": "The method put",
    "one problem": "A single problem",
    "few problems": "problems leave the index uncertain",
    "unparsed": "No answer could be extracted",
    "skipped": "Left out: ",
    "regraded": "graded otherwise than in the log",
    "index": "The index is taken with envelope",
}
BESIDE = {
    "50% of the cuts were found": {"several cuts"},
    "at 100% of the checkpoints": {"unread"},
    "model (refusal)": {"failed"},
}
"""What is said beside some of them."""


def noted(
    points: Sequence[Checkpoint] | None = None,
    *,
    problems: int = 100,
    skipped: dict[str, int] | None = None,
    regraded: int = 0,
    about: dict[str, Any] | None = None,
    **values: Any,
) -> dict[str, str]:
    """By name, the notes on a run that nothing else is to be said of."""
    graded = [
        traced([0, 0.5, 1], points, problem=f"{number:03}", **values) for number in range(problems)
    ]
    run = Run(graded, info=info(**about or {}), skipped=Counter(skipped), regraded=regraded)
    found = {}
    for note in notes_of(digest(run)):
        (name,) = (name for name, part in NOTES.items() if part in note)
        assert name not in found
        found[name] = note
    return found


def test_of_a_plain_run_nothing_has_to_be_said() -> None:
    assert noted() == {}
    assert noted([forced(10), own(20), own(40)]) == {}
    assert noted([forced(b, cut="tokenizer") for b in BUDGETS]) == {}
    assert noted(parsed=None) == {}


@pytest.mark.parametrize(
    ("problems", "these"), [(1, "this problem"), (30, "these 30 problems"), (100, None)]
)
def test_more_problems_are_no_remedy_where_these_are_all_there_are(
    problems: int, these: str | None
) -> None:
    graded = [
        traced([0, 0.5, draw / 3], problem=f"{number:03}", draw=draw)
        for number in range(problems)
        for draw in (1, 2, 3)
    ]
    found = digest(Run(graded, info=info(population="traces")))
    low, high = found.summary.summary.interval
    told = (
        f"{3 * problems} traces leave the index of {these} uncertain: its interval is "
        f"{high - low:.2f} wide. More traces of each would narrow it."
    )
    assert notes_of(found) == ([told] if these else [])


CONTRACT = [own(10), own(20), own(40)]
METHOD = {"method": "lift", "added_tokens": 1234, "pool_tokens": 56789}


@pytest.mark.parametrize(
    ("name", "how", "part"),
    [
        ("built-in model", {"about": {"model": "anytime/simulated"}}, "No language model: "),
        ("built-in model", {"about": {"model": "anytime-simulated"}}, "simulators."),
        ("built-in problems", {"about": {"dataset": "builtin"}}, "not the benchmark."),
        ("table", {"about": {"source": "table"}}, "somebody else made"),
        ("annotated", {"about": {"source": "annotated"}}, "handed back to a model"),
        ("contract", {"points": CONTRACT, "mode": "contract"}, "told its budget"),
        (
            "leaked",
            {"points": [forced(10), forced(20, leaked_reasoning_tokens=7), own(40)]},
            "up to 7 tokens per",
        ),
        (
            "calibrated",
            {"points": [forced(b, cut="calibrated") for b in BUDGETS]},
            "All cuts were found",
        ),
        (
            "calibrated",
            {"points": [forced(10), forced(20, cut="calibrated"), own(40)]},
            "50% of the cuts were found",
        ),
        (
            "estimated",
            {"points": [forced(10, cut="estimated"), own(20), own(40)]},
            "All cuts were estimated",
        ),
        ("method", {"method": METHOD}, "put 1,234 tokens into the prompt, learnt from 56,789 tok"),
        ("method", {"method": {"method": "x", "added_tokens": 5}}, "put 5 tokens into the prompt."),
        ("one problem", {"problems": 1}, "there is no interval."),
        ("few problems", {"problems": 99}, "99 problems leave the index uncertain"),
        ("few problems", {"problems": 2}, "its interval is 0.76 wide"),
        ("unparsed", {"parsed": False}, "at 100% of the checkpoints"),
        ("skipped", {"skipped": {"failed": 2, "over a limit": 1}}, "out: 2 failed, 1 over a limit"),
        ("skipped", {"skipped": {f"{UNANSWERED} (refusal)": 6}}, "model (refusal)"),
        ("skipped", {"skipped": {f"{UNANSWERED} (x)": 5}}, "5 without an answer"),
        ("regraded", {"regraded": 3}, "3 samples are"),
        ("index", {"about": {"envelope": "trace"}}, "envelope trace, scale linear and q_max 1.0"),
        ("index", {"about": {"scale": "log2"}}, "scale log2"),
        ("index", {"about": {"q_max": "achieved"}}, "q_max achieved"),
        ("index", {"about": {"estimator": "plugin"}}, "q_max 1.0, estimator plugin"),
    ],
)
def test_each_note_stands_alone(name: str, how: dict[str, Any], part: str) -> None:
    found = noted(**how)
    assert set(found) == {name} | BESIDE.get(part, set())
    assert part in found[name]


def test_in_trace_is_told_instead_of_annotated() -> None:
    points = [standing(10, cut="estimated"), standing(20), own(40)]
    found = noted(points, mode="intrace", about={"source": "annotated"})
    assert list(found) == ["several cuts", "intrace", "calibrated", "estimated"]
    assert found["calibrated"].startswith("50% of the cuts were found")
    assert found["estimated"].startswith("50% of the cuts were estimated")


@pytest.mark.parametrize(("missed", "told"), [(4, False), (5, True)])
def test_unparsed_is_told_from_a_share_on(missed: int, told: bool) -> None:
    graded = [traced([0, 0], problem=f"{n:03}", parsed=n >= missed) for n in range(100)]
    assert any("extracted at 5%" in note for note in notes_of(digest(graded))) == told


def test_the_gravest_comes_first() -> None:
    about = {"model": "anytime/simulated", "dataset": "builtin", "source": "annotated"}
    about |= {"envelope": "none"}
    points = [
        forced(10, cut="calibrated", leaked_reasoning_tokens=2),
        forced(20, cut="estimated"),
        own(40),
    ]
    found = noted(
        points,
        problems=5,
        skipped={"failed": 1},
        regraded=1,
        about=about,
        parsed=False,
        method=METHOD,
    )
    absent = {"failed", "table", "intrace", "contract", "one problem"}
    assert list(found) == [name for name in NOTES if name not in absent]


# Digests.


@pytest.mark.parametrize("harness", ["inspect_ai", "lm_eval"])
def test_numbers_are_those_of_the_summary(logs: Logs, harness: str) -> None:
    (run,), (again,), (other,) = (open_runs(logs[harness]) for _ in range(3))
    (one,) = digests([run])
    (expected,) = summaries([again])
    assert one.summary == expected
    assert (one.key, one.info) == (expected.key, other.info)
    assert list(one.summary.quality.values()) == pytest.approx(one.run.curve.mean)
    band = curve_band(one.run.curve, seed=one.info.seed)
    assert [list(part) for part in one.band[:2]] == [list(part) for part in band[:2]]
    assert (one.regraded, one.added_tokens, one.pool_tokens) == (0, None, None)
    assert one.label == f"1 {one.info.model.rpartition('/')[2]}, cot"


@pytest.mark.parametrize("harness", ["inspect_ai", "lm_eval"])
def test_falls_and_spending_are_those_of_the_log(logs: Logs, harness: str) -> None:
    (run,), (again,) = (open_runs(logs[harness]) for _ in range(2))
    (one,) = digests([run])
    traces = list(again.traces())
    checkpoints = [trace.elicited.checkpoints for trace in traces]
    spent = one.spending
    count = np.sum([[c.forced for c in points] for points in checkpoints], axis=0)
    assert list(spent.forced) == list(count)
    assert one.cuts.total() == one.continuations.total() == spent.forced.sum()
    own_calls = sum(any(not c.forced for c in points) for points in checkpoints)
    asked = sum(len({c.end for c in points if c.forced}) for points in checkpoints)
    assert spent.calls == own_calls + asked
    assert spent.unknown == len(traces) - own_calls
    assert sum(spent.finishes.values()) == pytest.approx(np.ones(4))
    # As many traces of each problem.
    assert spent.tokens == pytest.approx(
        np.mean([[c.tokens for c in points] for points in checkpoints], axis=0)
    )
    fell = {t.problem for t in traces if (np.diff([g.quality for g in t.grades]) < 0).any()}
    assert {fall.problem for fall in one.falls} == fell
    assert fell
    for fall in one.falls:
        ends = {
            str(c.budget): c.end
            for t in traces
            if (t.problem, t.draw) == (fall.problem, fall.step.draw)
            for c in t.elicited.checkpoints
        }
        marked = spans(fall.excerpt)
        assert marked
        for piece, place in marked:
            if piece.kind == "cut":
                assert ends[piece.text] in (place, None)


def test_a_run_is_told_once_for_each_scorer_and_curve() -> None:
    graded = [
        traced([0, 1, value], problem=p, scorer=scorer)
        for p in "ab"
        for scorer, value in (("exact", 1), ("model", 0))
    ]
    run = Run(graded, info=info(scorers=("exact", "model")))
    exact, model = digests([run])
    assert (exact.fallen, model.fallen) == (0, 2)
    assert exact.label == "1 gpt-4.1, cot, exact"
    assert model.label == "2 gpt-4.1, cot, model"
    assert exact.spending.calls == model.spending.calls == 6


def test_runs_are_told_apart_by_label() -> None:
    def one(mode: str = "interrupt", method: str | None = None, **about: Any) -> RunDigest:
        points = CONTRACT if mode == "contract" else None
        graded = [traced([0, 1, 1], points, mode=mode, method={"method": method or "cot"})]
        return digest(Run(graded, info=info(**about)))

    found = labelled(
        [
            one(log="logs/x.eval"),
            one(log="logs/y.eval"),
            one("contract", log="logs/z.eval"),
            one("unknown", "unknown", log="t/mine.csv", model="unknown", source="table"),
            one("unknown", "unknown", log="t/its.csv", model="m", source="table"),
        ]
    )
    assert [run.label for run in found] == [
        "1 gpt-4.1, cot, x",
        "2 gpt-4.1, cot, y",
        "3 gpt-4.1, cot, contract",
        "4 mine",
        "5 m",
    ]


def test_a_single_problem_has_no_band_and_options_are_the_runs_own() -> None:
    one = digest(Run([traced([0, 0.5, 0.25])], info=info(envelope="none", scale="log2", q_max=0.5)))
    assert np.isnan(one.band.low).all()
    assert one.summary.summary.anytime_index == pytest.approx((0.25 + 0.375) / 2 / 0.5)
    assert one.summary.summary.final == 0.25


def test_a_run_without_answers_is_refused() -> None:
    with pytest.raises(AnytimeError, match=r"holds no answers at budgets \(2 failed\)"):
        digests([Run([], skipped=Counter(failed=2))])
    mixed = [traced([0, 1]), traced([0, 1, 1], draw=2)]
    with pytest.raises(AnytimeError, match="mixes budgets"):
        digests([Run(mixed)])
