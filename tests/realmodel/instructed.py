"""The small reasoner, taught to do as two requests of ours say: to judge, and to name insights.

SmolLM2 is asked for `Score: 70` and writes other things, so that what learns from a model's own
judgement is refused in its place. This one is the reasoner of `reasoner.py`, trained on: it scores
an answer by the number that it ends with, prefers the larger of two, and names one insight for
every mistake. That is no good judgement; it is one that can be read, by a model.
"""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path
from typing import Any

from anytime.domains.aime import AIME
from anytime.domains.base import Problem
from anytime.methods.leap import Mistake, learn
from anytime.preferences.judge import compare, score_answers
from anytime.protocol import Program
from tests.realmodel import reasoner

__all__ = ["train"]

INSIGHTS = ("- Add up one step after the other.", "- Look at every sign.")
MARK = "@@"
"""Stands for what differs between two requests of a kind."""

SHARE = 0.7
"""Of the documents that are instructions; the rest keeps it a reasoner."""
STEPS = 1000
GOOD = 0.9


def first_request(program: Program[Any]) -> str:
    """What a program asks first."""
    (request, *_) = next(program)
    return request.messages[-1].content


def score(statement: str, answer: str) -> str:
    return first_request(score_answers(statement, [answer]))


def better(statement: str, first: str, second: str) -> str:
    return first_request(compare(statement, first, second))


def insights(question: str, wrong: str, wrong_answer: str, right: str, gold: str) -> str:
    mistake = Mistake("", question, wrong, wrong_answer, right, gold)
    return first_request(learn([mistake], "low"))


def merged(texts: tuple[str, ...]) -> str:
    """The request that follows on the first replies."""
    from anytime.protocol import Reply

    program = learn([Mistake("", "", "", "", "", "")], "high")
    next(program)
    (request,) = program.send([Reply("\n".join(texts))])
    return request.messages[-1].content


def phrases() -> list[str]:
    """What our requests say around what differs, and the words of the replies: a token each."""
    asked = [
        score(MARK, MARK),
        better(MARK, MARK, MARK),
        insights(MARK, MARK, MARK, "", MARK),
        insights(MARK, MARK, MARK, MARK, MARK),
    ]
    merging = merged(INSIGHTS).partition("\n\n")[0], merged(INSIGHTS).rpartition("\n\n")[2]
    said = ["Score: ", "Better: ", *INSIGHTS]
    parts = [part for text in asked for part in f"{text}\n\n".split(MARK)]
    found = [part.strip() for part in (*parts, *merging, *said) if part.strip()]
    return list(dict.fromkeys(found))


def documents(tokenizer: Any, draw: random.Random, count: int) -> list[Any]:
    """Ids and labels: requests of ours with their replies, and the reasoner's own documents."""
    asked = round(SHARE * count)
    made = reasoner.documents(tokenizer, draw, count - asked)
    end = [tokenizer.eos_token_id]
    for _ in range(asked):
        request, reply = draw.choice((_scored, _preferred, _preferred, _insightful))(draw)
        said = tokenizer(reply).input_ids + end
        ids = tokenizer(f"{request}\n\n").input_ids + said
        made.append((ids, [-100] * (len(ids) - len(said)) + said))
    return made


def _statement(chain: reasoner.Chain) -> str:
    return AIME.ask(Problem("chain", chain.statement, str(chain.total)))


def _answer(draw: random.Random) -> tuple[str, int]:
    """As a pool holds one, and the number that it ends with."""
    drawn = reasoner.chain(draw)
    if draw.random() < 0.3:
        return reasoner.trace(drawn), drawn.total
    number = draw.randint(0, reasoner.TOP)
    return f"{reasoner.cue().strip()}{number}}}", number


def _scored(draw: random.Random) -> tuple[str, str]:
    answer, number = _answer(draw)
    return score(_statement(reasoner.chain(draw)), answer), f"Score: {number}"


def _preferred(draw: random.Random) -> tuple[str, str]:
    (first, one), (second, other) = _answer(draw), _answer(draw)
    asked = better(_statement(reasoner.chain(draw)), first, second)
    return asked, f"Better: {1 if one > other else 2}"


def _insightful(draw: random.Random) -> tuple[str, str]:
    if draw.random() < 0.3:
        return merged(INSIGHTS[: draw.randint(1, 2)]), "\n".join(INSIGHTS)
    drawn = reasoner.chain(draw)
    (answer, number), right = _answer(draw), draw.choice(("", reasoner.trace(drawn)))
    asked = insights(_statement(drawn), answer, f"{number}", right, str(drawn.total))
    return asked, draw.choice(INSIGHTS)


def train(source: Path, folder: Path, seed: int = 0, steps: int = STEPS) -> None:
    """Train the reasoner of one folder on, and leave in another what `hf` reads."""
    import torch
    import transformers

    torch.manual_seed(seed)
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    tokenizer.add_tokens([transformers.AddedToken(text, normalized=False) for text in phrases()])
    model = transformers.AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    held_out = [_preferred(random.Random(place)) for place in range(60)]
    given = reasoner.batches(tokenizer, random.Random(seed), documents)
    reasoner.fit(
        model, islice(given, steps), lambda: share_right(model, tokenizer, held_out) >= GOOD
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def share_right(model: Any, tokenizer: Any, asked: list[tuple[str, str]]) -> float:
    """How many requests it answers as it was taught to, greedily."""
    import torch

    heads = tokenizer([f"{one}\n\n" for one, _ in asked], padding=True, return_tensors="pt")
    start = heads.input_ids.shape[1]
    with torch.no_grad():
        ids = model.generate(
            heads.input_ids, attention_mask=heads.attention_mask, max_new_tokens=8, do_sample=False
        )
    texts = tokenizer.batch_decode(ids[:, start:], skip_special_tokens=True)
    return sum(text == reply for text, (_, reply) in zip(texts, asked, strict=True)) / len(asked)
