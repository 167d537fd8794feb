"""The programs that get a curve out of a model: `interrupt` and `contract`.

`interrupt` samples one trace, cuts it at every budget below its length, hands each cut back and
makes the model answer at once; where the trace had already ended, its own answer stands (anytime
reasoning as in arXiv 2601.11038). `contract` runs once per budget, told its budget and capped at
it. The two are different quantities (Zilberstein 1996: interruptible and contract algorithms), so
a curve holds one kind.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from anytime.budgets import BudgetGrid
from anytime.domains.base import Cue
from anytime.errors import AnytimeError, HiddenReasoningError
from anytime.protocol import Finish, Message, Program, Reply, Request, Role
from anytime.tokens import Cut, CutSource, Tokenizer, measure

__all__ = [
    "CONTINUATIONS",
    "FOREIGN_ANSWER_TOKENS",
    "FOREIGN_BUDGETS",
    "GENERIC_CUE",
    "MODES",
    "Checkpoint",
    "Continuation",
    "Elicited",
    "Mode",
    "contract",
    "interrupt",
]

Mode = Literal["interrupt", "contract"]
MODES: tuple[Mode, ...] = get_args(Mode)

Continuation = Literal["token_ids", "prefill", "reprompt"]
"""How a cut trace is handed back: as its own token ids, as the beginning of the assistant's turn,
or as a finished turn that the user interrupts. A host resolves `auto` to the best it can do."""
CONTINUATIONS: tuple[str, ...] = ("auto", *get_args(Continuation))

GENERIC_CUE = Cue(
    ask=(
        "Your time is up. Give your final answer now, without any further reasoning, in exactly "
        "the format that was asked for."
    ),
    begin="My time is up. My final answer, in the format that was asked for:\n\n",
)
"""For tasks that are no domain of ours."""

FOREIGN_BUDGETS, FOREIGN_ANSWER_TOKENS = "geom:128:4096:6", 1024
"""Their default budgets, and their default cap on a forced answer."""

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A trace cut at one budget, with the answer obtained there.

    Attributes:
        budget: In trace tokens.
        answer: The text that is graded.
        forced: Whether the model was made to answer; False where the trace had ended by itself, and
            in contract mode.
        tokens: Trace tokens really spent: the budget, or fewer where the trace had ended; None in
            contract mode where the back end does not tell.
        answer_tokens: Tokens generated for the forced answer, leaked reasoning included; 0 where
            none was forced, None where the back end did not tell.
        leaked_reasoning_tokens: Reasoning sneaked into the forced answer, estimated from its share
            of the text where the back end does not count it.
        finish: Why the answer ended.
        cut: How the cut was found; None where nothing was cut.
        continuation: How the cut trace was handed back; None where it was not.
        end: Where the cut lies, in characters of reasoning + text; None where nothing was cut.
        seconds: Wall time of the call that gave the answer.
        cost: Its price in dollars.
    """

    budget: int
    answer: str
    forced: bool
    tokens: int | None
    answer_tokens: int | None
    leaked_reasoning_tokens: int
    finish: Finish
    cut: CutSource | None = None
    continuation: Continuation | None = None
    end: int | None = None
    seconds: float | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Elicited:
    """What a program found out about one trace (interrupt) or one run per budget (contract).

    Attributes:
        mode: Which program ran, or `intrace`: nothing was asked, and what stands in the beginning
            of the trace was graded.
        tokens: Length of the trace in tokens; in contract mode that of the largest run, if told.
        finish: Why the trace (the largest run) ended.
        checkpoints: One per budget, in order.
        trace: The reply the trace came in (interrupt) or that of the largest run (contract); kept
            for the host, which puts it where its own completions go.
    """

    mode: Mode | Literal["intrace"]
    tokens: int | None
    finish: Finish
    checkpoints: tuple[Checkpoint, ...]
    trace: Reply | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON values, without what is None and without the trace, which a host logs anyway."""
        return {
            "mode": self.mode,
            "tokens": self.tokens,
            "finish": self.finish,
            "checkpoints": [
                {
                    name: value
                    for name in Checkpoint.__slots__
                    if (value := getattr(checkpoint, name)) is not None
                }
                for checkpoint in self.checkpoints
            ],
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Elicited:
        """Read what `to_json` wrote; an answer may be left out where it stands elsewhere."""
        required = {"tokens": None, "answer_tokens": None, "answer": ""}
        checkpoints = tuple(Checkpoint(**required | kept) for kept in record["checkpoints"])
        return cls(**{**record, "checkpoints": checkpoints})


def interrupt(
    messages: Sequence[Message],
    budgets: BudgetGrid,
    *,
    cue: Cue,
    continuation: Continuation,
    answer_tokens: int,
    tokenizer: Tokenizer | None = None,
    sampled: Reply | None = None,
) -> Program[Elicited]:
    """Sample one trace and learn the answer it gives at every budget.

    Requests: one, capped at the largest budget; then, in one batch in the order of budgets, one per
    budget below the trace's length. A trace that was stopped by the cap has not ended, so the
    largest budget too is answered by force.

    Args:
        messages: The conversation up to the assistant's turn.
        budgets: Where to cut; 0 is the answer without reasoning.
        cue: How to ask for the answer.
        continuation: How to hand a cut trace back.
        answer_tokens: Cap on the tokens of a forced answer.
        tokenizer: Cuts where the reply has no token texts of its own.
        sampled: The trace, where it is there already and is not to be asked for.

    Raises:
        HiddenReasoningError: The provider withheld the reasoning.
        AnytimeError: The trace cannot be cut for lack of a token count, or cannot be handed back as
            token ids for lack of them.
    """
    reply = sampled
    if reply is None:
        (reply,) = yield [Request(tuple(messages), budgets.largest, "trace")]
    trace = visible(reply)
    ruler = measure(trace, tokenizer, estimated=sampled is not None)
    ended = trace.finish != "length" and ruler.length <= budgets.largest
    length, source = ruler.length, ruler.source
    cuts = {b: ruler.cut(b) for b in budgets if not ended or b < length}
    spent = {budget: (cut.tokens, cut.end) for budget, cut in cuts.items()}
    # A trace stopped below its cap (a full context window, say) is the same cut at all budgets
    # beyond: asked once.
    alike = {(cut.tokens, cut.end): cut for cut in cuts.values()}
    pending = [
        [
            _hand_back(messages, cut, trace, cue, continuation, answer_tokens)
            for cut in alike.values()
        ]
    ]
    # A host may hold thousands of programs at the next line, so none holds its cuts and requests.
    del ruler, cuts, alike
    replies = (yield pending.pop()) if spent else []
    answers = dict(zip(dict.fromkeys(spent.values()), replies, strict=True))

    checkpoints = []
    for budget in budgets:
        if budget in spent:
            place = spent[budget]
            answer = answers[place]
            checkpoints.append(_forced_answer(budget, place, source, answer, cue, continuation))
        else:
            checkpoints.append(own_answer(budget, length, trace, answer=trace.text))
    return Elicited("interrupt", length, trace.finish, tuple(checkpoints), reply)


def contract(
    messages: Sequence[Message] | Mapping[int, Sequence[Message]], budgets: BudgetGrid
) -> Program[Elicited]:
    """Run once per budget, told the budget and capped at it, and grade whatever was written.

    There is no forced answer: a contract algorithm owes its answer by the deadline, and one that is
    cut off before answering has quality 0 there. Works with hidden reasoning, which nobody has to
    cut.

    Args:
        messages: The conversation up to the assistant's turn; or one for each budget.
        budgets: One run each; all above 0.

    Raises:
        AnytimeError: Budget 0, before anything is asked.
    """
    if budgets[0] == 0:
        raise AnytimeError("contract mode cannot run with budget 0: leave it out, or use interrupt")
    by_budget = messages if isinstance(messages, Mapping) else dict.fromkeys(budgets, messages)
    replies = yield [
        Request(_appended(by_budget[budget], _terms(budget)), budget, "trace", budget=budget)
        for budget in budgets
    ]
    checkpoints = tuple(
        Checkpoint(
            budget=budget,
            answer=separated(reply).text,
            forced=False,
            tokens=reply.output_tokens,
            answer_tokens=0,
            leaked_reasoning_tokens=0,
            finish=reply.finish,
            seconds=reply.seconds,
            cost=reply.cost,
        )
        for budget, reply in zip(budgets, replies, strict=True)
    )
    return Elicited(
        "contract", checkpoints[-1].tokens, replies[-1].finish, checkpoints, replies[-1]
    )


def _terms(budget: int) -> str:
    return (
        f"You have a budget of {budget} tokens for everything you write, reasoning included. "
        f"You are cut off when it is spent, so give your final answer before."
    )


def separated(reply: Reply) -> Reply:
    """The reply with inline `<think>...</think>` text moved to where reasoning belongs."""
    if reply.reasoning or THINK_OPEN not in reply.text:
        return reply
    before, _, inside = reply.text.partition(THINK_OPEN)
    if before.strip():
        return reply  # the tag is quoted in the answer, not the frame of the reasoning
    reasoning, _, text = inside.partition(THINK_CLOSE)
    return dataclasses.replace(reply, reasoning=reasoning.strip("\n"), text=text.lstrip("\n"))


def visible(reply: Reply) -> Reply:
    """The trace, reasoning and text apart.

    Raises:
        HiddenReasoningError: The provider withheld the reasoning.
    """
    trace = separated(reply)
    nothing_shows = not trace.text and not trace.reasoning
    # A cap spent on nothing that shows was spent on reasoning, counted as such or not.
    unseen = nothing_shows and trace.finish == "length" and bool(trace.output_tokens)
    withheld = unseen or (bool(reply.reasoning_tokens) and not trace.reasoning)
    if reply.hidden_reasoning or withheld:
        raise HiddenReasoningError(
            "this model's reasoning is hidden (the provider encrypts, summarises or withholds it), "
            "so its trace cannot be cut: use mode=contract, which runs once per budget instead"
        )
    return trace


def _hand_back(
    messages: Sequence[Message],
    cut: Cut,
    trace: Reply,
    cue: Cue,
    continuation: Continuation,
    answer_tokens: int,
) -> Request:
    prefix_ids: tuple[int, ...] | None = None
    words = ""
    if continuation == "token_ids":
        if trace.token_ids is None:
            raise AnytimeError(
                "continuation token_ids needs the trace's token ids, which this back end does not "
                "give: use continuation=prefill or continuation=reprompt"
            )
        prefix_ids = trace.token_ids[: cut.tokens]
        words = _turn_to_answer(cut, trace, cue.begin)
        handed = tuple(messages)
    elif continuation == "prefill":
        text = _as_written(cut, trace) + _turn_to_answer(cut, trace, cue.begin)
        handed = (*messages, Message("assistant", text))
    else:
        said = "\n\n".join(part for part in (cut.reasoning, cut.text) if part.strip())
        so_far = _appended(messages, said, "assistant", "") if said else messages
        handed = _appended(so_far, cue.ask)
    return Request(
        handed,
        answer_tokens,
        "answer",
        thinking=False,
        prefix_ids=prefix_ids,
        cue=words,
        budget=cut.tokens,
    )


def _as_written(cut: Cut, trace: Reply) -> str:
    """The cut as the model wrote it, for chat templates that keep reasoning between think tags."""
    if not trace.reasoning:
        return cut.text
    if cut.in_reasoning:
        return f"{THINK_OPEN}\n{cut.reasoning}"
    return f"{THINK_OPEN}\n{cut.reasoning}\n{THINK_CLOSE}\n\n{cut.text}"


def _turn_to_answer(cut: Cut, trace: Reply, begin: str) -> str:
    """The first words of the answer, and what separates them from the cut trace.

    White space that they begin with is separation enough: a task may want them on the same line.
    """
    if trace.reasoning and cut.in_reasoning:
        return f"\n{THINK_CLOSE}\n\n{begin}"
    return f"\n\n{begin}" if cut.text and not begin[:1].isspace() else begin


def _appended(
    messages: Sequence[Message], words: str, role: Role = "user", between: str = "\n\n"
) -> tuple[Message, ...]:
    """Add to the last turn where it is of this role: many providers refuse two of one in a row."""
    if messages and messages[-1].role == role:
        return (*messages[:-1], Message(role, f"{messages[-1].content}{between}{words}"))
    return (*messages, Message(role, words))


def own_answer(budget: int, length: int, trace: Reply, *, answer: str) -> Checkpoint:
    """The checkpoint of a trace that had ended by itself before its budget was spent."""
    return Checkpoint(
        budget=budget,
        answer=answer,
        forced=False,
        tokens=length,
        answer_tokens=0,
        leaked_reasoning_tokens=0,
        finish=trace.finish,
        seconds=trace.seconds,
        cost=trace.cost,
    )


def _forced_answer(
    budget: int,
    place: tuple[int, int],
    source: CutSource,
    reply: Reply,
    cue: Cue,
    continuation: Continuation,
) -> Checkpoint:
    answer = separated(reply)
    begun = "" if continuation == "reprompt" else cue.begin
    return Checkpoint(
        budget=budget,
        answer=begun + answer.text,
        forced=True,
        tokens=place[0],
        answer_tokens=reply.output_tokens,
        leaked_reasoning_tokens=_leaked(answer),
        finish=reply.finish,
        cut=source,
        continuation=continuation,
        end=place[1],
        seconds=reply.seconds,
        cost=reply.cost,
    )


def _leaked(answer: Reply) -> int:
    if answer.reasoning_tokens is not None:
        return answer.reasoning_tokens
    if not answer.reasoning:
        return 0
    if answer.output_tokens is None:
        return len(answer.reasoning.split())  # a floor: most tokenizers make more of a word
    share = len(answer.reasoning) / len(answer.reasoning + answer.text)
    return max(1, round(answer.output_tokens * share))
