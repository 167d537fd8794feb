"""Asking a model so that no answer is lost: each is kept in the trace store when it arrives."""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, NamedTuple

from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.api import Instance
from anytime.hosts.lm_eval.backends import tells_each
from anytime.hosts.lm_eval.private import hearing
from anytime.hosts.lm_eval.store import TraceStore

__all__ = ["SLICE", "WAIT", "Ask", "UnderWay", "shared"]

log = logging.getLogger(__name__)

SLICE = 256
"""A model that tells of its answers only when all of a call are there is asked for so many at once
where they are to be kept: a kill loses those."""

WAIT = 0.5
"""Seconds between two looks at what another run keeps."""


class UnderWay(NamedTuple):
    """A request on its way.

    Attributes:
        instance: As lm-eval is asked.
        kept: Its key in the cache and in the trace store.
        cacheable: Whether lm-eval's cache may hold it.
        to_cut: It asks for a trace that is to be cut.
    """

    instance: Instance
    kept: str
    cacheable: bool
    to_cut: bool


IsAnswer = Callable[[UnderWay, str], bool]
"""Whether what a request was answered with may be kept."""

Ask = Callable[[Mapping[str, UnderWay]], dict[str, str]]
"""Asks a model for all requests at once; the texts under the same keys."""


class _NotKept(BaseException):
    """An answer could not be kept. No `Exception`: lm-eval would take it for the service's fault,
    ask again, and go on paying."""

    def __init__(self, error: AnytimeError) -> None:
        self.error = error


def shared(
    lm: Any,
    asked: Mapping[str, UnderWay],
    store: TraceStore,
    ask: Ask,
    is_answer: IsAnswer,
) -> dict[str, str]:
    """Ask for what neither the store nor a run beside this one has or gets, and wait for the rest.

    Args:
        lm: The model.
        asked: What is wanted, by its key in the store.
        store: Keeps the answers.
        ask: Asks the model.
        is_answer: Whether a text may be kept; what may not is asked again by the next run.

    Returns:
        The texts by key, those that may not be kept included.

    Raises:
        AnytimeError: An answer could not be kept, or the store not be read.
    """
    texts = store.kept(asked)
    # Stores of earlier versions kept empty texts of services, too.
    store.forget([key for key, text in texts.items() if not is_answer(asked[key], text)])
    texts = {key: text for key, text in texts.items() if is_answer(asked[key], text)}
    told = False
    while missing := [key for key in asked if key not in texts]:
        mine = store.claim(missing)
        waiting = iter([key for key in missing if key in mine])
        while part := list(islice(waiting, len(missing) if tells_each(lm) else SLICE)):
            requests = {key: asked[key] for key in part}
            with hearing(lm, _keeper(requests, store, is_answer)):
                try:
                    said = ask(requests)
                except _NotKept as stopped:
                    raise stopped.error from None
            # Of equal requests each has its own text now, whichever was heard first.
            store.add({key: text for key, text in said.items() if is_answer(asked[key], text)})
            texts |= said
        if mine:
            store.give_up()  # what failed, another run may ask
        left = [key for key in missing if key not in mine]
        texts |= store.kept(left)
        if any(key not in texts for key in left):
            if not told:
                log.warning(
                    "anytime: another run asks for %d of these answers: waiting for them", len(left)
                )
            told = True
            time.sleep(WAIT)
    return texts


def _keeper(
    requests: Mapping[str, UnderWay], store: TraceStore, is_answer: IsAnswer
) -> Callable[[Any, str], None]:
    """Keeps an answer that is heard of under the key of its request."""
    expected: dict[str, list[str]] = defaultdict(list)
    for key, request in requests.items():
        expected[_identity(request.instance.args)].append(key)

    def keep(arguments: Any, text: str) -> None:
        keys = expected.get(_identity(arguments))
        if not keys or not isinstance(text, str) or not is_answer(requests[keys[0]], text):
            return
        try:
            store.add({keys.pop(0): text})
        except AnytimeError as error:
            raise _NotKept(error) from None

    return keep


def _identity(arguments: Any) -> str:
    return json.dumps(arguments, sort_keys=True, default=repr)
