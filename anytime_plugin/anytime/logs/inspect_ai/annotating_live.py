"""A finished log as a task: its traces are handed back, and a model answers at every budget.

Nothing of it is sampled again. It is an Inspect run like any other: `--cache`, `eval-retry`,
`--max-connections` and limits apply, and it writes a log of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import inspect_ai
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import Model, ModelOutput, get_model
from inspect_ai.solver import TaskState, generate
from pydantic import ValidationError
from rich.text import Text

from anytime.budgets import BudgetGrid, parse_budgets
from anytime.cutting.tokens import Tokenizer, load_tokenizer
from anytime.domains.base import Domain
from anytime.errors import AnytimeError, HiddenReasoningError
from anytime.harnesses import Annotated, GradedBy, NamedModel, Watch
from anytime.hosts.inspect_ai.errors import PrerequisiteError, one_sentence, refuse_unknown
from anytime.hosts.inspect_ai.records import ANNOTATED, KEY, domain_of, entry_of, record_in
from anytime.hosts.inspect_ai.scoring import curve, curve_metrics
from anytime.hosts.inspect_ai.solver_replay import Sampled, at_every_budget
from anytime.hosts.inspect_ai.wrapping import wrapped
from anytime.logs.inspect_ai.annotated_samples import (
    HIDDEN,
    cap_of,
    provider_of,
    trace_of,
    unfit,
)
from anytime.logs.inspect_ai.annotating import check_annotatable, longest
from anytime.logs.inspect_ai.log_file import InspectLog
from anytime.logs.inspect_ai.log_scorers import (
    asked_of,
    given_input,
    log_scorers,
    plan_solver,
    problem_of,
)
from anytime.models.solutions import remember
from anytime.places import absolute, place
from anytime.plugins import get_domain
from anytime.programs.intrace import doublings
from anytime.programs.traced import readable
from anytime.settings import (
    FINISHED_BUDGETS,
    Budgets,
    Envelope,
    Estimator,
    IndexOptions,
    Named,
    QMax,
    Scale,
    check_named,
    check_options,
    check_scale,
)

__all__ = ["HandedBack", "InspectAnswering", "annotate", "answering"]


@task
def annotate(
    log: str = "",
    budgets: Budgets = FINISHED_BUDGETS,
    domain: str | None = None,
    continuation: str = "auto",
    tokenizer: str | None = None,
    answer_tokens: int | None = None,
    frame: str | None = None,
    envelope: Envelope = "mean",
    scale: Scale = "linear",
    q_max: QMax = 1.0,
    estimator: Estimator = "crossfit",
    seed: int = 0,
    trust: bool = False,
    **unknown: object,
) -> Task:
    """The traces of a finished log, handed back at every budget to the model of this run.

    Its own scorers grade the answers. Problems of which one trace is missing or cannot be cut are
    left out.

    Args:
        log: A log of Inspect AI.
        budgets: Trace tokens, or `auto`: seven doublings up to the longest trace.
        domain: Grade as this domain does, instead of by the log's own scorers.
        continuation: How a cut trace is handed back: `auto`, `token_ids`, `prefill`, `reprompt`.
        tokenizer: A tokenizers file, directory or hub id to cut traces with.
        answer_tokens: Cap on a forced answer.
        frame: A pair of tags around reasoning, `OPEN CLOSE`, beside the known ones.
        envelope: Where the index takes "best so far": `mean`, `none`, `problem`, `trace`.
        scale: `linear` or `log2` distance between budgets in the index.
        q_max: Quality that counts as 1 in the index, or `achieved`.
        estimator: `crossfit` (without the bias of a maximum over noisy means) or `plugin`.
        seed: Of the index's folds.
        trust: Run the Python files that the log itself names for its scorers.
        unknown: Refused: a misspelt option shall not run the default at full price.
    """
    with one_sentence():
        refuse_unknown(unknown, annotate)
        if not log:
            raise AnytimeError("name the log to annotate: -T log=FILE")
        named: Named = {
            "mode": "interrupt",
            "continuation": continuation,
            "tokenizer": tokenizer,
            "answer_tokens": answer_tokens,
            "frame": frame,
        }
        check_named(named)
        options = IndexOptions(envelope, scale, q_max, seed, estimator)
        check_options(options)
        cutter = None if tokenizer is None else load_tokenizer(tokenizer)
        if not isinstance(trust, bool):
            raise AnytimeError(f"trust is true or false, not {trust!r}")
        graded_by = GradedBy(None if domain is None else get_domain(domain), trust=trust)
        source = InspectLog(place(log))
        check_annotatable(source)
        grid = (
            doublings(longest(source, cutter))
            if budgets == "auto"
            else parse_budgets(budgets or [])
        )
        check_scale(scale, grid)
        return _handed_back(source, graded_by, {**named, "budgets": grid}, grid, cutter, options)


def _handed_back(
    source: InspectLog,
    graded_by: GradedBy,
    named: Named,
    grid: BudgetGrid,
    tokenizer: Tokenizer | None,
    options: IndexOptions,
) -> Task:
    header = source.header
    epochs, cap = header.eval.config.epochs or 1, cap_of(source)
    samples, left_out = _dataset(source, graded_by.domain, epochs)
    ours = entry_of(samples[0].metadata or {}) is not None
    told = {
        "mode": "interrupt",
        "budgets": list(grid),
        "of": header.eval.eval_id,
        "model": header.eval.model,
        "left_out": dict(left_out),
        **options._asdict(),
    }

    def sampled(state: TaskState) -> Sampled:
        fields = source.one(state.sample_id, state.epoch).fields
        output = ModelOutput.model_validate(fields["output"])
        return Sampled(asked_of(fields), output, header.eval.model, cap)

    scorers = [] if ours else log_scorers(header, trust=graded_by.trust)
    inner = Task(
        dataset=MemoryDataset(samples, name=header.eval.dataset.name),
        solver=(None if ours else plan_solver(header)) or generate(),
        scorer=[one.scorer for one in scorers],
        epochs=epochs,
        name=header.eval.task,
        metadata=header.eval.metadata,
    )
    if not ours:
        return wrapped(inner, named, tokenizer, options, {ANNOTATED: told}, sampled)
    known = [one for sample in samples if (one := domain_of(sample.metadata or {}))]
    # The built-in models know what they solve from the task.
    remember(known[0][0], [problem for _, problem in known])
    inner.solver = at_every_budget(inner.solver, named, tokenizer, 1, sampled)
    inner.scorer = [curve(options.envelope)]
    inner.metrics = curve_metrics(options)
    inner.metadata = {**(header.eval.metadata or {}), ANNOTATED: told}
    return inner


def _dataset(
    source: InspectLog, domain: Domain | None, epochs: int
) -> tuple[list[Sample], Counter[str]]:
    """The problems all of whose traces can be cut, and how many traces of others cannot, by reason.

    Raises:
        AnytimeError: There is none.
    """
    found: dict[str | int, list[int]] = {}
    samples: dict[str | int, Sample] = {}
    reasons: Counter[str] = Counter()
    for raw in source.raw():
        fields = raw.fields
        reason = unfit(fields)
        if reason is None:
            try:
                readable(trace_of(fields, provider_of(source)))
                if fields["id"] not in samples:
                    samples[fields["id"]] = _sample(fields, source, domain)
            except HiddenReasoningError:
                reason = HIDDEN
            except AnytimeError as error:
                reason = str(error)
            except ValidationError:
                reason = "with an output of another shape"
        if reason is not None:
            reasons[reason] += 1
            continue
        found.setdefault(fields["id"], []).append(fields["epoch"])
    order = dict.fromkeys([*(id_ for id_, _ in source.expected), *found])  # as the run had it
    whole = [samples[id_] for id_ in order if len(found.get(id_, ())) == epochs]
    if partly := sum(len(seen) for seen in found.values() if len(seen) != epochs):
        reasons["of problems of which another trace is missing"] += partly
    if not whole:
        told = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        raise AnytimeError(f"{source.path} holds no trace that can be handed back ({told})")
    return whole, reasons


def _sample(fields: Mapping[str, Any], source: InspectLog, domain: Domain | None) -> Sample:
    metadata = dict(fields.get("metadata") or {})
    if domain is not None and entry_of(metadata) is None:
        problem = problem_of(domain, fields)
        metadata[KEY] = {
            "domain": domain.name,
            "dataset": source.header.eval.dataset.name or "",
            "revision": None,
            "split": None,
            "id": problem.id,
            "prompt": problem.prompt,
            "gold": problem.gold,
            "facts": dict(problem.facts),
        }
    return Sample(
        id=fields["id"],
        input=given_input(fields),
        target=fields["target"],
        choices=fields.get("choices"),
        metadata=metadata,
    )


@dataclass(frozen=True, slots=True)
class InspectAnswering:
    """A model of Inspect's that answers logged traces.

    Attributes:
        model: The model.
        named: How the user named it.
        tokenizer: What traces are cut with.
    """

    model: Model
    named: NamedModel
    tokenizer: Tokenizer | None


def answering(named: NamedModel) -> InspectAnswering:
    """Load a model that is to answer logged traces.

    Raises:
        AnytimeError: It is not available, or an option is lm-eval's.
    """
    for option, value in (("--model-args", named.arguments), ("--cue", named.cue)):
        if value is not None:
            raise AnytimeError(f"{option} is lm-eval's: for Inspect, see anytime/annotate")
    tokenizer = None if named.tokenizer is None else load_tokenizer(named.tokenizer)
    try:
        return InspectAnswering(get_model(named.name), named, tokenizer)
    except (ValueError, PrerequisiteError) as error:  # no such provider, no key
        # Inspect's own sentences have several lines and marks for colours.
        told = " ".join(Text.from_markup(str(error)).plain.split())
        raise AnytimeError(f"model {named.name} cannot be had: {told}") from None


class HandedBack:
    """A log whose traces are handed back to a model, by a run of `anytime/annotate`.

    Args:
        path: The log.
        graded_by: Who grades instead of the log's own scorers, if anybody does.
        answering: Who answers.

    Raises:
        AnytimeError: The log cannot be read, or has answers at budgets already.
    """

    def __init__(self, path: Path, graded_by: GradedBy, answering: InspectAnswering) -> None:
        """Read the header."""
        self.path = path
        self._log = InspectLog(path)
        self._graded_by = graded_by
        self._answering = answering
        check_annotatable(self._log)

    def outputs(self, folder: Path) -> list[Path]:
        """None that are known before: Inspect gives the log a name of its own."""
        return []

    def longest(self, tokenizer: Tokenizer | None, watch: Watch, jobs: int = 1) -> int:
        """Tokens of the longest trace that can be read; 0 where there is none."""
        return longest(self._log, tokenizer, watch, jobs)

    def write(
        self,
        folder: Path,
        budgets: BudgetGrid,
        tokenizer: Tokenizer | None,
        options: IndexOptions,
        watch: Watch,
        jobs: int = 1,
    ) -> Annotated:
        """Run the task on the log, as `inspect eval anytime/annotate` does.

        Args:
            folder: Where the new log is written.
            budgets: Where traces are cut.
            tokenizer: What with, which the task loads by its name.
            options: How the index is computed.
            watch: Not needed: Inspect shows how far it is.
            jobs: Not needed: it is the model that takes the time.

        Raises:
            AnytimeError: The log cannot be handed back, or the run did not end well.
        """
        named = self._answering.named
        arguments = {
            "log": absolute(self.path),
            "budgets": ",".join(map(str, budgets)),
            "domain": self._graded_by.domain and self._graded_by.domain.name,
            "trust": self._graded_by.trust or None,
            "frame": self._graded_by.frame,
            "tokenizer": named.tokenizer,
            "continuation": named.continuation,
            # Of means over epochs, which metrics see, no interval over traces can be told.
            **dict(zip(IndexOptions._fields[:-1], options, strict=False)),
        }
        try:
            (log,) = inspect_ai.eval(
                "anytime/annotate",
                model=self._answering.model,
                task_args={name: value for name, value in arguments.items() if value is not None},
                log_dir=str(folder),
                cache=True,  # killed or failed, the same command asks for the rest
            )
        except PrerequisiteError as error:
            raise AnytimeError(str(error)) from None
        if log.status != "success":
            raise AnytimeError(
                f"the run on {self.path} ended with status {log.status}: inspect eval-retry "
                f"{log.location} goes on with it"
            )
        return _outcome(log)


def _outcome(log: EvalLog) -> Annotated:
    left_out = ((log.eval.metadata or {}).get(ANNOTATED) or {}).get("left_out") or {}
    outcome = Annotated(skipped=Counter(left_out), files=[place(log.location)])
    for sample in log.samples or ():
        record = record_in(sample.store.get(KEY))
        if record is None:
            outcome.skipped["without checkpoints"] += 1
            continue
        outcome.samples += 1
        outcome.empty += not sample.output.completion.strip()
        points = record.elicited.checkpoints
        outcome.estimated += any(point.cut == "estimated" for point in points)
    return outcome
