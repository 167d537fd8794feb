"""What stands in for pairs about the evaluated problem, against a pool that never had it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from anytime.domains.aime import AIME
from anytime.errors import AnytimeError
from anytime.preferences.pairs import Pair, build_pairs
from anytime.preferences.pool import PoolTrace
from anytime.preferences.selection import merit
from anytime.preferences.standing_in import stand_ins
from tests.pooling import ListPool, pair
from tests.preferences.pools import PROBLEMS, memory_pools, pool_of


def of(name: str, budget: int = 8, gap: float = 1.0, *, runner_up: bool = False) -> Pair:
    made = pair(AIME, f"What about {name}?", budget, name=name, gap=gap)
    return replace(made, runner_up=runner_up)


def up(name: str, budget: int = 8, gap: float = 1.0) -> Pair:
    return of(name, budget, gap, runner_up=True)


def names(pairs: list[Pair]) -> list[tuple[int, str]]:
    return [(one.budget, one.problem) for one in pairs]


def test_the_next_best_of_the_budget_stands_in() -> None:
    shown, missing = [of("b", 16)], [of("a", 8)]
    further = [up("c", 8, 0.5), up("d", 8, 0.75), up("e", 16, 1.0)]
    assert names(stand_ins(shown, missing, further)) == [(8, "d")]


def test_a_tie_goes_to_a_problem_that_is_shown_nowhere() -> None:
    shown, missing = [of("b", 16)], [of("a", 8)]
    assert names(stand_ins(shown, missing, [up("b", 8), up("c", 8)])) == [(8, "c")]
    assert names(stand_ins(shown, missing, [up("b", 8), up("c", 8, 0.5)])) == [(8, "b")]


def test_two_that_are_missing_get_two_problems() -> None:
    missing = [of("a", 8), of("a", 16)]
    further = [up("b", 8), up("b", 16), up("c", 8), up("c", 16)]
    assert names(stand_ins([], missing, further)) == [(8, "b"), (16, "c")]


def test_no_problem_stands_twice_at_a_budget() -> None:
    shown, missing = [of("b", 8)], [of("a", 8)]
    assert stand_ins(shown, missing, [up("b", 8, 0.5)]) == []


def test_a_pair_whose_answers_were_read_goes_before_a_larger_gap() -> None:
    unread = replace(up("b"), rejected=replace(up("b").rejected, read=False))
    found = stand_ins([], [of("a")], [unread, up("c", gap=0.5)])
    assert names(found) == [(8, "c")]


def test_pairs_of_another_pool_do_not_stand_in() -> None:
    """Of files joined into one, each keeps its own share."""
    other = replace(up("b"), model="other/model")
    assert stand_ins([], [of("a")], [other]) == []


@given(memory_pools(), st.integers(0, 3), st.integers(1, 2))
def test_what_is_shown_is_as_good_as_if_the_problem_had_never_been_there(
    pool: ListPool, which: int, per_budget: int
) -> None:
    own = PROBLEMS[which].id

    def built(kept: list[PoolTrace], runners_up: int) -> list[Pair]:
        try:
            return build_pairs(
                pool_of(kept, pool.info.budgets),
                AIME,
                per_budget=per_budget,
                runners_up=runners_up,
            )
        except AnytimeError:
            return []

    everything = built(list(pool.kept), 3)
    others = [one for one in everything if one.problem != own]
    shown = [one for one in others if not one.runner_up]
    missing = [one for one in everything if one.problem == own and not one.runner_up]
    shown += stand_ins(shown, missing, [one for one in others if one.runner_up])
    without = built([one for one in pool.kept if one.problem.id != own], 0)

    def merits(pairs: list[Pair]) -> list[tuple[int, tuple[bool, float]]]:
        return sorted((one.budget, merit(one.gap, read=one.read is not False)) for one in pairs)

    assert merits(shown) == merits(without)
    assert len({(one.budget, one.problem) for one in shown}) == len(shown)
