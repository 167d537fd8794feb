"""The `anytime` command itself: what it teaches, how it ends, and tab completion."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from anytime import cli
from anytime.commands.completion import SHELLS
from anytime.logs.opening import log_files
from anytime.results.curves import write_jsonl
from anytime.rows import rows_of
from tests.finished import RISING, Finished, info
from tests.fresh_interpreter import loaded_after

COMMAND = str(Path(sys.executable).with_name("anytime"))


@pytest.fixture(scope="module")
def log(tmp_path_factory: Any) -> Path:
    """A finished run that is read without a harness, whose import takes seconds."""
    path: Path = tmp_path_factory.mktemp("runs") / "rows.jsonl"
    write_jsonl(path, rows_of(Finished(info(), RISING)))
    return path


def told(capsys: Any, *words: str) -> tuple[int, str, str]:
    code = 0
    try:
        cli.main(words)
    except SystemExit as stop:
        code = int(stop.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_alone_it_prints_its_help(capsys: Any) -> None:
    code, out, err = told(capsys)
    assert (code, err) == (0, "")
    assert out == told(capsys, "--help")[1]
    assert max(map(len, out.splitlines())) <= 100


def test_help_walks_from_a_run_to_a_leaderboard(capsys: Any) -> None:
    out = told(capsys, "--help")[1]
    examples = re.findall(r"^  (inspect eval|lm_eval|anytime \w+) ", out, re.MULTILINE)
    order = ["inspect eval", "lm_eval", "anytime summary", "anytime compare", "anytime export"]
    assert [one for one in examples if one in order] == order
    for example in examples:
        if example.startswith("anytime "):
            assert told(capsys, example.split()[1], "--help")[0] == 0, example
    for code in ("0 done", "2 something to mend", "1 a fault", "130 ", "141 "):
        assert code in out


def test_every_command_has_examples_in_its_help(capsys: Any) -> None:
    out = told(capsys, "--help")[1]
    names = re.findall(r"^    (\w+)  ", out, re.MULTILINE)
    assert {"summary", "compare", "results", "export", "pairs", "path"} <= set(names)
    for name in set(names) - {"pairs"}:  # which has commands of its own
        assert f"anytime {name}" in told(capsys, name, "--help")[1]


def test_the_version_is_the_one_that_is_installed(capsys: Any) -> None:
    assert told(capsys, "--version") == (0, f"anytime {version('anytime-eval')}\n", "")


def test_what_can_be_mended_is_one_sentence_with_code_2(capsys: Any) -> None:
    assert told(capsys, "summary", "nowhere") == (2, "", "anytime: there is no log nowhere\n")
    code, out, err = told(capsys, "no-such-command")
    assert (code, out) == (2, "")
    assert "invalid choice: 'no-such-command'" in err


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Path:
        raise RuntimeError("ours")

    monkeypatch.setattr(cli, "task_directory", broken)
    with pytest.raises(RuntimeError, match="ours"):
        cli.main(["path"])


def test_starting_costs_neither_a_harness_nor_what_completion_needs() -> None:
    new = loaded_after("from anytime import cli\ncli._parser()") - loaded_after("")
    heavy = {"inspect_ai", "lm_eval", "numpy", "rich", "shtab", "yaml", "huggingface_hub", "email"}
    assert not new & heavy


WAITING = """
import time
from anytime import cli
from anytime.logs import opening

def waits(*given):
    print("reading", flush=True)
    time.sleep(600)

opening.open_runs = waits
cli.main(["summary", "log.eval"])
"""


def test_ctrl_c_ends_without_a_traceback() -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", WAITING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell lets what it starts in the background ignore the key, and the tests with it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "reading\n"
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=600)
    assert (running.returncode, out, err) == (130, "", "anytime: interrupted\n")


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["summary", "LOG"],
        ["summary", "LOG", "--json"],
        ["export", "LOG", "--format", "csv"],
    ],
)
def test_a_reader_that_goes_away_makes_no_traceback(log: Path, words: list[str]) -> None:
    words = [str(log) if word == "LOG" else word for word in words]
    running = subprocess.Popen(
        [COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    said, code = running.stderr.read(), running.wait(timeout=600)
    assert said == ""
    assert code == 141 or words == ["--help"]  # argparse itself passes over what it cannot print
    running.stderr.close()


def on_a_terminal(words: list[str], **environment: str) -> str:
    """What is printed where somebody looks."""
    ours, theirs = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    running = subprocess.Popen(
        words, stdout=theirs, stderr=theirs, env={**kept, "TERM": "xterm-256color", **environment}
    )
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65536):
            said += part
    except OSError:  # how Linux says that the other end was closed
        pass
    os.close(ours)
    assert running.wait(timeout=600) == 0
    return said.decode()


@pytest.mark.slow
def test_tables_are_plain_where_nobody_looks(log: Path) -> None:
    words = [COMMAND, "summary", str(log)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=600)
    assert "\x1b" not in done.stdout
    assert "\x1b[" in on_a_terminal(words)
    without = on_a_terminal(words, NO_COLOR="1", COLUMNS="200")
    assert not re.search(r"\x1b\[[\d;]*(3\d|4\d|9\d)m", without)
    assert "anytime/aime" in without
    narrow = on_a_terminal(words, NO_COLOR="1", COLUMNS="80")
    plain = re.sub(r"\x1b\[[\d;]*m", "", narrow).splitlines()
    assert max(map(len, plain)) <= 80
    assert any("thinking" in line for line in plain)


def test_a_directory_of_many_files_is_looked_through_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.eval").touch()
    for number in range(300):
        (tmp_path / f"{number}.json").write_text("{}")
        (tmp_path / f"{number}.txt").write_text("{}")
    looked: list[Path] = []
    opened = Path.open

    def count(self: Path, *arguments: Any, **more: Any) -> Any:
        looked.append(self)
        return opened(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", count)
    assert log_files(tmp_path) == [tmp_path / "a.eval"]
    assert sum(path.suffix == ".json" for path in looked) == 300
    assert not any(path.suffix == ".txt" for path in looked)


@pytest.fixture(scope="module")
def bash(tmp_path_factory: Any) -> Path:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    place: Path = tmp_path_factory.mktemp("completion") / "anytime.bash"
    done = subprocess.run(
        [COMMAND, "--print-completion", "bash"], capture_output=True, text=True, check=True
    )
    place.write_text(done.stdout)
    return place


def completed(bash: Path, folder: Path, line: str) -> set[str]:
    """What bash offers at the end of a line."""
    code = """
        source "$1"
        read -ra COMP_WORDS <<< "$2"
        [[ $2 == *' ' ]] && COMP_WORDS+=('')
        COMP_LINE=$2 COMP_POINT=${#2} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        $(complete -p anytime | sed -E 's/.*-F ([^ ]+).*/\\1/') anytime
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", code, "bash", str(bash), line],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    assert done.stderr == ""
    return {word.strip() for word in done.stdout.split("\n")} - {""}


def test_bash_completes_commands_options_and_files(bash: Path, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.eval").touch()
    (tmp_path / "logs" / "b.eval").touch()
    assert completed(bash, tmp_path, "anytime ex") == {"export"}
    assert {"summary", "compare", "pairs"} <= completed(bash, tmp_path, "anytime ")
    assert completed(bash, tmp_path, "anytime pairs sh") == {"show"}
    assert "--json" in completed(bash, tmp_path, "anytime summary --")
    formats = {"csv", "markdown", "hf-eval-results", "every-eval-ever", "eee"}
    assert completed(bash, tmp_path, "anytime export --format ") == formats
    assert completed(bash, tmp_path, "anytime summary lo") == {"logs"}
    both = {"logs/a.eval", "logs/b.eval"}
    assert completed(bash, tmp_path, "anytime summary logs/") == both
    assert completed(bash, tmp_path, "anytime compare logs/a.eval logs/") == both
    assert completed(bash, tmp_path, "anytime export logs/a.eval -o lo") == {"logs"}


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_has_a_script(capsys: Any, shell: str) -> None:
    code, out, err = told(capsys, "--print-completion", shell)
    assert (code, err) == (0, "")
    assert "export" in out


def test_without_shtab_it_says_what_to_install(
    capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    code, out, err = told(capsys, "--print-completion", "bash")
    assert (code, out) == (2, "")
    assert (
        err
        == "anytime: tab completion is written by shtab: pip install 'anytime-eval[completion]'\n"
    )
