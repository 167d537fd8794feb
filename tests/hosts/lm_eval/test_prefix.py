"""Which names `anytime:NAME` takes, and what is refused before anything is asked or loaded."""

from __future__ import annotations

import logging
import types
import warnings
from pathlib import Path
from typing import Any

import pytest
from lm_eval.tasks import TaskManager

from anytime.cli import task_directory
from anytime.hosts.lm_eval import discovery
from anytime.hosts.lm_eval.api import ConfigurableTask, Instance
from tests.lm_eval_tasks import TASKS, Speaking, erratic, loader, manager, run

ALL = ("gsm8k", "aime24", "gpqa_diamond_cot_zeroshot", "gpqa_diamond_zeroshot")


@pytest.fixture(scope="module")
def known() -> TaskManager:
    """Tasks that are written and tasks that are ranked, a tag of both, and ours."""
    folders = [TASKS / "gsm8k", TASKS / "aime", TASKS / "gpqa", TASKS / "squadv2", task_directory()]
    return TaskManager(include_path=list(map(str, folders)), include_defaults=False)


def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: Any, **options: Any) -> Any:
        raise AssertionError("data were loaded")

    monkeypatch.setattr("datasets.load_dataset", never)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["anytime:gsm8k"], ["anytime:gsm8k"]),
        ("anytime:gsm8k", ["anytime:gsm8k"]),
        (["anytime:gsm8k", "gsm8k_cot"], ["anytime:gsm8k", "gsm8k_cot"]),
        (["anytime:aime2?"], ["anytime:aime24", "anytime:aime25"]),
        (
            ["anytime:gsm8k_cot*", "gsm8k"],
            [
                "anytime:gsm8k_cot",
                "anytime:gsm8k_cot_llama",
                "anytime:gsm8k_cot_self_consistency",
                "anytime:gsm8k_cot_zeroshot",
                "gsm8k",
            ],
        ),
        (["anytime:math_word_problems"], ["anytime:math_word_problems"]),
        (["gsm9k"], []),
        ([], []),
    ],
)
def test_names_and_patterns(known: TaskManager, asked: Any, found: list[str]) -> None:
    assert known.match_tasks(asked) == found


def test_a_pattern_leaves_out_what_is_ranked_and_says_so(
    known: TaskManager, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = known.match_tasks(["anytime:gpqa_diamond*"])
    assert found == [
        "anytime:gpqa_diamond_cot_n_shot",
        "anytime:gpqa_diamond_cot_zeroshot",
        "anytime:gpqa_diamond_generative_n_shot",
    ]
    assert "leaves out gpqa_diamond_n_shot, gpqa_diamond_zeroshot" in caplog.text
    assert "anytime_aime24" not in known.match_tasks(["anytime:*aime*"])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "gsm9k",
            "anytime:gsm9k names no task, group or tag of lm-eval: did you mean anytime:gsm8k",
        ),
        ("gpqa_diamond_zeroshot", "answers are ranked, not written, so there is no trace to cut"),
        (
            "gpqa",
            "anytime:gpqa holds gpqa_diamond_n_shot, gpqa_diamond_zeroshot, "
            "gpqa_extended_n_shot and 3 more, where answers are ranked.* "
            "such as anytime:gpqa_diamond_cot_n_shot",
        ),
        ("anytime_trip", "anytime_trip shows every budget as it is: name it without anytime:"),
        ("anytime", "show every budget as it is"),
        ("gpqa_*_zeroshot_x*", "nothing is left of .*: it matches no task of lm-eval"),
        ("gpqa_main_[nz]*shot", "nothing is left of .* answers are ranked"),
    ],
)
def test_what_cannot_be_wrapped_is_refused_unloaded(
    known: TaskManager, monkeypatch: pytest.MonkeyPatch, name: str, sentence: str
) -> None:
    nothing_loaded(monkeypatch)
    with pytest.raises(SystemExit, match=sentence):
        known.match_tasks([f"anytime:{name}"])
    if "*" not in name:
        with pytest.raises(SystemExit, match=sentence):
            known.load([f"anytime:{name}"])


def test_a_group_of_both_kinds_is_refused_unloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the group itself says what its members are."""
    nothing_loaded(monkeypatch)
    mixed = "group: mixed\ntask: [gsm8k, {group: in, task: [gpqa_diamond_zeroshot]}]\n"
    (tmp_path / "mixed.yaml").write_text(mixed)
    (tmp_path / "ranked.yaml").write_text(
        "group: ranked\ntask: [{task: gsm8k, output_type: multiple_choice}]\n"
    )
    both = manager("gsm8k", "gpqa_diamond_zeroshot", also=tmp_path)
    with pytest.raises(SystemExit, match=r"mixed holds gpqa_diamond_zeroshot.*anytime:gsm8k"):
        both.load(["anytime:mixed"])
    with pytest.raises(SystemExit, match="ranked holds gsm8k, where answers are ranked"):
        both.load(["anytime:ranked"])


class Own(ConfigurableTask):  # type: ignore[misc]
    """A task by its class, as YAML names it."""

    def __init__(self, config: Any) -> None:
        super().__init__(config={name: value for name, value in config.items() if name != "class"})


class Twice(Own):
    """Writes an answer and then ranks one, as squadv2 does."""

    KINDS = ("generate_until", "loglikelihood")

    def construct_requests(self, doc: Any, ctx: Any, **options: Any) -> Any:
        metadata = options["metadata"]
        return [Instance(kind, doc, (ctx, {}), 0, metadata=metadata) for kind in self.KINDS]


class TwiceWritten(Twice):
    KINDS = ("generate_until", "generate_until")


class Seen(Own):
    MULTIMODAL = True


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Twice, r"answers are ranked.*\(generate_until, loglikelihood\)"),
        (TwiceWritten, "it asks 2 times per document"),
        (Seen, "it shows images or plays sounds"),
    ],
)
def test_what_only_the_class_tells_is_refused_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any, sentence: str
) -> None:
    monkeypatch.setattr("datasets.load_dataset", loader(tmp_path))
    known = manager("gsm8k")
    entry = known.task_index["gsm8k"]
    entry.cfg, entry.yaml_path = {**(entry.cfg or {}), "class": kind}, None
    model = Speaking(erratic)
    with pytest.raises(SystemExit, match=sentence):
        run(model, ["anytime:gsm8k"], known, limit=1)
    assert model.asked == []


@pytest.mark.parametrize(
    ("knobs", "sentence"),
    [
        ({"dataset": "builtin"}, "dataset in --metadata: a task of others .* has its own data"),
        ({"method": "pdp", "pool": "x"}, "method, pool in --metadata"),
        ({"cue": " "}, "cue ' ' in --metadata is no text"),
        ({"budget": "1,2"}, "unknown name 'budget'"),
        ({"budgets": "64"}, "makes no curve"),
        ({"mode": "contract", "budgets": "0,64"}, "budget 0"),
    ],
)
def test_settings_that_make_no_sense(
    monkeypatch: pytest.MonkeyPatch, knobs: dict[str, Any], sentence: str
) -> None:
    nothing_loaded(monkeypatch)
    with pytest.raises(SystemExit, match=sentence):
        manager("gsm8k", **knobs).load(["anytime:gsm8k"])


def test_a_cue_is_not_for_our_own_tasks() -> None:
    ours = TaskManager(
        include_path=str(task_directory()), include_defaults=False, metadata={"cue": "So"}
    )
    with pytest.raises(SystemExit, match="cue in --metadata is for tasks of others"):
        ours.load(["anytime_trip_builtin"])


def test_what_a_task_means_by_our_names_is_its_own_affair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The YAML's own metadata are not the user's."""
    monkeypatch.setattr("datasets.load_dataset", loader(tmp_path))
    known = manager("gsm8k")
    entry = known.task_index["gsm8k"]
    own = {"version": 3, "traces": 9, "dataset": "theirs", "mode": "slow"}
    entry.cfg, entry.yaml_path = {**(entry.cfg or {}), "metadata": own}, None
    task = known.load(["anytime:gsm8k"])["tasks"]["anytime:gsm8k"]
    assert task.config.repeats == 1
    assert task.VERSION == 3
    assert task.config.metadata["anytime_wrap"]["mode"] == "interrupt"


def test_a_task_stays_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from anytime.hosts.lm_eval.settings import read_third_party_settings
    from anytime.hosts.lm_eval.wrapping import wrapped

    monkeypatch.setattr("datasets.load_dataset", loader(tmp_path))
    (inner,) = manager("gsm8k").load(["gsm8k"])["tasks"].values()
    before = dict(inner.dump_config())
    task = wrapped(inner, read_third_party_settings({"traces": 3}))
    task.set_config("generation_kwargs", {"top_p": 0.1}, update=True)
    task.set_config("num_fewshot", 1)
    assert isinstance(task, type(inner))
    assert (task.task_name, task.config.repeats) == ("anytime:gsm8k", 3)
    assert inner.dump_config() == before
    assert inner.OUTPUT_TYPE == "generate_until"


def test_an_lm_eval_without_these_methods_warns_and_works(monkeypatch: pytest.MonkeyPatch) -> None:
    class Changed:
        def __init__(self, include_path: Any = None) -> None: ...

    module = types.ModuleType("manager")
    module.TaskManager = Changed  # type: ignore[attr-defined]
    monkeypatch.setattr("inspect.getsource", lambda of: "")
    before = Changed.__init__
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        discovery.install(module)
    assert Changed.__init__ is not before, "tasks of ours are found all the same"
    assert "cannot run anytime:NAME" in str(caught[0].message)
