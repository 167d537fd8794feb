"""What a method learns before the first question, with the model under test, once per run."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import anyio
from filelock import AsyncFileLock
from inspect_ai.model import Model
from inspect_ai.util import LimitExceededError, display_counter

from anytime.budgets import BudgetGrid
from anytime.cutting.tokens import Tokenizer
from anytime.domains.base import Domain, Problem
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.driver import drive, requester
from anytime.hosts.inspect_ai.outside_sample import apart, settings_in_effect
from anytime.methods.preparing import (
    Study,
    learned,
    material_from,
    pool_path,
    prepare_place,
    read_material,
    study_of,
    trace_program,
    write_material,
)
from anytime.methods.prompting import Material, Recipe, material_name, refuse_idle
from anytime.models.solutions import remember
from anytime.plugins import get_domain
from anytime.preferences.pairs import read_pairs
from anytime.preferences.pool import Pool, merged, pool_trace
from anytime.preferences.pool_file import GrowingPool, PoolFile, is_pool_file
from anytime.settings import Continuation

__all__ = ["Circumstances", "Source", "Teacher"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a method is to learn from; nothing named means the dev split of the run's own dataset.

    What is not named is empty, not None: `-S pairs=` with nothing behind it is None, and would
    sample a pool at full price.

    Attributes:
        pairs: File of pairs.
        pool: A finished run.
        domain: Name of the domain to sample a pool from.
        dataset: Its dataset.
    """

    pairs: str = ""
    pool: str = ""
    domain: str = ""
    dataset: str = ""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How the run asks its model, which is how its pool is sampled too."""

    domain: Domain | None
    dataset: str | None
    seed: int
    budgets: BudgetGrid
    continuation: Continuation
    answer_tokens: int | None
    tokenizer: Tokenizer | None
    cutter: str
    system: str


@dataclass
class Teacher:
    """Provides a method's material; builds it for the first sample that asks, others wait.

    Raises:
        AnytimeError: What the user named cannot be read.
    """

    recipe: Recipe
    source: Source
    _pairs: Material | None = None
    _known: dict[Hashable, Material] = field(default_factory=dict)
    _failures: list[tuple[Hashable, Exception]] = field(default_factory=list)
    _lock: anyio.Lock = field(default_factory=anyio.Lock)

    def __post_init__(self) -> None:
        """Read what the user named, before anything is asked."""
        for option in fields(self.source):
            value = getattr(self.source, option.name)
            if not isinstance(value, str):
                raise AnytimeError(f"{option.name} {value!r} is not a name")
        if self.source.domain:
            get_domain(self.source.domain)
        if self.source.pairs and self.source.pool:
            raise AnytimeError("pairs= and pool= both name what to learn from: drop one")
        refuse_idle(
            self.recipe,
            pairs=bool(self.source.pairs),
            pool=bool(self.source.pool),
            sampled={"domain": self.source.domain, "dataset": self.source.dataset},
        )
        if self.source.pairs:
            if self.recipe.method == "leap":
                raise AnytimeError("leap learns from whole traces, not pairs: name a pool=")
            pairs = read_pairs(Path(self.source.pairs).expanduser(), get_domain)
            self._pairs = material_from(pairs, get_domain)
        elif self.source.pool:
            _open(self.source.pool)

    async def material(self, model: Model, now: Circumstances) -> Material:
        """What the method shows.

        Raises:
            AnytimeError: There is nothing to learn from.
        """
        if self.recipe.method == "cot":
            return Material()
        if self._pairs is not None:
            return self._pairs
        asked = (_identity(model), str(_sampling(model, now)))
        key = (*asked, now.domain and now.domain.name, now.dataset, now.seed, now.budgets)
        if key not in self._known:
            await apart(lambda: self._learn_once(key, model, now))
        return self._known[key]

    async def _learn_once(self, key: Hashable, model: Model, now: Circumstances) -> None:
        before = len(self._failures)
        async with self._lock:
            if key in self._known:
                return
            for failed, error in self._failures[before:]:
                if failed == key:  # while this one waited; who comes later tries again
                    raise error
            try:
                self._known[key] = await self._learn(model, now)
            except LimitExceededError:  # of one sample: the next one goes on from there
                raise
            except Exception as error:
                self._failures.append((key, error))
                raise

    async def _learn(self, model: Model, now: Circumstances) -> Material:
        if self.source.pool:
            pool = _open(self.source.pool)
            return await _finish(self.recipe, pool, get_domain(pool.info.domain), model)
        domain, dataset = _where(self.source, now)
        study = study_of(
            self.recipe,
            domain,
            dataset,
            now.seed,
            budgets=now.budgets,
            continuation=now.continuation,
            answer_tokens=now.answer_tokens or domain.answer_tokens,
            system=now.system,
        )
        remember(domain, study.dataset.problems)
        path = pool_path(study, _identity(model), _sampling(model, now))
        lock = prepare_place(path)
        kept = path.with_suffix(f".{material_name(self.recipe)}.json")
        async with AsyncFileLock(lock):
            if kept.exists():
                return read_material(kept)
            pool = PoolFile(path) if path.exists() else await _sample(study, path, model, now)
            material = await _finish(self.recipe, pool, domain, model)
            write_material(kept, material)
            return material


def _open(name: str) -> Pool:
    """A log, all logs of a directory as one pool, or a pool file."""
    from anytime.logs.inspect_ai.pools import InspectPool

    path = Path(name).expanduser()
    if not path.is_dir():
        return PoolFile(path) if is_pool_file(path) else InspectPool(path)
    logs = sorted(path.glob("*.eval"))
    if not logs:
        raise AnytimeError(f"the directory {path} holds no log (.eval): name one that does")
    return merged([InspectPool(log) for log in logs])


def _where(source: Source, now: Circumstances) -> tuple[Domain, str]:
    if source.domain:
        domain = get_domain(source.domain)
        same = now.domain is not None and now.domain.name == domain.name
        return domain, source.dataset or (now.dataset if same and now.dataset else "official")
    if now.domain is None:
        raise AnytimeError(
            "this task is no domain of anytime, so there is no dev split to learn from: name "
            "pairs=FILE, pool=LOG, or domain=NAME to sample a pool of another domain"
        )
    return now.domain, source.dataset or now.dataset or "official"


def _identity(model: Model) -> str:
    args = {key: value for key, value in model.model_args.items() if "key" not in key}
    return f"{model} {sorted(args.items())}"


_CARRYING_OUT = (
    "max_retries",
    "timeout",
    "attempt_timeout",
    "stream_idle_timeout",
    "max_connections",
    "adaptive_connections",
    "cache",
    "batch",
)
"""Settings that tell how a call is carried out, and not what comes back."""


def _sampling(model: Model, now: Circumstances) -> dict[str, Any]:
    config = settings_in_effect(model).model_dump(exclude_none=True)
    for name in _CARRYING_OUT:
        config.pop(name, None)
    return {"config": config, "cutter": now.cutter}


async def _sample(study: Study, path: Path, model: Model, now: Circumstances) -> PoolFile:
    """Sample what is missing; every finished trace is on disk before the next one counts."""
    growing = GrowingPool(path, study.info(path, str(model)))
    missing = list(study.missing(growing.done))
    total = len(study.problems) * study.traces
    failures: list[Exception] = []
    # As many traces at once as there are connections: were all begun at once, the first would wait
    # for their forced answers until the last had been sampled, and a kill would lose them all.
    connections = settings_in_effect(model).max_connections or model.api.max_connections()
    under_way = anyio.CapacityLimiter(connections)

    async def sample(place: int) -> None:
        async with under_way:
            await sample_one(*missing[place])

    async def sample_one(problem: Problem, draw: int) -> None:
        ask = requester(
            model, epoch=draw, token_ids=study.continuation == "token_ids", cached=False
        )
        try:
            program = trace_program(study, problem, now.tokenizer)
            elicited, _ = await drive(program, ask)
            trace = pool_trace(study.domain, problem, draw, elicited)
            try:
                growing.add(trace)
            except AnytimeError as error:  # what cannot be kept is not to be paid for
                failures.insert(0, error)
                group.cancel_scope.cancel()
        except LimitExceededError as error:  # of cost, say, which more calls only add to
            failures.insert(0, error)
            group.cancel_scope.cancel()
        except Exception as error:  # the others' texts are paid for: raised when they are kept
            failures.append(error)
        display_counter("anytime pool", f"{len(growing.done)}/{total}")

    try:
        async with anyio.create_task_group() as group:
            for place in range(len(missing)):
                group.start_soon(sample, place)
    finally:
        growing.close()
    if failures:
        raise failures[0]
    return growing.finish()


async def _finish(recipe: Recipe, pool: Pool, domain: Domain, model: Model) -> Material:
    ask = requester(model, epoch=1, token_ids=False, cached=False)
    material, _ = await drive(learned(recipe, pool, domain), ask)
    return material
