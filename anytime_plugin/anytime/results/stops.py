"""Finished runs as stopping rules see them, and what has to be said of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.logs.tables import UNKNOWN
from anytime.results.curves import RunKey, curves
from anytime.results.verdicts import are_verdicts
from anytime.rows import Row, rows_of_trace, without_answers
from anytime.runs import FinishedRun, RunInfo
from anytime.statistics.compared import p_told
from anytime.statistics.stopped import Judged, Trail
from anytime.statistics.stopping import Needs, Probe, Rule, Sweep

__all__ = ["Trails", "check_needs", "judged_told", "trails_of"]

STOPPABLE = ("interrupt", "intrace", UNKNOWN)
"""Modes in which the checkpoints of a trace are of one trace that goes on."""


@dataclass(frozen=True, slots=True)
class Trails:
    """The traces of a run, or as one of its scorers graded them.

    Attributes:
        info: Where the run is from.
        key: What it is of.
        grid: Where its traces were asked.
        trails: One for each trace.
        guessed: Checkpoints whose tokens nobody told, and which count as their budget.
        verdicts: Whether what stands for answers are the scorer's verdicts, which know what is
            right: rules are not shown them.
    """

    info: RunInfo
    key: RunKey
    grid: BudgetGrid
    trails: tuple[Trail, ...]
    guessed: int
    verdicts: bool


def trails_of(run: FinishedRun, only: Sequence[int] | None = None) -> list[Trails]:
    """Read a run, for each of its scorers.

    Args:
        run: The run.
        only: The budgets at which rules may ask, of the run's own; None for all of them.

    Raises:
        AnytimeError: It is no run of single traces, has nothing at budgets, mixes or lacks them.
    """
    found: dict[RunKey, list[tuple[Row, str]]] = {}
    for trace in run.traces():
        for row, point in zip(
            rows_of_trace(run.info, trace), trace.elicited.checkpoints, strict=True
        ):
            found.setdefault(RunKey.of(row), []).append((row, point.answer))
    if not found:
        raise without_answers(run)
    return [_trails(run.info, key, pairs, only) for key, pairs in found.items()]


def _trails(
    info: RunInfo, key: RunKey, pairs: Sequence[tuple[Row, str]], only: Sequence[int] | None
) -> Trails:
    if key.mode not in STOPPABLE:
        raise AnytimeError(
            f"{key.log} is of mode {key.mode}, whose budgets are not spent by one trace that goes "
            f"on, and only such a trace can be stopped: name a run of mode interrupt"
        )
    grid = curves(row for row, _ in pairs)[key].budgets
    if only is not None:
        if missing := [str(budget) for budget in only if budget not in grid]:
            raise AnytimeError(
                f"{key.log} was not asked at {', '.join(missing)}: choose among "
                f"{', '.join(map(str, grid))}"
            )
        grid = BudgetGrid(only)
    pairs = [pair for pair in pairs if pair[0].budget in grid]
    verdicts = are_verdicts([row for row, _ in pairs])
    by_trace: dict[tuple[str, int], list[tuple[Row, str]]] = {}
    for pair in pairs:
        by_trace.setdefault((pair[0].problem, pair[0].trace), []).append(pair)
    trails = tuple(_trail(each, verdicts) for each in by_trace.values())
    return Trails(info, key, grid, trails, sum(r.tokens is None for r, _ in pairs), verdicts)


def _trail(pairs: Sequence[tuple[Row, str]], verdicts: bool) -> Trail:
    pairs = sorted(pairs, key=lambda pair: pair[0].budget)
    rows = [row for row, _ in pairs]
    whole = _length(rows)
    probes = tuple(
        Probe(
            budget=row.budget,
            answer=None if row.parsed is False or verdicts else row.answer,
            text=text or None,
            probability=row.probability,
            tokens=row.budget if row.tokens is None else row.tokens,
            probe_tokens=row.answer_tokens,
            last=place == whole - 1,
        )
        for place, (row, text) in enumerate(pairs[:whole])
    )
    return Trail(rows[0].problem, probes, tuple(row.quality for row in rows[:whole]))


def _length(rows: Sequence[Row]) -> int:
    """How many checkpoints there are until the trace no longer grows.

    Where it had ended its own answer stands at all later budgets, and is no further answer.
    """
    length = len(rows)
    for before, after in reversed(list(pairwise(rows))):
        same = (after.tokens, after.answer, after.quality) == (
            before.tokens,
            before.answer,
            before.quality,
        )
        if after.tokens is None or not same:
            break
        length -= 1
    return length


_LACKS: Mapping[Needs, str] = {
    "answer": "the answers themselves, equal texts being equal answers (a domain's grade has them; "
    "a scorer gives them as Score(answer=...), a table as --columns answer=COLUMN)",
    "text": "the texts of forced answers, which stand in logs and in no table",
    "probability": "the token probabilities of forced answers (Inspect keeps them of a run with "
    "--logprobs, a table has them as --columns probability=COLUMN)",
}


def check_needs(found: Trails, sweeps: Sequence[Sweep]) -> None:
    """Refuse rules that a run has nothing for.

    Raises:
        AnytimeError: It names what is missing.
    """
    probes = [probe for trail in found.trails for probe in trail.probes]
    has: dict[Needs, bool] = {
        "answer": any(probe.answer is not None for probe in probes),
        "text": any(probe.text for probe in probes if probe.answer is not None),
        "probability": any(probe.probability is not None for probe in probes),
    }
    for rule in _rules(sweeps):
        for need in rule.kind.needs:
            if has[need]:
                continue
            why = " (its scorer left its verdicts in their place)" if found.verdicts else ""
            raise AnytimeError(
                f"{rule.written} needs {_LACKS[need]}, and {found.key.log} has none{why}"
            )


def _rules(sweeps: Sequence[Sweep]) -> Iterator[Rule]:
    return (rule for sweep in sweeps for rule in sweep.rules)


def judged_told(found: Trails, sweeps: Sequence[Sweep], judged: Sequence[Judged]) -> list[str]:
    """What the numbers of a table are of, and what they can show, in sentences.

    Args:
        found: What was judged on.
        sweeps: What was judged.
        judged: What each came to.
    """
    problems = len({trail.problem for trail in found.trails})
    told = [f"{problems} problems, {len(found.trails)} traces, asked at {_grid_told(found.grid)}."]
    told += [_compared(one) for one in judged]
    if len(judged) > 1:
        told.append(f"P-values are adjusted for all {len(judged)} rules (Holm).")
    if found.key.mode == "intrace":
        told.append(
            "Nobody was asked: what stands in each beginning of a trace was graded, and forced "
            "answers cost nothing here. A live rule pays for them."
        )
    elif unknown := max((one.unknown for one in judged), default=0):
        told.append(
            f"Nobody told the tokens of up to {unknown:,} forced answers: they count for nothing, "
            f"which favours rules that ask often."
        )
    if any("probability" in rule.kind.needs for rule in _rules(sweeps)):
        told += _blind(found)
    if found.guessed:
        told.append(f"Tokens of {found.guessed:,} checkpoints are not told: the budget counts.")
    return told


def _blind(found: Trails) -> list[str]:
    """Where a rule of confidence was told nothing."""
    forced = [probe for trail in found.trails for probe in trail.probes if probe.probe_tokens != 0]
    blind = sum(probe.probability is None for probe in forced)
    if not blind:
        return []
    return [
        f"Of {blind:,} of {len(forced):,} forced answers nobody told the probability: rules that "
        f"read it go on there."
    ]


_LISTED = 12
"""Longer grids are described."""


def _grid_told(grid: BudgetGrid) -> str:
    gaps = {after - before for before, after in pairwise(grid)}
    if len(grid) > 2 and all(after == 2 * before for before, after in pairwise(grid)):
        return (
            f"{', '.join(map(str, grid))}. These budgets double: a rule that waits for m equal "
            f"answers stops up to 2^m times later than where the answer was first there"
        )
    if len(grid) <= _LISTED:
        return ", ".join(map(str, grid))
    apart = f", {gaps.pop()} apart" if len(gaps) == 1 else ""
    return f"{len(grid)} budgets from {grid[0]} to {grid[-1]}{apart}"


def _compared(one: Judged) -> str:
    fixed, d = one.fixed, one.difference
    if fixed.low == fixed.high or fixed.share in (0.0, 1.0):
        at = f"budget {fixed.high if fixed.share == 1 else fixed.low}"
    else:
        at = f"{fixed.share:.0%} of traces at budget {fixed.high}, the others at {fixed.low}"
    which = f" ({' and '.join(one.chosen)}, each chosen on the other half)" if one.chosen else ""
    if fixed.equal:
        against = f"a fixed budget of equal mean tokens ({at})"
    else:
        more = "more" if one.cost > fixed.tokens else "less"
        against = f"budget {fixed.low}, which is as near as a fixed budget comes: {more} was spent"
    if abs(d.difference) < 0.0005:
        return f"{one.written}{which} is level with {against}."
    better = "better" if d.difference > 0 else "worse"
    said = f"{one.written}{which} is {better} by {abs(d.difference):.3f} than {against}"
    shown = "shown" if d.p_holm <= 0.05 else "not shown"
    return f"{said}: {shown} (p {p_told(d.p_holm)})."
