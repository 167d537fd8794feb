"""A server that answers wrongly with status 200, through the four clients of both harnesses.

The index is that of the clean run, or of the problems that were answered, or there is none; what
failed is counted beside it and asked again; nothing is a silent 0 or a traceback.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from anytime.domains.trip import TRIP
from anytime.models import Respond, load_model
from anytime.protocol import Reply
from anytime.statistics.curve import Curve
from anytime.statistics.index import anytime_index
from tests.clients import BUDGETS, CLIENTS, INSPECT, PROBLEMS, Client, Clients, Outcome
from tests.clients import is_forced as forced
from tests.clients import problem_of as about
from tests.serving import Body, Fault, first_try
from tests.spoiling import (
    HARMLESS,
    LYING,
    ODD_TEXTS,
    ODD_USAGE,
    UNANSWERED,
    UNREADABLE,
    mutated,
)

NO_ANSWERS = (*UNANSWERED, *UNREADABLE)
HEALTHY = 2
LIMIT = len(NO_ANSWERS) + HEALTHY

# One client of each harness by default: both have one way of reading replies.
DEFAULT = ("openai-api", "local-completions")
pytestmark = pytest.mark.parametrize(
    "client",
    [pytest.param(c, marks=[] if c in DEFAULT else pytest.mark.slow) for c in CLIENTS],
)


def each_its_own(kinds: tuple[str, ...]) -> Any:
    """The first problems fail, each in a way of its own: half of them from the trace on."""

    def faults(body: Body, tries: int) -> Fault | None:
        place = about(body)
        return kinds[place] if place < len(kinds) and (place % 2 or forced(body)) else None

    return faults


def good(body: Body, tries: int) -> Fault | None:
    return None


def index_of(curves: dict[str, tuple[float, ...]]) -> float:
    return anytime_index(Curve(BUDGETS, np.array([[curve] for curve in curves.values()])))


def names(count: int) -> set[str]:
    return {problem.id for problem in PROBLEMS[:count]}


@pytest.mark.quick("cache-local-completions", "store-local-completions")
@pytest.mark.parametrize("kept", ["cache", "store"])
def test_no_answer_is_counted_and_asked_again(client: Client, clients: Clients, kept: str) -> None:
    if kept == "store" and client in INSPECT:
        pytest.skip("Inspect keeps answers in its cache alone")
    clean = clients.clean(client, LIMIT)
    assert set(clean.curves) == names(LIMIT)
    assert (clean.failed, clean.share) == ({}, 0)
    clients.server.faults = each_its_own(NO_ANSWERS)
    start = len(clients.server.exchanges)
    found = clients.run(client, LIMIT, **{kept: True})

    assert set(found.failed) == names(len(NO_ANSWERS))
    rest = {name: clean.curves[name] for name in names(LIMIT) - names(len(NO_ANSWERS))}
    assert found.curves == rest
    assert found.index == pytest.approx(index_of(rest))
    assert found.share == pytest.approx(len(NO_ANSWERS) / LIMIT)
    assert f"{len(NO_ANSWERS)} of {LIMIT} traces have a budget" in found.told
    assert "they are left out, so these numbers are of the rest" in found.told
    for told in found.failed.values():
        assert "\n" not in told
        assert "Traceback" not in told

    before = len(clients.server.exchanges)
    clients.server.faults = good
    again = clients.resume(client, found, LIMIT, **{kept: True})
    assert again.curves == clean.curves
    assert (again.failed, again.share) == ({}, 0)
    assert again.index == pytest.approx(index_of(clean.curves))
    asked = clients.server.exchanges[before:]
    assert {about(exchange.body) for exchange in asked} == set(range(len(NO_ANSWERS)))
    answered = Counter(str(e.body) for e in clients.server.exchanges[start:] if e.fault is None)
    assert set(answered.values()) == {1}, "what was answered is not asked twice"


def test_what_fails_once_is_asked_once_more(client: Client, clients: Clients) -> None:
    clean = clients.clean(client, 4)
    clients.server.faults = first_try(NO_ANSWERS)
    found = clients.run(client, 4)
    assert found.failed == {}
    assert found.curves == clean.curves
    assert found.index == index_of(clean.curves)


@pytest.mark.quick("local-completions")
def test_good_answers_with_odd_or_lying_fields_come_to_the_same(
    client: Client, clients: Clients
) -> None:
    kinds = (*HARMLESS, *LYING, "holes")
    clean = clients.clean(client, len(kinds))
    clients.server.faults = each_its_own(kinds)
    found = clients.run(client, len(kinds))
    assert found.failed == {}
    holes = PROBLEMS[kinds.index("holes")].id  # their cuts are calibrated in Inspect
    for name in clean.curves.keys() - {holes}:
        assert found.curves[name] == clean.curves[name], kinds[int(name.rsplit("-", 2)[1]) - 3]
        for one, other in zip(
            clean.records[name]["checkpoints"], found.records[name]["checkpoints"], strict=True
        ):
            assert abs(one["answer_tokens"] - other["answer_tokens"]) <= 2, "and counts that lie"


def test_without_token_texts_counts_that_lie_are_estimates(
    client: Client, clients: Clients
) -> None:
    if client not in INSPECT:
        pytest.skip("lm-eval shows no counts: a tokenizer is asked")
    kinds = tuple(LYING)
    clean = clients.run(client, len(kinds), exact=False)
    clients.server.faults = lambda body, tries: kinds[about(body)]
    found = clients.run(client, len(kinds), exact=False)
    assert found.failed == {}
    for name, record in found.records.items():
        assert "tokens reported for" in record["doubt"]
        assert {point.get("cut") for point in record["checkpoints"]} <= {None, "estimated"}
        length = clean.records[name]["tokens"]
        assert record["tokens"] == pytest.approx(length, rel=0.25)
    assert f"counts that cannot be for {len(kinds)} of {len(kinds)} traces" in found.told


def test_a_count_that_is_none_is_refused_or_not_needed(client: Client, clients: Clients) -> None:
    kinds = tuple(ODD_USAGE)
    clean = clients.clean(client, len(kinds) + 1)
    clients.server.faults = each_its_own(kinds)
    found = clients.run(client, len(kinds) + 1)
    for name, curve in found.curves.items():
        assert curve == clean.curves[name]
    if client not in INSPECT:
        assert found.failed == {}
    for told in found.failed.values():
        assert "unreadable reply" in told or "name a tokenizer" in told


@pytest.mark.slow
def test_texts_nobody_thought_of(client: Client, clients: Clients) -> None:
    kinds = tuple(ODD_TEXTS)
    clients.server.faults = lambda body, tries: dict(enumerate(kinds)).get(about(body))
    found = clients.run(client, len(kinds) + 1)
    blank = PROBLEMS[kinds.index("blank")].id
    assert set(found.failed) == {blank}
    assert all(0 <= quality <= 1 for curve in found.curves.values() for quality in curve)
    for record in found.records.values():
        for point in record["checkpoints"]:
            assert (point.get("answer_tokens") or 0) >= point["leaked_reasoning_tokens"] >= 0


@pytest.mark.quick("local-completions")
def test_any_field_may_be_anything(client: Client, clients: Clients) -> None:
    limit = 16
    clean = clients.clean(client, limit)
    words: set[int] = set()
    drawn: dict[int, str] = {}

    def faults(body: Body, tries: int) -> Fault | None:
        place = about(body)
        if place not in drawn:
            path = "/v1/chat/completions" if "messages" in body else "/v1/completions"
            draw = random.Random(place)
            drawn[place], spoken = mutated(clients.server.answer(path, body), draw)
            words.update({place} if spoken else ())
            return drawn[place]
        return drawn[place] if not forced(body) else None

    clients.server.faults = faults
    found = clients.run(client, limit)
    assert found.curves.keys() | found.failed.keys() == names(limit)
    for place, problem in enumerate(PROBLEMS[:limit]):
        if problem.id in found.curves and place not in words:
            assert found.curves[problem.id] == clean.curves[problem.id], drawn[place]
        if problem.id in found.failed:
            assert "\n" not in found.failed[problem.id]


def with_forced(answer: Callable[[int], Reply]) -> Respond:
    """The planner, but for its forced answers, which are made of their cap."""
    planner = load_model("planner", {})

    def respond(messages: Any, max_tokens: int, seed: int) -> Reply:
        if max_tokens == TRIP.answer_tokens:
            return answer(max_tokens)
        return planner(messages, max_tokens, seed)

    return respond


def forced_points(found: Outcome) -> list[dict[str, Any]]:
    return [p for r in found.records.values() for p in r["checkpoints"] if p["forced"]]


def test_a_model_that_stops_at_once_has_answered_nothing(client: Client, clients: Clients) -> None:
    silent = Reply("", output_tokens=1, input_tokens=9, token_bytes=())
    clients.server.respond = with_forced(lambda cap: silent)
    found = clients.run(client, 2)
    assert (found.failed, found.share) == ({}, 0)
    assert {point.get("failed") for point in forced_points(found)} == {None}
    assert {curve[0] for curve in found.curves.values()} == {0}


def test_forced_answers_that_reason_on_to_their_cap_are_told(
    client: Client, clients: Clients
) -> None:
    def thinking(cap: int) -> Reply:
        return Reply(" so" * cap, output_tokens=cap, input_tokens=9, finish="length")

    clients.server.respond = with_forced(thinking)
    found = clients.run(client, 2, exact=False)
    assert found.failed == {}
    points = forced_points(found)
    assert {point["finish"] for point in points} == {"length"}
    assert all(point["leaked_reasoning_tokens"] > 100 for point in points)
    assert "forced answers end at their cap" in found.told
    assert "the curve is not budget-limited there" in found.told


def test_reasoning_beside_the_text_is_part_of_the_trace(client: Client, clients: Clients) -> None:
    if "completions" in client and "chat" not in client:
        pytest.skip("a completion has one text")
    clients.server.respond = load_model("planner", {"reasoning": True})
    found = clients.run(client, 4)
    assert found.failed == {}
    for record in found.records.values():
        lengths = [point["tokens"] for point in record["checkpoints"]]
        assert lengths == sorted(lengths)
        assert record["tokens"] > 100
    assert any(point["tokens"] == 64 for point in forced_points(found))
    assert found.index is not None
    assert math.isclose(found.index, clients.run("openai-api", 4).index or 0)


def test_reasoning_that_is_withheld_is_refused(client: Client, clients: Clients) -> None:
    if "completions" in client and "chat" not in client:
        pytest.skip("a completion has one text")
    thinker = load_model("planner", {"reasoning": True})

    def hiding(messages: Any, max_tokens: int, seed: int) -> Reply:
        return replace(thinker(messages, max_tokens, seed), reasoning="", token_bytes=None)

    clients.server.respond = hiding
    if client in INSPECT:
        found = clients.run(client, 2)
        assert found.index is None
        assert all("use mode=contract" in told for told in found.failed.values())
    else:
        with pytest.raises(SystemExit, match="use mode=contract"):
            clients.run(client, 2)
