"""How errors of ours reach the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from anytime import AnytimeError, DatasetUnavailableError
from anytime.hosts.inspect_ai.errors import PrerequisiteError, one_sentence
from tests.inspect_runs import Cli


def shown(error: PrerequisiteError) -> str:
    """As Inspect prints it: through rich."""
    console = Console(file=io.StringIO(), width=1000)
    console.print(error.message)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return str(text).strip()


def raised(error: Exception, stand_in: str = "") -> PrerequisiteError:
    with pytest.raises(PrerequisiteError) as caught, one_sentence(stand_in):
        raise error
    return caught.value


def test_the_message_alone_is_shown_square_brackets_and_all() -> None:
    sentence = "budget [b]x[/b] in [red] is no [1, 2]"
    error = raised(AnytimeError(sentence))
    assert shown(error) == sentence
    assert error.__suppress_context__


def test_the_command_for_the_stand_in_ends_the_sentence() -> None:
    command = "inspect eval anytime/trip -T dataset=builtin"
    assert shown(raised(DatasetUnavailableError("no network"), command)).endswith(command)
    assert shown(raised(DatasetUnavailableError("no network"))) == "no network"
    assert command not in shown(raised(AnytimeError("no such split"), command))


def test_other_errors_keep_their_type() -> None:
    with pytest.raises(KeyError), one_sentence():
        raise KeyError("a bug")


@pytest.mark.slow
def test_inspect_shows_it_without_a_traceback_and_fails(cli: Cli) -> None:
    """Tells when Inspect moves or renames the error whose traceback it leaves out."""
    done = cli("eval", "anytime/trip", "-T", "dataset=builtin", "-T", "envelope=best")
    assert done.returncode == 1
    assert " ".join(done.stdout.split()).endswith(
        "unknown envelope 'best': choose one of mean, none, problem, trace"
    )
    assert "Traceback" not in done.stdout + done.stderr
