"""`anytime annotate` and the task `anytime/annotate`: finished logs of Inspect."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import inspect_ai
import numpy as np
import pytest
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalError, EvalLog, EvalSample, read_eval_log, write_eval_log
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageTool,
    ContentReasoning,
    ContentText,
    ModelOutput,
)
from inspect_ai.scorer import (
    Score,
    Scorer,
    Target,
    choice,
    exact,
    includes,
    match,
    mean,
    model_graded_qa,
    pattern,
    scorer,
)
from inspect_ai.scorer import math as math_scorer
from inspect_ai.solver import TaskState, multiple_choice

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.errors import PrerequisiteError
from anytime.hosts.inspect_ai.tasks import aime
from anytime.logs.annotation import annotate
from anytime.logs.inspect_ai import annotating
from anytime.logs.inspect_ai.annotating_live import annotate as annotate_task
from anytime.plugins import get_domain
from anytime.results import frame, open_runs, summaries
from anytime.settings import IndexOptions
from tests.inspect_annotating import (
    BUDGETS,
    GRID,
    annotated,
    outcome,
    plain_log,
    solve,
    sums,
)
from tests.inspect_runs import Cli, Run, logs_in, metrics, samples, says, scripted


def picks(**options: Any) -> Task:
    dataset = [
        Sample(id="red", input="Which is red?", target="A", choices=["a rose", "the sky"]),
        Sample(id="blue", input="Which is blue?", target="B", choices=["a rose", "the sky"]),
    ]
    solver = multiple_choice(cot=True, **options)
    return Task(dataset=dataset, solver=solver, scorer=choice(), name="picks")


def quality(path: Path, scorer: str | None = None) -> dict[str, list[float]]:
    """Quality by problem, at every budget."""
    table = frame(path)
    if scorer is not None:
        table = table[table["scorer"] == scorer]
    return {str(id_): list(rows["quality"]) for id_, rows in table.groupby("problem")}


def test_answers_that_stand_in_a_trace_are_graded_by_the_tasks_own_scorer(
    run: Run, tmp_path: Path
) -> None:
    path = plain_log(run, sums(match(), pattern(r"ANSWER: (\d+)"), includes()))
    before = path.read_bytes()
    made = annotated(path, tmp_path / "out")
    assert path.read_bytes() == before
    # Words 5 and 3 are the first answers; `match` looks at the end of what is there.
    assert quality(made, "pattern") == {
        "What is 3 + 4?": [0, 0, 1, 1],
        "What is 20 + 22?": [0, 1, 1, 1],
    }
    assert quality(made, "includes") == quality(made, "pattern")
    assert quality(made, "match") == {
        "What is 3 + 4?": [0, 0, 0, 1],
        "What is 20 + 22?": [0, 1, 0, 0],
    }
    table = frame(made)
    assert set(table["mode"]) == {"intrace"}
    assert set(table["source"]) == {"annotated"}
    assert list(table["tokens"])[: len(BUDGETS)] == [2, 4, 8, 14]
    assert table["parsed"].isna().all()


def test_verdicts_that_differ_from_the_log_are_counted(run: Run, tmp_path: Path) -> None:
    path = plain_log(run, sums(match(), includes()))
    calm = outcome(path, tmp_path / "calm").outcome
    assert calm is not None
    assert (calm.samples, calm.regraded) == (2, 0)
    log = read_eval_log(str(path))
    (samples(log)[0].scores or {})["includes"].value = "I"
    write_eval_log(log, str(path))
    edited = outcome(path, tmp_path / "edited").outcome
    assert edited is not None
    assert (edited.samples, edited.regraded) == (2, 1)


def test_every_checkpoint_is_what_inspect_score_gives_on_the_same_text(
    run: Run, tmp_path: Path
) -> None:
    scorers = [match(), pattern(r"ANSWER: (\d+)")]
    path = plain_log(run, sums(*scorers))
    made = annotated(path, tmp_path / "out")
    found = {name: quality(made, name) for name in ("match", "pattern")}
    cuts = {sample.id: sample.store["anytime"] for sample in samples(read_eval_log(str(made)))}
    for place in range(len(BUDGETS)):
        log = read_eval_log(str(path))
        for sample in samples(log):
            end = cuts[sample.id]["checkpoints"][place].get("end")
            text = sample.output.completion[:end]
            sample.output = ModelOutput.from_content("scripted/model", text)
        again = inspect_ai.score(log, scorers, action="overwrite", model="none/none")
        for sample in samples(again):
            assert sample.scores is not None
            for name, by_problem in found.items():
                asked = float(sample.scores[name].value == "C")
                assert by_problem[str(sample.id)][place] == asked


@pytest.mark.slow
def test_the_new_log_opens_with_the_hosts_own_tools(run: Run, tmp_path: Path, cli: Cli) -> None:
    path = plain_log(run, sums(match(), includes()), epochs=2)
    made = annotated(path, tmp_path / "out")
    log, source = read_eval_log(str(made)), read_eval_log(str(path))
    assert log.status == "success"
    assert log.eval.eval_id != source.eval.eval_id
    shown, before = metrics(log), metrics(source)
    assert {name: shown[name] for name in before} == before
    assert shown["includes_anytime"]["anytime_index"] == pytest.approx(
        summaries(open_runs(made))[1].summary.anytime_index
    )
    for sample, old in zip(samples(log), samples(source), strict=True):
        assert sample.scores is not None
        assert old.scores is not None
        assert set(sample.scores) == {*old.scores, "match_anytime", "includes_anytime"}
        assert [event.event for event in sample.events] == [event.event for event in old.events]
        assert sample.output == old.output
    listed = json.loads(cli("log", "list", "--json", "--log-dir", made.parent).stdout)
    assert [entry["task"] for entry in listed] == ["sums"]
    log.eval.model_args = {}
    log.eval.model = "none/none"  # the command makes the log's model, though nobody asks it
    write_eval_log(log, str(made))
    again = cli("score", made, "--scorer", "exact", "--action", "append", "--overwrite")
    assert again.returncode == 0, again.stderr
    assert "exact" in metrics(read_eval_log(str(made)))
    assert quality(made, "includes") == quality(annotated(path, tmp_path / "more"), "includes")


def test_multiple_choice_reads_each_beginning(run: Run, tmp_path: Path) -> None:
    made = annotated(plain_log(run, picks()), tmp_path / "out")
    # Eight words; the letter is the ninth.
    assert quality(made) == {"red": [0, 0, 0, 1], "blue": [0, 0, 0, 0]}
    assert list(frame(made)["answer"].fillna("")) == ["", "", "", "A"] * 2


@scorer(metrics={"*": [mean()]})
def parts() -> Scorer:
    async def grade(state: TaskState, target: Target) -> Score:
        said = state.output.completion
        return Score(value={"right": target.text in said, "length": len(said), "brief": 0.5})

    return grade


def test_each_number_of_a_scorer_has_a_curve(run: Run, tmp_path: Path) -> None:
    made = annotated(plain_log(run, sums(parts())), tmp_path / "out")
    assert set(frame(made)["scorer"]) == {"parts/right", "parts/brief"}
    assert quality(made, "parts/right")["What is 3 + 4?"] == [0, 0, 1, 1]
    assert "parts/brief_anytime" in metrics(read_eval_log(str(made)))


def test_math_is_compared_as_math(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("latex2sympy2_extended", reason="which math() needs, is not installed")
    task = Task(
        dataset=[Sample(id="half", input="1/2?", target="0.5")], scorer=math_scorer(), name="half"
    )
    said = r"We think about it for a long time: \boxed{\frac{1}{2}}"
    path = plain_log(run, task, lambda *_: says(said))
    assert quality(annotated(path, tmp_path / "out")) == {"half": [0, 0, 0, 1]}


def test_reasoning_comes_before_the_text(run: Run, tmp_path: Path) -> None:
    def think(messages: list[Any], config: Any) -> ModelOutput:
        output = says("ANSWER: 7", tokens=16)
        output.choices[0].message = ChatMessageAssistant(
            content=[
                ContentReasoning(reasoning="w w w ANSWER: 7 w w w ANSWER: 8 w w w"),
                ContentText(text="So at last: ANSWER: 7"),
            ]
        )
        return output

    task = Task(
        dataset=[Sample(id="q", input="q?", target="7")], scorer=pattern(r".*ANSWER: (\d+)")
    )
    path = plain_log(run, task, think)
    made = annotated(path, tmp_path / "out", budgets=BudgetGrid([2, 6, 11, 16, 32]))
    assert quality(made) == {"q": [0, 1, 0, 1, 1]}
    (run_,) = open_runs(made)
    ((_, text),) = run_.texts([("q", 1)])
    (trace, *_) = run_.traces()
    ends = [point.end for point in trace.elicited.checkpoints]
    assert text.startswith("w w w ANSWER: 7")
    assert ends[0] is not None
    assert 0 < ends[0] < len("w w w ANSWER")


def spoil(path: Path, change: Callable[[EvalLog, list[EvalSample]], None]) -> Path:
    log = read_eval_log(str(path))
    change(log, samples(log))
    write_eval_log(log, str(path))
    return path


def test_samples_that_have_no_one_trace_are_left_out_and_counted(run: Run, tmp_path: Path) -> None:
    path = plain_log(run, sums(includes()), epochs=4)

    def change(log: EvalLog, held: list[EvalSample]) -> None:
        held[0].error = EvalError(message="no", traceback="", traceback_ansi="")
        held[1].messages.append(ChatMessageTool(content="42"))
        held[2].messages.append(ChatMessageAssistant(content="and again"))
        held[3].output.choices[0].message = ChatMessageAssistant(
            content=[ContentReasoning(reasoning="gAAAA", redacted=True), ContentText(text="7")]
        )
        held[4].output = ModelOutput(model="scripted/model")
        held[5].output = says("7", tokens=300)
        held[6].output = says("", tokens=0)

    made = outcome(spoil(path, change), tmp_path / "out")
    assert made.outcome is not None
    assert made.outcome.samples == 2
    assert made.outcome.empty == 1
    reasons = dict(made.outcome.skipped)
    assert reasons.pop("ended with an error") == 1
    assert reasons.pop("with tool calls, which cannot be cut") == 1
    assert reasons.pop("with several answers of the model, which are no one trace") == 1
    assert reasons.pop("with hidden reasoning, which cannot be cut") == 1
    assert reasons.pop("without an output") == 1
    ((replaced, count),) = reasons.items()
    assert "shorter than the tokens it took" in replaced
    assert count == 1
    log = read_eval_log(str(made.outputs[0]))
    assert len(samples(log)) == 8
    assert sum("includes_anytime" in (sample.scores or {}) for sample in samples(log)) == 2
    (finished,) = open_runs(made.outputs[0])
    assert len(list(finished.traces())) == 2
    assert finished.skipped.total() == 6


def test_what_is_no_answer_of_the_model_is_left_out_with_its_reason(
    run: Run, tmp_path: Path
) -> None:
    path = plain_log(run, sums(includes()), epochs=4)

    def change(log: EvalLog, held: list[EvalSample]) -> None:
        log.eval.model = "openai/some"  # a service, which may send nothing
        held[0].output.choices[0].stop_reason = "content_filter"
        held[1].output = says("", tokens=9)
        held[2].output = says(" ", tokens=1)  # it stopped at once, and says so
        held[3].output.choices[0].message = ChatMessageAssistant(
            content=[ContentText(text="No.", refusal=True)]
        )

    made = outcome(spoil(path, change), tmp_path / "out")
    assert made.outcome is not None
    assert dict(made.outcome.skipped) == {
        "without an answer of the model (content filter)": 1,
        "without an answer of the model (empty reply)": 1,
        "without an answer of the model (refusal)": 1,
    }
    assert (made.outcome.samples, made.outcome.empty) == (5, 1)
    (found,) = summaries(open_runs(made.outputs[0]))
    (told,) = [one for one in found.doubts if "gave no answer" in one]
    assert told.startswith("3 of 8 traces have a budget")


def refusal(path: Path, folder: Path, **options: Any) -> str:
    told = outcome(path, folder, **options)
    assert told.outcome is None
    assert not list(folder.glob("*"))
    assert str(path) in told.refused
    return told.refused


def test_logs_that_cannot_be_annotated_are_refused(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    grader = scripted(lambda *_: says("GRADE: C"))
    path = plain_log(run, sums(model_graded_qa(model=grader)))
    assert "model_graded_qa asks a model about each answer: name --model" in refusal(path, out)

    hidden = spoil(plain_log(run, sums(exact())), _hide)
    told = refusal(hidden, out)
    assert "(2 with hidden reasoning, which cannot be cut)" in told
    assert "mode=contract" in told

    made = annotated(plain_log(run, sums(exact())), tmp_path / "made")
    assert "has answers at budgets already" in refusal(made, out)
    assert not out.exists() or not list(out.iterdir())

    lost = spoil(plain_log(run, sums(exact())), _forget_scorer)
    assert "cannot be made here" in refusal(lost, out)
    assert "needs the options of a problem" in refusal(lost, out, domain=get_domain("gpqa"))


def _hide(log: EvalLog, held: list[EvalSample]) -> None:
    for sample in held:
        part = ContentReasoning(reasoning="gAAAA", redacted=True)
        sample.output.choices[0].message = ChatMessageAssistant(content=[part])


def _forget_scorer(log: EvalLog, held: list[EvalSample]) -> None:
    assert log.eval.scorers
    log.eval.scorers[0].name = "nowhere/to_be_found"


def test_shuffled_options_are_refused(run: Run, tmp_path: Path) -> None:
    def shuffled(log: EvalLog, held: list[EvalSample]) -> None:
        (step,) = log.plan.steps
        step.params["kwargs"] = {"shuffle": True}

    path = spoil(plain_log(run, picks()), shuffled)
    for domain in (None, get_domain("gpqa")):
        assert "its solver shuffled the options" in refusal(path, tmp_path / "out", domain=domain)


def test_a_domain_grades_where_it_is_named(run: Run, tmp_path: Path) -> None:
    said = r"At first \boxed{42} or so but now I am sure of it: \boxed{41} it is"
    path = plain_log(run, sums(exact()), lambda *_: says(said))
    made = annotated(path, tmp_path / "out", domain=get_domain("aime"))
    found = frame(made)
    assert quality(made) == {"What is 3 + 4?": [0, 0, 0, 0], "What is 20 + 22?": [0, 1, 1, 0]}
    assert list(found["parsed"]) == [False, True, True, True] * 2
    assert set(found["scorer"]) == {"aime"}


@scorer(metrics=[mean()])
def fragile() -> Scorer:
    async def grade(state: TaskState, target: Target) -> Score:
        if "20" in state.input_text:
            raise KeyError("no such thing")
        return Score(value=1)

    return grade


def test_a_scorer_that_fails_on_a_sample_leaves_that_out(run: Run, tmp_path: Path) -> None:
    def plain(log: EvalLog, held: list[EvalSample]) -> None:
        assert log.eval.scorers
        log.eval.scorers[0].name = "fragile"

    told = outcome(spoil(plain_log(run, sums(match())), plain), tmp_path / "out")
    assert told.outcome is not None, told.refused
    assert told.outcome.samples == 1
    ((reason, count),) = told.outcome.skipped.items()
    assert (count, "whose scorer failed (KeyError" in reason) == (1, True)
    (finished,) = open_runs(told.outputs[0])
    assert len(list(finished.traces())) == 1
    assert finished.skipped == told.outcome.skipped


@pytest.mark.parametrize("entry", ["mine", {"a": 1}, [1], 7])
def test_an_entry_of_somebody_elses_that_is_called_like_ours(
    run: Run, tmp_path: Path, entry: Any
) -> None:
    def change(log: EvalLog, held: list[EvalSample]) -> None:
        log.eval.metadata = {"anytime": entry}
        for sample in held:
            sample.metadata["anytime"] = entry

    made = annotated(spoil(plain_log(run, sums(includes())), change), tmp_path / "out")
    assert quality(made)["What is 3 + 4?"] == [0, 0, 1, 1]

    def keep(log: EvalLog, held: list[EvalSample]) -> None:
        for sample in held:
            sample.store["anytime"] = entry

    told = refusal(spoil(plain_log(run, sums(includes())), keep), tmp_path / "more")
    assert "its samples keep something else under the name anytime" in told


def test_what_cannot_be_written_is_not_the_logs_fault(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = plain_log(run, sums(includes()))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(annotating, "append", full)
    told = outcome(path, tmp_path / "out")
    assert (
        told.refused == f"{tmp_path / 'out' / path.name} cannot be written: No space left on device"
    )
    assert not list((tmp_path / "out").iterdir())


def test_runs_that_did_not_finish(run: Run, tmp_path: Path) -> None:
    path = plain_log(run, sums(includes()), epochs=2)
    killed = tmp_path / "killed.eval"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(killed, "w") as made:
        for name in source.namelist():
            if name.startswith("samples/") and name.endswith("epoch_2.json"):
                continue
            if name not in ("header.json", "summaries.json", "reductions.json"):
                made.writestr(name, source.read(name))
    new = annotated(killed, tmp_path / "out")
    log = read_eval_log(str(new))
    assert log.status == "started"
    assert len(samples(log)) == 2
    (finished,) = open_runs(new)
    assert len(list(finished.traces())) == 2
    assert finished.skipped["missing in the log"] == 2


def test_json_logs(run: Run, tmp_path: Path) -> None:
    task = sums(includes())
    (log,) = inspect_ai.eval(
        task, scripted(solve), log_dir=str(tmp_path / "json"), log_format="json", display="none"
    )
    path = Path(log.location.removeprefix("file://"))
    made = annotated(path, tmp_path / "out")
    assert made.suffix == ".json"
    assert metrics(read_eval_log(str(made)))["includes_anytime"]["anytime_index"] > 0
    assert quality(made) == {"What is 3 + 4?": [0, 0, 1, 1], "What is 20 + 22?": [0, 1, 1, 1]}


def test_options_of_the_index_are_kept(run: Run, tmp_path: Path) -> None:
    path = plain_log(run, sums(includes()))
    options = IndexOptions("trace", "log2", 1.0, 3, "plugin")
    made = annotated(path, tmp_path / "out", options=options)
    (finished,) = open_runs(made)
    assert finished.info.options == options
    (found,) = summaries([finished])
    shown = metrics(read_eval_log(str(made)))["includes_anytime"]["anytime_index"]
    assert found.summary.anytime_index == pytest.approx(shown)


def test_nothing_is_written_where_something_is(run: Run, tmp_path: Path) -> None:
    path = plain_log(run, sums(includes()))
    annotated(path, tmp_path / "out")
    with pytest.raises(AnytimeError, match=r"is there already: name another, or add --force"):
        outcome(path, tmp_path / "out")
    annotated(path, tmp_path / "out", replace=True)
    with pytest.raises(AnytimeError, match="is the log itself, or lies beside it"):
        outcome(path, path.parent, replace=True)
    twin = tmp_path / "twin" / path.name
    twin.parent.mkdir()
    twin.write_bytes(path.read_bytes())
    with pytest.raises(AnytimeError, match="would both be written to"):
        annotate([path, twin], tmp_path / "both", budgets=GRID)


PROFILE: dict[str, Any] = {"accuracy": 0.8, "solve_tokens": 300, "drift": 0.5, "unparsed": 0.1}


@pytest.mark.slow
def test_a_model_asked_afterwards_says_what_it_said_in_the_run(run: Run, tmp_path: Path) -> None:
    budgets = [64, 256]
    model = inspect_ai.model.get_model("anytime/simulated", **PROFILE)
    # All of them: what the simulator says when it is wrong depends on what else it knows.
    live = run(aime("builtin", budgets=budgets), model)

    def forget(log: EvalLog, held: list[EvalSample]) -> None:
        log.eval.scorers = []
        for sample in held:
            sample.store = {}
            sample.scores = {}

    path = tmp_path / "plain.eval"
    path.write_bytes(Path(live.location.removeprefix("file://")).read_bytes())
    spoil(path, forget)
    again = run(annotate_task(str(path), budgets=budgets), model)
    assert again.status == "success", again.error
    now, then = metrics(again)["curve"], metrics(live)["curve"]
    assert now["anytime_index"] == then["anytime_index"]
    assert {name: value for name, value in now.items() if not math.isnan(value)} == {
        name: value for name, value in then.items() if not math.isnan(value)
    }
    for sample, old in zip(samples(again), samples(live), strict=True):
        assert sample.output.completion == old.output.completion
        points, known = (s.store["anytime"]["checkpoints"] for s in (sample, old))
        assert [p["answer"] for p in points] == [p["answer"] for p in known]
        assert [p["end"] for p in points if p["forced"]] == [p["end"] for p in known if p["forced"]]
    (finished,) = open_runs(Path(again.location.removeprefix("file://")))
    assert finished.info.source == "annotated"
    assert finished.info.task == live.eval.task
    assert np.isclose(
        summaries([finished])[0].summary.anytime_index, then["anytime_index"], atol=1e-12
    )


def test_traces_of_others_are_handed_back_as_they_were_asked(run: Run, tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def answer(messages: list[Any], config: Any) -> ModelOutput:
        seen.append([f"{message.role}: {message.text}" for message in messages])
        return says("ANSWER: 7")

    path = plain_log(run, sums(match(), pattern(r"ANSWER: (\d+)")))
    log = run(annotate_task(str(path), budgets=[2, 8, 32]), scripted(answer))
    assert log.status == "success"
    assert len(seen) == 4  # two budgets below each trace's length, and nothing sampled again
    assert seen[0][0] == "system: Be brief."
    assert seen[0][1].startswith("user: What is")
    assert any(turn == "assistant: The answer is" for asked in seen for turn in asked)
    shown = metrics(log)
    assert shown["match"] == {"accuracy": 0.5, "stderr": 0.5}
    assert shown["pattern_anytime"]["final"] == 1.0
    assert shown["q@2"]["mean"] == 0.5
    made = quality(Path(log.location.removeprefix("file://")), "match")
    assert made == {"What is 3 + 4?": [1, 1, 1], "What is 20 + 22?": [0, 0, 0]}


def test_options_are_read_again_when_a_model_answers(run: Run, tmp_path: Path) -> None:
    path = plain_log(run, picks())
    log = run(annotate_task(str(path), budgets=[2, 64]), scripted(lambda *_: says("ANSWER: B")))
    made = quality(Path(log.location.removeprefix("file://")))
    assert made == {"red": [0, 1], "blue": [1, 0]}


def test_problems_with_a_missing_trace_are_not_handed_back(run: Run, tmp_path: Path) -> None:
    path = plain_log(run, sums(includes()), epochs=2)

    def change(log: EvalLog, held: list[EvalSample]) -> None:
        held[0].error = EvalError(message="no", traceback="", traceback_ansi="")

    task = annotate_task(str(spoil(path, change)), budgets=BUDGETS)
    assert len(task.dataset) == 1
    assert task.epochs == 2
    assert task.metadata is not None
    assert sum(task.metadata["anytime_annotate"]["left_out"].values()) == 2


def test_wrong_options_are_told_before_anything_is_asked(run: Run) -> None:
    path = str(plain_log(run, sums(includes())))
    options: list[tuple[dict[str, Any], str]] = [
        ({}, "name the log to annotate: -T log=FILE"),
        ({"log": path, "budget": "2,4"}, "unknown option 'budget': did you mean"),
        ({"log": "nothing.eval"}, "nothing.eval"),
        ({"log": path, "domain": "chess"}, "chess"),
        ({"log": path, "continuation": "shout"}, "unknown continuation 'shout'"),
        ({"log": path, "envelope": "best"}, "unknown envelope 'best'"),
        ({"log": path, "seed": -1}, "seed -1 is not a whole number from 0 on"),
    ]
    for given, told in options:
        with pytest.raises(PrerequisiteError) as error:
            annotate_task(**given)
        assert told in str(error.value)


@pytest.mark.slow
def test_the_task_runs_by_its_name(run: Run, cli: Cli, tmp_path: Path) -> None:
    path = plain_log(run, sums(includes()))
    done = cli("eval", "anytime/annotate", "-T", f"log={path}", "--model", "anytime/guesser")
    assert done.returncode == 0, done.stdout
    (log,) = logs_in(tmp_path / "logs")[1:]
    assert metrics(log)["includes_anytime"]["final"] >= 0
