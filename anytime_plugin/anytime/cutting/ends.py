"""Why a text ended, where the back end does not tell or cannot be right, and how long it is.

One predicate for all harnesses: whoever stopped at the cap, or nearly there, was cut off. Taking a
text that ended there for one cut off costs one forced answer; the reverse would grade an unfinished
trace at the largest budget.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from anytime.cutting.calibration import estimate
from anytime.protocol import Finish, Reply

__all__ = ["SPECIAL_TOKENS", "checked_count", "ended", "stopped_at_once"]

SLACK = 100
"""One token in so many may be missing from a text that was cut off at its cap: a tokenizer may need
fewer than the model wrote, and an end-of-turn token may not be counted. One token at least may."""

GUESSED_SLACK = 8
"""The same for a count that was itself estimated from the text."""

SPECIAL_TOKENS = 16
"""A back end may count so many tokens that show nothing: headers, ends of turns."""

AT_ONCE = 2
"""A model that stops at once takes so many tokens: that of the end of its turn, and a break."""

MOST_TOKENS = 1 << 31
"""No trace has more."""

MOST_CHARACTERS = 16
"""No text of some length has so many characters a token on average: prose has 3 to 5, white space
and tables 8."""

SHORT = 64
"""Shorter texts tell nothing of the characters a token takes."""


def ended(
    finish: Finish, tokens: int | None, cap: int, *, exact: bool = False, guessed: bool = False
) -> Finish:
    """Why a text ended: the reason that was told, or `length` where none was and it is at its cap.

    Args:
        finish: What the back end told; `other` where it told nothing that is known.
        tokens: Of the text; None where nobody counted.
        cap: The most it was allowed.
        exact: The tokens were counted as the model wrote them: no fewer than the cap is at the cap.
        guessed: They were estimated from the text.
    """
    if finish != "other" or tokens is None:
        return finish
    slack = 0 if exact else max(1, cap // (GUESSED_SLACK if guessed else SLACK))
    return "length" if tokens >= cap - slack else finish


def stopped_at_once(finish: Finish, tokens: int | None) -> bool:
    """Whether nothing that shows is what a model said, and not what a service made of its answer.

    Args:
        finish: What the service told.
        tokens: As it counted them; None where it did not.
    """
    return finish == "stop" and tokens is not None and 0 <= tokens <= AT_ONCE


def checked_count(reply: Reply, cap: int | None) -> tuple[Reply, str]:
    """A reply whose token count its text allows, and what was wrong with the one that was reported.

    A count that cannot be is replaced by an estimate from the text. One that is missing stays so.

    Args:
        reply: As the host got it; its text as the model wrote it.
        cap: The most tokens it was allowed; None for one out of a log: there a text that is too
            short for its tokens may not be all that the model wrote, and is refused for that.

    Returns:
        The reply, and a phrase that says what was reported; empty where nothing is wrong.
    """
    # Where nobody counted the whole, its part is all there is: none is more than was allowed.
    most = MOST_TOKENS if cap is None else cap + cap // 4 + SPECIAL_TOKENS
    reasoned = reply.reasoning_tokens or 0
    if reasoned < 0 or (reply.output_tokens is None and reasoned > most):
        reply = dataclasses.replace(reply, reasoning_tokens=None)
    count = reply.output_tokens
    shown = reply.reasoning + reply.text
    if reply.token_bytes and count is not None and _hold(reply.token_bytes, reply):
        counted = len(reply.token_bytes)  # which traces are cut by
        if not 0 <= count - counted <= SPECIAL_TOKENS:
            reply = dataclasses.replace(reply, output_tokens=counted)
        return reply, ""
    if count is None or not _is_doubtful(reply, shown, count, cap):
        return reply, ""
    better = max(1, estimate(shown)) if shown else 0
    doubt = f"{count} tokens reported for {len(shown)} characters"
    return dataclasses.replace(reply, output_tokens=better), doubt


def _hold(token_bytes: Sequence[bytes], reply: Reply) -> bool:
    """Whether the token texts are of the whole reply: a server may leave some out."""
    joined = b"".join(token_bytes)
    return all(part.encode(errors="replace") in joined for part in (reply.reasoning, reply.text))


def _is_doubtful(reply: Reply, shown: str, count: int, cap: int | None) -> bool:
    if count < 0 or (count == 0 and bool(shown.strip())):
        return True
    if len(shown) > SHORT and len(shown) > MOST_CHARACTERS * count:
        return True
    if cap is None:
        return False
    if reply.hidden_reasoning or (reply.reasoning_tokens and not reply.reasoning):
        return count > cap + cap // 4 + SPECIAL_TOKENS  # it shows fewer tokens than it took
    if not shown:
        return count > cap + SPECIAL_TOKENS
    # No tokenizer makes more tokens than bytes.
    if count > len(shown.encode(errors="replace")) + SPECIAL_TOKENS:
        return True
    # More than it was allowed, and the text is not so long: prompt tokens counted in, say.
    return count > cap + max(1, cap // SLACK) and 3 * estimate(shown) < 2 * count
