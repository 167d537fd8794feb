"""Finished runs of lm-eval, written anew with the answers that stand in their traces.

One annotation is one run: its results file with its samples files. Samples are gone through line by
line and judged in batches, so memory grows with the numbers and not with the texts. All that is
said of a document stands in its first line; the lines of further filters are copied.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

from anytime.budgets import BudgetGrid
from anytime.cutting.calibration import estimate
from anytime.cutting.ends import ended
from anytime.cutting.tokens import Tokenizer
from anytime.errors import AnytimeError
from anytime.harnesses import Annotated, Watch
from anytime.hosts.lm_eval.driver import finish_of
from anytime.logs.lm_eval.annotated_results import Found, add_task, settings_of
from anytime.logs.lm_eval.annotated_samples import Judging, Part, Stand, shape
from anytime.logs.lm_eval.log_file import PlainSample
from anytime.packed import unpacked
from anytime.programs.intrace import Standing, in_trace, trace_tokens
from anytime.programs.traced import readable
from anytime.protocol import Reply
from anytime.settings import IndexOptions
from anytime.writing import whole_file

__all__ = ["Answers", "InTrace", "LmEvalAnnotation", "Part", "reply_of", "shape"]


class Answers(Protocol):
    """Where the answers at budgets come from."""

    mode: str

    def settings(self, part: Part) -> Mapping[str, Any]:
        """Those of a live run that are known: `continuation`, `answer_tokens`, `cue`."""

    def prepare(self, part: Part, budgets: BudgetGrid, tokenizer: Tokenizer | None) -> Stand:
        """Get ready for the samples of a task."""


class InTrace:
    """Nobody is asked: the answers are what stands in the traces."""

    mode = "intrace"

    def settings(self, part: Part) -> Mapping[str, Any]:
        """None."""
        return {}

    def prepare(self, part: Part, budgets: BudgetGrid, tokenizer: Tokenizer | None) -> Stand:
        """Nothing to get ready."""

        def stand(sample: PlainSample) -> list[Standing]:
            replies = [reply_of(sample, text, tokenizer) for text in sample.texts]
            frame = part.grader.frame
            return [
                in_trace(reply, budgets, tokenizer, frame=frame, cap=sample.cap)
                for reply in replies
            ]

        return stand


def reply_of(sample: PlainSample, text: str, tokenizer: Tokenizer | None) -> Reply:
    """A logged response as a trace; one as long as its cap, if that is known, was cut off there.

    Without a tokenizer its length is a guess: the end of one that may be at its cap is untold.
    """
    whole = sample.as_written(text)
    if sample.cap is None:
        return Reply(whole)
    if tokenizer is None:
        full = ended("other", estimate(text), sample.cap, guessed=True) == "length"
        return Reply(whole, finish="other" if full else "stop")
    return Reply(whole, finish=finish_of(len(tokenizer.ends(text)), sample.cap, tokenizer))


class LmEvalAnnotation:
    """A run that is to be annotated.

    Args:
        part: The first of its tasks; more are added with `add`.
        answers: Where the answers at budgets come from.

    Attributes:
        path: Its results file; the samples where it has none.
    """

    def __init__(self, part: Part, answers: Answers | None = None) -> None:
        """Begin with one task."""
        self._parts = [part]
        self._answers = answers or InTrace()
        self.path = part.run.results if part.run.known else part.run.path

    def add(self, part: Part) -> None:
        """Take in another task of the same run."""
        self._parts.append(part)

    def outputs(self, folder: Path) -> list[Path]:
        """What `write` writes there: results and samples of the same names."""
        results = self._parts[0].run.results
        return [
            folder / results.name,
            *(folder / unpacked(part.run.path).name for part in self._parts),
        ]

    def longest(self, tokenizer: Tokenizer | None, watch: Watch, jobs: int = 1) -> int:
        """Tokens of the longest trace that can be read; 0 where there is none."""
        found = 0
        for part in self._parts:
            seen: set[str] = set()
            for sample in watch(part.run.samples()):
                if (name := str(sample.doc_id)) in seen:
                    continue
                seen.add(name)
                for text in sample.texts:
                    try:
                        reply = readable(Reply(sample.as_written(text)))
                    except AnytimeError:
                        continue
                    found = max(found, trace_tokens(reply, tokenizer))
        return found

    def write(
        self,
        folder: Path,
        budgets: BudgetGrid,
        tokenizer: Tokenizer | None,
        options: IndexOptions,
        watch: Watch,
        jobs: int = 1,
    ) -> Annotated:
        """Write the annotated results and samples, all or nothing.

        Args:
            folder: Where.
            budgets: Where traces are cut.
            tokenizer: What with.
            options: How the index is computed.
            watch: Shows how far it is: wraps the samples.
            jobs: In how many processes traces are cut and graded; with a model's answers, which
                take the time, it is one.

        Raises:
            AnytimeError: A line is damaged, or no sample of a task has a curve, with the reasons.
        """
        outcome = Annotated()
        jobs = jobs if isinstance(self._answers, InTrace) else 1
        results: dict[str, Any] = dict(self._parts[0].run.known) or {"config": {"model": "unknown"}}
        to_results, *to_samples = self.outputs(folder)
        with ExitStack() as stack:
            # Entered first, so that it appears last: a results file promises its samples.
            partial_results = stack.enter_context(whole_file(to_results))
            for part, output in zip(self._parts, to_samples, strict=True):
                partial = stack.enter_context(whole_file(output))
                stand = self._answers.prepare(part, budgets, tokenizer)
                with partial.open("wb") as file:
                    judging = Judging(part, stand, file, outcome)
                    judging.go(part.run.samples(), jobs, watch)
                if not judging.rows:
                    raise _none_left(part, outcome)
                traces, repeats = shape(part)
                settings = settings_of(
                    budgets, options, traces=traces, **self._answers.settings(part)
                )
                found = Found(
                    part.run,
                    part.grader,
                    self._answers.mode,
                    repeats,
                    judging.rows,
                    {} if part.run.known else judging.logged,
                )
                add_task(results, found, settings)
            text = json.dumps(results, indent=2, ensure_ascii=False)
            partial_results.write_text(text, encoding="utf-8", errors="backslashreplace")
        outcome.files = self.outputs(folder)
        return outcome


def _none_left(part: Part, outcome: Annotated) -> AnytimeError:
    reasons = ", ".join(f"{count} {reason}" for reason, count in outcome.skipped.items())
    return AnytimeError(
        f"{part.run.path} holds no trace that can be cut and graded ({reasons}): is "
        f"{part.grader.name} the right one to grade it? --task and --domain name another"
    )
