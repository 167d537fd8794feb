"""`anytime:NAME` as users type it: the command line, a real transformer, real rows."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from anytime.domains.aime import AIME
from tests.lm_eval_runs import Cli
from tests.lm_eval_tasks import ROWS, TASKS, Speaking, loader, manager, run, texts_at
from tests.tiny_transformer import contexts_of, hf
from tests.warmed import command

DATA = Path(__file__).parents[3].parent / "shared" / "data"

needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="real data is absent: ../shared/data beside the repository"
)

YAML = """
include: {include}
task: {name}
dataset_path: json
dataset_name: null
dataset_kwargs:
  data_files: {{train: {rows}, test: {rows}}}
"""


def own_task(folder: Path, base: str, name: str, rows: list[dict[str, Any]], more: str = "") -> str:
    """A task of lm-eval's on rows of a file, as `--include_path` finds it."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = YAML.format(include=TASKS / base, name=name, rows=file)
    (folder / f"{name}.yaml").write_text(text + more)
    return str(folder)


@pytest.fixture
def warm(tmp_path: Path) -> Cli:
    """As `cli`, without what happens when an interpreter starts."""
    return lambda *words: command(words, tmp_path)


@pytest.mark.slow
def test_a_run_its_summary_and_a_comparison(warm: Cli, tmp_path: Path) -> None:
    """On our built-in problems, which the simulator knows once a task of ours was loaded."""
    problems = AIME.load("builtin", "test", 0).problems
    rows = [{"ID": p.id, "asked": AIME.ask(p), "Answer": p.gold} for p in problems]
    words = 'doc_to_text: "{{asked}}"\nfewshot_split: train\n'
    folder = own_task(tmp_path / "own", "aime/aime24.yaml", "mine", rows, words)
    done = warm(
        *("lm_eval", "--model", "anytime-simulated", "--include_path", folder, "--limit", 5),
        *("--tasks", "anytime_aime_builtin,anytime:mine", "--log_samples", "--output_path", "out"),
        *("--metadata", '{"budgets": "256,1024,4096", "traces": 2}'),
    )
    assert done.returncode == 0, done.stderr
    for name in ("exact_match@256", "exact_match", "anytime_index"):
        assert f"|{name}" in done.stdout
    (file,) = (tmp_path / "out").rglob("results_*.json")
    measured = json.loads(file.read_text())["results"]["anytime:mine"]
    # 0 throughout here: the table leaves it out and says so, the file has it.
    assert measured["leaked_reasoning_tokens,none"] == 0
    assert "that are 0 throughout, and" in done.stdout
    assert "|anytime:mine " in done.stdout
    samples = sorted(str(file) for file in (tmp_path / "out").rglob("samples_*.jsonl"))
    assert "samples_anytime:mine_" in samples[0]
    summary = warm("anytime", "summary", "--json", samples[0])
    assert summary.returncode == 0, summary.stderr
    (one,) = json.loads(summary.stdout)
    assert (one["scorer"], one["problems"], one["traces"]) == ("exact_match,none", 5, 10)
    assert 0 < one["anytime_index"] < 1
    written = warm("anytime", "results", samples[0], "-o", "rows.jsonl")
    assert "30 rows of 1 run" in written.stdout, written.stderr


@pytest.mark.slow
def test_validate_and_unknown_names(warm: Cli) -> None:
    done = warm("lm_eval", "validate", "--tasks", "anytime:gsm8k,anytime:minerva_math,gsm8k")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All tasks found and valid" in done.stdout
    for name, sentence in {
        "anytime:gsm9k": "did you mean anytime:gsm8k",
        "anytime:leaderboard": "anytime:leaderboard holds leaderboard_mmlu_pro, leaderboard_bbh_",
        "anytime:anytime_aime": "show every budget as it is",
    }.items():
        done = warm("lm_eval", "--model", "anytime-guesser", "--tasks", name)
        assert done.returncode == 1
        assert sentence in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_without_the_hook_there_is_no_prefix(cli: Cli) -> None:
    words = ("lm_eval", "validate", "--tasks", "anytime:gsm8k")
    done = cli(*words, ANYTIME_LM_EVAL_HOOK="0")
    assert done.returncode == 1
    assert "Tasks not found: anytime:gsm8k" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("continuation", ["prefill", "reprompt"])
def test_a_real_transformer_with_its_chat_template(
    model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    continuation: str,
) -> None:
    monkeypatch.setattr("datasets.load_dataset", loader(tmp_path))
    model = hf(model_folder)
    asked = contexts_of(model)
    knobs = {"budgets": "4,12,24", "answer_tokens": 6, "continuation": continuation}
    task = "anytime:gsm8k_cot"
    results = run(
        model,
        [task],
        manager("gsm8k_cot", cue=" The answer is", **knobs),
        limit=2,
        num_fewshot=2,
        apply_chat_template=True,
        fewshot_as_multiturn=True,
    )
    cuts = 0
    for line in results["samples"][task][:2]:
        prompt = line["arguments"][0][0]
        assert prompt.count("[user]Q: ") == 3
        assert prompt.endswith("[assistant]")
        trace, record = line["resps"][0][0]
        for point in json.loads(record)["checkpoints"]:
            if not point["forced"]:
                continue
            cuts += 1
            cut = trace[: point["end"]]
            if continuation == "prefill":
                assert f"{prompt}{cut} The answer is" in asked
            else:
                assert any(c.startswith(f"{prompt}{cut}[user]Your time is up") for c in asked)
    assert cuts >= 3


@pytest.mark.slow
def test_two_processes_give_the_results_of_one(
    cli: Cli,
    model_folder: Path,
    tmp_path: Path,
) -> None:
    pytest.importorskip("accelerate", reason="accelerate is not installed")
    rows = ROWS["openai/gsm8k"]["test"]
    folder = own_task(tmp_path / "own", "gsm8k/gsm8k-cot.yaml", "mine", rows, "num_fewshot: 1\n")
    words = (  # 5 documents: one rank is padded
        *("--model", "hf", "--model_args", f"pretrained={model_folder},dtype=float32"),
        *("--tasks", "anytime:mine", "--include_path", folder, "--limit", 5, "--device", "cpu"),
        *("--metadata", '{"budgets": "4,12,24", "answer_tokens": 6, "traces": 2}'),
    )
    alone = cli("lm_eval", *words, "--output_path", "one")
    assert alone.returncode == 0, alone.stderr
    launch = ("accelerate", "launch", "--cpu", "--num_processes", "2", "-m", "lm_eval")
    both = cli(*launch, *words, "--output_path", "two")
    assert both.returncode == 0, both.stderr
    tables = []
    for name in ("one", "two"):
        (file,) = (tmp_path / name).rglob("results_*.json")
        tables.append(json.loads(file.read_text())["results"]["anytime:mine"])
    assert tables[0] == tables[1]
    assert "anytime_index,strict-match" in tables[0]


@needs_data
def test_real_aime_2024(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = DATA / "aime" / "aime_2024.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    kept = [{"ID": row["id"], "Problem": row["problem"], "Answer": row["answer"]} for row in rows]
    real = {**ROWS, "Maxwell-Jia/AIME_2024": {"train": kept}}
    monkeypatch.setattr("datasets.load_dataset", loader(tmp_path, real))

    def right(context: str, kwargs: Any, call: int) -> str:
        (row,) = [row for row in kept if row["Problem"] in context]
        return f"{'thinking ' * 6}so \\boxed{{{row['Answer']}}}" if len(context) % 3 else "no idea"

    known = manager("aime24")
    results = run(Speaking(right), ["anytime:aime24"], known)
    plain = run(Speaking(right), ["aime24"], known)
    assert results["n-samples"]["anytime:aime24"]["effective"] == 30
    score = plain["results"]["aime24"]["exact_match,none"]
    assert results["results"]["anytime:aime24"]["exact_match,none"] == score
    assert 0 < score < 1


@needs_data
def test_real_gpqa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (DATA / "gpqa" / "gpqa_diamond_sample.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    real = {**ROWS, "Idavidrein/gpqa": {"train": rows}}
    monkeypatch.setattr("datasets.load_dataset", loader(tmp_path, real))
    known = manager("gpqa_diamond_cot_zeroshot")
    task = "anytime:gpqa_diamond_cot_zeroshot"

    def chosen(context: str, kwargs: Any, call: int) -> str:
        return f"{'thinking ' * 6}The answer is ({'ABCD'[len(context) % 4]})."

    results = run(Speaking(chosen), [task], known)
    assert len(texts_at(results, task, 0)) == 60
    found = results["results"][task]
    assert 0.1 < found["exact_match@32,flexible-extract"] < 0.5
    assert found["exact_match@32,flexible-extract"] == found["exact_match,flexible-extract"]
