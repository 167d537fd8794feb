"""How a run is run: the settings that every harness offers, under one name each."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

__all__ = [
    "CONTINUATIONS",
    "FOREIGN_ANSWER_TOKENS",
    "FOREIGN_BUDGETS",
    "MODES",
    "Continuation",
    "Envelope",
    "Estimator",
    "IndexOptions",
    "Mode",
    "QMax",
    "Scale",
]

Mode = Literal["interrupt", "contract"]
MODES: tuple[Mode, ...] = get_args(Mode)

Continuation = Literal["token_ids", "prefill", "reprompt"]
"""How a cut trace is handed back: as its own token ids, as the beginning of the assistant's turn,
or as a finished turn that the user interrupts. A host resolves `auto` to the best it can do."""
CONTINUATIONS: tuple[str, ...] = ("auto", *get_args(Continuation))

FOREIGN_BUDGETS, FOREIGN_ANSWER_TOKENS = "geom:128:4096:6", 1024
"""Their default budgets, and their default cap on a forced answer."""

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


class IndexOptions(NamedTuple):
    """How the index of a curve is computed; see `anytime_index` and `index_interval`."""

    envelope: Envelope = "mean"
    scale: Scale = "linear"
    q_max: QMax = 1.0
    seed: int = 0
    estimator: Estimator = "crossfit"
