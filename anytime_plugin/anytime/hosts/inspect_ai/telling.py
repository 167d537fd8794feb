"""Says at the end of a run of Inspect AI what its numbers must not be believed without."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass, field

from inspect_ai.hooks import Hooks, SampleEnd, TaskEnd, hooks
from inspect_ai.log import EvalLog, EvalSample

from anytime.hosts.inspect_ai.aside import forget
from anytime.hosts.inspect_ai.records import KEY, record_in
from anytime.programs.doubts import NOISE, Doubts

__all__ = ["Asked", "doubts_about", "noise_in", "tell_at_end"]

_SEEN = 0.0005
"""Inspect's table shows three digits: a smaller drift is none there."""

log = logging.getLogger(__name__)


@functools.lru_cache(maxsize=1)
def tell_at_end() -> None:
    """Look at every task that ends from now on; others than ours have nothing to be said of.

    Called when the first sample of ours is begun, and not before: Inspect counts the hooks it knows
    at the start of any run, of whatever task, and says so.
    """

    @hooks(name="doubts", description="what a curve must not be believed without")
    class Telling(Hooks):
        def __init__(self) -> None:
            self._asked: dict[str, Asked] = {}

        async def on_sample_end(self, data: SampleEnd) -> None:
            self._asked.setdefault(data.eval_id, Asked()).add(data.sample)
            forget(data.sample.uuid)

        async def on_task_end(self, data: TaskEnd) -> None:
            asked = self._asked.pop(data.eval_id, Asked())
            for sentence in [*doubts_about(data.log, asked), *noise_in(data.log)]:
                log.warning("anytime: %s", sentence)


@dataclass
class Asked:
    """What is known of the samples of a task that were run now.

    Attributes:
        doubts: What is counted of those of ours.
        ended: How often one ended.
        samples: Which of them, by id and epoch.
    """

    doubts: Doubts = field(default_factory=Doubts)
    ended: int = 0
    samples: set[tuple[int | str, int]] = field(default_factory=set)

    def add(self, sample: EvalSample) -> None:
        """Count one that ended."""
        _add(self.doubts, sample)
        self.ended += 1
        self.samples.add((sample.id, sample.epoch))

    def is_all_of(self, finished: EvalLog) -> bool:
        """Whether the log holds these samples and no others, each as it ended."""
        total = finished.results.total_samples if finished.results else -1
        return self.ended == len(self.samples) == total


def doubts_about(finished: EvalLog, asked: Asked) -> list[str]:
    """What has to be said of a finished task, in sentences; nothing of one that is not ours.

    Args:
        finished: Its log, or the header of it.
        asked: What is known of the samples that were run now. Those of an earlier try stand in the
            log alone, and were told of then should it be a header.
    """
    doubts = asked.doubts
    # To look for samples in a log that a run ends with is to read back the whole file.
    if not asked.is_all_of(finished) and finished.samples:
        doubts = Doubts()
        for sample in finished.samples:
            _add(doubts, sample)
    if not doubts.traces:
        return []
    results = finished.results.scores if finished.results else []
    unparsed = [one.metrics["unparsed"].value for one in results if "unparsed" in one.metrics]
    return doubts.sentences(max(unparsed, default=None))


def noise_in(finished: EvalLog) -> list[str]:
    """Which drifts in the table of a finished task may be noise, in sentences."""
    found = []
    for one in finished.results.scores if finished.results else []:
        drift, low = (one.metrics.get(name) for name in ("drift", "drift_low"))
        if drift is not None and low is not None and drift.value >= _SEEN and low.value == 0:
            found.append(NOISE.format(f"{finished.eval.task} ({one.name})"))
    return found


def _add(doubts: Doubts, sample: EvalSample) -> None:
    record = record_in(sample.store.get(KEY))
    if record is not None:
        doubts.add(record.elicited)
