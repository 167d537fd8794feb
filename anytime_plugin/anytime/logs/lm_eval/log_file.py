"""Samples as lm-eval itself logs them, of any task that generates: plain texts, read one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.records import ANNOTATED, WRAP, as_written
from anytime.hosts.lm_eval.task_lookup import RANKED
from anytime.logs.lm_eval.log_header import Header, header_of, read_results, results_place
from anytime.packed import opened

__all__ = ["TORN", "PlainRun", "PlainSample", "prompt_of", "texts_of"]

TORN = "torn by a kill in the last line"

_OURS = {"budgets", "mode", "revision", "traces"}
"""In the metadata of our own tasks."""

_CAPS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
"""What lm-eval's models read the cap on generated tokens from."""


@dataclass(frozen=True, slots=True)
class PlainSample:
    """One document behind one filter.

    Attributes:
        raw: The line, without its end.
        fields: What it holds.
        texts: The responses as they are logged, one per repeat.
        unfit: Why it has no trace; empty where it has.
    """

    raw: bytes
    fields: Mapping[str, Any]
    texts: tuple[str, ...]
    unfit: str = ""

    @property
    def doc_id(self) -> Any:
        """Which document of the task it is."""
        return self.fields.get("doc_id")

    @property
    def filter(self) -> str:
        """The filter the line is of."""
        return str(self.fields.get("filter", "none"))

    @property
    def context(self) -> Any:
        """The prompt: a text, or the JSON of a chat in a list of its own."""
        return prompt_of(self.fields)

    @property
    def asked(self) -> str:
        """The prompt as text; of a chat the contents of its turns, one below the other."""
        logged = self.context
        text = logged[0] if isinstance(logged, list) and len(logged) == 1 else logged
        if not isinstance(logged, list) or not isinstance(text, str):
            return str(logged or "")
        try:
            return "\n\n".join(str(turn["content"]) for turn in json.loads(text))
        except (ValueError, KeyError, TypeError):
            return text

    @property
    def generation(self) -> Mapping[str, Any]:
        """The generation settings."""
        given = _arguments(self.fields)[1]
        return given if isinstance(given, Mapping) else {}

    @property
    def cap(self) -> int | None:
        """The most tokens the model was allowed; None where nobody told."""
        caps = (self.generation.get(name) for name in _CAPS)
        return next((cap for cap in caps if isinstance(cap, int) and cap > 0), None)

    @property
    def values(self) -> dict[str, Any]:
        """What lm-eval's metrics said."""
        names = self.fields.get("metrics") or ()
        return {name: self.fields[name] for name in names if name in self.fields}

    def as_written(self, text: str) -> str:
        """One of the texts, with the think tag that opens it."""
        return as_written(text, self.context)


class PlainRun:
    """The samples of one task, run without us.

    Args:
        path: The file `samples_*.jsonl`. Where there is no results file beside it, its name and its
            first line tell what there is to know.

    Attributes:
        path: The file.
        results: The results file beside it, which need not exist.
        header: What that tells.
        known: All it holds; empty where there is none.
        first: The first sample.
        responses: How many each document has.

    Raises:
        AnytimeError: It cannot be read, has answers at budgets already, or was not generated.
    """

    def __init__(self, path: Path) -> None:
        """Read the results and the first line."""
        self.path = path
        place = results_place(path)
        self.results = place.results
        self.known: Mapping[str, Any] = {}
        if place.results.is_file():
            self.known = read_results(place.results, path)
            _check_results(place.results, self.known)
            self.header = header_of(place, self.known)
        else:
            task = place.task or place.run
            self.header = Header(place.results, task, place.run, {}, {}, "unknown", {})
        metadata = self.header.metadata
        if WRAP in metadata or set(metadata) >= _OURS:
            raise _annotated(path)
        kind = self.header.config.get("output_type")
        if kind not in (None, "generate_until"):
            raise AnytimeError(f"{path} cannot be annotated: {RANKED} ({kind})")
        first = next(self._lines(), None)
        if first is None:
            raise AnytimeError(f"{path} holds no samples: its run had none")
        self.first = first
        _check(path, first)
        repeats = self.header.config.get("repeats")
        known = isinstance(repeats, int) and repeats > 0
        self.responses: int = repeats if known else max(1, len(first.texts))  # type: ignore[assignment]

    def samples(self) -> Iterator[PlainSample]:
        """All samples, line by line, with as many responses as the task asked for.

        Raises:
            AnytimeError: A line is damaged. One that a kill tore, the last, is unfit instead.
        """
        for sample in self._lines():
            if sample.unfit:
                yield sample
            elif len(sample.texts) < self.responses:
                reason = f"with {len(sample.texts)} of {self.responses} responses"
                yield PlainSample(sample.raw, sample.fields, (), reason)
            else:  # padding between ranks can leave more than were asked for
                texts = sample.texts[: self.responses]
                yield PlainSample(sample.raw, sample.fields, texts)

    def _lines(self) -> Iterator[PlainSample]:
        try:
            with opened(self.path) as file:
                for number, raw in enumerate(file, 1):
                    if raw.strip():
                        yield _read_line(raw, f"{self.path}, line {number}")
        except OSError as error:
            raise AnytimeError(f"{self.path} cannot be read: {error.strerror}") from None


def _check_results(path: Path, known: Mapping[str, Any]) -> None:
    """Refuse a results file that could not be added to."""
    for name in ("configs", "results", "higher_is_better", "versions"):
        of_tasks = known.get(name, {})
        inner = name != "versions"
        if not isinstance(of_tasks, dict) or (
            inner and not all(isinstance(value, dict) for value in of_tasks.values())
        ):
            raise AnytimeError(f"{path} is damaged: its {name} are not those of tasks")
    for task, config in known["configs"].items():
        if not isinstance(config.get("metadata") or {}, dict):
            raise AnytimeError(f"{path} is damaged: the metadata of {task} are no object")


def _annotated(path: Path) -> AnytimeError:
    return AnytimeError(f"{path} has answers at budgets already: anytime summary {path} shows them")


def _check(path: Path, first: PlainSample) -> None:
    """Refuse what the first sample tells is no plain run of a task that generates."""
    responses = first.fields.get("resps")
    inner = responses[0] if isinstance(responses, list) and responses else None
    one = inner[0] if isinstance(inner, list) and inner else None
    if ANNOTATED in first.fields or (isinstance(one, list) and '"checkpoints"' in str(one[-1:])):
        raise _annotated(path)
    if first.fields and isinstance(_arguments(first.fields)[1], str):
        raise AnytimeError(f"{path} cannot be annotated: {RANKED} (loglikelihood)")


def _read_line(raw: bytes, where: str) -> PlainSample:
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError):
        if not raw.endswith(b"\n"):
            return PlainSample(b"", {}, (), TORN)
        raise AnytimeError(f"{where} is damaged: it is no JSON") from None
    if not isinstance(fields, dict) or not {"doc_id", "doc", "resps"} <= set(fields):
        raise AnytimeError(f"{where} is damaged: it is no sample of lm-eval")
    texts, unfit = texts_of(fields["resps"])
    return PlainSample(raw.strip(), fields, texts, unfit)


def texts_of(responses: Any) -> tuple[tuple[str, ...], str]:
    """The texts of a sample, or why it has none."""
    if not isinstance(responses, list) or not responses:
        return (), "without a response"
    if len(responses) > 1:
        return (), "that asked the model several times, which is no one trace"
    (inner,) = responses
    texts = inner if isinstance(inner, list) else [inner]
    if not texts or any(text is None for text in texts):
        return (), "without a response"
    if not all(isinstance(text, str) for text in texts):
        return (), "whose responses are no texts"
    return tuple(texts), ""


def prompt_of(fields: Mapping[str, Any]) -> Any:
    """The prompt of a sample: a text, or the JSON of a chat in a list of its own."""
    return _arguments(fields)[0]


def _arguments(fields: Mapping[str, Any]) -> tuple[Any, Any]:
    """Prompt and generation settings of a sample's first request; None for what is not there."""
    given = fields.get("arguments")
    if isinstance(given, Mapping):
        first = given.get("gen_args_0")
        if isinstance(first, Mapping):
            return first.get("arg_0"), first.get("arg_1")
    elif isinstance(given, list) and given and isinstance(given[0], list):  # as older versions did
        prompt, settings, *_ = [*given[0], None, None]
        return prompt, settings
    return None, None
