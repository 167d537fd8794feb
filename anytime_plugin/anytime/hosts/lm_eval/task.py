"""The task class behind the YAML in `task_configs/`: any domain, at every token budget."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any

from packaging.version import Version

from anytime.domains.base import Dataset, Domain, Problem, fingerprint
from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.api import (
    ConfigurableTask,
    Filter,
    FilterEnsemble,
    FirstNSampler,
    Instance,
)
from anytime.hosts.lm_eval.backends import Prompt
from anytime.hosts.lm_eval.base_task import AtEveryBudget
from anytime.hosts.lm_eval.driver import Spec
from anytime.hosts.lm_eval.errors import one_sentence
from anytime.hosts.lm_eval.private import predicts_only, set_measures
from anytime.hosts.lm_eval.records import Response, read_response
from anytime.hosts.lm_eval.scoring import aggregations, arrows, values
from anytime.hosts.lm_eval.settings import SPELLING, Settings, read_settings
from anytime.methods.source import Source, check_dev_split, check_source, completed, samples_pool
from anytime.models.solutions import remember
from anytime.plugins import get_domain
from anytime.programs.turns import raw_prompt
from anytime.protocol import Message

__all__ = ["AnytimeTask"]

OLDEST = (0, 4, 13)

TWIN = "_builtin"
"""Ends the name of a task on built-in problems."""


class AnytimeTask(AtEveryBudget, ConfigurableTask):  # type: ignore[misc]
    """A domain as an lm-eval task.

    The YAML's `dataset_path` names the domain and its `dataset_name` the dataset; `--metadata`
    holds the settings (`anytime.hosts.lm_eval.settings`), `--gen_kwargs` the sampling.
    """

    sampler: Any

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Read the settings and load the problems, so that everything wrong shows at once."""
        fields = {key: value for key, value in config.items() if key != "class"}
        name = fields["task"]
        with one_sentence():
            _check_version()
            self._domain = get_domain(fields["dataset_path"])
        with one_sentence(stand_in=name if name.endswith(TWIN) else _twin(self._domain)):
            named = fields["dataset_name"]
            self._settings = read_settings(fields.get("metadata") or {}, self._domain, named)
            if name.endswith(TWIN) and self._settings.dataset != "builtin":
                raise AnytimeError(
                    f"{name} runs on built-in problems: for dataset={self._settings.dataset} use "
                    f"the task {name.removesuffix(TWIN)}"
                )
            self._source = _source(self._settings, self._domain)
            self._shots: list[dict[str, Any]] | None = None
            fields |= {"repeats": self._settings.traces, "metric_list": []}
            super().__init__(config=fields)
        # Requests are of a type of their own, and ranks pad by this name; lm-eval accepts only its
        # own names while the config is read.
        self.OUTPUT_TYPE = "generate_anytime"
        measures = aggregations(self._domain, self._settings)
        filters = [FilterEnsemble("none", [_AllTraces])]
        set_measures(self, measures, arrows(measures), filters)

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Load the domain's problems; nothing here goes through lm-eval's own loader."""
        settings = self._settings
        loaded: Dataset = self._domain.load(settings.dataset, settings.split, settings.index.seed)
        remember(self._domain, loaded.problems)
        self._problems = {problem.id: problem for problem in loaded.problems}
        self._examples = loaded.examples
        self._split = loaded.split
        self.dataset = {"test": Documents(map(_document, loaded.problems))}
        self.config.metadata |= settings.record() | {
            "dataset": loaded.name,
            "revision": loaded.revision,
            "split": loaded.split,
            "note": loaded.note,
        }

    def fewshot_docs(self) -> list[dict[str, Any]]:
        """No examples yet: they are loaded when `--num_fewshot` asks for some."""
        return []

    def doc_to_text(self, doc: Mapping[str, Any], template: Any = None) -> str:
        """The user's message: statement and answer format."""
        return self._domain.ask(_problem(doc))

    def doc_to_target(self, doc: Mapping[str, Any], template: Any = None) -> str:
        """The gold answer; in an example, as a model should have written it."""
        problem = _problem(doc)
        return problem.gold if template is None else _shown(self._domain, problem)

    def fewshot_context(
        self, doc: Mapping[str, Any], num_fewshot: int, *rest: Any, **options: Any
    ) -> Any:
        """As lm-eval builds it.

        The examples are the first of those that the problem's source shows for it; where it shows
        too few, they are sampled from the dev split.
        """
        sampler = self.sampler
        if num_fewshot:
            if own := self._own_shots(_problem(doc), num_fewshot):
                sampler = FirstNSampler(own)
            elif self._shots is None:
                self._shots = self._load_shots(num_fewshot)
                self.sampler.replace_df(self._shots)
        # lm-eval samples from `self.sampler` alone, and seeds it: it is put back.
        self.sampler, usual = sampler, self.sampler
        try:
            return super().fewshot_context(doc, num_fewshot, *rest, **options)
        finally:
            self.sampler = usual

    def _own_shots(self, problem: Problem, count: int) -> list[dict[str, Any]]:
        examples = self._examples(problem)
        if len(examples) < count:
            return []
        if fingerprint(problem.prompt) in {fingerprint(example.prompt) for example in examples}:
            raise AnytimeError(
                f"problem {problem.id!r} of {self._settings.dataset} is among its own examples, "
                f"answer included: correct the file, or leave out --num_fewshot"
            )
        return [_document(example) for example in examples]

    def _load_shots(self, count: int) -> list[dict[str, Any]]:
        # The evaluated problem is left out by lm-eval, since both splits go by the same name.
        settings = self._settings
        problems = self._domain.load(settings.dataset, "dev", settings.index.seed).problems
        if len(problems) <= count:
            raise AnytimeError(
                f"--num_fewshot {count} needs more than the {len(problems)} problems in the dev "
                f"split of {settings.dataset}"
            )
        return [_document(problem) for problem in problems]

    def construct_requests(self, doc: Mapping[str, Any], ctx: Any, **options: Any) -> Instance:
        """One request per problem; lm-eval repeats it for each trace."""
        templated = self._turns is not None
        turns = self._turns or (Message("user", ctx),)
        context = ctx if templated else raw_prompt(turns)
        prompt = Prompt(context, turns, templated)
        return self._request(dict(doc), prompt, self.config.generation_kwargs, options["metadata"])

    def _spec(self, prompt: Prompt, doc: Mapping[str, Any]) -> Spec:
        settings, problem = self._settings, self._problems[doc["id"]]
        return Spec(
            prompt=prompt,
            run=settings.run,
            cue=self._domain.cue(problem),
            traces=settings.traces,
            trace_store=settings.trace_store,
            domain=self._domain.name,
            content=self._domain.content(problem.prompt),
            recipe=settings.recipe,
            source=self._source,
            split=self._split,
            problem=problem,
        )

    def process_results(
        self, doc: Mapping[str, Any], results: Sequence[Sequence[Response]]
    ) -> dict[str, Any]:
        """The values of one problem."""
        if predicts_only(self):
            return {"bypass": None}
        (responses,) = results
        # Padding between ranks can leave more than were asked for.
        traces = [read_response(response) for response in responses[: self._settings.traces]]
        with one_sentence():
            return dict(values(self._domain, _problem(doc), self._settings, traces))


class Documents(list[dict[str, Any]]):
    """Documents in memory; lm-eval looks at the names of their fields."""

    @property
    def features(self) -> dict[str, Any]:
        """The fields of a document."""
        return dict.fromkeys(self[0])


class _AllTraces(Filter):  # type: ignore[misc]
    """Keeps all traces, where lm-eval's default keeps the first."""

    def apply(self, resps: Any, docs: Any) -> Any:
        return resps


def _document(problem: Problem) -> dict[str, Any]:
    return {
        "id": problem.id,
        "prompt": problem.prompt,
        "gold": problem.gold,
        "facts": dict(problem.facts),
    }


def _problem(doc: Mapping[str, Any]) -> Problem:
    return Problem(doc["id"], doc["prompt"], doc["gold"], doc["facts"])


def _shown(domain: Any, problem: Problem) -> str:
    """A gold answer in the domain's answer format."""
    if domain.grade(problem, f"So I answer.\n\n{problem.gold}").quality == 1:
        return problem.gold
    begin = domain.cue(problem).begin
    return f"{begin}{problem.gold}{'}' * (begin.count('{') - begin.count('}'))}"


def _source(settings: Settings, domain: Domain) -> Source:
    """Where the method learns: by default from the dev split of the task's own dataset."""
    recipe = settings.recipe
    check_source(recipe, settings.source, SPELLING)
    source = completed(settings.source, domain, settings.dataset, settings.index.seed)
    if samples_pool(recipe, source):
        check_dev_split(source)
    return source


def _twin(domain: Domain) -> str:
    return f"anytime_{domain.name}{TWIN}" if "builtin" in domain.datasets else ""


def _check_version() -> None:
    version = importlib.metadata.version("lm_eval")
    if Version(version).release < OLDEST:  # a pre-release of the oldest will do
        needed = ".".join(map(str, OLDEST))
        raise AnytimeError(
            f"anytime needs lm-eval {needed} or newer, and {version} is installed: "
            f"pip install --upgrade lm-eval"
        )
