"""Pairs from pools, and the file they are kept in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from anytime.errors import AnytimeError
from anytime.plugins import get_domain
from anytime.preferences.pairs import (
    Pair,
    build_pairs,
    content_hash,
    read_pairs,
    write_lines,
    write_pairs,
)
from anytime.preferences.pool import PoolCost, PoolTrace
from tests.pooling import ListPool, trace
from tests.preferences.pools import PROBLEMS, memory_pools, pool_of

AIME = get_domain("aime")

POOL = pool_of(
    [
        trace(PROBLEMS[0], 1, [0.0, 1.0]),
        trace(PROBLEMS[0], 2, [0.25, 0.5]),
        trace(PROBLEMS[1], 1, [1.0, 0.75]),
        trace(PROBLEMS[1], 2, [0.5, 1.0]),
    ]
)


def test_a_pair_tells_where_it_is_from() -> None:
    first, second = build_pairs(POOL, AIME)
    assert (first.budget, first.problem, first.gap) == (16, PROBLEMS[1].id, 0.5)
    assert (second.budget, second.problem, second.gap) == (64, PROBLEMS[0].id, 0.5)
    assert (first.chosen.draw, first.rejected.draw) == (1, 2)
    assert first.statement == PROBLEMS[1].prompt
    assert first.content == content_hash(AIME, PROBLEMS[1].prompt)
    assert first.pool == PoolCost(2, 4, 40)
    assert (first.domain, first.model, first.revision) == ("aime", "some/model", "seed 0")
    assert first.judge == "metric"


def test_further_pairs_of_a_budget_are_of_other_problems() -> None:
    pairs = build_pairs(POOL, AIME, per_budget=2)
    assert [(pair.budget, pair.problem) for pair in pairs] == [
        (16, PROBLEMS[1].id),
        (16, PROBLEMS[0].id),
        (64, PROBLEMS[0].id),
        (64, PROBLEMS[1].id),
    ]


def test_a_pair_whose_texts_are_equal_gives_way_to_the_next() -> None:
    same = "All of them say the very same thing here."
    traces = [trace(PROBLEMS[0], draw, [draw - 1, 0.5], text=same) for draw in (1, 2)]
    traces += [trace(PROBLEMS[1], draw, [draw / 4, 0.5]) for draw in (1, 2)]
    (pair,) = build_pairs(pool_of(traces), AIME)
    assert pair.problem == PROBLEMS[1].id
    with pytest.raises(AnytimeError, match="say nothing, or the same"):
        build_pairs(pool_of(traces[:2]), AIME)


def test_of_equally_good_traces_those_are_shown_that_can_be_told_apart() -> None:
    same = "All of them say the very same thing here."
    traces = [
        *(trace(PROBLEMS[0], draw, [0.0, 0.0], text=same) for draw in (1, 2)),
        *(trace(PROBLEMS[0], draw, [1.0, 0.0], text=same) for draw in (3, 4)),
        trace(PROBLEMS[0], 5, [0.0, 0.0], text="This one goes wrong in another way."),
        trace(PROBLEMS[0], 6, [0.5, 0.0], text="This one is nearly right, and not so good."),
    ]
    (pair,) = build_pairs(pool_of(traces), AIME, per_budget=2, runners_up=2)
    assert (pair.chosen.draw, pair.rejected.draw) == (3, 5)
    assert (pair.chosen.quality, pair.rejected.quality) == (1.0, 0.0)


def test_traces_of_unread_answers_do_not_stand_in_for_read_ones() -> None:
    same = "All of them say the very same thing here."
    traces = [
        trace(PROBLEMS[0], 1, [0.0, 0.0], text=same),
        trace(PROBLEMS[0], 2, [1.0, 0.0], text=same),
        replace(unread_at_16(0, 3), text="Something else."),
        trace(PROBLEMS[0], 4, [0.0, 0.0], text="This one goes wrong in another way."),
    ]
    (pair,) = build_pairs(pool_of(traces), AIME)
    assert pair.rejected.draw == 4


@given(memory_pools())
def test_what_is_written_is_read_again(tmp_path_factory: Any, pool: ListPool) -> None:
    try:
        pairs = build_pairs(pool, AIME, per_budget=2, runners_up=2)
    except AnytimeError:
        return
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    write_pairs(path, pairs)
    assert read_pairs(path, get_domain) == pairs


def test_pairs_come_from_many_problems_where_gaps_are_equal() -> None:
    traces = [trace(one, draw, [draw - 1.0] * 4) for one in PROBLEMS[:4] for draw in (1, 2)]
    pairs = build_pairs(pool_of(traces, (8, 16, 32, 64)), AIME)
    assert len({pair.problem for pair in pairs}) == 4


def test_runners_up_follow_the_pairs_of_their_budget() -> None:
    traces = [trace(one, draw, [draw - 1.0] * 2) for one in PROBLEMS[:4] for draw in (1, 2)]
    names = [one.id for one in sorted(PROBLEMS[:4], key=lambda one: one.id)]
    pairs = build_pairs(pool_of(traces), AIME, runners_up=2)
    assert [(pair.budget, pair.problem, pair.runner_up) for pair in pairs] == [
        (16, names[0], False),
        (16, names[2], True),
        (16, names[1], True),
        (64, names[1], False),
        (64, names[3], True),
        (64, names[0], True),
    ]
    assert [pair for pair in pairs if not pair.runner_up] == build_pairs(pool_of(traces), AIME)


def unread_at_16(name: int, draw: int) -> PoolTrace:
    one = trace(PROBLEMS[name], draw, [0.0, 0.0])
    return replace(one, points=(one.points[0]._replace(read=False), one.points[1]))


def test_a_pair_tells_whether_answers_could_be_read() -> None:
    traces = [unread_at_16(0, 1), trace(PROBLEMS[0], 2, [1.0, 1.0])]
    format_only, read = build_pairs(pool_of(traces), AIME)
    assert (format_only.chosen.read, format_only.rejected.read) == (True, False)
    assert format_only.read is False
    assert read.read is True
    # Another problem has a smaller gap, of two answers.
    traces += [trace(PROBLEMS[1], 1, [0.25, 0.0]), trace(PROBLEMS[1], 2, [0.5, 0.0])]
    first, second = build_pairs(pool_of(traces), AIME)
    assert (first.problem, first.gap, first.read) == (PROBLEMS[1].id, 0.25, True)
    assert (second.problem, second.gap) == (PROBLEMS[0].id, 1.0)


# As it was written before there were runners-up.
OLD = {
    "format": "anytime pair 1",
    "gap": 0.5,
    "domain": "aime",
    "dataset": "builtin",
    "revision": "seed 0",
    "model": "some/model",
    "judge": "metric",
    "problem": "p",
    "content": content_hash(AIME, "What is 1 + 1?"),
    "statement": "What is 1 + 1?",
    "budget": 16,
    "chosen": {"text": "Count them.", "quality": 1.0, "draw": 1},
    "rejected": {"text": "Guess.", "quality": 0.5, "draw": 2},
    "pool": {"problems": 2, "traces": 4, "tokens": 40},
}


def test_a_file_of_before_is_read(tmp_path: Path) -> None:
    (tmp_path / "old").write_text(json.dumps(OLD) + "\n")
    (old,) = read_pairs(tmp_path / "old", get_domain)
    assert (old.problem, old.gap, old.runner_up, old.read) == ("p", 0.5, False, None)
    # Beside others, and written again.
    new = build_pairs(POOL, AIME, runners_up=1)
    write_pairs(tmp_path / "both", [old, *new])
    assert read_pairs(tmp_path / "both", get_domain) == [old, *new]


def test_runners_up_alone_are_no_pairs(tmp_path: Path) -> None:
    pairs = build_pairs(POOL, AIME, runners_up=1)
    write_pairs(tmp_path / "rest", [pair for pair in pairs if pair.runner_up])
    with pytest.raises(AnytimeError, match="rest holds runners-up alone: build it again"):
        read_pairs(tmp_path / "rest", get_domain)


def test_text_that_no_encoding_takes_is_kept(tmp_path: Path) -> None:
    odd = "Half a pair \ud800 of surrogates,\u2028 a line and \x00 nothing. " * 3
    traces = [trace(PROBLEMS[0], 1, [0, 0], text=odd), trace(PROBLEMS[0], 2, [1, 1])]
    pairs = build_pairs(pool_of(traces), AIME)
    write_pairs(tmp_path / "pairs.jsonl", pairs)
    assert read_pairs(tmp_path / "pairs.jsonl", get_domain) == pairs


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"

    def broken() -> Any:
        yield {"a": 1}
        raise AnytimeError("the log is damaged")

    with pytest.raises(AnytimeError, match="the log is damaged"):
        write_lines(path, broken())
    with pytest.raises(AnytimeError, match="cannot be written"):
        write_lines(tmp_path / "nowhere" / "pairs.jsonl", [])
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def lines(tmp_path: Path) -> list[str]:
    write_pairs(tmp_path / "pairs.jsonl", build_pairs(POOL, AIME))
    return (tmp_path / "pairs.jsonl").read_text().splitlines(keepends=True)


def edited(**changes: Any) -> Callable[[str], str]:
    """Change fields of a line; those of a side by `chosen__quality`."""

    def edit(line: str) -> str:
        record = json.loads(line)
        for name, value in changes.items():
            *outer, last = name.split("__")
            place = record[outer[0]] if outer else record
            place[last] = value
        return json.dumps(record) + "\n"

    return edit


def without(name: str) -> Callable[[str], str]:
    def edit(line: str) -> str:
        record = json.loads(line)
        del record[name]
        return json.dumps(record) + "\n"

    return edit


DAMAGED: dict[str, tuple[Callable[[str], str], str]] = {
    "truncated": (lambda line: line[: len(line) // 2], "is damaged: it is no JSON object"),
    "other text": (lambda line: "Hello!\n", "is damaged: it is no JSON object"),
    "deeply nested": (lambda line: "[" * 100_000 + "\n", "is damaged: it is no JSON object"),
    "other JSON": (lambda line: '{"prompt": "a", "chosen": "b"}\n', "is no pair of anytime"),
    "a list": (lambda line: "[1, 2]\n", "is no pair of anytime"),
    "another format": (edited(format="anytime pair 9"), "is no pair of anytime"),
    "a field less": (without("statement"), "is damaged: it has no statement"),
    "a side less": (without("chosen"), "is damaged: it has no chosen"),
    "side is text": (edited(chosen="good"), "is damaged: "),
    "side has more": (edited(chosen__more=1), "is damaged: "),
    "pool is a list": (edited(pool=[1, 2, 3]), "is damaged: "),
    "negative pool": (edited(pool__tokens=-1), "is damaged: its pool is"),
    "problem is a number": (edited(problem=7), "is damaged: problem is 7, not text"),
    "budget is text": (edited(budget="16"), "is damaged: its budget is '16'"),
    "budget 0": (edited(budget=0), "is damaged: its budget is 0"),
    "budget is true": (edited(budget=True), "is damaged: its budget is True"),
    "no text": (edited(rejected__text=" \n"), "is damaged: rejected holds no text"),
    "text is a number": (edited(chosen__text=3), "is damaged: chosen holds no text"),
    "quality above 1": (edited(chosen__quality=1.5), "chosen has the quality 1.5"),
    "quality is NaN": (edited(chosen__quality=float("nan")), "chosen has the quality nan"),
    "quality is text": (edited(rejected__quality="0"), "rejected has the quality '0'"),
    "gap 0": (edited(chosen__quality=0.5, rejected__quality=0.5), "chosen is not better than"),
    "wrong way round": (edited(chosen__quality=0, rejected__quality=1), "chosen is not better"),
    "edited statement": (edited(statement="What is 1 + 1?"), "its statement is not the one"),
    "unknown domain": (edited(domain="chess"), "unknown domain 'chess'"),
    "quality beyond floats": (edited(chosen__quality=10**400), "chosen has the quality 1000"),
    "absurd budget": (edited(budget=10**30), "its budget is 1000"),
    "draw is text": (edited(chosen__draw="x"), "chosen is of the draw 'x'"),
    "judge of nobody": (edited(judge="wombat"), "its judge is 'wombat'"),
    "side read by nobody": (edited(chosen__read="yes"), "chosen is read: 'yes'"),
    "runner-up of a kind": (edited(runner_up=1), "runner_up is 1"),
    "no word of runners-up": (without("runner_up"), "is damaged: it has no runner_up"),
    "pool of truth": (edited(pool__tokens=True), "its pool is"),
}


@pytest.mark.parametrize(("edit", "sentence"), DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_file_is_refused_with_its_line(
    lines: list[str], tmp_path: Path, edit: Callable[[str], str], sentence: str
) -> None:
    path = tmp_path / "damaged.jsonl"
    path.write_text(lines[0] + edit(lines[1]))
    with pytest.raises(AnytimeError) as caught:
        read_pairs(path, get_domain)
    message = str(caught.value)
    assert sentence in message
    assert "\n" not in message
    assert message.startswith(f"{path}, line 2")


FOREIGN: dict[str, tuple[bytes | None, str]] = {
    "empty": (b"", "holds no pairs: build some with `anytime pairs build`"),
    "blank": (b"\n  \n", "holds no pairs"),
    "missing": (None, "there is no file of pairs"),
    "binary": (b"PK\x03\x04\xff\xfe\x00", "is no file of pairs: it is not UTF-8 text"),
}


@pytest.mark.parametrize(("content", "sentence"), FOREIGN.values(), ids=list(FOREIGN))
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    path = tmp_path / "foreign.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AnytimeError, match=sentence) as caught:
        read_pairs(path, get_domain)
    assert str(path) in str(caught.value)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnytimeError, match="cannot be read: Is a directory"):
        read_pairs(tmp_path, get_domain)


def test_blank_lines_and_a_byte_order_mark_do_no_harm(lines: list[str], tmp_path: Path) -> None:
    path = tmp_path / "windows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n\n".join(map(str.rstrip, lines)).encode())
    pairs: list[Pair] = read_pairs(path, get_domain)
    assert pairs == build_pairs(POOL, AIME)


def test_a_repeated_pair_is_read_once(lines: list[str], tmp_path: Path) -> None:
    path = tmp_path / "joined.jsonl"
    path.write_text("".join(lines + lines))
    assert len(read_pairs(path, get_domain)) == len(lines)
