"""What a run leaves in an Inspect sample: its problem beforehand, its checkpoints afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from anytime.domains.base import Dataset, Domain, Grade, Problem
from anytime.plugins import get_domain
from anytime.programs.checkpoints import Checkpoint, Elicited

if TYPE_CHECKING:  # whoever reads finished logs waits for no import of Inspect
    from inspect_ai.dataset import Sample
    from inspect_ai.scorer import Score
    from inspect_ai.util import Store

__all__ = [
    "KEY",
    "Record",
    "checkpoint_of",
    "checkpoint_view",
    "domain_of",
    "entry_of",
    "is_record",
    "mark_started",
    "read_record",
    "record_in",
    "run_of",
    "sample_from",
    "shown_answer",
    "was_stopped",
    "write_record",
]

KEY = "anytime"
"""Name of our entry in a sample's metadata (its problem) and in its store (its checkpoints)."""

CURVE = "_anytime"
"""Ends the name of the curve beside a scorer of a third-party task."""

WRAP = "anytime_wrap"
"""Our entry in the metadata of a task that `anytime/wrap` runs."""

ANNOTATED = "anytime_annotate"
"""Our entry in the metadata of a log that `anytime annotate` wrote."""

CHECKPOINT_KEY = "anytime_checkpoint"
"""Marks the copy of a sample that scorers see for one checkpoint."""


SHOWN = 200
"""Characters of an extracted answer that are kept."""


class Record(NamedTuple):
    """What was found out about one sample.

    Attributes:
        elicited: The checkpoints.
        scores: Per checkpoint, the values the task's own scorers gave it, in the task's order.
        method: What was put into the prompt, see `anytime.methods.prompting.Prompted`.
        answers: Beside `scores`, what those scorers took for the answer; empty in older logs.
        grades: By scorer one grade per checkpoint, where `anytime annotate` gave them: it keeps no
            answers that could be graded again.
    """

    elicited: Elicited
    scores: Sequence[Sequence[Any]]
    method: Mapping[str, Any]
    answers: Sequence[Sequence[str]] = ()
    grades: Mapping[str, Sequence[Grade]] = MappingProxyType({})


def sample_from(
    domain: Domain, problem: Problem, dataset: Dataset, run: Mapping[str, Any]
) -> Sample:
    """A sample from which prompt and grade can be rebuilt, from the log alone too.

    Args:
        domain: Of the problem.
        problem: The problem.
        dataset: What it is from.
        run: The task's settings, which another solver than the task's own keeps to.
    """
    from inspect_ai.dataset import Sample

    return Sample(
        id=problem.id,
        input=domain.ask(problem),
        target=problem.gold,
        metadata={
            KEY: {
                "domain": domain.name,
                "dataset": dataset.name,
                "revision": dataset.revision,
                "split": dataset.split,
                **asdict(problem),
                "run": dict(run),
            }
        },
    )


def domain_of(metadata: Mapping[str, Any]) -> tuple[Domain, Problem] | None:
    """The domain and problem of a sample of ours; None for any other task's sample."""
    entry = entry_of(metadata)
    if entry is None:
        return None
    problem = Problem(entry["id"], entry["prompt"], entry["gold"], entry["facts"])
    return get_domain(entry["domain"]), problem


_ENTRY = {"domain", "dataset", "revision", "split", "id", "prompt", "gold", "facts"}


def entry_of(metadata: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Our entry in a sample's metadata; None where it is not there, or not ours."""
    entry = metadata.get(KEY)
    return entry if isinstance(entry, Mapping) and entry.keys() >= _ENTRY else None


def run_of(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings of the task a sample is from; empty for a task that is not ours."""
    run: Mapping[str, Any] = (entry_of(metadata) or {}).get("run", {})
    return run


def checkpoint_view(metadata: Mapping[str, Any], checkpoint: Checkpoint) -> dict[str, Any]:
    """Metadata of a sample as it stood at one checkpoint."""
    return {**metadata, CHECKPOINT_KEY: checkpoint}


def checkpoint_of(metadata: Mapping[str, Any]) -> Checkpoint | None:
    """The checkpoint a scorer is looking at; None for the finished sample."""
    checkpoint: Checkpoint | None = metadata.get(CHECKPOINT_KEY)
    return checkpoint


def mark_started(store: Store) -> None:
    """Tell a sample that was stopped midway, by a limit say, from one solved in another way."""
    store.set(KEY, {})


def was_stopped(store: Store) -> bool:
    """Whether `anytime/budget` began on this sample and never finished."""
    return bool(store.get(KEY) == {})


def shown_answer(score: Score) -> str:
    """What a scorer took for the answer; some take the whole text, which stands in the log."""
    answer = score.answer or ""
    return answer if len(answer) <= SHOWN else f"{answer[:SHOWN]}..."


def write_record(
    store: Store,
    elicited: Elicited,
    scores: Sequence[Sequence[Score]],
    method: Mapping[str, Any],
) -> None:
    """Keep what was found out in the sample's store, as JSON values.

    Args:
        store: The sample's store.
        elicited: The checkpoints.
        scores: Per checkpoint those of the task's scorers; empty where `anytime/curve` grades.
        method: What was put into the prompt.
    """
    further: dict[str, Any] = {}
    if scores:
        further["scores"] = [[score.value for score in checkpoint] for checkpoint in scores]
        further["answers"] = [
            [shown_answer(score) for score in checkpoint] for checkpoint in scores
        ]
    store.set(KEY, {**elicited.to_json(), **further, "method": dict(method)})


def read_record(store: Store) -> Record | None:
    """What `write_record` kept; None where `anytime/budget` did not run."""
    return record_in(store.get(KEY))


def is_record(kept: Any) -> bool:
    """Whether an entry of that name in a sample's store is ours, be it still empty."""
    return isinstance(kept, Mapping) and (not kept or "checkpoints" in kept or "skipped" in kept)


def record_in(kept: Mapping[str, Any] | None) -> Record | None:
    """The record in our entry of a sample's store; None where it is none yet."""
    if not isinstance(kept, Mapping) or "checkpoints" not in kept:
        return None
    entry = dict(kept)
    scores, method = entry.pop("scores", ()), entry.pop("method", {})
    given = entry.pop("grades", {})
    grades = {scorer: [Grade(**one) for one in each] for scorer, each in given.items()}
    answers = entry.pop("answers", ())
    return Record(Elicited.from_json(entry), scores, method, answers, grades)
