"""Asks one of lm-eval's models for a round's texts, once more for what failed, and keeps them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.keeping import UnderWay, shared
from anytime.hosts.lm_eval.records import no_content
from anytime.hosts.lm_eval.services import Failed, Hidden, listening
from anytime.hosts.lm_eval.store import TraceStore

__all__ = ["check_answered", "failure", "generated"]

K = TypeVar("K", bound=Hashable)


def generated(
    lm: Any,
    asked: Mapping[Hashable, UnderWay],
    cache: Any,
    store: TraceStore | None,
    empty_fails: bool,
) -> dict[Hashable, str]:
    """The texts that a model returns for requests; what it answered is kept as it comes.

    Args:
        lm: The model.
        asked: The requests, by any key.
        cache: lm-eval's own, if it has one here.
        store: Ours, if there is one.
        empty_fails: An empty text of this model may be a failure.
    """

    def is_answer(request: UnderWay, text: str) -> bool:
        return not failure(text, empty_fails, to_cut=request.to_cut)

    if store is None:
        texts = _asked_twice(lm, asked, empty_fails)
    else:
        found = shared(
            lm,
            {request.kept: request for request in asked.values()},
            store,
            lambda part: _asked_twice(lm, part, empty_fails),
            is_answer,
        )
        texts = {key: found[request.kept] for key, request in asked.items()}
    if cache is not None:
        kept = {asked[key].kept: text for key, text in texts.items() if is_answer(asked[key], text)}
        _cache(asked.values(), kept, cache)
    return texts


def _asked_twice(lm: Any, asked: Mapping[K, UnderWay], empty_fails: bool) -> dict[K, str]:
    """What the model says; what failed is asked once more, for many are busy only for a moment."""
    said = _said(lm, asked, empty_fails) if asked else {}
    failed = {key: asked[key] for key, text in said.items() if failure(text)}
    return said | (_said(lm, failed, empty_fails) if failed else {})


def _said(lm: Any, asked: Mapping[K, UnderWay], empty_fails: bool) -> dict[K, str]:
    with listening(lm) as heard:
        said = lm.generate_until([request.instance for request in asked.values()])
    if empty_fails and not heard:
        said = [Failed("no content") if text == "" else text for text in said]
    return dict(zip(asked, said, strict=True))


def _cache(asked: Iterable[UnderWay], texts: Mapping[str, str], cache: Any) -> None:
    for one in asked:
        if one.cacheable and one.kept in texts:
            cache[one.kept] = texts[one.kept]
        elif one.kept in cache:  # put there by lm-eval itself
            del cache[one.kept]
    cache.commit()


def check_answered(traces: Sequence[str]) -> None:
    """Refuse a service that gave no answer to any trace, which a run has nothing without."""
    reasons = Counter(failure(text, to_cut=True) for text in traces)
    if traces and not reasons[""]:
        told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        raise AnytimeError(
            f"the service returned no content for any trace ({told}): see what it answers to one "
            f"request and run again; where it withholds what the model wrote, use mode=contract"
        )


def failure(text: str, empty_fails: bool = False, *, to_cut: bool = False) -> str:
    """Why a text is no answer of the model; empty where it is one.

    Args:
        text: As the model's class returned it, or as it was kept.
        empty_fails: It was kept, and nothing may stand for a failure.
        to_cut: It is a trace that is to be cut, which is not to be had without its reasoning.
    """
    if to_cut and isinstance(text, Hidden):
        return "hidden reasoning"
    if isinstance(text, Failed):
        return text.reason
    if text == "":
        return "no content" if empty_fails else ""
    return "no content" if text == no_content() else ""
