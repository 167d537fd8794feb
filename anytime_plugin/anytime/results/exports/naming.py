"""How a run is called in Every Eval Ever: its files, its id, its model."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from typing import Literal, NamedTuple

from anytime.errors import AnytimeError
from anytime.results.exports.measuring import benchmark
from anytime.results.exports.origins import Asked, Deployment, asked
from anytime.runs import RunInfo

__all__ = ["About", "Availability", "Named", "Relationship", "component", "log_name", "named"]

Relationship = Literal["first_party", "third_party", "collaborative", "other"]
"""Of who ran the evaluation to who made the model."""

Availability = Literal["open_weights", "closed_weights", "unknown"]
"""Of the weights of a model."""

_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\s\ud800-\udfff]+')


class About(NamedTuple):
    """What no log tells.

    Attributes:
        retrieved: When the record is made, in seconds since 1970.
        organization: Who publishes it.
        relationship: Of them to the maker of the model.
        model_id: `ORGANISATION/MODEL`, where the log does not have it.
        deployment: Who runs the model, where the log does not tell.
        availability: Of its weights.
    """

    retrieved: int
    organization: str = "unknown"
    relationship: Relationship = "other"
    model_id: str | None = None
    deployment: Deployment | None = None
    availability: Availability = "unknown"


class Named(NamedTuple):
    """How a run is called in the datastore.

    Attributes:
        model: Who was asked.
        folder: `data/COLLECTION/DEVELOPER/MODEL`, where its two files belong.
        file: Begins the names of both: a UUID, the same for the same run and time.
        evaluation: Id of the record.
    """

    model: Asked
    folder: str
    file: str
    evaluation: str

    @property
    def record(self) -> str:
        """The path of the record."""
        return f"{self.folder}/{self.file}.json"

    @property
    def samples(self) -> str:
        """The path of the lines beside it."""
        return f"{self.folder}/{self.file}_samples.jsonl"


def named(info: RunInfo, about: About, twin: int = 0) -> Named:
    """Name a run; its names depend on nothing but the arguments.

    Args:
        info: The run.
        about: What no log tells.
        twin: How many runs before it are alike: those of one table that differ in their method.
    """
    model = asked(info.model)
    if about.model_id is not None:
        first, _, rest = about.model_id.partition("/")
        if not first or not rest:
            raise AnytimeError(
                f"model id {about.model_id!r}: write it as ORGANISATION/MODEL, as on the Hub"
            )
        model = model._replace(id=about.model_id, developer=first)
    if about.deployment is not None:
        model = model._replace(deployment=about.deployment)
    collection = component(f"anytime-{benchmark(info).removeprefix('anytime/')}")
    developer = component(model.developer or "unknown")
    name = component(model.id.removeprefix(f"{model.developer}/"))
    of = [
        info.harness,
        info.run,
        info.task,
        info.model,
        info.source,
        log_name(info),
        about.retrieved,
    ]
    of += [twin] if twin else []
    digest = hashlib.sha256(json.dumps(of).encode()).digest()
    # Derived, and so not random; its version is what the datastore asks of a file name.
    file = str(uuid.UUID(bytes=digest[:16], version=4))
    return Named(
        model=model,
        folder=f"data/{collection}/{developer}/{name}",
        file=file,
        # Part of the file's name, as one model may have many runs at one time.
        evaluation=f"{collection}-{file[:8]}/{developer}_{name}/{about.retrieved}",
    )


def component(text: str) -> str:
    """A part of a path that every file system takes."""
    return _UNSAFE.sub("_", text)[:120].strip(". ") or "unknown"


def log_name(info: RunInfo) -> str:
    """The name of a log, without where it lies: that is about the machine."""
    return re.split(r"[/\\]", info.log)[-1]
