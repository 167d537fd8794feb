"""Tasks of lm-eval's own, on generated rows, and models whose every text a test knows."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import datasets
import lm_eval
import lm_eval.tasks
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

from anytime.hosts.lm_eval.models import Pieces
from anytime.hosts.lm_eval.records import read_response

TASKS = Path(lm_eval.tasks.__file__).parent

FAMILIES = {
    "gsm8k": "gsm8k",
    "gsm8k_cot": "gsm8k",
    "gsm8k_cot_self_consistency": "gsm8k",
    "aime24": "aime",
    "gpqa_diamond_cot_zeroshot": "gpqa/cot_zeroshot",
    "gpqa_diamond_generative_n_shot": "gpqa/generative",
    "gpqa_diamond_zeroshot": "gpqa/zeroshot",
}

ANSWER_TOKENS = 96
"""By this cap a model here knows a forced answer."""

BUDGETS = (4, 8, 32)

Rows = Mapping[str, list[dict[str, Any]]]


def _sum(number: int) -> dict[str, Any]:
    solution = f"{number} and {number + 1} make {2 * number + 1}.\n#### {2 * number + 1}"
    return {"question": f"What is {number} plus {number + 1}?", "answer": solution}


def _choice(number: int) -> dict[str, Any]:
    wrong = {f"Incorrect Answer {k}": f"about {number + k}" for k in (1, 2, 3)}
    return {"Question": f"Which is number {number}?", "Correct Answer": f"about {number}", **wrong}


def _olympic(number: int) -> dict[str, Any]:
    return {"ID": f"x-{number}", "Problem": f"Find $n={number}$.", "Answer": number}


ROWS: Mapping[str, Rows] = {
    "openai/gsm8k": {
        "train": [_sum(number) for number in range(100, 112)],
        "test": [_sum(number) for number in range(10)],
    },
    "Idavidrein/gpqa": {"train": [_choice(number) for number in range(100, 110)]},
    "Maxwell-Jia/AIME_2024": {"train": [_olympic(number) for number in range(10, 20)]},
}


def loader(folder: Path, rows: Mapping[str, Rows] = ROWS) -> Callable[..., Any]:
    """Stands in for `datasets.load_dataset`: the same rows from files, where maps are cached."""
    load = datasets.load_dataset
    known: dict[str, Any] = {}

    def stand_in(path: str, name: str | None = None, **options: Any) -> Any:
        if path not in known:
            files = {}
            for split, of_split in rows[path].items():
                file = folder / f"{path.replace('/', '-')}-{split}.jsonl"
                file.write_text("".join(json.dumps(row) + "\n" for row in of_split))
                files[split] = str(file)
            known[path] = load("json", data_files=files, cache_dir=str(folder / "cache"))
        return known[path]

    return stand_in


def manager(*tasks: str, also: Path | None = None, **metadata: Any) -> TaskManager:
    """Knows the families of these tasks alone: indexing all of lm-eval's takes seconds."""
    folders: list[str | Path] = [TASKS / FAMILIES[name.removeprefix("anytime:")] for name in tasks]
    metadata = {"budgets": list(BUDGETS), "answer_tokens": ANSWER_TOKENS, **metadata}
    return TaskManager(
        include_path=[*dict.fromkeys(folders), *([also] if also else [])],
        include_defaults=False,
        metadata=metadata,
    )


def run(model: LM, tasks: Iterable[str], known: TaskManager, **options: Any) -> dict[str, Any]:
    """The results of tasks in this process; keywords are those of `simple_evaluate`."""
    options = {"bootstrap_iters": 1000, **options}
    results = lm_eval.simple_evaluate(model, tasks=list(tasks), task_manager=known, **options)
    assert results is not None
    return dict(results)


def table(results: Mapping[str, Any], task: str) -> dict[str, Any]:
    return dict(results["results"][task])


def by_document(results: Mapping[str, Any], task: str) -> dict[tuple[int, str], dict[str, Any]]:
    return {(line["doc_id"], line["filter"]): line for line in results["samples"][task]}


class Speaking(LM):
    """A model that takes strings; it answers by a function of context, settings and call."""

    tokenizer: Any = Pieces()
    tokenizer_name = "pieces"

    def __init__(self, say: Callable[[str, Mapping[str, Any], int], str]) -> None:
        super().__init__()
        self.say = say
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        start = len(self.asked)
        self.asked += [request.args for request in requests]
        return [self.say(*each.args, start + place) for place, each in enumerate(requests)]

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        turns = "".join(f"<{turn['role']}>{turn['content']}" for turn in chat_history)
        return f"{turns}<assistant>" if add_generation_prompt else turns

    def loglikelihood(self, requests: Any) -> Any: ...

    def loglikelihood_rolling(self, requests: Any) -> Any: ...


def solution(context: str) -> tuple[int, str]:
    """The right number and the right letter of the last problem in a prompt."""
    *_, question = re.split(r"What is|Which is|Find", context)
    first, *_ = map(int, re.findall(r"\d+", question))
    options = re.search(rf"\(([A-D])\) about {first}\n", question)
    return 2 * first + 1 if "plus" in question else first, options[1] if options else "E"


def erratic(context: str, kwargs: Mapping[str, Any], call: int) -> str:
    """Right answers and wrong ones in every task's format, now and then in none; no two alike."""
    number, letter = solution(context)
    draw = random.Random(f"{context} {call if kwargs.get('do_sample') else ''}")
    if draw.random() < 0.3:
        number, letter = number + draw.randint(1, 3), "E"
    said = draw.choice(
        [
            f"So {number}.\n#### {number}\nThe answer is ({letter}). \\boxed{{{number}}}",
            f"The answer is {number}. \\boxed{{{number}}} ({letter})",
            f"The answer is ({letter}). So {number}",
            "I do not know",
        ]
    )
    thought = "hmm " * draw.randrange(30)
    return said if kwargs["max_gen_toks"] == ANSWER_TOKENS else f" {thought}{said}"


def replaying(texts: Mapping[str, Iterable[str]]) -> Speaking:
    """Answers each prompt with its next text, and knows no others."""
    left = {context: iter(of_context) for context, of_context in texts.items()}
    return Speaking(lambda context, kwargs, call: next(left[context]))


def texts_at(results: Mapping[str, Any], task: str, place: int | None) -> dict[str, list[str]]:
    """What stands behind each prompt at one budget, or the whole traces, by prompt."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in by_document(results, task).values():
        prompt = line["arguments"][0][0]
        if prompt in found:
            continue  # the same behind another filter
        for response in line["resps"][0]:
            elicited, _ = read_response(response)
            point = None if place is None else elicited.checkpoints[place]
            found[prompt].append(response[0] if point is None else point.answer)
    return found
