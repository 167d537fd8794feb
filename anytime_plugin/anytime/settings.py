"""How a run is run and its index computed: the settings of every harness, checked here once.

A harness brings its own way to write settings down (`-T budgets=`, `--metadata`), and its wording:
`where` follows the name of whatever is wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, Protocol, TypedDict, get_args

from anytime.budgets import BudgetGrid, parse_budgets
from anytime.cutting.frames import frame_from
from anytime.errors import AnytimeError

__all__ = [
    "CONTINUATIONS",
    "FINISHED_BUDGETS",
    "GENERIC_ANSWER_TOKENS",
    "GENERIC_BUDGETS",
    "MODES",
    "MODE_OPTIONS",
    "Budgets",
    "Continuation",
    "Defaults",
    "Envelope",
    "Estimator",
    "IndexOptions",
    "Mode",
    "Named",
    "Population",
    "QMax",
    "RunSettings",
    "Scale",
    "check_choice",
    "check_full",
    "check_mode",
    "check_mode_options",
    "check_named",
    "check_options",
    "check_q_max",
    "check_scale",
    "check_shared",
    "check_whole",
    "options_named",
    "run_settings",
]

Mode = Literal["interrupt", "contract", "vote", "check", "tree", "stop", "extend"]
"""What is done with a budget; `anytime.programs.elicit` has a program for each."""
MODES: tuple[Mode, ...] = get_args(Mode)

MODE_OPTIONS: Mapping[str, Mapping[Mode, int]] = {
    "k": {"vote": 2, "check": 2},
    "width": {"tree": 1},
    "branch": {"tree": 1},
    "thought": {"tree": 16},
    "waits": {"extend": 1},
}
"""Whole numbers that modes take: by name the modes that need it, with the least that makes sense.
"""

Continuation = Literal["token_ids", "prefill", "reprompt"]
"""How a cut trace is handed back: as its own token ids, as the beginning of the assistant's turn,
or as a finished turn that the user interrupts. A host resolves `auto` to the best it can do."""
CONTINUATIONS: tuple[str, ...] = ("auto", *get_args(Continuation))

GENERIC_BUDGETS, GENERIC_ANSWER_TOKENS = "geom:128:4096:6", 1024
"""Budgets, and the cap on a forced answer, of a third-party task: one that is on no domain."""

FINISHED_BUDGETS = "geom:128:32768:9"
"""Where traces of finished logs are cut: the same for all logs, whenever they are annotated, so
that they can be compared. A budget beyond the end of every trace costs nothing."""

Envelope = Literal["mean", "none", "problem", "trace"]
"""Where "best so far" is taken.

`mean`: on the mean curve (default). `none`: nowhere; what an interrupted user really gets.
`problem`: per problem, on its mean over traces. `trace`: per trace, an oracle that knows which
answer was right; even a guesser climbs under it.
"""

Scale = Literal["linear", "log2"]
"""How distance between budgets is measured: in tokens (paper) or in doublings."""

QMax = Literal["achieved"] | float
"""The quality that counts as 1: a number, or `achieved` for the enveloped curve's last value."""


Estimator = Literal["crossfit", "plugin"]
"""How a maximum over noisy means is estimated: without its bias, or as the paper's formula stands.
"""


Population = Literal["problems", "traces"]
"""What an interval generalises to: other problems of the kind, of which these are a sample, or
other traces of these very problems, where they are all there are."""


class IndexOptions(NamedTuple):
    """How the index of a curve is computed; see `anytime_index` and `index_interval`."""

    envelope: Envelope = "mean"
    scale: Scale = "linear"
    q_max: QMax = 1.0
    seed: int = 0
    estimator: Estimator = "crossfit"
    population: Population = "problems"


def options_named(
    envelope: Envelope | None = None,
    scale: Scale | None = None,
    q_max: QMax | None = None,
    seed: int | None = None,
    estimator: Estimator | None = None,
    population: Population | None = None,
) -> dict[str, Any]:
    """The options of the index that a call named, by name; the others are a run's own."""
    named = IndexOptions._fields, (envelope, scale, q_max, seed, estimator, population)
    return {name: value for name, value in zip(*named, strict=True) if value is not None}


Budgets = str | int | Sequence[int | str]
"""A grid of budgets as users write it; see `anytime.budgets.parse_budgets`."""


class Named(TypedDict, total=False):
    """Settings of `RunSettings` that a user or a task named; None counts as not named."""

    budgets: Budgets | None
    mode: Mode | None
    continuation: str | None
    tokenizer: str | None
    answer_tokens: int | None
    frame: str | None
    k: int | None
    width: int | None
    branch: int | None
    thought: int | None
    waits: int | None
    stop: str | None


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How traces are sampled, cut and handed back.

    Attributes:
        budgets: The grid, in trace tokens.
        mode: `interrupt` (one trace, cut at every budget), `contract` (one run per budget) or
            `vote` (several traces share every budget).
        continuation: How a cut trace is handed back: `auto`, or a `Continuation`.
        tokenizer: Name of what to cut with where the back end does not tell tokens.
        answer_tokens: Cap on a forced answer.
        frame: Tags of the user's own around reasoning, `OPEN CLOSE`; the known ones count as well.
        k: Traces that share a budget in modes `vote` and `check`.
        width: States that go on from a level in mode `tree`.
        branch: Thoughts that are proposed from each state there.
        thought: Cap on a thought there, in tokens.
        waits: How often a trace that ended early is made to go on in mode `extend`.
        stop: The rule that stops a trace, such as `stable:2`; it makes interrupt the mode `stop`.

    Raises:
        AnytimeError: As `check_named`.
    """

    budgets: BudgetGrid
    mode: Mode = "interrupt"
    continuation: str = "auto"
    tokenizer: str | None = None
    answer_tokens: int = GENERIC_ANSWER_TOKENS
    frame: str | None = None
    k: int | None = None
    width: int | None = None
    branch: int | None = None
    thought: int | None = None
    waits: int | None = None
    stop: str | None = None

    def __post_init__(self) -> None:
        """Check at construction, so that no run starts with settings it cannot follow."""
        check_named(asdict(self))


class Defaults(Protocol):
    """What gives a run the settings that nobody named: a domain does."""

    @property
    def budgets(self) -> str:
        """The grid."""

    @property
    def answer_tokens(self) -> int:
        """Cap on a forced answer."""


def run_settings(
    named: Mapping[str, Any], defaults: Defaults | None = None, where: str = ""
) -> RunSettings:
    """Complete the settings that were named.

    Args:
        named: As `Named`.
        defaults: Gives the others; None for a third-party task.
        where: Follows the name of a setting that is wrong, such as ` in --metadata`.

    Raises:
        AnytimeError: As `check_named`; or the budgets are no grid.
    """
    given = {name: value for name, value in named.items() if value is not None}
    usual = GENERIC_BUDGETS if defaults is None else defaults.budgets
    given["budgets"] = parse_budgets(given.get("budgets", usual))
    if "stop" in given and given.get("mode", "interrupt") == "interrupt":
        given["mode"] = "stop"
    if defaults is not None:
        given = {"answer_tokens": defaults.answer_tokens, **given}
    check_named(given, where)
    return RunSettings(**given)


def check_named(named: Mapping[str, Any], where: str = "") -> None:
    """Refuse settings of a run before anything is paid for that they are for.

    Args:
        named: As `Named`.
        where: Follows the name of a setting that is wrong.

    Raises:
        AnytimeError: A value is unknown or of a wrong kind, or two do not go together.
    """
    given = {name: value for name, value in named.items() if value is not None}
    if "mode" in given:
        check_choice("mode", given["mode"], MODES, where)
    if "continuation" in given:
        check_choice("continuation", given["continuation"], CONTINUATIONS, where)
    if not isinstance(tokenizer := given.get("tokenizer", "auto"), str) or not tokenizer:
        raise AnytimeError(f"tokenizer {tokenizer!r}{where} is not a name")
    tokens = given.get("answer_tokens", 1)
    if not isinstance(tokens, int) or isinstance(tokens, bool) or tokens < 1:
        raise AnytimeError(f"answer_tokens {tokens!r}{where} is not a whole number above 0")
    if "frame" in given:
        frame_from(given["frame"], where)
    for name, of in MODE_OPTIONS.items():
        if name in given:
            check_whole(name, given[name], least=min(of.values()), where=where)
    if "stop" in given:
        _check_stop(given, where)
    elif given.get("mode") == "stop":
        raise AnytimeError(f"mode=stop{where} needs a rule: write stop=stable:2")
    if isinstance(grid := given.get("budgets"), BudgetGrid):
        mode = given.get("mode", "interrupt")
        check_mode_options(mode, given, where)
        check_mode(mode, grid)
        if "k" in given:
            check_shared(grid, given["k"], where)


def _check_stop(given: Mapping[str, Any], where: str) -> None:
    """Refuse a rule that is none, or that no live run can follow."""
    text = given["stop"]
    if not isinstance(text, str):
        raise AnytimeError(f"stop {text!r}{where} is no rule: write stop=stable:2")
    if given.get("mode", "interrupt") not in ("interrupt", "stop"):
        raise AnytimeError(
            f"stop{where} stops one trace that goes on, and this is mode={given['mode']}: leave "
            f"one of them out"
        )
    from anytime.plugins import get_stopping_rule  # pluggy only where a rule is named

    rule = get_stopping_rule(text)
    if rule.kind.once is not None:
        raise AnytimeError(
            f"stop={text}{where} asks at one budget alone, so there is nothing to find out on the "
            f"way: name that budget as the largest of budgets instead"
        )
    grid = given.get("budgets")
    if isinstance(grid, BudgetGrid) and grid[0] == 0:
        raise AnytimeError(
            f"stop={text}{where} asks for a trace in slices, and budget 0 is none: leave it out"
        )


def check_mode_options(mode: Mode, given: Mapping[str, Any], where: str = "") -> None:
    """Refuse options of another mode, and a mode without its own.

    Raises:
        AnytimeError: It names what to add or to leave out.
    """
    for name, of in MODE_OPTIONS.items():
        if given.get(name) is not None and mode not in of:
            raise AnytimeError(
                f"{name}{where} is of mode={' or mode='.join(of)}, and this is mode={mode}"
            )
        if given.get(name) is None and mode in of:
            raise AnytimeError(f"mode={mode}{where} needs {name}, such as {name}={2 * of[mode]}")


def check_shared(budgets: Sequence[int], k: int, where: str = "") -> None:
    """Refuse budgets that several traces cannot share evenly, in whole tokens.

    Raises:
        AnytimeError: With the budgets that they can share.
    """
    if all(budget % k == 0 for budget in budgets):
        return
    shared = sorted({budget // k * k for budget in budgets if budget >= k})
    told = f"name {','.join(map(str, shared))}" if len(shared) > 1 else "name larger ones"
    small = [budget for budget in budgets if 0 < budget < k]
    if small:
        raise AnytimeError(
            f"{k} traces cannot share a budget of {small[0]} tokens{where}: each would have less "
            f"than one; {told}"
        )
    odd = next(budget for budget in budgets if budget % k)
    raise AnytimeError(
        f"budget {odd}{where} is not divided evenly among k={k} traces: {told} as budgets"
    )


def check_mode(mode: Mode, budgets: Sequence[int]) -> None:
    """Refuse a mode that has no place for a budget.

    Raises:
        AnytimeError: It is `contract`, and a budget is 0.
    """
    if mode == "contract" and budgets[0] == 0:
        raise AnytimeError("contract mode cannot run with budget 0: leave it out, or use interrupt")


def check_options(options: IndexOptions, budgets: Sequence[int] = (1, 2), where: str = "") -> None:
    """Refuse options of the index before anything is paid for that it would be computed of.

    Args:
        options: The options.
        budgets: Those of the run, if they are known.
        where: Follows the name of an option that is wrong.

    Raises:
        AnytimeError: One is unknown or of a wrong kind, or the scale has no place for a budget.
    """
    check_scale(options.scale, budgets, where)
    check_choice("envelope", options.envelope, get_args(Envelope), where)
    check_q_max(options.q_max, where)
    check_whole("seed", options.seed, least=0, where=where)
    check_choice("estimator", options.estimator, get_args(Estimator), where)
    check_choice("population", options.population, get_args(Population), where)


def check_scale(scale: Scale, budgets: Sequence[int], where: str = "") -> None:
    """Refuse a scale that is unknown, or on which a budget has no place."""
    check_choice("scale", scale, get_args(Scale), where)
    if scale == "log2" and budgets[0] == 0:
        raise AnytimeError("budget 0 has no place on the scale log2: leave it out or use linear")


def check_q_max(q_max: QMax, where: str = "") -> None:
    """Refuse what no quality can be divided by."""
    number = isinstance(q_max, int | float) and 0 < q_max <= 1
    if q_max != "achieved" and not number:
        raise AnytimeError(
            f"q_max {q_max!r}{where}: expected a number above 0, up to 1, or 'achieved'"
        )


def check_full(q_max: QMax, domain: str, where: str = "") -> None:
    """Refuse, before anything is paid for, a full quality that right answers are above.

    Args:
        q_max: The quality that counts as 1.
        domain: Whose right answers have quality 1, as all domains' have.
        where: Follows the name of the option.
    """
    if q_max != "achieved" and q_max < 1:
        raise AnytimeError(
            f"q_max {q_max:g}{where} is below 1, the quality of a right answer in {domain}: leave "
            f"it out, or use achieved"
        )


def check_choice(name: str, value: Any, choices: Collection[str], where: str = "") -> None:
    """Refuse a value that is none of several."""
    if value not in choices:
        raise AnytimeError(f"unknown {name} {value!r}{where}: choose one of {', '.join(choices)}")


def check_whole(name: str, value: Any, *, least: int, where: str = "") -> None:
    """Refuse what is no whole number, or below the least; True and False are none."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise AnytimeError(f"{name} {value!r}{where} is not a whole number from {least} on")
