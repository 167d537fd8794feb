"""What of lm-eval is used and not published is still there; each failure says what moved.

The sentence after a failed assertion names the function of `hosts/lm_eval/private.py` to mend.
"""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM, CacheHook, CachingLM
from lm_eval.api.registry import get_model, model_registry
from lm_eval.api.task import ConfigurableTask, Task
from lm_eval.tasks import TaskManager
from lm_eval.tasks import manager as module

from anytime.hosts.lm_eval import discovery, private
from tests.lm_eval_runs import evaluate, manager
from tests.lm_eval_tasks import loader
from tests.lm_eval_tasks import manager as knowing


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A task of lm-eval's own."""
    monkeypatch.setattr("datasets.load_dataset", loader(tmp_path))
    (task,) = knowing("gsm8k").load(["gsm8k"])["tasks"].values()
    return task


def test_importing_it_imports_nothing_of_lm_eval() -> None:
    code = "import sys, anytime.hosts.lm_eval.discovery; print('lm_eval' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_models_by_name() -> None:
    told = "register_models: lm-eval registers models in another way"
    assert "target" in parameters(model_registry.register), told
    private.register_models({"anytime-of-a-test": discovery.MODELS["anytime-guesser"]})
    assert get_model("anytime-of-a-test").NAME == "guesser", told
    private.register_models({"anytime-of-a-test": "nowhere:Nothing"})
    assert get_model("anytime-of-a-test").NAME == "guesser", "a name that is taken is left alone"
    assert set(discovery.MODELS) <= set(model_registry), "the hook registered them"


@pytest.mark.parametrize("finds", [False, True])
def test_tasks_that_were_written_are_looked_at_whoever_finds_the_others(
    finds: bool, tmp_path: Path
) -> None:
    """A later lm-eval finds the tasks of entry points for itself; nobody else names the others."""
    advertised, written = tmp_path / "advertised", tmp_path / "written"

    class Finding:
        task_index: dict[str, Any]

        def __init__(self, include_path: Any = None, include_defaults: bool = True) -> None:
            self.given = include_path
            entry = SimpleNamespace(yaml_path=advertised / "task.yaml")
            self.task_index = {"task": entry} if finds else {}

    fake: Any = SimpleNamespace(TaskManager=Finding, __file__=str(tmp_path / "manager.py"))
    private.look_further(fake, lambda: [advertised], lambda: [written])
    own = [written] if finds else [advertised, written]
    assert Finding().given == own
    assert Finding("mine").given == [*own, "mine"]
    assert Finding("mine", include_defaults=False).given == "mine"


def test_a_manager_takes_folders() -> None:
    told = "look_further: TaskManager takes folders in another way"
    assert {"include_path", "include_defaults"} <= set(parameters(TaskManager.__init__)), told
    assert isinstance(manager().task_index, dict), told


def test_own_tasks_are_looked_for_beside_the_file() -> None:
    told = "finds_for_itself: trying TaskManager lists all of lm-eval's own tasks, which is slow"
    init = inspect.unwrap(TaskManager.__init__)
    seen = []

    def looking(self: Any) -> None:
        init(self)
        seen.extend(self.task_index)

    before = module.__file__
    assert not private.finds_for_itself(module, looking, discovery.task_directories())
    assert seen == [], told
    assert module.__file__ == before


def test_a_manager_that_cannot_be_tried_finds_nothing() -> None:
    def fails(self: Any) -> None:
        raise OSError("whatever it does there")

    assert not private.finds_for_itself(module, fails, discovery.task_directories())


def test_names_are_matched_and_loaded_by_two_methods() -> None:
    told = "understand_names: TaskManager matches or loads names by other methods"
    assert parameters(inspect.unwrap(TaskManager.match_tasks)) == ["self", "task_list"], told
    assert parameters(inspect.unwrap(TaskManager._load_spec)) == ["self", "spec"], told
    known = manager()
    own = inspect.unwrap(TaskManager.match_tasks)
    assert own(known, ["anytime_trip_b*"]) == ["anytime_trip_builtin"], told
    assert list(known.load(["anytime_trip_builtin"])["tasks"]) == ["anytime_trip_builtin"], told


def test_a_configuration_without_its_task(monkeypatch: pytest.MonkeyPatch) -> None:
    told = "configuration_of: lm-eval reads a task's YAML in another way"

    def load(*given: Any, **options: Any) -> None:
        raise AssertionError(told)

    monkeypatch.setattr("datasets.load_dataset", load)
    known = knowing("gsm8k")
    config = private.configuration_of(known, known.task_index["gsm8k"])
    assert config["task"] == "gsm8k", told
    assert config["output_type"] == "generate_until", told


def test_the_state_of_a_task(plain: Any) -> None:
    told = "with_the_state_of, share_configuration: a task keeps what it has in another way"

    class Kind(ConfigurableTask):  # type: ignore[misc]
        pass

    task = private.with_the_state_of(plain, Kind)
    assert type(task) is Kind
    assert task.config is plain.config, told
    assert task.eval_docs is not None, told
    shared = private.share_configuration(task, plain)
    assert shared.config is task.config is not plain.config, told
    task.set_config("num_fewshot", 3)
    assert (shared.config.num_fewshot, plain.config.num_fewshot == 3) == (3, False), told
    with pytest.raises(AttributeError):  # else this touch is not needed
        plain.config = task.config


def test_measures_of_a_task(plain: Any) -> None:
    told = "set_measures: a task keeps its metrics and filters in another way"
    private.set_measures(plain, {"q": sum}, {"q": True}, [SimpleNamespace(apply=list.clear)])
    assert plain.aggregation() == {"q": sum}, told
    assert plain.higher_is_better() == {"q": True}, told
    seen = private.with_instances(plain, [1, 2])
    seen.apply_filters()
    assert seen.instances == [], told


def test_predictions_alone(plain: Any) -> None:
    told = "predicts_only: --predict_only is told in another way"
    assert not private.predicts_only(plain), told
    plain.override_metric(metric_name="bypass")
    assert private.predicts_only(plain), told


def test_filters_see_instances(plain: Any) -> None:
    told = "with_instances: filters see other requests than those"
    given = [Instance("generate_until", {}, ("", {}), 0, ("gsm8k", 0, 1), resps=["#### 7"])]
    seeing = private.with_instances(plain, given)
    assert seeing.instances is given, told
    assert seeing is not plain
    seeing.apply_filters()
    assert given[0].filtered_resps["strict-match"] == "7", told
    assert isinstance(Task.instances, property), told

    class Stands(private.TakesInstances):
        pass

    assert private.with_instances(Stands(), given).instances is given


def test_a_request_is_answered_by_the_method_of_its_type() -> None:
    told = "add_request_type: lm-eval answers requests in another way"
    assert LM.generate_anytime.__name__ == "generate_anytime", told
    results = evaluate("anytime_gpqa_builtin", "anytime-guesser", limit=1)
    assert "anytime_index,none" in results["results"]["anytime_gpqa_builtin"], told


def test_answers_behind_the_cache(tmp_path: Path) -> None:
    told = "answers_kept: --use_cache keeps its answers in another way"
    lm = get_model("anytime-guesser").create_from_arg_string("")
    assert isinstance(lm.cache_hook, CacheHook), told
    assert private.answers_kept(lm) is None, told
    cached = CachingLM(lm, str(tmp_path / "cache.db"))
    kept = private.answers_kept(lm)
    kept["hash"] = "text"
    kept.commit()
    assert kept is cached.dbdict, told


def test_the_seed_of_a_service() -> None:
    told = "seed_of: a completions service keeps its seed in another way"
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    lm = LocalCompletionsAPI(base_url="http://127.0.0.1:9", tokenizer_backend=None, seed=7)
    assert private.seed_of(lm) == 7, told
    assert private.seed_of(object()) is None


def test_arguments_of_a_template() -> None:
    told = "template_arguments: hf hands its chat template arguments in another way"
    spec = importlib.util.find_spec("lm_eval.models.huggingface")
    assert spec is not None, told
    assert spec.origin is not None, told
    # Importing it needs torch.
    assert "**self.chat_template_args" in Path(spec.origin).read_text(), told
    lm = SimpleNamespace(chat_template_args={"a": 1})
    with private.template_arguments(lm, thinking=False):
        assert lm.chat_template_args == {"a": 1, "thinking": False}
    assert lm.chat_template_args == {"a": 1}
    with private.template_arguments(object(), thinking=False):
        pass


def test_whose_weights() -> None:
    told = "loaded_from: transformers keeps the name of a model in another way"
    transformers = pytest.importorskip("transformers")
    lm = SimpleNamespace(config=transformers.PretrainedConfig(name_or_path="some/model"))
    assert private.loaded_from(lm) == "some/model", told
    assert private.loaded_from(object()) == ""
