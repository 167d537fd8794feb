"""A real transformer, tiny and built here, through lm-eval's `hf` model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anytime.domains.gpqa import GPQA
from tests.lm_eval_logs import by_hand
from tests.lm_eval_runs import Cli, checkpoints, evaluate, numbers, samples
from tests.tiny_transformer import byte_pairs, contexts_of, hf, of_characters

pytestmark = pytest.mark.slow

TASK = "anytime_gpqa_builtin"
CUE = GPQA.cue(GPQA.load("builtin", None, 0).problems[0])
KNOBS = {"budgets": "0,5,12,24", "answer_tokens": 6}


@pytest.mark.parametrize("model_folder", [of_characters, byte_pairs], indirect=True)
@pytest.mark.parametrize("template", [False, True], ids=["plain", "template"])
@pytest.mark.parametrize("sampled", [False, True], ids=["greedy", "sampled"])
def test_the_prefix_is_exactly_the_first_ids_of_the_trace(
    model_folder: Path, template: bool, sampled: bool
) -> None:
    model = hf(model_folder)
    asked = contexts_of(model)
    gen_kwargs = {"temperature": 1.0} if sampled else None
    knobs = {**KNOBS, "traces": 2}
    results = evaluate(
        TASK, model, knobs, limit=3, apply_chat_template=template, gen_kwargs=gen_kwargs
    )
    cuts = 0
    for sample in samples(results, TASK).values():
        prompt = sample["arguments"][0][0]
        assert prompt.endswith("[assistant]" if template else "\n\n")
        assert len({text for text, _ in sample["resps"][0]}) == (2 if sampled else 1)
        trace = sample["resps"][0][0][0]
        ids = model.tok_encode(trace)
        forced = [point for point in checkpoints(sample) if point["forced"]]
        cuts += len(forced)
        for point in forced:
            prefix = model.tok_decode(ids[: point["tokens"]])
            assert trace.startswith(prefix)
            between = "\n\n" if prefix else ""
            assert f"{prompt}{prefix}{between}{CUE.begin}" in asked
            # Counted as the trace is, in all the text that came back; its first answer is graded.
            said = point["answer"].removeprefix(CUE.begin)
            assert len(model.tok_encode(said)) <= point["answer_tokens"] <= 6
    assert cuts >= 3 * 3  # a sampled trace may have ended at once


def test_batch_size_changes_nothing(model_folder: Path) -> None:
    tables = [
        numbers(evaluate(TASK, hf(model_folder, size), KNOBS, limit=4), TASK) for size in (1, 8)
    ]
    assert tables[0] == tables[1]


def test_reprompt_goes_through_the_template(model_folder: Path) -> None:
    model = hf(model_folder)
    asked = contexts_of(model)
    knobs = {**KNOBS, "continuation": "reprompt"}
    evaluate(TASK, model, knobs, limit=1, apply_chat_template=True)
    assert any(context.endswith(f"[user]{CUE.ask}[assistant]") for context in asked)


def test_what_does_not_fit_is_refused(model_folder: Path) -> None:
    with pytest.raises(SystemExit, match="of the model's 4096"):
        evaluate(TASK, hf(model_folder), {"budgets": "64,4096"}, limit=1)


def results_in(folder: Path) -> tuple[dict[str, float], list[Any]]:
    (file,) = folder.rglob("results_*.json")
    (records,) = folder.rglob("samples_*.jsonl")
    table = json.loads(file.read_text())["results"][TASK]
    rows = [json.loads(line) for line in records.read_text().splitlines()]
    return table, sorted([row["doc"]["id"], row["resps"]] for row in rows)


def test_two_processes_give_the_results_of_one(
    cli: Cli, model_folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("accelerate", reason="accelerate is not installed")
    words = (  # 5 problems: one rank is padded
        *("--model", "hf", "--model_args", f"pretrained={model_folder},dtype=float32"),
        *("--tasks", TASK, "--limit", 5, "--device", "cpu", "--log_samples"),
        *("--metadata", json.dumps({**KNOBS, "traces": 2})),
    )
    alone = cli("lm_eval", *words, "--output_path", "one")
    assert alone.returncode == 0, alone.stderr
    launch = ("accelerate", "launch", "--cpu", "--num_processes", "2", "-m", "lm_eval")
    both = cli(*launch, *words, "--output_path", "two")
    assert both.returncode == 0, both.stderr
    assert results_in(tmp_path / "one") == results_in(tmp_path / "two")


def test_a_logged_chat_is_handed_back_by_the_command(
    model_folder: Path, cli: Cli, tmp_path: Path
) -> None:
    prompt = {"arg_0": [json.dumps([{"role": "user", "content": "Find 0."}])]}
    arguments = {"gen_args_0": prompt | {"arg_1": {"do_sample": False, "until": ["[user]"]}}}
    path = by_hand(tmp_path / "in", "It may be \\boxed{0}, or not.", arguments=arguments)
    done = cli(
        *("anytime", "annotate", path, "-o", "out", "--domain", "aime", "--budgets", "4,12,32"),
        *("--model", "hf", "--model-args", f"pretrained={model_folder},device=cpu,dtype=float32"),
    )
    assert done.returncode == 0, done.stderr
    assert "1 trace, budgets 4,12,32" in done.stdout
    (line,) = map(json.loads, (tmp_path / "out" / path.name).read_text().splitlines())
    (record,) = line["anytime"]["records"]
    assert record["tokens"] == len("It may be \\boxed{0}, or not.")  # a token for every character
    first, second, own = record["checkpoints"]
    assert (first["end"], second["end"]) == (4, 12)
    for point in (first, second):
        assert point["answer"].startswith("My time is up") or "boxed{" in point["answer"]
        assert (point["cut"], point["continuation"]) == ("tokenizer", "prefill")
        assert point["answer_tokens"] > 0
    assert not own["forced"]
