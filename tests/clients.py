"""The trip task through each harness's own clients of a service, and what came of it, alike."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai import eval_retry
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import get_model

from anytime.domains.trip import TRIP
from anytime.hosts.inspect_ai.tasks import trip
from tests.lm_eval_runs import evaluate, numbers, samples
from tests.serving import Body, Server

BUDGETS = (64, 128, 256, 512)
PROBLEMS = TRIP.load("builtin", None, 0).problems
QUESTIONS = [TRIP.ask(problem) for problem in PROBLEMS]
TASK = "anytime_trip_builtin"

Client = Literal[
    "openai-api", "openai-api-completions", "local-chat-completions", "local-completions"
]
CLIENTS: tuple[Client, ...] = get_args(Client)
INSPECT = CLIENTS[:2]


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        curves: Quality at each budget by problem, of those that have a curve.
        failed: Why the others have none, by problem.
        share: `failed` as the result tells it.
        index: As the result tells it; None where it tells none.
        records: Checkpoints and all that is told of a trace, by problem.
        told: What was warned of.
        log: Inspect's.
    """

    curves: dict[str, tuple[float, ...]]
    failed: dict[str, str]
    share: float
    index: float | None
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: str = ""
    log: EvalLog | None = None


@dataclass(frozen=True)
class Clients:
    """Runs the task.

    Attributes:
        server: What is asked.
        folder: For logs and stores.
        tokenizer: A file that splits as the built-in models count.
        caplog: What is warned of.
        known: Clean runs of this process, which nobody may change.
    """

    server: Server
    folder: Path
    tokenizer: str
    caplog: pytest.LogCaptureFixture
    known: dict[Client, Outcome]

    def clean(self, client: Client, limit: int) -> Outcome:
        """The first so many problems on the planner and a server without faults.

        Run once a process for as many problems as any test asks for: a problem's curve does not
        depend on how many others there are. `share`, `index` and `told` are those of all.
        """
        if client not in self.known or len(self.known[client].curves) < limit:
            assert self.server.faults({}, 0) is None
            self.known[client] = self.run(client, limit)
        found = self.known[client]
        names = [problem.id for problem in PROBLEMS[:limit]]
        return replace(
            found,
            curves={name: found.curves[name] for name in names if name in found.curves},
            failed={name: found.failed[name] for name in names if name in found.failed},
            records={name: found.records[name] for name in names},
        )

    def run(self, client: Client, limit: int, *, exact: bool = True, **options: Any) -> Outcome:
        """Run the first so many problems.

        Args:
            client: Who asks.
            limit: How many problems.
            exact: Ask for token texts, in Inspect; lm-eval has a tokenizer.
            options: `cache` in Inspect; `store`, `batch_size`, `num_concurrent` in lm-eval.
        """
        self.caplog.clear()
        if client in INSPECT:
            return self._inspect(client, limit, exact, bool(options.get("cache")))
        return self._lm_eval(client, limit, options)

    def resume(self, client: Client, before: Outcome, limit: int, **options: Any) -> Outcome:
        """Run again what failed, as each harness has it."""
        if before.log is None:
            return self.run(client, limit, **options)
        self.caplog.clear()
        (log,) = eval_retry(before.log, log_dir=str(self.folder), display="none")
        return _of_inspect(read_eval_log(log.location), self.caplog.text)

    def _inspect(self, client: Client, limit: int, exact: bool, cache: bool) -> Outcome:
        (log,) = inspect_eval(
            trip(dataset="builtin", budgets=list(BUDGETS)),
            model=get_model(
                f"{client}/planner/planner",
                base_url=self.server.url,
                memoize=False,
                max_retries=0,
            ),
            limit=limit,
            seed=1,
            logprobs=exact or None,
            cache=cache,
            max_retries=0,
            fail_on_error=False,
            log_dir=str(self.folder),
            display="none",
        )
        return _of_inspect(log, self.caplog.text)

    def _lm_eval(self, client: Client, limit: int, options: dict[str, Any]) -> Outcome:
        chat = client == "local-chat-completions"
        arguments = {
            "model": "planner",
            "base_url": f"{self.server.url}/{'chat/completions' if chat else 'completions'}",
            "tokenizer_backend": None,
            "num_concurrent": options.get("num_concurrent", 4),
            "max_retries": 1,
            "seed": 1,
        }
        store = {"trace_store": str(self.folder / "store.jsonl")} if options.get("store") else {}
        knobs = {"budgets": ",".join(map(str, BUDGETS)), "tokenizer": self.tokenizer, **store}
        results = evaluate(
            TASK,
            client,
            knobs,
            model_args=arguments,
            limit=limit,
            apply_chat_template=chat,
            batch_size=options.get("batch_size", 1),
            use_cache=str(self.folder / "cache") if options.get("cache") else None,
        )
        return _of_lm_eval(results, self.caplog.text)


def _of_inspect(log: EvalLog, told: str) -> Outcome:
    metrics = {
        name: metric.value
        for score in (log.results.scores if log.results else [])
        for name, metric in score.metrics.items()
        if score.name == "curve"
    }
    curves, failed, records = {}, {}, {}
    for sample in log.samples or []:
        name = str(sample.id)
        records[name] = dict(sample.store.get("anytime") or {})
        if sample.error is not None:
            failed[name] = sample.error.message
        elif sample.scores:
            value: Any = sample.scores["curve"].value
            curves[name] = tuple(value[f"q@{budget}"] for budget in BUDGETS)
    index = metrics.get("anytime_index")
    known = index is not None and index == index
    return Outcome(
        curves, failed, metrics.get("failed", 1.0), index if known else None, records, told, log
    )


def _of_lm_eval(results: dict[str, Any], told: str) -> Outcome:
    table = numbers(results, TASK)
    curves, failed, records = {}, {}, {}
    for name, sample in samples(results, TASK).items():
        records[name] = json.loads(sample["resps"][0][0][1])
        if sample["failed"]:
            points = records[name]["checkpoints"]
            failed[name] = ", ".join(
                dict.fromkeys(point["failed"] for point in points if point.get("failed"))
            )
            assert "q@64" not in sample, "no zero in its place"
        else:
            curves[name] = tuple(sample[f"q@{budget}"] for budget in BUDGETS)
    return Outcome(curves, failed, table["failed"], table.get("anytime_index"), records, told)


def problem_of(body: Body) -> int:
    """Which problem a request is about."""
    said = body["messages"][0]["content"] if "messages" in body else body["prompt"]
    text = said if isinstance(said, str) else json.dumps(said)
    return next(place for place, one in enumerate(PROBLEMS) if one.prompt in text)


def is_forced(body: Body) -> bool:
    """Whether it asks for a forced answer."""
    return int(body.get("max_tokens") or 0) == TRIP.answer_tokens


@pytest.fixture
def clients(
    tmp_path: Path,
    tokenizer_file: str,
    clean_runs: dict[Client, Outcome],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Clients]:
    """A server with the planner behind it, and the four clients."""
    from anytime.models import load_model
    from tests.serving import serving

    monkeypatch.setenv("PLANNER_API_KEY", "none")
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache-of-inspect"))
    caplog.set_level(logging.WARNING)
    with serving(load_model("planner", {}), questions=QUESTIONS) as server:
        yield Clients(server, tmp_path, tokenizer_file, caplog, clean_runs)


@pytest.fixture(scope="session")
def clean_runs() -> dict[Client, Outcome]:
    return {}


@pytest.fixture(scope="session")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tokenizer.json that splits as the planner counts."""
    pytest.importorskip("tokenizers")
    return splitting(tmp_path_factory.mktemp("tokenizer"))


def splitting(folder: Path) -> str:
    """Write a tokenizer.json that splits as the planner counts."""
    import tokenizers

    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    pattern = tokenizers.Regex(r" ?[^\W\d_]+| ?\d+| ?[^\w\s]|[\s\S]")
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Split(pattern, "isolated")
    file = folder / "tokenizer.json"
    tokenizer.save(str(file))
    return str(file)
