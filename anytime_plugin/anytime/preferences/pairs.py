"""Pairs, and the JSON lines they are kept in, each with its whole provenance."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from anytime.budgets import LARGEST_BUDGET
from anytime.domains.base import Domain, fingerprint
from anytime.errors import AnytimeError
from anytime.preferences.pool import Pool, PoolCost, PoolTrace, cut_text
from anytime.preferences.selection import Choice, equals, select
from anytime.writing import write_lines

__all__ = [
    "JUDGES",
    "RUNNERS_UP",
    "Pair",
    "Side",
    "build_pairs",
    "content_hash",
    "pairs_of",
    "read_pairs",
    "write_pairs",
]

FORMAT = "anytime pair 2"
EARLIER = "anytime pair 1"
"""Without runners-up, and without what could be read."""

JUDGES = ("metric", "self")

RUNNERS_UP = 3
"""Further pairs per budget, each of another problem, that a file of pairs holds."""

SPARE = 3
"""Further ranks looked at where the best pair of a budget cannot be shown."""


@dataclass(frozen=True, slots=True)
class Side:
    """One trace of a pair.

    Attributes:
        text: What it had said when it was cut, without intermediate solutions.
        quality: Of the answer it led to.
        draw: Which of the problem's traces it is.
        read: Whether that answer could be read; None where an earlier file does not tell.
    """

    text: str
    quality: float
    draw: int
    read: bool | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two traces of one problem cut at one budget, `chosen` better than `rejected`.

    Attributes:
        domain: Of the problem.
        dataset: Its name.
        revision: What identifies its content.
        model: Who wrote the traces.
        judge: Who scored them: `metric` or `self`.
        problem: The problem's id.
        content: Hash of what makes the problem the same one, see `content_hash`.
        statement: The problem as it was posed, options included.
        budget: Tokens after which both were cut.
        chosen: The better one.
        rejected: The worse one.
        pool: What the pool held that the pair was selected from.
        runner_up: Shown only in place of a pair of its budget that is about the evaluated problem
            itself.

    Example:
        >>> from anytime.preferences.pairs import PoolCost, Side
        >>> sides = Side("Six sevens, one by one.", 1.0, 0, True), Side("Guess.", 0.0, 1, False)
        >>> source = "aime", "builtin", "seed 0", "a model", "metric", "problem 1", "its hash"
        >>> pair = Pair(*source, "What is 6 * 7?", 8, *sides, PoolCost(1, 2, 32))
        >>> pair.gap, pair.read
        (1.0, False)
    """

    domain: str
    dataset: str
    revision: str
    model: str
    judge: str
    problem: str
    content: str
    statement: str
    budget: int
    chosen: Side
    rejected: Side
    pool: PoolCost
    runner_up: bool = False

    @property
    def gap(self) -> float:
        """How much better the chosen one is."""
        return self.chosen.quality - self.rejected.quality

    @property
    def read(self) -> bool | None:
        """Whether an answer could be read on both sides; None where that is not known.

        Where one could not, the gap may be one of format alone.
        """
        both = (self.chosen.read, self.rejected.read)
        return False if False in both else None if None in both else True

    @property
    def origin(self) -> tuple[str, ...]:
        """What pairs of one pool have in common."""
        return (self.domain, self.dataset, self.revision, self.model, self.judge)


def content_hash(domain: Domain, statement: str) -> str:
    """What identifies a problem whatever its id, white space, case and order of options."""
    print_ = fingerprint(domain.content(statement))
    return hashlib.sha256(print_.encode("utf-8", "surrogatepass")).hexdigest()


def build_pairs(
    pool: Pool,
    domain: Domain,
    *,
    per_budget: int = 1,
    min_gap: float = 0.0,
    runners_up: int = 0,
) -> list[Pair]:
    """Select pairs by the pool's own scores and fetch their texts, smallest budget first.

    Args:
        pool: The pool.
        domain: Its domain.
        per_budget: Pairs per budget, each of another problem.
        min_gap: Smaller gaps are left out; a gap of 0 always is.
        runners_up: So many more per budget, which follow it; fewer where there are none.

    Raises:
        AnytimeError: There is no pair to learn from.

    Example:
        >>> from anytime.preferences.pool import Point, PoolInfo, PoolTrace
        >>> class Pool:  # usually a finished run, see `anytime pairs build`
        ...     info = PoolInfo("a.log", "aime", "mine", "1", "dev", "a model", BudgetGrid([8, 16]))
        ...     def traces(self, wanted=None):
        ...         problem = Problem("1", "What is 6 * 7?", "42")
        ...         for draw, quality in enumerate([0.0, 1.0]):
        ...             points = Point(quality, "", 20), Point(quality, "", None)
        ...             yield PoolTrace(problem, draw, "", f"Draw {draw} counts sixes", points, 16)
        ...     def scored(self):
        ...         return (trace.scored for trace in self.traces())
        >>> [(pair.budget, pair.gap) for pair in build_pairs(Pool(), get_domain("aime"))]
        [(8, 1.0), (16, 1.0)]
    """
    ranked, cost = select(
        pool.scored(),
        pool.info.budgets,
        ranks=per_budget,
        further=max(SPARE, runners_up),
        min_gap=min_gap,
    )
    made = _made(pool, domain, ranked, cost)
    # Where two traces say the same, others of their problem that are as good may not.
    dark = [choice for choice, pair in made.items() if pair is None]
    if dark:
        others = equals(pool.scored(), dark)
        instead = _made(pool, domain, list(others.values()), cost)
        for choice, equal in others.items():
            made[choice] = next((pair for one in equal if (pair := instead[one])), None)
    return _counted(_shown(ranked, made), per_budget, runners_up)


def pairs_of(
    pool: Pool,
    domain: Domain,
    ranked: Sequence[Sequence[Choice]],
    cost: PoolCost,
    *,
    per_budget: int,
    runners_up: int = 0,
) -> list[Pair]:
    """Fetch the texts of chosen pairs: the first of each budget whose two texts can be told apart.

    Raises:
        AnytimeError: None of them can be shown.
    """
    return _counted(_shown(ranked, _made(pool, domain, ranked, cost)), per_budget, runners_up)


def _made(
    pool: Pool, domain: Domain, ranked: Sequence[Sequence[Choice]], cost: PoolCost
) -> dict[Choice, Pair | None]:
    """The pair of each choice; None where its two texts cannot be told apart."""
    wanted = {
        (choice.problem, draw)
        for choices in ranked
        for choice in choices
        for draw in (choice.chosen, choice.rejected)
    }
    traces = {(trace.problem.id, trace.draw): trace for trace in pool.traces(wanted)}
    every = dict.fromkeys(choice for choices in ranked for choice in choices)
    return {choice: _pair(pool, domain, choice, traces, cost) for choice in every}


def _shown(
    ranked: Sequence[Sequence[Choice]], made: Mapping[Choice, Pair | None]
) -> list[list[Pair]]:
    """The pairs of each budget, best first."""
    return [[pair for choice in choices if (pair := made[choice])] for choices in ranked]


def _counted(shown: Sequence[Sequence[Pair]], per_budget: int, runners_up: int) -> list[Pair]:
    pairs: list[Pair] = []
    for one in shown:
        pairs += one[:per_budget]
        further = one[per_budget : per_budget + runners_up]
        pairs += [replace(pair, runner_up=True) for pair in further]
    if not pairs:
        raise AnytimeError(
            "no pair to learn from: without their intermediate solutions the traces of every pair "
            "say nothing, or the same"
        )
    return pairs


def _pair(
    pool: Pool,
    domain: Domain,
    choice: Choice,
    traces: Mapping[tuple[str, int], PoolTrace],
    cost: PoolCost,
) -> Pair | None:
    better, worse = (traces[choice.problem, draw] for draw in (choice.chosen, choice.rejected))
    chosen, rejected = (
        domain.strip(cut_text(trace, choice.place)).strip() for trace in (better, worse)
    )
    if not chosen or not rejected or chosen == rejected:
        return None
    statement = better.problem.prompt
    info = pool.info
    return Pair(
        domain=info.domain,
        dataset=info.dataset,
        revision=info.revision,
        model=info.model,
        judge=info.judge,
        problem=choice.problem,
        content=content_hash(domain, statement),
        statement=statement,
        budget=info.budgets[choice.place],
        chosen=Side(chosen, choice.better, choice.chosen, better.points[choice.place].read),
        rejected=Side(rejected, choice.worse, choice.rejected, worse.points[choice.place].read),
        pool=cost,
    )


def write_pairs(path: Path, pairs: Iterable[Pair]) -> None:
    """Write JSON lines, all or nothing: the name appears when the file is whole.

    Example:
        >>> from anytime.preferences.pairs import PoolCost, Side, content_hash
        >>> sides = Side("Six sevens, one by one.", 1.0, 0), Side("Guess.", 0.0, 1)
        >>> known = content_hash(get_domain("aime"), "What is 6 * 7?")
        >>> source = "aime", "builtin", "seed 0", "a model", "metric", "problem 1", known
        >>> pair = Pair(*source, "What is 6 * 7?", 8, *sides, PoolCost(1, 2, 32))
        >>> write_pairs(Path("pairs.jsonl"), [pair])
        >>> read_pairs(Path("pairs.jsonl"), get_domain) == [pair]
        True
    """
    write_lines(path, ({"format": FORMAT, "gap": pair.gap, **_record(pair)} for pair in pairs))


def _record(pair: Pair) -> dict[str, Any]:
    return asdict(pair) | {"pool": pair.pool._asdict()}


def read_pairs(path: Path, domain_of: Callable[[str], Domain]) -> list[Pair]:
    """Read what `write_pairs` wrote.

    Args:
        path: The file.
        domain_of: The domain of a name.

    Raises:
        AnytimeError: The file is missing, damaged, or no file of pairs: with the line.

    Example:
        >>> read_pairs(Path("missing.jsonl"), get_domain)
        Traceback (most recent call last):
        anytime.errors.AnytimeError: there is no file of pairs missing.jsonl
    """
    read = (_read(line, f"{path}, line {number}", domain_of) for number, line in _lines(path))
    pairs = list(dict.fromkeys(read))  # files joined into one may repeat themselves
    if not pairs:
        raise AnytimeError(f"{path} holds no pairs: build some with `anytime pairs build`")
    if all(pair.runner_up for pair in pairs):
        raise AnytimeError(
            f"{path} holds runners-up alone: build it again with `anytime pairs build`"
        )
    return pairs


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise AnytimeError(f"there is no file of pairs {path}") from None
    except UnicodeDecodeError:
        raise AnytimeError(f"{path} is no file of pairs: it is not UTF-8 text") from None
    except OSError as error:
        raise AnytimeError(f"file of pairs {path} cannot be read: {error.strerror}") from None
    # Not str.splitlines: a JSON text may hold U+2028, which that would split at.
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            yield number, line


def _read(line: str, where: str, domain_of: Callable[[str], Domain]) -> Pair:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise AnytimeError(f"{where} is damaged: it is no JSON object") from None
    if not isinstance(record, dict) or record.get("format") not in (FORMAT, EARLIER):
        raise AnytimeError(
            f"{where} is no pair of anytime: build pairs with `anytime pairs build LOG -o FILE`"
        )
    try:
        if record["format"] == EARLIER:
            record = {**record, "runner_up": False}
        given = {field.name: record[field.name] for field in fields(Pair)}
        sides = {name: Side(**given[name]) for name in ("chosen", "rejected")}
        pair = Pair(**{**given, **sides, "pool": PoolCost(**given["pool"])})
    except KeyError as error:
        raise AnytimeError(f"{where} is damaged: it has no {error.args[0]}") from None
    except TypeError:
        message = f"{where} is damaged: chosen, rejected or pool has other fields than it should"
        raise AnytimeError(message) from None
    _check(pair, where, domain_of)
    return pair


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check(pair: Pair, where: str, domain_of: Callable[[str], Domain]) -> None:
    for field in fields(Pair):
        value = getattr(pair, field.name)
        if field.type == "str" and not isinstance(value, str):
            raise AnytimeError(f"{where} is damaged: {field.name} is {value!r}, not text")
    if not _is_whole(pair.budget) or not 0 < pair.budget <= LARGEST_BUDGET:
        raise AnytimeError(f"{where} is damaged: its budget is {pair.budget!r}")
    for name, side in (("chosen", pair.chosen), ("rejected", pair.rejected)):
        if not isinstance(side.text, str) or not side.text.strip():
            raise AnytimeError(f"{where} is damaged: {name} holds no text")
        number = isinstance(side.quality, int | float) and not isinstance(side.quality, bool)
        if not number or not 0 <= side.quality <= 1:
            raise AnytimeError(f"{where} is damaged: {name} has the quality {side.quality!r}")
        if not _is_whole(side.draw):
            raise AnytimeError(f"{where} is damaged: {name} is of the draw {side.draw!r}")
        if side.read is not None and not isinstance(side.read, bool):
            raise AnytimeError(f"{where} is damaged: {name} is read: {side.read!r}")
    if not isinstance(pair.runner_up, bool):
        raise AnytimeError(f"{where} is damaged: runner_up is {pair.runner_up!r}")
    if pair.judge not in JUDGES:
        raise AnytimeError(f"{where} is damaged: its judge is {pair.judge!r}")
    if pair.gap <= 0:
        raise AnytimeError(f"{where} is no pair: chosen is not better than rejected")
    if not all(_is_whole(n) and n >= 0 for n in pair.pool):
        raise AnytimeError(f"{where} is damaged: its pool is {tuple(pair.pool)!r}")
    try:
        domain = domain_of(pair.domain)
    except AnytimeError as error:
        raise AnytimeError(f"{where}: {error}") from None
    if pair.content != content_hash(domain, pair.statement):
        raise AnytimeError(
            f"{where} is damaged: its statement is not the one its content hash was made of"
        )
