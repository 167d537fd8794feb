"""What the simulated reasoner is said to learn from a prompt: a factor, by option.

A simulation: nothing is learned here, and what the prompt's examples and principles say is not
read. They are counted as shown where their headings stand before the question, and the mean tokens
to the solution shrink by a factor that the user chose. It exists so that a comparison of methods
can be checked against `expected_quality` of the profile that comes out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from anytime.methods.leap import PRINCIPLES
from anytime.methods.pdp import BAD, GOOD
from anytime.models.conversation import parts
from anytime.models.profile import Profile

__all__ = ["Speedups", "learned"]


@dataclass(frozen=True, slots=True)
class Speedups:
    """By what the mean tokens to a solution are divided, where the prompt shows something.

    Attributes:
        examples: Good examples without bad ones (PDP+).
        contrast: Good examples beside bad ones (PDP).
        principles: Principles (LEAP).
    """

    examples: float = 1.0
    contrast: float = 1.0
    principles: float = 1.0


def learned(profile: Profile, speedups: Speedups, text: str) -> Profile:
    """The profile that a prompt leads to; `drift_tokens` and `linger_tokens` follow unless given.

    Args:
        profile: Without a method.
        speedups: By what shown things divide `solve_tokens`.
        text: What the user said. Headings count where each is a line of the preface, which ends
            before the question.
    """
    shown = parts(text).preface.split("\n")
    factors = []
    if GOOD in shown:
        factors.append(speedups.contrast if BAD in shown else speedups.examples)
    if PRINCIPLES in shown:
        factors.append(speedups.principles)
    solve_tokens = profile.solve_tokens
    for factor in factors:
        solve_tokens /= factor
    # Kept where tokens can be drawn: absurd factors lead to 0 or infinity.
    solve_tokens = min(max(solve_tokens, 1e-300), 1e300)
    return replace(profile, solve_tokens=solve_tokens) if factors else profile
