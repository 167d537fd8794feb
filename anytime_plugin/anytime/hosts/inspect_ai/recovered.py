"""What Inspect leaves out of samples that it recovers from a run that was killed.

Inspect 0.3.285 keeps the events of samples that are not yet in the log in a database. When the run
goes on (`eval-retry`, `eval-set`) it makes samples of them that have no store, where our
checkpoints stand, and whose output is the model's last reply, a forced answer. Both were told in
the events of the transcript: what a solver changed in the store and in the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from anytime.hosts.inspect_ai.records import KEY

if TYPE_CHECKING:  # whoever reads finished logs waits for no import of Inspect
    from inspect_ai.util import Store

__all__ = ["recall", "restored"]

_ATTACHED = "attachment://"
_ENTRY = f"/{KEY}"
_REPLY = "/output/choices/0"


def restored(sample: dict[str, Any]) -> dict[str, Any]:
    """A sample with the checkpoints and the output that its solver left; itself where it has them.

    Args:
        sample: All its fields, as JSON values.
    """
    events = sample.get("events") or []
    if sample.get("store") or (entry := _entry_in(events)) is None:
        return sample
    attachments = sample.get("attachments") or {}
    found = {**sample, "store": {KEY: _resolved(entry, attachments)}}
    reply = _last(events, "state", _REPLY)
    if reply is not None:
        output = {**(sample.get("output") or {}), "choices": [_resolved(reply, attachments)]}
        output.pop("completion", None)  # Inspect makes it of the choices
        found["output"] = output | {"usage": _last(events, "state", "/output/usage")}
    return found


def recall(store: Store) -> None:
    """Put our entry back into the store of a sample that is scored anew, if it was left out."""
    from inspect_ai.log import transcript

    if store.get(KEY) is None:
        told = [
            event.model_dump(include={"event", "changes"})
            for event in transcript().events
            if event.event == "store"
        ]
        if (entry := _entry_in(told)) is not None:
            store.set(KEY, entry)


def _entry_in(events: Iterable[Mapping[str, Any]]) -> Any:
    """What stands at our name in the store at the end of a transcript; None where nothing does."""
    return _last(events, "store", _ENTRY)


def _last(events: Iterable[Mapping[str, Any]], kind: str, path: str) -> Any:
    """What was put there last, as a whole; None where it was then changed in part."""
    found = None
    for event in events:
        for change in event.get("changes") or () if event.get("event") == kind else ():
            if change["path"] == path:
                found = change.get("value") if change["op"] in ("add", "replace") else None
            elif str(change["path"]).startswith(f"{path}/"):
                found = None
    return found


def _resolved(value: Any, attachments: Mapping[str, str]) -> Any:
    """The same with long texts, which stand apart, in their places."""
    if isinstance(value, str) and value.startswith(_ATTACHED):
        return attachments.get(value.removeprefix(_ATTACHED), value)
    if isinstance(value, dict):
        return {name: _resolved(one, attachments) for name, one in value.items()}
    if isinstance(value, list):
        return [_resolved(one, attachments) for one in value]
    return value
