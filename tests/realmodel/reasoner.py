"""A small real reasoner, trained here: a Llama whose answers get better the more it may write.

It adds up chains such as `Start 7. a+3 b-2 c+3.`, one step after the other, and may be cut after
any token and asked at once: then it says how far it has come. Its prompt, the cue of its forced
answer and the form of its answer are those of the domain AIME, so it runs in `anytime/aime` and
`anytime_aime24` with a file of problems. Made in less than a minute on one thread:

    python -m tests.realmodel.reasoner FOLDER [--seed N] [--problems FILE]
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from anytime.domains.aime import AIME
from anytime.domains.base import Problem

__all__ = [
    "Chain",
    "batches",
    "chain",
    "chains",
    "documents",
    "fit",
    "own_curve",
    "train",
    "write_problems",
]

LABELS = "abcdef"
FEWEST = 3
TOP, STEP = 12, 3
"""Totals stay within 0 and TOP, steps within STEP: about 70 facts to learn."""

END = "<eos>"
SPECIAL = ["<pad>", END, "<unk>"]
WORDS = r"\\boxed\{| ?[a-f][+-]\d| ?[a-z]+|[A-Z][a-z]+|\d+|\s|."
"""Tokens: words, whole numbers, and steps with label and sign: apart, they take long to learn."""

TOKENS_A_STEP = 1500
LEARNING_RATE = 2e-3
WARM_UP = 50
ANSWERS = 0.3
"""The share of documents that are cut somewhere and asked at once."""

GOOD = 0.95
"""Training ends when this share of held-out chains is added up rightly: sums of other processors
round otherwise, and the same number of steps gives another model there."""
LOOK_EVERY, MOST_STEPS, HELD_OUT = 50, 1600, 60


@dataclass(frozen=True, slots=True)
class Chain:
    """Where a sum starts, and its signed steps."""

    start: int
    steps: tuple[int, ...]

    @property
    def total(self) -> int:
        return self.start + sum(self.steps)

    @property
    def statement(self) -> str:
        terms = (f"{label}{step:+d}" for label, step in zip(LABELS, self.steps, strict=False))
        return f"Start {self.start}. {' '.join(terms)}."

    @property
    def prompt(self) -> str:
        """As both harnesses write it for a model without a chat template."""
        problem = Problem("chain", self.statement, str(self.total))
        return f"{AIME.ask(problem)}\n\n"


def chain(draw: random.Random) -> Chain:
    value = start = draw.randint(0, TOP)
    steps = []
    for _ in range(draw.randint(FEWEST, len(LABELS))):
        step = draw.choice([s for s in range(-STEP, STEP + 1) if s and 0 <= value + s <= TOP])
        steps.append(step)
        value += step
    return Chain(start, tuple(steps))


def chains(count: int, seed: int) -> list[Chain]:
    """So many chains with different statements."""
    draw, found = random.Random(seed), dict[str, Chain]()
    while len(found) < count:
        drawn = chain(draw)
        found[drawn.statement] = drawn
    return list(found.values())


def trace(drawn: Chain) -> str:
    """Line by line, and the total at last."""
    value, text = drawn.start, ""
    for label, step in zip(LABELS, drawn.steps, strict=False):
        text += f"{value} {label}{step:+d}={value + step}\n"
        value += step
    return f"{text}\\boxed{{{value}}}"


def tokenizer_of(samples: Sequence[str]) -> Any:
    """Of words; what AIME's prompt ends with and its cue are a token each."""
    import tokenizers
    import transformers

    parts = tokenizers.pre_tokenizers.Split(tokenizers.Regex(WORDS), "isolated")
    words = {word for text in samples for word, _ in parts.pre_tokenize_str(text)}
    words |= {str(number) for number in range(TOP + 1)} | {"{", "}"}
    words.add("abcdef")  # transformers looks for stop strings with it
    vocabulary = {word: place for place, word in enumerate([*SPECIAL, *sorted(words)])}
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = parts
    inner.decoder = tokenizers.decoders.Fuse()
    whole = [asked(), cue()]
    inner.add_tokens([tokenizers.AddedToken(text, normalized=False) for text in whole])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="<pad>",
        eos_token=END,
        unk_token="<unk>",
        padding_side="left",
        clean_up_tokenization_spaces=False,
        model_max_length=4096,
    )


def asked() -> str:
    """What follows a statement in the prompt."""
    drawn = Chain(1, (1, 1))
    return drawn.prompt.removeprefix(drawn.statement)


def cue() -> str:
    """What the first words of a forced answer are, with what parts them from the trace."""
    return f"\n\n{AIME.cue(Problem('chain', '', '0')).begin}"


def documents(tokenizer: Any, draw: random.Random, count: int) -> list[Any]:
    """Ids and labels of traces, some of them cut at a token and asked at once."""
    drawn = [chain(draw) for _ in range(count)]
    heads = tokenizer([one.prompt for one in drawn]).input_ids
    bodies = tokenizer([trace(one) for one in drawn]).input_ids
    asks = tokenizer(cue()).input_ids
    (line_end,) = tokenizer("\n").input_ids
    made = []
    for one, head, body in zip(drawn, heads, bodies, strict=True):
        if draw.random() < ANSWERS:
            cut = body[: draw.randint(0, len(body) - 1)]
            so_far = one.start + sum(one.steps[: cut.count(line_end)])
            said = [*tokenizer(f"{so_far}}}").input_ids, tokenizer.eos_token_id]
            ids, told = [*head, *cut, *asks, *said], len(said)
        else:
            ids, told = [*head, *body, tokenizer.eos_token_id], len(body) + 1
        made.append((ids, [-100] * (len(ids) - told) + ids[-told:]))
    return made


Draw = Callable[[Any, random.Random, int], list[Any]]
"""So many documents for a tokenizer: ids, and labels."""


def batches(tokenizer: Any, draw: random.Random, drawn: Draw = documents) -> Iterator[list[Any]]:
    """Documents of like length, in batches of so many tokens, without end."""
    while True:
        groups: list[list[Any]] = []
        for document in sorted(drawn(tokenizer, draw, 300), key=_length):
            if not groups or (len(groups[-1]) + 1) * len(document[0]) > TOKENS_A_STEP:
                groups.append([])
            groups[-1].append(document)
        draw.shuffle(groups)
        yield from groups


def _length(document: Any) -> int:
    return len(document[0])


def share_right(model: Any, tokenizer: Any, asked: Sequence[Chain]) -> float:
    """How many chains the model adds up rightly when nothing cuts it, greedily, in one batch."""
    import torch

    heads = tokenizer([one.prompt for one in asked], padding=True, return_tensors="pt")
    start = heads.input_ids.shape[1]
    with torch.no_grad():
        ids = model.generate(
            heads.input_ids,
            attention_mask=heads.attention_mask,
            max_new_tokens=10 * len(LABELS),
            do_sample=False,
        )
    texts = tokenizer.batch_decode(ids[:, start:], skip_special_tokens=True)
    right = [
        text.rpartition("\\boxed{")[2] == f"{one.total}}}"
        for text, one in zip(texts, asked, strict=True)
    ]
    return sum(right) / len(right)


def fit(model: Any, given: Iterable[list[Any]], good: Callable[[], bool]) -> None:
    """Train on batches until it is good, or they end."""
    import torch

    model.train()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.05
    )
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / WARM_UP) * (1 - step / (MOST_STEPS + 1))
    )
    for step, batch in enumerate(given, start=1):
        longest = max(len(ids) for ids, _ in batch)
        ids = torch.tensor([[*x, *[0] * (longest - len(x))] for x, _ in batch])
        labels = torch.tensor([[*y, *[-100] * (longest - len(y))] for _, y in batch])[:, 1:]
        hidden = model.model(ids).last_hidden_state[:, :-1]
        told = labels != -100
        loss = torch.nn.functional.cross_entropy(model.lm_head(hidden[told]), labels[told])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rate.step()
        optimizer.zero_grad()
        if step % LOOK_EVERY == 0 and good():
            break


def train(folder: Path, seed: int = 0, steps: int = MOST_STEPS) -> None:
    """Train one until it is good, and leave in the folder what `hf` of both harnesses reads."""
    import torch
    import transformers

    before = torch.get_num_threads()
    torch.set_num_threads(1)  # the same sums in the same order, however many cores there are
    torch.manual_seed(seed)
    draw = random.Random(seed)
    samples = [one.statement + trace(one) for one in chains(400, seed=1)]
    tokenizer = tokenizer_of(samples)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=96,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = transformers.LlamaForCausalLM(config)
    held_out = chains(HELD_OUT, seed=3)
    fit(
        model,
        islice(batches(tokenizer, draw), steps),
        lambda: share_right(model, tokenizer, held_out) >= GOOD,
    )
    torch.set_num_threads(before)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def write_problems(path: Path, asked: Sequence[Chain]) -> Path:
    """Chains as a dataset file of AIME's."""
    rows = [
        {"id": f"chain-{place:03d}", "problem": one.statement, "answer": one.total}
        for place, one in enumerate(asked)
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def own_curve(folder: Path, asked: Sequence[Chain], budgets: Sequence[int]) -> list[list[float]]:
    """Quality by problem and budget, found without any harness: one sequence at a time, greedy.

    Nothing of the package takes part but the wording of prompt and cue: token ids are cut, those of
    the cue follow, and the number before the first closing brace is the answer.
    """
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)

    def written(ids: list[int], most: int) -> list[int]:
        given = torch.tensor([ids])
        all_ids = model.generate(given, max_new_tokens=most, do_sample=False)[0].tolist()
        return list(all_ids[len(ids) :])

    def grade(text: str, total: int) -> float:
        number = text.split("}")[0]
        return float(number.isdigit() and int(number) == total)

    table = []
    for one in asked:
        head, asks = tokenizer(one.prompt).input_ids, tokenizer(cue()).input_ids
        ids = written(head, max(budgets))
        ended = ids[-1] == tokenizer.eos_token_id
        said = ids[:-1] if ended else ids
        row = []
        for budget in budgets:
            if ended and len(said) <= budget:
                answer = tokenizer.decode(said).rpartition("\\boxed{")[2]
            else:
                forced = written([*head, *said[:budget], *asks], 4)
                answer = tokenizer.decode(forced, skip_special_tokens=True)
            row.append(grade(answer, one.total))
        table.append(row)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a small reasoner for both harnesses.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--problems", type=Path, help="write a dataset file of 60 problems too")
    given = parser.parse_args()
    train(given.folder, given.seed)
    if given.problems is not None:
        write_problems(given.problems, chains(60, seed=2))


if __name__ == "__main__":
    main()
