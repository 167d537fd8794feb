"""What the pipeline measures of the built-in models is what they are known to do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from inspect_ai.model import get_model

from anytime import BudgetGrid, Message, Problem, Reply, Request, budget_weights, interrupt
from anytime.domains.gpqa import GPQA
from anytime.hosts.inspect_ai.tasks import aime, gpqa, trip
from anytime.models import Profile, expected_quality, load_model
from anytime.models.solutions import recall, remember
from tests.feeding import feed
from tests.inspect_runs import Run, metrics, samples, table

BUDGETS = BudgetGrid([32, 64, 128, 256])
PROFILES: dict[str, dict[str, float]] = {
    "plain": {"accuracy": 0.7, "solve_tokens": 60},
    "drifting": {"accuracy": 0.9, "solve_tokens": 40, "drift": 0.8, "drift_tokens": 50},
    "guessing": {"accuracy": 0.5, "solve_tokens": 80, "guess": 0.25, "linger_tokens": 30},
}


def expected_index(profile: dict[str, float]) -> float:
    """The index without envelope: linear in the qualities, so that no noise lifts it."""
    quality = [expected_quality(Profile(**profile), budget) for budget in BUDGETS]
    return float(budget_weights(BUDGETS) @ quality)


def measured(quality: Any) -> tuple[float, float]:
    """Index without envelope of (problems, traces, budgets), and its error over problems."""
    each = quality.mean(axis=1) @ budget_weights(BUDGETS)
    return float(each.mean()), float(each.std(ddof=1) / math.sqrt(len(each)))


def qualities(respond: Any, problem: Problem, seed: int) -> list[float]:
    def answer(request: Request) -> Reply:
        reply: Reply = respond(request.messages, request.max_tokens, seed)
        return reply

    program = interrupt(
        [Message("user", GPQA.ask(problem))],
        BUDGETS,
        cue=GPQA.cue(problem),
        continuation="prefill",
        answer_tokens=50,
    )
    elicited, _ = feed(program, answer)
    return [GPQA.grade(problem, checkpoint.answer).quality for checkpoint in elicited.checkpoints]


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_two_standard_errors_hold_the_closed_form_as_often_as_they_should(
    profile: dict[str, float],
) -> None:
    problems = GPQA.load("builtin", "all", 0).problems[:30]
    remember(GPQA, problems)
    respond = load_model("simulated", profile, solutions=recall)
    runs, expected = 60, expected_index(profile)
    within, pulls = 0, []
    for run in range(runs):
        quality = [[qualities(respond, p, 2 * run + epoch) for epoch in (0, 1)] for p in problems]
        index, error = measured(np.array(quality))
        within += abs(index - expected) <= 2 * error
        pulls.append((index - expected) / error)
    # With 29 degrees of freedom 94.5 % of runs are; 60 of them give 57 +- 1.8.
    assert within >= 51
    # Their mean shows a bias a single run cannot; their spread shows that errors are not too wide.
    assert abs(np.mean(pulls)) <= 3 / math.sqrt(runs)
    assert 0.7 <= np.std(pulls) <= 1.3


@pytest.mark.slow
@pytest.mark.parametrize(("task", "name"), [(gpqa, "plain"), (aime, "drifting")])
def test_a_run_lies_within_two_standard_errors_of_the_closed_form(
    run: Run, task: Any, name: str
) -> None:
    model = get_model("anytime/simulated", memoize=False, **PROFILES[name])
    # Exact cuts: the profile is told in the simulator's own tokens.
    log = run(
        task("builtin", budgets=list(BUDGETS), envelope="none"),
        model,
        limit=40,
        epochs=2,
        logprobs=True,
    )
    index, error = measured(table(log, BUDGETS))
    assert error < 0.07
    assert abs(index - expected_index(PROFILES[name])) <= 2 * error
    assert metrics(log)["curve"]["anytime_index"] == pytest.approx(index)


@pytest.mark.slow
def test_the_guesser_is_at_chance_without_the_envelope_that_knows_what_is_right(run: Run) -> None:
    grid = BudgetGrid([256 << doubling for doubling in range(7)])
    log = run(gpqa("builtin", envelope="trace"), "anytime/guesser", limit=40, epochs=2)
    assert {len(sample.store["anytime"]["checkpoints"]) for sample in samples(log)} == {7}
    weights = budget_weights(grid)
    # After t independent guesses the best is right with probability 1 - 0.75^t.
    lucky = float(weights @ [1 - 0.75**t for t in range(1, 8)])
    assert lucky == pytest.approx(0.78, abs=0.005)
    quality = table(log, grid)
    traces = np.maximum.accumulate(quality, axis=2).mean(axis=1) @ weights
    error = traces.std(ddof=1) / math.sqrt(len(traces))
    block = metrics(log)["curve"]
    assert block["anytime_index"] == pytest.approx(traces.mean())
    assert abs(block["anytime_index"] - lucky) <= 2 * error
    plain = quality.mean(axis=1) @ weights
    error = plain.std(ddof=1) / math.sqrt(len(plain))
    assert abs(block["anytime_index_raw"] - 0.25) <= 2 * error
    # The maximum of seven noisy means of a constant curve lies above it, by about as much.
    assert -2 * error <= block["anytime_index_raw"] + block["drift"] - 0.25 <= 4 * error


def test_the_planner_rises_to_valid_plans(run: Run) -> None:
    grid = [64, 256, 1024, 4096]
    log = run(trip("builtin", budgets=grid), "anytime/planner", limit=24)
    means = table(log, grid).mean(axis=(0, 1))
    assert means.tolist() == sorted(means)
    assert means[0] < 0.2
    assert means[-1] > 0.95
    assert table(log, [4096], "valid").mean() > 0.9
