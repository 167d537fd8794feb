"""A finished Inspect log as a pool: qualities from its summaries, texts on demand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from inspect_ai.log import EvalLog, EvalSampleSummary, read_eval_log_sample_summaries
from inspect_ai.model import ModelOutput, ModelUsage
from inspect_ai.scorer import Score

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.driver import reply_from
from anytime.hosts.inspect_ai.records import KEY, domain_of, entry_of
from anytime.logs.inspect_ai.log_file import InspectLog, LoggedSample, reading
from anytime.methods.base import PLAIN
from anytime.preferences.pool import PoolInfo, PoolTrace, Scored, TraceId, pool_trace

__all__ = ["InspectPool"]


class _Row(NamedTuple):
    """What the summary of a sample tells; no quality where the run was not scored."""

    sample: str | int
    quality: Mapping[int, float] | None
    tokens: int
    all_read: bool


class InspectPool:
    """A log of one of our tasks, run in interrupt mode; each epoch is a trace.

    Only numbers are kept. A `.json` log, which Inspect reads as a whole, takes its own size and
    more each time; an `.eval` log does not.

    Args:
        path: The log, `.eval` or `.json`.

    Attributes:
        info: Where it is from.
        skipped: Samples that have no scored trace, by reason: complete once all was read.

    Raises:
        AnytimeError: It cannot be read, or is no log that pairs can be selected from.
    """

    info: PoolInfo

    def __init__(self, path: Path) -> None:
        """Read the header, the summaries and one sample."""
        self._path = path
        self._log = InspectLog(path)
        self.skipped: Counter[str] = Counter()
        self._rows: dict[TraceId, _Row] = {}
        header = self._log.header
        with reading(path):
            summaries = read_eval_log_sample_summaries(str(path), format=self._log.format)
        if not summaries:
            raise AnytimeError(f"{path} holds no samples: its run had none, or did not log them")
        self._check_task(header, summaries[0])
        for summary in summaries:
            self._note(summary)
        self.info = self._read_info(header)

    def _check_task(self, header: EvalLog, summary: EvalSampleSummary) -> None:
        (sample,) = self._log.some([(summary.id, summary.epoch)])
        if entry_of(sample.metadata) is None:
            raise AnytimeError(
                f"{self._path} is a log of {header.eval.task}, which is no task of anytime: pairs "
                f"are built from runs of anytime/trip, anytime/aime, anytime/gpqa or of a plugin's "
                f"domain"
            )

    def _note(self, summary: EvalSampleSummary) -> None:
        key = (str(summary.id), summary.epoch)
        value = _value(summary.scores or {})
        quality = None if value is None else _quality(value)
        if summary.error is not None:
            self.skipped["ended with an error"] += 1
        elif summary.limit is not None:
            self.skipped[f"stopped by its {summary.limit} limit"] += 1
        elif quality is None and summary.scores:
            nan = any(_is_nan(score.value) for score in summary.scores.values())
            self.skipped["not scored" if nan else "without checkpoints"] += 1
        else:
            # At which budgets an answer could not be read stands nowhere but in the answers.
            all_read = value is not None and not value.get("unparsed", 0) > 0
            tokens = _tokens(summary.model_usage)
            self._rows[key] = _Row(summary.id, quality, tokens, all_read)

    def _read_info(self, header: EvalLog) -> PoolInfo:
        for key in list(self._rows):
            (sample,) = self._samples([key])
            record = sample.record()
            if record is None:
                self._leave_out(key)
                continue
            elicited = record.elicited
            if elicited.mode != "interrupt":
                raise AnytimeError(
                    f"{self._path} is a run with mode={elicited.mode}, which has no trace that is "
                    f"cut at every budget: a pool needs mode=interrupt"
                )
            if (used := record.method.get("method", PLAIN)) != PLAIN:
                raise AnytimeError(
                    f"{self._path} is a run of the method {used}, whose traces were written after "
                    f"what it puts into the prompt: a pool needs a plain run (anytime/cot)"
                )
            if any(point.forced and point.end is None for point in elicited.checkpoints):
                raise AnytimeError(
                    f"{self._path} does not tell where its traces were cut, as runs of anytime "
                    f"before 0.1 did not: run it again"
                )
            entry = sample.metadata[KEY]
            return PoolInfo(
                source=str(self._path),
                domain=entry["domain"],
                dataset=entry["dataset"],
                revision=entry["revision"],
                split=entry["split"],
                model=header.eval.model,
                budgets=BudgetGrid(point.budget for point in elicited.checkpoints),
            )
        left_out = ", ".join(f"{count} {reason}" for reason, count in self.skipped.items())
        raise AnytimeError(f"{self._path} holds no trace that was cut and scored ({left_out})")

    def scored(self) -> Iterator[Scored]:
        """The numbers of every trace, in the log's order; those looked at one by one come last.

        Those are traces that are not scored yet, and those whose answers could not all be read.
        """
        unknown = []
        for (problem, draw), row in self._rows.items():
            if row.quality is not None and tuple(row.quality) != self.info.budgets:
                raise self._of_another_grid(problem, draw, row.quality)
            if row.quality is None or not row.all_read:
                unknown.append((problem, draw))
                continue
            yield Scored(problem, draw, tuple(row.quality.values()), row.tokens)
        if unknown:
            for trace in self.traces(unknown):
                scored = trace.scored
                told = self._rows[scored.problem, scored.draw].quality
                yield scored if told is None else scored._replace(quality=tuple(told.values()))

    def traces(self, wanted: Collection[TraceId] | None = None) -> Iterator[PoolTrace]:
        """Whole traces, one by one: those wanted, or all, a problem's own one after another."""
        by_problem: dict[str, list[int]] = {}
        for problem, draw in self._rows:
            by_problem.setdefault(problem, []).append(draw)
        keys = [(problem, draw) for problem, draws in by_problem.items() for draw in sorted(draws)]
        if wanted is not None:
            wanted = set(wanted)
            keys = [key for key in keys if key in wanted]
        for key, sample in zip(keys, self._samples(keys), strict=True):
            trace = self._trace(key, sample)
            if trace is not None:
                yield trace

    def _trace(self, key: TraceId, sample: LoggedSample) -> PoolTrace | None:
        record = sample.record()
        known = domain_of(sample.metadata)
        if record is None or known is None:
            self._leave_out(key)
            return None
        budgets = [point.budget for point in record.elicited.checkpoints]
        if tuple(budgets) != self.info.budgets:
            raise self._of_another_grid(*key, budgets)
        with reading(self._path):
            output = ModelOutput.model_validate(sample.output)
        elicited = replace(record.elicited, trace=reply_from(output))
        trace = pool_trace(*known, sample.epoch, elicited)
        return replace(trace, tokens=self._rows[key].tokens)

    def _leave_out(self, key: TraceId) -> None:
        del self._rows[key]
        self.skipped["without checkpoints"] += 1

    def _of_another_grid(self, problem: str, epoch: int, budgets: Collection[int]) -> AnytimeError:
        return AnytimeError(
            f"{self._path} mixes budgets: sample {problem}, epoch {epoch} was cut at "
            f"{','.join(map(str, budgets))}, others at {','.join(map(str, self.info.budgets))}"
        )

    def _samples(self, keys: Sequence[TraceId]) -> Iterator[LoggedSample]:
        return self._log.some([(self._rows[key].sample, key[1]) for key in keys])


def _value(scores: Mapping[str, Score]) -> dict[str, float] | None:
    """What `anytime/curve` gave."""
    for score in scores.values():
        if isinstance(score.value, Mapping):
            value = {k: float(v) for k, v in score.value.items() if isinstance(v, int | float)}
            quality = [number for name, number in value.items() if name.startswith("q@")]
            if quality and not any(map(math.isnan, quality)):
                return value
    return None


def _quality(value: Mapping[str, float]) -> dict[int, float]:
    """The curve in it."""
    found = {int(k.removeprefix("q@")): v for k, v in value.items() if k.startswith("q@")}
    return dict(sorted(found.items()))


def _is_nan(value: Any) -> bool:
    values = value.values() if isinstance(value, Mapping) else [value]
    return any(isinstance(number, float) and math.isnan(number) for number in values)


def _tokens(usage: Mapping[str, ModelUsage]) -> int:
    return sum(used.output_tokens for used in usage.values())
