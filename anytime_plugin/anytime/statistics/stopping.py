"""Stopping rules: from the checkpoints of a trace so far to "go on", or "stop" with an answer.

A rule is a pure function, and what it is given holds neither the right answer nor a quality. The
same rule is judged on finished runs (`anytime.statistics.stopped`) and stops live ones.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from anytime.errors import AnytimeError

__all__ = [
    "CONFIDENT",
    "DYNASOR",
    "FIXED",
    "STABLE",
    "VOTE",
    "Needs",
    "Probe",
    "Rule",
    "StoppingRule",
    "Sweep",
    "rules_named",
]

Needs = Literal["answer", "text", "probability"]
"""What a rule cannot do without."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A checkpoint as a rule sees it.

    Attributes:
        budget: Where the trace was cut, in trace tokens.
        answer: The answer in normal form: equal texts are equal answers. None where no answer could
            be extracted.
        text: What the model said when it was made to answer; None where that is not at hand.
        probability: Mean probability of the tokens of the forced answer; None where nobody told.
        tokens: Trace tokens spent up to here.
        probe_tokens: Generated for the forced answer; 0 where the trace had ended by itself, None
            where nobody told.
        last: Whether nothing comes after it: the trace ended, or this is the largest budget.

    Example:
        >>> probe = Probe(256, "42", "ANSWER: 42", None, 256, 5, False)
        >>> probe.answer, probe.last
        ('42', False)
    """

    budget: int
    answer: str | None
    text: str | None
    probability: float | None
    tokens: int
    probe_tokens: int | None
    last: bool


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """A kind of rule: what `stable` is of `stable:2`.

    Attributes:
        name: The word users type.
        decide: From the checkpoints so far, in order and at least one, and the rule's argument:
            None to go on; or which of them, counted from 0, has the answer to stop with. Where the
            last one is `last`, None hands over its answer.
        read: Reads the argument; raises ValueError where it is none. None where the rule takes no
            argument.
        takes: What the argument is, in words that follow "takes".
        example: An argument, for messages.
        step: Between the arguments that `NAME:A..B` tries; None where they have to be listed.
        needs: What it cannot do without; a run that lacks it is refused.
        once: Of the argument the one budget that it asks at, where it asks at no other.

    Example:
        >>> def decide(probes, least):
        ...     answered = [probe for probe in probes if probe.answer is not None]
        ...     return len(probes) - 1 if len(answered) >= least else None
        >>> rule = StoppingRule("answers", decide, int, "a number of answers", "3")
        >>> rule.with_argument("2").decide([Probe(256, "42", None, None, 256, 5, False)]) is None
        True
    """

    name: str
    decide: Callable[[Sequence[Probe], Any], int | None]
    read: Callable[[str], Any] | None = None
    takes: str = ""
    example: str = ""
    step: float | None = None
    needs: tuple[Needs, ...] = ()
    once: Callable[[Any], int] | None = None

    def __post_init__(self) -> None:
        """Refuse names that a command line cannot tell from an argument."""
        if not self.name or set(self.name) & set(":,. ") or self.name.strip() != self.name:
            raise AnytimeError(f"{self.name!r} is no name of a stopping rule: write one word")

    @property
    def written(self) -> str:
        """How it is written, for example."""
        return f"{self.name}:{self.example}" if self.read else self.name

    def with_argument(self, text: str) -> Rule:
        """The rule with an argument as users write it; empty for none.

        Raises:
            AnytimeError: It is none, or is missing.
        """
        if self.read is None:
            if text:
                raise AnytimeError(
                    f"the stopping rule {self.name} takes no argument, and {text!r} is one: write "
                    f"{self.name}"
                )
            return Rule(self, None, self.name)
        try:
            return Rule(self, self.read(text), f"{self.name}:{text}")
        except (ValueError, ArithmeticError):
            raise AnytimeError(
                f"the stopping rule {self.name} takes {self.takes}, which {text!r} is not: write "
                f"for example {self.written}"
            ) from None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that is ready to be followed.

    Attributes:
        kind: What it is one of.
        argument: As `StoppingRule.read` made it.
        written: As users write it.
    """

    kind: StoppingRule
    argument: Any
    written: str

    def asks(self, budget: int) -> bool:
        """Whether it wants to know the answer at a budget."""
        return self.kind.once is None or self.kind.once(self.argument) == budget

    def decide(self, probes: Sequence[Probe]) -> int | None:
        """Go on (None), or stop with the answer of that checkpoint.

        Raises:
            AnytimeError: The rule names a checkpoint that is not there.
        """
        place = self.kind.decide(probes, self.argument)
        if place is None:
            return None
        if not isinstance(place, int) or not 0 <= place < len(probes):
            raise AnytimeError(
                f"the stopping rule {self.written} chose checkpoint {place!r} of {len(probes)}: it "
                f"has to return None or a number from 0 to {len(probes) - 1}"
            )
        return place


@dataclass(frozen=True, slots=True)
class Sweep:
    """Rules of one kind, of which one is to be chosen; mostly there is one.

    Attributes:
        written: As the user wrote them.
        rules: The rules.
    """

    written: str
    rules: tuple[Rule, ...]


def rules_named(text: str, known: Mapping[str, StoppingRule]) -> Sweep:
    """Read `vote`, `stable:2`, `confident:.8,.9` or `stable:2..5`.

    Args:
        text: As a user writes it.
        known: The kinds there are, by name.

    Raises:
        AnytimeError: No rule has that name, or an argument is none.
    """
    name, colon, argument = text.strip().partition(":")
    if name not in known:
        raise AnytimeError(f"unknown stopping rule {name!r}: choose one of {', '.join(known)}")
    kind = known[name]
    if kind.read is None and colon and not argument:
        argument = ":"
    parts = argument.split(",") if kind.read else [argument]
    arguments = [one for part in parts for one in _expanded(kind, part.strip())]
    if twice := [one for one, n in Counter(arguments).items() if n > 1]:
        raise AnytimeError(f"the rule {text} names {twice[0]} twice")
    return Sweep(text.strip(), tuple(kind.with_argument(one) for one in arguments))


_MOST = 1000
"""More thresholds than anybody means to try: a larger number is a slip of the keyboard."""


def _expanded(kind: StoppingRule, part: str) -> Iterator[str]:
    first, dots, last = part.partition("..")
    if not dots or kind.read is None:
        yield part
        return
    if kind.step is None:
        raise AnytimeError(
            f"the arguments of {kind.name} have to be listed, with commas, where {part} is a range"
        )
    try:
        low, high, step = Decimal(first), Decimal(last), Decimal(str(kind.step))
        count = int((high - low) / step) + 1 if low <= high else 0
    except (InvalidOperation, ValueError, OverflowError):
        count = 0
    if not 1 <= count <= _MOST:
        raise AnytimeError(
            f"the rule {kind.name}:{part} is no range: write {kind.name}:A..B with numbers that "
            f"increase, at most {_MOST} steps of {kind.step:g}"
        )
    for place in range(count):
        yield f"{(low + place * step).normalize():f}"


def _whole(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text)
        if value < least:
            raise ValueError
        return value

    return read


def _probability(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1 or math.isnan(value):
        raise ValueError
    return value


WINDOWS = (8, 5, 3, 2)
"""Of Dynasor's efforts mild, low, mid, and of high and crazy."""

HEDGES = ("wait", "hold", "but", "okay", "no", "hmm")
"""Dynasor's words of doubt, each found inside of other words too, as published."""


def _window(text: str) -> int:
    value = int(text)
    if value not in WINDOWS:
        raise ValueError
    return value


def _at(probes: Sequence[Probe], budget: int) -> int | None:
    return len(probes) - 1 if probes[-1].budget >= budget else None


def _stable(probes: Sequence[Probe], count: int) -> int | None:
    answers = {probe.answer for probe in probes[-count:]}
    same = len(probes) >= count and len(answers) == 1 and None not in answers
    return len(probes) - 1 if same else None


def _dynasor(probes: Sequence[Probe], count: int) -> int | None:
    texts = [(probe.text or "").lower() for probe in probes[-count:]]
    doubt = any(word in text for text in texts for word in HEDGES)
    return None if doubt else _stable(probes, count)


def _vote(probes: Sequence[Probe], _: None) -> int | None:
    if not probes[-1].last:
        return None
    said = {place: probe.answer for place, probe in enumerate(probes) if probe.answer is not None}
    votes = Counter(said.values())
    return max(said, key=lambda place: (votes[said[place]], place), default=None)


def _confident(probes: Sequence[Probe], least: float) -> int | None:
    told = probes[-1].probability
    return len(probes) - 1 if told is not None and told >= least else None


def _itself(budget: int) -> int:
    return budget


FIXED = StoppingRule("fixed", _at, _whole(0), "a budget of the run", "1024", once=_itself)
"""Stop at a budget, whatever was said: what every other rule is compared with."""

STABLE = StoppingRule(
    "stable", _stable, _whole(2), "a whole number from 2 on", "2", step=1, needs=("answer",)
)
"""Stop where the last answers, so many of them, are equal (after Dynasor, arXiv 2412.20993)."""

DYNASOR = StoppingRule(
    "dynasor",
    _dynasor,
    _window,
    f"a window that was published ({', '.join(map(str, WINDOWS))})",
    "3",
    needs=("answer", "text"),
)
"""The same where none of those forced answers holds a word of doubt (arXiv 2412.20993, and the
code published with it, which asks every 64 tokens, or every 32)."""

VOTE = StoppingRule("vote", _vote, needs=("answer",))
"""Never stop early; the answer that most checkpoints gave, of tied ones the latest."""

CONFIDENT = StoppingRule(
    "confident",
    _confident,
    _probability,
    "a probability above 0, up to 1",
    "0.9",
    step=0.01,
    needs=("probability",),
)
"""Stop where the tokens of the forced answer are at least so probable on average."""
