"""What lm-eval's results file tells of the run that a samples file is from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from anytime.errors import AnytimeError
from anytime.logs.asked_with import asked_with
from anytime.packed import unpacked
from anytime.settings import MODE_OPTIONS, IndexOptions

__all__ = [
    "Header",
    "Place",
    "header_of",
    "read_header",
    "read_results",
    "results_place",
    "samples_files",
    "samples_in",
]

_DATE = re.compile(r"\d{4}-\d\d-\d\dT.+")
_SAMPLES = re.compile(rf"samples_(?P<task>.+)_(?P<date>{_DATE.pattern})\.jsonl")

_RESULTS = re.compile(r"results_.+\.json")

_NAMES = ("peft", "delta", "pretrained", "model", "path", "engine")
"""The model arguments that name a model, in lm-eval's own order."""


class Header(NamedTuple):
    """What is known of a run before its samples are read.

    Attributes:
        results: The results file, beside the samples.
        task: Name of the task.
        date: What names the run: the date in its file names, or what stands there instead.
        config: The task's configuration.
        metadata: That of the configuration, the task's settings.
        model: Who was asked.
        began: When and how the run was made, as in `RunInfo`.
    """

    results: Path
    task: str
    date: str
    config: Mapping[str, Any]
    metadata: Mapping[str, Any]
    model: str
    began: Mapping[str, Any]


class Place(NamedTuple):
    """Where the results of a samples file lie, or would.

    Attributes:
        results: The file; it need not exist.
        run: What the two names share: lm-eval's date, or what somebody else put there.
        task: The task in the samples file's name; None where it holds none.
    """

    results: Path
    run: str
    task: str | None


def results_place(samples: Path) -> Place:
    """Find the results file beside a samples file, by name.

    lm-eval writes `samples_TASK_DATE.jsonl` and `results_DATE.json`. In files that somebody renamed
    anything may stand in place of the date, and the task may be missing.
    """
    samples = unpacked(samples)
    if name := _SAMPLES.fullmatch(samples.name):
        dated = samples.with_name(f"results_{name['date']}.json")
        return Place(dated, name["date"], name["task"])
    own = samples.name.removesuffix(".jsonl").removeprefix("samples_")
    parts = own.split("_")
    for first in range(len(parts)):
        run = "_".join(parts[first:])
        path = samples.with_name(f"results_{run}.json")
        if run and path.is_file():
            return Place(path, run, "_".join(parts[:first]) or None)
    return Place(samples.with_name(f"results_{own}.json"), own, None)


def samples_files(path: Path) -> list[Path]:
    """The samples of a run: of a results file, of a directory; or the one file that is named.

    Raises:
        AnytimeError: There are none.
    """
    if path.is_dir():
        found = sorted(samples_in(path.rglob))
        where = str(path)
    elif _RESULTS.fullmatch(path.name):
        beside = samples_in(path.parent.glob)
        found = sorted(file for file in beside if results_place(file).results == path)
        where = f"the run of {path}"
    else:
        return [path]
    if not found:
        raise AnytimeError(
            f"no samples_*.jsonl of {where}: run lm_eval with --log_samples and --output_path"
        )
    return found


def samples_in(glob: Callable[[str], Iterable[Path]]) -> list[Path]:
    """The samples that a folder's `glob` or `rglob` finds; a packed one beside itself is none."""
    plain = list(glob("samples_*.jsonl"))
    return plain + [file for file in glob("samples_*.jsonl.gz") if not unpacked(file).exists()]


def read_header(samples: Path) -> Header:
    """Read the results file beside a samples file.

    Raises:
        AnytimeError: It is not there, or cannot be read.
    """
    place = results_place(samples)
    if not _SAMPLES.fullmatch(unpacked(samples).name) and not place.results.is_file():
        raise AnytimeError(
            f"{samples} is not named as lm-eval names its samples, samples_TASK_DATE.jsonl, and "
            f"has no {place.results.name} beside it: keep the name, by which its results_DATE.json "
            f"is found"
        )
    return header_of(place, read_results(place.results, samples))


def header_of(place: Place, results: Mapping[str, Any]) -> Header:
    """What a results file tells of one of its samples files.

    Raises:
        AnytimeError: The file holds several tasks, and the samples file's name tells none.
    """
    task = _task(place, results["configs"])
    config = results["configs"].get(task) or {}
    began = {
        "created": _date(results.get("date")),
        "version": results.get("lm_eval_version"),
        "sampling": _sampling(config.get("generation_kwargs") or {}),
        "settings": _settings(results, config),
    }
    model = _model(results.get("config") or {})
    metadata = config.get("metadata") or {}
    return Header(place.results, task, place.run, config, metadata, model, began)


def _task(place: Place, configs: Mapping[str, Any]) -> str:
    if place.task is not None and (place.task in configs or _DATE.fullmatch(place.run)):
        return place.task
    if len(configs) == 1:
        return str(next(iter(configs)))
    named = f"{place.task or ''}_{place.run}_"
    if found := [task for task in configs if named.lstrip("_").startswith(f"{task}_")]:
        return max(found, key=len)
    raise AnytimeError(
        f"{place.results} is of {len(configs)} tasks, and the name of the samples beside it tells "
        f"none of them: name them as lm-eval does, samples_TASK_{place.run}.jsonl"
    )


def read_results(path: Path, samples: Path) -> dict[str, Any]:
    """The results file of a samples file.

    Raises:
        AnytimeError: It is not there, or cannot be read.
    """
    try:
        results = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise AnytimeError(
            f"{samples} has no {path.name} beside it, which tells its budgets and dataset: keep "
            f"the two files together"
        ) from None
    except OSError as error:
        raise AnytimeError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise AnytimeError(f"{path} is damaged: it is no JSON object") from None
    if not isinstance(results, dict) or not isinstance(results.get("configs"), dict):
        raise AnytimeError(f"{path} is no results file of lm-eval")
    return results


_TOLD = frozenset(
    (
        *("anytime", "config_source", "dataset", "method", "note", "revision", "until", "version"),
        *("budgets", "mode", "population", "split", "trace_store", "traces"),
        *MODE_OPTIONS,
        *IndexOptions._fields,
        *_NAMES,
    )
)
"""What is told of a run elsewhere."""


def _settings(results: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, str]:
    """What a results file says a run was asked with."""
    told = results.get("config") or {}
    around = {
        "system_instruction": results.get("system_instruction"),
        "chat_template": results.get("chat_template_sha"),
        "fewshot_as_multiturn": results.get("fewshot_as_multiturn") or None,
        "num_fewshot": config.get("num_fewshot"),
    }
    return asked_with(
        config.get("metadata"),
        around,
        _arguments(told.get("model_args")),
        config.get("generation_kwargs"),
        _arguments(told.get("gen_kwargs")),
        without=_TOLD,
    )


def _arguments(given: Any) -> Mapping[str, Any]:
    """Arguments as lm-eval logs them: a mapping, or what was typed."""
    if isinstance(given, str):
        return dict(part.split("=", 1) for part in given.split(",") if "=" in part)
    return given if isinstance(given, Mapping) else {}


def _model(config: Mapping[str, Any]) -> str:
    """Who was asked: `hf/gpt2`, or the kind of model alone where it has no name."""
    kind = str(config.get("model"))
    given = _arguments(config.get("model_args"))
    names = [given[name] for name in _NAMES if given.get(name)]
    return f"{kind}/{names[0]}" if names else kind


def _date(seconds: Any) -> str | None:
    """When lm-eval began, from what it logs: seconds since 1970."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _sampling(arguments: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: value
        for name in ("temperature", "top_p", "top_k")
        if isinstance(value := arguments.get(name), int | float)
    }
