"""A finished pool judged by a model, outside any run: `anytime pairs build --judge self`."""

from __future__ import annotations

import anyio
from inspect_ai.model import GenerateConfig, get_model

from anytime.domains.base import Domain
from anytime.hosts.inspect_ai.driver import drive, requester
from anytime.models.solutions import remember
from anytime.preferences.judged_pairs import Judged, judged_pairs
from anytime.preferences.pool import Pool

__all__ = ["judged_by"]


def judged_by(
    pool: Pool,
    domain: Domain,
    model_name: str,
    *,
    per_budget: int,
    min_gap: float,
    runners_up: int = 0,
) -> Judged:
    """Pairs of a pool by a model's judgement.

    Its replies are kept in Inspect's cache, so that judging again asks for what is missing.

    Args:
        pool: The pool.
        domain: Of its problems.
        model_name: The judge as Inspect names it.
        per_budget: Pairs per budget.
        min_gap: Smallest difference between the judge's scores.
        runners_up: So many more per budget.
    """
    model = get_model(model_name, config=GenerateConfig(cache=True, temperature=0.0))
    if model_name.startswith("anytime/"):  # a simulated judge has to be told the answers
        problems = {trace.problem.id: trace.problem for trace in pool.traces()}
        remember(domain, list(problems.values()))

    async def judge() -> Judged:
        ask = requester(model, epoch=1, token_ids=False)
        program = judged_pairs(
            pool, domain, per_budget=per_budget, min_gap=min_gap, runners_up=runners_up
        )
        judged, _ = await drive(program, ask)
        return judged

    return anyio.run(judge)
