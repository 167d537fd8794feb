"""A finished run's traces, handed back at every budget to a model of lm-eval's, which answers.

Nothing is sampled again. Every answer is kept in a trace store as soon as its batch is done, so
that a run that was killed, or whose model failed, asks only for the rest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anytime.budgets import BudgetGrid
from anytime.cutting.tokens import Tokenizer
from anytime.domains.base import Cue
from anytime.domains.sources import cache_dir
from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.api import Instance
from anytime.hosts.lm_eval.backends import (
    LENGTHS,
    Prompt,
    check_model,
    find_tokenizer,
    is_chat,
    takes_messages,
)
from anytime.hosts.lm_eval.driver import Spec, TraceRequest, asker, drive, program_of
from anytime.hosts.lm_eval.store import model_name, opened
from anytime.hosts.lm_eval.wrapping import cue_of
from anytime.logs.lm_eval.annotated_samples import Part, Stand
from anytime.logs.lm_eval.annotating import reply_of
from anytime.logs.lm_eval.log_file import PlainSample
from anytime.logs.lm_eval.log_scorers import problem_of
from anytime.methods.base import Recipe
from anytime.methods.source import Source
from anytime.programs.checkpoints import Elicited
from anytime.programs.intrace import Standing
from anytime.programs.traced import readable
from anytime.protocol import Message, Program, Reply
from anytime.settings import GENERIC_ANSWER_TOKENS, RunSettings

__all__ = ["HandingBack", "store_path"]


class HandingBack:
    """A model of lm-eval that answers logged traces.

    Args:
        model: As lm-eval names it, or the model itself.
        arguments: lm-eval's `--model_args`.
        continuation: How a cut trace is handed back: `auto`, `prefill`, `reprompt`.
        cue: The first words of a forced answer; None for those that fit any task, or the domain's.
        tokenizer: What to cut with where the model has no tokenizer of its own.

    Attributes:
        mode: The program that runs.
        tokenizer: What traces are cut with.

    Raises:
        AnytimeError: The model cannot be had.
    """

    mode = "interrupt"

    def __init__(
        self,
        model: Any,
        arguments: str = "",
        continuation: str = "auto",
        cue: str | None = None,
        tokenizer: Tokenizer | None = None,
    ) -> None:
        """Load the model."""
        if cue is not None and not cue.strip():
            raise AnytimeError("--cue holds no words: name the first words of an answer")
        self._lm = _load(model, arguments) if isinstance(model, str) else model
        self._asked = continuation
        self._cue = cue
        self.tokenizer = find_tokenizer(self._lm, None, needed=False) or tokenizer

    def settings(self, part: Part) -> Mapping[str, Any]:
        """Those of a live run."""
        return {
            "continuation": self._asked,
            "answer_tokens": _answer_tokens(part),
            "cue": self._cue,
        }

    def prepare(self, part: Part, budgets: BudgetGrid, tokenizer: Tokenizer | None) -> Stand:
        """Ask for all answers to the traces of a task, two documents' in no order but the log's.

        Raises:
            AnytimeError: The model cannot take the log's prompts, or failed.
        """
        programs: list[Program[Elicited]] = []
        runs: list[TraceRequest] = []
        places: dict[str, list[int]] = {}
        reasons: dict[str, str] = {}
        for sample in part.run.samples():
            name = str(sample.doc_id)
            if sample.unfit or name in places or name in reasons:
                continue
            try:
                replies = [reply_of(sample, text, tokenizer) for text in sample.texts]
                for reply in replies:
                    readable(reply, part.grader.frame)
                prompt = _prompt(
                    sample, self._lm, templated=bool(part.run.known.get("chat_template"))
                )
            except AnytimeError as error:
                reasons[name] = str(error)
                continue
            places[name] = []
            for draw, reply in enumerate(replies, 1):
                run = self._run(part, sample, prompt, budgets, draw)
                places[name].append(len(runs))
                runs.append(run)
                programs.append(_program(self._lm, run, reply, sample.cap, tokenizer))
        elicited = self._drive(part, programs, runs, tokenizer)

        def stand(sample: PlainSample) -> Sequence[Standing]:
            name = str(sample.doc_id)
            if name in reasons:
                raise AnytimeError(reasons[name])
            found = [elicited[place] for place in places[name]]
            if failed := next((one.failed for one in found if one.failed), ""):
                raise AnytimeError(f"to which the model gave no answer ({failed})")
            return [
                Standing(one, tuple(point.answer for point in one.checkpoints)) for one in found
            ]

        return stand

    def _drive(
        self,
        part: Part,
        programs: Sequence[Program[Elicited]],
        runs: Sequence[TraceRequest],
        tokenizer: Tokenizer | None,
    ) -> list[Elicited]:
        if not runs:
            return []
        check_model(self._lm, runs[0].spec.prompt)
        path = store_path(self._lm, part.run.path)
        with opened(str(path), self._lm) as store:
            try:
                return drive(programs, asker(self._lm, runs, tokenizer, store))
            except AnytimeError:
                raise
            except Exception as error:  # whatever the model's class raises
                raise AnytimeError(
                    f"the model failed on the traces of {part.run.path} ({type(error).__name__}: "
                    f"{error}): run the same command again, which asks for the rest "
                    f"({len(store or ())} answers are kept in {path})"
                ) from error

    def _run(
        self, part: Part, sample: PlainSample, prompt: Prompt, budgets: BudgetGrid, draw: int
    ) -> TraceRequest:
        spec = Spec(
            prompt=prompt,
            run=RunSettings(
                budgets,
                continuation=self._asked,
                answer_tokens=_answer_tokens(part),
                frame=part.grader.frame,
            ),
            cue=self._cue_of(part, sample),
            traces=part.run.responses,
            trace_store=None,
            domain=part.grader.domain.name if part.grader.domain else "",
            content="",
            recipe=Recipe(),
            source=Source(),
        )
        kept = {name: value for name, value in sample.generation.items() if name not in LENGTHS}
        request = Instance(
            request_type="generate_until",
            doc=sample.fields["doc"],
            arguments=(prompt.context, kept),
            idx=0,
            metadata=(part.run.header.task, sample.doc_id, 1),
        )
        return TraceRequest(spec, kept, draw, request)

    def _cue_of(self, part: Part, sample: PlainSample) -> Cue:
        domain = part.grader.domain
        if domain is not None and self._cue is None:
            return domain.cue(problem_of(domain, sample))
        return cue_of(self._cue)


def _load(name: str, arguments: str) -> Any:
    from lm_eval.api.registry import get_model  # type: ignore[import-untyped]

    try:
        return get_model(name).create_from_arg_string(arguments)
    except AnytimeError:
        raise
    except Exception as error:  # an unknown name, a missing package, a wrong argument
        told = str(error).strip().partition("\n")[0] or type(error).__name__
        raise AnytimeError(
            f"lm-eval's model {name} cannot be had with --model-args {arguments!r}: {told}"
        ) from None


def store_path(lm: Any, samples: Path) -> Path:
    """Where the answers of a model to a log's traces are kept."""
    determined = json.dumps([model_name(lm), str(samples.resolve())])
    key = hashlib.sha256(determined.encode()).hexdigest()
    return cache_dir() / "annotate" / f"{key[:24]}.jsonl"


def _answer_tokens(part: Part) -> int:
    domain = part.grader.domain
    return GENERIC_ANSWER_TOKENS if domain is None else domain.answer_tokens


def _program(
    lm: Any, run: TraceRequest, reply: Reply, cap: int | None, tokenizer: Tokenizer | None
) -> Program[Elicited]:
    spec = run.spec
    no_turns = isinstance(spec.prompt.context, str) and not spec.prompt.templated
    if spec.run.continuation == "reprompt" and no_turns and not takes_messages(lm):
        raise AnytimeError(
            "the log's prompts are texts, and do not tell the turns that another one could follow: "
            "use --continuation prefill"
        )
    return program_of(lm, spec, tokenizer, sampled=reply, cap=cap)


def _prompt(sample: PlainSample, lm: Any, *, templated: bool) -> Prompt:
    """The logged prompt, as the model takes prompts.

    Raises:
        AnytimeError: It cannot be had from the log, or not for this model.
    """
    logged = sample.context
    text = logged[0] if isinstance(logged, list) and len(logged) == 1 else logged
    if not isinstance(text, str):
        raise AnytimeError("without a prompt that can be asked again")
    chat = is_chat(lm)
    if isinstance(logged, list):
        messages = _turns(text)
        if chat:
            return Prompt(_as_chat(messages), messages, templated=True)
        turns = [{"role": turn.role, "content": turn.content} for turn in messages]
        try:
            context = lm.apply_chat_template(turns, add_generation_prompt=True)
        except Exception as error:  # no template, or one that refuses these turns
            raise AnytimeError(
                f"whose prompt is a chat, which {type(lm).__name__} has no template for "
                f"({type(error).__name__})"
            ) from None
        return Prompt(str(context), messages, templated=True)
    messages = (Message("user", text),)
    if not chat:
        # The turns in a rendered prompt are not told, so nothing can be asked in another one.
        return Prompt(text, messages, templated=False)
    if templated:
        raise AnytimeError(
            f"whose prompt a chat template rendered, which {type(lm).__name__} would do again: "
            f"name a model that continues text"
        )
    return Prompt(_as_chat(messages), messages, templated=True)


def _turns(text: str) -> tuple[Message, ...]:
    try:
        turns = json.loads(text)
        found = tuple(Message(turn["role"], turn["content"]) for turn in turns)
    except (ValueError, KeyError, TypeError):
        found = ()
    if not found or not all(isinstance(turn.content, str) for turn in found):
        raise AnytimeError("whose prompt is no chat of plain texts")
    return found


def _as_chat(messages: Sequence[Message]) -> Any:
    from lm_eval.models.api_models import JsonChatStr  # type: ignore[import-untyped]

    turns = [{"role": turn.role, "content": turn.content} for turn in messages]
    return JsonChatStr(json.dumps(turns, ensure_ascii=False))
