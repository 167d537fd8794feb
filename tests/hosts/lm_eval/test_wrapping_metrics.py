"""What becomes of a task's metrics at every budget: qualities, other numbers, what is no number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.lm_eval_tasks import BUDGETS, Speaking, erratic, manager, run, table

pytestmark = pytest.mark.usefixtures("generated")

OWN = """
task: {name}
dataset_path: openai/gsm8k
output_type: generate_until
test_split: test
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
process_results: !function own.process_results
generation_kwargs: {{until: "###", do_sample: false}}
metric_list:
  - {{metric: good, aggregation: mean, higher_is_better: true}}
  - {{metric: kind, aggregation: mean, higher_is_better: true}}
  - {{metric: error, aggregation: mean, higher_is_better: false}}
  - {{metric: length, aggregation: mean, higher_is_better: {shorter}}}
  - {{metric: spread, aggregation: !function own.spread, higher_is_better: true}}
"""

FUNCTIONS = """
def process_results(doc, results):
    (text,) = results
    good = text.count("1") > 0
    found = {"good": good, "error": 1 - good, "length": len(text)}
    found["spread"] = (len(text), doc["question"])
    return found | ({"kind": 0.5} if "0" in doc["question"] else {})

def spread(items):
    lengths = [length for length, _ in items]
    return max(lengths) - min(lengths)
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A task whose metrics are of every kind."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "own.py").write_text(FUNCTIONS)
    (folder / "odd.yaml").write_text(OWN.format(name="odd", shorter="false"))
    (folder / "long.yaml").write_text(OWN.format(name="long", shorter="true"))
    return folder


@pytest.mark.parametrize("name", ["odd", "long"])
def test_only_qualities_have_an_index_and_the_rest_their_values(own: Path, name: str) -> None:
    """Errors are none, and lengths are none whether longer is said to be better or not."""
    task = f"anytime:{name}"
    model = Speaking(erratic)
    results = run(model, [task], manager(also=own), limit=6)
    assert all(kwargs["until"] == ["###"] for _, kwargs in model.asked), "one word, not three"
    found = {key.removesuffix(",none") for key in table(results, task) if "stderr" not in key}
    index = {f"anytime_index{what}" for what in ("", "_low", "_high", "_plugin", "_raw")}
    drift = {"drift", "drift_low", "drift_high"}
    ours = {*index, *drift, "final", "average", "overthinking"}
    metrics = ("good", "kind", "error", "length", "spread")
    expected = {f"{m}@{b}" for m in metrics for b in BUDGETS} | {*metrics}
    expected |= {f"{metric}_{name}" for metric in ("good", "kind") for name in ours}
    assert found - {"alias", "name", "sample_len"} == expected | {
        "leaked_reasoning_tokens",
        "answer_tokens",
        "failed",
    }
    lines = results["samples"][task]
    lengths = [line["length@8"] for line in lines]
    assert table(results, task)["spread@8,none"] == max(lengths) - min(lengths)
    assert isinstance(lines[0]["good@8"], bool), "one trace: the task's own value"
    assert "kind@8" in lines[0]
    assert "kind@8" not in lines[1]
    assert table(results, task)["kind_final,none"] == 0.5
    wrap = results["configs"][task]["metadata"]["anytime_wrap"]
    assert wrap["scorers"] == ["good,none", "kind,none"]


def test_ranks_agree_on_names_whatever_their_values(own: Path) -> None:
    """So a length has an index there, which is no number."""
    whole = run(Speaking(erratic), ["anytime:long"], manager(also=own), limit=4)
    task = manager(also=own).load(["anytime:long"])["tasks"]["anytime:long"]
    task.build_all_requests(limit=4, rank=1, world_size=2)
    for instance in task.instances:
        instance.resps += whole["samples"]["anytime:long"][instance.doc_id]["resps"][0]
    task.apply_filters()
    values = [
        task.process_results(each.doc, [each.filtered_resps["none"]]) for each in task.instances
    ]
    lengths = [value["length_anytime_index"] for value in values]
    assert len(lengths) == 2
    assert np.isnan(task.aggregation()["length_anytime_index"](lengths))
    assert 0 <= values[0]["good_anytime_index"] <= 1
    assert task.config.metadata["anytime_wrap"]["scorers"] == ["good,none"]


def test_what_is_no_number_cannot_be_averaged_over_traces(own: Path) -> None:
    with pytest.raises(SystemExit, match=r"spread is no number but a tuple .* use traces=1"):
        run(Speaking(erratic), ["anytime:odd"], manager(also=own, traces=2), limit=2)
    yaml = (own / "odd.yaml").read_text()
    (own / "odd.yaml").write_text(yaml.replace("!function own.spread", "bleu"))
    model = Speaking(erratic)
    with pytest.raises(SystemExit, match="spread of anytime:odd is computed over all documents"):
        run(model, ["anytime:odd"], manager(also=own, traces=2), limit=2)
    assert model.asked == []


GROUP = """
group: sums
group_alias: Sums
task: [gsm8k, {group: inner, task: [gsm8k_cot]}]
aggregate_metric_list:
  - {metric: exact_match, weight_by_size: true, filter_list: [strict-match, flexible-extract]}
"""


def test_a_group_sums_up_its_tasks_at_every_budget(tmp_path: Path) -> None:
    (tmp_path / "sums.yaml").write_text(GROUP)
    known = manager("gsm8k", also=tmp_path)
    results = run(Speaking(erratic), ["anytime:sums"], known, limit=6)
    tasks = ["anytime:gsm8k", "anytime:gsm8k_cot"]
    assert set(results["samples"]) == set(tasks)
    assert results["group_subtasks"] == {
        "anytime:sums": ["anytime:gsm8k", "anytime:sums::inner"],
        "anytime:sums::inner": ["anytime:gsm8k_cot"],
    }
    group = results["groups"]["anytime:sums"]
    assert group["alias"] == "anytime:Sums"
    for at in ("", "@4", "@8", "@32"):
        each = [results["results"][task][f"exact_match{at},flexible-extract"] for task in tasks]
        assert group[f"exact_match{at},flexible-extract"] == pytest.approx(np.mean(each))
    assert not any("index" in key for key in group), "no mean of the tasks' own"
