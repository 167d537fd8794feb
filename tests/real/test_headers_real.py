"""Headers of real logs, read with and without Inspect."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from anytime.errors import AnytimeError
from anytime.logs.inspect_ai.log_file import InspectLog

LOGS = Path(__file__).parents[2].parent / "shared" / "data" / "logs" / "inspect"


def without_nothing(value: Any) -> Any:
    """What is written where nothing is known differs: null, an empty list, or no key."""
    if isinstance(value, dict):
        kept = {k: without_nothing(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v not in (None, {}, [])}
    return [without_nothing(v) for v in value] if isinstance(value, list) else value


def test_a_header_is_what_inspect_reads() -> None:
    """Of all logs, the converted and the killed ones too: what runs are told by is equal."""
    if not LOGS.is_dir():
        pytest.skip("real logs are absent: ../shared/data/logs/inspect beside the repository")
    read = 0
    for file in sorted([*LOGS.rglob("*.eval"), *LOGS.rglob("*.json")]):
        try:
            log = InspectLog(file)
        except AnytimeError:
            continue
        read += 1
        whole = log.header.model_dump(mode="json", exclude_none=True)
        assert log.head["version"] == whole["version"], file
        began = datetime.fromisoformat(log.head["eval"]["created"])
        assert began == datetime.fromisoformat(whole["eval"]["created"]), file
        for name in ("eval_id", "task", "model", "task_args", "metadata", "packages"):
            given, wanted = log.head["eval"].get(name), whole["eval"].get(name)
            assert without_nothing(given or {}) == without_nothing(wanted or {}), (file, name)
        assert without_nothing(log.head["eval"]["dataset"]) == without_nothing(
            whole["eval"]["dataset"]
        ), file
        assert log.head["eval"]["config"].get("epochs") == whole["eval"]["config"].get("epochs")
    assert read >= 3
