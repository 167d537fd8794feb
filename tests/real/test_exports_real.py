"""Records against the schemas of Every Eval Ever, which are no part of the repository."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from jsonschema.protocols import Validator

from anytime.logs.opening import open_runs
from anytime.results.exports.every_eval_ever import planned, write_records
from anytime.results.exports.naming import About
from anytime.runs import FinishedRun
from tests.finished import FALLING, RISING, Finished, info
from tests.small_runs import Logs, apart, logs

__all__ = ["apart", "logs"]


@pytest.fixture(scope="module")
def schemas(data: Path) -> tuple[Validator, Validator]:
    found = []
    for name in ("eval", "instance"):
        file = data / "schemas" / f"every_eval_ever.{name}.schema.json"
        if not file.is_file():
            pytest.skip(f"the schema is absent: {file}")
        schema = json.loads(file.read_text())
        Draft7Validator.check_schema(schema)
        found.append(Draft7Validator(schema))
    return found[0], found[1]


def strict(value: Any, where: str = "") -> Iterator[str]:
    """Where `additional_details` or `details` hold anything but text, as no schema forbids."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key in ("additional_details", "details", "metadata"):
                yield from (f"{where}.{key}.{k}" for k, v in one.items() if not isinstance(v, str))
            yield from strict(one, f"{where}.{key}")
    elif isinstance(value, list):
        for one in value:
            yield from strict(one, where)


def check(runs: list[FinishedRun], folder: Path, schemas: tuple[Validator, Validator]) -> None:
    about = About(retrieved=1750000000)
    plan = planned(runs, folder, about, force=False)
    of_record, of_line = schemas
    for path, count in write_records(runs, folder, plan, about):
        record = json.loads(path.read_text())
        assert [error.message for error in of_record.iter_errors(record)] == []
        assert list(strict(record)) == []
        told = record["detailed_evaluation_results"]["file_path"]
        assert re.fullmatch(rf"{path.stem}_samples\.jsonl", Path(told).name)
        assert (folder / told).parent == path.parent
        lines = [json.loads(line) for line in (folder / told).read_text().splitlines()]
        assert len(lines) == count
        ids = {one["evaluation_result_id"] for one in record["evaluation_results"]}
        for line in lines:
            assert [error.message for error in of_line.iter_errors(line)] == []
            assert list(strict(line)) == []
            assert line["evaluation_result_id"] in ids


def test_records_of_both_harnesses_are_valid(
    logs: Logs, tmp_path: Path, schemas: tuple[Validator, Validator]
) -> None:
    check(open_runs(logs.values()), tmp_path, schemas)


@pytest.mark.parametrize(
    "run",
    [
        Finished(info(), RISING),
        Finished(info(), {"1": [[0, 0, 1]]}),
        Finished(info(q_max="achieved", envelope="none"), FALLING),
        Finished(info(domain="gpqa", dataset="official", revision="41d1"), RISING),
        Finished(info(revision=f"a/b@{'0' * 40} a/c@{'1' * 40}"), RISING),
        Finished(
            info(harness=None, version=None, created=None, domain=None, revision=None, split=None),
            RISING,
        ),
        Finished(info(domain=None, scorers=("x", "y"), model="hf//home/me/mine"), RISING),
        Finished(info(sampling={"temperature": 0.6, "top_p": 0.9, "top_k": 20}), RISING),
    ],
)
def test_records_of_every_kind_of_run_are_valid(
    run: Finished, tmp_path: Path, schemas: tuple[Validator, Validator]
) -> None:
    check([run], tmp_path, schemas)


def test_the_schema_still_refuses_what_it_refused(schemas: tuple[Validator, Validator]) -> None:
    """The checks above say something."""
    of_record, of_line = schemas
    assert list(of_record.iter_errors({"schema_version": "0.3.0"}))
    assert list(of_line.iter_errors({"schema_version": "0.3.0"}))
