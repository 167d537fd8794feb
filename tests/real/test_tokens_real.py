"""How far off calibrated cuts are on real traces, against tokenizers hidden from them.

The hidden tokenizers are trained here, on half of the traces, and judged on the other half, both
ways; problem statements and the standard library's sources widen their vocabulary.
"""

from __future__ import annotations

import json
import statistics
import sysconfig
from bisect import bisect_right
from pathlib import Path

import pytest

from anytime.cutting.tokens import from_tokenizers, measure
from anytime.protocol import Reply
from tests.byte_characters import byte_of_character

tokenizers = pytest.importorskip("tokenizers")

GROUPED = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SINGLE = GROUPED.replace("{1,3}", "")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

BUDGETS = {
    "aime": [256 << k for k in range(7)],
    "naturalplan": [128 << k for k in range(6)],
}


def lines(file: Path) -> list[dict[str, str | None]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def train(texts: list[str], pattern: str, size: int):
    from tokenizers import Regex, models, pre_tokenizers, trainers

    model = tokenizers.Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    model.train_from_iterator(texts, trainer)
    return model


@pytest.fixture(scope="module")
def halves(data: Path):
    """Per half: the material to train on, and the (benchmark, trace) pairs to judge."""
    rows = {kind: lines(data / kind / "reasoning_traces.jsonl") for kind in BUDGETS}
    library = Path(sysconfig.get_paths()["stdlib"])
    sources = sorted([*library.glob("*.py"), *library.glob("pydoc_data/*.py")])
    common = [file.read_text(encoding="utf-8", errors="ignore") for file in sources]
    common += [file.read_text(encoding="utf-8") for file in sorted(data.glob("gpqa/*_sample.csv"))]
    common += [str(problem) for problem in lines(data / "aime" / "aime_2020_2023.jsonl")]
    trips = json.loads((data / "naturalplan" / "trip_planning.json").read_text(encoding="utf-8"))
    common += [trip["prompt_0shot"] for trip in trips.values()]
    common += [r.get("prompt") or r["full_prompt"] for kind in rows for r in rows[kind]]
    traces = {
        kind: [Reply(r["response"] or "", reasoning=r["reasoning"] or "") for r in rows[kind]]
        for kind in rows
    }
    assert {kind: len(found) for kind, found in traces.items()} == {"aime": 60, "naturalplan": 33}
    return [
        (
            common + [t.reasoning + t.text for kind in traces for t in traces[kind][half::2]],
            [(kind, t) for kind in traces for t in traces[kind][1 - half :: 2]],
        )
        for half in (0, 1)
    ]


def errors(halves, pattern: str, size: int, *, counted: bool = True) -> list[float]:
    """Errors of cuts as a share of the budget.

    Args:
        halves: What to train on and what to judge.
        pattern: The hidden tokenizer's.
        size: Its vocabulary's.
        counted: Whether the hidden tokenizer's count of the whole trace is told.
    """
    found = []
    for texts, judged in halves:
        hidden = train(texts, pattern, size)
        for kind, trace in judged:
            whole = trace.reasoning + trace.text
            ends = [end for _, end in hidden.encode(whole, add_special_tokens=False).offsets]
            budgets = [b for b in BUDGETS[kind] if b < len(ends)]
            count = len(ends) if counted else None
            reply = Reply(trace.text, reasoning=trace.reasoning, output_tokens=count)
            ruler = measure(reply, estimated=True)
            cuts = [ruler.cut(b) for b in budgets]
            found += [
                abs(bisect_right(ends, cut.end) - budget) / budget
                for budget, cut in zip(budgets, cuts, strict=True)
            ]
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "size", "median", "p95"),
    [
        pytest.param(GROUPED, 30_000, 0.01, 0.04, id="digits-by-three"),
        pytest.param(SINGLE, 30_000, 0.01, 0.04, id="digits-one-by-one"),
        # Looser: many words are split in ways no text shows, or the pattern is GPT-2's own.
        pytest.param(GROUPED, 16_000, 0.012, 0.06, id="small-vocabulary"),
        pytest.param(GPT2, 20_000, 0.015, 0.06, id="gpt-2"),
    ],
)
def test_calibrated_cuts_are_near(halves, pattern: str, size: int, median: float, p95: float):
    found = errors(halves, pattern, size)
    off, far = statistics.median(found), statistics.quantiles(found, n=20)[-1]
    print(f"n={len(found)} median={off:.2%} p95={far:.2%} max={max(found):.1%}")
    assert len(found) > 400
    assert off <= median
    assert far <= p95


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "size", "median", "p95"),
    [
        pytest.param(GROUPED, 30_000, 0.05, 0.1, id="digits-by-three"),
        pytest.param(SINGLE, 30_000, 0.05, 0.1, id="digits-one-by-one"),
        pytest.param(GROUPED, 16_000, 0.05, 0.1, id="small-vocabulary"),
        pytest.param(GPT2, 20_000, 0.06, 0.12, id="gpt-2"),
    ],
)
def test_estimated_cuts_are_further_off(halves, pattern, size, median, p95):
    found = errors(halves, pattern, size, counted=False)
    off, far = statistics.median(found), statistics.quantiles(found, n=20)[-1]
    print(f"n={len(found)} median={off:.2%} p95={far:.2%} max={max(found):.1%}")
    assert off <= median
    assert far <= p95


@pytest.mark.slow
def test_exact_and_tokenizer_cuts_are_off_by_nothing(halves):
    table = byte_of_character()
    seen = 0
    for texts, judged in halves:
        hidden = train(texts[-40:], GROUPED, 8_000)  # small, so that characters are split too
        names = {number: name for name, number in hidden.get_vocab().items()}
        for kind, trace in judged:
            ids = [
                i
                for part in (trace.reasoning, trace.text)
                for i in hidden.encode(part, add_special_tokens=False).ids
            ]
            tokens = tuple(bytes(table[c] for c in names[i]) for i in ids)
            told = Reply(trace.text, reasoning=trace.reasoning, token_bytes=tokens)
            exact, named = measure(told), measure(trace, from_tokenizers(hidden))
            assert (exact.source, named.source) == ("exact", "tokenizer")
            assert exact.length == named.length == len(tokens)
            for budget in BUDGETS[kind]:
                truth = b"".join(tokens[:budget]).decode(errors="ignore")
                for cut in (exact.cut(budget), named.cut(budget)):
                    assert cut.reasoning + cut.text == truth
                seen += 1
    assert seen > 500
