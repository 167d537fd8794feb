"""A finished run, whichever harness wrote it: where it is from, and its graded traces, in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from anytime.domains.base import Grade
from anytime.programs.checkpoints import Elicited
from anytime.settings import Envelope, Estimator, IndexOptions, Population, QMax, Scale

__all__ = [
    "UNANSWERED",
    "FinishedRun",
    "GradedTrace",
    "Obtained",
    "RunInfo",
    "TraceId",
    "unanswered",
]

Obtained = Literal["elicited", "annotated", "table"]
"""How checkpoints were obtained: from the model in the run, added to a finished log by
`anytime annotate`, or from a table that another tool wrote."""

TraceId = tuple[str, int]
"""Id of the problem, and which of its traces it is: numbers from 1 on."""


def unanswered(reason: str) -> str:
    """Why a trace is skipped to which the model gave no answer at some budget."""
    return f"{UNANSWERED} ({reason})"


UNANSWERED = "without an answer of the model"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Where a run is from, and how its harness summed it up.

    Attributes:
        harness: Name of the harness that ran it; None if unknown.
        log: The file.
        run: What its harness calls it: Inspect's eval id, the date in the names of lm-eval's files.
        task: Name of the task.
        domain: Name of the domain; None for a third-party task.
        dataset: Name of the dataset.
        revision: What identifies its content; None if unknown.
        split: Which of its problems; None if unknown.
        model: The model, as its harness names it.
        scorers: What graded: the domain by its name, or the task's own scorers.
        envelope: Where the index took "best so far".
        scale: Distance between budgets in the index.
        q_max: Quality that counted as 1 in the index.
        seed: Of the index's folds.
        source: How its checkpoints were obtained.
        created: When the run began, in ISO 8601; None if unknown.
        version: Of the harness; None if unknown.
        sampling: `temperature`, `top_p` and `top_k`, those that were set.
        estimator: How the index was estimated; runs that do not tell, as if today.
        population: What its interval generalised to.
        settings: What it was asked with beside model and method, see `anytime.logs.asked_with`.
    """

    harness: str | None
    log: str
    run: str
    task: str
    domain: str | None
    dataset: str
    revision: str | None
    split: str | None
    model: str
    scorers: tuple[str, ...]
    envelope: Envelope
    scale: Scale
    q_max: QMax
    seed: int
    source: Obtained = "elicited"
    created: str | None = None
    version: str | None = None
    sampling: Mapping[str, float] = field(default_factory=dict)
    estimator: Estimator = "crossfit"
    population: Population = "problems"
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def options(self) -> IndexOptions:
        """How the index was computed."""
        return IndexOptions(
            self.envelope, self.scale, self.q_max, self.seed, self.estimator, self.population
        )


class GradedTrace(NamedTuple):
    """What a run found out about one trace, or one run per budget in contract mode, as graded once.

    A trace that several scorers graded comes once for each of them.

    Attributes:
        problem: Id of its problem.
        draw: Which of the problem's traces it is: numbers from 1 on.
        elicited: The checkpoints.
        method: What was put into the prompt, see `anytime.methods.prompting.Prompted`.
        grades: One per checkpoint.
        scorer: What graded.
    """

    problem: str
    draw: int
    elicited: Elicited
    method: Mapping[str, Any]
    grades: Sequence[Grade]
    scorer: str


class FinishedRun(Protocol):
    """A finished run."""

    @property
    def info(self) -> RunInfo:
        """Where it is from."""

    @property
    def skipped(self) -> Counter[str]:
        """Samples without a curve, by reason: complete once all traces were read."""

    @property
    def regraded(self) -> int:
        """Samples graded otherwise than in the log, by another version: complete likewise."""

    def traces(self) -> Iterator[GradedTrace]:
        """All traces, a problem's own one after another. May be read once."""

    def texts(self, wanted: Collection[TraceId]) -> Iterator[tuple[TraceId, str]]:
        """The texts of some traces, reasoning and visible text, in which `Checkpoint.end` counts.

        Those that are not available are left out.
        """
