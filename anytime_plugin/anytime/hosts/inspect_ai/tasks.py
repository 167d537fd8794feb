"""The tasks `anytime/trip`, `anytime/aime` and `anytime/gpqa`, and those on plugins' domains."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset

from anytime.budgets import parse_budgets
from anytime.domains.base import Dataset, Domain, Split
from anytime.hosts.inspect_ai.errors import one_sentence, refuse_unknown
from anytime.hosts.inspect_ai.evaluated import note_problems
from anytime.hosts.inspect_ai.records import sample_from
from anytime.hosts.inspect_ai.scoring import curve, curve_metrics
from anytime.hosts.inspect_ai.solving import DEFAULT
from anytime.models.solutions import remember
from anytime.plugins import get_domain
from anytime.settings import (
    Budgets,
    Envelope,
    Estimator,
    IndexOptions,
    Mode,
    QMax,
    Scale,
    check_full,
    check_options,
)
from anytime.solvers.budget import budget

__all__ = ["aime", "domain_task", "gpqa", "trip"]

TASK_VERSION = "1-A"
"""Changes when results are no longer comparable with earlier ones."""


@task
def trip(
    dataset: str = "official",
    split: Split | None = None,
    budgets: Budgets = DEFAULT,
    mode: Mode = "interrupt",
    continuation: str = "auto",
    tokenizer: str | None = None,
    frame: str | None = None,
    k: int | None = None,
    width: int | None = None,
    branch: int | None = None,
    thought: int | None = None,
    waits: int | None = None,
    stop: str | None = None,
    envelope: Envelope = "mean",
    scale: Scale = "linear",
    q_max: QMax = 1.0,
    estimator: Estimator = "crossfit",
    seed: int = 0,
    **unknown: object,
) -> Task:
    """NaturalPlan Trip at every budget; quality is the constraint satisfaction rate of the plan.

    Args:
        dataset: `official` (downloaded once and verified), `builtin` (generated stand-in problems,
            no network), or a file in the official schema.
        split: `test`, `dev` or `all`. Default: `test`; a file of yours is taken whole.
        budgets: Trace tokens: `128,256,512`, `geom:128:4096:6`, `linear:0:4000:5`.
        mode: `interrupt` (one trace, cut at every budget), `contract` (one run per budget) or
            `vote` or `check` (`k` traces share every budget), or `extend`.
        continuation: How a cut trace is handed back: `auto`, `token_ids`, `prefill`, `reprompt`.
        tokenizer: A tokenizers file, directory or hub id to cut traces with.
        frame: Tags of your model's own around its reasoning, `OPEN CLOSE`; the known ones count
            anyway.
        k: Traces that share every budget, in modes `vote` and `check`: each is cut at its share,
            and a plurality of their answers decides, or who checks them.
        width: States that go on from a level, in mode `tree`.
        branch: Thoughts that are proposed from each of them.
        thought: Cap on a thought, in tokens.
        waits: How often a trace that ended early is handed back with "Wait", in mode `extend`.
        stop: A rule that stops a trace, such as `stable:2`: the trace is asked for in slices of the
            grid, and no further than the rule wants it (docs/stopping.md).
        envelope: Where the index takes "best so far": `mean`, `none`, `problem`, `trace`.
        scale: `linear` or `log2` distance between budgets in the index.
        q_max: Quality that counts as 1 in the index, or `achieved`.
        estimator: `crossfit` (without the bias of a maximum over noisy means) or `plugin`.
        seed: Of generated problems, option orders and the index's folds.
        unknown: Refused: a misspelt option shall not run the default at full price.
    """
    return _task(trip, locals())


@task
def aime(
    dataset: str = "official",
    split: Split | None = None,
    budgets: Budgets = DEFAULT,
    mode: Mode = "interrupt",
    continuation: str = "auto",
    tokenizer: str | None = None,
    frame: str | None = None,
    k: int | None = None,
    width: int | None = None,
    branch: int | None = None,
    thought: int | None = None,
    waits: int | None = None,
    stop: str | None = None,
    envelope: Envelope = "mean",
    scale: Scale = "linear",
    q_max: QMax = 1.0,
    estimator: Estimator = "crossfit",
    seed: int = 0,
    **unknown: object,
) -> Task:
    """AIME at every budget; quality is correctness of the integer.

    Args:
        dataset: `official` (2025 and 2026; dev is 2024), `aime24`, `aime25`, `aime26`, `builtin`
            (generated stand-in problems, no network), or a file of JSON lines.
        split: As in `anytime/trip`; so are all the others.
        budgets: Default `geom:256:16384:7`.
        mode: As in `anytime/trip`.
        continuation: How a cut trace is handed back.
        tokenizer: What to cut traces with.
        frame: Tags of your model's own around its reasoning.
        k: Traces that share every budget, in modes `vote` and `check`.
        width: States that go on from a level, in mode `tree`.
        branch: Thoughts that are proposed from each of them.
        thought: Cap on a thought, in tokens.
        waits: How often a trace goes on, in mode `extend`.
        stop: A rule that stops a trace, such as `stable:2`: the trace is asked for in slices of the
            grid, and no further than the rule wants it (docs/stopping.md).
        envelope: Where the index takes "best so far".
        scale: Distance between budgets in the index.
        q_max: Quality that counts as 1 in the index.
        estimator: Of the index: `crossfit` or `plugin`.
        seed: Of generated problems and the index's folds.
        unknown: Refused.
    """
    return _task(aime, locals())


@task
def gpqa(
    dataset: str = "official",
    split: Split | None = None,
    budgets: Budgets = DEFAULT,
    mode: Mode = "interrupt",
    continuation: str = "auto",
    tokenizer: str | None = None,
    frame: str | None = None,
    k: int | None = None,
    width: int | None = None,
    branch: int | None = None,
    thought: int | None = None,
    waits: int | None = None,
    stop: str | None = None,
    envelope: Envelope = "mean",
    scale: Scale = "linear",
    q_max: QMax = 1.0,
    estimator: Estimator = "crossfit",
    seed: int = 0,
    **unknown: object,
) -> Task:
    """GPQA Diamond at every budget; quality is correctness of the letter.

    Args:
        dataset: `official` (Diamond), `builtin` (generated stand-in questions, no network), or a
            CSV file in the official schema.
        split: As in `anytime/trip`; so are all the others.
        budgets: Default `geom:256:16384:7`.
        mode: As in `anytime/trip`.
        continuation: How a cut trace is handed back.
        tokenizer: What to cut traces with.
        frame: Tags of your model's own around its reasoning.
        k: Traces that share every budget, in modes `vote` and `check`.
        width: States that go on from a level, in mode `tree`.
        branch: Thoughts that are proposed from each of them.
        thought: Cap on a thought, in tokens.
        waits: How often a trace goes on, in mode `extend`.
        stop: A rule that stops a trace, such as `stable:2`: the trace is asked for in slices of the
            grid, and no further than the rule wants it (docs/stopping.md).
        envelope: Where the index takes "best so far".
        scale: Distance between budgets in the index.
        q_max: Quality that counts as 1 in the index.
        estimator: Of the index: `crossfit` or `plugin`.
        seed: Of the order of options and the index's folds.
        unknown: Refused.
    """
    return _task(gpqa, locals())


def domain_task(domain: Domain) -> Callable[..., Task]:
    """The task `anytime/NAME` on a domain of another package, with the options of ours."""
    ours = inspect.signature(trip)
    usual = ours.parameters["dataset"].replace(default=domain.datasets[0])
    signature = ours.replace(
        parameters=list({**ours.parameters, "dataset": usual}.values()), return_annotation=Task
    )

    def on_domain(*given: object, **named: object) -> Task:
        bound = signature.bind(*given, **named)
        bound.apply_defaults()
        return _task(on_domain, bound.arguments)

    on_domain.__name__ = domain.name
    on_domain.__doc__ = f"The domain {domain.name} at every budget; options as in `anytime/trip`."
    on_domain.__signature__ = signature  # type: ignore[attr-defined]
    made: Callable[..., Task] = task(on_domain)
    return made


def _task(of: Callable[..., Task], given: Mapping[str, Any]) -> Task:
    """The task behind each of ours, from the arguments of `of` by their names."""
    name, dataset = of.__name__, str(given["dataset"])
    with one_sentence():
        refuse_unknown(given["unknown"], of)
        domain, budgets = get_domain(name), given["budgets"]
    twin = f"inspect eval anytime/{name} -T dataset=builtin" if "builtin" in domain.datasets else ""
    with one_sentence(stand_in=twin):
        grid = parse_budgets(domain.budgets if budgets == DEFAULT else budgets or [])
        options = IndexOptions(**{name: given[name] for name in IndexOptions._fields[:-1]})
        check_options(options, grid)
        check_full(options.q_max, name)
        loaded = domain.load(dataset, given["split"], options.seed)
    named = {
        "budgets": list(grid),
        "mode": given["mode"],
        "continuation": given["continuation"],
        "tokenizer": given["tokenizer"],
        "frame": given["frame"],
        "k": given["k"],
        **{name: given[name] for name in ("width", "branch", "thought")},
        "waits": given["waits"],
        "stop": given["stop"],
    }
    solver = budget(**named)
    run = {**named, "dataset": dataset, "seed": options.seed}
    remember(domain, loaded.problems)
    note_problems(domain, loaded)
    return Task(
        dataset=_samples(domain, loaded, run),
        solver=solver,
        scorer=curve(options.envelope),
        metrics=curve_metrics(options),
        version=TASK_VERSION,
        metadata={
            "anytime": {
                "domain": name,
                "dataset": loaded.name,
                "revision": loaded.revision,
                "split": loaded.split,
                "note": loaded.note,
                "envelope": options.envelope,
            }
        },
    )


def _samples(domain: Domain, loaded: Dataset, run: Mapping[str, object]) -> MemoryDataset:
    samples = [sample_from(domain, problem, loaded, run) for problem in loaded.problems]
    title = f"{domain.name}-{loaded.name}-{loaded.split}"
    return MemoryDataset(samples, name=title, location=loaded.revision)
