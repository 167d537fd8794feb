"""`anytime:NAME`: any task of lm-eval that generates, live at every budget.

The task's own class stays the base of the wrapped one, so its documents, few-shot examples, prompt,
generation settings, filters, metrics and aggregations are what they were. Only its request becomes
`generate_anytime`, and its filters and metrics see the answer at every budget.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from anytime.domains.base import Cue
from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.api import AGGREGATION_REGISTRY, Group, Instance
from anytime.hosts.lm_eval.backends import LENGTHS, Prompt
from anytime.hosts.lm_eval.base_task import AtEveryBudget
from anytime.hosts.lm_eval.driver import Spec
from anytime.hosts.lm_eval.errors import one_sentence
from anytime.hosts.lm_eval.private import predicts_only, share_configuration, with_the_state_of
from anytime.hosts.lm_eval.records import (
    WRAP,
    Response,
    document_name,
    read_response,
    scorer_name,
)
from anytime.hosts.lm_eval.settings import ThirdPartySettings, read_third_party_settings
from anytime.hosts.lm_eval.task_lookup import PREFIX, RANKED, check_name, is_path, named
from anytime.hosts.lm_eval.task_metrics import (
    Verdict,
    Written,
    all_aggregations,
    all_better,
    curved_metrics,
    judge,
    values_of,
)
from anytime.methods.base import Recipe
from anytime.methods.source import Source
from anytime.programs.elicit import GENERIC_CUE
from anytime.protocol import Message
from anytime.statistics.traces import answer_tokens, leaked_reasoning

__all__ = ["cue_of", "load_wrapped", "recorded", "wrapped"]

_OF_PAIRS = (
    "bits_per_byte",
    "bleu",
    "brier_score",
    "chrf",
    "chrf++",
    "f1",
    "matthews_corrcoef",
    "ter",
    "weighted_perplexity",
)
"""Aggregations of lm-eval that take no numbers, but what they compute one from."""


def load_wrapped(
    spec: str,
    load: Callable[[str], Any],
    index: Mapping[str, Any],
    metadata: Mapping[str, Any] | None,
) -> Any:
    """What a name with the prefix stands for: a task, a group, or the tasks of a tag.

    Args:
        spec: The name.
        load: Loads a name without it, as lm-eval does.
        index: lm-eval's entries by name.
        metadata: The model's arguments and the user's.

    Raises:
        AnytimeError: It is unknown, or cannot be wrapped; or a setting is wrong.
    """
    with one_sentence():
        settings = read_third_party_settings(metadata or {})
        name = spec.removeprefix(PREFIX)
        if name in index or not is_path(name):
            check_name(name, index)
        loaded = load(name)
        if isinstance(loaded, list):
            return [wrapped(task, settings) for task in loaded]
        return _wrapped_member(loaded, settings)


def _wrapped_member(member: Any, settings: ThirdPartySettings) -> Any:
    if not isinstance(member, Group):
        return wrapped(member, settings)
    group = Group(
        name=PREFIX + member.name,
        alias=named(member.name, member.alias),
        aggregate_metric_list=_per_budget(member.aggregate_metric_list, settings),
        metadata=member.metadata,
    )
    for child in member:
        group.add(_wrapped_member(child, settings))
    return group


def _per_budget(aggregated: Sequence[Any] | None, settings: ThirdPartySettings) -> list[Any] | None:
    """What a group sums up, at every budget too.

    The index is left out: that of all problems is not the mean of the tasks' own.
    """
    if aggregated is None:
        return None
    return [
        dataclasses.replace(one, metric=name)
        for one in aggregated
        for name in (one.metric, *(f"{one.metric}@{budget}" for budget in settings.run.budgets))
    ]


def wrapped(inner: Any, settings: ThirdPartySettings) -> Any:
    """A task of lm-eval at every budget; the task itself is left as it was.

    Raises:
        AnytimeError: It has no one trace per document to cut.
    """
    _check_wrappable(inner, settings)
    kind: Any = type(f"Anytime{type(inner).__name__}", (Wrapped, type(inner)), {})
    task = with_the_state_of(inner, kind)
    task.wrap(inner, settings)
    return task


def _check_wrappable(inner: Any, settings: ThirdPartySettings) -> None:
    name = inner.task_name
    if isinstance(inner, AtEveryBudget):
        raise AnytimeError(f"{name} shows every budget as it is: name it without {PREFIX}")
    if inner.OUTPUT_TYPE not in ("generate_until", None):
        raise AnytimeError(f"{PREFIX}{name} cannot be wrapped: {RANKED} ({inner.OUTPUT_TYPE})")
    if getattr(inner, "MULTIMODAL", False):
        raise AnytimeError(
            f"{PREFIX}{name} cannot be wrapped: it shows images or plays sounds, and anytime cuts "
            f"and hands back text alone"
        )
    doc = _first_document(inner)
    asked = _requests(inner, doc, "", metadata=(name, 0, 1))
    kinds = sorted({request.request_type for request in asked})
    if kinds != ["generate_until"]:
        raise AnytimeError(f"{PREFIX}{name} cannot be wrapped: {RANKED} ({', '.join(kinds)})")
    if len(asked) > 1:
        raise AnytimeError(
            f"{PREFIX}{name} cannot be wrapped: it asks {len(asked)} times per document, so there "
            f"is no one trace to cut"
        )
    if settings.run.mode == "contract" and inner.doc_to_prefix(doc):
        raise AnytimeError(
            f"{PREFIX}{name} begins the model's answer itself (gen_prefix), which leaves no turn "
            f"to tell a budget in: use mode=interrupt"
        )
    if settings.traces > 1:
        _check_averaging(inner)


def _first_document(inner: Any) -> Any:
    # `eval_docs` may shuffle anew, and change what is drawn later.
    docs = getattr(inner, "task_docs", None)
    return next(iter(inner.eval_docs if docs is None else docs))


def _requests(inner: Any, doc: Any, context: Any, **options: Any) -> list[Instance]:
    options = {"apply_chat_template": False, "chat_template": None} | options
    made = inner.construct_requests(doc=doc, ctx=context, **options)
    return made if isinstance(made, list) else [made]


def _check_averaging(inner: Any) -> None:
    known = {AGGREGATION_REGISTRY[name] for name in _OF_PAIRS}
    if summed := [metric for metric, how in inner.aggregation().items() if how in known]:
        raise AnytimeError(
            f"{', '.join(summed)} of {PREFIX}{inner.task_name} is computed over all documents at "
            f"once, so it cannot be averaged over traces: use traces=1"
        )


class Wrapped(AtEveryBudget):
    """A task of lm-eval at every budget; stands before the task's own class among the bases."""

    OUTPUT_TYPE: str
    _inner: Any
    _settings: ThirdPartySettings
    _repeats: int
    _declared: list[str]
    _curved: Sequence[str]
    _ranks: int

    def wrap(self, inner: Any, settings: ThirdPartySettings) -> None:
        """Take the place of a task.

        Both share one configuration, a copy of the task's: what lm-eval sets later, such as
        `--num_fewshot` and `--gen_kwargs`, is seen where the task's own methods run.
        """
        self._inner = share_configuration(self, inner)
        own = self.config
        self._settings = settings
        self._repeats = own.repeats or 1
        self._declared = list(inner.aggregation())
        self._curved = ()
        self._ranks = 1
        # Requests are of a type of their own, and ranks pad by this name.
        self.OUTPUT_TYPE = "generate_anytime"
        own.task = PREFIX + inner.task_name
        own.task_alias = named(inner.task_name, own.task_alias)
        own.repeats = settings.traces * self._repeats
        given = own.generation_kwargs or {}
        own.generation_kwargs = {k: v for k, v in given.items() if k not in LENGTHS}
        own.metadata = {**(own.metadata or {}), WRAP: recorded(settings, self._repeats)}

    def build_all_requests(self, *, world_size: int = 1, **options: Any) -> None:
        """As ever; ranks have to agree on the names of values, whatever each of them sees."""
        self._ranks = world_size
        super().build_all_requests(world_size=world_size, **options)

    def construct_requests(self, doc: Any, ctx: Any, **options: Any) -> Instance:
        """The task's own request, asked at every budget."""
        if isinstance(ctx, list):
            raise AnytimeError(
                f"{self.task_name} has several prompts per document, so there is no one trace"
            )
        (request,) = _requests(self._inner, doc, ctx, **options)
        context, generation, *_ = request.args
        turns = self._turns or (Message("user", context),)
        prompt = Prompt(context, turns, templated=self._turns is not None)
        kept = {name: value for name, value in generation.items() if name not in LENGTHS}
        return self._request(request.doc, prompt, kept, request.metadata)

    def _spec(self, prompt: Prompt, doc: Any) -> Spec:
        settings = self._settings
        return Spec(
            prompt=prompt,
            run=settings.run,
            cue=cue_of(settings.cue),
            traces=settings.traces * self._repeats,
            trace_store=settings.trace_store,
            domain="",
            content="",
            recipe=Recipe(),
            source=Source(seed=settings.index.seed),
        )

    def apply_filters(self) -> None:
        """Let the task's own filters and metrics see every budget; `process_results` sums up."""
        if predicts_only(self):
            for instance in self.instances:
                instance.filtered_resps["none"] = []
            return
        docs = [instance.doc for instance in self.instances]
        names = [document_name(instance.doc, instance.doc_id) for instance in self.instances]
        written = [self._written(instance.resps) for instance in self.instances]
        found = judge(self._inner, docs, written, names)
        for instance, verdicts in zip(self.instances, found, strict=True):
            instance.filtered_resps |= verdicts
        everything = [one for each in found for of_filter in each.values() for one in of_filter]
        better = self._inner.higher_is_better()
        curved = curved_metrics(everything, better)
        self._curved = curved
        if self._ranks > 1:  # another rank may have seen values outside [0, 1]
            self._curved = curved_metrics(everything, better, bounded=False)
        self.config.metadata[WRAP]["scorers"] = [
            scorer_name(metric, name) for name in found[0] for metric in curved
        ]

    def _written(self, responses: Sequence[Response]) -> list[list[Written]]:
        """By trace and repeat; padding between ranks can leave more than were asked for."""
        texts = [_texts(response) for response in responses[: self.config.repeats]]
        return [texts[i : i + self._repeats] for i in range(0, len(texts), self._repeats)]

    @property
    def _alone(self) -> bool:
        return self._declared == list(self._curved)

    def process_results(self, doc: Any, results: Sequence[Sequence[Verdict]]) -> dict[str, Any]:
        """The values of one document behind one filter."""
        if predicts_only(self):
            return {"bypass": None}
        (verdicts,) = results
        with one_sentence():
            return values_of(verdicts, self._curved, self._settings, alone=self._alone)

    def aggregation(self) -> dict[str, Any]:
        """How each value becomes a number of the table."""
        if predicts_only(self):
            return dict(super().aggregation())  # type: ignore[misc]
        own = self._inner.aggregation()
        return all_aggregations(own, self._curved, self._settings, alone=self._alone)

    def higher_is_better(self) -> dict[str, bool]:
        """For the arrows of the table."""
        if predicts_only(self):
            return dict(super().higher_is_better())  # type: ignore[misc]
        own = self._inner.higher_is_better()
        return all_better(own, self._curved, self._settings, alone=self._alone)


def _texts(response: Response) -> Written:
    elicited, _ = read_response(response)
    points = elicited.checkpoints
    return Written(
        response[0],
        [point.answer for point in points],
        leaked_reasoning(points),
        answer_tokens(points),
        bool(elicited.failed),
    )


def cue_of(begin: str | None) -> Cue:
    """How a third-party task asks for its answer; None for the words that fit any task."""
    if begin is None:
        return GENERIC_CUE
    return Cue(ask=f'{GENERIC_CUE.ask} Begin with "{begin.strip()}".', begin=begin)


def recorded(settings: ThirdPartySettings, repeats: int) -> dict[str, Any]:
    """What the results tell of a run."""
    return {**settings.record(), "repeats": repeats, "scorers": []}
