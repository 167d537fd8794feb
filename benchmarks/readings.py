"""What is read out of real files, and how long that takes: now, and by an older installation.

Counts of texts that are read, read rightly and left unread; what the sources of the files say is
right. `ANYTIME_BEFORE=/path/to/python` names the interpreter of an installation to compare with:
there the same texts are read by the same lines of this file. Needs ../shared/data beside the
repository; nothing of it is printed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

REAL = Path(__file__).parents[2] / "shared" / "data"
EIGHTHS = 8
TRIES = 5


class Text(NamedTuple):
    """A text, the domain that reads it, its problem, and what is right.

    `right` is an answer; for a plan, whether the official evaluator accepts it.
    """

    domain: str
    problem: Any
    text: str
    right: str | bool | None


def rows(*parts: str) -> list[dict[str, Any]]:
    lines = REAL.joinpath(*parts).read_text("utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def visible(text: str) -> str:
    """What is graded of a trace whose prompt opened its think tag."""
    try:
        from anytime.cutting.frames import answer_of
    except ImportError:  # an older installation knows closed frames alone
        from anytime.protocol import Reply

        try:
            from anytime.completion import separated  # type: ignore[import-not-found]
        except ImportError:
            return text
        return str(separated(Reply(text)).text)
    from anytime.protocol import Reply

    return answer_of(Reply(text))


def plans() -> Iterator[Text]:
    from anytime import Problem

    official = json.loads((REAL / "naturalplan" / "trip_planning.json").read_text("utf-8"))
    said = [
        (row["id"], row["output"], bool(row["official_exact_match"]))
        for row in rows("naturalplan", "model_outputs.jsonl")
    ]
    verdicts = json.loads(
        (REAL / "naturalplan" / "gemini_official_verdicts.json").read_text("utf-8")
    )
    said += [(key, official[key]["pred_5shot_pro"], bool(v)) for key, v in verdicts.items()]
    for key, text, right in said:
        row = official[key]
        facts = {
            "cities": row["cities"].split("**"),
            "durations": [int(days) for days in row["durations"].split("**")],
        }
        yield Text("trip", Problem(key, row["prompt_0shot"], "", facts), text, right)


def traces() -> list[dict[str, Any]]:
    return rows("aime", "reasoning_traces.jsonl")


def answers() -> Iterator[Text]:
    """Traces as vLLM gives them without a parser: the closing tag alone."""
    from anytime import Problem

    for row in traces():
        if row["closed_think"]:
            text = visible(f"{row['reasoning']}\n</think>\n\n{row['response']}")
            yield Text("aime", Problem(row["id"], "?", row["gold"]), text, row["source_extracted"])


def prefixes() -> Iterator[Text]:
    from anytime import Problem

    for row in traces():
        whole = row["reasoning"]
        for part in range(1, EIGHTHS + 1):
            text = whole[: len(whole) * part // EIGHTHS]
            yield Text("aime", Problem(row["id"], "?", row["gold"]), text, row["gold"])


def logged() -> Iterator[Text]:
    from anytime import Problem

    for name in ("aime24_gpt-oss-20b", "aime25_empty-responses"):
        for row in rows("logs", "lm_eval", f"samples_{name}.jsonl"):
            if text := row["resps"][0][0].strip():
                gold = str(row["target"])
                yield Text("aime", Problem("x", "?", gold), text, gold)


def letters() -> Iterator[Text]:
    """Replies of an Inspect log, with the options that its scorer says were shown."""
    from anytime import Problem

    log = REAL / "logs" / "inspect" / "gpqa-diamond_gpt-4o-mini_cancelled.eval"
    with zipfile.ZipFile(log) as archive:
        names = [name for name in archive.namelist() if name.startswith("samples/")]
        samples = [json.loads(archive.read(name)) for name in names]
    for sample in samples:
        score = (sample.get("scores") or {}).get("choice")
        if score is None or not score["answer"]:
            continue
        choices = [choice.strip() for choice in sample["choices"]]
        menu, shuffled, reply = score["explanation"].partition("\nShuffled answer:\n")
        if not shuffled or len(set(choices)) < len(choices):
            continue
        at = [re.search(rf"\) {re.escape(c)}\s*(\n|\Z)", menu).start() for c in choices]  # type: ignore[union-attr]
        shown = [choice for _, choice in sorted(zip(at, choices, strict=True))]
        right = "ABCD"[shown.index(choices["ABCD".index(score["answer"])])]
        yield Text("gpqa", Problem("x", "?", "A", {"options": shown}), reply, right)
        half = reply[: len(reply) // 2]
        yield Text("gpqa at half", Problem("x", "?", "A", {"options": shown}), half, right)


SETS: dict[str, Callable[[], Iterator[Text]]] = {
    "NaturalPlan outputs": plans,
    "AIME answers behind a closing tag": answers,
    "AIME reasoning, every eighth": prefixes,
    "AIME answers in lm-eval's logs": logged,
    "GPQA replies in an Inspect log": letters,
}


def counted() -> dict[str, dict[str, float]]:
    """Of each set: texts, read ones, right ones, wrong ones, and milliseconds for all."""
    from anytime import get_domain

    found: dict[str, dict[str, float]] = {}
    for title, texts in SETS.items():
        by_name: dict[str, list[Text]] = {}
        for one in texts():
            half = " (first half)" if one.domain.endswith("half") else ""
            by_name.setdefault(title + half, []).append(one)
        for name, held in by_name.items():
            domain = get_domain(held[0].domain.partition(" ")[0])
            grades = [domain.grade(one.problem, one.text) for one in held]
            right = sum(
                bool(grade.metrics["em"]) == one.right
                if domain.name == "trip"
                else bool(grade.parsed) and grade.answer == str(one.right)
                for one, grade in zip(held, grades, strict=True)
            )
            read = sum(bool(grade.parsed) for grade in grades)
            times = []
            for _ in range(TRIES):
                start = time.process_time()
                for one in held:
                    domain.grade(one.problem, one.text)
                times.append(time.process_time() - start)
            found[name] = {
                "texts": len(held), "read": read, "right": right, "ms": 1000 * min(times),
            }  # fmt: skip
    return found


def main() -> None:
    if not REAL.is_dir():
        print("real data is absent: ../shared/data beside the repository")
        return
    before: dict[str, dict[str, float]] = {}
    if interpreter := os.environ.get("ANYTIME_BEFORE"):
        # Not from the repository, whose packages would be found first.
        told = subprocess.run(
            [interpreter, "-P", str(Path(__file__).resolve()), "--counts"],
            check=True, capture_output=True, text=True, cwd="/",
        )  # fmt: skip
        before = json.loads(told.stdout)
    print("| texts | number | read | right | wrong | unread | time |")
    print("|---|---|---|---|---|---|---|")
    for name, now in counted().items():
        cells = [f"{now['texts']:.0f}"]
        for count in (_read, _right, _wrong, _unread):
            was = f"{count(before[name]):.0f} → " if name in before else ""
            cells.append(f"{was}{count(now):.0f}")
        ratio = f"{now['ms'] / before[name]['ms']:.2f}" if name in before else ""
        print(f"| {name} | {' | '.join(cells)} | {ratio} |")


def _read(one: dict[str, float]) -> float:
    return one["read"]


def _right(one: dict[str, float]) -> float:
    return one["right"]


def _wrong(one: dict[str, float]) -> float:
    """Of plans, verdicts that are not the official evaluator's."""
    return max(0.0, one["read"] - one["right"])


def _unread(one: dict[str, float]) -> float:
    return one["texts"] - one["read"]


if __name__ == "__main__":
    if "--counts" in sys.argv:
        print(json.dumps(counted()))
    else:
        main()
