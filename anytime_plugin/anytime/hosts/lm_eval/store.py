"""The trace store: every finished generation, one line of JSON each, only ever appended.

lm-eval's own cache leaves sampled requests out. With a store a second run asks only for what is
missing, whenever the first was killed: lines are flushed to disk before the next batch is asked,
and a last line that a kill tore is dropped.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.private import loaded_from

__all__ = ["TraceStore", "model_name", "opened"]

log = logging.getLogger(__name__)

FORMAT = "anytime traces 1"


class TraceStore(Mapping[str, str]):
    """Texts by the key of their request, on disk.

    Args:
        path: The file; made where there is none.
        model: Whose generations it keeps.

    Raises:
        AnytimeError: The file is no trace store, another model's, or damaged before its last line.
    """

    def __init__(self, path: Path, model: str) -> None:
        """Read what is there and open for appending."""
        self._path = path
        self._texts: dict[str, str] = {}
        try:
            content = path.read_bytes() if path.exists() else b""
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = self._read(content, model)
            self._file = path.open("ab")
            self._file.truncate(whole)
        except OSError as error:
            raise AnytimeError(f"trace store {path} cannot be used: {error.strerror}") from None
        if whole == 0:
            self._write({"format": FORMAT, "model": model})

    def _read(self, content: bytes, model: str) -> int:
        """Take the records in and say where the last whole line ends."""
        end = content.rfind(b"\n") + 1
        if end < len(content):
            log.warning("%s: the last line was torn by a kill and is dropped", self._path)
        for number, line in enumerate(content[:end].splitlines(), 1):
            try:
                record = json.loads(line)
                if number > 1:
                    self._texts[record["key"]] = record["text"]
                    continue
                found, kind = record["model"], record["format"]
            except (ValueError, KeyError, TypeError):
                raise AnytimeError(
                    f"trace store {self._path} is damaged in line {number}: name another file, or "
                    f"remove that line"
                ) from None
            if kind != FORMAT:
                raise AnytimeError(f"{self._path} is no trace store: name another file")
            if found != model:
                raise AnytimeError(
                    f"trace store {self._path} holds traces of {found}, not of {model}: name "
                    f"another file"
                )
        return end

    def __getitem__(self, key: str) -> str:
        """The text kept for a request."""
        return self._texts[key]

    def __iter__(self) -> Iterator[str]:
        """Keys of all kept texts."""
        return iter(self._texts)

    def __len__(self) -> int:
        """How many texts are kept."""
        return len(self._texts)

    def add(self, texts: Mapping[str, str]) -> None:
        """Keep finished generations; they are on disk when this returns."""
        self._texts |= texts
        self._write(*({"key": key, "text": text} for key, text in texts.items()))

    def _write(self, *records: Mapping[str, str]) -> None:
        # ASCII escapes keep lone surrogates, which some back ends return, writable.
        lines = "".join(json.dumps(record) + "\n" for record in records)
        self._file.write(lines.encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> TraceStore:
        """Nothing more to do."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()


@contextmanager
def opened(path: str | None, lm: Any) -> Iterator[TraceStore | None]:
    """The store of that path, None where none is named; ranks above 0 write files of their own."""
    if path is None:
        yield None
        return
    rank = f".rank{lm.rank}" if lm.rank else ""
    with TraceStore(Path(path + rank).expanduser(), model_name(lm)) as store:
        yield store


def model_name(lm: Any) -> str:
    """What tells this model from others: its class, and the name it was loaded by.

    Not the address of its server, which may have moved between two runs.
    """
    for attribute in ("identity", "pretrained", "model"):
        value = getattr(lm, attribute, None)
        if isinstance(value, str):
            return f"{type(lm).__name__} {value}"
    return f"{type(lm).__name__} {loaded_from(lm)}".strip()
