"""What a program found out about a trace: the answer at each budget."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar, get_args

from anytime.cutting.tokens import CutSource
from anytime.protocol import Finish, Reply
from anytime.settings import Continuation, Mode

__all__ = ["Checkpoint", "Elicited", "own_answer", "unanswered"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A trace cut at one budget, with the answer obtained there.

    Attributes:
        budget: In trace tokens.
        answer: The text that is graded.
        forced: Whether the model was made to answer; False where the trace had ended by itself, and
            in contract mode.
        tokens: Trace tokens really spent: the budget, or fewer where the trace had ended; None in
            contract mode where the back end does not report it.
        answer_tokens: Tokens generated for the forced answer, leaked reasoning included; 0 where
            none was forced, None where the back end did not tell.
        leaked_reasoning_tokens: Reasoning sneaked into the forced answer, estimated from its share
            of the text where the back end does not count it.
        finish: Why the answer ended.
        cut: How the cut was found; None where nothing was cut.
        continuation: How the cut trace was handed back; None where it was not.
        end: Where the cut lies, in characters of reasoning + text; None where nothing was cut.
        seconds: Wall time of the call that gave the answer.
        cost: Its price in dollars.
        unframed: A tag of reasoning in the text that is graded, where no frame was read: what is
            graded may hold reasoning. None where there is none.
        failed: Why the model gave no answer (a filter, a refusal, an empty reply); None where it
            did. Such a checkpoint has no quality, and its trace no curve.
        doubt: What the back end reported as tokens of the forced answer and cannot be; then
            `answer_tokens` is an estimate. None where nothing is wrong.

    Example:
        >>> point = Checkpoint(256, "42", True, 256, 3, 0, "stop", cut="tokens")
        >>> point.budget, point.answer, point.forced
        (256, '42', True)
    """

    budget: int
    answer: str
    forced: bool
    tokens: int | None
    answer_tokens: int | None
    leaked_reasoning_tokens: int
    finish: Finish
    cut: CutSource | None = None
    continuation: Continuation | None = None
    end: int | None = None
    seconds: float | None = None
    cost: float | None = None
    unframed: str | None = None
    failed: str | None = None
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Elicited:
    """What a program found out about one trace (interrupt) or one run per budget (contract).

    Attributes:
        mode: Which program ran, or `intrace`: nothing was asked, and what stands in the beginning
            of the trace was graded.
        tokens: Length of the trace in tokens; in contract mode that of the largest run, if told.
        finish: Why the trace (the largest run) ended.
        checkpoints: One per budget, in order.
        trace: The reply the trace came in (interrupt) or that of the largest run (contract); kept
            for the host, which puts it where its own completions go.
        frame: The user's own pair of tags (`anytime.cutting.frames.frame_from`), if there was one.
        ended_by: What `finish` was taken from where the back end told no reason, or a wrong one:
            `tokens` (as many as the cap, or nearly), `frame` (reasoning that was never closed).
        doubt: What the back end reported as tokens of the trace and cannot be; then `tokens` and
            the cuts are estimates.

    Example:
        >>> point = Checkpoint(256, "42", False, 90, 0, 0, "stop")
        >>> Elicited("interrupt", 90, "stop", (point,)).to_json()["checkpoints"][0]["tokens"]
        90
    """

    mode: Mode | Literal["intrace"]
    tokens: int | None
    finish: Finish
    checkpoints: tuple[Checkpoint, ...]
    trace: Reply | None = None
    frame: str | None = None
    ended_by: Literal["tokens", "frame"] | None = None
    doubt: str | None = None

    @property
    def failed(self) -> str:
        """Why the model gave no answer at some budget; empty where it gave one at all of them."""
        return next((point.failed for point in self.checkpoints if point.failed), "")

    def to_json(self) -> dict[str, Any]:
        """As JSON values, without what is None and without the trace, which a host logs anyway."""
        further = {"frame": self.frame, "ended_by": self.ended_by, "doubt": self.doubt}
        return {
            "mode": self.mode,
            "tokens": self.tokens,
            "finish": self.finish,
            **{name: value for name, value in further.items() if value is not None},
            "checkpoints": [
                {
                    name: value
                    for name in Checkpoint.__slots__
                    if (value := getattr(checkpoint, name)) is not None
                }
                for checkpoint in self.checkpoints
            ],
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Elicited:
        """Read what `to_json` wrote; an answer may be left out where it stands elsewhere.

        Raises:
            ValueError: It is no such record; the sentence names the field.
        """
        if not isinstance(record, Mapping) or not isinstance(record.get("checkpoints"), list):
            raise ValueError("its checkpoints are no list")
        if "tokens" not in record:
            raise ValueError("it has no tokens")
        required = {"tokens": None, "answer_tokens": None, "answer": ""}
        kept = record["checkpoints"]
        if not kept or not all(isinstance(point, Mapping) for point in kept):
            raise ValueError("its checkpoints are none")
        points = tuple(_checked(Checkpoint, {**required, **point}) for point in kept)
        found = _checked(cls, {**record, "checkpoints": points})
        grid = [point.budget for point in points]
        if sorted(set(grid)) != grid:
            raise ValueError("its checkpoints are not in the order of budgets")
        return found


_COUNTS = ("budget", "tokens", "answer_tokens", "leaked_reasoning_tokens", "end")
_NUMBERS = ("seconds", "cost")
_WORDS: Mapping[str, Sequence[str]] = {
    "mode": (*get_args(Mode), "intrace"),
    "finish": get_args(Finish),
    "cut": get_args(CutSource),
    "continuation": get_args(Continuation),
    "ended_by": ("tokens", "frame"),
}

K = TypeVar("K")


def _checked(kind: type[K], kept: Mapping[str, Any]) -> K:
    """A record out of a file, with values that can stand in its fields."""
    needed = _NEEDED[kind]
    for name in kept.keys() - needed.keys():
        raise ValueError(f"it has a field of another kind: {str(name)[:40]!r}")
    for name, always in needed.items():
        value = kept.get(name)
        if value is None:
            if always:
                raise ValueError(f"it has no {name}")
        elif not _fits(name, value):
            raise ValueError(f"its {name} cannot be {str(value)[:40]!r}")
    return kind(**kept)


_NEEDED: Mapping[type, Mapping[str, bool]] = {
    kind: {one.name: "None" not in str(one.type) for one in fields(kind) if one.name != "trace"}
    for kind in (Checkpoint, Elicited)
}
"""The fields that a file holds, and whether each has a value always."""


def _fits(name: str, value: Any) -> bool:
    if name in _COUNTS:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    if name in _NUMBERS:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and math.isfinite(value)
    if name in _WORDS:
        return isinstance(value, str) and value in _WORDS[name]
    if name == "forced":
        return isinstance(value, bool)
    return isinstance(value, tuple if name == "checkpoints" else str)


def unanswered(mode: Mode, budgets: Sequence[int], reply: Reply, frame: str | None) -> Elicited:
    """What is found out where the trace itself failed: nothing at any budget."""
    checkpoints = tuple(
        Checkpoint(
            budget=budget,
            answer="",
            forced=False,
            tokens=None,
            answer_tokens=None,
            leaked_reasoning_tokens=0,
            finish=reply.finish,
            seconds=reply.seconds,
            cost=reply.cost,
            failed=reply.failed,
        )
        for budget in budgets
    )
    return Elicited(mode, None, reply.finish, checkpoints, reply, frame)


def own_answer(
    budget: int, length: int, trace: Reply, *, answer: str, unframed: str | None = None
) -> Checkpoint:
    """The checkpoint of a trace that had ended by itself before its budget was spent."""
    return Checkpoint(
        budget=budget,
        answer=answer,
        forced=False,
        tokens=length,
        answer_tokens=0,
        leaked_reasoning_tokens=0,
        finish=trace.finish,
        seconds=trace.seconds,
        cost=trace.cost,
        unframed=unframed,
    )
