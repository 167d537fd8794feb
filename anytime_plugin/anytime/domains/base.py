"""What a benchmark family has to bring: problems, a prompt, a cue for forced answers, a grade."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from anytime.errors import AnytimeError

__all__ = [
    "Cue",
    "Dataset",
    "Domain",
    "Grade",
    "Problem",
    "Split",
    "fingerprint",
    "grading_once",
    "split_problems",
]

Split = Literal["all", "test", "dev"]
SPLITS: tuple[Split, ...] = ("all", "test", "dev")

DEV_SHARE = 5
"""One problem in so many belongs to the dev split where a source has no dev split of its own."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One item of a benchmark.

    Attributes:
        id: Unique within its dataset and stable between runs.
        prompt: The statement as its source gives it, without instructions.
        gold: The right answer, as text.
        facts: What else is needed to prompt or to grade; JSON values only, for it is logged.

    Example:
        >>> Problem(id="1", prompt="What is 6 * 7?", gold="42").gold
        '42'
    """

    id: str
    prompt: str
    gold: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def _no_examples(problem: Problem) -> Sequence[Problem]:
    return ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """Problems and where they are from.

    Attributes:
        name: `official`, `builtin`, a pinned subset's name or a file's name.
        revision: What determines the content: a blob id, a commit, a SHA-256, a seed.
        split: The split the problems are.
        problems: In a fixed order.
        note: Shown with every result; says when a set is a built-in stand-in.
        examples: The worked examples that the source itself shows for one of the problems, in
            order; none where it shows none. They are no part of a problem, which is logged.
            Raises `AnytimeError` where they cannot be read.

    Example:
        >>> dataset: Dataset = get_domain("aime").load("builtin", None, 0)
        >>> dataset.name, dataset.split, dataset.problems[0].gold.isdigit()
        ('builtin', 'test', True)
    """

    name: str
    revision: str
    split: Split
    problems: tuple[Problem, ...]
    note: str = ""
    examples: Callable[[Problem], Sequence[Problem]] = field(
        default=_no_examples, compare=False, repr=False
    )


@dataclass(frozen=True, slots=True)
class Cue:
    """How an answer is forced out of a cut trace.

    Attributes:
        ask: What the user says after the cut trace (continuation `reprompt`).
        begin: The first words of the answer, put into the model's mouth (`prefill`, `token_ids`);
            they belong to the answer that is graded.

    Example:
        >>> Cue(ask="Give your answer now.", begin="The answer is").begin
        'The answer is'
    """

    ask: str
    begin: str


@dataclass(frozen=True, slots=True)
class Grade:
    """What an answer is worth.

    Attributes:
        quality: In [0, 1]; 0 where no answer could be extracted.
        parsed: Whether an answer could be extracted at all; None where the scorer does not tell.
        answer: The extracted answer in readable form; empty where there is none.
        metrics: Further numbers of the domain in [0, 1], such as `em`; always the same keys.

    Example:
        >>> Grade(quality=1.0, parsed=True, answer="42").metrics
        {}
    """

    quality: float
    parsed: bool | None
    answer: str
    metrics: Mapping[str, float] = field(default_factory=dict)


def _unchanged(text: str) -> str:
    return text


def _as_logged(problem: Problem, asked: str, document: Mapping[str, Any]) -> Problem:
    return problem


@dataclass(frozen=True, slots=True)
class Domain:
    """A benchmark family as a record of pure functions.

    Attributes:
        name: The word users type.
        budgets: Default budget grid, as `anytime.budgets.parse_budgets` reads it.
        answer_tokens: Cap on the tokens of a forced answer.
        load: `load(dataset, split, seed)`; `dataset` is `official`, `builtin`, a subset's name or a
            file; `split` None means the test split, or the whole of a user's file.
            Raises `AnytimeError` before anything is generated.
        ask: The user message of the plain `cot` method: statement plus answer format.
        cue: The cue for forced answers.
        grade: Grades any text in bounded time; never raises on an answer.
        metrics: The keys of `Grade.metrics`.
        strip: Removes intermediate and final solutions from a reasoning trace and keeps the
            reasoning, so that the trace can be shown without giving its answers away. The result
            is never longer, is no further changed by `strip`, and is the text itself where that
            states no solution. Runs in linear time.
        content: The part of `Problem.prompt` that makes it the same problem (`fingerprint`).
        stop: Texts before which a forced answer may be stopped where `Cue.begin` was put into the
            model's mouth: what follows them belongs to no answer. At most four, which is what
            providers take; none where an answer may hold anything.
        end_of_answer: Where the first complete answer ends in a text that begins with `Cue.begin`:
            the length of the text where it is not complete, or where no answer is known to be.
            A model that is made to answer may run on, into the next problem and its answer, of
            which `grade` would read the last. Runs in linear time.
        datasets: The names that `load` knows, the usual one first.
        check: `check(problem, text)`: how good an answer is by the problem alone, in [0, 1]; it is
            handed a problem whose gold is empty, and may not use facts that give it away. None
            where that takes the gold answer.
        from_log: `from_log(problem, asked, document)`: a problem out of a third-party log as
            `grade` takes it. Its prompt and its gold are as logged, and it has no facts; `asked` is
            all that the model was shown, `document` what else the log holds of it (lm-eval's
            document, Inspect's metadata and `choices`). What `grade` misses in the facts is refused
            by its name. Raises `AnytimeError`, in words that follow "1 trace": the log's target is
            none of this domain.

    Example:
        >>> aime: Domain = get_domain("aime")
        >>> aime.grade(Problem("1", "What is 6 * 7?", "42"), "So the answer is 42.").quality
        1.0
    """

    name: str
    budgets: str
    answer_tokens: int
    load: Callable[[str, Split | None, int], Dataset]
    ask: Callable[[Problem], str]
    cue: Callable[[Problem], Cue]
    grade: Callable[[Problem, str], Grade]
    metrics: tuple[str, ...] = ()
    strip: Callable[[str], str] = _unchanged
    content: Callable[[str], str] = _unchanged
    stop: tuple[str, ...] = ()
    end_of_answer: Callable[[str], int] = len
    datasets: tuple[str, ...] = ("official",)
    from_log: Callable[[Problem, str, Mapping[str, Any]], Problem] = _as_logged
    check: Callable[[Problem, str], float] | None = None


def split_problems(problems: Iterable[Problem], split: Split) -> tuple[Problem, ...]:
    """Keep the problems of one split of a source that has no dev split of its own.

    Membership depends on the statement alone, case and white space aside, so that one problem is
    on the same side in every file, order and process, and a repeated one never on both.

    Example:
        >>> problems = [Problem(str(n), f"What is {n} * 7?", str(7 * n)) for n in range(50)]
        >>> test, dev = (split_problems(problems, split) for split in ("test", "dev"))
        >>> len(test) + len(dev), [problem for problem in dev if problem in test]
        (50, [])
    """
    if split not in SPLITS:
        raise AnytimeError(f"unknown split {split!r}: choose one of {', '.join(SPLITS)}")
    if split == "all":
        return tuple(problems)
    return tuple(p for p in problems if (split == "dev") == _is_dev(p.prompt))


def fingerprint(text: str) -> str:
    """What is left of a statement that is the same problem in another file: equal for equal ones.

    Unicode compatibility forms (NFKC), case, white space, control and format characters
    (zero-width spaces, soft hyphens, byte order marks), and what else Unicode says may be ignored
    (joiners, variation selectors, fillers) make no difference.
    """
    # Composed once more at the end, for what stood between a letter and its accent is gone.
    plain = _visible(unicodedata.normalize("NFKC", text)).casefold()
    return _visible(unicodedata.normalize("NFKC", plain))


# Unicode's Default_Ignorable_Code_Point beyond the category Cf, and a Braille pattern without dots.
_IGNORED = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def _visible(text: str) -> str:
    joined = "".join(text.split())
    if joined.isascii() and joined.isprintable():
        return joined
    seen = _IGNORED.sub("", joined)
    return "".join(c for c in seen if unicodedata.category(c) not in ("Cc", "Cf"))


def grading_once(domain: Domain, problem: Problem) -> Callable[[str], Grade]:
    """Grades answers to one problem and remembers them: they recur at many budgets and traces."""
    known: dict[str, Grade] = {}

    def grade(answer: str) -> Grade:
        if answer not in known:
            known[answer] = domain.grade(problem, answer)
        return known[answer]

    return grade


def _is_dev(prompt: str) -> bool:
    # Not `fingerprint`: a problem has to stay on the side that it was on when it was first run.
    content = " ".join(prompt.split()).casefold().encode()
    return int.from_bytes(hashlib.sha256(content).digest()[:8]) % DEV_SHARE == 0
