"""How good is the answer at every token budget? The Anytime Index and the programs behind it.

Everything public stands here and is imported when it is first used, so that `import anytime` costs
nothing and needs neither numpy nor a harness.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anytime.budgets import BudgetGrid, parse_budgets
    from anytime.domains.base import Cue, Dataset, Domain, Grade, Problem, split_problems
    from anytime.errors import AnytimeError, DatasetUnavailableError, HiddenReasoningError
    from anytime.hookspecs import hookimpl
    from anytime.methods.base import (
        Lesson,
        Material,
        Method,
        Preface,
        Recipe,
        Target,
        fingerprints,
        of_others,
    )
    from anytime.plugins import (
        get_domain,
        get_method,
        known_domains,
        known_methods,
        known_stopping_rules,
    )
    from anytime.preferences.pairs import Pair, build_pairs, read_pairs, write_pairs
    from anytime.programs.checkpoints import Checkpoint, Elicited
    from anytime.programs.contract import contract
    from anytime.programs.interrupt import interrupt
    from anytime.protocol import Message, Program, Reply, Request
    from anytime.report.plot import plot
    from anytime.results.loading import LoadedRun, LoadedRuns, frame, load
    from anytime.statistics.compared import Comparison, Difference, verdict
    from anytime.statistics.comparison import Run, compare, compare_all
    from anytime.statistics.index import (
        Curve,
        Interval,
        anytime_index,
        budget_weights,
        index_interval,
    )
    from anytime.statistics.stopping import Probe, StoppingRule
    from anytime.statistics.summary import Summary, summarize

__all__ = [
    "AnytimeError",
    "BudgetGrid",
    "Checkpoint",
    "Comparison",
    "Cue",
    "Curve",
    "Dataset",
    "DatasetUnavailableError",
    "Difference",
    "Domain",
    "Elicited",
    "Grade",
    "HiddenReasoningError",
    "Interval",
    "Lesson",
    "LoadedRun",
    "LoadedRuns",
    "Material",
    "Message",
    "Method",
    "Pair",
    "Preface",
    "Probe",
    "Problem",
    "Program",
    "Recipe",
    "Reply",
    "Request",
    "Run",
    "StoppingRule",
    "Summary",
    "Target",
    "anytime_index",
    "budget_weights",
    "build_pairs",
    "compare",
    "compare_all",
    "contract",
    "fingerprints",
    "frame",
    "get_domain",
    "get_method",
    "hookimpl",
    "index_interval",
    "interrupt",
    "known_domains",
    "known_methods",
    "known_stopping_rules",
    "load",
    "of_others",
    "parse_budgets",
    "plot",
    "read_pairs",
    "split_problems",
    "summarize",
    "verdict",
    "write_pairs",
]

_HOME = {
    "anytime.budgets": ("BudgetGrid", "parse_budgets"),
    "anytime.programs.checkpoints": ("Checkpoint", "Elicited"),
    "anytime.programs.contract": ("contract",),
    "anytime.programs.interrupt": ("interrupt",),
    "anytime.report.plot": ("plot",),
    "anytime.results.loading": ("LoadedRun", "LoadedRuns", "frame", "load"),
    "anytime.statistics.compared": ("Comparison", "Difference", "verdict"),
    "anytime.statistics.comparison": ("Run", "compare", "compare_all"),
    "anytime.domains.base": ("Cue", "Dataset", "Domain", "Grade", "Problem", "split_problems"),
    "anytime.errors": ("AnytimeError", "DatasetUnavailableError", "HiddenReasoningError"),
    "anytime.hookspecs": ("hookimpl",),
    "anytime.statistics.index": (
        "Curve",
        "Interval",
        "anytime_index",
        "budget_weights",
        "index_interval",
    ),
    "anytime.statistics.stopping": ("Probe", "StoppingRule"),
    "anytime.statistics.summary": ("Summary", "summarize"),
    "anytime.methods.base": (
        "Lesson",
        "Material",
        "Method",
        "Preface",
        "Recipe",
        "Target",
        "fingerprints",
        "of_others",
    ),
    "anytime.plugins": (
        "get_domain",
        "get_method",
        "known_domains",
        "known_methods",
        "known_stopping_rules",
    ),
    "anytime.preferences.pairs": ("Pair", "build_pairs", "read_pairs", "write_pairs"),
    "anytime.protocol": ("Message", "Program", "Reply", "Request"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
