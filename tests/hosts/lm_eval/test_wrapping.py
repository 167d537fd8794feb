"""`anytime:NAME`: a task of lm-eval's own at every budget, with its own prompt and scorer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from anytime.domains.aime import AIME
from anytime.hosts.lm_eval.models import Simulated
from anytime.hosts.lm_eval.records import read_response
from anytime.hosts.lm_eval.task_metrics import Written, judge
from anytime.statistics.curve import Curve
from anytime.statistics.index import anytime_index, index_interval
from tests.lm_eval_runs import evaluate, numbers
from tests.lm_eval_tasks import (
    ANSWER_TOKENS,
    BUDGETS,
    TASKS,
    Speaking,
    by_document,
    erratic,
    manager,
    replaying,
    run,
    table,
    texts_at,
)

GSM8K = "anytime:gsm8k"


pytestmark = pytest.mark.usefixtures("generated")


@pytest.mark.quick("gsm8k-False", "gsm8k_cot-False", "aime24-False")
@pytest.mark.parametrize(
    ("name", "sampled"),
    [
        ("gsm8k", False),
        ("gsm8k_cot", False),
        ("gsm8k_cot_self_consistency", True),
        ("aime24", False),
        ("gpqa_diamond_cot_zeroshot", False),
        pytest.param("gpqa_diamond_generative_n_shot", False, marks=pytest.mark.slow),
    ],
)
def test_every_budget_is_what_lm_eval_says_of_the_same_texts(name: str, sampled: bool) -> None:
    """Plain lm-eval is run with a model that replays the answers at one budget; and its traces."""
    task, known = f"anytime:{name}", manager(name)
    results = run(Speaking(erratic), [task], known, limit=10)
    ours = table(results, task)
    seen = set()
    for place, budget in [(None, None), *enumerate(BUDGETS)]:
        model = replaying(texts_at(results, task, place))  # and so it asks the same prompts
        plain = run(model, [name], known, limit=10)
        at = "" if budget is None else f"@{budget}"
        theirs = table(plain, name)
        for key, value in theirs.items():
            if not key.startswith("exact_match"):
                continue
            metric, _, filter_name = key.partition(",")
            stderr = "_stderr" if metric.endswith("_stderr") else ""
            assert ours[f"exact_match{at}{stderr},{filter_name}"] == value, key
            seen.add(value)
        for where, line in by_document(plain, name).items():
            logged = by_document(results, task)[where]
            assert logged[f"exact_match{at}"] == line["exact_match"]
            assert logged["target"] == line["target"]
    assert len(seen) > 3, "all budgets alike show nothing"
    assert sampled == (results["configs"][task]["repeats"] == 64)


def test_traces_are_groups_of_the_tasks_own_repeats() -> None:
    """Two traces of 64 votes each: what plain lm-eval says of each 64, averaged."""
    task, name = "anytime:gsm8k_cot_self_consistency", "gsm8k_cot_self_consistency"
    results = run(Speaking(erratic), [task], manager(name, traces=2), limit=4)
    texts = texts_at(results, task, 1)
    assert {len(each) for each in texts.values()} == {128}
    halves = [
        run(
            replaying({prompt: each[start : start + 64] for prompt, each in texts.items()}),
            [name],
            manager(name),
            limit=4,
        )
        for start in (0, 64)
    ]
    for filter_name in ("score-first", "maj@64", "maj@8"):
        key = f"exact_match,{filter_name}"
        theirs = [table(half, name)[key] for half in halves]
        assert table(results, task)[f"exact_match@8,{filter_name}"] == pytest.approx(
            np.mean(theirs), abs=1e-12
        )
    for where, line in by_document(results, task).items():
        theirs = [by_document(half, name)[where]["exact_match"] for half in halves]
        assert line["exact_match@8"] == np.mean(theirs)
    assert results["results"][task]["sample_len"] == 4


def test_the_index_is_that_of_the_values_at_the_budgets() -> None:
    results = run(Speaking(erratic), [GSM8K], manager("gsm8k", envelope="problem"), limit=10)
    for filter_name in ("strict-match", "flexible-extract"):
        lines = [line for line in results["samples"][GSM8K] if line["filter"] == filter_name]
        quality = [[float(line[f"exact_match@{b}"]) for b in BUDGETS] for line in lines]
        curve = Curve(BUDGETS, quality)
        mine = {
            key.partition(",")[0]: value
            for key, value in table(results, GSM8K).items()
            if key.endswith(f",{filter_name}")
        }
        low, high = index_interval(curve, envelope="problem")
        assert mine["anytime_index"] == pytest.approx(anytime_index(curve, envelope="problem"))
        assert (mine["anytime_index_low"], mine["anytime_index_high"]) == pytest.approx((low, high))
        assert mine["anytime_index_raw"] == pytest.approx(anytime_index(curve, envelope="none"))
        assert mine["final"] == pytest.approx(np.mean(quality, axis=0)[-1])
        assert mine["average"] == pytest.approx(np.mean(quality))
        assert mine["overthinking"] == np.mean([max(each) > each[-1] for each in quality])
        assert 0 < mine["anytime_index_raw"] <= mine["anytime_index"] < 1
        assert mine["leaked_reasoning_tokens"] == 0
    better = results["higher_is_better"][GSM8K]
    assert better["exact_match@8"]
    assert not better["drift"]


def test_a_task_of_the_same_problems_gives_the_curve_of_our_own() -> None:
    """aime24 with our words, on our built-in problems: the two tasks agree to the last digit."""
    problems = AIME.load("builtin", "test", 0).problems
    rows = [{"ID": p.id, "asked": AIME.ask(p), "Answer": p.gold} for p in problems]
    knobs: dict[str, Any] = {"budgets": "256,1024,4096", "answer_tokens": AIME.answer_tokens}
    known = manager("aime24", cue=AIME.cue(problems[0]).begin, **knobs)
    entry = known.task_index["aime24"]
    entry.cfg = {**(entry.cfg or {}), "doc_to_text": "{{asked}}", "dataset_path": "ours"}
    entry.yaml_path = None
    entry.cfg["process_results"] = _process_results("aime")
    results = evaluate(
        "anytime_aime_builtin", Simulated(), knobs, limit=10
    )  # which tells the model
    ours = numbers(results, "anytime_aime_builtin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasets.load_dataset", _in_memory({"ours": {"train": rows}}))
        wrapped = run(Simulated(), ["anytime:aime24"], known, limit=10)
    theirs = numbers(wrapped, "anytime:aime24")
    assert 0 < ours["anytime_index"] < 1
    for budget in (256, 1024, 4096):
        assert theirs[f"exact_match@{budget}"] == ours[f"q@{budget}"]
    for name in ("anytime_index", "anytime_index_low", "anytime_index_raw", "final", "drift"):
        assert theirs[name] == pytest.approx(ours[name], abs=1e-15)


def _process_results(family: str) -> Any:
    from lm_eval.tasks._yaml_loader import load_yaml

    return load_yaml(TASKS / family / "aime24.yaml", resolve_func=True)["process_results"]


def _in_memory(rows: Mapping[str, Any]) -> Any:
    import datasets

    return lambda path, name=None, **options: datasets.DatasetDict(
        {split: datasets.Dataset.from_list(each) for split, each in rows[path].items()}
    )


def test_a_cut_trace_is_handed_back_behind_the_tasks_own_prompt() -> None:
    """A few-shot prompt is continued to the character; a cue on the same line stays there."""
    model = Speaking(lambda context, kwargs, call: " so it is. " * 5)
    results = run(model, [GSM8K], manager("gsm8k", cue=" The answer is"), limit=1)
    (trace, _), *forced = [(context, kwargs) for context, kwargs in model.asked]
    assert trace.count("Question:") == 6
    assert trace.endswith("What is 0 plus 1?\nAnswer:")
    written = " so it is. " * 5
    (line, _) = results["samples"][GSM8K]
    elicited, _ = read_response(line["resps"][0][0])
    ends = [point.end for point in elicited.checkpoints if point.forced]
    assert len(ends) == len(forced) == 2
    for (context, kwargs), end in zip(forced, ends, strict=True):
        assert context == f"{trace}{written[:end]} The answer is"
        assert kwargs["until"] == ["Question:", "</s>", "<|im_end|>"]
        assert (kwargs["max_gen_toks"], kwargs["temperature"]) == (ANSWER_TOKENS, 0)
    assert elicited.checkpoints[0].answer == " The answer is" + written


def test_the_turns_of_a_chat_template_are_asked_again() -> None:
    model = Speaking(erratic)
    known = manager("gsm8k_cot", cue="The answer is", continuation="reprompt")
    run(
        model,
        ["anytime:gsm8k_cot"],
        known,
        limit=1,
        apply_chat_template=True,
        fewshot_as_multiturn=True,
    )
    trace, first = model.asked[0][0], model.asked[1][0]
    assert trace.count("<user>Q: ") == 9
    assert first.startswith(trace)
    assert first.endswith('that was asked for. Begin with "The answer is".<assistant>')


def test_an_answer_that_the_prompt_begins_is_one_turn_when_it_is_asked_again() -> None:
    known = manager("gsm8k", continuation="reprompt")
    entry = known.task_index["gsm8k"]
    entry.cfg = {**(entry.cfg or {}), "gen_prefix": "Well:"}
    entry.yaml_path = None
    model = Speaking(lambda context, kwargs, call: " one two three four five six")
    run(model, [GSM8K], known, limit=1, num_fewshot=0, apply_chat_template=True)
    trace, first = model.asked[0][0], model.asked[1][0]
    assert trace.endswith("Answer:<assistant>Well:")
    assert first.startswith(f"{trace} one two three")
    assert first.count("<assistant>") == 2
    contract = manager("gsm8k", mode="contract")
    contract.task_index["gsm8k"] = entry
    with pytest.raises(SystemExit, match="gen_prefix"):
        run(model, [GSM8K], contract)


def test_contract_runs_are_told_their_budget() -> None:
    model = Speaking(erratic)
    results = run(model, [GSM8K], manager("gsm8k", mode="contract"), limit=2)
    assert [kwargs["max_gen_toks"] for _, kwargs in model.asked] == [4, 8, 32] * 2
    assert all("You have a budget of" in context for context, _ in model.asked)
    line = results["samples"][GSM8K][0]
    assert line["exact_match"] == line["exact_match@32"]


def test_lengths_of_the_task_give_way_and_those_of_the_user_are_refused() -> None:
    """aime24 names max_gen_toks: 32768."""
    model = Speaking(erratic)
    run(model, ["anytime:aime24"], manager("aime24"), limit=1)
    assert model.asked[0][1]["max_gen_toks"] == 32
    with pytest.raises(SystemExit, match="max_gen_toks in --gen_kwargs would cap"):
        run(model, ["anytime:aime24"], manager("aime24"), limit=1, gen_kwargs="max_gen_toks=64")


def test_what_lm_eval_sets_later_is_seen() -> None:
    model = Speaking(erratic)
    run(
        model,
        [GSM8K],
        manager("gsm8k"),
        limit=1,
        num_fewshot=2,
        gen_kwargs="top_p=0.5",
        system_instruction="Be brief.",
    )
    context, kwargs = model.asked[0]
    assert context.startswith("Be brief.")
    assert context.count("Question:") == 3
    assert kwargs["top_p"] == 0.5


def test_only_answers() -> None:
    results = run(Speaking(erratic), [GSM8K], manager("gsm8k"), limit=2, predict_only=True)
    assert [line["filter"] for line in results["samples"][GSM8K]] == ["none", "none"]
    assert json.loads(results["samples"][GSM8K][0]["resps"][0][0][1])["checkpoints"]


def test_texts_from_anywhere_are_judged_without_a_model() -> None:
    """As `anytime annotate` does, which has the texts of a finished log."""
    (task,) = manager("gsm8k").load(["gsm8k"])["tasks"].values()
    docs = [task.eval_docs[2], task.eval_docs[3]]  # 5 and 7 are right
    written = [
        [
            [Written("so #### 5", ["#### 4", "it is 5"])],
            [Written("no", ["#### 5", ""], leaked=2.0)],
        ],
        [[Written("7", ["7", "8"])], [Written("#### 7", ["#### 7", "#### 7"])]],
    ]
    first, second = judge(task, docs, written, ["2", "3"])
    assert {one.problem for each in second.values() for one in each} == {"3"}
    assert list(first) == ["strict-match", "flexible-extract"]
    values = [[at["exact_match"] for at in one.at] for one in first["flexible-extract"]]
    assert values == [[0, 1], [1, 0]]
    assert [one.whole["exact_match"] for one in first["strict-match"]] == [1, 0]
    assert first["strict-match"][0].answers == ["4", "[invalid]"]
    assert json.loads(str(first["strict-match"][0]))["at"] == [{"exact_match": 0.0}] * 2
    assert [one.leaked for one in first["strict-match"]] == [0, 2]
    assert [one.whole["exact_match"] for one in second["strict-match"]] == [0, 1]
    assert not hasattr(task, "_instances"), "the task was not touched"


def test_two_ranks_give_the_values_of_one() -> None:
    """lm-eval pads the shorter rank with copies, and gathers values by name."""
    sampled = "do_sample=true,temperature=1"
    whole = run(Speaking(erratic), [GSM8K], manager("gsm8k", traces=2), gen_kwargs=sampled, limit=3)
    loaded = manager("gsm8k", traces=2).load([GSM8K])["tasks"][GSM8K]
    loaded.set_config("num_fewshot", 5)
    loaded.set_fewshot_seed(1234)
    loaded.build_all_requests(limit=3, rank=0, world_size=2)
    for instance in loaded.instances:
        logged = by_document(whole, GSM8K)[instance.doc_id, "strict-match"]
        instance.resps += [*logged["resps"][0], *logged["resps"][0]][: 4 - instance.doc_id]
    loaded.apply_filters()
    assert [len(instance.resps) for instance in loaded.instances] == [4, 2]
    for instance in loaded.instances:
        values = loaded.process_results(instance.doc, [instance.filtered_resps["strict-match"]])
        wanted = by_document(whole, GSM8K)[instance.doc_id, "strict-match"]
        assert values == {key: wanted[key] for key in values}
        assert len(wanted["filtered_resps"][0]) == len(instance.filtered_resps["strict-match"]) == 2
