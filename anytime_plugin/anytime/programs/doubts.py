"""What a run's numbers must not be believed without: counted over its traces, told in sentences.

Each harness shows them where its results are shown, and `anytime summary` for finished runs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from anytime.cutting.tokens import cut_error
from anytime.programs.checkpoints import Elicited

__all__ = ["NOISE", "Doubts"]

NOISE = "The drift of {} is within noise: its interval begins at 0."
"""Of a drift that is seen, beside which a harness shows numbers alone."""

FAILURES = 0.05
"""A larger share of traces without an answer at some budget is told."""

MOST = 0.5
"""A larger share of forced answers that end at their cap is told."""

LEAK, LEAST_LEAK = 0.25, 16
"""Reasoning in forced answers is told of a budget where it is a larger share of it, and so many
tokens at least."""

UNREAD = 0.5
"""A larger share of answers that cannot be read is told: the curve then measures the format."""


@dataclass
class Doubts:
    """What is counted of a run's traces.

    Attributes:
        traces: How many.
        failed: Those without an answer at some budget, by reason.
        forced: Forced answers.
        capped: Those that ended at their cap.
        answers: By budget, the tokens of its forced answers, where they are known.
        leaked: By budget, the reasoning tokens in its forced answers.
        unframed: Graded texts that hold a tag of reasoning, by tag.
        doubted: Traces whose token count could not be, and is estimated.
        inferred: Traces that count as cut off though no back end said so, by why.
        cuts: Checkpoints by how their cut was found.
        unjudged: Judgements that could not be read.
        budgets: The grid.
    """

    traces: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    forced: int = 0
    capped: int = 0
    answers: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    leaked: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    unframed: Counter[str] = field(default_factory=Counter)
    doubted: int = 0
    inferred: Counter[str] = field(default_factory=Counter)
    cuts: Counter[str] = field(default_factory=Counter)
    unjudged: int = 0
    budgets: tuple[int, ...] = ()

    def add(self, elicited: Elicited) -> None:
        """Count a trace."""
        self.traces += 1
        self.budgets = tuple(point.budget for point in elicited.checkpoints)
        if elicited.failed:
            self.failed[elicited.failed] += 1
        points = elicited.checkpoints
        self.doubted += bool(elicited.doubt or any(point.doubt for point in points))
        self.unjudged += elicited.unjudged or 0
        if elicited.ended_by:
            self.inferred[elicited.ended_by] += 1
        for point in points:
            if point.cut is not None:
                self.cuts[point.cut] += 1
            if point.unframed:
                self.unframed[point.unframed] += 1
            if point.forced and not point.failed:
                self.forced += 1
                self.capped += point.finish == "length"
                self.leaked[point.budget].append(point.leaked_reasoning_tokens)
                if point.answer_tokens is not None:
                    self.answers[point.budget].append(point.answer_tokens)

    @property
    def answer_tokens(self) -> dict[int, float]:
        """Mean tokens of a forced answer by budget, of the budgets that have some."""
        return {b: sum(found) / len(found) for b, found in sorted(self.answers.items())}

    def sentences(
        self, unparsed: float | None = None, left_out: Mapping[str, int] | None = None
    ) -> list[str]:
        """What has to be said of these traces; nothing where all is well.

        Args:
            unparsed: Share of answers that could not be read, if that is known.
            left_out: Traces without an answer at some budget that were not counted here, by reason.
        """
        failed = self.failed + Counter(left_out or {})
        of_failures = self._of_failures(failed, self.traces + sum((left_out or {}).values()))
        return [*of_failures, *self._of_answers(unparsed), *self._of_tokens()]

    def _of_failures(self, failed: Counter[str], traces: int) -> Iterator[str]:
        if failed.total() > FAILURES * traces:
            yield (
                f"{failed.total()} of {traces} traces have a budget at which the model gave no "
                f"answer ({_listed(failed)}): they are left out, so these numbers are of the rest; "
                f"run again to ask again"
            )

    def _of_answers(self, unparsed: float | None) -> Iterator[str]:
        if unparsed is not None and unparsed > UNREAD:
            yield (
                f"{unparsed:.0%} of the answers cannot be read: the curve measures the format, not "
                f"the reasoning"
            )
        if self.unjudged:
            yield (
                f"{self.unjudged} judgements of which answer is best cannot be read: a plurality "
                f"decided there"
            )
        if self.forced and self.capped > MOST * self.forced:
            yield (
                f"{self.capped} of {self.forced} forced answers end at their cap, so most may be "
                f"cut off: raise answer_tokens, or see whether the model reasons in them"
            )
        means = {b: sum(found) / len(found) for b, found in sorted(self.leaked.items())}
        large = {b: mean for b, mean in means.items() if mean >= max(LEAST_LEAK, LEAK * b)}
        if large:
            told = ", ".join(f"{mean:.0f} at {b}" for b, mean in large.items())
            yield (
                f"forced answers hold much reasoning of their own ({told} tokens on average): the "
                f"curve is not budget-limited there"
            )
        if self.unframed:
            yield (
                f"{self.unframed.total()} graded texts hold a tag of reasoning that frames nothing "
                f"({_listed(self.unframed)}): reasoning may have been graded; name your model's "
                f"tags with frame='OPEN CLOSE'"
            )

    def _of_tokens(self) -> Iterator[str]:
        if self.doubted:
            yield (
                f"the back end reported token counts that cannot be for {self.doubted} of "
                f"{self.traces} traces: those are estimates"
            )
        if guessed := self.inferred["tokens"]:
            yield (
                f"{guessed} of {self.traces} traces have as many tokens as their cap and no reason "
                f"for their end: they count as cut off"
            )
        if opened := self.inferred["frame"]:
            yield (
                f"{opened} of {self.traces} traces never closed their reasoning: they count as cut "
                f"off"
            )
        for before, budget in pairwise(self.budgets):
            error = max((cut_error(source, budget) for source in self.cuts), default=0.0)
            step = (budget - before) / budget
            if error > step:
                yield (
                    f"cuts at {budget} tokens may be off by {error:.0%} (they are "
                    f"{' and '.join(sorted(self.cuts))}), and the budget before is only {step:.0%} "
                    f"less: name a tokenizer, or ask for token texts"
                )
                break
        if len(self.cuts) > 1:
            yield f"cuts were found in several ways ({_listed(self.cuts)})"


def _listed(counts: Counter[str]) -> str:
    # Of equal counts by name: samples end in any order.
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {what}" for what, count in ordered)
