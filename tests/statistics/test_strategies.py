"""Strategies out of a pool: against live votes of the simulator, known truths and other choices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from anytime import BudgetGrid, Cue, Elicited, Message, Program, Reply, Request, interrupt
from anytime.domains.base import Grade
from anytime.errors import AnytimeError
from anytime.models import Solution, load_model
from anytime.programs.vote import grade_of, vote
from anytime.statistics.strategies import (
    Answers,
    frontier,
    sizes_that_fit,
    strategy_curves,
)
from tests.feeding import feed

PROBLEM = "Which one?"
LETTER = Solution("Answer: C", ("Answer: A", "Answer: B", "Answer: D"))
CUE = Cue(ask="Your time is up. Give your final answer now.", begin="")
GRID = (60, 120, 240)

HELPS = {"accuracy": 0.6, "solve_tokens": 40, "linger_tokens": 30, "guess": 0.1}
"""Wrong answers differ, so that right ones are soon the most."""
HURTS = {**HELPS, "accuracy": 0.35, "systematic": 1.0}
"""Wrong traces agree, and are the most."""


def read(text: str) -> Grade:
    said = text.rpartition("Answer: ")[2][:1]
    return Grade(float(said == "C"), bool(said), said)


def one(grid: BudgetGrid) -> Program[Elicited]:
    asked = (Message("user", PROBLEM),)
    return interrupt(asked, grid, cue=CUE, continuation="reprompt", answer_tokens=50)


def live(profile: dict[str, float], k: int, first: int, grid: tuple[int, ...]) -> list[float]:
    """One vote of k by the simulator: its quality at every total budget."""
    respond = load_model("simulated", profile, lambda text: LETTER if PROBLEM in text else None)

    def answer(request: Request) -> Reply:
        return respond(request.messages, request.max_tokens, request.draw or 0)

    found, _ = feed(vote(one, BudgetGrid([k * share for share in grid]), k, first), answer)
    return [grade_of(point, read).quality for point in found.checkpoints]


def pool(profile: dict[str, float], traces: int) -> Answers:
    """The same traces as those of as many votes of one."""
    respond = load_model("simulated", profile, lambda text: LETTER if PROBLEM in text else None)
    answers, quality, tokens = [], [], []
    for draw in range(1, traces + 1):
        found, _ = feed(
            one(BudgetGrid(GRID)),
            lambda request, draw=draw: respond(request.messages, request.max_tokens, draw),
        )
        grades = [read(point.answer) for point in found.checkpoints]
        answers.append(["CABD".find(grade.answer) for grade in grades])
        quality.append([grade.quality for grade in grades])
        tokens.append([point.tokens for point in found.checkpoints])
    return Answers(np.array(answers), np.array(quality), np.array(tokens, dtype=float))


def test_a_live_vote_of_all_traces_is_the_pool_s_own() -> None:
    found = strategy_curves({"p": pool(HELPS, 8)}, GRID, [1, 8])
    assert found[1].quality[0] == pytest.approx(live(HELPS, 8, 1, GRID))
    assert list(found[1].budgets) == [8 * share for share in GRID]


@pytest.mark.slow
@pytest.mark.parametrize("profile", [HELPS, HURTS], ids=["helps", "hurts"])
def test_a_pool_agrees_with_200_live_votes(profile: dict[str, float]) -> None:
    k, runs = 5, 200
    lived = np.array([live(profile, k, 1000 + k * run, GRID) for run in range(runs)])
    ones = [pool(profile, 64)]
    (_, estimated, _) = strategy_curves({"p": ones[0]}, GRID, [1, k])
    error = np.sqrt(lived.var(axis=0) / runs + lived.var(axis=0) * k / 64)
    assert (np.abs(lived.mean(axis=0) - estimated.mean) <= 2 * error).all()


@pytest.mark.slow
def test_the_frontier_finds_where_voting_helps_and_where_it_hurts() -> None:
    def best(profile: dict[str, float]) -> dict[int, int]:
        respond = {f"p{place}": pool(profile, 16) for place in range(2)}
        curves = strategy_curves(respond, GRID, [1, 2, 4])
        found = frontier(curves, list(respond))
        assert found is not None
        return dict(zip(found.budgets, found.best, strict=True))

    # 480 tokens: two traces of 240 or four of 120.
    assert best(HELPS)[480] == 4
    assert best(HURTS)[240] == 1


def alike(draw: np.random.Generator, problems: int, traces: int) -> dict[str, Answers]:
    """Right with probability 1/2 at every budget, else always the same wrong answer.

    Then no vote is better than one trace, whatever k: any difference seen is luck.
    """
    found = {}
    for place in range(problems):
        right = draw.random((traces, 1)) < 0.5
        answer = np.repeat(np.where(right, 0, 1), 4, axis=1)
        found[f"p{place}"] = Answers(answer, (answer == 0).astype(float), np.full((traces, 4), 1.0))
    return found


def test_a_choice_is_judged_without_the_luck_of_choosing() -> None:
    draw = np.random.default_rng(0)
    naive, fair = [], []
    for _ in range(300):
        made = alike(draw, 20, 8)
        curves = strategy_curves(made, [1, 2, 4, 8], [1, 2, 4, 8])
        found = frontier(curves, list(made))
        assert found is not None
        at = found.budgets.index(8)
        naive.append(found.naive[at])
        fair.append(found.quality[:, at].mean())
    error = np.std(fair) / math.sqrt(len(fair))
    assert np.mean(naive) > 0.5 + 3 * error
    assert np.mean(fair) < 0.5 + 2 * error


@pytest.mark.slow
def test_intervals_hold_the_truth() -> None:
    """Votes of 4 of 16 traces, 30 problems of other difficulty each, two answers."""
    from scipy.stats import beta, binom

    draw = np.random.default_rng(1)
    shares = beta(2, 2).ppf((np.arange(4000) + 0.5) / 4000)
    truth = float(np.mean(binom.sf(2, 4, shares) + binom.pmf(2, 4, shares) / 2))
    held, runs = 0, 400
    for _ in range(runs):
        right = draw.beta(2, 2, size=30)
        made = {}
        for place, share in enumerate(right):
            answer = np.repeat(np.where(draw.random((16, 1)) < share, 0, 1), 2, axis=1)
            made[str(place)] = Answers(answer, (answer == 0).astype(float), np.ones((16, 2)))
        curves = strategy_curves(made, [1, 2], [1, 4])
        low, high = curves[1].interval(0)
        held += low <= truth <= high
    assert 0.93 <= held / runs <= 0.99


def test_a_single_trace_is_what_the_scorer_said_of_it() -> None:
    """A scorer that cannot say what it read may still have found it half right."""
    silent = Answers(np.full((2, 2), -1), np.array([[0.5, 1.0], [0.5, 0.0]]), np.ones((2, 2)))
    first, second, _ = strategy_curves({"p": silent}, [1, 2], [1, 2])
    assert first.quality[0] == pytest.approx([0.5, 0.5])
    assert second.quality[0] == pytest.approx([0, 0])


def test_fewer_traces_than_asked_for_is_refused() -> None:
    made = {"a": pool(HELPS, 3), "b": pool(HELPS, 2)}
    assert sizes_that_fit(made, None) == [1, 2]
    with pytest.raises(
        AnytimeError, match=r"^k=3 needs as many traces of every problem, and b has"
    ):
        sizes_that_fit(made, [3])
    with pytest.raises(AnytimeError, match=r"^k=400 is more than 256 traces"):
        sizes_that_fit(made, [400])
