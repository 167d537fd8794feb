"""What stands in the exports: every number where it belongs, and nothing that must not."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from huggingface_hub import parse_eval_result_entries
from markdown_it import MarkdownIt

from anytime.errors import AnytimeError
from anytime.results.exports.every_eval_ever import planned, write_records
from anytime.results.exports.hf_eval_results import (
    check_one_model,
    entries,
    files_by_model,
    targets,
    write_yaml,
)
from anytime.results.exports.leaderboard import to_csv, to_markdown
from anytime.results.exports.measuring import measure
from anytime.results.exports.naming import About, named
from anytime.results.exports.origins import asked, hub_datasets, official_url
from tests.finished import FALLING, RISING, Finished, Quality, info

ABOUT = About(retrieved=1750000000)


def exported(folder: Path, *runs: Finished, about: About = ABOUT) -> list[dict[str, Any]]:
    plan = planned(runs, folder, about, force=False)
    written = write_records(runs, folder, plan, about)
    return [json.loads(path.read_text()) for path, _ in written]


def lines_of(folder: Path, record: dict[str, Any]) -> list[dict[str, Any]]:
    data = (folder / record["detailed_evaluation_results"]["file_path"]).read_bytes()
    return [json.loads(line) for line in data.splitlines()]


def by_id(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {result["evaluation_result_id"]: result for result in record["evaluation_results"]}


def scores(record: dict[str, Any]) -> dict[str, float]:
    return {name: one["score_details"]["score"] for name, one in by_id(record).items()}


def test_a_record_has_every_number_of_the_run(tmp_path: Path) -> None:
    run = Finished(info(), RISING)
    (record,) = exported(tmp_path, run)
    (one,) = measure(run)
    numbers = one.summary.summary
    assert scores(record) == {
        "aime:anytime_index": numbers.anytime_index,
        "aime:anytime_index_plugin": numbers.plugin,
        "aime:anytime_index_raw": numbers.raw,
        "aime:q@10": 0,
        "aime:q@20": 0.375,
        "aime:q@40": 0.75,
        "aime:final": 0.75,
        "aime:average": 0.375,
        "aime:drift": 0,
        "aime:overthinking": 0,
        "aime:unparsed": 0,
    }
    index = by_id(record)["aime:anytime_index"]
    assert index["metric_config"]["metric_parameters"] == {
        "envelope": "mean",
        "scale": "linear",
        "q_max": 1.0,
        "estimator": "crossfit",
        "budgets": "10,20,40",
    }
    interval = index["score_details"]["uncertainty"]["confidence_interval"]
    assert (interval["lower"], interval["upper"]) == numbers.interval
    assert index["score_details"]["uncertainty"]["num_samples"] == 2
    at = by_id(record)["aime:q@20"]
    assert at["metric_config"]["metric_kind"] == "accuracy"
    assert at["metric_config"]["metric_parameters"] == {"budget": 20}
    assert at["generation_config"]["additional_details"]["budget"] == "20"
    # The two problems have 0.5 and 0.25 there.
    error = at["score_details"]["uncertainty"]["standard_error"]["value"]
    assert error == pytest.approx(math.sqrt(2 * 0.125**2) / math.sqrt(2))
    lower = {name for name, one in by_id(record).items() if one["metric_config"]["lower_is_better"]}
    assert lower == {"aime:drift", "aime:overthinking", "aime:unparsed"}


def test_a_record_says_where_the_run_is_from(tmp_path: Path) -> None:
    sampled = info(sampling={"temperature": 0.6}, log="/home/me/secret/a.eval")
    about = About(1750000000, "Lab", "third_party", availability="closed_weights")
    (record,) = exported(tmp_path, Finished(sampled, RISING), about=about)
    assert record["evaluation_timestamp"] == "1767323045"
    assert record["retrieved_timestamp"] == "1750000000"
    assert record["eval_library"]["name"] == "inspect_ai"
    assert record["eval_library"]["version"] == "0.3"
    assert record["source_metadata"]["source_organization_name"] == "Lab"
    assert record["source_metadata"]["evaluator_relationship"] == "third_party"
    assert record["model_info"]["id"] == "openai/gpt-4.1"
    assert record["model_info"]["additional_details"]["model_availability"] == "closed_weights"
    result = record["evaluation_results"][0]
    assert result["source_data"]["hf_repo"] == "math-ai/aime25"
    assert result["generation_config"]["generation_args"] == {"temperature": 0.6}
    assert "secret" not in json.dumps(record)


def test_lines_are_counted_summed_and_joined(tmp_path: Path) -> None:
    (record,) = exported(tmp_path, Finished(info(), RISING))
    told = record["detailed_evaluation_results"]
    data = (tmp_path / told["file_path"]).read_bytes()
    assert told["checksum"] == hashlib.sha256(data).hexdigest()
    lines = lines_of(tmp_path, record)
    assert told["total_rows"] == len(lines) == 2 * 2 * 3
    assert {line["evaluation_id"] for line in lines} == {record["evaluation_id"]}
    assert {line["model_id"] for line in lines} == {record["model_info"]["id"]}
    quality: dict[str, list[float]] = {}
    for line in lines:
        score = line["evaluation"]["score"]
        quality.setdefault(line["evaluation_result_id"], []).append(score)
        assert line["evaluation"]["is_correct"] == (score == 1)
        assert line["output"]["raw"] == ["42"]
        assert line["performance"]["latency_ms"] == 500
        assert all(isinstance(value, str) for value in line["metadata"].values())
    found = scores(record)
    for name, values in quality.items():
        assert sum(values) / len(values) == found[name]


def test_lines_of_one_problem_have_one_hash_whoever_was_asked(tmp_path: Path) -> None:
    a, b = exported(
        tmp_path, Finished(info(), RISING), Finished(info(run="2", model="hf/gpt2"), RISING)
    )
    hashes = [
        {line["sample_id"]: line["sample_hash"] for line in lines_of(tmp_path, record)}
        for record in (a, b)
    ]
    assert hashes[0] == hashes[1]
    assert len(set(hashes[0].values())) == 2
    line = lines_of(tmp_path, a)[0]
    assert line["input"]["reference"] == []
    assert line["sample_hash"] == hashlib.sha256(line["input"]["raw"].encode()).hexdigest()
    assert line["input"]["raw"].startswith("withheld: problem 1 of aime, dataset aime25, revision")


def test_verdicts_of_the_scorers_of_others_are_no_answers(tmp_path: Path) -> None:
    foreign = info(
        domain=None, task="gsm8k", revision=None, dataset="gsm8k", scorers=("match", "judge")
    )
    (record,) = exported(tmp_path, Finished(foreign, RISING, answer="C"))
    names = set(by_id(record))
    assert {"gsm8k/match:anytime_index", "gsm8k/judge:anytime_index", "gsm8k/match:q@10"} <= names
    lines = lines_of(tmp_path, record)
    assert len(lines) == 2 * 2 * 3 * 2
    assert {line["evaluation_result_id"] for line in lines} <= names
    for line in lines:
        assert line["output"]["raw"] == line["answer_attribution"] == []
        assert line["sample_hash"] is None


@pytest.mark.parametrize("quality", [RISING, FALLING])
@pytest.mark.parametrize("q_max", [1.0, 0.5, "achieved"])
@pytest.mark.parametrize("envelope", ["mean", "none", "trace"])
def test_scores_lie_within_their_bounds(
    tmp_path: Path, quality: Any, q_max: Any, envelope: Any
) -> None:
    if q_max == 0.5:  # quality above the full one is refused
        quality = {name: (np.array(traces) / 2).tolist() for name, traces in quality.items()}
    run = Finished(info(q_max=q_max, envelope=envelope), quality)
    (record,) = exported(tmp_path, run)
    for one in record["evaluation_results"]:
        metric = one["metric_config"]
        low, high = float(metric["min_score"]), float(metric["max_score"])
        assert low <= one["score_details"]["score"] <= high
        interval = one["score_details"]["uncertainty"].get("confidence_interval")
        if interval is not None:
            assert low <= interval["lower"] <= interval["upper"] <= high


def test_a_single_problem_has_no_uncertainty(tmp_path: Path) -> None:
    (record,) = exported(tmp_path, Finished(info(), {"1": [[0, 1, 1]]}))
    for one in record["evaluation_results"]:
        assert one["score_details"]["uncertainty"] == {"num_samples": 1}


def test_each_interval_is_that_of_its_own_number(tmp_path: Path) -> None:
    run = Finished(info(), FALLING)
    (record,) = exported(tmp_path, run)
    (one,) = measure(run)
    for name, interval in one.summary.intervals.items():
        if name.startswith("q@") or name == "final":
            continue  # told by their standard errors
        told = by_id(record)[f"aime:{name}"]["score_details"]["uncertainty"]["confidence_interval"]
        assert (told["lower"], told["upper"]) == interval
        assert told["method"].endswith("over problems")


def test_one_run_at_one_time_is_written_the_same(tmp_path: Path) -> None:
    run = Finished(info(), RISING)
    for folder in (tmp_path / "a", tmp_path / "b"):
        exported(folder, run)
    names = [
        {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*.json*")}
        for folder in (tmp_path / "a", tmp_path / "b")
    ]
    assert names[0] == names[1]
    assert len(names[0]) == 2
    later = named(run.info, About(1750000001))
    assert later.file != named(run.info, ABOUT).file


def test_what_is_there_is_kept_and_a_run_is_written_once(tmp_path: Path) -> None:
    run = Finished(info(), RISING)
    exported(tmp_path, run)
    with pytest.raises(AnytimeError, match="is there already: name another directory, or add --f"):
        exported(tmp_path, run)
    planned([run], tmp_path, ABOUT, force=True)
    copy = Finished(info(log="copies/a.eval"), RISING)
    with pytest.raises(AnytimeError, match=r"copies/a.eval is the run in logs/a.eval: name one of"):
        planned([run, copy], tmp_path / "b", ABOUT, force=False)


def test_runs_of_one_table_are_told_apart(tmp_path: Path) -> None:
    runs = [Finished(info(), RISING, method=method) for method in ("cot", "pdp", "leap")]
    records = exported(tmp_path, *runs)
    assert len({record["evaluation_id"] for record in records}) == 3
    details = [one["evaluation_results"][0]["generation_config"] for one in records]
    assert [one["additional_details"]["method"] for one in details] == ["cot", "pdp", "leap"]


def test_where_one_run_fails_nothing_is_left(tmp_path: Path) -> None:
    torn = Finished(info(run="2"), {"1": [[0, 1, 1]], "2": []})
    torn.budgets = (10, 20)  # and three grades
    with pytest.raises(ValueError, match="zip"):
        exported(tmp_path / "new", Finished(info(), RISING), torn)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("model", "id_", "developer", "engine", "deployment"),
    [
        ("vllm/Qwen/Qwen3-8B", "Qwen/Qwen3-8B", "Qwen", "vllm", "self_deployed"),
        ("hf/gpt2", "gpt2", None, "transformers", "self_deployed"),
        ("hf//home/me/models/mine", "mine", None, "transformers", "self_deployed"),
        ("hf/./models/mine/", "mine", None, "transformers", "self_deployed"),
        ("odd//home/me/models/mine", "mine", None, None, "self_deployed"),
        ("/home/me/models/mine", "mine", None, None, "self_deployed"),
        ("openai/gpt-4.1", "openai/gpt-4.1", "openai", None, "unknown"),
        ("openai-chat-completions/gpt-4.1", "openai/gpt-4.1", "openai", None, "unknown"),
        ("anytime/simulated", "anytime/simulated", "anytime", "anytime", "self_deployed"),
        ("anytime-simulated", "anytime/simulated", "anytime", "anytime", "self_deployed"),
        ("mystery", "mystery", None, None, "unknown"),
    ],
)
def test_models_are_called_as_on_the_hub(
    model: str, id_: str, developer: str | None, engine: str | None, deployment: str
) -> None:
    found = asked(model)
    assert (found.id, found.developer, found.engine) == (id_, developer, engine)
    assert found.deployment == deployment


def test_names_make_paths_everywhere() -> None:
    odd = info(domain=None, task="../we ird:task?", model="lab/a model:v1")
    names = named(odd, ABOUT)
    assert names.folder == "data/anytime-.._we_ird_task_/lab/a_model_v1"
    for task in ("x" * 300, "\ud800", "..", "a\x00b"):
        (part,) = named(info(domain=None, task=task), ABOUT).folder.split("/")[1:2]
        part.encode()
        assert 8 <= len(part) <= 120
    mine = named(info(model="hf//home/me/mine"), ABOUT._replace(model_id="lab/mine"))
    assert mine.folder == "data/anytime-aime/lab/mine"
    assert mine.evaluation == f"anytime-aime-{mine.file[:8]}/lab_mine/1750000000"
    with pytest.raises(AnytimeError, match="write it as ORGANISATION/MODEL"):
        named(info(), ABOUT._replace(model_id="mine"))


def test_official_sets_are_known_by_their_pins() -> None:
    two = info(revision=f"math-ai/aime25@{'0' * 40} math-ai/aime26@{'1' * 40}", dataset="official")
    assert [one.repo for one in hub_datasets(two)] == ["math-ai/aime25", "math-ai/aime26"]
    gpqa = info(domain="gpqa", dataset="official", revision="41d1")
    assert hub_datasets(gpqa) == []
    assert "gpqa_diamond" in str(official_url(gpqa))
    dev = info(domain="gpqa", dataset="official", revision="41d1", split="dev")
    assert [one.repo for one in hub_datasets(dev)] == ["Idavidrein/gpqa"]
    assert official_url(dev) is None
    assert official_url(info(domain="trip", dataset="builtin", revision="seed 0")) is None


def hub_entries(path: Path, runs: Sequence[Finished], value: Any = "final", **ids: Any) -> Any:
    of = targets(runs, ids.get("dataset_id"), ids.get("task_id"))
    found = [(one, target) for run, target in zip(runs, of, strict=True) for one in measure(run)]
    write_yaml(path, entries(found, value))
    return parse_eval_result_entries(yaml.safe_load(path.read_text()))


def test_entries_are_read_back_by_the_library_of_the_hub(tmp_path: Path) -> None:
    run = Finished(info(), RISING)
    (entry,) = hub_entries(tmp_path / "a.yaml", [run], task_id="aime25")
    assert entry.dataset_id == "math-ai/aime25"
    assert entry.task_id == "aime25"
    assert entry.dataset_revision == "0" * 40
    assert entry.value == 75
    assert entry.date == "2026-01-02T03:04:05Z"
    assert entry.notes.startswith("value: quality 75 % at 40 tokens; Anytime Index ")
    assert "budgets 10,20,40; method cot, interrupt; 2 problems, 4 traces" in entry.notes
    (index,) = hub_entries(tmp_path / "b.yaml", [run], "index", task_id="aime25")
    assert index.value == round(100 * measure(run)[0].summary.summary.anytime_index, 4)
    assert index.notes.startswith("value: Anytime Index ")
    assert "(95 % interval over problems " in index.notes
    over = Finished(info(population="traces"), RISING)
    (index,) = hub_entries(tmp_path / "c.yaml", [over], "index", task_id="aime25")
    assert "(95 % interval over traces " in index.notes


def test_the_diamond_set_is_known_by_its_name_on_the_hub(tmp_path: Path) -> None:
    diamond = info(domain="gpqa", dataset="official", revision="41d1", scorers=("gpqa",))
    (entry,) = hub_entries(tmp_path / "a.yaml", [Finished(diamond, RISING)])
    assert (entry.dataset_id, entry.task_id) == ("Idavidrein/gpqa", "gpqa_diamond")
    assert entry.dataset_revision is None


def test_a_benchmark_that_is_not_known_has_to_be_named() -> None:
    builtin = Finished(info(dataset="builtin", revision="seed 0"), RISING)
    with pytest.raises(AnytimeError, match=r"not known to be on the Hub: name .* --dataset-id"):
        targets([builtin], None, "t")
    two = info(revision=f"math-ai/aime25@{'0' * 40} math-ai/aime26@{'1' * 40}")
    with pytest.raises(AnytimeError, match=r"are from 2 datasets of the Hub: name .* --dataset-id"):
        targets([Finished(two, RISING)], None, "t")
    (target,) = targets([Finished(two, RISING)], "math-ai/aime26", "t")
    assert target.revision == "1" * 40
    with pytest.raises(AnytimeError, match="name it with --task-id"):
        targets([Finished(info(), RISING)], None, None)
    with pytest.raises(AnytimeError, match="write it as on the Hub"):
        targets([builtin], "aime", "t")
    with pytest.raises(AnytimeError, match="belong to one model's repository"):
        check_one_model([builtin, Finished(info(model="hf/gpt2"), RISING)])


def test_models_of_one_name_do_not_share_a_place_of_the_hub() -> None:
    models = ("vllm/Qwen/Qwen3-8B", "hf/Qwen/Qwen3-8B")
    runs = [Finished(info(model=model), RISING) for model in models]
    found = [
        (one, target)
        for run, target in zip(runs, targets(runs, "a/b", "t"), strict=True)
        for one in measure(run)
    ]
    assert list(files_by_model(Path("hub"), found[:1])) == [
        Path("hub/Qwen/Qwen3-8B/.eval_results/b.yaml")
    ]
    with pytest.raises(AnytimeError, match="would both be written to"):
        files_by_model(Path("hub"), found)


def test_runs_that_share_their_method_are_told_apart_in_a_table() -> None:
    runs = [
        Finished(info(settings={"temperature": heat}, log=f"{heat}.eval"), RISING)
        for heat in ("0", "0.7")
    ]
    measured = [one for run in runs for one in measure(run)]
    head, _, *lines = [line for line in to_markdown(measured).splitlines() if line[:1] == "|"]
    assert head.startswith("| run | task | model | method | index |")
    assert sorted(line.split(" | ")[0] for line in lines) == [
        "| temperature 0",
        "| temperature 0.7",
    ]
    assert to_markdown(measured[:1]).count("| run |") == 0


def test_csv_has_a_line_per_curve_and_a_column_per_budget() -> None:
    runs = [
        Finished(info(), RISING),
        Finished(info(model='a "b", c', scorers=("x", "y")), {"1": [[0, 1]]}, budgets=(20, 80)),
    ]
    text = to_csv([one for run in runs for one in measure(run)])
    first, second, third = csv.DictReader(io.StringIO(text))
    names = [name for name in first if name.startswith("q@")]
    assert names == ["q@10", "q@20", "q@40", "q@80"]
    assert [first[name] for name in names] == ["0.0", "0.375", "0.75", ""]
    assert [second[name] for name in names] == ["", "0.0", "", "1.0"]
    assert (second["scorer"], third["scorer"]) == ("x", "y")
    assert second["model"] == 'a "b", c'
    assert (second["anytime_index_low"], second["problems"], first["traces"]) == ("", "1", "4")
    (over,) = csv.DictReader(
        io.StringIO(to_csv(measure(Finished(info(population="traces"), RISING))))
    )
    assert (first["population"], over["population"]) == ("problems", "traces")
    assert over["anytime_index_low"] != first["anytime_index_low"]


def tables(text: str) -> list[list[list[str]]]:
    """The cells of every table, as a reader sees them."""
    found: list[list[list[str]]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and found and token.level > 2:
            children = token.children or []
            assert all(one.type in ("text", "text_special") for one in children), token.content
            found[-1][-1].append("".join(one.content for one in children))
    return found


def test_the_leaderboard_is_sorted_and_mixes_nothing() -> None:
    worse: Quality = {"1": [[0, 0, 0]], "2": [[0, 0, 1]]}
    runs = [
        Finished(info(), worse, method="cot"),
        Finished(info(), RISING, method="pdp"),
        Finished(info(), {"1": [[0, 1]]}, budgets=(10, 20)),
        Finished(info(dataset="builtin", revision="seed 0"), RISING),
        Finished(info(estimator="plugin"), RISING),
        Finished(info(population="traces"), RISING),
    ]
    text = to_markdown([one for run in runs for one in measure(run)])
    found = tables(text)
    assert sorted(len(table) for table in found) == [2, 2, 2, 2, 3]
    assert text.count("ask about other traces of them (population=traces)") == 1
    (two,) = [table for table in found if len(table) == 3]
    assert two[0][:6] == ["task", "model", "method", "index", "95 %", "final"]
    assert two[0][6:] == ["q@10", "q@20", "q@40", "problems", "traces"]
    assert [row[2] for row in two[1:]] == ["pdp", "cot"]
    assert float(two[1][3]) > float(two[2][3])
    assert "the order of the two is open" in text
    assert text.count("generated stand-ins") == 1


def test_a_leaderboard_says_when_the_problems_differ() -> None:
    other: Quality = {"1": [[0, 0, 0]], "3": [[0, 0, 1]]}
    runs = [Finished(info(), RISING), Finished(info(), other)]
    text = to_markdown([one for run in runs for one in measure(run)])
    assert "were asked different problems" in text
    assert "the order of the two is open" not in text


@pytest.mark.parametrize(
    "name", ["a|b", "a\nb\r\n# c", "`x`", "<b>x</b>", "*x* _y_ __z__", "[x](y)", "a\\|b", "&lt;"]
)
def test_hostile_names_stay_in_their_cells(name: str) -> None:
    run = Finished(info(model=name, dataset=name, revision=name), RISING, method=name)
    ((head, row),) = tables(to_markdown(measure(run)))
    assert len(head) == len(row)
    assert row[1] == row[2] == " ".join(name.split())
