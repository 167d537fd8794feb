"""The code of docs/python.md and the notebook run, and say what the command says."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import inspect_ai
import pytest
from inspect_ai.model import get_model

import anytime
from anytime.hosts.inspect_ai.tasks import aime
from tests.small_runs import Run, apart, run  # noqa: F401

DOCS = Path(__file__).parent.parent / "docs"
LAST = """
import json
index, planned = comparison.index, comparison.by_budget[2]
print(json.dumps([index.difference, planned.p_holm, *index.interval]))
"""
PAGE = (DOCS / "python.md").read_text(encoding="utf-8")


def test_the_code_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").mkdir()
    for name, temperature, tokens in (("cool", 0.2, 200), ("warm", 0.7, 60)):
        (log,) = inspect_ai.eval(
            aime("builtin", budgets=[32, 64, 128, 256]),
            get_model("anytime/simulated", solve_tokens=tokens),
            log_dir=str(tmp_path / name),
            display="none",
            limit=5,
            epochs=3,
            temperature=temperature,
        )
        Path(log.location).rename(tmp_path / "logs" / f"{name}.eval")
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    names: dict[str, Any] = {}
    for code in re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE):
        exec(code, names)
    said = capsys.readouterr().out
    assert [one.name for one in names["runs"]] == ["temperature 0.2", "temperature 0.7"]
    verdict = anytime.verdict(names["comparison"])
    assert verdict.startswith("At 128 tokens temperature 0.7 is better than temperature 0.2 by ")
    assert said.count(verdict) == 2, "the sentence, and above the table"
    assert (tmp_path / "curves.svg").stat().st_size > 1000
    assert len(names["table"]) == 2 * 5 * 3 * 4


@pytest.mark.slow
def test_the_notebook_decides_as_the_command_does(tmp_path: Path, run: Run) -> None:  # noqa: F811
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    book = nbformat.read(DOCS / "decision.ipynb", as_version=4)
    nbformat.validate(book)
    cells = len(book.cells)
    told = (
        "[comparison.index.difference, comparison.by_budget[2].p_holm, *comparison.index.interval]"
    )
    last = f"import json\nprint(json.dumps({told}))"
    book.cells.append(nbformat.v4.new_code_cell(last))
    client = nbclient.NotebookClient(book, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env={**os.environ, "INSPECT_CACHE_DIR": str(tmp_path / "cache")})
    outputs = [cell.get("outputs", []) for cell in book.cells]
    shown = [set(one["data"]) for each in outputs for one in each if "data" in one]
    assert sum("text/html" in kinds for kinds in shown) == 4, "runs, comparison, summaries, rows"
    assert sum("image/png" in kinds for kinds in shown) == 1, "the curves"
    assert not [one for each in outputs for one in each if one.get("name") == "stderr"]
    in_notebook = json.loads(outputs[-1][0]["text"])
    logs = sorted((tmp_path / "decision-logs").glob("*.eval"))
    _, out, _ = run("compare", *logs, "--budget", 1024, "--json")
    (command,) = json.loads(out)
    assert in_notebook == [
        command["index"]["difference"],
        command["by_budget"]["1024"]["p_holm"],
        *command["index"]["interval"],
    ]
    (verdict,) = [one["text"].strip() for one in outputs[cells - 5] if one.get("name") == "stdout"]
    _, out, _ = run("compare", *logs, "--budget", 1024)
    shorter = verdict.replace("solve_tokens 200", "B").replace("solve_tokens 400", "A")
    assert " ".join(shorter.split()) in " ".join(out.split())


def test_the_notebook_is_committed_without_outputs() -> None:
    book = json.loads((DOCS / "decision.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert code
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
