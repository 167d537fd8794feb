"""The request type `generate_anytime`: all documents' programs in lockstep.

lm-eval answers a request type by the model's method of that name. This one drives the programs of
all documents at once: each round's requests go to the model in one `generate_until` call, so
interrupt mode takes two calls however many documents there are.
"""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anytime.cutting.ends import ended
from anytime.cutting.texts import encodable
from anytime.cutting.tokens import Tokenizer, counter
from anytime.domains.base import Cue, Problem
from anytime.hosts.lm_eval.api import Instance, hash_args
from anytime.hosts.lm_eval.asking import check_answered, failure, generated
from anytime.hosts.lm_eval.backends import (
    Prompt,
    arguments,
    check_model,
    find_tokenizer,
    is_sampled,
    prompt_of,
    resolve_continuation,
    says_nothing_on_failure,
    takes_messages,
)
from anytime.hosts.lm_eval.errors import one_sentence
from anytime.hosts.lm_eval.keeping import UnderWay
from anytime.hosts.lm_eval.material import check_sampled, evaluated_in, material
from anytime.hosts.lm_eval.private import add_request_type, answers_kept, seed_of
from anytime.hosts.lm_eval.records import Response, as_written, response
from anytime.hosts.lm_eval.rounds import Asking, check_room, parts
from anytime.hosts.lm_eval.services import Hidden
from anytime.hosts.lm_eval.store import TraceStore, model_name, opened
from anytime.methods.base import Material, Recipe
from anytime.methods.learning import Sampling
from anytime.methods.overlap import Evaluated
from anytime.methods.prompting import Prompted, prompted
from anytime.methods.source import Source, samples_pool
from anytime.plugins import get_domain, get_method
from anytime.programs.answers import answer_checker, answer_reader, answer_rules
from anytime.programs.checkpoints import Elicited
from anytime.programs.doubts import Doubts
from anytime.programs.elicit import Asked, check_strategy, elicit, hands_back
from anytime.programs.lockstep import Ask, drive
from anytime.protocol import Finish, Message, Program, Reply, Request
from anytime.settings import MODE_OPTIONS, RunSettings

__all__ = [
    "Spec",
    "TraceRequest",
    "asker",
    "drive",
    "finish_of",
    "generate_anytime",
    "program_of",
]

log = logging.getLogger(__name__)

ByBudget = Mapping[int, Sequence[Message]]


@dataclass(frozen=True, slots=True)
class Spec:
    """What a task asks for one problem, beside prompt and generation settings."""

    prompt: Prompt
    run: RunSettings
    cue: Cue
    traces: int
    trace_store: str | None
    domain: str
    content: str
    recipe: Recipe
    source: Source
    split: str = ""
    problem: Problem | None = None

    def __str__(self) -> str:
        """As it is logged with each sample: without the prompt, which stands beside."""
        return (
            f"budgets={','.join(map(str, self.run.budgets))} mode={self.run.mode} "
            f"{self._options}continuation={self.run.continuation} "
            f"answer_tokens={self.run.answer_tokens} "
            f"traces={self.traces} method={self.recipe.method}"
        )

    @property
    def _options(self) -> str:
        known = {name: getattr(self.run, name) for name in MODE_OPTIONS}
        if self.run.stop is not None:
            known["stop"] = self.run.stop
        return "".join(f"{name}={value} " for name, value in known.items() if value is not None)


def generate_anytime(lm: Any, requests: Sequence[Instance]) -> list[Response]:
    """Answer all requests of this type; becomes a method of `lm_eval.api.model.LM`.

    A request that occurs again, as lm-eval clones it for each trace and for padding between ranks,
    is the problem's next draw; beyond the asked number of traces draws begin again.
    """
    with one_sentence():
        draws: Counter[int] = Counter()
        runs = []
        for request in requests:
            _, gen_kwargs, asked = request.args
            draw = draws[id(request)] % asked.traces + 1
            runs.append(TraceRequest(asked, gen_kwargs, draw, request))
            draws[id(request)] += 1
        spec = runs[0].spec  # one run has one model and one set of settings
        check_model(lm, spec.prompt)
        sampled = takes_messages(lm) or is_sampled(runs[0].gen_kwargs)
        check_strategy(spec.run.mode, on_domain=bool(spec.domain), sampled=sampled)
        tokenizer = find_tokenizer(lm, spec.run.tokenizer, needed=_cuts(spec))
        with opened(spec.trace_store, lm) as store:
            taught = _taught(lm, runs, tokenizer, store)
            doubts = Doubts()
            programs = [
                _responding(
                    program_of(lm, run.spec, tokenizer, _by_budget(made), draw=run.draw),
                    made,
                    doubts,
                )
                for run, made in taught
            ]
            ask = asker(lm, [run for run, _ in taught], tokenizer, store)
            responses = drive(programs, ask)
            for sentence in doubts.sentences():  # what numbers are not to be believed without
                log.warning("anytime: %s", sentence)
    return responses


def _responding(program: Program[Elicited], made: Prompted, doubts: Doubts) -> Program[Response]:
    """A program whose result is written down at once: as objects, those of all would be large."""
    elicited = yield from program
    doubts.add(elicited)
    return response(elicited, made.record)


def _cuts(spec: Spec) -> bool:
    """Whether a trace has to be cut: one of the run's, or of a pool that is sampled for it."""
    return hands_back(spec.run.mode) or samples_pool(spec.recipe, spec.source)


@dataclass(frozen=True, slots=True)
class TraceRequest:
    """lm-eval's request for one of a problem's traces: what its program asks, and how."""

    spec: Spec
    gen_kwargs: dict[str, Any]
    draw: int
    request: Instance


def _taught(
    lm: Any, runs: Sequence[TraceRequest], tokenizer: Tokenizer | None, store: TraceStore | None
) -> list[tuple[TraceRequest, Prompted]]:
    """Let each problem's method put its preface before the question."""
    known: dict[Hashable, Material] = {}
    taught = []
    for run in runs:
        spec = run.spec
        key = _learns_as(spec)
        if key not in known:
            alike = [one.spec for one in runs if _learns_as(one.spec) == key]
            evaluated = evaluated_in((one.content for one in alike), {one.split for one in alike})
            known[key] = _material(lm, run, evaluated, tokenizer, store)
        made = prompted(
            spec.recipe,
            known[key],
            spec.prompt.messages,
            spec.content,
            budgets=spec.run.budgets,
            count=counter(tokenizer),
            domain=spec.domain,
        )
        if not isinstance(made.messages, Mapping):
            prompt = prompt_of(lm, spec.prompt, made.messages)
            run = dataclasses.replace(run, spec=dataclasses.replace(spec, prompt=prompt))
        taught.append((run, made))
    return taught


def _learns_as(spec: Spec) -> Hashable:
    return spec.recipe, spec.source, spec.run.budgets


def _material(
    lm: Any,
    run: TraceRequest,
    evaluated: Evaluated,
    tokenizer: Tokenizer | None,
    store: TraceStore | None,
) -> Material:
    spec = run.spec
    if get_method(spec.recipe.method).learn is None:
        return Material()

    def run_programs(
        programs: Sequence[tuple[Program[Any], int]], beside: Path | None
    ) -> list[Any]:
        runs = [dataclasses.replace(run, draw=draw) for _, draw in programs]
        with opened(beside if store is None else None, lm) as own:
            keeps = own if store is None else store
            return drive([program for program, _ in programs], asker(lm, runs, tokenizer, keeps))

    sampled = takes_messages(lm) or is_sampled(run.gen_kwargs)
    check_sampled(spec.recipe, spec.source, sampled)
    first = spec.prompt.messages[0]
    sampling = Sampling(
        budgets=spec.run.budgets,
        # A contract run hands nothing back, but the pool it learns from does.
        continuation=resolve_continuation(
            spec.run.continuation if hands_back(spec.run.mode) else "auto", lm, spec.prompt
        ),
        answer_tokens=spec.run.answer_tokens,
        tokenizer=tokenizer,
        system=first.content if first.role == "system" else "",
        model=model_name(lm),
        identity=model_name(lm),
        settings={
            "generation": run.gen_kwargs,
            "seed": seed_of(lm),
            "templated": spec.prompt.templated,
            "tokenizer": spec.run.tokenizer,
        },
    )
    return material(spec.recipe, spec.source, sampling, evaluated, run_programs)


def _by_budget(made: Prompted) -> ByBudget | None:
    return made.messages if isinstance(made.messages, Mapping) else None


def program_of(
    lm: Any,
    spec: Spec,
    tokenizer: Tokenizer | None,
    messages: ByBudget | None = None,
    sampled: Reply | None = None,
    cap: int | None = None,
    draw: int = 1,
) -> Program[Elicited]:
    """The program that asks one problem of a model.

    Args:
        lm: The model, which tells how it can be handed a cut trace.
        spec: What is asked.
        tokenizer: Cuts traces.
        messages: A conversation for each budget, in place of that of the prompt.
        sampled: The trace, where it is there already.
        cap: The most tokens that one was allowed, where that is known.
        draw: Which of the problem's traces this is.
    """
    run, used = spec.run, None
    known = get_domain(spec.domain) if spec.domain else None
    if hands_back(run.mode):
        used = resolve_continuation(run.continuation, lm, spec.prompt)
    return elicit(
        Asked(
            messages or spec.prompt.messages,
            run,
            spec.cue,
            continuation=used,
            tokenizer=tokenizer,
            sampled=sampled,
            cap=cap,
            rules=answer_rules(known),
            draw=draw,
            read=answer_reader(known, spec.problem) if known and spec.problem else None,
            checker=answer_checker(known, spec.problem) if known and spec.problem else None,
        )
    )


def asker(
    lm: Any, runs: Sequence[TraceRequest], tokenizer: Tokenizer | None, store: TraceStore | None
) -> Ask:
    """Answers rounds of programs, one per run, from the model, its cache and the store."""
    cache = answers_kept(lm)
    empty_fails = says_nothing_on_failure(lm)
    # lm-eval's hash of a long prompt takes longer than all else here: only where it is read.
    named = store is not None or cache is not None

    def asking(number: int, request: Request) -> Asking:
        run = runs[number]
        which = request.draw or run.draw
        args = arguments(lm, run.spec.prompt, request, run.gen_kwargs, which)
        draw = which if is_sampled(run.gen_kwargs) else None
        # What the program asked is needed no more but for its messages, which are most of it.
        return Asking(number, dataclasses.replace(request, messages=()), args, draw)

    def answer(part: Sequence[Asking], texts: dict[Hashable, str]) -> None:
        """Put the texts of requests to those that are known of their round."""
        asked: dict[Hashable, UnderWay] = {}
        for one in part:
            if one.key in asked or one.key in texts:
                continue
            hashed = hash_args("generate_until", one.args) if named else ""
            if (
                cache is not None
                and one.draw is None
                and hashed in cache
                and not failure(cache[hashed], empty_fails)  # lm-eval keeps those too
            ):
                texts[one.key] = cache[hashed]
            else:
                asked[one.key] = UnderWay(
                    _instance(runs[one.number].request, one.args),
                    hashed if one.draw is None else f"{hashed}-{one.draw}",
                    cacheable=one.draw is None,
                    to_cut=_is_cut(one.request),
                )
        check_room(lm, [request.instance for request in asked.values()], tokenizer)
        texts |= generated(lm, asked, cache, store, empty_fails)

    def ask(batch: Iterable[tuple[int, Request]]) -> Iterator[Reply]:
        texts: dict[Hashable, str] = {}
        to_cut: list[Hashable] = []
        for part in parts(asking(number, request) for number, request in batch):
            answer(part, texts)
            to_cut += [one.key for one in part if _is_cut(one.request)]
            check_answered([texts[key] for key in to_cut])
            outstanding = [(one.key, one.number, one.request) for one in part]
            del part[:]  # with the prompts, while programs go on
            for key, number, request in outstanding:
                yield _reply(texts[key], request, runs[number].spec, tokenizer)

    return ask


def _instance(request: Instance, args: tuple[Any, dict[str, Any]]) -> Instance:
    return Instance(
        request_type="generate_until",
        doc=request.doc,
        arguments=args,
        idx=request.idx,
        metadata=(request.task_name, request.doc_id, 1),
    )


def _is_cut(request: Request) -> bool:
    """Whether this is a trace that is to be cut, which a run has nothing without."""
    return request.kind == "trace" and request.budget is None


def _reply(text: str, request: Request, spec: Spec, tokenizer: Tokenizer | None) -> Reply:
    if failed := failure(text, to_cut=_is_cut(request)):
        return Reply(text="", finish="other", failed=failed)
    hidden = isinstance(text, Hidden)
    text = encodable(text)
    if tokenizer is None:
        return Reply(text=text, finish="other", hidden_reasoning=hidden)
    tokens = len(tokenizer.ends(text))
    if request.kind == "trace" and not request.slice:
        text = as_written(text, spec.prompt.context, spec.run.frame)
    finish = finish_of(tokens, request.max_tokens, tokenizer)
    return Reply(text=text, output_tokens=tokens, finish=finish, hidden_reasoning=hidden)


def finish_of(tokens: int, cap: int, tokenizer: Tokenizer) -> Finish:
    """Why a bare string ended, which does not tell: one as long as its cap was cut off."""
    found = ended("other", tokens, cap, exact=bool(getattr(tokenizer, "exact", False)))
    return "length" if found == "length" else "stop"


add_request_type(generate_anytime)
