"""A newcomer's hour: the commands of all pages, in their order, through the executables.

A page is a case. Its blocks run in one fresh folder, whole, by bash. What cannot run here says so
on the page itself, above its block: `<!-- not run: why -->`, or `<!-- not run (text): why -->` for
the commands of a block that hold that text. Where a page names a provider's model, a built-in one
takes its place, with the built-in problems and few of them; everything else on the line stays.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
SHELL = ("bash", "sh", "console")


class Block(NamedTuple):
    """A fenced block, or a quoted sentence; `comments` are those right above it."""

    comments: str
    language: str
    text: str

    def file(self) -> str:
        """The name that it is kept under, if any."""
        return "".join(re.findall(r"<!-- file: (\S+) -->", self.comments))

    def not_run(self) -> list[tuple[str, str]]:
        """What is not run, empty for the whole block, and why."""
        return re.findall(r"<!-- not run(?: \((.+?)\))?: (.+?) -->", self.comments)


def path_of(page: str) -> Path:
    return ROOT / f"{page}.md" if page.isupper() else ROOT / "docs" / f"{page}.md"


def blocks(page: str) -> list[Block]:
    fence = r"((?:^<!-- [^\n]* -->\n)*)^```(\w+)\n(.*?)^```$"
    found = re.findall(
        rf"{fence}|((?:^> [^\n]*\n)+)", path_of(page).read_text(), re.DOTALL | re.MULTILINE
    )
    return [
        Block("", "quote", quote.replace("\n> ", " ").removeprefix("> "))
        if quote
        else Block(comments, language, content)
        for comments, language, content, quote in found
    ]


def commands(text: str) -> list[str]:
    """The lines of a shell, those that go on in the next one joined."""
    return [
        line
        for line in re.sub(r"\\\n\s*", "", text).splitlines()
        if line.strip() and line[0] != "#"
    ]


def left_out(block: Block) -> list[tuple[str, str]]:
    """The commands that are not run, and why."""
    return [
        (line, why)
        for line in commands(block.text)
        for why in [why for text, why in block.not_run() if text in line][:1]
    ]


def rehearsed(line: str) -> str:
    """The command with a built-in model, and few of the built-in problems, in place of others."""
    if "--format hf-eval-results" in line:
        return f"{line} --dataset-id OWNER/NAME"  # the built-in problems are nobody's on the Hub
    theirs = re.sub(r"--model (openai|grok|vllm|hf)/\S+", "--model anytime/simulated", line)
    theirs = re.sub(r"--model (hf|vllm) --model_args \S+", "--model anytime-simulated", theirs)
    if theirs == line:
        return line
    if line.startswith("lm_eval"):
        theirs = re.sub(r"--tasks (anytime_\w+)", r"--tasks \1_builtin --limit 2", theirs)
        return theirs.replace('"pdp"', '"pdp", "pool_traces": 4')
    if not line.startswith("inspect eval"):
        return theirs
    if "anytime/trip" in line and "anytime/pdp" not in line:
        theirs = theirs.replace("anytime/simulated", "anytime/planner")
    if "my_task.py" in line:  # whose questions no simulator is told the answers of
        theirs = theirs.replace("anytime/simulated", "anytime/guesser")
    theirs = theirs.replace("--epochs 64", "--epochs 4")
    theirs = re.sub(r"--limit \d+", "", theirs)
    theirs += "" if "split=dev" in line else " --limit 2"
    theirs += " -T dataset=builtin" if re.match(r"inspect eval anytime/(?!annotate)", line) else ""
    theirs += " -S traces=4" if "anytime/pdp" in line and "pairs=" not in line else ""
    return f"{theirs} --display plain"


def script(block: Block) -> str:
    away = {line for line, _ in left_out(block)}
    return "\n".join(rehearsed(line) for line in commands(block.text) if line not in away)


class Page(NamedTuple):
    """What a page needs from the reader, how many printed blocks it shows, and what it leads to."""

    needs: tuple[str, ...] = ()
    shows: int = 0
    makes: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


PAGES = {
    "README": Page(
        ("my_task.py",),
        0,
        ("logs", "pictures", "report.html", "results.parquet"),
        (r"At 1,024 tokens pdp is \w+ than cot by 0\.\d+ ", r"\|anytime_index_raw"),
    ),
    "tutorial": Page(
        (), 8, ("comparison.html", "report.html", "rows.parquet", "leaderboard.md"), ("shown",)
    ),
    "strategies": Page((), 0, ("cot", "pdp", "contract"), ("anytime_index",)),
    "stopping": Page((), 0, ("run", "live", "out"), ("anytime_index",)),
    "pdp": Page((), 0, ("pairs.jsonl", "train.jsonl"), ("anytime_index", "pool_tokens")),
    "annotate": Page(("gsm8k.eval",), 0, ("annotated",), ("anytime_index",)),
    "results": Page(("logs", "theirs.csv"), 0, ("results.parquet", "theirs.html")),
    "report": Page(("logs",), 0, ("report.html", "comparison.html", "pictures")),
    "export": Page(("logs",), 0, ("leaderboard.csv", ".eval_results/aime25.yaml", "out")),
    "publishing": Page(("logs",), 0, (".eval_results/aime25.yaml", "out")),
    "lm_eval": Page((), 0, (), (r"\|anytime_index",)),
    "index": Page((), 0, ("logs",), ("anytime_index",)),
    "command": Page((), 0, ("home/.local/share/bash-completion/completions/anytime",)),
}

RUNS = re.compile(
    r"(?!.*--display none)(inspect eval|lm_eval) (?!.*(--solver plain\.py|my_task\.py --solver))"
)
"""Commands that end with a table of ours."""

FEW = "--model anytime/simulated --limit 3 --epochs 2 --display plain"
NEEDED = {
    "logs": f"""
inspect eval anytime/aime -T dataset=builtin {FEW} --log-dir first
inspect eval anytime/aime -T dataset=builtin {FEW} -M accuracy=0.5 --log-dir second
lm_eval --model anytime-simulated --tasks anytime_aime_builtin --limit 3 \\
  --log_samples --output_path out
mkdir logs && mv first/*.eval logs/cot.eval && mv second/*.eval logs/pdp.eval
""",
    "my_task.py": """
cat > my_task.py <<'END'
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import generate


@task
def my_task():
    asked = [Sample(f"What is {k} + {k}?", target=str(2 * k)) for k in range(4)]
    return Task(asked, solver=generate(), scorer=includes())
END
""",
    "gsm8k.eval": f"""
cat > plain.py <<'END'
{next(block.text for block in blocks("tutorial") if block.file() == "plain.py")}END
inspect eval anytime/aime -T dataset=builtin --solver plain.py {FEW} --log-dir first --limit 8
mkdir logs && mv first/*.eval logs/gsm8k.eval
""",
    "theirs.csv": """
printf 'question_id,tokens,correct\\n1,64,0\\n1,256,1\\n2,64,1\\n2,256,1\\n' > theirs.csv
""",
}
"""What a reader of a page has already, by the name that the page has for it."""

NAMED = {
    "export": "cp logs/cot.eval logs/aime25.eval && rm logs/pdp.eval && mkdir .eval_results",
    "publishing": "mv logs/cot.eval logs/aime25.eval && mkdir .eval_results",
}
"""What a page calls these."""


def environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder / "home"),
        "ANYTIME_CACHE_DIR": str(folder / "cache"),
        "INSPECT_CACHE_DIR": str(folder / "inspect"),
        "HF_HUB_OFFLINE": "1",
        "COLUMNS": "80",
    }


def run(words: list[str], folder: Path, place: str) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{place}:\n{words[-1]}\n{done.stdout}{done.stderr}"
    return done.stdout


def with_commands() -> Iterator[str]:
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        if any(block.language in SHELL for block in blocks(path.stem)):
            yield path.stem


def test_no_page_with_commands_is_left_out() -> None:
    runs = {page for page in with_commands() if any(map(script, shell_blocks(page)))}
    assert runs == set(PAGES)


def shell_blocks(page: str) -> list[Block]:
    return [block for block in blocks(page) if block.language in SHELL]


NOT_RUN = {
    "README": 10,
    "annotate": 2,
    "command": 7,
    "extending": 4,
    "index": 1,
    "lm_eval": 7,
    "publishing": 1,
    "realmodel": 10,
    "scale": 8,
}
"""How many commands of a page; why, the page says."""


def test_what_is_not_run_is_counted_and_says_why() -> None:
    counted = Counter(
        page for page in with_commands() for block in shell_blocks(page) for _ in left_out(block)
    )
    assert dict(counted) == NOT_RUN
    for page in with_commands():
        for block in shell_blocks(page):
            for text, why in block.not_run():
                assert text in block.text, f"{page}: no command holds {text!r} any more"
                assert len(why.split()) > 3, f"{page}: {why!r} gives no reason"


@pytest.mark.parametrize(
    ("line", "runs"),
    [
        ("anytime summary logs/", "anytime summary logs/"),
        (
            "inspect eval anytime/gpqa --model vllm/A/B --epochs 4",
            "inspect eval anytime/gpqa --model anytime/simulated --epochs 4 --limit 2 "
            "-T dataset=builtin --display plain",
        ),
        (
            "lm_eval --model hf --model_args pretrained=A/B --tasks anytime_aime "
            "--apply_chat_template",
            "lm_eval --model anytime-simulated --tasks anytime_aime_builtin --limit 2 "
            "--apply_chat_template",
        ),
    ],
)
def test_only_the_model_and_the_problems_are_replaced(line: str, runs: str) -> None:
    assert rehearsed(line) == runs


def test_the_tutorial_uses_the_commands_that_lead_to_a_decision() -> None:
    told = "\n".join(block.text for block in blocks("tutorial") if block.language == "bash")
    for command in ("annotate", "summary", "compare", "report", "plan", "results", "export"):
        assert f"anytime {command} " in told, command
    assert "--budget" in told
    assert "--label" in told
    assert {block.language for block in blocks("tutorial")} == {"bash", "python", "text", "quote"}


@pytest.fixture(scope="module")
def needed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A folder with what a reader has by that name, made once."""

    @cache
    def folder(name: str) -> Path:
        made = tmp_path_factory.mktemp("needed")
        run(["bash", "-ec", NEEDED[name]], made, f"what is needed as {name}")
        return made

    return folder


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_block_in_order(page: str, tmp_path: Path, needed: Callable[[str], Path]) -> None:
    needs, shows, makes, says = PAGES[page]
    (tmp_path / "home").mkdir()
    for name in needs:
        shutil.copytree(needed(name), tmp_path, dirs_exist_ok=True)
    run(["bash", "-ec", NAMED.get(page, "")], tmp_path, f"what {page} needs")
    printed: list[str] = []
    everything = ""
    shown = 0
    for number, block in enumerate(blocks(page), 1):
        place = f"block {number} of {path_of(page).name}"
        if block.file():
            (tmp_path / block.file()).write_text(block.text)
        elif block.language in ("text", "quote") and shows:
            missing = [line for line in block.text.splitlines() if line.rstrip() not in printed]
            assert missing == [], "\n".join([place, *missing, "is not in", *printed])
            shown += 1
        elif block.language in SHELL or (block.language == "python" and shows):
            python = block.language == "python"
            program = [str(BIN / "python"), "-c"] if python else ["bash", "-ec"]
            output = run([*program, block.text if python else script(block)], tmp_path, place)
            everything += output
            lines = script(block).replace("\\\n", " ").splitlines() if not python else []
            made = [line for line in lines if RUNS.match(line)]
            assert output.count("anytime_index") >= len(made), f"{place}: {output}"
            if output or python:
                printed = [line.rstrip() for line in output.splitlines()]
    assert shown >= shows
    assert [name for name in makes if not (tmp_path / name).exists()] == []
    assert [one for one in says if not re.search(one, everything)] == []
    tables = [after.partition("\n\n")[0] for after in everything.split("p (Holm)")[1:]]
    assert [line for table in tables for line in table.splitlines() if len(line) > 80] == []
