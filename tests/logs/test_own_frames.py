"""Tags of a user's own around the reasoning of finished logs, in both harnesses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from inspect_ai.scorer import includes

from anytime.cli import main
from anytime.errors import AnytimeError
from anytime.logs.annotation import annotate
from anytime.plugins import get_domain
from anytime.results import frame
from tests.inspect_annotating import annotated, plain_log, sums
from tests.inspect_runs import Run, says
from tests.inspect_runs import run as run  # a fixture
from tests.lm_eval_logs import annotated as annotated_of_lm_eval
from tests.lm_eval_logs import by_hand
from tests.lm_eval_runs import few_tasks as few_tasks  # a fixture

OWN = "<reason> </reason>"


def tried(messages: list[Any], config: Any) -> Any:
    """Both right answers were tried, and another one was given."""
    return says("<reason>Either it is 7 or it is 42, I think.</reason> It is 8.")


def last(path: Path) -> list[float]:
    return list(frame(path).groupby("problem")["quality"].last())


def test_what_was_tried_in_a_frame_of_ones_own_is_no_answer(run: Run, tmp_path: Path) -> None:
    log = plain_log(run, sums(includes()), tried)
    assert last(annotated(log, tmp_path / "plain")) == [1, 1]
    assert last(annotated(log, tmp_path / "own", frame=OWN)) == [0, 0]


@pytest.mark.usefixtures("few_tasks")
def test_in_files_of_lm_eval_too(tmp_path: Path) -> None:
    path = by_hand(tmp_path / "in", "<reason>It is \\boxed{0}.</reason> Or not.")
    domain = get_domain("aime")
    plain = annotated_of_lm_eval(path, tmp_path / "plain", domain=domain)
    assert last(plain.outputs[1]) == [1]
    own = annotated_of_lm_eval(path, tmp_path / "own", domain=domain, frame=OWN)
    assert last(own.outputs[1]) == [0]


@pytest.mark.parametrize("tags", ["<reason>", "", "a b c"])
def test_what_is_no_pair_is_refused_before_a_log_is_read(tags: str, tmp_path: Path) -> None:
    with pytest.raises(AnytimeError, match="frame"):
        annotate([tmp_path / "not_there.eval"], tmp_path / "out", frame=tags)


def test_the_command_takes_a_frame(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = plain_log(run, sums(includes()), tried)
    main(["annotate", str(log), "-o", str(tmp_path / "own"), "--frame", OWN])
    assert last(tmp_path / "own" / log.name) == [0, 0]
    main(["annotate", str(log), "-o", str(tmp_path / "asked"), "--frame", OWN, "--model",
          "anytime/guesser"])  # fmt: skip
    (made,) = (tmp_path / "asked").glob("*.eval")
    assert len(last(made)) == 2
