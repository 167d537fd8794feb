"""Everything of Inspect AI that is used and not published, each with its reason.

Nothing else in the package names what begins with an underscore in Inspect, matches its error texts
or spells out its file format; `tests/hosts/inspect_ai/test_private.py` says what moved when Inspect
changes. Read in inspect-ai 0.3.285. What only some runs need is imported when they need it.
"""

from __future__ import annotations

from copy import copy
from typing import Any, NamedTuple

from inspect_ai._util import package as packages
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessage, GenerateConfig, Model
from inspect_ai.scorer import Scorer
from inspect_ai.solver import Solver

from anytime.errors import AnytimeError

__all__ = [
    "PrerequisiteError",
    "asks_by_itself",
    "backend_tokenizer",
    "cause_of",
    "fields_without_file",
    "grades_text_alone",
    "has_no_scorer",
    "own_chat_template",
    "rendered",
    "samples_of_run",
    "scorer_files",
    "scorers_here",
    "scorers_of",
    "settings_of_run",
    "start_other_books",
    "state_of_text",
    "token_ids_of",
    "unreadable",
    "with_options",
]

# PrerequisiteError: the one error that Inspect shows as its message alone, without a traceback.


def _named_after_the_import_package() -> None:
    """Let Inspect take `anytime` for installed where it is installed editable.

    It names parts after the import package. In site-packages it goes by the place of their module;
    elsewhere it asks for an editable distribution of the same name, and ours is `anytime-eval`: the
    parts would be called `trip` and `pdp`, no entry point would lead to them, and tasks would run
    in the folder of their module, as a user's own file does. Here and not at each decorator, since
    that folder is decided by the same question and cannot be named.
    """
    asked = getattr(packages, "package_is_installed_editable", None)
    if asked is None:  # it asks in another way; a test and the names themselves tell
        return

    def is_installed(package: str) -> bool:
        return package == "anytime" or bool(asked(package))

    packages.package_is_installed_editable = is_installed


_named_after_the_import_package()


def start_other_books() -> None:
    """Write down from here on, in this context, no events and no usage in the current sample.

    A pool that a method learns from belongs to the run, not to the sample that came first; Inspect
    has no public way to ask a model outside of the sample it is in.
    """
    from inspect_ai.log._transcript import Transcript, init_transcript
    from inspect_ai.model._model import init_sample_model_usage, init_sample_role_usage

    init_transcript(Transcript(bounded=True))
    init_sample_model_usage()
    init_sample_role_usage()


def settings_of_run() -> GenerateConfig:
    """The generation settings of task and run, which `Model.generate` merges and does not show."""
    from inspect_ai.model._generate_config import active_generate_config

    return active_generate_config()


def samples_of_run() -> tuple[str, ...]:
    """Ids of the samples that the current one's run has, after --limit; none where it is over.

    A solver is shown its own sample, and its task's dataset nowhere.
    """
    from inspect_ai._control.eval_state import get_eval_state
    from inspect_ai.log._samples import sample_active

    active = sample_active()
    run = get_eval_state(active.eval_id) if active is not None else None
    return tuple(map(str, run.sample_ids)) if run is not None else ()


def scorers_of(header: EvalLog) -> list[Scorer]:
    """Make the scorers that a log names, as `inspect score` does: by package, or by task file."""
    from inspect_ai._eval.score import resolve_scorers

    return resolve_scorers(header)


def scorer_files(header: EvalLog) -> dict[str, str]:
    """The Python files that `scorers_of` would run, by the scorer that is looked for in each.

    A log's scorer is `FILE@NAME`, a file, or a name; a name that no installed package registers is
    looked for in the log's task file. Nothing is imported here but installed packages.
    """
    from inspect_ai._eval.loader import parse_spec_str
    from inspect_ai._util.registry import registry_lookup

    found = {}
    for spec in header.eval.scorers or []:
        file, _ = parse_spec_str(spec.name)
        known = file is None and any(
            registry_lookup(kind, spec.name) is not None for kind in ("scorer", "scanner")
        )
        if file is not None:
            found[spec.name] = spec.name.rpartition("@")[0] or spec.name
        elif not known and header.eval.task_file:
            found[spec.name] = header.eval.task_file
    return found


def scorers_here() -> list[str]:
    """Names that the running task's scorers have in its results; none outside of a sample."""
    from inspect_ai.scorer._score import _scorers
    from inspect_ai.scorer._scorer import unique_scorer_name

    names: list[str] = []
    for scorer in _scorers.get([]) or []:
        names.append(unique_scorer_name(scorer, names))
    return names


def has_no_scorer(error: RuntimeError) -> bool:
    """Whether `score` was called where there is none, or with --no-score: only its text tells."""
    return "a task with a scorer" in str(error)


def cause_of(error: Exception) -> Exception:
    """The error behind tenacity's RetryError, whose own message names a Future and no reason.

    Inspect lets it through when its retries are used up, and tenacity is not a dependency of ours.
    """
    attempt = getattr(error, "last_attempt", None)
    cause = attempt.exception() if attempt is not None else None
    return cause if isinstance(cause, Exception) else error


def unreadable(error: Exception) -> str:
    """What a provider's own code stumbled over in a reply that it does not know, in a line.

    A page or a cut-off JSON with status 200, fields of another kind, an error where an answer
    belongs: there is no class of errors for these. Empty where the error is of another kind.
    """
    if isinstance(error, AnytimeError):
        return ""
    kinds = (TypeError, LookupError, AttributeError, ValueError, AssertionError)
    named = type(error).__name__
    if not isinstance(error, kinds) and named not in (
        "OpenAIResponseError",
        "APIResponseValidationError",
    ):
        return ""
    return " ".join(f"{named}: {error}".split())[:200]


async def token_ids_of(model: Model, text: str) -> list[int]:
    """A text's token ids, from a provider that has them; `Model` itself has no such method."""
    return await model.api.tokenize(text)


def backend_tokenizer(model: Model) -> Any:
    """The tokenizer that the provider `hf` keeps in this process; None for others."""
    return getattr(getattr(model.api, "tokenizer", None), "backend_tokenizer", None)


# The provider `hf`, which takes a chat template as an option and none for a single call; see
# `anytime.hosts.inspect_ai.transformers_here`. Its attributes are the options by their names.


def own_chat_template(model: Model) -> str | None:
    """The chat template that `hf` would render with: the user's, or the model's own, or None."""
    api: Any = model.api
    if api.use_chat_template is False:
        return None
    named: str | None = api.chat_template
    own: str | None = named if isinstance(named, str) else api.tokenizer.chat_template
    return own


def with_options(model: Model, template: str, config: GenerateConfig, *, greedy: bool) -> Model:
    """A copy of a model of `hf` that renders with this template; weights and batches are shared.

    The model itself is kept for the whole process and may be another task's as well.

    Args:
        model: Of the provider `hf`.
        template: A chat template.
        config: The generation settings in effect: Inspect gives those of the run (--temperature) to
            the very model under test alone, and none to a copy.
        greedy: Whether it shall not sample, whatever it was told.
    """
    like, api = copy(model), copy(model.api)
    # Transformers refuses a temperature of 0 where it samples, and warns of it where it does not.
    like.config = config.model_copy(update={"temperature": None}) if greedy else config
    options: Any = api
    options.chat_template, options.use_chat_template = template, True
    options.do_sample = options.do_sample and not greedy
    like.api = api
    return like


def rendered(model: Model, messages: list[ChatMessage]) -> str:
    """The prompt that `hf` makes of messages."""
    text: str = model.api.hf_chat(messages, [])  # type: ignore[attr-defined]
    return text


def asks_by_itself(part: Solver) -> bool:
    """Whether a solver is an agent of Inspect's: only the module it is from tells."""
    return getattr(part, "__module__", "").startswith("inspect_ai.agent")


def fields_without_file(task: Any) -> dict[str, Any]:
    """A task's fields without the marks of the file it is from (`__task_file__` and others).

    A log that bears them is retried with that file.
    """
    return {name: value for name, value in vars(task).items() if not name.startswith("__")}


_OF_TEXT = tuple(f"inspect_ai.scorer.{name}" for name in ("_pattern", "_common", "_classification"))
"""Where `pattern`, `answer`, `match`, `includes`, `exact` and `f1` are."""


def grades_text_alone(scorer: Scorer) -> bool:
    """Whether it is a scorer of Inspect's that looks at nothing but `state.output.completion`.

    There is no public way to grade a text without the state of a sample, and a state with an output
    in it takes several times as long as such a scorer.
    """
    return getattr(scorer, "__module__", "") in _OF_TEXT


class _Said(NamedTuple):
    completion: str


class _OfText(NamedTuple):
    output: _Said


def state_of_text(text: str) -> Any:
    """What those scorers take for a state: whatever else they look at is an error."""
    return _OfText(_Said(text))
