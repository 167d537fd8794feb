"""Models that come with the library: text in, text out, with no key and no network."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from anytime.errors import AnytimeError
from anytime.models.conversation import Respond
from anytime.models.guesser import load_guesser
from anytime.models.planner import load_planner
from anytime.models.profile import Profile, expected_quality
from anytime.models.simulated import load_simulated
from anytime.models.solutions import Solution, Solutions
from anytime.models.speedups import Speedups, learned

__all__ = [
    "MODELS",
    "Profile",
    "Respond",
    "Solution",
    "Solutions",
    "Speedups",
    "expected_quality",
    "learned",
    "load_model",
]


def load_model(
    name: str, options: Mapping[str, Any], solutions: Solutions | None = None
) -> Respond:
    """Load a built-in model.

    Args:
        name: One of `MODELS`.
        options: The model's options by name, as numbers, booleans or their text.
        solutions: What `simulated` is told: `solutions(text)` is the solution of the problem that
            a user's text states, or None where it states none.

    Raises:
        AnytimeError: No such model or option, or a value it cannot take.
    """
    values = _read_options(name, options)
    if name == "planner":
        return load_planner(**values)
    if name == "guesser":
        return load_guesser()
    if solutions is None:
        raise AnytimeError("simulated has to be told the answers: run it on a built-in domain")
    of_profile = {key: values.pop(key) for key in Profile.__slots__ if key in values}
    of_speedups = {
        key: values.pop(f"{key}_speedup")
        for key in Speedups.__slots__
        if f"{key}_speedup" in values
    }
    return load_simulated(
        Profile(**of_profile), solutions, speedups=Speedups(**of_speedups), **values
    )


def _share(value: Any) -> float:
    number = _number(value)
    if not 0 <= number <= 1:
        raise ValueError
    return number


def _positive(value: Any) -> float:
    number = _number(value)
    if not 0 < number < math.inf:
        raise ValueError
    return number


def _count(value: Any) -> int:
    number = _number(value)
    if number < 0 or number != int(number):
        raise ValueError
    return int(number)


def _flag(value: Any) -> bool:
    return {"true": True, "false": False}[str(value).lower()]


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    return float(value)


_SHARE = (_share, "a number from 0 to 1")
_TOKENS = (_positive, "a number of tokens above 0")
_FACTOR = (_positive, "a number above 0")
_COUNT = (_count, "a whole number from 0 on")
_FLAG = (_flag, "true or false")

_Reader = tuple[Callable[[Any], Any], str]

_OPTIONS: dict[str, dict[str, _Reader]] = {
    "planner": {"reasoning": _FLAG},
    "simulated": {
        "accuracy": _SHARE,
        "solve_tokens": _TOKENS,
        "guess": _SHARE,
        "drift": _SHARE,
        "drift_tokens": _TOKENS,
        "linger_tokens": _TOKENS,
        "unparsed": _SHARE,
        "systematic": _SHARE,
        "fixes": _SHARE,
        "breaks": _SHARE,
        "leak": _COUNT,
        "reasoning": _FLAG,
        "examples_speedup": _FACTOR,
        "contrast_speedup": _FACTOR,
        "principles_speedup": _FACTOR,
        "judge_accuracy": _SHARE,
    },
    "guesser": {},
}

MODELS = tuple(_OPTIONS)
"""The names of the built-in models."""


def _read_options(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    known = _OPTIONS.get(name)
    if known is None:
        raise AnytimeError(f"unknown model {name!r}: choose one of {', '.join(MODELS)}")
    values: dict[str, Any] = {}
    for option, value in options.items():
        if option not in known:
            names = ", ".join(known)
            has = f"its options are {names}" if names else "it has none"
            raise AnytimeError(f"unknown option {option!r} of model {name}: {has}")
        read, expected = known[option]
        try:
            values[option] = read(value)
        except (ValueError, TypeError, KeyError, OverflowError):
            raise AnytimeError(
                f"option {option} of model {name} must be {expected}, not {value!r}"
            ) from None
    return values
