"""How far off cuts are whose tokenizer is not at hand, by budget and by kind of text.

    python -m benchmarks.calibration TOKENIZER.json QWEN.tiktoken ...

Each named tokenizer is hidden: it counts a text as a server would, the text is cut by that count
alone (`calibrated`) or by none at all (`estimated`), and the hidden tokenizer says where the cut
should have been. Texts are real traces and answers in ../shared/data, which no constant of
`anytime.cutting.calibration` was fitted to as a text; each is judged whole, and as a trace that
was capped at 64 and at 512 tokens. A tokenizer is a tokenizer.json, a `.tiktoken` file of ranks
(with Qwen's pattern) or a `tekken*.json`. docs/methods.md has a run of it, and where they are from.
"""

from __future__ import annotations

import base64
import json
import statistics
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from anytime.cutting.tokens import measure
from anytime.protocol import Reply

BUDGETS = (16, 64, 256, 1024, 4096)
CAPS = (64, 512, None)
MOST_TEXTS = 60
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

QWEN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

Ends = Callable[[str], list[int]]
"""Where the tokens of a text end, in characters."""


def hidden(path: Path) -> Ends:
    """A real tokenizer, from a file."""
    if path.suffix == ".tiktoken":
        lines = path.read_bytes().splitlines()
        ranks = {base64.b64decode(a): int(b) for a, b in (line.split() for line in lines if line)}
        return _by_ranks(QWEN, ranks)
    if path.name.startswith("tekken"):
        told = json.loads(path.read_text(encoding="utf-8"))
        config = told["config"]
        size = config["default_vocab_size"] - config["default_num_special_tokens"]
        ranks = {base64.b64decode(v["token_bytes"]): v["rank"] for v in told["vocab"][:size]}
        return _by_ranks(config["pattern"], ranks)
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(str(path))

    def ends(text: str) -> list[int]:
        return [end for _, end in tokenizer.encode(text, add_special_tokens=False).offsets]

    return ends


def _by_ranks(pattern: str, ranks: dict[bytes, int]) -> Ends:
    import tiktoken

    made = tiktoken.Encoding("hidden", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})

    def ends(text: str) -> list[int]:
        sizes = (len(made.decode_single_token_bytes(i)) for i in made.encode_ordinary(text))
        characters = [0, *accumulate(len(c.encode(errors="replace")) for c in text)]
        return [bisect_right(characters, edge) - 1 for edge in accumulate(sizes)]

    return ends


def texts() -> Iterator[tuple[str, str]]:
    """Real texts, each with its kind."""
    for kind in ("aime", "naturalplan"):
        for row in _rows(DATA / kind / "reasoning_traces.jsonl"):
            yield f"{kind} reasoning", row["reasoning"] or ""
            yield f"{kind} answers", row["response"] or ""
    for row in _rows(DATA / "logs" / "lm_eval" / "samples_aime24_gpt-oss-20b.jsonl"):
        yield "LaTeX solutions", row["resps"][0][0]
    for row in _rows(DATA / "naturalplan" / "model_outputs.jsonl")[:MOST_TEXTS]:
        yield "trip plans", max((v for v in row.values() if isinstance(v, str)), key=len)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def errors(ends_of: Ends, *, counted: bool) -> dict[tuple[str, int], list[float]]:
    """Errors as shares of the budget, negative where a cut is early, by kind and budget."""
    found: dict[tuple[str, int], list[float]] = defaultdict(list)
    for kind, text in texts():
        whole = ends_of(text)
        for cap in CAPS:
            if not text.strip() or (cap is not None and len(whole) < cap):
                continue
            ends = whole if cap is None else whole[:cap]
            shown = text if cap is None else text[: ends[-1]]
            if not shown.strip():
                continue
            ruler = measure(
                Reply(shown, output_tokens=len(ends) if counted else None), estimated=True
            )
            for budget in BUDGETS:
                if budget < len(ends):
                    place = bisect_right(ends, ruler.cut(budget).end)
                    found[kind, budget].append((place - budget) / budget)
    return found


def _told(values: Sequence[float]) -> str:
    size = sorted(map(abs, values))
    return f"{statistics.mean(values):+7.1%} {size[int(0.95 * (len(size) - 1))]:6.1%}"


def main(names: Sequence[str]) -> None:
    """Print the mean error and the size of it that 95 % keep to."""
    everything: dict[tuple[str, int], list[float]] = defaultdict(list)
    for counted in (True, False):
        source = "calibrated" if counted else "estimated"
        everything.clear()
        for name in names:
            found = errors(hidden(Path(name)), counted=counted)
            of_one: dict[int, list[float]] = defaultdict(list)
            for (kind, budget), values in found.items():
                everything[kind, budget] += values
                everything["all", budget] += values
                of_one[budget] += values
            row = "  ".join(_told(of_one[budget]) for budget in BUDGETS if of_one[budget])
            print(f"{source:10} {Path(name).name[:24]:24} {row}")
        for kind in sorted({kind for kind, _ in everything}):
            known = [budget for budget in BUDGETS if everything[kind, budget]]
            row = "  ".join(_told(everything[kind, budget]) for budget in known)
            print(f"{source:10} {kind:24} {row}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("name at least one tokenizer: a tokenizer.json, a .tiktoken file or a tekken.json")
    if not DATA.is_dir():
        sys.exit(f"the real texts are not here: {DATA}")
    print(f"{'':35} " + "  ".join(f"{f'at {b}: mean, 95 %':>14}" for b in BUDGETS))
    main(sys.argv[1:])
