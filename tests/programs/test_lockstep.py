"""Programs in lockstep, by feeding replies."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime import Message, Program, Reply, Request
from anytime.programs.lockstep import drive, together
from tests.feeding import feed


def request(text: str) -> Request:
    return Request((Message("user", text),), 5, "answer")


def said(request: Request) -> str:
    return request.messages[-1].content


def echo(request: Request) -> Reply:
    return Reply(f"re {said(request)}")


def rounds(name: str, sizes: Sequence[int]) -> Program[list[str]]:
    """Asks so many requests in each round and returns all replies."""
    heard = []
    for number, size in enumerate(sizes):
        replies = yield [request(f"{name}.{number}.{place}") for place in range(size)]
        assert len(replies) == size
        heard += [reply.text for reply in replies]
    return heard


def test_the_requests_of_a_round_make_one_batch_in_the_order_of_programs() -> None:
    programs = [rounds("a", [1, 2]), rounds("b", [2, 1])]
    results, batches = feed(together(programs), echo)
    assert [[said(one) for one in batch] for batch in batches] == [
        ["a.0.0", "b.0.0", "b.0.1"],
        ["a.1.0", "a.1.1", "b.1.0"],
    ]
    assert results == [
        ["re a.0.0", "re a.1.0", "re a.1.1"],
        ["re b.0.0", "re b.0.1", "re b.1.0"],
    ]


def test_programs_of_different_lengths_leave_one_by_one() -> None:
    programs = [rounds("a", [1]), rounds("b", [1, 1, 1]), rounds("c", [1, 1])]
    _, batches = feed(together(programs), echo)
    assert [[said(one)[0] for one in batch] for batch in batches] == [
        ["a", "b", "c"],
        ["b", "c"],
        ["b"],
    ]


def test_a_program_that_asks_nothing_is_done_at_once() -> None:
    programs = [rounds("a", []), rounds("b", [1]), rounds("c", [])]
    results, batches = feed(together(programs), echo)
    assert results == [[], ["re b.0.0"], []]
    assert len(batches) == 1


@pytest.mark.parametrize("count", [0, 3])
def test_without_any_request_nobody_is_asked(count: int) -> None:
    program = together([rounds("a", []) for _ in range(count)])
    with pytest.raises(StopIteration) as stop:
        next(program)
    assert stop.value.value == [[]] * count


def test_a_round_without_requests_is_a_round() -> None:
    results, batches = feed(together([rounds("a", [0, 1]), rounds("b", [1])]), echo)
    assert [len(batch) for batch in batches] == [1, 1]
    assert results == [["re a.1.0"], ["re b.0.0"]]


@given(st.lists(st.lists(st.integers(0, 3), max_size=4), max_size=5))
def test_each_program_hears_what_it_hears_alone(shapes: list[list[int]]) -> None:
    def alone(number: int) -> list[str]:
        sizes = shapes[number]
        return [f"re {number}.{r}.{p}" for r, size in enumerate(sizes) for p in range(size)]

    program = together([rounds(str(n), sizes) for n, sizes in enumerate(shapes)])
    heard: list[list[str]] = []
    asked = 0
    batch: Sequence[Request] | None = None
    try:
        batch = next(program)
        while True:
            asked += 1
            batch = program.send([echo(one) for one in batch])
    except StopIteration as stop:
        heard = stop.value
    assert heard == [alone(number) for number in range(len(shapes))]
    assert asked == max(map(len, shapes), default=0)


def failing(after: int) -> Program[list[str]]:
    for number in range(after):
        yield [request(f"failing.{number}")]
    raise KeyError("broken")


@pytest.mark.parametrize("after", [0, 1, 2])
def test_an_exception_of_one_program_reaches_the_host(after: int) -> None:
    program = together([rounds("a", [1, 1, 1]), failing(after), rounds("c", [1])])
    with pytest.raises(KeyError, match="broken"):
        feed(program, echo)
    with pytest.raises(StopIteration):  # it is over
        next(program)


def test_what_the_host_throws_comes_out_again() -> None:
    program = together([rounds("a", [1]), rounds("b", [1])])
    next(program)
    with pytest.raises(OSError, match="no network"):
        program.throw(OSError("no network"))


def test_closing_runs_what_programs_do_at_their_end() -> None:
    closed = []

    def careful(name: str) -> Program[None]:
        try:
            yield [request(name)]
        finally:
            closed.append(name)

    programs = [careful("a"), careful("b")]
    program = together(programs)
    next(program)
    program.close()
    del program, programs
    assert sorted(closed) == ["a", "b"]


def test_programs_in_lockstep_are_a_program_themselves() -> None:
    def pair(name: str) -> Program[list[list[str]]]:
        return (yield from together([rounds(f"{name}x", [1]), rounds(f"{name}y", [1, 1])]))

    results, batches = feed(together([pair("a"), pair("b")]), echo)
    assert [[said(one)[:2] for one in batch] for batch in batches] == [
        ["ax", "ay", "bx", "by"],
        ["ay", "by"],
    ]
    assert results[1] == [["re bx.0.0"], ["re by.0.0", "re by.1.0"]]


def test_requests_are_handed_over_one_by_one_and_held_by_nobody() -> None:
    """A round's requests are most of what a large run holds."""
    alive: list[weakref.ref[Words]] = []

    def asking(name: str) -> Program[str]:
        words = Words(name)
        alive.append(weakref.ref(words))
        batch = [[Request((Message("user", words),), 5, "answer")]]
        del words
        (reply,) = yield batch.pop()
        return reply.text

    def ask(batch: Iterator[tuple[int, Request]]) -> Iterator[Reply]:
        texts = []
        for number, request in batch:
            texts.append(f"{number} {said(request)}")
            del request
            gc.collect()
            # The one just handed over is with its program's batch until the next is asked for.
            assert all(one() is None for one in alive[: max(0, number - 1)])
        return map(Reply, texts)

    names = ["a", "b", "c", "d"]
    assert drive([asking(name) for name in names], ask) == ["0 a", "1 b", "2 c", "3 d"]


class Words(str):
    """Text that can be told to be forgotten."""

    __slots__ = ("__weakref__",)


def test_replies_may_come_one_by_one() -> None:
    taken: list[str] = []

    def ask(batch: Iterable[tuple[int, Request]]) -> Iterator[Reply]:
        words = [said(request) for _, request in batch]

        def replies() -> Iterator[Reply]:
            for word in words:
                taken.append(word)
                yield Reply(word)

        return replies()

    programs = [rounds("a", [1, 1]), rounds("b", [2])]
    assert drive(programs, ask) == [["a.0.0", "a.1.0"], ["b.0.0", "b.0.1"]]
    assert taken == ["a.0.0", "b.0.0", "b.0.1", "a.1.0"]


@given(st.lists(st.lists(st.integers(0, 3), max_size=4), max_size=5))
def test_driven_by_a_function_programs_hear_what_they_hear_as_one(shapes: list[list[int]]) -> None:
    def programs() -> list[Program[list[str]]]:
        return [rounds(str(n), sizes) for n, sizes in enumerate(shapes)]

    def ask(batch: Iterable[tuple[int, Request]]) -> list[Reply]:
        return [echo(request) for _, request in batch]

    assert drive(programs(), ask) == feed(together(programs()), echo)[0]
