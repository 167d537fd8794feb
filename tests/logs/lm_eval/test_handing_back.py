"""`anytime annotate --model` for lm-eval's logs: logged traces, answered at every budget."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.hosts.lm_eval import keeping
from anytime.logs.lm_eval.annotating_live import HandingBack, store_path
from anytime.plugins import get_domain
from anytime.results import frame, open_runs, summaries
from tests.lm_eval_logs import (
    DATE,
    LIMIT,
    annotated,
    by_hand,
    lines_of,
    refusal,
    samples_of,
    say,
    table,
)
from tests.lm_eval_runs import Cli
from tests.lm_eval_tasks import Speaking, by_document, manager, run, solution

BUDGETS = (8, 24, 64, 512)
GRID = BudgetGrid(BUDGETS)
ANSWER_TOKENS = 1024

pytestmark = pytest.mark.usefixtures("few_tasks")


def speak(context: str, kwargs: Mapping[str, Any], call: int) -> str:
    """Traces as logged; forced answers that are right where the cut trace makes it so."""
    if kwargs.get("max_gen_toks") != ANSWER_TOKENS:
        return say(context, kwargs, call)
    number, _ = solution(context)
    found = number + random.Random(context).choice([0, 0, 1])
    return f" {found}.\n#### {found}\n\\boxed{{{found}}}"


@pytest.mark.parametrize(("task", "cue"), [("gsm8k", None), ("aime24", " The answer is")])
def test_answers_are_those_of_a_live_run_of_the_same_traces(
    plain_log: Path, tmp_path: Path, task: str, cue: str | None
) -> None:
    wanted = {"budgets": list(BUDGETS), "answer_tokens": ANSWER_TOKENS}
    known = manager(task, **wanted, **({} if cue is None else {"cue": cue}))
    name = f"anytime:{task}"
    live = run(Speaking(speak), [name], known, limit=LIMIT)
    model = Speaking(speak)
    one = annotated(
        samples_of(plain_log, task),
        tmp_path / "out",
        budgets=GRID,
        answering=HandingBack(model, cue=cue),
    )
    results, samples = one.outputs
    by_doc = by_document(live, name)
    forced = 0
    for line in lines_of(samples):
        if "anytime" not in line:
            continue
        (record,) = line["anytime"]["records"]
        for filter_name, (verdict,) in line["anytime"]["verdicts"].items():
            theirs = by_doc[line["doc_id"], filter_name]
            ((text, written),) = theirs["resps"][0]
            assert text == line["resps"][0][0]
            assert record == {k: v for k, v in json.loads(written).items() if k != "method"}
            assert verdict == json.loads(str(theirs["filtered_resps"][0][0]))
        forced += sum(point["forced"] for point in record["checkpoints"])
    assert forced == len(model.asked) > LIMIT
    ours, theirs = table(results, task), live["results"][name]
    shared = {key for key in theirs if "@" in key or "anytime_index" in key}
    assert len(shared) >= 8
    for key in shared:
        assert ours[key] == theirs[key] or ours[key] == pytest.approx(theirs[key]), key
    (opened,) = open_runs(samples)
    assert opened.info.source == "annotated"
    assert {one.key.mode for one in summaries([opened])} == {"interrupt"}


class Failing(Speaking):
    """Its server goes away after so many calls."""

    left = 2

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
        self.left -= 1
        if self.left < 0:
            raise ConnectionError("the server went away")
        return super().generate_until(requests)


def test_a_run_whose_model_failed_asks_only_for_the_rest(
    plain_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = samples_of(plain_log, "aime24")
    whole = Speaking(speak)
    calm = annotated(path, tmp_path / "whole", budgets=GRID, answering=HandingBack(whole))
    monkeypatch.setenv("ANYTIME_CACHE_DIR", str(tmp_path / "another"))
    monkeypatch.setattr(keeping, "SLICE", 3)
    first = Failing(speak)
    sentence = refusal(path, tmp_path / "out", budgets=GRID, answering=HandingBack(first))
    assert "ConnectionError: the server went away" in sentence
    assert "run the same command again" in sentence
    assert "(6 answers are kept in " in sentence
    with sqlite3.connect(store_path(first, path)) as file:
        assert file.execute("SELECT count(*) FROM traces").fetchone() == (6,)
    second = Failing(speak)
    second.left = 1000
    made = annotated(path, tmp_path / "out", budgets=GRID, answering=HandingBack(second))
    assert [*first.asked, *second.asked] == whole.asked
    for one, other in zip(made.outputs, calm.outputs, strict=True):
        assert one.read_bytes() == other.read_bytes()
    third = Failing(speak)
    third.left = 0
    options = {"budgets": GRID, "answering": HandingBack(third)}
    annotated(path, tmp_path / "again", **options)


def test_every_round_of_a_task_is_one_call(plain_log: Path, tmp_path: Path) -> None:
    model = Failing(speak)
    model.left = 3  # one for each task
    one = annotated(plain_log, tmp_path / "out", budgets=GRID, answering=HandingBack(model))
    assert one.outcome is not None
    assert model.left == 0
    assert one.outcome.samples == 3 * LIMIT


CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Find 0."}]


def chat_log(folder: Path) -> Path:
    prompt = {"arg_0": [json.dumps(CHAT)], "arg_1": {"temperature": 0.0, "max_gen_toks": 99}}
    text = "so it may be anything, say \\boxed{0} or \\boxed{7}"
    return by_hand(folder, text, arguments={"gen_args_0": prompt})


class LocalChatCompletion(Speaking):
    """Stands for lm-eval's chat services by its name; takes JSON alone."""

    tokenizer = None

    def apply_chat_template(self, *given: Any, **options: Any) -> Any:
        raise AssertionError("a service applies the template itself")


def test_a_logged_chat_goes_on_as_a_chat(tmp_path: Path) -> None:
    model = LocalChatCompletion(lambda context, kwargs, call: "\\boxed{0}")
    budgets = BudgetGrid([4, 64])
    annotated(
        chat_log(tmp_path / "in"),
        tmp_path / "out",
        budgets=budgets,
        answering=HandingBack(model, cue="It is"),
    )
    ((context, kwargs),) = model.asked
    turns = json.loads(context.prompt)
    assert turns[:2] == CHAT
    assert turns[2] == {"role": "assistant", "content": "so it may be"}
    assert turns[3]["content"].endswith('Begin with "It is".')
    assert kwargs == {"temperature": 0.0, "max_gen_toks": ANSWER_TOKENS, "until": []}
    (summary,) = summaries(open_runs(tmp_path / "out"))
    assert summary.quality == {4: 1.0, 64: 0.0}


def test_a_logged_chat_is_rendered_for_a_model_that_continues_text(tmp_path: Path) -> None:
    model = Speaking(lambda context, kwargs, call: "0}")
    asked = {}
    for how in ("prefill", "reprompt"):
        annotated(
            chat_log(tmp_path / f"in-{how}"),
            tmp_path / how,
            budgets=BudgetGrid([4, 64]),
            domain=get_domain("aime"),
            answering=HandingBack(model, continuation=how),
        )
        ((asked[how], _),) = model.asked
        model.asked.clear()
    begun = "<system>Be brief.<user>Find 0.<assistant>so it may be"
    assert asked["prefill"].startswith(begun)
    assert asked["prefill"].endswith("\\boxed{")
    assert asked["reprompt"].startswith(f"{begun}<user>")
    assert asked["reprompt"].endswith("<assistant>")
    (summary,) = summaries(open_runs(tmp_path / "prefill"))
    assert (summary.key.scorer, summary.quality) == ("aime", {4: 1.0, 64: 0.0})
    rows = frame(tmp_path / "prefill")
    assert set(rows["parsed"]) == {True}


def test_prompts_that_a_model_cannot_take_are_told(tmp_path: Path) -> None:
    path = by_hand(tmp_path / "in", "so it may be \\boxed{0}, or not at all")
    answering = HandingBack(Speaking(speak), continuation="reprompt")
    sentence = refusal(path, tmp_path / "out", answering=answering)
    assert "--continuation prefill" in sentence
    known = {
        "configs": {"aime24": {"repeats": 1}},
        "results": {},
        "chat_template": "{{ messages }}",
    }
    path.with_name(f"results_{DATE}.json").write_text(json.dumps(known))
    chat = HandingBack(LocalChatCompletion(speak))
    assert "name a model that continues text" in refusal(path, tmp_path / "out", answering=chat)
    path = by_hand(tmp_path / "in2", "text", arguments={})
    answering = HandingBack(Speaking(speak))
    assert "without a prompt" in refusal(path, tmp_path / "out", answering=answering)
    with pytest.raises(AnytimeError, match="--cue holds no words"):
        HandingBack(Speaking(speak), cue=" ")


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("nobody", "", "lm-eval's model nobody cannot be had"),
        ("anytime-guesser", "wings=2", "wings"),
    ],
)
def test_a_model_that_cannot_be_had_is_refused(name: str, arguments: str, sentence: str) -> None:
    with pytest.raises(AnytimeError, match=sentence):
        HandingBack(name, arguments)


@pytest.mark.slow
def test_the_command_with_and_without_a_model(cli: Cli, tmp_path: Path) -> None:
    path = by_hand(tmp_path / "in", "so it may be \\boxed{0}, or \\boxed{7}", "", "\\boxed{2}")
    done = cli("anytime", "annotate", path, "-o", "plain", "--domain", "aime", "--budgets", "auto")
    assert done.returncode == 0, done.stderr
    assert "3 traces, 1 of them empty, budgets 1,2,4,8,16,32,64; 1 of 3 graded" in done.stdout
    assert "2 traces were cut by an estimate" in done.stderr
    assert "--tokenizer" in done.stderr
    words = ("annotate", path, "-o", "asked", "--domain", "aime", "--model", "anytime-guesser")
    done = cli("anytime", *words)
    assert done.returncode == 0, done.stderr
    assert "estimate" not in done.stderr
    done = cli("anytime", "summary", "--json", "plain", "asked")
    assert [one["mode"] for one in json.loads(done.stdout)] == ["intrace", "interrupt"]
    for more, sentence in {
        ("--cue", "x"): "--cue does nothing without --model",
        ("--task", "aime24", "--domain", "aime"): "name one of them",
        ("--include-path", "nowhere"): "--include-path nowhere is no folder",
        ("--task", "gsm9k"): "is it gsm8k?",
    }.items():
        done = cli("anytime", "annotate", path, "-o", "no", *more)
        assert done.returncode == 2
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "no").exists()
