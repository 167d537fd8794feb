"""The chance baseline: it thinks up to the cap, and each forced answer is a fresh blind guess."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from anytime.domains.trip.plan import format_plan
from anytime.errors import AnytimeError
from anytime.models.conversation import (
    Respond,
    answer_text,
    chance,
    handed_back,
    parts,
    questions,
    told_budget,
)
from anytime.models.filler import filler
from anytime.models.pieces import make_reply
from anytime.models.trips import add_cities, read_task
from anytime.protocol import Message, Reply

__all__ = ["load_guesser"]

_OPTION = re.compile(r"^([A-Z])\) ", re.MULTILINE)
_LARGEST_AIME_ANSWER = 999


def load_guesser() -> Respond:
    """The guesser as a model.

    It answers one of the options "A) ...", "B) ..." of the newest question that has some, a trip
    with its cities in random order, and anything else with an integer from 0 to 999 (AIME). A
    guess depends on the question, the seed and the text handed back, so that guesses at different
    budgets are independent, and the same under every method. Its trace never ends by itself; told a
    budget, it guesses at once.
    """

    def respond(messages: Sequence[Message], max_tokens: int, seed: int) -> Reply:
        cut = handed_back(messages)
        said = (parts(m.content).question if m.role == "user" else m.content for m in messages)
        draw = chance("guesser", *said, seed)
        if cut is None and not told_budget(messages):
            return make_reply(messages, max_tokens, "".join(filler(draw, max_tokens + 1)))
        return make_reply(messages, max_tokens, answer_text(messages, _guess(messages, draw)))

    return respond


def _guess(messages: Sequence[Message], draw: random.Random) -> str:
    try:
        task = read_task(messages)
    except AnytimeError:
        # A broken statement cannot be guessed better than an unknown kind of problem.
        task = None
    if task is not None:
        cities = list(task.stays)
        draw.shuffle(cities)
        return format_plan(add_cities(task, (), cities))
    for text in questions(messages):
        letters = _OPTION.findall(text)
        if "A" in letters:
            # Examples have options too; those of the question itself come last.
            last_question = letters[len(letters) - 1 - letters[::-1].index("A") :]
            return f"Answer: {draw.choice(last_question)}"
    return f"\\boxed{{{draw.randint(0, _LARGEST_AIME_ANSWER)}}}"
