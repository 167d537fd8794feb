"""Pairs, and the JSON lines they are kept in, each with its whole provenance."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from anytime.domains.base import Domain, fingerprint
from anytime.errors import AnytimeError
from anytime.preferences.pool import Pool, PoolCost, PoolTrace, cut_text
from anytime.preferences.selection import Choice, select

__all__ = ["Pair", "Side", "build_pairs", "content_hash", "pairs_of", "read_pairs", "write_pairs"]

FORMAT = "anytime pair 1"

SPARE = 3
"""Further ranks looked at where the best pair of a budget cannot be shown."""


@dataclass(frozen=True, slots=True)
class Side:
    """One trace of a pair.

    Attributes:
        text: What it had said when it was cut, without intermediate solutions.
        quality: Of the answer it led to.
        draw: Which of the problem's traces it is.
    """

    text: str
    quality: float
    draw: int


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

    @property
    def gap(self) -> float:
        """How much better the chosen one is."""
        return self.chosen.quality - self.rejected.quality


def content_hash(domain: Domain, statement: str) -> str:
    """What identifies a problem whatever its id, white space, case and order of options."""
    return hashlib.sha256(fingerprint(domain.content(statement)).encode()).hexdigest()


def build_pairs(
    pool: Pool, domain: Domain, *, per_budget: int = 1, min_gap: float = 0.0
) -> list[Pair]:
    """Select pairs by the pool's own scores and fetch their texts, smallest budget first.

    Raises:
        AnytimeError: There is no pair to learn from.
    """
    ranked, cost = select(
        pool.scored(), pool.info.budgets, ranks=per_budget + SPARE, min_gap=min_gap
    )
    return pairs_of(pool, domain, ranked, cost, per_budget=per_budget)


def pairs_of(
    pool: Pool,
    domain: Domain,
    ranked: Sequence[Sequence[Choice]],
    cost: PoolCost,
    *,
    per_budget: int,
) -> list[Pair]:
    """Fetch the texts of chosen pairs: the best of each budget whose two texts can be told apart.

    Raises:
        AnytimeError: None of them can be shown.
    """
    wanted = {
        (choice.problem, draw)
        for choices in ranked
        for choice in choices
        for draw in (choice.chosen, choice.rejected)
    }
    traces = {(trace.problem.id, trace.draw): trace for trace in pool.traces(wanted)}
    pairs: list[Pair] = []
    for choices in ranked:
        made = (_pair(pool, domain, choice, traces, cost) for choice in choices)
        shown = [pair for pair in made if pair is not None]
        pairs += shown[:per_budget]
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
        chosen=Side(chosen, choice.better, choice.chosen),
        rejected=Side(rejected, choice.worse, choice.rejected),
        pool=cost,
    )


def write_pairs(path: Path, pairs: Iterable[Pair]) -> None:
    """Write JSON lines, all or nothing: the name appears when the file is whole."""
    write_lines(path, ({"format": FORMAT, "gap": pair.gap, **_record(pair)} for pair in pairs))


def _record(pair: Pair) -> dict[str, Any]:
    return asdict(pair) | {"pool": pair.pool._asdict()}


def write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> int:
    """Write records as JSON lines under a name that appears when the file is whole.

    Returns:
        How many.

    Raises:
        AnytimeError: The file cannot be written.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    count = 0
    try:
        with partial.open("w", encoding="utf-8") as file:
            for count, record in enumerate(records, 1):  # noqa: B007
                # Escapes keep lone surrogates, which some back ends return, writable.
                file.write(json.dumps(record) + "\n")
        partial.replace(path)
    except OSError as error:
        raise AnytimeError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)
    return count


def read_pairs(path: Path, domain_of: Callable[[str], Domain]) -> list[Pair]:
    """Read what `write_pairs` wrote.

    Args:
        path: The file.
        domain_of: The domain of a name.

    Raises:
        AnytimeError: The file is missing, damaged, or no file of pairs: with the line.
    """
    pairs = [_read(line, f"{path}, line {number}", domain_of) for number, line in _lines(path)]
    if not pairs:
        raise AnytimeError(f"{path} holds no pairs: build some with `anytime pairs build`")
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
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise AnytimeError(
            f"{where} is no pair of anytime: build pairs with `anytime pairs build LOG -o FILE`"
        )
    try:
        given = {field.name: record[field.name] for field in fields(Pair)}
        sides = {name: Side(**given[name]) for name in ("chosen", "rejected")}
        pair = Pair(**{**given, **sides, "pool": PoolCost(**given["pool"])})
    except (KeyError, TypeError) as error:
        raise AnytimeError(f"{where} is damaged: {error}") from None
    _check(pair, where, domain_of)
    return pair


def _check(pair: Pair, where: str, domain_of: Callable[[str], Domain]) -> None:
    for field in fields(Pair):
        value = getattr(pair, field.name)
        if field.type == "str" and not isinstance(value, str):
            raise AnytimeError(f"{where} is damaged: {field.name} is {value!r}, not text")
    if not isinstance(pair.budget, int) or isinstance(pair.budget, bool) or pair.budget < 1:
        raise AnytimeError(f"{where} is damaged: its budget is {pair.budget!r}")
    for name, side in (("chosen", pair.chosen), ("rejected", pair.rejected)):
        if not isinstance(side.text, str) or not side.text.strip():
            raise AnytimeError(f"{where} is damaged: {name} holds no text")
        number = isinstance(side.quality, int | float) and not isinstance(side.quality, bool)
        if not number or not math.isfinite(side.quality) or not 0 <= side.quality <= 1:
            raise AnytimeError(f"{where} is damaged: {name} has the quality {side.quality!r}")
    if pair.gap <= 0:
        raise AnytimeError(f"{where} is no pair: chosen is not better than rejected")
    if not all(isinstance(n, int) and n >= 0 for n in pair.pool):
        raise AnytimeError(f"{where} is damaged: its pool is {tuple(pair.pool)!r}")
    if pair.content != content_hash(domain_of(pair.domain), pair.statement):
        raise AnytimeError(
            f"{where} is damaged: its statement is not the one its content hash was made of"
        )
