"""What of Inspect is used and not published is still there; each failure says what moved.

The sentence after a failed assertion names the function of `hosts/inspect_ai/private.py` to mend.
"""

from __future__ import annotations

import contextvars
import importlib.util
import inspect
import json
import sys
import zipfile
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import anyio
import pytest
import tenacity
from inspect_ai import Task, task
from inspect_ai import eval as inspect_eval
from inspect_ai._util import package
from inspect_ai._util.registry import registry_name
from inspect_ai.agent import as_solver, react
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog, EvalSample, read_eval_log, transcript
from inspect_ai.model import GenerateConfig, ModelAPI, ModelOutput, get_model
from inspect_ai.scorer import (
    CORRECT,
    INCORRECT,
    NOANSWER,
    PARTIAL,
    includes,
    score,
    value_to_float,
)
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver
from inspect_ai.util import registry_info

from anytime.hosts.inspect_ai import archive, private, verdicts
from anytime.inspect_registry import curve, pdp, trip
from tests.inspect_runs import says, scripted


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_errors_for_the_user() -> None:
    error = private.PrerequisiteError("a sentence")
    told = "PrerequisiteError: the error that Inspect shows without a traceback has changed"
    assert isinstance(error, Exception), told
    assert "a sentence" in str(error), told


def elsewhere(monkeypatch: pytest.MonkeyPatch, name: str) -> object:
    """A function of a module that lies outside of site-packages, as in an editable install."""
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None, origin="/checkout/module.py")
    exec("def part(): ...", module.__dict__)
    monkeypatch.setitem(sys.modules, name, module)
    found: object = module.__dict__["part"]
    return found


def test_parts_are_named_after_the_import_package(monkeypatch: pytest.MonkeyPatch) -> None:
    told = (
        "_named_after_the_import_package: Inspect decides in another way whether a part's package "
        "is installed, so parts of an editable install lose their prefix"
    )
    assert parameters(package.package_is_installed_editable) == ["package"], told
    ours = elsewhere(monkeypatch, "anytime.elsewhere")
    assert package.get_installed_package_name(ours) == "anytime", told
    assert registry_name(ours, "part") == "anytime/part", told
    others = elsewhere(monkeypatch, "never_installed.elsewhere")
    assert registry_name(others, "part") == "part", told
    for part in (trip, curve, pdp):
        assert str(registry_info(part).name).startswith("anytime/"), told


def test_a_task_of_ours_bears_no_mark_of_a_file() -> None:
    """Else it would run in that file's folder, and paths of the user's would not be found."""
    made = trip(dataset="builtin")
    assert "__task_file__" not in vars(made)
    assert "__task_run_dir__" not in vars(made)


def test_the_samples_of_a_run(tmp_path: Path) -> None:
    """Those that --limit leaves, in a solver, whatever else runs in the process."""
    seen = []

    @solver
    def looking() -> Solver:
        async def look(state: TaskState, generate: Generate) -> TaskState:
            seen.append((state.sample_id, private.samples_of_run()))
            return state

        return look

    ids = ["a", "b", 3, "d"]
    dataset = MemoryDataset([Sample(id=id_, input="?") for id_ in ids])
    inspect_eval(
        Task(dataset=dataset, solver=looking()),
        model="mockllm/model",
        limit=3,
        max_samples=1,
        log_dir=str(tmp_path),
        display="none",
    )
    told = (
        "samples_of_run: Inspect keeps the ids of a run's samples elsewhere, so problems that a "
        "method learns from are found only when their turn comes"
    )
    assert seen == [(id_, ("a", "b", "3")) for id_ in ids[:3]], told
    assert private.samples_of_run() == (), told


def test_other_books() -> None:
    told = "start_other_books: Inspect keeps a sample's events and usage in another way"
    from inspect_ai.model._model import sample_model_usage

    def here() -> None:
        before, usage = transcript(), sample_model_usage()
        contextvars.copy_context().run(private.start_other_books)
        assert transcript() is before, told
        private.start_other_books()
        assert transcript() is not before, told
        assert sample_model_usage() is not usage, told
        transcript().info("written down")

    contextvars.copy_context().run(here)


def test_settings_of_the_run() -> None:
    told = "settings_of_run: Inspect keeps the settings of a run in another way"
    from inspect_ai.model._generate_config import set_active_generate_config

    def here() -> None:
        set_active_generate_config(GenerateConfig(temperature=0.25))
        assert private.settings_of_run().temperature == 0.25, told

    contextvars.copy_context().run(here)


@task
def few() -> Task:
    dataset = MemoryDataset([Sample(id="a", input="say it", target="it"), Sample(id=7, input="x")])
    return Task(dataset=dataset, solver=generate(), scorer=includes())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """An archive as Inspect writes it."""
    model = scripted(lambda messages, config: says("it"))
    (made,) = inspect_eval(few(), model=model, log_dir=str(tmp_path / "logs"), display="none")
    assert made.status == "success"
    return Path(made.location)


def test_scorers_of_a_log(log: Path) -> None:
    told = "scorers_of: Inspect makes the scorers of a log in another way"
    (made,) = private.scorers_of(read_eval_log(str(log), header_only=True))
    assert registry_info(made).name == "inspect_ai/includes", told


def test_a_task_without_a_scorer() -> None:
    told = "has_no_scorer: Inspect says in other words that there is no scorer"
    state = TaskState("none/none", 1, 1, "x", [], output=ModelOutput.from_content("m", "x"))  # type: ignore[arg-type]
    with pytest.raises(RuntimeError) as caught:
        anyio.run(score, state)
    assert private.has_no_scorer(caught.value), told
    assert not private.has_no_scorer(RuntimeError("another"))


def test_the_cause_behind_retries() -> None:
    told = "cause_of: tenacity keeps the last attempt in another way"
    cause = ValueError("the reason")

    @tenacity.retry(stop=tenacity.stop_after_attempt(1))
    def fails() -> None:
        raise cause

    with pytest.raises(tenacity.RetryError) as caught:
        fails()
    assert private.cause_of(caught.value) is cause, told
    assert private.cause_of(cause) is cause


def test_token_ids_come_from_the_provider() -> None:
    told = "token_ids_of: providers tokenize in another way"
    assert parameters(ModelAPI.tokenize) == ["self", "text"], told
    assert inspect.iscoroutinefunction(ModelAPI.tokenize), told
    with pytest.raises(NotImplementedError):
        anyio.run(private.token_ids_of, get_model("anytime/guesser"), "text")


def test_the_tokenizer_in_this_process() -> None:
    told = "backend_tokenizer: the provider hf keeps its tokenizer elsewhere"
    spec = importlib.util.find_spec("inspect_ai.model._providers.hf")
    assert spec is not None, told
    assert spec.origin is not None, told
    # Importing it needs torch.
    assert "self.tokenizer = " in Path(spec.origin).read_text(), told
    assert private.backend_tokenizer(get_model("anytime/guesser")) is None


def test_agents_are_told_by_their_module() -> None:
    told = "asks_by_itself: agents come from another module"
    assert private.asks_by_itself(as_solver(react())), told
    assert not private.asks_by_itself(generate()), told


def test_marks_of_a_file() -> None:
    told = "fields_without_file: Inspect marks tasks of a file in another way"
    marked = few()
    assert vars(marked)["__task_file__"] == Path(__file__).as_posix(), told
    kept = private.fields_without_file(marked)
    assert [name for name in kept if "file" in name or "run_dir" in name] == [], told
    assert {"dataset", "solver", "scorer", "epochs", "metadata"} <= set(kept), told


def test_members_of_an_archive(log: Path) -> None:
    told = "the file format: members of an archive have other names"
    with zipfile.ZipFile(log) as opened:
        names = set(opened.namelist())
    assert {archive.HEADER_MEMBER, archive.REDUCTIONS_MEMBER, archive.SUMMARIES_MEMBER} <= names, (
        told
    )
    samples = {archive.sample_member("a", 1), archive.sample_member(7, 1)}
    assert set(filter(archive.is_sample_member, names)) == samples, told


def test_order_of_a_sample(log: Path) -> None:
    told = "the file format: a sample's fields stand in another order"
    with zipfile.ZipFile(log) as opened:
        data = opened.read(archive.sample_member("a", 1))
    marks = (b'"output":{', archive.RESULTS, archive.TRANSCRIPT, archive.BEHIND_TRANSCRIPT)
    places = [data.find(mark) for mark in marks]
    assert -1 not in places, told
    assert places == sorted(places), told
    for mark in archive.TROUBLE:
        assert mark not in data, told
        assert mark.split(b'"')[1].decode() in EvalSample.model_fields, told
    assert data.find(b'"store":{') < places[2], told


def test_values_of_verdicts() -> None:
    told = "verdicts: Inspect has other values for its verdicts"
    known = (CORRECT, INCORRECT, PARTIAL, NOANSWER)
    assert set(verdicts.VERDICTS) == set(known), told
    assert {verdict: value_to_float()(verdict) for verdict in known} == verdicts.VERDICTS, told
    for number in (True, False, 0, 1, 0.25):
        assert verdicts.third_party_grade(number).quality == value_to_float()(number), told


def test_the_version_of_the_file_format(log: Path) -> None:
    told = "the file format: logs are of another version"
    assert EvalLog.model_fields["version"].default == archive.VERSION, told
    with zipfile.ZipFile(log) as opened:
        assert json.loads(opened.read(archive.HEADER_MEMBER))["version"] == archive.VERSION, told
        assert json.loads(opened.read(archive.START_MEMBER))["version"] == archive.VERSION, told
